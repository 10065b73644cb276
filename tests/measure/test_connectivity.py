"""Connectivity against nilearn, and what must not change it."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from corticolimbic.features import Statistic
from corticolimbic.measure import connectivities, connectivity, keep_volumes, standardise

STATISTICS: tuple[Statistic, ...] = get_args(Statistic)


def nilearn_matrix(series: np.ndarray, statistic: Statistic) -> np.ndarray:
    """Return nilearn's matrix of series that are standardised already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nilearn.connectome import ConnectivityMeasure
        from sklearn.covariance import EmpiricalCovariance, LedoitWolf

        estimator = EmpiricalCovariance() if statistic == "pearson" else LedoitWolf()
        kind = "partial correlation" if statistic == "partial" else "correlation"
        measure = ConnectivityMeasure(estimator, kind=kind, standardize=False)
        return measure.fit_transform([series])[0]


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(("volumes", "regions"), [(120, 8), (40, 90), (16, 300), (300, 2)])
def test_equals_nilearn_on_random_series(statistic: Statistic, volumes: int, regions: int) -> None:
    rng = np.random.default_rng(20201103 + volumes)
    values = rng.normal(size=(volumes, regions)) @ rng.normal(size=(regions, regions)) * 40 + 1e4
    series, usable = standardise(values)
    assert usable.all()
    ours = connectivity(series, usable, statistic)
    np.testing.assert_allclose(ours, nilearn_matrix(series, statistic), rtol=0, atol=1e-10)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_equals_nilearn_with_its_own_standardisation(statistic: Statistic) -> None:
    from nilearn.signal import clean

    values = np.random.default_rng(5).normal(3, 2, size=(90, 12)).cumsum(axis=0)
    series, usable = standardise(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = clean(values, detrend=False, standardize="zscore_sample")
    np.testing.assert_allclose(series, theirs * np.sqrt(90 / 89), atol=1e-10)
    matrix = nilearn_matrix(theirs, statistic)
    np.testing.assert_allclose(connectivity(series, usable, statistic), matrix, rtol=0, atol=1e-10)


def test_equals_nilearn_on_real_series_with_a_constant_region(shared_data: Path) -> None:
    folder = shared_data / "rpn" / "sub-bochum004" / "func"
    with next(folder.glob("*_timeseries.tsv")).open(encoding="utf-8") as stream:
        names, *rows = csv.reader(stream, delimiter="\t")
    values = np.array(rows, dtype=float)
    displacement = np.array(
        [float(cell) if cell != "n/a" else np.nan for cell in
         next(folder.glob("*_motion.tsv")).read_text().split()[1:]]
    )  # fmt: skip
    assert values.shape[1] == len(names) == 123
    values[:, 40] = 7.5
    keep = keep_volumes(displacement, 0.15)
    series, usable = standardise(values[keep])
    varies = np.ptp(values[keep], axis=0) > 0
    assert not varies[40]
    assert (usable == varies).all()
    assert not series[:, ~usable].any(), "a region without signal enters the joint estimate as zeros"
    for statistic in STATISTICS:
        with np.errstate(all="ignore"):
            theirs = nilearn_matrix(series, statistic)
        ours = connectivity(series, usable, statistic)
        assert np.isnan(ours[40]).all()
        assert np.isnan(ours[:, 40]).all()
        pairs = np.ix_(usable, usable)
        np.testing.assert_allclose(ours[pairs], theirs[pairs], rtol=0, atol=1e-10)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_partial_and_shrunk_follow_their_formulas(statistic: Statistic) -> None:
    """By hand from the published formula, without scikit-learn."""
    values = np.random.default_rng(8).normal(size=(25, 6)).cumsum(axis=1)
    series, usable = standardise(values)
    n, p = series.shape
    sample = series.T @ series / n
    target = np.trace(sample) / p * np.eye(p)
    distance = ((sample - target) ** 2).sum() / p
    spread = sum(((np.outer(row, row) - sample) ** 2).sum() for row in series) / (p * n**2)
    share = min(spread, distance) / distance
    shrunk = (1 - share) * sample + share * target
    wanted = {"pearson": sample, "ledoit_wolf": shrunk, "partial": -np.linalg.inv(shrunk)}[statistic]
    scale = np.sqrt(np.abs(np.diag(wanted)))
    wanted = wanted / np.outer(scale, scale)
    np.fill_diagonal(wanted, 1)
    np.testing.assert_allclose(connectivity(series, usable, statistic), wanted, atol=1e-10)


@given(
    seed=st.integers(0, 2**32 - 1),
    volumes=st.integers(3, 40),
    regions=st.integers(2, 12),
    statistic=st.sampled_from(STATISTICS),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_units_do_not_matter_and_columns_only_move(
    seed: int, volumes: int, regions: int, statistic: Statistic, data: st.DataObject
) -> None:
    values = np.random.default_rng(seed).normal(size=(volumes, regions))
    matrix = connectivity(*standardise(values), statistic)
    assert (matrix == matrix.T).all()
    assert (np.diag(matrix) == 1).all()
    assert (np.abs(matrix) <= 1).all()
    scale = data.draw(hnp.arrays(float, regions, elements=st.floats(1e-3, 1e3)))
    shift = data.draw(hnp.arrays(float, regions, elements=st.floats(-1e3, 1e3)))
    np.testing.assert_allclose(
        connectivity(*standardise(values * scale + shift), statistic), matrix, atol=1e-6
    )
    order = np.array(data.draw(st.permutations(range(regions))))
    moved = connectivity(*standardise(values[:, order]), statistic)
    np.testing.assert_allclose(moved, matrix[np.ix_(order, order)], atol=1e-9)
    turned = connectivity(*standardise(values * np.where(np.arange(regions) == 0, -1, 1)), statistic)
    np.testing.assert_allclose(turned[0, 1:], -matrix[0, 1:], atol=1e-9)


@given(
    seed=st.integers(0, 2**32 - 1), lost=st.integers(0, 5), constant=st.sampled_from([0.0, 0.1, -1e9, np.nan])
)
@settings(max_examples=30, deadline=None)
def test_a_region_without_signal_loses_its_own_edges_only(seed: int, lost: int, constant: float) -> None:
    values = np.random.default_rng(seed).normal(size=(20, 6))
    whole = connectivity(*standardise(values), "pearson")
    values[:, lost] = constant
    series, usable = standardise(values)
    assert usable.tolist() == [region != lost for region in range(6)]
    rest = np.ix_(usable, usable)
    for statistic, matrix in connectivities(series, usable, STATISTICS).items():
        assert np.isnan(matrix[lost]).all()
        assert np.isnan(matrix[:, lost]).all()
        assert np.isfinite(matrix[rest]).all()
        if statistic == "pearson":
            assert (matrix[rest] == whole[rest]).all()


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_huge_and_tiny_units_are_signal(unit: float) -> None:
    values = np.random.default_rng(2).normal(size=(30, 3))
    series, usable = standardise(values * unit)
    assert usable.all()
    np.testing.assert_allclose(series, standardise(values)[0], rtol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_region_with_one_undefined_volume_has_no_signal(value: float) -> None:
    values = np.random.default_rng(2).normal(size=(30, 3))
    values[4, 1] = value
    series, usable = standardise(values)
    assert usable.tolist() == [True, False, True]
    assert np.isfinite(series).all()


def test_nothing_has_signal_in_no_or_one_volume() -> None:
    for volumes in (0, 1):
        series, usable = standardise(np.ones((volumes, 3)))
        assert series.shape == (volumes, 3)
        assert not usable.any()
        assert np.isnan(connectivity(series, usable, "partial")).all()


def test_partial_without_an_inverse_is_missing_not_an_error() -> None:
    """Two-valued balanced series are not shrunk at all, so two equal ones leave a singular covariance."""
    values = np.column_stack([np.tile([1.0, -1.0], 20)] * 2)
    found = connectivities(*standardise(values), STATISTICS)
    assert found["pearson"][0, 1] == pytest.approx(1)
    assert np.isnan(found["partial"][0, 1])
