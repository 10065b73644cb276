"""The dataset's own tables, participants.tsv and the sessions tables, as sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.cohort._reading._dates import read_date
from corticolimbic.cohort._reading._field import UNKNOWN, Field, interpret
from corticolimbic.cohort._reading._grid import Coded
from corticolimbic.cohort._reading._sheet import Answers, Sheet, empty_sheet
from corticolimbic.cohort._source_settings import Source
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.foundation import InputError, inside

KEY = ["participant_id", "session_id"]


@dataclass(frozen=True)
class Tables:
    """What the dataset's own tables say, as its readers return it.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id, session_id and others.
    participant_rows
        Row of participants.tsv for each participant; may be empty.
    session_places
        File and row for each row of ``sessions``; may be empty.
    """

    participants: pd.DataFrame
    sessions: pd.DataFrame
    participant_rows: tuple[int, ...] = ()
    session_places: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class ImageMark:
    """A run that the study's reviewers marked as unusable.

    Parameters
    ----------
    participant_id, session_id
        With prefix.
    task, run
        Labels; ``n/a`` where the file name has none.
    """

    participant_id: str
    session_id: str
    task: str
    run: str


def own_sheets(tables: Tables, declared: Callable[[str, str], Field | None] | None = None) -> list[Sheet]:
    """Return the dataset's own tables as sheets, one a file.

    Parameters
    ----------
    tables
        As read.
    declared
        From the kind of table (participants or sessions) and a column to its field; None where it is text.
    """
    sheets = []
    people, sessions = tables.participants, tables.sessions
    if len(people.columns) and len(people):
        sheet = _sheet("participants.tsv", tables.participant_rows, len(people))
        sheet.person[:] = list(map(str, people.index))
        sheet.session[:] = NO_SESSION
        _answer(sheet, people, "participants", declared)
        sheets.append(sheet)
    places = tables.session_places or tuple(("sessions.tsv", -1) for _ in range(len(sessions)))
    by_file: dict[str, list[int]] = {}
    for place, (file, _) in enumerate(places):
        by_file.setdefault(file, []).append(place)
    for file, rows in by_file.items():
        part = sessions.iloc[rows]
        sheet = _sheet(file, tuple(places[row][1] for row in rows), len(rows))
        sheet.person[:] = list(map(str, part["participant_id"]))
        sheet.session[:] = list(map(str, part["session_id"]))
        if "acq_time" in part.columns:
            sheet.date = np.array([read_date(cell).days if cell else np.nan for cell in part["acq_time"]])
        _answer(sheet, part.drop(columns=KEY), "sessions", declared)
        sheets.append(sheet)
    return sheets


def _sheet(file: str, rows: tuple[int, ...], length: int) -> Sheet:
    numbers = np.array(rows, dtype=np.int64) if rows else np.full(length, -1, dtype=np.int64)
    return empty_sheet(file, numbers)


def _answer(
    sheet: Sheet, wide: pd.DataFrame, kind: str, declared: Callable[[str, str], Field | None] | None
) -> None:
    plain = Source(kind="phenotype", path=sheet.file)
    rows = np.arange(len(wide), dtype=np.int64)
    for name in map(str, wide.columns):
        cells = wide[name].fillna("").astype(str).str.strip().to_numpy(dtype=object)
        codes, kinds = pd.factorize(cells)
        coded = Coded(tuple(map(str, kinds)), codes.astype(np.int32))
        what = declared(kind, name) if declared else None
        read = interpret(coded, what or Field(name), plain)
        if what is not None:
            sheet.add(what, coded, read, rows)
            continue
        value = read.value[coded.codes]  # what the table means is settled later: no cell is a problem yet
        missing = np.where(value == "", UNKNOWN, 0).astype(np.int8)
        sheet.answers.append(Answers(name, "", rows, value, read.number[coded.codes], missing))


def files_like(dataset: Path, *patterns: str) -> Iterator[str]:
    """Yield the files of a dataset that match, sorted, relative to it; links that leave it are passed over.

    Parameters
    ----------
    dataset
        Its folder.
    patterns
        As for ``Path.glob``.
    """
    for pattern in patterns:
        for path in sorted(dataset.glob(pattern)):
            name = path.relative_to(dataset).as_posix()
            try:
                inside(dataset, name)
            except InputError:
                continue
            yield name
