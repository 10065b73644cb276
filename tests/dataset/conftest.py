"""Datasets for the tests of this room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import write_dataset
from dataset.synthetic_bold import AFFINE, write_fmriprep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A valid dataset of three people: 001, 002, 003; 20 volumes of five regions."""
    return write_dataset(tmp_path / "data", 3, volumes=20, rng=np.random.default_rng(7))


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where the system has one."""
    shared = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="corticolimbic-", dir=shared if shared.is_dir() else None))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def bold_root(tmp_path: Path) -> Path:
    """A valid fMRIPrep tree of two people: 001, 002; 12 volumes of 6 x 5 x 4 voxels, scaled int16."""
    return write_fmriprep(tmp_path / "prep", 2, (6, 5, 4), AFFINE, 12, np.random.default_rng(3))
