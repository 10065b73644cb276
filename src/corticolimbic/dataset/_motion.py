"""Reading the motion table of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from corticolimbic.dataset._numbers import explain, number
from corticolimbic.dataset._runs import SeriesRun
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, TextTable, read_text_table

_COLUMN = "framewise_displacement"
_DVARS = "std_dvars"


@dataclass(frozen=True)
class Motion:
    """How far the head moved from one volume to the next.

    Parameters
    ----------
    framewise_displacement
        In mm, one value a volume; NaN where the table says ``n/a`` (the first volume has no predecessor).
    problems
        What was tolerated while reading.
    std_dvars
        Standardised DVARS, NaN where the table says ``n/a``; None where it was not asked for.
    """

    framewise_displacement: Float64[np.ndarray, " volumes"]
    problems: tuple[Problem, ...] = ()
    std_dvars: Float64[np.ndarray, " volumes"] | None = None


def read_motion(root: Path, run: SeriesRun, n_volumes: int, *, std_dvars: bool = False) -> Motion:
    """Read a run's framewise displacement.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    n_volumes
        Volumes of the series; the motion table must have as many rows.
    std_dvars
        Whether standardised DVARS is needed too.

    Raises
    ------
    InputError
        CL206 (no table), CL205 or CL239 (no such column), CL204 (another length), CL216 (text, negative or
        infinite, with its row), and those of `read_text_table`.
    """
    if run.motion is None:
        raise InputError("CL206", file=run.series, found="no *_motion.tsv with the series' entities")
    table = read_text_table(within(root, run.motion), name=run.motion)
    columns = [name.strip('"').casefold() for name in table.columns]
    if _COLUMN not in columns:
        found = "columns " + ", ".join(table.columns[:8])
        raise InputError("CL205", file=run.motion, row=1, found=found)
    if len(table.rows) != n_volumes:
        found = f"{len(table.rows)} motion rows and {n_volumes} volumes"
        raise InputError("CL204", file=run.motion, found=found)
    values = _column(table, columns.index(_COLUMN), run.motion)
    dvars = None
    if std_dvars:
        if _DVARS not in columns:
            raise InputError("CL239", file=run.motion, row=1, found="columns " + ", ".join(table.columns[:8]))
        dvars = _column(table, columns.index(_DVARS), run.motion)
    notes = (
        replace(item, participant_id=run.participant_id, session_id=run.session_id) for item in table.problems
    )
    return Motion(values, tuple(notes), dvars)


def _column(table: TextTable, place: int, file: str) -> Float64[np.ndarray, " volumes"]:
    cells = zip(table.numbers, table.rows, strict=True)
    return np.array([_not_negative(row[place], number, file) for number, row in cells], dtype=np.float64)


def _not_negative(cell: str, row: int, file: str) -> float:
    try:
        value = number(cell)
    except ValueError:
        raise InputError("CL216", file=file, row=row, found=explain(cell)) from None
    if value < 0 or math.isinf(value):
        raise InputError("CL216", file=file, row=row, found=repr(cell[:60]))
    return value
