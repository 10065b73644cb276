"""Preprocessed BOLD images: what the header says, and the volumes in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Float32, Float64, Int16

from corticolimbic.dataset._byte_stream import ByteStream, byte_stream
from corticolimbic.dataset._nifti import Layout, read_layout
from corticolimbic.dataset._repetition_time import bold_repetition_time
from corticolimbic.dataset._runs import BoldRun
from corticolimbic.dataset._stored import scale_into, stored_type, value_type
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem

CHUNK_BYTES = 2**25
"""Bytes of the values of a chunk by default (32 MiB)."""
Stored: TypeAlias = (
    Int16[np.ndarray, " voxels"] | Float32[np.ndarray, " voxels"] | Float64[np.ndarray, " voxels"]
)
"""A volume as it is stored."""


@dataclass(frozen=True)
class BoldHeader:
    """The grid and timing of a run.

    Parameters
    ----------
    shape
        Voxels along x, y and z.
    n_volumes
        Volumes in time.
    affine
        Voxel indices to mm of the run's space; the sform where its code is above 0, else the qform.
    repetition_time
        Seconds: the sidecars', else the header's, else what the caller said.
    zooms
        Voxel sizes in mm.
    dtype
        Name of the type that the volumes come in, ``float32`` or ``float64``.
    problems
        What was noted, with the person.
    slope, inter
        Value = slope x stored + inter, for volumes that come as they are stored (`iter_stored`).
    """

    shape: tuple[int, int, int]
    n_volumes: int
    affine: Float64[np.ndarray, "4 4"]
    repetition_time: float
    zooms: tuple[float, float, float]
    dtype: str
    problems: tuple[Problem, ...] = ()
    slope: float = 1.0
    inter: float = 0.0


def read_bold_header(root: Path, run: BoldRun, *, repetition_time: float | None = None) -> BoldHeader:
    """Read the header of a run's image, and its repetition time.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    repetition_time
        Seconds, where neither sidecar nor header states them (``dataset.repetition_time``).

    Raises
    ------
    InputError
        CL101, CL102 (the file), CL218 (no image, absurd sizes), CL219 (not 4-D), CL220 (the file cannot
        hold the data), CL221 (values), CL222 (affine), CL224 or CL225 (repetition time).
    """
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout = _four_d(read_layout(stream), run.bold)
    time, troubles = bold_repetition_time(root, run, layout.time_step, repetition_time)
    notes = tuple(
        replace(item, participant_id=run.participant_id, session_id=run.session_id)
        for item in (*layout.problems, *troubles)
    )
    x, y, z, n_volumes = layout.shape
    kind = value_type(layout.dtype, layout.slope).name
    slope, inter = (1.0, 0.0) if layout.slope is None else (layout.slope, layout.inter or 0.0)
    return BoldHeader((x, y, z), n_volumes, layout.affine, time, layout.zooms, kind, notes, slope, inter)


def iter_volumes(
    root: Path, run: BoldRun, *, chunk: int | None = None
) -> Iterator[tuple[int, Float[np.ndarray, "x y z volumes"]]]:
    """Yield the volumes of a run in order, some at a time, reading the file once.

    Memory is bounded by the chunk, whatever the length of the run.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    chunk
        Volumes at a time; by default as many as 32 MiB hold, at least one.

    Yields
    ------
    start
        Number of the chunk's first volume, from 0.
    volumes
        Scaled values, x by y by z by volumes, in Fortran order (x varies fastest, so that
        ``volumes.reshape(-1, k, order="F")`` is a view); float64 where the header scales or float32 could
        not hold the stored values, else float32. Values that are not finite are passed on.

    Raises
    ------
    InputError
        Those of `read_bold_header` save the repetition time's, and CL102 or CL220 where the file ends early
        or goes on beyond the data (known after the last volume in a compressed file).
    """
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk must be at least 1 volume, not {chunk}")
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout = _four_d(read_layout(stream), run.bold)
        grid, n_volumes = layout.shape[:3], layout.shape[3]
        volume_bytes = layout.data_bytes // n_volumes
        kind = value_type(layout.dtype, layout.slope)
        size = chunk or max(1, CHUNK_BYTES // (volume_bytes // layout.dtype.itemsize * kind.itemsize))
        size = min(size, n_volumes)
        stored = layout.dtype == kind and layout.slope is None  # then bytes are values, read where they lie
        raw = np.empty(0 if stored else size * volume_bytes, dtype=np.uint8)
        for start in range(0, n_volumes, size):
            count = min(size, n_volumes - start)
            values = np.empty((*grid, count), dtype=kind, order="F")
            flat = values.reshape(-1, order="F")
            target = flat.view(np.uint8) if stored else raw[: count * volume_bytes]
            if stream.read_into(target.data) < len(target):
                raise _too_short(stream.position - layout.offset, layout, run.bold)
            if not stored:
                scale_into(target.view(layout.dtype), flat, layout.slope, layout.inter)
            yield start, values
        _at_end(stream, layout)


def iter_stored(root: Path, run: BoldRun) -> Iterator[Stored]:
    """Yield the volumes of a run one by one as they are stored, before scaling, reading the file once.

    The quickest way through a file: nothing is converted that need not be, and one buffer serves all volumes.

    Parameters
    ----------
    root, run
        As for `iter_volumes`.

    Yields
    ------
    array
        Stored values of a volume, x varying fastest; int16, float32 or float64, whichever holds them exactly
        (integers beyond 2^53 are rounded). **Overwritten by the next volume.**

    Raises
    ------
    InputError
        As `iter_volumes`.
    """
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout = _four_d(read_layout(stream), run.bold)
        n_volumes = layout.shape[3]
        raw = np.empty(layout.data_bytes // n_volumes, dtype=np.uint8)
        stored = raw.view(layout.dtype)
        kind = stored_type(layout.dtype)
        values = stored if kind == layout.dtype else np.empty(stored.size, dtype=kind)
        for _ in range(n_volumes):
            if stream.read_into(raw.data) < len(raw):
                raise _too_short(stream.position - layout.offset, layout, run.bold)
            if values is not stored:
                values[:] = stored
            yield values
        _at_end(stream, layout)


def check_volumes(root: Path, run: BoldRun) -> None:
    """Read a run's image to its end without looking at the values.

    Raises
    ------
    InputError
        Those of `iter_volumes`.
    """
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout = _four_d(read_layout(stream), run.bold)
        passed = stream.skip(layout.data_bytes)
        if passed < layout.data_bytes:
            raise _too_short(passed, layout, run.bold)
        _at_end(stream, layout)


def _too_short(held: int, layout: Layout, file: str) -> InputError:
    n_volumes = layout.shape[3]
    found = f"data for {held * n_volumes / layout.data_bytes:.2f} volumes; the header says {n_volumes}"
    return InputError("CL220", file=file, found=found)


def _at_end(stream: ByteStream, layout: Layout) -> None:
    """Read the end of the file, where gzip keeps its checksum; more data is an error."""
    if stream.read(1):
        found = f"data beyond the {layout.data_bytes:,} bytes of {' x '.join(map(str, layout.shape))} values"
        raise InputError("CL220", file=stream.file, found=found)


def _four_d(layout: Layout, file: str) -> Layout:
    if len(layout.shape) != 4:
        shown = " x ".join(map(str, layout.shape))
        raise InputError("CL219", file=file, found=f"an image of {len(layout.shape)} dimensions, {shown}")
    return layout
