"""The mean of a map in regions: a map is an image of one volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from corticolimbic.circuit import RegionWeights
from corticolimbic.foundation import SettingsError


@dataclass(frozen=True)
class MapMeans:
    """The regions' means in one map.

    Parameters
    ----------
    names
        Regions, in the order of the weights.
    values
        Mean in the map's unit; NaN where no voxel of a region is known.
    n_voxels
        Voxels that count.
    coverage
        Voxels that count as a share of those that the region should have (METHODS M-12).
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, " regions"]
    n_voxels: Int[np.ndarray, " regions"]
    coverage: Float[np.ndarray, " regions"]


def map_region_means(
    values: Float[np.ndarray, "x y z"],
    weights: RegionWeights,
    *,
    mask: Bool[np.ndarray, "_ _ _"] | None = None,
) -> MapMeans:
    """Return the mean of a map (contrast, z, FA, grey matter ...) in every region, in float64.

    Parameters
    ----------
    values
        The map (`corticolimbic.dataset.read_map`). Voxels that are not finite do not count. A voxel of value
        0 does: where 0 means that nothing is known, say so by the mask.
    weights
        Of regions on the map's grid: labels or spheres (`corticolimbic.circuit.region_weights`), cubes
        (`corticolimbic.circuit.cube_weights`).
    mask
        Voxels that may count; all by default.

    Raises
    ------
    SettingsError
        Where map, mask and weights are not of one grid.
    """
    if values.size != weights.matrix.shape[1] or (mask is not None and mask.shape != values.shape):
        shapes = f"a map of {values.shape}, weights of {weights.matrix.shape[1]} voxels"
        raise SettingsError(f"{shapes}{'' if mask is None else f', a mask of {mask.shape}'}")
    flat = values.astype(np.float64).ravel()  # weights count voxels in C order
    known = np.isfinite(flat) if mask is None else np.isfinite(flat) & mask.ravel()
    sums = weights.matrix @ np.where(known, flat, 0.0)
    total = weights.matrix @ known.astype(np.float64)
    n_voxels = weights.matrix.astype(bool).astype(np.int64) @ known.astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(n_voxels > 0, sums / total, np.nan)
    coverage = weights.coverage * n_voxels / np.maximum(weights.n_voxels, 1)
    return MapMeans(weights.names, means, n_voxels, coverage)
