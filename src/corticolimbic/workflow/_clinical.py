"""The clinical side of a dataset: its own tables and the declared sources, read once for all steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from corticolimbic.cohort import Clinical, CohortSettings, Tables, read_clinical, source_files
from corticolimbic.dataset import (
    Participants,
    Scan,
    SessionTables,
    read_participants,
    read_sessions_tables,
    without_runs,
)
from corticolimbic.dataset import validate as validate_dataset
from corticolimbic.foundation import Problem, SettingsError
from corticolimbic.workflow._cohort_scores import scored
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import DATASET, Context, Found
from corticolimbic.workflow._supplied_step import find_supplied

_NO_TABLE = frozenset({"CL301", "CL302"})
"""Problems of participants.tsv that are none where clinical sources say who the people are."""

_READING: Any = {
    "sources": True,
    "adapter": True,
    "day_zero": True,
    "scoring": True,
    "outcome": {"baseline_session"},
    "trajectories": {"schedule"},
}


@dataclass(frozen=True)
class People:
    """People and sessions with what all tables say of them, and the table of visits.

    Parameters
    ----------
    participants, sessions
        As the dataset's readers return them, filled from the sources.
    clinical
        The same with visits and the problems of the sources; scores stand among all three.
    scores
        Schema ``instrument_scores``.
    """

    participants: Participants
    sessions: SessionTables
    clinical: Clinical
    scores: pd.DataFrame


def clinical_inputs(context: Context, found: Found) -> tuple[str, ...]:
    """Return the files that clinical tables are read from, as inputs of a unit.

    Parameters
    ----------
    context
        Where, and the settings.
    found
        What a look at the dataset found.
    """
    own = [f"{DATASET}{name}" for name in ("participants.tsv", *found.sessions.files)]
    return tuple(dict.fromkeys([*own, *source_files(context.config.cohort, context.dataset)]))


def clinical_settings(config: Config) -> dict[str, Any]:
    """Return the settings that say how clinical tables are read."""
    return {"clinical": config.cohort.model_dump(mode="json", include=_READING)}


def read_people(dataset: Path, settings: CohortSettings) -> People:
    """Read all clinical tables; once in a process, until one of the files changes.

    Parameters
    ----------
    dataset
        Folder of the dataset.
    settings
        Sources, and how they are read.
    """
    sessions = read_sessions_tables(dataset)
    names = (f"{DATASET}{name}" for name in ("participants.tsv", *sessions.files))
    files = [
        dataset / name.removeprefix(DATASET) if name.startswith(DATASET) else Path(name)
        for name in (*names, *source_files(settings, dataset))
    ]
    stamps = tuple((str(path), _stamp(path)) for path in files)
    return _read(dataset, settings.model_dump_json(), stamps)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=2)
def _read(dataset: Path, said: str, stamps: tuple[tuple[str, tuple[int, int]], ...]) -> People:
    settings = CohortSettings.model_validate_json(said)
    own, visits = read_participants(dataset), read_sessions_tables(dataset)
    tables = Tables(own.table, visits.table, own.rows, visits.places)
    found, scores = scored(read_clinical(tables, settings, dataset), settings, dataset)
    if not settings.sources and settings.adapter == "none" and scores.empty:
        return People(own, visits, found, scores)
    ids = tuple(map(str, found.participants.index))
    people = replace(
        own,
        ids=ids,
        columns=tuple(map(str, found.participants.columns)),
        table=found.participants,
        problems=tuple(item for item in own.problems if not ids or item.code not in _NO_TABLE),
        usable=own.usable or bool(ids),
    )
    return People(people, replace(visits, table=found.sessions), found, scores)


def usable_runs(found: Scan, people: People) -> Scan:
    """Leave out the runs that the study's reviewers marked as unusable (named in the clinical problems)."""
    marked = {(mark.participant_id, mark.session_id, mark.task, mark.run) for mark in people.clinical.marked}
    return without_runs(found, marked)


def validate(dataset: Path, config: Config, *, n_jobs: int = 1) -> tuple[Problem, ...]:
    """Return every problem of a dataset and of its clinical sources, sorted.

    Parameters
    ----------
    dataset
        Folder of the dataset.
    config
        What is asked for, and the sources.
    n_jobs
        Processes that read runs.

    Raises
    ------
    SettingsError
        Where the dataset is no folder, or a declaration does not fit.
    """
    if not dataset.is_dir():
        raise SettingsError(f"{dataset} is no folder; name the folder of a dataset")
    people = read_people(dataset, config.cohort)
    supplied = find_supplied(
        dataset.resolve(), config, people.participants.ids if people.participants.usable else None
    )
    seen = tuple(person for person, _ in supplied.sessions)
    found = validate_dataset(
        dataset, config.dataset, n_jobs=n_jobs, people=people.participants, supplied=seen
    )
    return tuple(sorted({*found, *people.clinical.problems, *supplied.problems}))
