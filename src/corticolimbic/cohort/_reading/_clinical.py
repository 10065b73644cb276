"""All clinical tables of a study as one: people, sessions and visits, with every problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.cohort._reading._a2cps import a2cps_files, read_a2cps
from corticolimbic.cohort._reading._assemble import visits_of
from corticolimbic.cohort._reading._checks import (
    check_birth,
    check_diaries,
    check_people,
    check_visits,
    check_windows,
)
from corticolimbic.cohort._reading._dates import read_date
from corticolimbic.cohort._reading._openpain import openpain_files, read_openpain
from corticolimbic.cohort._reading._own_tables import ImageMark, Tables, own_sheets
from corticolimbic.cohort._reading._redcap import read_redcap
from corticolimbic.cohort._reading._sheet import NO_INSTANCE, Sheet
from corticolimbic.cohort._reading._table import read_phenotype, read_table_source
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.cohort._settings import CohortSettings
from corticolimbic.cohort._source_settings import Source
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.features import schema, session_order
from corticolimbic.foundation import InputError, Problem, SettingsError, inside, problem

IN_DATASET = "dataset:"
"""Prefix of files that lie in the dataset."""


@dataclass(frozen=True)
class Clinical:
    """Everything clinical of a study.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id: what is said of a person, and what was asked in one session only.
    sessions
        Strings: participant_id, session_id, then every variable asked once in a session.
    visits
        Schema ``visits``: everything.
    problems
        What was found.
    marked
        Runs that the study's reviewers marked as unusable.
    """

    participants: pd.DataFrame
    sessions: pd.DataFrame
    visits: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    marked: tuple[ImageMark, ...] = ()


def source_files(settings: CohortSettings, dataset: Path) -> tuple[str, ...]:
    """Return the files that sources, adapter and scoring read, each ``dataset:PATH`` or an absolute path.

    Parameters
    ----------
    settings
        With sources, and the files that scoring names.
    dataset
        Folder of the dataset.
    """
    names: dict[str, None] = {}
    for source in settings.sources:
        for name in source.files:
            path = file_path(name, dataset)
            if source.kind == "phenotype" and name == source.path:
                names.update(
                    dict.fromkeys(part for table in _tables(path) for part in _pair(name, path, table))
                )
            else:
                names[name if name.startswith(IN_DATASET) else str(path.resolve())] = None
    for name in settings.scoring.files:
        path = file_path(name, dataset)
        names[name if name.startswith(IN_DATASET) else str(path.resolve())] = None
    listing = {"openpain": openpain_files, "a2cps": a2cps_files}.get(settings.adapter)
    if listing is not None:
        names.update(dict.fromkeys(f"{IN_DATASET}{name}" for name in listing(dataset)))
    return tuple(names)


def _pair(name: str, path: Path, table: Path) -> tuple[str, ...]:
    """Return a phenotype table and its JSON, as names of inputs."""
    beside = table.with_name(table.name.removesuffix(".gz").removesuffix(".tsv") + ".json")
    if not name.startswith(IN_DATASET):
        return str(table.resolve()), str(beside.resolve())
    base = name if path.is_file() else f"{name.rstrip('/')}/{table.name}"
    return base, base.removesuffix(".gz").removesuffix(".tsv") + ".json"


def file_path(name: str, dataset: Path) -> Path:
    """Return the file that a setting names.

    Raises
    ------
    InputError
        CL110 where a path into the dataset leaves it.
    """
    if name.startswith(IN_DATASET):
        inside(dataset, name.removeprefix(IN_DATASET))
        return dataset / name.removeprefix(IN_DATASET)
    return Path(name)


def placed_scoring(settings: CohortSettings, dataset: Path) -> ScoringSettings:
    """Return how questionnaires are scored, the files named by their paths.

    Parameters
    ----------
    settings
        With the files as written, as sources are.
    dataset
        Folder of the dataset.

    Raises
    ------
    InputError
        CL110 where a path into the dataset leaves it.
    """
    told = settings.scoring
    named = {
        name: str(file_path(value, dataset))
        for name in ("mapping", "rules")
        if (value := getattr(told, name)) is not None
    }
    norms = tuple(str(file_path(name, dataset)) for name in told.norms)
    return told.model_copy(update={**named, "norms": norms})


def _tables(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(item for item in path.glob("*.tsv*") if item.name.endswith((".tsv", ".tsv.gz")))
    return [path]


def read_clinical(tables: Tables, settings: CohortSettings, dataset: Path) -> Clinical:
    """Read all declared sources beside the dataset's own tables, check them, and make one of them.

    Parameters
    ----------
    tables
        The dataset's own.
    settings
        Sources, schedule, day zero.
    dataset
        Folder of the dataset, for paths that begin with ``dataset:``.

    Raises
    ------
    SettingsError
        Where a declaration does not fit (a column, event or mapping that is not there).
    """
    known = tuple(sorted({*map(str, tables.participants.index), *_folders(dataset)}))
    sheets: list[Sheet] = []
    problems: list[Problem] = []
    for source in settings.sources:
        made, found = _read(source, dataset, known)
        sheets += made
        problems += found
    births = check_people(sheets)
    check_birth(sheets, births)
    order = [name for source in settings.sources for name in source.events.values()]
    own, adapted, marked = _adapted(tables, settings, dataset)
    problems += adapted
    first = check_visits([*sheets, *own], settings.trajectories.schedule, order)
    zero = _zero(sheets, settings, first)
    check_windows(sheets, settings.trajectories.schedule, zero)
    check_diaries(sheets, zero if settings.day_zero is None else first, _exported(settings))
    visits, differing = visits_of([*own, *sheets], zero)
    problems += [item for sheet in [*own, *sheets] for item in sheet.problems]
    everything = tuple(sorted({*problems, *differing}))
    if not settings.sources and settings.adapter == "none":
        return Clinical(tables.participants, tables.sessions, visits, everything)
    people, sessions = wide_tables(visits, tables)
    return Clinical(people, sessions, visits, everything, marked)


def _folders(dataset: Path) -> set[str]:
    """Return the people that the dataset has folders of, which show how their ids are written."""
    try:
        return {entry.name for entry in dataset.iterdir() if entry.name.startswith("sub-")}
    except OSError:
        return set()


def _read(source: Source, dataset: Path, known: tuple[str, ...]) -> tuple[list[Sheet], list[Problem]]:
    """Read one source; what cannot be read is a problem, and the other sources go on."""
    sheets: list[Sheet] = []
    try:
        path = file_path(source.path, dataset)
        beside = {
            key: file_path(name, dataset) if (name := getattr(source, key)) else None
            for key in ("dictionary", "designations", "mapping")
        }
        if source.kind == "redcap":
            read = read_redcap(
                path,
                source,
                name=_shown(source.path),
                dictionary=beside["dictionary"],
                designations=beside["designations"],
                known=known,
            )
            return [read], []
        if source.kind == "table":
            mapping = beside["mapping"] or path
            return [
                read_table_source(path, source, name=_shown(source.path), mapping=mapping, known=known)
            ], []
    except InputError as error:
        return [], [error.problem]
    problems: list[Problem] = []
    if not _tables(path):
        problems.append(problem("CL318", file=_shown(source.path), found="no .tsv table in the folder"))
    for table in _tables(path):
        name = _shown(source.path) if table == path else f"{_shown(source.path).rstrip('/')}/{table.name}"
        try:
            sheets.append(read_phenotype(table, source, name=name, known=known))
        except InputError as error:
            problems.append(error.problem)
    return sheets, problems


def _shown(name: str) -> str:
    return name.removeprefix(IN_DATASET)


def _adapted(
    tables: Tables, settings: CohortSettings, dataset: Path
) -> tuple[list[Sheet], list[Problem], tuple[ImageMark, ...]]:
    """Return the dataset's own tables as the study's adapter reads them."""
    if settings.adapter == "openpain":
        return *read_openpain(tables, dataset), ()
    if settings.adapter == "a2cps":
        return read_a2cps(tables, dataset)
    return own_sheets(tables), [], ()


def _zero(sheets: Sequence[Sheet], settings: CohortSettings, first: pd.Series) -> pd.Series:
    """Return day zero by participant: the declared variable's date, else the first visit."""
    if settings.day_zero is None:
        return first
    days: dict[str, float] = {}
    known = False
    for sheet in sheets:
        for answer in sheet.answers:
            if answer.variable != settings.day_zero:
                continue
            known = True
            for row, cell in zip(answer.rows.tolist(), answer.value.tolist(), strict=True):
                if cell and sheet.person[row]:
                    days.setdefault(str(sheet.person[row]), read_date(cell).days)
    if not known:
        raise SettingsError(f"cohort.day_zero: no source has the variable {settings.day_zero!r}")
    return pd.Series(days, dtype=float)


def _exported(settings: CohortSettings) -> dict[str, float]:
    return {
        _shown(source.path): read_date(source.exported).days
        for source in settings.sources
        if source.exported is not None
    }


def wide_tables(visits: pd.DataFrame, tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return people and sessions as tables of strings, from the long table.

    A variable that everybody has in one session only (or in none) is a column of the people; one asked once
    in a session is a column of the sessions. Diaries stay in the long table.
    """
    single = visits["instance"].to_numpy() == NO_INSTANCE
    codes, names = pd.factorize(visits["variable"].to_numpy(dtype=object))
    person, people = pd.factorize(visits["participant_id"].to_numpy(dtype=object))
    session, sessions = pd.factorize(visits["session_id"].to_numpy(dtype=object))
    everybody = sorted({*map(str, tables.participants.index), *people.tolist()})
    place = {name: at for at, name in enumerate(everybody)}
    whom = np.array([place[name] for name in people], dtype=np.int64)[person] if len(person) else person
    value = visits["value"].to_numpy(dtype=object)
    nowhere = sessions.tolist().index(NO_SESSION) if NO_SESSION in sessions else -1
    visit_key = whom * max(len(sessions), 1) + session
    pairs = np.unique(visit_key[single & (session != nowhere)])
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    by_person: dict[str, np.ndarray] = {}
    by_session: dict[str, np.ndarray] = {}
    for at, name in enumerate(names):
        rows = order[starts[at] : starts[at + 1]]
        rows = rows[single[rows]]
        if not len(rows):
            continue
        held = np.flatnonzero(np.bincount(session[rows], minlength=len(sessions)))
        of_person = rows[session[rows] == nowhere]
        if len(held) == 1 or len(of_person):
            chosen = rows if len(held) == 1 else of_person
            column = np.full(len(everybody), "", dtype=object)
            column[whom[chosen]] = value[chosen]
            by_person[str(name)] = column
        visit = rows[session[rows] != nowhere]
        if len(visit):
            column = np.full(len(pairs), "", dtype=object)
            column[np.searchsorted(pairs, visit_key[visit])] = value[visit]
            by_session[str(name)] = column
    first = [str(name) for name in tables.participants.columns]
    ordered = [*(name for name in first if name in by_person), *(n for n in by_person if n not in first)]
    index = pd.Index(everybody, name="participant_id", dtype="str")
    wide = pd.DataFrame({name: by_person[name] for name in ordered}, index=index, dtype="str")
    keys = {
        "participant_id": [everybody[at // max(len(sessions), 1)] for at in pairs],
        "session_id": [str(sessions[at % max(len(sessions), 1)]) for at in pairs],
    }
    table = pd.DataFrame({**keys, **by_session}, dtype="str")
    ranked = sorted(
        range(len(table)), key=lambda at: (keys["participant_id"][at], session_order(keys["session_id"][at]))
    )
    return wide, table.iloc[ranked].reset_index(drop=True)


def visits_table(
    participants: pd.DataFrame,
    sessions: pd.DataFrame,
    *,
    participant_rows: tuple[int, ...] = (),
    session_places: tuple[tuple[str, int], ...] = (),
) -> pd.DataFrame:
    """Return every clinical cell of the dataset's own tables in long form (schema ``visits``).

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id, session_id and others.
    participant_rows
        Row of the file for each participant, where known.
    session_places
        File and row for each row of ``sessions``, where known.
    """
    sheets = own_sheets(Tables(participants, sessions, participant_rows, session_places))
    zero = check_visits(sheets, (), ())
    return visits_of(sheets, zero)[0] if sheets else schema("visits").table([])
