"""Adapter ``openpain``: the OpenPain subacute longitudinal study, as it is published.

Visits 1 to 5; tasks sp (spontaneous pain), sv and mv (visual controls) and resting, the rated ones with
``*_resp.tsv.gz`` and ``*_stim.tsv.gz``. A missing cell is written n/a whatever the reason, so that the reason
is taken from what else is there: nobody has the measure at that visit (not asked), the person has no files of
that visit (lost), or neither (unknown).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corticolimbic.cohort._reading._field import LOST, NOT_ASKED, UNKNOWN, Field
from corticolimbic.cohort._reading._json import entry_of, read_tolerant_json
from corticolimbic.cohort._reading._own_tables import Tables, files_like, own_sheets
from corticolimbic.cohort._reading._sheet import NO_INSTANCE, Answers, Sheet, empty_sheet
from corticolimbic.cohort._reading._table import phenotype_field
from corticolimbic.cohort._source_settings import Source
from corticolimbic.foundation import InputError, Problem, problem, read_bytes

_SIDECARS = ("participants.json", "sessions.json")
_SERIES = ("sub-*/ses-*/func/*_resp.tsv.gz", "sub-*/ses-*/func/*_stim.tsv.gz")
_NAME = re.compile(
    r"(?P<sub>sub-[A-Za-z0-9]+)_(?P<ses>ses-[A-Za-z0-9]+)_task-(?P<task>[A-Za-z0-9]+)"
    r"(?:_run-(?P<run>[A-Za-z0-9]+))?_(?P<kind>resp|stim)\.tsv\.gz"
)
_PLAIN = Source(kind="phenotype", path="participants.tsv")


def openpain_files(dataset: Path) -> tuple[str, ...]:
    """Return the files that the adapter reads beside the tables, relative to the dataset."""
    return tuple(files_like(dataset, *_SIDECARS, "task-*_resp.json", "task-*_stim.json", *_SERIES))


def read_openpain(tables: Tables, dataset: Path) -> tuple[list[Sheet], list[Problem]]:
    """Return the study's tables as sheets, with the mean and spread of each continuous rating.

    Parameters
    ----------
    tables
        participants.tsv and the sessions tables, as read.
    dataset
        Folder of the dataset.
    """
    said: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for name in _SIDECARS:
        if (dataset / name).exists():
            said[name.removesuffix(".json")], mended = read_tolerant_json(dataset / name, name)
            problems += mended

    def declared(kind: str, column: str) -> Field | None:
        entry = entry_of(said.get(kind, {}), column)
        return phenotype_field(column, entry, _PLAIN) if entry else None

    sheets = own_sheets(tables, declared)
    _tell_reasons([sheet for sheet in sheets if sheet.file != "participants.tsv"], dataset)
    rates, notes = _frequencies(dataset)
    problems += notes
    ratings = _ratings(dataset, rates, problems)
    return [*sheets, *ratings], problems


def _tell_reasons(sheets: Sequence[Sheet], dataset: Path) -> None:
    """Replace "unknown" by the reason that the rest of the dataset shows."""
    asked: set[tuple[str, str]] = set()
    for sheet in sheets:
        for answer in sheet.answers:
            for row in answer.rows[answer.missing == 0]:
                asked.add((answer.variable, str(sheet.session[row])))
    for sheet in sheets:
        for answer in sheet.answers:
            for place in np.flatnonzero(answer.missing == UNKNOWN):
                row = answer.rows[place]
                if (answer.variable, str(sheet.session[row])) not in asked:
                    answer.missing[place] = NOT_ASKED
                elif not (dataset / str(sheet.person[row]) / str(sheet.session[row])).is_dir():
                    answer.missing[place] = LOST


def _frequencies(dataset: Path) -> tuple[dict[tuple[str, str], float], list[Problem]]:
    """Return the sampling frequency (Hz) of each task's series; one written as text is read and noted."""
    rates: dict[tuple[str, str], float] = {}
    problems: list[Problem] = []
    for name in files_like(dataset, "task-*_resp.json", "task-*_stim.json"):
        said, notes = read_tolerant_json(dataset / name, name)
        problems += notes
        task, _, kind = name.removeprefix("task-").removesuffix(".json").partition("_")
        value = said.get("SamplingFrequency")
        if isinstance(value, str):
            problems.append(problem("CL338", file=name, found=f"SamplingFrequency = {value!r}"))
        try:
            rate = float(value) if value is not None and not isinstance(value, bool) else np.nan
        except (TypeError, ValueError):
            rate = np.nan
        if rate > 0 and np.isfinite(rate):
            rates[task, kind] = rate
    return rates, problems


def _ratings(dataset: Path, rates: dict[tuple[str, str], float], problems: list[Problem]) -> list[Sheet]:
    """Return mean, standard deviation and length of each continuous rating, one sheet a file."""
    sheets = []
    for name in files_like(dataset, *_SERIES):
        found = _NAME.fullmatch(name.rpartition("/")[2])
        if found is None or not (dataset / name).is_file():  # content that was not fetched
            continue
        try:
            values = _series(dataset / name)
        except InputError as error:
            at = problem(
                error.problem.code,
                participant_id=found["sub"],
                session_id=found["ses"],
                file=name,
                found=error.problem.found,
            )
            problems.append(at)
            continue
        sheet = empty_sheet(name, np.ones(1, dtype=np.int64))
        sheet.person[:], sheet.session[:] = found["sub"], found["ses"]
        sheet.instance[:] = found["run"] or NO_INSTANCE
        start = f"{found['task']}_{found['kind']}"
        measured = {f"{start}_mean": float(values.mean()), f"{start}_sd": float(values.std())}
        rate = rates.get((found["task"], found["kind"]))
        if rate is not None:
            measured[f"{start}_seconds"] = len(values) / rate
        for variable, number in measured.items():
            value = np.array([f"{number:.6g}"], dtype=object)
            one, none = np.array([number]), np.zeros(1, dtype=np.int8)
            sheet.answers.append(Answers(variable, "", np.zeros(1, dtype=np.int64), value, one, none))
        sheets.append(sheet)
    return sheets


def _series(path: Path) -> np.ndarray:
    """Return the first column of a series without header (BIDS continuous recordings)."""
    text = read_bytes(path).decode("utf-8", "replace")
    cells = [line.split("\t")[0].strip() for line in text.splitlines() if line.strip()]
    try:
        values = np.array([float(cell) for cell in cells if cell not in {"n/a", "NaN"}], dtype=float)
    except ValueError as error:
        raise InputError("CL307", file=path.name, found=str(error)) from error
    if not len(values) or not np.isfinite(values).all():
        raise InputError("CL111", file=path.name, found="no finite ratings")
    return values
