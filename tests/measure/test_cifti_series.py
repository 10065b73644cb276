"""Region means of grayordinates: equal to nibabel's own parcellation by hand, by identity and not by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic_cifti import STRUCTURES, Axis, brain_axis, noise, write_dlabel, write_dtseries

from corticolimbic.circuit import (
    atlas,
    grayordinate_labels,
    grayordinate_weights,
)
from corticolimbic.dataset import CiftiRun, read_cifti_header
from corticolimbic.foundation import InputError
from corticolimbic.measure import RegionSignals, grayordinate_series

T = 11
BOLD = "sub-01/func/sub-01_task-rest_space-fsLR_den-91k_bold.dtseries.nii"
RUN = CiftiRun("sub-01", "ses-none", "rest", "n/a", "n/a", "fsLR", BOLD, density="91k")
OWN = atlas("CiftiStructures")


def series(
    root: Path, values: np.ndarray, axis: Axis, *parcels: object, share: float = 0.0
) -> list[RegionSignals]:
    write_dtseries(root / BOLD, values, axis)
    header = read_cifti_header(root, RUN)
    chosen = parcels or (OWN,)
    weights = [grayordinate_weights(item, header.grayordinates, "fsLR") for item in chosen]
    return list(grayordinate_series(root, RUN, header, weights, usable_signal=share).regions)


def by_structure(values: np.ndarray, axis: Axis) -> dict[str, np.ndarray]:
    """Return means by nibabel's own cutting of the axis."""
    stored = values.astype(np.float32).astype(np.float64)
    return {
        name.removeprefix("CIFTI_STRUCTURE_"): stored[:, places].mean(axis=1)
        for name, places, _ in axis.iter_structures()
    }


def labelled(axis: Axis, rng: np.random.Generator) -> tuple[np.ndarray, dict[int, str]]:
    """Return keys over both hemispheres and the voxels, in no order; some have no name."""
    names = {700: "prefrontal", 3: "insula-both-sides", 41: "accumbens", 12: "nowhere"}
    return rng.choice([0, 700, 3, 41, 99], size=len(axis)), names


def test_structures_equal_nibabels(tmp_path: Path) -> None:
    axis = brain_axis()
    values = noise(axis, T, np.random.default_rng(1))
    (found,) = series(tmp_path, values, axis)
    expected = by_structure(values, axis)
    assert set(found.names) == set(STRUCTURES) == set(expected)
    for column, name in enumerate(found.names):
        np.testing.assert_allclose(found.values[:, column], expected[name], rtol=1e-10, atol=0)
        places = (axis.name == f"CIFTI_STRUCTURE_{name}").sum()
        assert (found.n_voxels[column], found.coverage[column]) == (places, 1)


@pytest.mark.parametrize("seed", [2, 3])
def test_the_order_of_structures_and_of_grayordinates_means_nothing(tmp_path: Path, seed: int) -> None:
    axis = brain_axis()
    values = noise(axis, T, np.random.default_rng(1))
    rng = np.random.default_rng(seed)
    order, again = _shuffled(axis, rng), _shuffled(axis, rng)
    keys, names = labelled(axis, rng)
    path = tmp_path / "x.dlabel.nii"
    write_dlabel(path, keys, axis, names)
    before = series(tmp_path, values, axis, OWN, grayordinate_labels(path))
    write_dlabel(path, keys[again], axis[again], names)
    after = series(tmp_path, values[:, order], axis[order], OWN, grayordinate_labels(path))
    for one, other in zip(before, after, strict=True):
        assert one.names == other.names
        np.testing.assert_allclose(one.values, other.values, rtol=1e-12)
        np.testing.assert_array_equal(one.n_voxels, other.n_voxels)
        np.testing.assert_array_equal(one.coverage, other.coverage)


def test_labels_equal_means_by_hand_through_grayordinates_that_one_of_them_lacks(tmp_path: Path) -> None:
    """Labels without the thalamus, data without the left cortex, other rows in both."""
    whole, rng = brain_axis(), np.random.default_rng(5)
    keys, names = labelled(whole, rng)
    of = dict(zip(_identity(whole), keys.tolist(), strict=True))
    on = brain_axis([name for name in STRUCTURES[::-1] if "THALAMUS" not in name])
    write_dlabel(tmp_path / "x.dlabel.nii", np.array([of[item] for item in _identity(on)]), on, names)
    axis = brain_axis([name for name in STRUCTURES if name != "CORTEX_LEFT"])
    values = noise(axis, T, rng)
    labels = grayordinate_labels(tmp_path / "x.dlabel.nii")
    assert labels.unnamed == (99,)
    (found,) = series(tmp_path, values, axis, labels)
    stored = values.astype(np.float32).astype(np.float64)
    known = set(_identity(on))
    for column, name in enumerate(found.names):
        (key,) = (key for key, item in names.items() if item == name)
        rows = [at for at, item in enumerate(_identity(axis)) if item in known and of[item] == key]
        total = sum(of[item] == key for item in known)
        assert found.n_voxels[column] == len(rows)
        assert found.coverage[column] == (len(rows) / total if total else 0)
        if rows:
            np.testing.assert_allclose(found.values[:, column], stored[:, rows].mean(axis=1), rtol=1e-10)
        else:
            assert name == "nowhere"
            assert np.isnan(found.values[:, column]).all()


def _shuffled(axis: Axis, rng: np.random.Generator) -> np.ndarray:
    """Return structures in another order, and their rows too."""
    structures = rng.permutation(np.unique(axis.name))
    return np.concatenate([rng.permutation(np.flatnonzero(axis.name == name)) for name in structures])


def _identity(axis: Axis) -> list[tuple[str, int, tuple[int, ...]]]:
    return [
        (name, int(vertex), tuple(voxel))
        for name, vertex, voxel in zip(axis.name, axis.vertex, axis.voxel.tolist(), strict=True)
    ]


def test_a_structure_that_is_absent_is_nan_and_covers_nothing(tmp_path: Path) -> None:
    axis = brain_axis([name for name in STRUCTURES if name != "AMYGDALA_LEFT"])
    (found,) = series(tmp_path, noise(axis, T, np.random.default_rng(1)), axis)
    column = found.names.index("AMYGDALA_LEFT")
    assert np.isnan(found.values[:, column]).all()
    assert (found.n_voxels[column], found.coverage[column]) == (0, 0)
    assert np.isfinite(np.delete(found.values, column, axis=1)).all()


def test_constant_dark_and_unfinite_grayordinates_lower_the_coverage(tmp_path: Path) -> None:
    axis = brain_axis()
    values = noise(axis, T, np.random.default_rng(1))
    at = {name: np.flatnonzero(axis.name == f"CIFTI_STRUCTURE_{name}") for name in STRUCTURES}
    values[:, at["PUTAMEN_LEFT"][:4]] = 900.0
    values[:, at["PUTAMEN_RIGHT"][:2]] *= 0.1
    values[3, at["CAUDATE_LEFT"][0]] = np.nan
    values[:, at["CAUDATE_LEFT"][1]] = np.inf
    values[:, at["PALLIDUM_LEFT"]] = np.nan
    (found,) = series(tmp_path, values, axis, share=0.3)
    got = {name: place for place, name in enumerate(found.names)}
    assert found.coverage[got["PUTAMEN_LEFT"]] == 6 / 10
    assert found.coverage[got["PUTAMEN_RIGHT"]] == 9 / 11
    assert found.coverage[got["CAUDATE_LEFT"]] == pytest.approx(7 / 9)
    assert found.coverage[got["PALLIDUM_LEFT"]] == 0
    stored = values.astype(np.float32).astype(np.float64)
    for name, rows in (("PUTAMEN_LEFT", at["PUTAMEN_LEFT"]), ("CAUDATE_LEFT", at["CAUDATE_LEFT"][2:])):
        np.testing.assert_allclose(found.values[:, got[name]], stored[:, rows].mean(axis=1), rtol=1e-10)
    assert np.isnan(found.values[:, got["PALLIDUM_LEFT"]]).all()


def test_nothing_that_varies_is_cl237(tmp_path: Path) -> None:
    axis = brain_axis()
    with pytest.raises(InputError, match="CL237"):
        series(tmp_path, np.full((T, len(axis)), 5.0), axis)


def test_one_moment_is_no_signal_but_no_crash(tmp_path: Path) -> None:
    axis = brain_axis()
    with pytest.raises(InputError, match="CL237"):
        series(tmp_path, noise(axis, 1, np.random.default_rng(1)), axis)
