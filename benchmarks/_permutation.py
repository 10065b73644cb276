"""Maximum-statistic permutation of many features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._job import Job, Size

PEOPLE, FEATURES = 500, 5_000
DRAWS, ASKED_OF_PEER = 10_000, 100


def prepare(size: Size, folder: Path) -> tuple[np.ndarray, Any, int]:
    """Make features of people, their design and the number of permutations."""
    import pandas as pd

    from corticolimbic.stats import design

    rng = np.random.default_rng(20140511)
    people = PEOPLE if size == "full" else 60
    table = pd.DataFrame(
        {
            "pain": rng.normal(5, 2, people),
            "age": rng.normal(45, 12, people),
            "sex": rng.choice(["F", "M"], people),
            "motion": rng.gamma(2, 0.1, people),
        }
    )
    values = rng.normal(size=(people, FEATURES if size == "full" else 200))
    model = design(table, "pain", ("age", "sex", "motion"))
    return values, model, DRAWS if size == "full" else 500


def ours(inputs: tuple[np.ndarray, Any, int]) -> np.ndarray:
    """Permute residuals, studentise by HC2 and keep the largest: p and family-wise p of each feature."""
    from corticolimbic.stats import permutation_test

    values, model, draws = inputs
    found = permutation_test(values, model, np.random.default_rng(1), n_draws=draws)
    return np.stack([found.statistic, found.p_fwe])


def peer(inputs: tuple[np.ndarray, Any, int]) -> np.ndarray:
    """The same model and features in nilearn: Freedman-Lane, the classical t, fewer permutations."""
    from nilearn.mass_univariate import permuted_ols

    values, model, _ = inputs
    found = permuted_ols(
        model.matrix[:, [1]],
        values,
        np.delete(model.matrix, 1, axis=1)[:, 1:],
        model_intercept=True,
        n_perm=ASKED_OF_PEER,
        two_sided_test=True,
        random_state=1,
        n_jobs=1,
        output_type="dict",
    )
    return np.stack([found["t"].ravel(), 10.0 ** -found["logp_max_t"].ravel()])


def limit(inputs: tuple[np.ndarray, Any, int]) -> np.ndarray:
    """One product of permutations, people and features: estimates without errors or counts."""
    values, _, draws = inputs
    left = np.random.default_rng(1).normal(size=(draws, len(values)))
    largest = np.empty(draws)
    for start in range(0, draws, 512):
        largest[start : start + 512] = np.abs(left[start : start + 512] @ values).max(axis=1)
    return largest


def check(mine: np.ndarray, theirs: np.ndarray) -> None:
    """Both sides' t are as near as robust and classical errors are; nothing is there, and none finds it."""
    assert np.corrcoef(mine[0], theirs[0])[0, 1] > 0.99
    assert (mine[1] > 0.001).all()
    assert np.corrcoef(np.argsort(np.argsort(mine[1])), np.argsort(np.argsort(theirs[1])))[0, 1] > 0.3


JOB = Job(
    name="stats: 10,000 maximum-statistic permutations (500 people, 5,000 features, HC2 in each), one thread",
    peer_name=(
        f"nilearn permuted_ols, classical t ({ASKED_OF_PEER} permutations timed, extrapolated to {DRAWS})"
    ),
    targets={"ours": 90.0},
    prepare=prepare,
    ours=ours,
    peer=peer,
    limit=limit,
    check=check,
    peer_scale=DRAWS / ASKED_OF_PEER,
    peer_once=True,
)
