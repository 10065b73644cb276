"""Clinical values: cells as written, and as numbers where they are numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from corticolimbic.foundation import MISSING_CELLS, Problem, SettingsError, problem

NO_SESSION = "ses-none"
"""Session of values that belong to the person, not to a visit."""


def number(cell: str) -> float:
    """Return the number in a cell, NaN where it is missing; raise ``ValueError`` where it is another text."""
    text = cell.strip()
    if text in MISSING_CELLS:
        return math.nan
    if "_" in text:  # Python reads 1_000; a hospital's table does not mean it
        raise ValueError(text)
    value = float(text)
    if not math.isfinite(value):  # also the spellings of NaN that mean no missing cell
        raise ValueError(text)
    return value


def numbers(cells: pd.Series, column: str, file: str = "participants.tsv") -> tuple[pd.Series, list[Problem]]:
    """Return a column as numbers, and a problem for every cell that is none.

    Parameters
    ----------
    cells
        Strings, indexed by participant.
    column, file
        For the problem.
    """
    values, problems = [], []
    for person, cell in cells.items():
        try:
            values.append(number(cell))
        except ValueError:
            values.append(np.nan)
            found = f"{column} = {cell!r}"
            problems.append(problem("CL307", participant_id=str(person), file=file, found=found))
    return pd.Series(values, index=cells.index, dtype=float), problems


def text_column(participants: pd.DataFrame, column: str) -> pd.Series:
    """Return a column of the participants table with missing cells empty.

    Raises
    ------
    SettingsError
        Where the table has no such column, naming those that it has.
    """
    if column not in participants.columns:
        has = ", ".join(map(str, participants.columns)) or "none"
        raise SettingsError(f"participants.tsv has no column {column!r}; its columns are {has}")
    cells = participants[column].astype(str).str.strip()
    return cells.where(~cells.isin(MISSING_CELLS), "")
