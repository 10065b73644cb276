"""What the checks of the whole package look at: its repository, its rooms and their public names."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import corticolimbic

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Room:
    """One room of the house: its name, its module and the names that its ``__init__`` re-exports."""

    name: str
    module: ModuleType
    public: dict[str, Any]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def sources() -> list[Path]:
    """Every Python file of the package."""
    return sorted((REPOSITORY / "src" / "corticolimbic").rglob("*.py"))


@pytest.fixture(scope="session")
def trees(sources: list[Path]) -> dict[str, ast.Module]:
    """Syntax tree of every file of the package, by path from the repository's root."""
    return {
        path.relative_to(REPOSITORY).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sources
    }


@pytest.fixture(scope="session")
def modules() -> dict[str, ModuleType]:
    """Every module of the package, imported."""
    found = pkgutil.walk_packages(corticolimbic.__path__, "corticolimbic.")
    names = sorted(item.name for item in found if not item.name.endswith("__main__"))
    return {name: importlib.import_module(name) for name in names}


@pytest.fixture(scope="session")
def rooms(modules: dict[str, ModuleType]) -> list[Room]:
    """Every room with its public names: what ``__init__`` imports as itself or defines."""
    return [
        Room(name.split(".")[1], module, _public(module))
        for name, module in modules.items()
        if name.count(".") == 1 and hasattr(module, "__path__")
    ]


def _public(module: ModuleType) -> dict[str, Any]:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    names = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("corticolimbic"):
            names += [alias.asname for alias in node.names if alias.asname == alias.name]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
    return {name: getattr(module, name) for name in names if not name.startswith("_")}
