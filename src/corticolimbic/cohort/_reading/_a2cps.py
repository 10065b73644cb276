"""Adapter ``a2cps``: Acute to Chronic Pain Signatures, as its releases are laid out.

Cuff pain is rated three times a run (beginning, middle, end) from 0 to 10 in steps of 0.5, and stands in
``sub-*_sessions.tsv``. The events of a cuff run hold only the pressure, which is 0 in some. Reviewers mark
images green, amber (yellow) or red in ``*_scans.tsv``.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from corticolimbic.cohort._reading._field import UNKNOWN, Field
from corticolimbic.cohort._reading._own_tables import ImageMark, Tables, files_like, own_sheets
from corticolimbic.cohort._reading._sheet import Sheet
from corticolimbic.foundation import MISSING_CELLS, InputError, Problem, problem, read_text_table

_RATING = re.compile(r"cuff_pain_cuff[12]_(beginning|middle|end)")
_STEP = 0.5
_SCANS = ("sub-*/ses-*/*_scans.tsv", "sub-*/*_scans.tsv")
_EVENTS = ("sub-*/ses-*/func/*_task-cuff*_events.tsv",)
_COLOURS = {"green": "", "amber": "CL340", "yellow": "CL340", "red": "CL339"}
_ENTITY = re.compile(r"(?:^|_)(sub|ses|task|run)-([A-Za-z0-9]+)")


def a2cps_files(dataset: Path) -> tuple[str, ...]:
    """Return the files that the adapter reads beside the tables, relative to the dataset."""
    return tuple(files_like(dataset, *_SCANS, *_EVENTS))


def read_a2cps(tables: Tables, dataset: Path) -> tuple[list[Sheet], list[Problem], tuple[ImageMark, ...]]:
    """Return the study's tables as sheets, runs without pressure, and the runs marked red.

    Parameters
    ----------
    tables
        participants.tsv and the sessions tables, as read.
    dataset
        Folder of the dataset.
    """
    sheets = own_sheets(tables, _declared)
    for sheet in sheets:
        _hold_to_steps(sheet)
    problems: list[Problem] = []
    marks: list[ImageMark] = []
    for name in files_like(dataset, *_SCANS):
        marks += _marks(dataset, name, problems)
    for name in files_like(dataset, *_EVENTS):
        problems += _pressure(dataset, name)
    return sheets, problems, tuple(dict.fromkeys(marks))


def _declared(kind: str, column: str) -> Field | None:
    if kind == "sessions" and _RATING.fullmatch(column):
        return Field(column, "number", "NRS", 0.0, 10.0)
    return None


def _hold_to_steps(sheet: Sheet) -> None:
    """Find ratings between the steps of the scale; they become missing."""
    for answer in sheet.answers:
        if _RATING.fullmatch(answer.variable):
            steps = answer.number / _STEP
            between = ~np.isnan(steps) & (np.abs(steps - np.round(steps)) > 1e-9)
            for place in np.flatnonzero(between):
                found = f"{answer.variable} = {answer.value[place]!r}"
                expected = "0 to 10 in steps of 0.5"
                sheet.say("CL312", int(answer.rows[place]), found, expected=expected)
                answer.value[place], answer.number[place], answer.missing[place] = "", math.nan, UNKNOWN


def _marks(dataset: Path, name: str, problems: list[Problem]) -> list[ImageMark]:
    """Return the functional runs that a scans table marks red; every red and amber file becomes a problem."""
    person, session = _whose(name)
    try:
        table = read_text_table(dataset / name, name=name)
    except InputError as error:
        problems.append(error.about(person, session))
        return []
    columns = {column.casefold(): place for place, column in enumerate(table.columns)}
    if "filename" not in columns:
        lacking = InputError("CL318", file=name, row=1, found="no column filename")
        problems.append(lacking.about(person, session))
        return []
    nothing = {cell.casefold() for cell in MISSING_CELLS}
    colour = [
        place
        for place in range(len(table.columns))
        if (cells := {row[place].casefold() for row in table.rows} - nothing) and cells <= set(_COLOURS)
    ]
    marks = []
    for number, row in zip(table.numbers, table.rows, strict=True):
        worst = max((_COLOURS.get(row[place].casefold(), "") for place in colour), default="", key=_badness)
        if not worst:
            continue
        file = row[columns["filename"]]
        problems.append(
            problem(worst, participant_id=person, session_id=session, file=name, row=number, found=file)
        )
        entities = dict(_ENTITY.findall(file.rpartition("/")[2]))
        if worst == "CL339" and "task" in entities:
            marks.append(ImageMark(person, session, entities["task"], entities.get("run", "n/a")))
    return marks


def _badness(code: str) -> int:
    return ("", "CL340", "CL339").index(code)


def _whose(name: str) -> tuple[str, str]:
    entities = dict(_ENTITY.findall(name.rpartition("/")[2]))
    session = f"ses-{entities['ses']}" if "ses" in entities else "ses-none"
    return f"sub-{entities.get('sub', '')}", session


def _pressure(dataset: Path, name: str) -> list[Problem]:
    """Say so where no event of a cuff run has a pressure above 0."""
    person, session = _whose(name)
    try:
        table = read_text_table(dataset / name, name=name)
    except InputError as error:
        return [error.about(person, session)]
    if "applied_pressure" not in table.columns:
        return []
    pressures = set(table.column("applied_pressure")) - MISSING_CELLS
    if pressures and all(_is_zero(cell) for cell in pressures):
        found = f"applied_pressure 0 in all {len(table.rows)} events"
        return [problem("CL341", participant_id=person, session_id=session, file=name, found=found)]
    return []


def _is_zero(cell: str) -> bool:
    try:
        return float(cell) == 0
    except ValueError:
        return False
