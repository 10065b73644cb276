"""From atlases to sparse weights: which voxels of a grid make up each region, and how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from corticolimbic.circuit._atlas import Atlas, Node
from corticolimbic.circuit._label_image import LabelImage, check_affine
from corticolimbic.foundation import SettingsError, SpaceMismatchError

Grid = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class RegionWeights:
    """Weights of voxels in regions on one grid; each object equals itself only.

    Parameters
    ----------
    names
        One name a row: nodes of the atlas, in its order. A region without voxels keeps its row.
    matrix
        Sparse array (regions, voxels), voxels in C order; each row sums to 1, or is empty.
    n_voxels
        Voxels that carry weight.
    coverage
        Share of the region that lies inside grid and mask: for labels of their voxels, for spheres of the
        voxel centres that the sphere holds on the unbounded grid. 0 where no voxel is left.
    notes
        What should be known about the space.
    """

    names: tuple[str, ...]
    matrix: Any
    n_voxels: Int[np.ndarray, " regions"]
    coverage: Float[np.ndarray, " regions"]
    notes: tuple[str, ...] = ()

    def means(self, voxels: Float[np.ndarray, "voxels volumes"]) -> Float[np.ndarray, "regions volumes"]:
        """Return the mean of each region in each volume; NaN for a region without voxels."""
        values = self.matrix @ voxels.astype(np.float64)
        values[self.n_voxels == 0] = np.nan
        return values


def region_weights(
    parcels: Atlas | LabelImage,
    shape: Grid,
    affine: Float[np.ndarray, "4 4"],
    space: str,
    *,
    radius: float | int | None = None,
    mask: Bool[np.ndarray, "x y z"] | None = None,
    allow_space_mismatch: tuple[str, ...] = (),
) -> RegionWeights:
    """Build mean weights of every region on a grid.

    Parameters
    ----------
    parcels
        An atlas of spheres, or a label image (`label_image`).
    shape, affine, space
        The grid of the data: voxels along each axis, voxel indices to mm, name of the space.
    radius
        Radius of every sphere in mm instead of the nodes' own.
    mask
        Voxels with usable signal; others get no weight and lower the coverage.
    allow_space_mismatch
        Names of label-image spaces that may be used on data in another space.

    Returns
    -------
    RegionWeights
        Label images on another grid are sampled at the nearest voxel. A voxel belongs to a sphere if
        its centre is within the radius, or if it holds the sphere's centre (as nilearn does).

    Raises
    ------
    SpaceMismatchError
        CL402 where a label image is in another space than the data and this was not allowed by name.
    SettingsError
        Where an atlas of labels comes without its image, or the radius is not above 0.
    """
    check_affine(affine, "data")
    if mask is not None and mask.shape != tuple(shape):
        raise SettingsError(f"a mask of shape {mask.shape} does not fit a grid of shape {tuple(shape)}")
    usable = np.ones(shape, dtype=bool) if mask is None else mask
    if isinstance(parcels, LabelImage):
        if radius is not None:
            raise SettingsError("a radius belongs to spheres, not to a label image")
        notes = _check_space(parcels, space, allow_space_mismatch)
        return _label_weights(parcels, affine, usable, notes)
    if parcels.kind != "spheres":
        raise SettingsError(f"atlas {parcels.name} has no spheres: read its image with label_image")
    if radius is not None and not 0 < radius < float("inf"):
        raise SettingsError(f"a radius of {radius} mm is no radius")
    notes = (f"spheres at {parcels.space} coordinates used in {space}",)
    return _sphere_weights(parcels.nodes, radius, affine, usable, notes)


def _check_space(labels: LabelImage, space: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    if labels.space and labels.space == space:
        return ()
    if labels.space in allowed:
        return (f"label image in {labels.space or 'an unnamed space'} used in {space}, as allowed",)
    raise SpaceMismatchError(
        "CL402",
        file=labels.file,
        found=f"labels in {labels.space or 'an unnamed space'}, data in {space or 'an unnamed space'}",
    )


def _label_weights(
    labels: LabelImage, affine: np.ndarray, usable: np.ndarray, notes: tuple[str, ...]
) -> RegionWeights:
    values = np.array(list(labels.labels), dtype=np.int64)
    order = np.argsort(values)
    to_label = np.linalg.inv(labels.affine) @ affine
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    slab = usable[0].size
    for first in range(usable.shape[0]):  # slab by slab: a 1 mm grid has millions of voxels
        inside = np.flatnonzero(usable[first])
        second, third = np.unravel_index(inside, usable.shape[1:])
        indices = np.stack([np.full(inside.size, first), second, third])
        found = _sample(labels.data, to_label, indices)
        row = rows_of(found, values, order)
        rows.append(row[row >= 0])
        columns.append(inside[row >= 0] + first * slab)
    place = np.concatenate(rows)
    n_voxels = np.bincount(place, minlength=values.size)
    return RegionWeights(
        names=tuple(labels.labels.values()),
        matrix=mean_matrix(place, np.concatenate(columns), n_voxels, usable.size),
        n_voxels=n_voxels,
        coverage=np.where(n_voxels > 0, _label_coverage(labels, affine, usable, values, order), 0.0),
        notes=notes,
    )


def _label_coverage(
    labels: LabelImage, affine: np.ndarray, usable: np.ndarray, values: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Return the share of each label's own voxels whose centre falls into a usable voxel of the grid."""
    indices = np.stack(np.nonzero(labels.data))
    row = rows_of(labels.data[tuple(indices)], values, order)
    indices, row = indices[:, row >= 0], row[row >= 0]
    there = _sample(usable, np.linalg.inv(affine) @ labels.affine, indices)
    total = np.bincount(row, minlength=values.size)
    kept = np.bincount(row, weights=there.astype(float), minlength=values.size)
    return kept / np.maximum(total, 1)


def _sample(data: np.ndarray, transform: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return the nearest value for voxel indices of another grid, 0 outside."""
    place = transform[:3, :3] @ indices + transform[:3, 3:]
    nearest = np.floor(np.round(place, 5) + 0.5).astype(np.int64)  # rounding first: ties fall one way
    limits = np.array(data.shape)[:, None]
    inside = ((nearest >= 0) & (nearest < limits)).all(axis=0)
    found = np.zeros(indices.shape[1], dtype=data.dtype)
    found[inside] = data[tuple(nearest[:, inside])]
    return found


def rows_of(found: np.ndarray, values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the row of each label value, -1 where it has no name."""
    if not values.size:
        return np.full(found.shape, -1)
    place = np.minimum(np.searchsorted(values, found, sorter=order), values.size - 1)
    row = order[place]
    return np.where(values[row] == found, row, -1)


def mean_matrix(rows: np.ndarray, columns: np.ndarray, n_voxels: np.ndarray, size: int) -> Any:
    """Return the sparse matrix (regions, voxels) whose rows weigh each region's voxels alike."""
    from scipy.sparse import csr_array

    weights = 1.0 / n_voxels[rows]
    return csr_array((weights, (rows, columns)), shape=(n_voxels.size, size))


def _sphere_weights(
    nodes: tuple[Node, ...],
    radius: float | int | None,
    affine: np.ndarray,
    usable: np.ndarray,
    notes: tuple[str, ...],
) -> RegionWeights:
    rows, columns, coverage = [], [], np.zeros(len(nodes))
    for row, node in enumerate(nodes):
        voxels = _sphere_voxels(node, radius if radius is not None else node.radius or 0.0, affine)
        inside = ((voxels >= 0) & (voxels < np.array(usable.shape)[:, None])).all(axis=0)
        kept = np.ravel_multi_index(tuple(voxels[:, inside]), usable.shape)
        kept = kept[usable.ravel()[kept]]
        coverage[row] = kept.size / voxels.shape[1]
        columns.append(np.sort(kept))
        rows.append(np.full(kept.size, row))
    n_voxels = np.array([part.size for part in columns], dtype=np.int64)
    return RegionWeights(
        names=tuple(node.name for node in nodes),
        matrix=mean_matrix(np.concatenate(rows), np.concatenate(columns), n_voxels, usable.size),
        n_voxels=n_voxels,
        coverage=coverage,
        notes=notes,
    )


def _sphere_voxels(node: Node, radius: float, affine: np.ndarray) -> np.ndarray:
    """Return the voxel indices (3, n) of a sphere on the unbounded grid."""
    inverse = np.linalg.inv(affine)
    centre = np.array([node.x, node.y, node.z], dtype=np.float64)
    place = inverse[:3, :3] @ centre + inverse[:3, 3]
    reach = radius * np.linalg.norm(inverse[:3, :3], axis=1)
    low, high = np.floor(place - reach).astype(int), np.ceil(place + reach).astype(int)
    axes = [np.arange(a, b + 1) for a, b in zip(low, high, strict=True)]
    voxels = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    distance = np.linalg.norm(affine[:3, :3] @ voxels + affine[:3, 3:] - centre[:, None], axis=0)
    holds_centre = (voxels == np.round(place).astype(int)[:, None]).all(axis=0)
    return voxels[:, (distance <= radius) | holds_centre]
