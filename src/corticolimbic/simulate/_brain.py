"""The brain on a grid: its mask, and the spheres that the declared pipeline measures with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from corticolimbic.circuit import atlas, region_weights

ATLAS = "coordinates"
"""The spheres of the declared pipeline, whose centres the simulator displaces."""
TERRITORIES = 100
"""Territories of the background."""
_FINE = 2
"""Resolution in mm of the template's mask that is sampled."""
_LATTICE = 8.0


@dataclass(frozen=True, eq=False)
class Brain:
    """A grid and the voxels of the brain on it.

    Parameters
    ----------
    mask
        Voxels of the brain: nilearn's mask of its bundled MNI template (ICBM 2009a), nearest voxel.
    affine
        Voxel indices to mm.
    space
        Space that the grid is said to be in.
    """

    mask: Bool[np.ndarray, "x y z"]
    affine: Float[np.ndarray, "4 4"]
    space: str

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Brain)
            and self.space == other.space
            and np.array_equal(self.affine, other.affine)
            and np.array_equal(self.mask, other.mask)
        )

    def __hash__(self) -> int:
        return hash((self.space, self.affine.tobytes(), self.mask.shape))

    @cached_property
    def voxels(self) -> Int[np.ndarray, " voxels"]:
        """Places of the brain's voxels in a flat grid, z fastest."""
        return np.flatnonzero(self.mask)

    @cached_property
    def places(self) -> Float[np.ndarray, "voxels 3"]:
        """Centres of the brain's voxels in mm."""
        return np.argwhere(self.mask) @ self.affine[:3, :3].T + self.affine[:3, 3]

    @cached_property
    def spheres(self) -> Any:
        """Mean weights (nodes, voxels of the brain) of the measuring spheres, sparse."""
        shape = (self.mask.shape[0], self.mask.shape[1], self.mask.shape[2])
        found = region_weights(atlas(ATLAS), shape, self.affine, self.space, mask=self.mask)
        return found.matrix[:, self.voxels].tocsr()

    @cached_property
    def territories(self) -> Float[np.ndarray, "territories 3"]:
        """Centres of the background's territories in mm: each far from the nodes and from those before it."""
        low, high = self.places.min(axis=0), self.places.max(axis=0)
        axes = [np.arange(a, b + 1e-9, _LATTICE) for a, b in zip(low, high, strict=True)]
        lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        index = np.rint((lattice - self.affine[:3, 3]) / np.diag(self.affine)[:3]).astype(int)
        lattice = lattice[self.mask[tuple(np.minimum(index, np.array(self.mask.shape) - 1).T)]]
        away = np.min([np.sum((lattice - node) ** 2, axis=1) for node in node_places()], axis=0)
        chosen = []
        for _ in range(TERRITORIES):
            chosen.append(lattice[int(np.argmax(away))])
            away = np.minimum(away, np.sum((lattice - chosen[-1]) ** 2, axis=1))
        return np.array(chosen)


@lru_cache(maxsize=2)
def kept_brain(brain: Brain) -> Brain:
    """Return the first of equal brains, so that a process prepares spheres and territories once."""
    return brain


def node_places() -> Float[np.ndarray, "nodes 3"]:
    """Return the centres of the spheres in mm, in the order of the atlas."""
    return np.array([[node.x, node.y, node.z] for node in atlas(ATLAS).nodes], dtype=np.float64)


@lru_cache(maxsize=4)
def brain(grid_mm: float, space: str) -> Brain:
    """Return the brain on a grid that holds it with a margin of one voxel.

    The template's own mask is used for every space: simulated images are not anatomically real.
    """
    from nilearn.datasets import load_mni152_brain_mask

    image = load_mni152_brain_mask(resolution=_FINE)
    fine, affine = np.asarray(image.dataobj) > 0, image.affine
    corners = np.array([np.argwhere(fine).min(axis=0), np.argwhere(fine).max(axis=0)])
    low, high = corners @ affine[:3, :3].T + affine[:3, 3]
    first, last = np.floor(low / grid_mm) - 1, np.ceil(high / grid_mm) + 1
    grid = np.diag([grid_mm, grid_mm, grid_mm, 1.0])
    grid[:3, 3] = first * grid_mm
    axes = [
        np.rint((np.arange(a, b + 1) * grid_mm - affine[axis, 3]) / affine[axis, axis]).astype(int)
        for axis, (a, b) in enumerate(zip(first, last, strict=True))
    ]
    inside = [(axis >= 0) & (axis < length) for axis, length in zip(axes, fine.shape, strict=True)]
    kept = [np.clip(axis, 0, length - 1) for axis, length in zip(axes, fine.shape, strict=True)]
    mask = fine[np.ix_(*kept)] & np.logical_and.outer(np.logical_and.outer(inside[0], inside[1]), inside[2])
    return Brain(mask, grid, space)
