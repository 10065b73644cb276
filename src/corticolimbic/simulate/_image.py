"""Writing images as they are made, a few volumes at a time."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import atomic_path
from corticolimbic.simulate._brain import Brain

SLOPE = 0.1
"""Signal units of one step of the stored integers."""
_LEVEL = 1


def write_bold(
    path: Path,
    brain: Brain,
    volumes: Iterable[Float[np.ndarray, "some voxels"]],
    n_volumes: int,
    repetition_time: float,
) -> None:
    """Write values of the brain's voxels as a scaled int16 NIfTI image, compressed, 0 outside the brain."""
    header = _header(brain, (*brain.mask.shape, n_volumes), "int16")
    header["pixdim"][4] = repetition_time
    header.set_xyzt_units("mm", "sec")
    header.set_slope_inter(SLOPE, 0.0)
    # The file has x vary fastest: places of the brain's voxels in that order, taken from those in ours.
    places = np.ravel_multi_index(
        np.unravel_index(brain.voxels, brain.mask.shape), brain.mask.shape, order="F"
    )
    limits = np.iinfo(np.int16)
    with atomic_path(path) as temporary, _compressed(temporary) as stream:
        stream.write(_start(header))
        whole = np.zeros(brain.mask.size, dtype="<i2")
        for block in volumes:
            for values in np.clip(np.rint(block / SLOPE), limits.min, limits.max).astype("<i2"):
                whole[places] = values
                stream.write(whole.tobytes())


def write_mask(path: Path, brain: Brain) -> None:
    """Write the brain's mask."""
    with atomic_path(path) as temporary, _compressed(temporary) as stream:
        stream.write(_start(_header(brain, brain.mask.shape, "uint8")))
        stream.write(brain.mask.astype(np.uint8).tobytes(order="F"))


def _header(brain: Brain, shape: tuple[int, ...], dtype: str) -> Any:
    from nibabel.nifti1 import Nifti1Header

    header = Nifti1Header(endianness="<")
    header.set_data_shape(shape)
    header.set_data_dtype(dtype)
    header.set_zooms((*[float(brain.affine[0, 0])] * 3, *[1.0] * (len(shape) - 3)))
    header.set_xyzt_units("mm", "sec")
    header.set_sform(brain.affine, code=4)
    header.set_qform(brain.affine, code=4)
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    return header


def _start(header: Any) -> bytes:
    return header.binaryblock + bytes(352 - len(header.binaryblock))


@contextmanager
def _compressed(path: Path) -> Iterator[BinaryIO]:
    """Open a gzip stream without name or time (equal content, equal bytes); fast where ISA-L is there."""
    with path.open("wb") as raw:
        try:
            from isal import igzip
        except ImportError:
            stream = gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0)
        else:
            stream = igzip.IGzipFile("", "wb", _LEVEL, raw, mtime=0)
        with stream, io.BufferedWriter(cast(io.RawIOBase, stream), 2**20) as buffered:
            yield buffered
