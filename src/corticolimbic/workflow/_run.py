"""A run from a dataset to a page: plan, execute what is stale, collect, draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corticolimbic.dataset import check_join, read_description, read_participants, read_sessions_tables, scan
from corticolimbic.foundation import (
    InputError,
    Problem,
    SettingsError,
    available_cores,
    problem,
    sweep_temporary,
)
from corticolimbic.workflow._cohort_step import COHORT
from corticolimbic.workflow._collect import collect
from corticolimbic.workflow._compare_step import COMPARE
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._execute import Plan, execute, plan
from corticolimbic.workflow._folder import check_folder, describe, locked
from corticolimbic.workflow._log import Log, Progress
from corticolimbic.workflow._measure_step import MEASURE
from corticolimbic.workflow._predict_step import PREDICT
from corticolimbic.workflow._records import STATE, Record
from corticolimbic.workflow._step import Context, Found, Step

STEPS: tuple[Step, ...] = (MEASURE, COHORT, COMPARE, PREDICT)
"""All steps in order; the page comes after them."""
PAGE = "report.html"
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
        Last step: measure, cohort, compare, predict or report.
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
    InputError
        CL101 where the dataset is no folder.
    """
    progress = Progress(quiet=quiet)
    context, found, problems = _look(dataset, out, config)
    check_folder(out, dataset)
    with locked(out):
        sweep_temporary(out)
        describe(out, read_description(dataset).name or dataset.resolve().name)
        log = Log(out / "log.jsonl")
        log.write("start", until=until, sessions=len(found.scan.sessions), participants=len(found.participants.ids))
        try:
            return _steps(context, found, problems, until, n_jobs or available_cores(), verify, log, progress)
        finally:
            log.close()


def dry_run(dataset: Path, out: Path, config: Config, *, until: str = "report", verify: bool = False) -> list[Plan]:
    """Return what `run` would do, step by step, without writing anything."""
    context, found, _ = _look(dataset, out, config)
    check_folder(out, dataset)
    return [plan(context, step, step.units(context, found), verify=verify) for step in _wanted(until)]


def _look(dataset: Path, out: Path, config: Config) -> tuple[Context, Found, list[Problem]]:
    if not dataset.is_dir():
        raise InputError("CL101", file=dataset.name, found="no such folder", expected="the folder of a dataset")
    found = Found(scan(dataset, config.dataset), read_participants(dataset), read_sessions_tables(dataset))
    problems = [
        *found.scan.problems,
        *found.participants.problems,
        *found.sessions.problems,
        *check_join(found.scan, found.participants, config.dataset),
        *read_description(dataset).problems,
    ]
    return Context(dataset.resolve(), out.resolve(), config), found, problems


def _wanted(until: str) -> tuple[Step, ...]:
    names = [step.name for step in STEPS]
    if until == "report":
        return STEPS
    if until not in names:
        raise SettingsError(f"no step is named {until!r}; there are {', '.join([*names, 'report'])}")
    return STEPS[: names.index(until) + 1]


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
    steps = _wanted(until) if found.scan.sessions else ()
    for step in steps:
        todo = plan(context, step, step.units(context, found), verify=verify)
        done = execute(context, todo, n_jobs=n_jobs, verify=verify, log=log, progress=progress)
        if done.errors:
            raise done.errors[0]
        records += done.records
        problems += done.problems
        n_units += len(todo.units)
        n_run += done.n_run
        if step is MEASURE and not any(record.facts.get("n_runs") for record in done.records):
            problems.append(problem("CL802", found=f"{len(found.scan.runs)} runs, none of which can be used"))
            break
    before = _seen(context.out)
    everything = collect(context, records, problems, steps, read_description(context.dataset))
    changed = n_run > 0 or _seen(context.out) != before
    page = _draw(context, until, log, progress) if changed or not (context.out / PAGE).exists() else context.out / PAGE
    code = _exit_code(everything, any(record.facts.get("n_runs") for record in records))
    log.write("end", exit_code=code, run=n_run, problems=len(everything))
    return Result(code, n_units, n_run, len(found.scan.sessions), tuple(everything), page if until == "report" else None)


def _seen(out: Path) -> tuple[bytes, ...]:
    """Return the summary files that the page shows, to tell whether it must be drawn again."""
    names = ("problems.tsv", "manifest.json", "config.yaml")
    return tuple((out / name).read_bytes() if (out / name).is_file() else b"" for name in names)


def _draw(context: Context, until: str, log: Log, progress: Progress) -> Path | None:
    if until != "report":
        return None
    from corticolimbic.report import render

    progress.say("Drawing the page")
    page = render(context.out)
    log.write("page", file=page.name)
    return page


def _exit_code(problems: Sequence[Problem], anything_measured: bool) -> int:  # noqa: FBT001
    if not anything_measured or any(item.code == "CL801" for item in problems):
        return NOTHING_USABLE  # also the code of an internal error
    return SOME_UNREADABLE if any(item.severity == "failed" for item in problems) else OK


def clean(out: Path) -> int:
    """Remove the records of finished units, so that the next run does everything again; return how many."""
    records = list((out / STATE).rglob("*.json"))
    for path in records:
        path.unlink()
    return len(records)
