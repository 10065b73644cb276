"""A run from a dataset to a page: plan, execute what is stale, collect, draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corticolimbic.dataset import Scan, check_join, read_description, scan
from corticolimbic.foundation import (
    Problem,
    SettingsError,
    available_cores,
    problem,
    sweep_temporary,
)
from corticolimbic.workflow._agreement_step import AGREEMENT
from corticolimbic.workflow._check_settings import check_settings
from corticolimbic.workflow._clinical import read_people, usable_runs
from corticolimbic.workflow._cohort_step import COHORT
from corticolimbic.workflow._collect import collect
from corticolimbic.workflow._compare_step import COMPARE
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._execute import Plan, drop, execute, plan
from corticolimbic.workflow._folder import check_folder, describe, locked
from corticolimbic.workflow._individuals import draw_everybody
from corticolimbic.workflow._log import Log, Progress
from corticolimbic.workflow._marker_files import placed
from corticolimbic.workflow._measure_step import MEASURE
from corticolimbic.workflow._page import update_page
from corticolimbic.workflow._predict_step import PREDICT
from corticolimbic.workflow._records import Record, load_records
from corticolimbic.workflow._register import REGISTERED, drop_outdated
from corticolimbic.workflow._step import Context, Found, Step
from corticolimbic.workflow._structure_step import STRUCTURE, version_problems
from corticolimbic.workflow._supplied_step import SUPPLIED, find_supplied
from corticolimbic.workflow._verdict_step import VERDICTS

STEPS: tuple[Step, ...] = (SUPPLIED, STRUCTURE, MEASURE, COHORT, COMPARE, AGREEMENT, PREDICT, VERDICTS)
"""All steps in order; the page comes after them."""
_THROUGH = {PREDICT.name: VERDICTS.name}
"""Judging markers includes saying which survive: asked for the one, the run goes on through the other."""
OK, NOTHING_USABLE, SOME_UNREADABLE = 0, 1, 3
"""Exit codes (2 is for usage)."""


@dataclass(frozen=True)
class Result:
    """What a run did.

    Parameters
    ----------
    exit_code
        0 done, 1 nothing usable, 3 done but some inputs could not be read.
    n_units, n_run
        Units of all steps, and how many of them ran now.
    n_sessions
        Sessions found.
    problems
        All problems, sorted.
    page
        The page, or None where it was not drawn.
    """

    exit_code: int
    n_units: int
    n_run: int
    n_sessions: int
    problems: tuple[Problem, ...]
    page: Path | None


def run(
    dataset: Path,
    out: Path,
    config: Config,
    *,
    until: str = "report",
    n_jobs: int | None = None,
    verify: bool = False,
    quiet: bool = False,
) -> Result:
    """Take a dataset through the steps up to ``until``; what stands from an earlier run is left alone.

    Parameters
    ----------
    dataset
        Folder of BIDS derivatives.
    out
        Folder for the results; new, empty, or of an earlier run.
    config
        All settings.
    until
        Last step: measure, cohort, compare, agreement, predict or report.
    n_jobs
        Processes; by default as many as this process has cores.
    verify
        Hash all inputs and outputs again instead of trusting sizes and times.
    quiet
        No progress on standard error.

    Raises
    ------
    SettingsError
        Where the settings do not fit the dataset, or OUT cannot be used.
        Also where the dataset is no folder.
    """
    progress = Progress(quiet=quiet)
    context, found, problems = _look(dataset, out, config)
    check_folder(out, dataset)
    if until != "measure":
        visits = read_people(context.dataset, config.cohort).clinical.visits  # read once in a process
        check_settings(context.config, found, visits)
    with locked(out):
        sweep_temporary(out)
        describe(out, read_description(dataset).name or dataset.resolve().name)
        log = Log(out / "log.jsonl")
        log.write(
            "start",
            until=until,
            sessions=found.sessions_with_features,
            participants=len(found.participants.ids),
        )
        try:
            return _steps(context, found, problems, until, n_jobs or available_cores(), verify, log, progress)
        finally:
            log.close()


def dry_run(
    dataset: Path, out: Path, config: Config, *, until: str = "report", verify: bool = False
) -> list[Plan]:
    """Return what `run` would do, step by step, without writing anything.

    Parameters
    ----------
    dataset, out, config, until, verify
        As for `run`.

    Raises
    ------
    SettingsError
        Where `run` would stop before its first step.
    """
    context, found, _ = _look(dataset, out, config)
    check_folder(out, dataset)
    if until != "measure":
        check_settings(context.config, found, read_people(context.dataset, config.cohort).clinical.visits)
    return [plan(context, step, step.units(context, found), verify=verify) for step in _wanted(until)]


def _look(dataset: Path, out: Path, config: Config) -> tuple[Context, Found, list[Problem]]:
    if not dataset.is_dir():
        raise SettingsError(f"{dataset} is no folder; name the folder of a dataset")
    people = read_people(dataset.resolve(), config.cohort)
    ids = people.participants.ids if people.participants.usable else None
    supplied = find_supplied(dataset.resolve(), config, ids)
    runs = usable_runs(scan(dataset, config.dataset, optional=bool(supplied.sessions)), people)
    found = Found(runs, people.participants, people.sessions, supplied.sessions)
    problems = [
        *found.scan.problems,
        *supplied.problems,
        *found.participants.problems,
        *found.sessions.problems,
        *people.clinical.problems,
        *check_join(found.scan, found.participants, config.dataset, found.people_seen),
        *read_description(dataset).problems,
    ]
    return Context(dataset.resolve(), out.resolve(), placed(config, dataset.resolve())), found, problems


def _wanted(until: str) -> tuple[Step, ...]:
    names = [step.name for step in STEPS]
    if until == "report":
        return STEPS
    if until not in names:
        raise SettingsError(f"no step is named {until!r}; there are {', '.join([*names, 'report'])}")
    return STEPS[: names.index(_THROUGH.get(until, until)) + 1]


def _steps(
    context: Context,
    found: Found,
    problems: list[Problem],
    until: str,
    n_jobs: int,
    verify: bool,  # noqa: FBT001  internal relay of one keyword
    log: Log,
    progress: Progress,
) -> Result:
    records: list[Record] = []
    n_units = n_run = 0
    steps = _wanted(until)
    usable = bool(found.sessions_with_features)
    for step in steps:  # also where nothing is usable: what an earlier run left must go
        todo = plan(context, step, step.units(context, found) if usable else (), verify=verify)
        done = execute(context, todo, n_jobs=n_jobs, verify=verify, log=log, progress=progress)
        if done.errors:
            raise done.errors[0]
        records += done.records
        problems += done.problems
        n_units += len(todo.units)
        n_run += done.n_run
        if step is STRUCTURE:
            problems += version_problems(done.records)
        if step is MEASURE and found.scan.n_sessions and not _anything(records):
            problems.append(problem("CL802", found=_none_usable(found.scan)))
            usable = False
    steps += _still_standing(context, found if usable else None, steps, records, log)
    everything = collect(context, records, problems, steps, read_description(context.dataset))
    if drop_outdated(context.out):
        log.write("removed", step="register", unit=REGISTERED, why="it was checked against other results")
    page = update_page(context.out, records, log, progress, verify=verify) if until == "report" else None
    if until == "report" and context.config.individuals.pages:
        draw_everybody(context.out, n_jobs=n_jobs, progress=progress)
    code = _exit_code(everything, _anything(records))
    log.write("end", exit_code=code, run=n_run, problems=len(everything))
    return Result(code, n_units, n_run, found.sessions_with_features, tuple(everything), page)


def _none_usable(scan: Scan) -> str:
    structure = f" and structure of {len(scan.structure)} sessions" if scan.structure else ""
    return f"{len(scan.runs)} runs{structure}, none of which can be used"


def _still_standing(
    context: Context, found: Found | None, done: Sequence[Step], records: list[Record], log: Log
) -> tuple[Step, ...]:
    """Add the records of later steps that an earlier run made and that still hold; drop what no longer does.

    A run that stops early neither forgets those results nor leaves results of other settings beside its own.
    """
    later = []
    for step in (step for step in STEPS if step not in done):
        known = load_records(context.out, step.name)
        units = () if found is None else step.units(context, found)
        todo = plan(context, step, units, verify=False)
        for unit in units:
            if unit.name not in todo.stale:
                records.append(known[unit.name])
            elif unit.name in known:
                drop(context, step, unit)
                log.write("removed", step=step.name, unit=unit.name, why=todo.stale[unit.name])
        if any(unit.name not in todo.stale for unit in units):
            later.append(step)
    return tuple(later)


def _anything(records: Sequence[Record]) -> bool:
    """Tell whether a run was measured, or a supplied value read."""
    return any(record.facts.get("n_runs") or record.facts.get("n_values") for record in records)


def _exit_code(problems: Sequence[Problem], anything_measured: bool) -> int:  # noqa: FBT001
    if not anything_measured or any(item.code == "CL801" for item in problems):
        return NOTHING_USABLE  # also the code of an internal error
    return SOME_UNREADABLE if any(item.severity == "failed" for item in problems) else OK
