"""How strongly every voxel fluctuates: the same measures as by region, at each voxel of the mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Int

from corticolimbic.measure._fluctuations import Band, BandValues, spectrum
from corticolimbic.measure._nuisance import confound_basis
from corticolimbic.measure._region_series import VoxelSeries
from corticolimbic.measure._voxel_tiles import EXPLAINED, tiles


def fluctuation_maps(
    voxels: VoxelSeries,
    volumes: Int[np.ndarray, " kept"],
    confounds: Float[np.ndarray, "kept confounds"],
    repetition_time: float,
    bands: Sequence[Band],
) -> tuple[Float32[np.ndarray, "bands voxels"], tuple[str, ...], tuple[str, ...]]:
    """Return each band's value in each voxel, of the signal in percent of the voxel's mean.

    Confounds, a linear trend and the mean are removed by least squares in the kept volumes; nothing is
    filtered (see `spectrum` for what becomes of gaps).

    Parameters
    ----------
    voxels
        Of a run, all volumes.
    volumes
        Number of each kept volume, rising.
    confounds
        In the kept volumes, without drifts.
    repetition_time
        Seconds.
    bands
        Which measures.

    Returns
    -------
    maps
        NaN where a voxel has no usable signal or no mean to take percent of.
    reasons
        Why a band has no map at all, or empty.
    doubts
        What to know of a band, or empty.
    """
    kind = np.float64 if voxels.stored.dtype == np.float64 else np.float32
    basis = confound_basis(np.column_stack([confounds, volumes.astype(np.float64)]))
    constant = np.full((len(volumes), 1), 1 / np.sqrt(max(len(volumes), 1)))
    basis = np.hstack([constant, basis]).astype(kind)
    found = np.full((len(bands), voxels.stored.shape[1]), np.nan, dtype=np.float32)
    reasons, doubts = [""] * len(bands), [set[str]() for _ in bands]
    for place, series in tiles(voxels, volumes):
        values = _bands(series, basis, volumes, repetition_time, bands)
        for at, one in enumerate(values):
            found[at, place] = one.values
            reasons[at] = one.reason
            doubts[at].update(filter(None, (one.doubt,)))
    with np.errstate(invalid="ignore", divide="ignore"):
        percent = np.where(voxels.mean > 0, 100 * abs(voxels.slope) / voxels.mean, np.nan)
    for at, band in enumerate(bands):
        found[at] *= (percent ** _POWER[band.statistic]).astype(np.float32)
    found[:, ~voxels.usable] = np.nan
    return found, tuple(reasons), tuple("; ".join(sorted(words)) for words in doubts)


_POWER = {"amplitude": 1, "ratio": 0, "power": 2}
"""How a measure grows with the unit of the series."""


def _bands(
    series: np.ndarray, basis: np.ndarray, volumes: np.ndarray, repetition_time: float, bands: Sequence[Band]
) -> list[BandValues]:
    with np.errstate(invalid="ignore"):
        whole = np.einsum("tv,tv->v", series, series)
        residual = series - basis @ (basis.T @ series)
        left = np.einsum("tv,tv->v", residual, residual)
        residual[:, ~(left > EXPLAINED**2 * whole)] = 0.0
    found = spectrum(residual, volumes, repetition_time)
    return [found.band(band) for band in bands]
