"""Grayordinates of a run: what the header and XML of a CIFTI file say, and the series in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from corticolimbic.circuit import CiftiLayout, CiftiSeries, Grayordinates, read_cifti_layout
from corticolimbic.dataset._byte_stream import ByteStream, byte_stream
from corticolimbic.dataset._repetition_time import bold_repetition_time
from corticolimbic.dataset._runs import CiftiRun
from corticolimbic.dataset._stored import scale_into, value_type
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem

CHUNK_BYTES = 2**23
"""Bytes of the values of a chunk by default (8 MiB)."""


@dataclass(frozen=True)
class CiftiHeader:
    """The grayordinates and timing of a run.

    Parameters
    ----------
    grayordinates
        Which vertex or voxel each row is.
    n_volumes
        Moments.
    repetition_time
        Seconds: the sidecars', else what the caller said, else the step of the file's series.
    dtype
        Name of the type that the values come in, ``float32`` or ``float64``.
    problems
        What was noted, with the person.
    """

    grayordinates: Grayordinates
    n_volumes: int
    repetition_time: float
    dtype: str
    problems: tuple[Problem, ...] = ()


def read_cifti_header(root: Path, run: CiftiRun, *, repetition_time: float | None = None) -> CiftiHeader:
    """Read what a run's CIFTI file says of itself, and its repetition time.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    repetition_time
        Seconds, where the sidecars state none (``dataset.repetition_time``).

    Raises
    ------
    InputError
        CL101 (the file), CL220 (its size), CL221 (values), CL224 or CL225 (repetition time), CL248 (no such
        CIFTI file), CL249 (header and XML contradict each other), CL250 (a series not in time).
    """
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout, step = _layout(stream)
    time, troubles = bold_repetition_time(root, run, step, repetition_time)
    notes = tuple(
        replace(item, participant_id=run.participant_id, session_id=run.session_id) for item in troubles
    )
    kind = value_type(layout.dtype, layout.slope).name
    return CiftiHeader(layout.grayordinates, layout.n_columns, time, kind, notes)


def iter_grayordinates(
    root: Path, run: CiftiRun, *, chunk: int | None = None
) -> Iterator[tuple[int, Float[np.ndarray, "grayordinates volumes"]]]:
    """Yield the series of a run's grayordinates in order, some at a time, reading the file once.

    A CIFTI file holds all moments of one grayordinate side by side, so that whole series come in chunks of
    grayordinates. Memory is bounded by the chunk.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    chunk
        Grayordinates at a time; by default as many as 8 MiB hold, at least one.

    Yields
    ------
    start
        Position of the chunk's first grayordinate, from 0.
    values
        Scaled values; float64 where the header scales or float32 could not hold the stored values, else
        float32. Values that are not finite are passed on.

    Raises
    ------
    InputError
        Those of `read_cifti_header` save the repetition time's.
    """
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk must be at least 1 grayordinate, not {chunk}")
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout, _ = _layout(stream)
        kind = value_type(layout.dtype, layout.slope)
        size = min(chunk or max(1, CHUNK_BYTES // (layout.n_columns * kind.itemsize)), layout.n_rows)
        for start in range(0, layout.n_rows, size):
            count = min(size, layout.n_rows - start)
            stored = np.empty(count * layout.n_columns, dtype=layout.dtype)
            if stream.read_into(stored.view(np.uint8).data) < stored.nbytes:
                raise InputError("CL220", file=run.bold, found="a file that became shorter while it was read")
            values = stored
            if layout.dtype != kind or layout.slope is not None:
                values = np.empty(stored.shape, dtype=kind)
                scale_into(stored, values, layout.slope, layout.inter)
            yield start, values.reshape(count, layout.n_columns)


def check_grayordinates(root: Path, run: CiftiRun) -> None:
    """Read a run's CIFTI file to its end without looking at the values.

    Raises
    ------
    InputError
        Those of `iter_grayordinates`.
    """
    with byte_stream(within(root, run.bold), run.bold) as stream:
        layout, _ = _layout(stream)
        if stream.skip(layout.n_rows * layout.row_bytes) < layout.n_rows * layout.row_bytes:
            raise InputError("CL220", file=run.bold, found="a file that became shorter while it was read")


def _layout(stream: ByteStream) -> tuple[CiftiLayout, float]:
    """Return the layout, and the step of the series in seconds."""
    layout = read_cifti_layout(stream.read, stream.size, stream.file)
    if not isinstance(layout.columns, CiftiSeries):
        raise InputError("CL248", file=stream.file, found="a matrix whose columns are LABELS, not SERIES")
    if layout.columns.unit != "SECOND":
        raise InputError("CL250", file=stream.file, found=f"a series in {layout.columns.unit[:40]}")
    return layout, layout.columns.step
