"""Commands that read a dataset."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from corticolimbic.foundation import PROBLEM_COLUMNS, Problem, SettingsError, available_cores, problem_rows
from corticolimbic.workflow import Config, Result, dry_run, is_ours, read_config, run

_SHOWN = 20
_OF_TABLES = frozenset({"markers", "marker-inputs"})
"""Scenarios of `simulate` that write tables only."""


def step(options: Namespace) -> int:
    """Run the workflow as far as the command says."""
    until = "report" if options.command == "run" else options.command
    config = _config(options)
    if options.dry_run:
        return _say_plan(options, config, until)
    result = run(
        options.dataset,
        options.out,
        config,
        until=until,
        n_jobs=options.jobs,
        verify=options.verify,
        quiet=options.quiet,
    )
    _say_result(result, options.out)
    return result.exit_code


def _config(options: Namespace) -> Config:
    if options.config is not None:
        return read_config(options.config)
    earlier = options.out / "config.yaml" if "out" in options and is_ours(options.out) else None
    if earlier is not None and earlier.is_file():
        _say(f"settings: {earlier}")
        return read_config(earlier)
    return Config()


def _say_plan(options: Namespace, config: Config, until: str) -> int:
    for todo in dry_run(options.dataset, options.out, config, until=until, verify=options.verify):
        _say(f"{todo.step.name}: {len(todo.stale)} of {len(todo.units)} unit(s) would run")
        for reason, count in Counter(todo.stale.values()).most_common():
            _say(f"  {count} because: {reason}")
    _say("Nothing was written. Later steps also run when an earlier one changes what they read.")
    return 0


def _say_result(result: Result, out: Path) -> None:
    if result.n_units and result.n_run == 0:
        _say(
            f"Nothing to do: all {result.n_units} units of {result.n_sessions} session(s) "
            f"are up to date in {out}."
        )
    else:
        _say(f"{result.n_sessions} session(s); {result.n_run} of {result.n_units} units were done now.")
    _say_counts(result.problems)
    failed = [item for item in result.problems if item.severity == "failed"]
    for item in failed[:_SHOWN]:
        _say(f"  {item}", error=True)
    if len(failed) > _SHOWN:
        _say(f"  ... and {len(failed) - _SHOWN} more in problems.tsv", error=True)
    _say(f"Problems: {out / 'problems.tsv'}")
    if result.page is not None:
        _say(f"Page: {result.page}")


def _say_counts(problems: Iterable[Problem]) -> None:
    counts = Counter(item.severity for item in problems)
    _say(
        f"{counts['failed']} could not be read or estimated, {counts['excluded']} excluded by a rule, "
        f"{counts['info']} notes."
    )


def _say(text: str, *, error: bool = False) -> None:
    """Print a line; where nobody reads any more (``| head``), work goes on and the exit code stays true."""
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr if error else sys.stdout)


def report(options: Namespace) -> int:
    """Draw the page again."""
    from corticolimbic.report import render

    if not is_ours(options.out):
        raise SettingsError(
            f"{options.out} is no results folder of this program; name the OUT of an earlier run"
        )
    _say(f"Page: {render(options.out)}")
    return 0


def person(options: Namespace) -> int:
    """Write pages of single people."""
    from corticolimbic.workflow import write_individuals

    if bool(options.people) == options.everybody:
        raise SettingsError("name people (sub-01 sub-02 ...), or everybody with --all; not both, not neither")
    pages = write_individuals(
        options.out,
        None if options.everybody else options.people,
        n_jobs=options.jobs or available_cores(),
        quiet=options.quiet,
    )
    for page in pages[:_SHOWN]:
        _say(f"Page: {page}")
    if len(pages) > _SHOWN:
        _say(f"... and {len(pages) - _SHOWN} more in {pages[0].parent}")
    _say("Research only: not a diagnosis, not for clinical decisions.")
    return 0


def validate(options: Namespace) -> int:
    """List every problem of a dataset."""
    from corticolimbic.workflow import validate as find_problems

    problems = find_problems(options.dataset, _config(options), n_jobs=options.jobs or available_cores())
    if options.tsv:
        _say("\t".join(PROBLEM_COLUMNS))
        for row in problem_rows(problems):
            _say("\t".join(row[name] for name in PROBLEM_COLUMNS))
    else:
        for item in problems:
            _say(f"[{item.severity}] {item}")
        _say_counts(problems)
    if any(item.code == "CL802" for item in problems):
        return 1
    return 3 if any(item.severity == "failed" for item in problems) else 0


def pool(options: Namespace) -> int:
    """Pool the files of several sites."""
    from corticolimbic.workflow import pool_files

    result = pool_files(options.files, options.out)
    _say(f"{result.n_pooled} effects pooled over {len(result.sites)} site(s): {', '.join(result.sites)}.")
    _say_counts(result.problems)
    for item in [item for item in result.problems if item.severity != "info"][:_SHOWN]:
        _say(f"  {item}", error=True)
    _say(f"Problems: {options.out / 'problems.tsv'}")
    if result.page is not None:
        _say(f"Page: {result.page}")
    return result.exit_code


def fetch(options: Namespace) -> int:
    """Fetch the exports of all sources that have an API."""
    from corticolimbic.cohort import fetch_redcap

    sources = [source for source in read_config(options.config).cohort.sources if source.api is not None]
    if not sources:
        raise SettingsError(f"{options.config}: no source under cohort.sources has an api")
    for source in sources:
        fetched = fetch_redcap(source)
        for path in (*fetched.files, fetched.provenance):
            _say(f"Written: {path}")
    return 0


def demo(options: Namespace) -> int:
    """Simulate a study, run on it, and say where the page is."""
    dataset, out = options.out / "dataset", options.out / "results"
    config = read_config(_simulated(dataset, {}, options))
    result = run(dataset, out, config, n_jobs=options.jobs, quiet=options.quiet)
    _say_result(result, out)
    return result.exit_code


def simulate(options: Namespace) -> int:
    """Write a study of simulated people and say how to go on."""
    flags = ("people", "sites", "visits", "seed", "grid_mm", "volumes", "effect", "images")
    chosen = {name: getattr(options, name) for name in flags if getattr(options, name) is not None}
    if options.scenario in _OF_TABLES:
        config = _of_tables(options, chosen)
        print(f"Its truth: {options.out / 'truth'}")
        print(f"Go on with: corticolimbic run {options.out} RESULTS --config {config}")
        return 0
    if options.scenario is not None:
        from corticolimbic.simulate import SCENARIOS

        chosen = {**SCENARIOS[options.scenario], **chosen}
        if "visits" in chosen:
            del chosen["months"]
    config = _simulated(options.out, chosen, options)
    print(f"Its truth: {options.out / 'truth'}")
    print(f"Go on with: corticolimbic run {options.out} RESULTS --config {config}")
    return 0


def _of_tables(options: Namespace, chosen: dict[str, object]) -> Path:
    """Write a study that has tables only."""
    from corticolimbic.simulate import (
        MarkerCohortSettings,
        MarkerInputsSettings,
        simulate_marker_inputs,
        simulate_markers,
    )

    chosen.pop("images", None)
    if options.scenario == "markers":
        settings = MarkerCohortSettings.from_mapping(chosen, source="simulate --scenario markers")
        config, people = simulate_markers(options.out, settings), settings.people
    else:
        few = MarkerInputsSettings.from_mapping(chosen, source="simulate --scenario marker-inputs")
        config, people = simulate_marker_inputs(options.out, few), few.people
    print(
        f"Tables of {people} simulated people (made by this program, not measured) are in "
        f"{os.path.relpath(options.out)}."
    )
    return config


def _simulated(dataset: Path, chosen: dict[str, object], options: Namespace) -> Path:
    from corticolimbic.simulate import SimulateSettings
    from corticolimbic.simulate import simulate as write
    from corticolimbic.workflow import Progress

    settings = SimulateSettings.from_mapping(chosen, source="simulate")
    progress = Progress(quiet=options.quiet)
    what = "images" if settings.images else "tables"
    with ExitStack() as stack:
        advance: list[Callable[[], None]] = []

        def show(done: int, total: int) -> None:
            if not advance:
                title = f"Simulating {settings.people} people, {what}"
                advance.append(stack.enter_context(progress.count(title, total - done)))
            else:
                advance[0]()

        config = write(dataset, settings, n_jobs=options.jobs or available_cores(), progress=show)
    print(
        f"A study of {settings.people} simulated people (made by this program, not measured) is in "
        f"{os.path.relpath(dataset)}."
    )
    return config


def protocol(options: Namespace) -> int:
    """Write a ready scheme for a study."""
    from corticolimbic.cohort import write_protocol

    files = write_protocol(options.folder, options.design, options.lang, force=options.force)
    _say(f"A protocol ({options.design}) of {len(files)} files is in {options.folder}.")
    _say(f"Start with: {options.folder / 'README.md'}")
    return 0
