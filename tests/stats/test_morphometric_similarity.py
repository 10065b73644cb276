"""Likeness of regions against numpy by hand, on phantoms and on FreeSurfer tables of 50 people."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from corticolimbic.stats import ModelError, MorphometricSimilarity, StoredEstimator, divergence_similarity

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CORTICOLIMBIC_SHARED_DATA") or REPOSITORY.parent / "shared/data")
FREESURFER = SHARED / "freesurfer-ds004604/derivatives/freesurfer"
COLUMNS = (2, 3, 4, 6, 7)  # area, volume, thickness, mean and Gaussian curvature


def names(n: int) -> list[str]:
    return [f"sub-{at:03d}" for at in range(n)]


def by_hand(values: np.ndarray, row: int, scaling: str) -> np.ndarray:
    if scaling == "within":
        profile = (values[row] - values[row].mean(axis=0)) / values[row].std(axis=0, ddof=1)
    else:
        others = np.delete(values, row, axis=0)
        profile = (values[row] - others.mean(axis=0)) / others.std(axis=0, ddof=1)
    return np.corrcoef(profile)


@pytest.mark.parametrize("scaling", ["within", "reference"])
def test_real_cortices_give_what_numpy_gives(scaling: str) -> None:
    if not FREESURFER.is_dir():
        pytest.skip("public data is neither named nor beside the repository")
    folders = sorted(FREESURFER.glob("sub-*"))
    tables = [
        np.array([[float(cell) for cell in np.array(line.split())[list(COLUMNS)]]
                  for line in (folder / "stats/lh.aparc.stats").read_text().splitlines()
                  if line and not line.startswith("#")])
        for folder in folders
    ]  # fmt: skip
    values = np.stack(tables)
    assert values.shape == (50, 34, 5)
    people = [folder.name for folder in folders]
    networks = MorphometricSimilarity(scaling=scaling).fit(values, people).transform(values, people)
    for row in (0, 17, 49):
        np.testing.assert_allclose(networks[row], by_hand(values, row, scaling), atol=1e-9)


def test_inverse_distance_by_hand() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(12, 6, 4))
    fitted = MorphometricSimilarity(scaling="reference", likeness="inverse_distance").fit(values, names(12))
    profile = (values[2] - np.delete(values, 2, 0).mean(0)) / np.delete(values, 2, 0).std(0, ddof=1)
    expected = 1 / (1 + np.sqrt(((profile[1] - profile[4]) ** 2).mean()))
    np.testing.assert_allclose(fitted.transform(values, names(12))[2, 1, 4], expected, rtol=1e-9)


def test_missing_regions_and_flat_profiles_touch_only_their_own_edges() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(15, 6, 4))
    fitted = MorphometricSimilarity(scaling="reference").fit(values, names(15))
    new = rng.normal(size=(1, 6, 4))
    whole = fitted.transform(new, ["新"])
    new[0, 3] = np.nan
    new[0, 1, 0] = np.inf
    holed = fitted.transform(new, ["新"])
    assert np.isnan(holed[0, 3]).all()
    kept = [0, 2, 4, 5]
    np.testing.assert_allclose(holed[0][np.ix_(kept, kept)], whole[0][np.ix_(kept, kept)], atol=1e-12)
    assert np.isfinite(holed[0, 1, 0])
    values[:, :, 2] = 7.0
    constant = MorphometricSimilarity(scaling="reference").fit(values, names(15)).transform(values, names(15))
    assert np.isfinite(constant).all()  # three measures are left
    with pytest.raises(ModelError, match="measures"):
        MorphometricSimilarity().fit(values[:, :, :2], names(15))
    with pytest.raises(ModelError, match="people"):
        MorphometricSimilarity(scaling="reference").fit(values[:3], names(3))
    one = MorphometricSimilarity().fit(values[:1], ["a"])
    assert one.transform(values[:1], ["a"]).shape == (1, 6, 6)
    plain = fitted.to_plain()
    again = MorphometricSimilarity.from_plain(
        StoredEstimator(json.loads(json.dumps(plain.model)), plain.arrays)
    )
    np.testing.assert_array_equal(again.transform(new, ["新"]), holed)
    assert again.reference_id_ == fitted.reference_id_


def test_divergence_is_that_of_the_integral() -> None:
    mean, sd = np.array([[2.0, 2.6, 3.0]]), np.array([[0.5, 0.7, 0.0]])
    p, q = stats.norm(2.0, 0.5), stats.norm(2.6, 0.7)
    j = integrate.quad(lambda x: (p.pdf(x) - q.pdf(x)) * (p.logpdf(x) - q.logpdf(x)), -4, 10)[0]
    np.testing.assert_allclose(divergence_similarity(mean, sd)[0, 0, 1], 1 / (1 + j), rtol=1e-7)
    np.testing.assert_allclose(divergence_similarity(mean, sd, "exponential")[0, 0, 1], np.exp(-j), rtol=1e-7)
    assert np.isnan(divergence_similarity(mean, sd)[0, 2]).all()
    np.testing.assert_allclose(np.diag(divergence_similarity(mean, sd)[0])[:2], 1)
