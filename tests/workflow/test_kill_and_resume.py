"""Killed at any moment and resumed, a run leaves what an undisturbed one leaves, byte for byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from workflow.runs import CONFIG, cli, files, small, times

SEED = 20261123


class Server:
    """Starts the command line in processes that can be killed."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("fork_server.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __call__(self, *arguments: object, kill_after: float | None = None) -> int:
        """Run a command, killed with its process group after some seconds; return its code."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(item) for item in arguments]) + "\n")
        self._process.stdin.flush()
        group = int(self._line())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # already at its end
                os.killpg(group, signal.SIGKILL)
        return int(self._line())

    def close(self) -> None:
        """End the server."""
        self._process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = small(tmp_path_factory.mktemp("killed") / "data", 5)
    (root / "code").mkdir()
    (root / "code" / "settings.yaml").write_text(
        CONFIG + "predict: {markers: [{id: spisak2020_rpn}]}\n", encoding="utf-8"
    )
    return root


def command(dataset: Path, out: Path, jobs: int) -> tuple[object, ...]:
    return "run", dataset, out, "--config", dataset / "code" / "settings.yaml", "--jobs", jobs


def phase(out: Path) -> str:
    """Return what the run was doing when it was killed."""
    log = out / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    steps = [event["step"] for event in map(json.loads, lines) if event["event"] == "step"]
    if not steps:
        return "start"
    return "page" if steps[-1] == "verdicts" and '"done"' in lines[-1] else str(steps[-1])


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments_and_resumed_it_leaves_what_an_undisturbed_run_leaves(
    server: Server, dataset: Path, tmp_path: Path, kills: int
) -> None:
    start = time.perf_counter()
    assert server(*command(dataset, tmp_path / "undisturbed", 1)) == 0
    seconds = time.perf_counter() - start
    undisturbed = files(tmp_path / "undisturbed")
    assert {"problems.tsv", "report.html", "compare/effects.tsv", "predict/scores.tsv"} <= set(undisturbed)

    rng = np.random.default_rng(SEED)
    phases = set()
    for number in range(kills):
        moment = float((number + rng.random()) / kills * seconds)
        for attempt in range(5):  # another load of the machine can let it finish first
            out = tmp_path / f"killed-{number}-{attempt}"
            killed = server(*command(dataset, out, 1), kill_after=moment * 0.7**attempt)
            if killed == -signal.SIGKILL:
                break
        assert killed == -signal.SIGKILL, f"moment {number} never fell into the run"
        phases.add(phase(out))
        assert server(*command(dataset, out, 1)) == 0
        assert files(out) == undisturbed, f"killed after {moment:.3f} of {seconds:.3f} s"
        assert not list(out.rglob(".part-*"))
    assert len(phases) >= (3 if kills >= 10 else 2), phases  # the moments were spread over the run

    before = times(out)
    again = cli(*command(dataset, out, 1), "--quiet")
    assert again.code == 0
    assert "Nothing to do" in again.out
    assert times(out) == before


@pytest.mark.slow
def test_two_processes_killed_and_resumed_leave_what_one_leaves(
    server: Server, dataset: Path, tmp_path: Path
) -> None:
    assert server(*command(dataset, tmp_path / "one", 1)) == 0
    out = tmp_path / "two"
    rng = np.random.default_rng(SEED)
    killed = server(*command(dataset, out, 2), kill_after=float(rng.uniform(1.0, 3.0)))
    assert killed in {-signal.SIGKILL, 0}
    assert server(*command(dataset, out, 2)) == 0
    assert files(out) == files(tmp_path / "one")
    assert not list(out.rglob(".part-*"))
