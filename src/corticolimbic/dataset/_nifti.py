"""What the header of a NIfTI image says, checked before a byte of memory is asked for."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from corticolimbic.circuit import stored_dtype, stored_scaling
from corticolimbic.dataset._byte_stream import ByteStream
from corticolimbic.foundation import InputError, Problem, problem

VOXEL_LIMIT = 2**27
"""Most voxels of one volume (512 x 512 x 512)."""
DATA_LIMIT = 2**36
"""Most bytes of an image's data after decompression (64 GiB)."""
_OFFSET_LIMIT = 2**28
"""Most bytes of header and extensions."""
_SIZES = {348: 1, 540: 2}
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
"""NIfTI's codes of time units; any other counts as seconds."""
_SILENT = logging.Logger("corticolimbic.dataset.nifti", logging.CRITICAL + 1)


@dataclass(frozen=True)
class Layout:
    """Where the values of an image lie in its file, and in space.

    Parameters
    ----------
    shape
        At least three dimensions, none below 1, none of length 1 beyond the fourth.
    dtype
        As stored, with byte order.
    offset
        Bytes before the first value.
    slope, inter
        Value = slope x stored + inter, in float64; None where the stored values are the values.
    affine
        Voxel indices to mm: the sform where its code is above 0, else the qform (nibabel's rule).
    zooms
        Voxel sizes in mm.
    time_step
        Seconds by the header's time units; 0 or NaN where it states none.
    problems
        What was noted.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    slope: float | None
    inter: float | None
    affine: Float64[np.ndarray, "4 4"]
    zooms: tuple[float, float, float]
    time_step: float
    problems: tuple[Problem, ...] = ()

    @property
    def data_bytes(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_layout(stream: ByteStream) -> Layout:
    """Read the header at the beginning of a stream and leave the stream at the first value.

    Raises
    ------
    InputError
        CL218 (no NIfTI image, absurd sizes), CL220 (the file cannot hold the data), CL221 (type or
        scaling), CL222 (affine).
    """
    file = stream.file
    header = _header(stream)
    with np.errstate(all="ignore"):
        try:
            shape = _shape(header, file)
            dtype = stored_dtype(header, file)
            slope, inter = stored_scaling(header, file)
            affine, zooms, notes = _geometry(header, file)
            time_step = _time_step(header)
        except InputError:
            raise
        except Exception as error:  # nibabel's own errors share no base class
            raise InputError("CL218", file=file, found=f"{type(error).__name__}: {error}") from error
    offset = _offset(header, file)
    layout = Layout(shape, dtype, offset, slope, inter, affine, zooms, time_step, tuple(notes))
    _check_size(layout, stream)
    skipped = offset - stream.position
    if skipped < 0 or stream.skip(skipped) < skipped:
        raise InputError("CL220", file=file, found=f"{stream.position:,} bytes; the data begin at {offset:,}")
    return layout


def _header(stream: ByteStream) -> Any:
    from nibabel import Nifti1Header, Nifti2Header

    start = stream.read(4)
    mark = next((mark for mark in "<>" if _header_size(start, mark) in _SIZES), None)
    if mark is None:
        raise InputError("CL218", file=stream.file, found=_what_else(start))
    size = _header_size(start, mark)
    version = _SIZES[size]
    block = start + stream.read(size - 4)
    if len(block) < size:
        raise InputError("CL220", file=stream.file, found=f"{len(block)} bytes, less than a header")
    magic = block[344:348] if version == 1 else block[4:8]
    if magic[:3] != (b"n+1" if version == 1 else b"n+2"):
        shown = magic.decode("ascii", "replace")
        found = f"the mark {shown!r}" + (" (header and image in two files)" if magic[:2] == b"ni" else "")
        raise InputError("CL218", file=stream.file, found=found)
    kind = Nifti1Header if version == 1 else Nifti2Header
    try:
        with np.errstate(all="ignore"):
            header = kind(block, mark, check=False)
            header.check_fix(logger=_SILENT, error_level=40)
    except Exception as error:  # nibabel's own errors share no base class
        raise InputError("CL218", file=stream.file, found=f"{type(error).__name__}: {error}") from error
    return header


def _header_size(start: bytes, mark: str) -> int:
    return int.from_bytes(start, "little" if mark == "<" else "big") if len(start) == 4 else 0


def _what_else(start: bytes) -> str:
    if not start:
        return "an empty file"
    if start[:2] == b"\x1f\x8b":
        return "gzip inside, where the name says otherwise"
    if start[:1] == b"/":
        return "a path as text (a git-annex pointer whose content was not fetched)"
    return f"a file that begins with {start!r}"


def _shape(header: Any, file: str) -> tuple[int, ...]:
    if not 1 <= int(header["dim"][0]) <= 7:
        raise InputError("CL218", file=file, found=f"an image of {int(header['dim'][0])} dimensions")
    shape = [int(length) for length in header.get_data_shape()]
    shown = " x ".join(map(str, shape)) or "no dimension"
    while len(shape) > 4 and shape[-1] == 1:
        shape.pop()
    if len(shape) < 3 or min(shape) < 1 or math.prod(shape[:3]) > VOXEL_LIMIT:
        raise InputError("CL218", file=file, found=f"an image of {shown}")
    return tuple(shape)


def _geometry(
    header: Any, file: str
) -> tuple[Float64[np.ndarray, "4 4"], tuple[float, float, float], list[Problem]]:
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    if sform <= 0 and qform <= 0:
        raise InputError("CL222", file=file, found="neither an sform nor a qform (both codes are 0)")
    try:
        affine = np.array(header.get_best_affine(), dtype=np.float64)
    except Exception as error:  # nibabel: quaternions of no rotation
        raise InputError("CL222", file=file, found=str(error)) from error
    usable = affine.shape == (4, 4) and bool(np.isfinite(affine).all())
    if not usable or not 1e-9 < abs(np.linalg.det(affine[:3, :3])) < 1e9:
        found = "an affine that is not finite" if not usable else "an affine that cannot be inverted"
        raise InputError("CL222", file=file, found=f"{found} ({'sform' if sform > 0 else 'qform'})")
    edges = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    zooms = (float(edges[0]), float(edges[1]), float(edges[2]))
    notes = []
    if sform > 0 and qform > 0:
        notes += [problem("CL223", file=file, found=found) for found in _disagreement(header, affine)]
    return affine, zooms, notes


def _disagreement(header: Any, affine: np.ndarray) -> list[str]:
    """Say how far a corner of the grid moves from sform to qform, where it is a tenth of a voxel or more."""
    try:
        other = np.asarray(header.get_qform(), dtype=np.float64)
    except Exception:  # the qform is not used
        return ["a qform that is no rotation; the sform is used"]
    distance = corner_distance(affine, other, tuple(header.get_data_shape()[:3]))
    smallest = np.sqrt((affine[:3, :3] ** 2).sum(axis=0)).min()
    if distance < 0.1 * smallest:
        return []
    return [f"corners up to {distance:.3g} mm apart; the sform is used"]


def corner_distance(first: np.ndarray, second: np.ndarray, shape: tuple[int, ...]) -> float:
    """Return how far two affines put the corners of a grid apart, at most, in mm (infinite if not finite)."""
    corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)], dtype=np.float64)
    corners[:, :3] *= np.array(shape[:3]) - 1
    moved = corners @ (first - second).T
    distance = float(np.sqrt((moved[:, :3] ** 2).sum(axis=1)).max())
    return distance if math.isfinite(distance) else math.inf


def _time_step(header: Any) -> float:
    unit = _SECONDS.get(int(header["xyzt_units"]) & 0b111000, 1.0)
    return float(header["pixdim"][4]) * unit


def _offset(header: Any, file: str) -> int:
    stated = float(header["vox_offset"])
    least = int(header["sizeof_hdr"]) + 4
    if stated == 0:  # some programs leave it so; the data cannot begin inside the header
        return least
    if not least <= stated <= _OFFSET_LIMIT or stated != int(stated):
        raise InputError("CL218", file=file, found=f"data that begin at byte {stated:g}")
    return int(stated)


def _check_size(layout: Layout, stream: ByteStream) -> None:
    needed = layout.offset + layout.data_bytes
    shown = " x ".join(map(str, layout.shape)) + f" of {layout.dtype.name}"
    if layout.data_bytes > DATA_LIMIT:
        raise InputError("CL218", file=stream.file, found=f"an image of {shown}, above {DATA_LIMIT:,} bytes")
    if needed > stream.most:
        state = " after decompression" if stream.compressed else ""
        found = f"{stream.size:,} bytes in the file; {shown} needs {needed:,}{state}"
        raise InputError("CL220", file=stream.file, found=found)
    if not stream.compressed and needed < stream.size:
        found = f"{stream.size:,} bytes in the file; {shown} needs {needed:,}"
        raise InputError("CL220", file=stream.file, found=found)
