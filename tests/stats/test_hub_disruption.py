"""Hub disruption: degrees by hand, a planted slope, and regression to the mean shown and corrected."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from corticolimbic.stats import HubDisruption, ModelError, StoredEstimator, nodal_degree


def names(n: int, prefix: str = "sub") -> list[str]:
    return [f"{prefix}-{at:03d}" for at in range(n)]


def test_degrees_by_hand() -> None:
    w = np.array([[9, 0.9, 0.5, -0.8], [0.9, 9, 0.3, 0.1], [0.5, 0.3, 9, np.nan], [-0.8, 0.1, np.nan, 9]])
    assert nodal_degree(w[None], threshold=0.4).tolist() == [[2 / 3, 1 / 3, 1 / 2, 0]]
    assert nodal_degree(w[None], threshold=0.4, sign="absolute").tolist() == [[1, 1 / 3, 1 / 2, 1 / 2]]
    assert nodal_degree(w[None], density=0.4).tolist() == [[2 / 3, 1 / 3, 1 / 2, 0]]
    assert nodal_degree(w[None], density=1.0).tolist() == [[1, 1, 1, 1]]
    w[1, :] = w[:, 1] = np.nan
    assert np.isnan(nodal_degree(w[None], threshold=0.4)[0, 1])
    for wrong in ({}, {"density": 0.1, "threshold": 0.1}, {"density": 0.0}):
        with pytest.raises(ModelError):
            nodal_degree(w[None], **wrong)


def test_a_planted_slope_is_read_back_and_its_error_is_that_of_least_squares() -> None:
    mean = np.linspace(0.1, 0.8, 12)
    reference = np.stack([mean, mean, mean])
    rng = np.random.default_rng(0)
    noisy = mean * 0.7 + rng.normal(0, 0.02, 12)
    scored = (
        HubDisruption()
        .fit(reference, names(3))
        .transform(np.stack([0.6 * mean + 0.2, mean, noisy]), names(3, "new"))
    )
    np.testing.assert_allclose(scored["slope"].iloc[:2], [-0.4, 0], atol=1e-12)
    peer = stats.linregress(mean, noisy - mean)
    np.testing.assert_allclose(scored[["slope", "se"]].iloc[2], [peer.slope, peer.stderr], rtol=1e-9)
    assert (scored["reliability"] == 1).all()


def simulated(rng: np.random.Generator, n: int, shrink: float = 0.0, nodes: int = 200) -> np.ndarray:
    truth = np.linspace(0.2, 0.7, nodes)
    return truth + shrink * (truth - truth.mean()) + rng.normal(0, 0.2, (n, nodes))


def test_outsiders_regress_to_the_mean_unless_corrected_and_members_are_scored_by_the_others() -> None:
    rng = np.random.default_rng(20261125)
    raw, member, naive, corrected, planted = [], [], [], [], []
    for _ in range(15):
        controls, patients = simulated(rng, 8), simulated(rng, 8)
        fitted = HubDisruption().fit(controls, names(8))
        outside, inside = fitted.transform(patients, names(8, "p")), fitted.transform(controls, names(8))
        raw.append(outside["slope_raw"].mean())
        member.append(inside["slope_raw"].mean())
        naive.append(fitted.transform(controls, names(8, "disguised"))["slope_raw"].mean())
        corrected.append([outside["slope"].mean(), inside["slope"].mean()])
        planted.append(fitted.transform(simulated(rng, 8, -0.3), names(8, "q"))["slope"].mean())
    # Nothing differs, and the slope is near -0.19. With 30 nodes the corrected slope missed the bound of 0.02
    # (0.028, 150 repeats): a ratio is right for many nodes only, which is why there are 200 here.
    spread = np.linspace(0.2, 0.7, 200).var(ddof=1)
    expected = -(0.04 / 8) / (spread + 0.04 / 8)
    assert abs(np.mean(raw) - expected) < 0.02
    assert abs(np.mean(naive)) < 1e-10  # in the mean with themselves, members show no slope at all
    assert abs(np.mean(member) - np.mean(raw)) < 0.035  # left out, they are as biased as outsiders (7, not 8)
    assert np.abs(np.mean(corrected, axis=0)).max() < 0.02
    assert abs(np.mean(planted) + 0.3) < 0.025


def test_the_permutation_p_is_uniform_without_and_small_with_disruption() -> None:
    rng = np.random.default_rng(3)
    truth = np.linspace(0.2, 0.7, 20)
    fitted = HubDisruption(permutations=199).fit(np.stack([truth] * 3), names(3))
    null = fitted.transform(truth + rng.normal(0, 0.1, (400, 20)), names(400, "n"))["p"]
    assert stats.kstest(null, "uniform").pvalue > 0.001
    assert fitted.transform(0.2 * truth[None] + rng.normal(0, 0.02, (1, 20)), ["x"])["p"].iloc[0] == 1 / 200
    again = fitted.transform(truth + 0.1 * np.eye(20)[:2], ["a", "b"])
    assert again.equals(fitted.transform(truth + 0.1 * np.eye(20)[:2], ["a", "b"]))


def test_degenerate_references_and_people_have_a_reason() -> None:
    rng = np.random.default_rng(4)
    flat = HubDisruption().fit(np.full((4, 10), 0.5), names(4))
    assert "same mean degree" in flat.transform(rng.random((1, 10)), ["x"])["reason"].iloc[0]
    noise = HubDisruption().fit(rng.normal(0.5, 0.2, (4, 10)), names(4))
    table = noise.transform(rng.random((1, 10)), ["x"])
    assert "error" in table["reason"].iloc[0] or table["reliability"].iloc[0] > 0.1
    people = simulated(rng, 6, nodes=10)
    people[0, 4:] = np.nan
    people[1] = np.nan
    fitted = HubDisruption(permutations=9).fit(people, names(6))
    assert fitted.left_out_ == ("sub-001",)
    scored = fitted.transform(people, names(6))
    assert scored.loc["sub-000", "reason"].startswith("4 nodes")
    assert np.isnan(scored.loc["sub-001", "slope"])
    order = rng.permutation(6)
    other = HubDisruption(permutations=9).fit(people[order], [names(6)[at] for at in order])
    assert other.reference_id_ == fitted.reference_id_
    with pytest.raises(ModelError, match="three"):
        HubDisruption().fit(people[:2], names(2))
    plain = fitted.to_plain()
    again = HubDisruption.from_plain(StoredEstimator(json.loads(json.dumps(plain.model)), plain.arrays))
    assert again.transform(people, names(6)).equals(scored)
