"""Sizes and names of the files, and what must not stand in them."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

LONGEST = 600
SAYS_NOTHING = re.compile(r"_?(utils?|helpers?|common|misc)\.py")
# Put together from parts, so that this file does not name them itself.
MACHINE = re.compile(
    "|".join(
        [
            "/" + "work/",
            "/" + "farm/",
            "/" + "root/",
            "/" + r"home/\w",
            "/" + "tmp/x",
            "/" + "opt/",
            r"pypi\." + "org",
        ]
    )
)
NOT_TEXT = {".png", ".jpg", ".gz", ".parquet", ".npz", ".woff2"}


@pytest.fixture(scope="module")
def committed(repository: Path) -> list[Path]:
    """Every file that git tracks or would add, or the whole tree where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    paths = [repository / name.decode() for name in listing.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_module_is_longer_than_600_lines(sources: list[Path]) -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_every_module_is_named_by_its_concept(sources: list[Path]) -> None:
    assert [path.name for path in sources if SAYS_NOTHING.fullmatch(path.name)] == []


def test_every_module_says_what_it_is(trees: dict[str, ast.Module]) -> None:
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_nothing_in_the_package_is_left_unfinished(sources: list[Path]) -> None:
    unfinished = re.compile("NotImplemented" + "Error|" + "TO" + "DO|" + "FIX" + "ME")
    assert [path.name for path in sources if unfinished.search(path.read_text(encoding="utf-8"))] == []


def test_committed_files_name_no_machine_path(committed: list[Path], repository: Path) -> None:
    named = []
    for path in committed:
        if path.suffix in NOT_TEXT:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if MACHINE.search(line):
                named.append(f"{path.relative_to(repository)}:{number}: {line.strip()[:100]}")
    assert not named


def test_committed_files_are_small(committed: list[Path], repository: Path) -> None:
    large = {str(path.relative_to(repository)): path.stat().st_size for path in committed}
    assert {name: size for name, size in large.items() if size > 2_000_000} == {}
