"""Maps: images of one volume, such as a task's contrast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from corticolimbic.dataset._byte_stream import ByteStream, byte_stream
from corticolimbic.dataset._nifti import Layout, read_layout
from corticolimbic.foundation import InputError, Problem


@dataclass(frozen=True)
class VolumeMap:
    """A map on a grid.

    Parameters
    ----------
    values
        Scaled; values that are not finite are passed on.
    affine
        Voxel indices to mm; the sform where its code is above 0, else the qform.
    problems
        What was noted.
    """

    values: Float64[np.ndarray, "x y z"]
    affine: Float64[np.ndarray, "4 4"]
    problems: tuple[Problem, ...] = ()


def read_map(path: Path) -> VolumeMap:
    """Read an image of one volume, compressed or not.

    Raises
    ------
    InputError
        CL101, CL102 (the file), CL218 (no image, absurd sizes), CL219 (several volumes), CL220 (the file is
        shorter or longer than its header says), CL221 (values), CL222 (affine).
    """
    with byte_stream(path, path.name) as stream:
        layout = read_layout(stream)
        if layout.shape[3:] not in ((), (1,)):
            shown = " x ".join(map(str, layout.shape))
            found, expected = f"an image of {shown}", "one volume"
            raise InputError("CL219", file=path.name, found=found, expected=expected)
        return VolumeMap(one_volume(stream, layout), layout.affine, layout.problems)


def one_volume(stream: ByteStream, layout: Layout) -> Float64[np.ndarray, "x y z"]:
    """Read the values of the only volume, which must end with the file (CL220)."""
    stored = np.empty(layout.data_bytes // layout.dtype.itemsize, dtype=layout.dtype)
    filled = stream.read_into(stored.view(np.uint8).data)
    if filled < layout.data_bytes or stream.read(1):
        side = "fewer" if filled < layout.data_bytes else "more"
        raise InputError("CL220", file=stream.file, found=f"{side} data than the header says")
    with np.errstate(all="ignore"):
        values = stored.reshape(layout.shape[:3], order="F").astype(np.float64)
        if layout.slope is not None and layout.inter is not None:
            values = values * layout.slope + layout.inter
    return values
