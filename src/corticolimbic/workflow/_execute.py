"""Executing the units of a step: what is stale runs, in processes; what stands is left alone."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

from corticolimbic.foundation import (
    CorticolimbicError,
    InputError,
    Problem,
    SettingsError,
    one_line,
    parallel_map,
    problem,
)
from corticolimbic.workflow._log import Log, Progress
from corticolimbic.workflow._records import (
    Record,
    input_hashes,
    load_record,
    load_records,
    record_path,
    remove_orphans,
    remove_output,
    store_record,
    unit_key,
    why_stale,
)
from corticolimbic.workflow._step import Context, Step, Unit


@dataclass(frozen=True)
class Plan:
    """What a step would do.

    Parameters
    ----------
    step
        The step.
    units
        All its units.
    stale
        Unit name to the reason why it must run; the others' outputs stand.
    """

    step: Step
    units: tuple[Unit, ...]
    stale: Mapping[str, str]


@dataclass
class Done:
    """What executing a step left.

    Parameters
    ----------
    records
        Records of all units that are finished, now or before.
    n_run
        Units that ran now.
    problems
        Of units that failed.
    errors
        Errors of settings, which the whole run must not hide.
    """

    records: list[Record] = field(default_factory=list)
    n_run: int = 0
    problems: list[Problem] = field(default_factory=list)
    errors: list[CorticolimbicError] = field(default_factory=list)


@dataclass(frozen=True)
class _Call:
    """One unit to run, as it crosses the process border."""

    context: Context
    step: Step
    unit: Unit
    verify: bool


@dataclass(frozen=True)
class _Result:
    record: Record | None
    seconds: float
    error: CorticolimbicError | None = None
    trace: str = ""


def plan(context: Context, step: Step, units: tuple[Unit, ...], *, verify: bool) -> Plan:
    """Find out which units of a step must run, and why."""
    known = load_records(context.out, step.name)
    settings = step.settings(context.config)
    stale = {}
    for unit in units:
        record = known.get(unit.name)
        key = (
            ""
            if record is None
            else unit_key(step, unit, settings, input_hashes(context, unit, record, verify=verify))
        )
        reason = why_stale(context, record, key, verify=verify)
        if reason:
            stale[unit.name] = reason
    return Plan(step, units, stale)


def execute(context: Context, todo: Plan, *, n_jobs: int, verify: bool, log: Log, progress: Progress) -> Done:
    """Run the stale units of a step and return the records of all.

    A unit whose outputs are in place but whose record is not (killed in between) runs again; outputs are
    replaced as a whole, so nobody ever reads half a file.
    """
    step = todo.step
    names = frozenset(unit.name for unit in todo.units)
    before = load_records(context.out, step.name)
    kept = frozenset(output for unit in todo.units for output in unit.outputs) | {
        output for name in names & before.keys() for output in before[name].outputs
    }
    for name in remove_orphans(context, step, names, kept):
        log.write("removed", step=step.name, unit=name, why="no longer part of the dataset or the settings")
    done = Done()
    calls = [_Call(context, step, unit, verify) for unit in todo.units if unit.name in todo.stale]
    log.write("step", step=step.name, units=len(todo.units), to_run=len(calls))
    with progress.count(step.title, len(calls)) as advance:
        for call, result in _results(calls, n_jobs):
            advance()
            done.n_run += 1
            _account(call, result, done, log)
    finished = load_records(context.out, step.name)
    failed = {item.unit.name for item in calls} - set(finished)
    done.records = [finished[name] for name in sorted(names - failed) if name in finished]
    return done


def _results(calls: Sequence[_Call], n_jobs: int) -> Iterator[tuple[_Call, _Result]]:
    """Yield calls with their results; those that a killed worker process took with it count as failed."""
    left = {call.unit.name: call for call in calls}
    try:
        for call, result in parallel_map(_perform, calls, n_jobs=n_jobs):
            del left[call.unit.name]
            yield call, result
    except BrokenProcessPool as error:
        for call in left.values():
            died = CorticolimbicError(
                "a worker process was killed, perhaps for want of memory; run again with --jobs 1"
            )
            yield call, _Result(None, 0.0, died, str(error))


def drop(context: Context, step: Step, unit: Unit) -> None:
    """Drop record and outputs of a unit that no longer follow from the inputs and settings."""
    _forget(_Call(context, step, unit, verify=False))


def _perform(call: _Call) -> _Result:
    """Run one unit here, wherever that is; nothing that it raises may stop the others."""
    start = time.perf_counter()
    step, context, unit = call.step, call.context, call.unit
    try:
        stamps = input_hashes(context, unit, None, verify=True)
        key = unit_key(step, unit, step.settings(context.config), stamps)
        hashes = {name: str(stamp["sha256"]) for name, stamp in stamps.items()}
        outcome = step.function(context, unit, hashes)
        _drop_earlier(call, outcome.outputs)
        record = store_record(context, unit, key, stamps, outcome)
    except CorticolimbicError as error:
        return _Result(None, time.perf_counter() - start, error)
    except Exception as error:  # an unexpected defect in one session must not cost the other sessions
        trace = traceback.format_exc()
        wrapped = CorticolimbicError(f"{type(error).__name__}: {error}")
        return _Result(None, time.perf_counter() - start, wrapped, trace)
    return _Result(record, time.perf_counter() - start)


def _account(call: _Call, result: _Result, done: Done, log: Log) -> None:
    unit = call.unit
    seconds = round(result.seconds, 3)
    if result.error is None and result.record is not None:
        log.write("done", step=unit.step, unit=unit.name, seconds=seconds, **result.record.facts)
        return
    _forget(call)
    error = result.error or CorticolimbicError("no record")
    log.write("failed", step=unit.step, unit=unit.name, seconds=seconds, error=str(error), trace=result.trace)
    if isinstance(error, InputError):
        done.problems.append(error.problem)
    elif isinstance(error, SettingsError):  # of every session, so no session's problem
        done.errors.append(error)
    elif result.trace or unit.name != "all":
        done.problems.append(_failure(unit, error))
    else:
        done.errors.append(error)


def _failure(unit: Unit, error: CorticolimbicError) -> Problem:
    session: Any = unit.payload if unit.name != "all" else None
    return problem(
        "CL801",
        participant_id=getattr(session, "participant_id", ""),
        session_id=getattr(session, "session_id", ""),
        found=f"step {unit.step}: {one_line(str(error))}",
    )


def _drop_earlier(call: _Call, kept: Sequence[str]) -> None:
    """Drop what an earlier run of a unit wrote and this one did not."""
    unit, out = call.unit, call.context.out
    record = load_record(record_path(out, unit.step, unit.name))
    for output in record.outputs if record is not None else ():
        if output not in kept and output not in unit.outputs:
            remove_output(call.context.path(output), out)


def _forget(call: _Call) -> None:
    """Drop record and outputs of an earlier success: they no longer follow from the inputs."""
    unit = call.unit
    _drop_earlier(call, ())
    for output in unit.outputs:
        remove_output(call.context.path(output), call.context.out)
    record_path(call.context.out, unit.step, unit.name).unlink(missing_ok=True)
