"""Every problem of a dataset at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from corticolimbic.dataset._description import read_description
from corticolimbic.dataset._join import check_join
from corticolimbic.dataset._motion import read_motion
from corticolimbic.dataset._participants import read_participants
from corticolimbic.dataset._runs import SeriesRun
from corticolimbic.dataset._scan import scan
from corticolimbic.dataset._series import read_series
from corticolimbic.dataset._session_tables import read_sessions_tables
from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.foundation import InputError, Problem, parallel_map, problem


def validate(root: Path, settings: DatasetSettings | None = None, *, n_jobs: int = 1) -> tuple[Problem, ...]:
    """Read every file of a dataset and return all that is wrong with it, sorted; never stops at the first.

    Parameters
    ----------
    root
        Folder of the dataset.
    settings
        Which tasks and segmentations are asked for; all by default.
    n_jobs
        Processes that read runs.
    """
    settings = settings or DatasetSettings()
    found = scan(root, settings)
    people = read_participants(root)
    problems = [
        *found.problems,
        *people.problems,
        *check_join(found, people, settings),
        *read_sessions_tables(root).problems,
        *read_description(root).problems,
    ]
    readable = 0
    for _, (used, rows) in parallel_map(partial(_check_run, root), found.runs, n_jobs=n_jobs):
        readable += used
        problems += rows
    if found.runs and not readable:
        problems.append(problem("CL802", found=f"{len(found.runs)} series, none of which can be read"))
    return tuple(sorted(set(problems)))


def _check_run(root: Path, run: SeriesRun) -> tuple[bool, list[Problem]]:
    """Read one run; return whether its series can be read, and what is wrong."""
    try:
        series = read_series(root, run)
    except InputError as error:
        return False, [error.about(run.participant_id, run.session_id)]
    return True, [*series.problems, *_check_motion(root, run, len(series.values))]


def _check_motion(root: Path, run: SeriesRun, n_volumes: int) -> Iterator[Problem]:
    if run.motion is None:
        who = {"participant_id": run.participant_id, "session_id": run.session_id}
        found = "no *_motion.tsv; the run can only be used without censoring"
        yield problem("CL206", file=run.series, found=found, severity="info", **who)
        return
    try:
        yield from read_motion(root, run, n_volumes).problems
    except InputError as error:
        yield error.about(run.participant_id, run.session_id)
