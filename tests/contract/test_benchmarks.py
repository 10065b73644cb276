"""The committed benchmark table is of the jobs that exist, and judges itself by its own figures."""

from __future__ import annotations

import csv
import re
from pathlib import Path


def test_results_are_complete_and_judged_by_their_targets(repository: Path, rooms: list) -> None:
    from benchmarks.__main__ import JOBS
    from benchmarks._job import COLUMNS

    with (repository / "benchmarks" / "results.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert tuple(rows[0]) == COLUMNS
    assert [row["job"] for row in rows] == [job.name for job in JOBS]
    assert {row["job"].split(": ")[0] for row in rows} <= {room.name for room in rooms}
    for row in rows:
        missed = []
        for words in row["target"].split("; "):
            target = re.fullmatch(r"(ratio|ratio_to_limit|ours|memory_mb) <= ([0-9.]+)(?: s| MB)?", words)
            assert target is not None
            missed += [] if float(row[target[1]]) <= float(target[2]) else [target[1]]
        assert row["met"] == (f"no ({', '.join(missed)})" if missed else "yes")
