"""A finished run on a small dataset, made once and copied for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from workflow.runs import run, small


@dataclass(frozen=True)
class Place:
    """A dataset and the results of a run on it."""

    dataset: Path
    out: Path


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Six people, run to the page."""
    folder = tmp_path_factory.mktemp("finished")
    place = Place(small(folder / "data"), folder / "out")
    result = run(place.dataset, place.out)
    assert result.code == 0, result
    return place


@pytest.fixture
def finished(finished_once: Place, tmp_path: Path) -> Place:
    """A copy of the dataset and the results, with the times of the files."""
    return Place(
        Path(shutil.copytree(finished_once.dataset, tmp_path / "data")),
        Path(shutil.copytree(finished_once.out, tmp_path / "out")),
    )
