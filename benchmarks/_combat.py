"""ComBat of many features over many sites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._job import Job, Size


def prepare(size: Size, folder: Path) -> tuple[Any, Any]:
    """Make features of people of 25 sites, with age and sex."""
    import pandas as pd

    n_people, n_features = (5000, 5000) if size == "full" else (500, 200)
    rng = np.random.default_rng(20240611)
    code = rng.permutation(np.arange(n_people) % 25)
    people = pd.DataFrame(
        {
            "site": np.char.add("site", np.char.zfill(code.astype(str), 2)),
            "age": rng.integers(18, 80, n_people).astype(float),
            "male": rng.integers(0, 2, n_people).astype(float),
        }
    )
    values = rng.normal(size=(n_people, n_features)) * rng.uniform(0.7, 1.4, (25, n_features))[code]
    values += rng.normal(0, 0.5, (25, n_features))[code] + 0.01 * people[["age"]].to_numpy()
    return pd.DataFrame(values), people


def ours(inputs: tuple[Any, Any]) -> np.ndarray:
    """Learn and apply with the package."""
    from corticolimbic.stats import ComBat

    values, people = inputs
    return ComBat(keep=("age", "male")).fit(values, people).transform(values, people).to_numpy()


def _peer(inputs: tuple[Any, Any]) -> np.ndarray:
    """Learn and apply in one call of the package's, its printing aside."""
    from neuroHarmonize import harmonizationLearn

    values, people = inputs
    return harmonizationLearn(values.to_numpy(), people.rename(columns={"site": "SITE"}))[1]


def _installed() -> bool:
    from importlib.util import find_spec

    return find_spec("neuroHarmonize") is not None


def limit(inputs: tuple[Any, Any]) -> np.ndarray:
    """One least-squares solution by normal equations, and its residuals."""
    values, people = inputs
    sites = (people["site"].to_numpy()[:, None] == np.unique(people["site"])).astype(float)
    matrix = np.column_stack([sites, people[["age", "male"]].to_numpy()])
    table = values.to_numpy()
    return table - matrix @ np.linalg.solve(matrix.T @ matrix, matrix.T @ table)


def check(mine: np.ndarray, theirs: np.ndarray | None) -> None:
    """Both sides give the same values; without the peer, that they are numbers."""
    if theirs is None:
        assert np.isfinite(mine).all()
    else:
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


JOB = Job(
    name="stats: ComBat of 5000 people, 5000 features, 25 sites, fitted and applied, one thread",
    peer_name="neuroHarmonize harmonizationLearn (n/a where it is not installed)",
    targets={"ratio": 0.556},
    prepare=prepare,
    ours=ours,
    peer=_peer if _installed() else None,
    limit=limit,
    check=check,
)
