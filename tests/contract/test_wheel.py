"""What an installed copy holds: every table, schema and template of the source tree, and nothing else's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def left_behind(path: Path) -> bool:
    """Tell what tools leave beside the sources."""
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the tree, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repository / name, tree)
    shutil.copytree(
        repository / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", ".*")
    )
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", ".", *options]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile, repository: Path) -> None:
    source = repository / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "corticolimbic").rglob("*")
        if path.is_file() and not left_behind(path.relative_to(source))
    }
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == expected
    assert "corticolimbic/py.typed" in shipped


def test_the_wheel_carries_its_licence_and_its_command(wheel: zipfile.ZipFile) -> None:
    names = [name for name in wheel.namelist() if ".dist-info/" in name]
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert "corticolimbic = corticolimbic.cli:main" in wheel.read(entry).decode()
