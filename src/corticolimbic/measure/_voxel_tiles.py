"""Voxels of a run, some thousand at a time, as numbers around zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.measure._region_series import VoxelSeries

TILE = 2048
"""Voxels at a time: with their volumes they fit into the processor's second or third cache."""
EXPLAINED = 1e-5
"""A voxel of whose variation less than this share is left is explained by the confounds altogether."""


def tiles(
    voxels: VoxelSeries, volumes: Int[np.ndarray, " chosen"] | None = None
) -> Iterator[tuple[slice, Float[np.ndarray, "volumes tile"]]]:
    """Yield the voxels' series less their first value, in stored units.

    The difference is exact for 16-bit integers and loses next to nothing for others, so that float32 is
    enough for what follows (float64 for images that are stored so). Whoever uses it must not need the mean.

    Parameters
    ----------
    voxels
        Of a run.
    volumes
        Which volumes; None for all.

    Yields
    ------
    place
        Which of the voxels.
    series
        Volumes by these voxels.
    """
    stored = voxels.stored
    kind = np.float64 if stored.dtype == np.float64 else np.float32
    for start in range(0, stored.shape[1], TILE):
        place = slice(start, min(start + TILE, stored.shape[1]))
        part = stored[:, place] if volumes is None else stored[volumes, place]
        with np.errstate(invalid="ignore"):  # voxels that are not finite stay so
            yield place, np.subtract(part, part[:1], dtype=kind) if len(part) else part.astype(kind)
