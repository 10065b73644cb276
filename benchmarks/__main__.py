"""``python -m benchmarks [--size full|smoke] [--job TEXT]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import (
    _association,
    _clinical,
    _combat,
    _connectivity,
    _dataset,
    _maps,
    _mixed,
    _permutation,
    _regions,
    _run_of_562,
    _start,
    _structure,
    _theory,
)
from benchmarks._job import COLUMNS, Job, compare, once

JOBS: tuple[Job, ...] = (
    _dataset.JOB,
    _clinical.JOB,
    _connectivity.JOB,
    *_regions.JOBS,
    *_maps.JOBS,
    _run_of_562.JOB,
    _association.JOB,
    _mixed.JOB,
    _combat.JOB,
    _permutation.JOB,
    _structure.JOB,
    *_theory.JOBS,
    _start.JOB,
)
RESULTS = Path(__file__).with_name("results.tsv")


def main() -> int:
    """Time the jobs, print the table and (full size, all jobs) write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=("full", "smoke"), default="full")
    parser.add_argument("--job", default="", help="only jobs whose name holds this text")
    parser.add_argument("--memory", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        (job,) = [job for job in JOBS if job.name == given.memory]
        print(once(job, given.size, given.folder))
        return 0
    lines = ["\t".join(COLUMNS)]
    for job in JOBS:
        if given.job not in job.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            row = compare(job, given.size, Path(folder))
        lines.append("\t".join(row[name] for name in COLUMNS))
        told = ("job", "ours", "peer", "ratio", "limit", "memory_mb", "target", "met")
        print("  ".join(f"{name} {row[name]}" for name in told), flush=True)
    if given.size == "full" and not given.job:
        RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"written: {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
