"""Reading fMRIPrep's table of confounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64

from corticolimbic.dataset._keyed_tables import unquoted
from corticolimbic.dataset._numbers import explain, number
from corticolimbic.dataset._runs import ImageRun
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, TextTable, problem, read_text_table

DISPLACEMENT = "framewise_displacement"
DVARS = "std_dvars"


@dataclass(frozen=True)
class Confounds:
    """What fMRIPrep measured beside the signal, volume by volume.

    Parameters
    ----------
    table
        One row a volume, columns as in the file, float64; NaN where the file says ``n/a`` (first rows of
        derivatives) and where a number is infinite, which is noted.
    framewise_displacement
        In mm, NaN in the first volume; None where the table has no such column, which is noted (CL205).
    problems
        What was tolerated while reading, with the person.
    """

    table: pd.DataFrame
    framewise_displacement: Float64[np.ndarray, " volumes"] | None
    problems: tuple[Problem, ...] = ()

    @property
    def std_dvars(self) -> Float64[np.ndarray, " volumes"] | None:
        """Standardised DVARS, NaN in the first volume; None where the table has no such column."""
        return self.table[DVARS].to_numpy(dtype=np.float64, copy=True) if DVARS in self.table else None


def read_confounds(root: Path, run: ImageRun, n_volumes: int) -> Confounds:
    """Read the confounds of a run.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.
    n_volumes
        Volumes of the image; the table must have as many rows.

    Raises
    ------
    InputError
        CL229 (no table), CL230 (another length), CL231 (text, with its row), CL216 (a negative framewise
        displacement), and those of `read_text_table`.
    """
    if run.confounds is None:
        raise InputError("CL229", file=run.bold, found="no *_desc-confounds_timeseries.tsv beside the run")
    file = run.confounds
    table = unquoted(read_text_table(within(root, file), name=file), file)
    if len(table.rows) != n_volumes:
        found = f"{len(table.rows)} rows of confounds and {n_volumes} volumes"
        raise InputError("CL230", file=file, found=found)
    values = _numbers(table, file)
    notes = [*table.problems, *_without_infinity(table, values, file)]
    named = [place for place, name in enumerate(table.columns) if name]
    if len(named) < len(table.columns):
        column = table.columns.index("") + 1
        notes.append(problem("CL117", file=file, row=1, found=f"column {column} has no name"))
    columns = pd.Index([table.columns[place] for place in named], dtype="str")
    frame = pd.DataFrame(values[:, named], columns=columns)
    displacement = _displacement(table, frame, file)
    if displacement is None:
        found = "columns " + ", ".join(table.columns[:8])
        notes.append(problem("CL205", file=file, row=1, found=found, severity="info"))
    rows = (replace(item, participant_id=run.participant_id, session_id=run.session_id) for item in notes)
    return Confounds(frame, displacement, tuple(rows))


def _numbers(table: TextTable, file: str) -> Float64[np.ndarray, "volumes columns"]:
    values = np.empty((len(table.rows), len(table.columns)))
    for place, (row, cells) in enumerate(zip(table.numbers, table.rows, strict=True)):
        for position, cell in enumerate(cells):
            try:
                values[place, position] = number(cell)
            except ValueError:
                found = f"{explain(cell)} in column {table.columns[position][:60]!r}"
                raise InputError("CL231", file=file, row=row, found=found) from None
    return values


def _without_infinity(table: TextTable, values: np.ndarray, file: str) -> Iterator[Problem]:
    """Make infinite values missing, in place, and name their columns."""
    infinite = np.isinf(values)
    for place in np.flatnonzero(infinite.any(axis=0)):
        row = table.numbers[int(np.argmax(infinite[:, place]))]
        found = f"an infinite value in column {table.columns[place][:60]!r}; it counts as missing"
        yield problem("CL231", file=file, row=row, found=found, severity="info")
    values[infinite] = math.nan


def _displacement(table: TextTable, frame: pd.DataFrame, file: str) -> Float64[np.ndarray, " volumes"] | None:
    if DISPLACEMENT not in frame:
        return None
    values = frame[DISPLACEMENT].to_numpy(dtype=np.float64, copy=True)
    below = np.flatnonzero(values < 0)
    if len(below):
        found = f"{values[below[0]]:g} mm"
        raise InputError("CL216", file=file, row=table.numbers[below[0]], found=found)
    return values
