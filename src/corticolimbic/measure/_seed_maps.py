"""Correlation of every voxel with the series of some seeds, both cleaned by the same linear operator."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Float64

from corticolimbic.measure._region_series import VoxelSeries
from corticolimbic.measure._voxel_tiles import EXPLAINED, tiles

_NO_GAIN = 1e-6
"""Directions in time that the operator shrinks below this share of the strongest are nothing."""


def seed_maps(
    voxels: VoxelSeries,
    operator: Float64[np.ndarray, "kept volumes"],
    seeds: Float[np.ndarray, "kept seeds"],
) -> Float32[np.ndarray, "seeds voxels"]:
    """Return the correlation of each seed with each voxel.

    No voxel is ever cleaned: with C the centred operator and C = U S V', C x and a seed s correlate by the
    product of S V' x and U' s over both lengths, in as many numbers a voxel as C lets directions through.

    Parameters
    ----------
    voxels
        Of a run, all volumes.
    operator
        Takes series to cleaned series in the kept volumes; must take a constant to a constant.
    seeds
        Cleaned series of the seeds in the kept volumes; a seed that is NaN or constant has a map of NaN.

    Returns
    -------
    array
        NaN where a voxel has no usable signal, or none is left of it.
    """
    n_kept = len(operator)
    left, sizes, right = np.linalg.svd(operator - operator.mean(axis=0), full_matrices=False)
    through = sizes > _NO_GAIN * sizes.max(initial=0.0)
    kind = np.float64 if voxels.stored.dtype == np.float64 else np.float32
    reduce = (sizes[through, None] * right[through]).astype(kind)
    known = np.isfinite(seeds).all(axis=0)
    centred = np.where(known, seeds - seeds.mean(axis=0), 0.0) if n_kept else np.zeros_like(seeds)
    length = np.linalg.norm(centred, axis=0)
    good = length > 1e-12 * np.abs(np.where(known, seeds, 0.0)).max(axis=0, initial=0.0)
    units = centred / np.where(good, length, 1.0)
    ends = (left[:, through].T @ units).T.astype(kind)
    found = np.full((seeds.shape[1], voxels.stored.shape[1]), np.nan, dtype=np.float32)
    for place, series in tiles(voxels):
        with np.errstate(invalid="ignore", divide="ignore"):
            inner = reduce @ series
            size = np.sqrt(np.einsum("rv,rv->v", inner, inner))
            whole = np.sqrt(np.einsum("tv,tv->v", series, series))
            size[~(size > EXPLAINED * whole)] = np.nan
            found[:, place] = np.clip((ends @ inner) / size, -1.0, 1.0)
    found[~good] = np.nan
    found[:, ~voxels.usable] = np.nan
    return found
