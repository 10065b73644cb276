"""Cubes of voxels around coordinates: what publications of maps report where they read a map at a peak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from corticolimbic.circuit._atlas import Node
from corticolimbic.circuit._label_image import check_affine
from corticolimbic.circuit._weights import Grid, RegionWeights, mean_matrix
from corticolimbic.foundation import SettingsError


def cube_weights(
    nodes: Sequence[Node], width: int, shape: Grid, affine: Float[np.ndarray, "4 4"]
) -> RegionWeights:
    """Build mean weights of cubes of voxels, along the axes of the grid.

    Parameters
    ----------
    nodes
        Names and centres in mm; the middle voxel is the one that holds the centre.
    width
        Voxels along each side, odd.
    shape, affine
        The grid of the data: voxels along each axis, voxel indices to mm.

    Returns
    -------
    RegionWeights
        ``coverage`` is the share of the cube's voxels that lie inside the grid.

    Raises
    ------
    SettingsError
        Where the width is even or below 1, or a node has no centre.
    """
    if width < 1 or width % 2 == 0:
        raise SettingsError(f"a cube of {width} voxels has no middle voxel")
    check_affine(affine, "data")
    inverse = np.linalg.inv(affine)
    steps = np.arange(width) - width // 2
    cube = np.stack([axis.ravel() for axis in np.meshgrid(steps, steps, steps, indexing="ij")])
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for row, node in enumerate(nodes):
        if node.x is None or node.y is None or node.z is None:
            raise SettingsError(f"{node.name} has no centre")
        place = inverse[:3, :3] @ [node.x, node.y, node.z] + inverse[:3, 3]
        middle = np.floor(np.round(place, 5) + 0.5).astype(np.int64)  # rounding first: ties fall one way
        voxels = middle[:, None] + cube
        inside = ((voxels >= 0) & (voxels < np.array(shape)[:, None])).all(axis=0)
        columns.append(np.sort(np.ravel_multi_index(tuple(voxels[:, inside]), shape)))
        rows.append(np.full(int(inside.sum()), row))
    together = np.concatenate(rows)
    n_voxels = np.bincount(together, minlength=len(nodes))
    return RegionWeights(
        names=tuple(node.name for node in nodes),
        matrix=mean_matrix(together, np.concatenate(columns), n_voxels, int(np.prod(shape))),
        n_voxels=n_voxels,
        coverage=n_voxels / width**3,
        notes=(f"cubes of {width} voxels a side",),
    )
