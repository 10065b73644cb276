"""A room imports only from rooms above it, and only their public names."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path


def test_rooms_import_only_from_rooms_above_them(repository: Path) -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_every_room_stands_in_the_order_and_no_import_is_excepted(repository: Path, rooms: list) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    ordered = {name.strip() for line in contract["layers"] for name in line.split("|")}
    assert ordered == {room.name for room in rooms}
    assert "ignore_imports" not in contract


def test_private_modules_are_imported_by_their_own_room_only(trees: dict[str, ast.Module]) -> None:
    trespasses = []
    for path, tree in trees.items():
        room = path.split("/")[2]
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                parts = name.split(".")
                private = len(parts) > 2 and parts[0] == "corticolimbic" and parts[2].startswith("_")
                if private and parts[1] != room:
                    trespasses.append(f"{path}:{node.lineno} imports {name}")
    assert not trespasses


def test_every_module_of_a_room_is_private(trees: dict[str, ast.Module]) -> None:
    # A room's own tables (schemas, maps) are data; only its __init__ is a door.
    below = {path: path.split("/")[3:] for path in trees if path.count("/") > 2}
    doors = [path for path, parts in below.items() if not any(part.startswith("_") for part in parts)]
    assert not doors
