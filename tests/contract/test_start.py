"""The command starts quickly because it imports nothing heavy before it knows what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"numpy", "pandas", "scipy", "sklearn", "matplotlib", "nilearn", "nibabel", "pyarrow", "statsmodels"}
PROGRAM = """
import sys
from corticolimbic.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as stop:
    status = stop.code
print("STATUS", status or 0)
print("MODULES", *sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]], ids=" ".join)
def test_help_imports_no_heavy_library(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "STATUS 0" in lines
    (imported,) = [set(line.split()[1:]) for line in lines if line.startswith("MODULES")]
    assert "corticolimbic" in imported
    assert not imported & HEAVY
