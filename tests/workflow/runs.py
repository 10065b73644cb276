"""Small datasets taken through the real command line, and what they leave."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from dataset.synthetic import write_dataset

from corticolimbic.cli import main

REGIONS = ("mPFC", "NAc_L", "NAc_R")
CONFIG = """\
measure: {statistics: [pearson]}
cohort: {outcome: {family: column, column: pain_sensitivity, unit: z}}
compare: {covariates: [age], minimum_people: 4}
"""


@dataclass(frozen=True)
class Finished:
    """Exit code and words of one command."""

    code: int
    out: str
    err: str


def cli(*arguments: object) -> Finished:
    """Call the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(item) for item in arguments])
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
    return Finished(code, out.getvalue(), err.getvalue())


def run(
    dataset: Path, out: Path, *more: object, command: str = "run", config: str | None = CONFIG
) -> Finished:
    """Run one command on a dataset, quietly and in this process alone."""
    arguments: list[object] = [command, dataset, out, "--quiet", "--jobs", "1", *more]
    if config is not None:
        path = out.parent / f"{out.name}.yaml"
        path.write_text(config, encoding="utf-8")
        arguments += ["--config", path]
    return cli(*arguments)


def small(root: Path, people: int | Iterable[str] = 6, **settings: object) -> Path:
    """Write a dataset of three regions and 36 volumes."""
    labels = people if isinstance(people, int) else list(people)
    options = {"regions": REGIONS, "volumes": 36, "rng": np.random.default_rng(11), **settings}
    return write_dataset(root, labels, **options)  # type: ignore[arg-type]


def problems(out: Path) -> list[dict[str, str]]:
    """Return the rows of problems.tsv."""
    with (out / "problems.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def named(out: Path, *columns: str) -> set[tuple[str, ...]]:
    """Return distinct cells of problems.tsv, the missing ones as n/a or empty."""
    return {tuple(row[column] for column in columns) for row in problems(out)}


def files(out: Path) -> dict[str, bytes]:
    """Return every file of a results folder by name, but for the log and the records."""
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if name != "log.jsonl" and not name.startswith(".state/")
    }


def tables(out: Path) -> dict[str, bytes]:
    """Return every file but for the page and its figures, which take long to draw."""
    return {
        name: data
        for name, data in files(out).items()
        if name != "report.html" and not name.startswith("figures/")
    }


def times(out: Path) -> dict[str, int]:
    """Return when every file of a results folder was last written, but for the log and the lock."""
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {
        name: path.stat().st_mtime_ns
        for name, path in found.items()
        if name not in {"log.jsonl", ".state/lock"}
    }


def events(out: Path) -> list[dict[str, object]]:
    """Return the log of the last run."""
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    start = max(place for place, line in enumerate(lines) if line["event"] == "start")
    return lines[start:]


def units_run(out: Path) -> list[str]:
    """Return the units that the last run did: ``measure sub-001_ses-none``; and ``page``."""
    names = {"done": "{step} {unit}", "failed": "failed {step} {unit}", "page": "page"}
    return [names[str(line["event"])].format(**line) for line in events(out) if line["event"] in names]


def people_in(out: Path, folder: str = "features") -> list[str]:
    """Return who has a table."""
    return sorted(path.parents[1].name for path in (out / folder).rglob("*.parquet"))
