"""How long the command takes to say what it can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks._job import Job, Size


def prepare(size: Size, folder: Path) -> Path:
    """Return the command of this environment."""
    return Path(sys.executable).with_name("corticolimbic")


def ours(command: Path) -> str:
    """Ask for help, as a whole process."""
    return subprocess.run([command, "--help"], capture_output=True, text=True, check=True).stdout


def limit(command: Path) -> str:
    """Start the interpreter, and nothing else."""
    return subprocess.run([sys.executable, "-c", ""], capture_output=True, text=True, check=True).stdout


def check(mine: str, theirs: None) -> None:
    """The help is there."""
    assert "usage" in mine.lower()


JOB = Job(
    name="cli: corticolimbic --help, whole process",
    peer_name="n/a",
    targets={"ours": 0.5},
    prepare=prepare,
    ours=ours,
    peer=None,
    limit=limit,
    check=check,
)
