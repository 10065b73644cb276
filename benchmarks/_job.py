"""A job that is timed, and the timing itself."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Size = Literal["full", "smoke"]
Figure = Literal["ratio", "ratio_to_limit", "ours", "memory_mb"]
_UNITS = {"ours": " s", "memory_mb": " MB"}
_PER_MB = 1024**2 if sys.platform == "darwin" else 1024
COLUMNS = (
    "job",
    "ours",
    "peer",
    "peer_name",
    "ratio",
    "limit",
    "ratio_to_limit",
    "target",
    "met",
    "memory_mb",
)


@dataclass(frozen=True)
class Job:
    """One comparison.

    Parameters
    ----------
    name
        ``room: what``.
    peer_name
        What the peer is, with anything that a reader must know (an extrapolation).
    targets
        Figures (``ratio``, ``ratio_to_limit``, ``ours`` in s, ``memory_mb``) and their upper bounds.
    prepare
        From a size and an empty folder to the inputs of the other functions, not timed.
    ours, peer, limit
        The sides; ``peer`` or ``limit`` is None where there is none.
    check
        Called with both sides' answers (None for a peer that is not there); raises if they differ.
    peer_scale
        The peer's inputs, to what ours are: its time is multiplied by this number.
    peer_once
        Whether a peer that takes minutes is timed while it is checked, and not again.
    """

    name: str
    peer_name: str
    targets: Mapping[Figure, float]
    prepare: Callable[[Size, Path], Any]
    ours: Callable[[Any], Any]
    peer: Callable[[Any], Any] | None
    limit: Callable[[Any], Any] | None
    check: Callable[[Any, Any], None]
    peer_scale: float = 1.0
    peer_once: bool = False

    def __post_init__(self) -> None:
        room, _, what = self.name.partition(": ")
        if not room.isidentifier() or not what:
            raise ValueError(f"a job is named 'room: what', not {self.name!r}")


def compare(job: Job, size: Size, folder: Path) -> dict[str, str]:
    """Return the row of a job."""
    inputs = job.prepare(size, folder)
    sides = {"ours": job.ours, "peer": job.peer, "limit": job.limit}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    answers: dict[str, Any] = dict.fromkeys(sides)
    for name, side in sides.items():  # also the warm-up
        if side is not None:
            before = _clock()
            answers[name] = side(inputs)
            if name == "peer" and job.peer_once:
                seconds[name].append(_clock() - before)
    job.check(answers["ours"], answers["peer"])
    del answers
    least, most = (5, 50) if size == "full" else (1, 1)
    # Short jobs are repeated more often: their medians wander on a busy machine.
    while len(seconds["ours"]) < least or (len(seconds["ours"]) < most and sum(seconds["ours"]) < 2):
        for name, side in sides.items():
            if side is not None and not (name == "peer" and job.peer_once):
                seconds[name].append(_processor_seconds(side, inputs))
    middle = {name: statistics.median(times) if times else float("nan") for name, times in seconds.items()}
    middle["peer"] *= job.peer_scale
    figures = {
        **middle,
        "ratio": middle["ours"] / middle["peer"],
        "ratio_to_limit": middle["ours"] / middle["limit"],
        "memory_mb": _fresh_memory(job, size, folder),
    }
    words = {name: "n/a" if value != value else f"{value:.3g}" for name, value in figures.items()}
    # Judged by the figures as they are printed, so that a reader comes to the same verdict.
    # A figure whose peer is not installed is not there, which is neither met nor missed.
    judged = {name: bound for name, bound in job.targets.items() if words[name] != "n/a"}
    missed = [name for name, bound in judged.items() if not float(words[name]) <= bound]
    verdict = "yes" if len(judged) == len(job.targets) else "n/a"
    told = {
        "job": job.name,
        "peer_name": job.peer_name,
        "target": "; ".join(
            f"{name} <= {bound:g}{_UNITS.get(name, '')}" for name, bound in job.targets.items()
        ),
        "met": f"no ({', '.join(missed)})" if missed else verdict,
    }
    return {name: {**words, **told}[name] for name in COLUMNS}


def once(job: Job, size: Size, folder: Path) -> float:
    """Do our side once and return this process' peak memory in MB."""
    job.ours(job.prepare(size, folder))
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(_own_peak(), children / _PER_MB)


def _own_peak() -> float:
    """Return this program's peak memory in MB; on Linux the usual figure starts from the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _PER_MB


def _processor_seconds(side: Callable[[Any], Any], inputs: Any) -> float:
    before = _clock()
    side(inputs)
    return max(_clock() - before, 1e-6)


def _clock() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _fresh_memory(job: Job, size: Size, folder: Path) -> float:
    command = [sys.executable, "-m", "benchmarks", "--size", size]
    command += ["--memory", job.name, "--folder", str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
