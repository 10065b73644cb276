"""The files that describe the project agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

PYTHONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    """Return the ``[project]`` table of pyproject.toml."""
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def requirements(project: dict[str, Any]) -> list[Requirement]:
    """Every direct dependency, those of the extras included."""
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + extras["dev"] + extras["docs"]
    return [Requirement(line) for line in lines]


def pinned(path: Path) -> dict[str, Version]:
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines), path
    pairs = [line.split("==") for line in lines]
    return {canonical(name): Version(version) for name, version in pairs}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("python", PYTHONS)
def test_constraints_hold_a_version_that_each_requirement_allows(
    repository: Path, requirements: list[Requirement], python: str
) -> None:
    versions = pinned(repository / "constraints" / f"constraints-{python}.txt")
    refused = [str(item) for item in requirements if versions[canonical(item.name)] not in item.specifier]
    assert not refused


def test_lowest_constraints_are_the_bounds_themselves(
    repository: Path, requirements: list[Requirement]
) -> None:
    versions = pinned(repository / "constraints" / "lowest-3.11.txt")
    tools = {"ruff", "mypy", "types-pyyaml", "setuptools"}  # never imported by the package or its tests
    for item in requirements:
        (bound,) = [spec.version for spec in item.specifier if spec.operator == ">="]
        if canonical(item.name) not in tools:
            found = versions[canonical(item.name)]
            assert found.release[: len(Version(bound).release)] == Version(bound).release, item
            assert all(part == 0 for part in found.release[len(Version(bound).release) :]), item


def test_python_versions_agree(project: dict[str, Any], repository: Path) -> None:
    assert project["requires-python"] == ">=3.11,<3.14"
    classified = [line.rsplit(" ", 1)[1] for line in project["classifiers"] if "Python :: 3." in line]
    assert tuple(classified) == PYTHONS
    assert {path.stem for path in (repository / "constraints").glob("constraints-*")} == {
        f"constraints-{python}" for python in PYTHONS
    }


def test_version_stands_in_changelog_and_citation(project: dict[str, Any], repository: Path) -> None:
    version = project["version"]
    changelog = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[(Unreleased|{re.escape(version)})\]", changelog, re.MULTILINE)
    citation = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == version
    assert citation["license"] == project["license"] == "BSD-3-Clause"
    assert {"message", "title", "authors", "type"} <= set(citation)


def test_every_make_target_that_the_readme_names_exists(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    texts = [
        (repository / name).read_text(encoding="utf-8")
        for name in ("README.md", "CONTRIBUTING.md", ".ci/run")
    ]
    call = re.compile(r"(?:^ *|`|\" )make (?:--no-print-directory )?([a-z][a-z-]*)", re.MULTILINE)
    named = {target for text in texts for target in call.findall(text)}
    assert {"demo", "test"} <= named
    assert [target for target in sorted(named) if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
