"""Maps of voxels: equal to every voxel cleaned and measured on its own."""

from __future__ import annotations

import numpy as np
import pytest

from corticolimbic.measure import BANDS, VoxelSeries, regress_out, spectrum
from corticolimbic.measure._fluctuation_maps import fluctuation_maps
from corticolimbic.measure._seed_maps import seed_maps
from corticolimbic.measure._voxel_tiles import TILE, tiles

N, REPETITION_TIME = 150, 2.0
SIZES = {np.int16: (1.0, 0.0), np.float32: (1.0, 0.0), np.float64: (1.0, 0.0), "scaled": (0.25, 300.0)}


def made(kind: object, size: int = TILE + 40, seed: int = 8) -> tuple[VoxelSeries, np.ndarray]:
    """Return voxels with drift and noise, and their values."""
    rng = np.random.default_rng(seed)
    slope, inter = SIZES[kind]
    base = rng.uniform(3000, 9000, size)
    noise = rng.normal(0, 60, (N, size)) + np.linspace(0, 200, N)[:, None]
    noise[:, : size // 2] += 80 * np.sin(2 * np.pi * 0.03 * REPETITION_TIME * np.arange(N))[:, None]
    stored = (base + noise).astype(np.int16 if kind in (np.int16, "scaled") else kind)
    stored[:, 5] = 700
    values = slope * stored.astype(np.float64) + inter
    usable = np.ones(size, dtype=bool)
    usable[[5, 11]] = False
    return VoxelSeries(stored, np.arange(size), slope, inter, values.mean(axis=0), usable), values


@pytest.mark.parametrize("kind", SIZES)
def test_tiles_are_the_series_but_for_a_constant(kind: object) -> None:
    voxels, values = made(kind)
    for place, series in tiles(voxels, np.arange(3, N)):
        wanted = (values - values[3])[3:, place] / voxels.slope
        np.testing.assert_allclose(series, wanted, atol=1e-3)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("censored", [False, True])
def test_fluctuations_equal_those_of_each_series(kind: object, censored: bool) -> None:
    voxels, values = made(kind)
    rng = np.random.default_rng(2)
    kept = np.sort(rng.choice(N, 120, replace=False)) if censored else np.arange(N)
    confounds = rng.normal(size=(len(kept), 6))
    maps, reasons, _ = fluctuation_maps(voxels, kept, confounds, REPETITION_TIME, BANDS)
    design = np.column_stack([confounds, kept])
    residual, _ = regress_out(values[kept], design)
    percent = (residual - residual.mean(axis=0)) * 100 / values.mean(axis=0)
    found = spectrum(percent, kept, REPETITION_TIME)
    assert not any(reasons)
    for row, band in zip(maps, BANDS, strict=True):
        wanted = found.band(band).values
        wanted[~voxels.usable] = np.nan
        np.testing.assert_allclose(row, wanted, rtol=2e-5)


def cleaner(kept: np.ndarray) -> np.ndarray:
    """Return an operator that removes trend and confounds, keeps slow waves, and drops volumes."""
    rng = np.random.default_rng(9)
    time = np.arange(N)
    fast = np.column_stack([np.cos(np.pi * (time + 0.5) * k / N) for k in range(70, N)])
    basis = np.linalg.qr(np.column_stack([np.ones(N), time, fast, rng.normal(size=(N, 9))]))[0]
    return (np.eye(N) - basis @ basis.T)[kept]


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("censored", [False, True])
def test_seed_maps_equal_correlations_of_cleaned_series(kind: object, censored: bool) -> None:
    voxels, values = made(kind)
    kept = np.flatnonzero(np.random.default_rng(1).random(N) < 0.8) if censored else np.arange(N)
    operator = cleaner(kept)
    cleaned = operator @ values
    seeds = np.column_stack([cleaned[:, :50].mean(axis=1), cleaned[:, 200], cleaned[:, 7]])
    maps = seed_maps(voxels, operator, seeds)
    some = np.flatnonzero(voxels.usable)
    voxel_units, seed_units = (
        (one - one.mean(axis=0)) / np.linalg.norm(one - one.mean(axis=0), axis=0)
        for one in (cleaned[:, some], seeds)
    )
    wanted = seed_units.T @ voxel_units
    np.testing.assert_allclose(maps[:, some], wanted, atol=1e-5)
    assert np.isnan(maps[:, ~voxels.usable]).all()


def test_a_seed_without_a_series_has_no_map_and_harms_no_other() -> None:
    voxels, values = made(np.float32, 300)
    operator = cleaner(np.arange(N))
    good = (operator @ values)[:, 20]
    seeds = np.column_stack([np.full(N, np.nan), good, np.full(N, 3.0)])
    maps = seed_maps(voxels, operator, seeds)
    assert np.isnan(maps[[0, 2]]).all()
    np.testing.assert_allclose(maps[1], seed_maps(voxels, operator, good[:, None])[0], atol=1e-6)
    assert maps[1, 20] == pytest.approx(1.0, abs=1e-6)


def test_a_voxel_that_the_confounds_explain_has_no_value() -> None:
    voxels, values = made(np.float64, 300)
    operator = cleaner(np.arange(N))
    explained = np.eye(N) - operator
    stored = voxels.stored.copy()
    stored[:, 30] = 4000 + explained @ np.random.default_rng(3).normal(0, 50, N)
    changed = VoxelSeries(stored, voxels.places, 1.0, 0.0, stored.mean(axis=0), voxels.usable)
    seeds = (operator @ values)[:, [20]]
    assert np.isnan(seed_maps(changed, operator, seeds)[0, 30])
    assert np.isfinite(seed_maps(changed, operator, seeds)[0, 31])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_stays_in_its_voxel(bad: float) -> None:
    voxels, values = made(np.float32, 300)
    stored = voxels.stored.copy()
    stored[40, 17] = bad
    mean = stored.mean(axis=0, dtype=np.float64)
    holed = VoxelSeries(stored, voxels.places, 1.0, 0.0, mean, np.isfinite(mean))
    operator = cleaner(np.arange(N))
    seeds = (operator @ values)[:, [20]]
    there = np.ones(300, dtype=bool)
    there[[5, 11, 17]] = False
    for one, two in (
        (seed_maps(holed, operator, seeds), seed_maps(voxels, operator, seeds)),
        (
            fluctuation_maps(holed, np.arange(N), np.zeros((N, 0)), REPETITION_TIME, BANDS)[0],
            fluctuation_maps(voxels, np.arange(N), np.zeros((N, 0)), REPETITION_TIME, BANDS)[0],
        ),
    ):
        assert np.isnan(one[:, 17]).all()
        np.testing.assert_allclose(one[:, there], two[:, there], rtol=1e-4, atol=1e-6)
