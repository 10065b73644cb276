"""Brain masks on the grid of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool

from corticolimbic.dataset._bold import BoldHeader
from corticolimbic.dataset._byte_stream import byte_stream
from corticolimbic.dataset._map import one_volume
from corticolimbic.dataset._names import parse_name
from corticolimbic.dataset._nifti import Layout, corner_distance, read_layout
from corticolimbic.dataset._runs import BoldRun
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, SpaceMismatchError

_TOLERANCE = 0.05
"""Share of a voxel by which the corners of two equal grids may differ (affines are stored as float32)."""


def read_mask(root: Path, run: BoldRun, header: BoldHeader) -> Bool[np.ndarray, "x y z"]:
    """Read the brain mask of a run: inside where the value is finite and not 0.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    header
        Of the run, from `read_bold_header`; the mask must lie on its grid.

    Raises
    ------
    SpaceMismatchError
        CL402 where the mask's name says another space.
    InputError
        CL228 (no mask), CL227 (another grid, not 3-D, empty), and those of `read_bold_header` for the file.
    """
    if run.mask is None:
        raise InputError("CL228", file=run.bold, found="no mask")
    space = _space(run.mask)
    if space not in ("", run.space):
        found = f"a mask in space {space} and a run in space {run.space}"
        raise SpaceMismatchError("CL402", file=run.mask, found=found)
    with byte_stream(within(root, run.mask), run.mask) as stream:
        layout = read_layout(stream)
        _check_grid(layout, header, run.mask)
        values = one_volume(stream, layout)
    inside = np.ascontiguousarray(np.isfinite(values) & (values != 0))
    if not inside.any():
        raise InputError("CL227", file=run.mask, found="no voxel inside")
    return inside


def _space(file: str) -> str:
    try:
        return parse_name(file).entities.get("space", "")
    except ValueError:
        return ""


def _check_grid(layout: Layout, header: BoldHeader, file: str) -> None:
    shape = layout.shape[:3] if layout.shape[3:] == (1,) else layout.shape
    if shape != header.shape:
        ours, theirs = (" x ".join(map(str, lengths)) for lengths in (shape, header.shape))
        raise InputError("CL227", file=file, found=f"a mask of {ours} voxels and a run of {theirs}")
    apart = corner_distance(layout.affine, header.affine, header.shape)
    if apart > _TOLERANCE * min(header.zooms):
        found = f"a grid whose corners lie up to {apart:.3g} mm from the run's"
        raise InputError("CL227", file=file, found=found)
