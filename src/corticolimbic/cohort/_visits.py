"""Clinical values: cells as written, and as numbers where they are numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from corticolimbic.features import schema
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


def visits_table(participants: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Return every clinical cell in long form (schema ``visits``).

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id, session_id and others.
    """
    parts = []
    if len(participants.columns) and len(participants):
        wide = participants.rename_axis("participant_id").reset_index()
        parts.append(_long(wide.assign(session_id=NO_SESSION), "participants.tsv"))
    if len(sessions):
        parts.append(_long(sessions, "sessions.tsv"))
    form = schema("visits")
    if not parts:
        return form.table([])
    table = pd.concat(parts, ignore_index=True)
    return form.check(table.sort_values(form.key, ignore_index=True)[form.names])


def _long(wide: pd.DataFrame, source: str) -> pd.DataFrame:
    key = ["participant_id", "session_id"]
    columns = {name: place for place, name in enumerate(name for name in wide.columns if name not in key)}
    numbered = wide.rename(columns=columns)  # a column of the source may be called "variable" or "value"
    table = numbered.melt(id_vars=key, var_name="variable", value_name="value")
    table["variable"] = table["variable"].map(dict(enumerate(columns)))
    cells = table["value"].fillna("").astype(str).str.strip()
    table["value"] = cells.where(~cells.isin(MISSING_CELLS), "")
    table["number"] = [_number_or_nan(cell) for cell in table["value"]]
    return table.assign(source=source)


def _number_or_nan(cell: str) -> float:
    try:
        return number(cell)
    except ValueError:
        return math.nan
