"""The README's promises: its Python runs, its links lead somewhere, its picture is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from corticolimbic.simulate import SimulateSettings, simulate


def test_python_in_the_readme_runs_after_the_demo(repository: Path, tmp_path: Path) -> None:
    blocks = re.findall(
        r"```python\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert blocks
    small = SimulateSettings(people=2, sites=1, visits=1, volumes=60, grid_mm=8)
    simulate(tmp_path / "demo-output" / "dataset", small)
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("sub-001 ses-baseline 50 ")


def test_links_of_the_papers_lead_to_files(repository: Path) -> None:
    broken = []
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (repository / name).read_text(encoding="utf-8")
        links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]
        broken += [link for link in links if "://" not in link and not (repository / link).exists()]
    assert not broken


def test_the_picture_of_the_page_is_a_small_png(repository: Path) -> None:
    data = (repository / "docs" / "images" / "report.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < 400_000
