"""One column's effect on many features, with robust standard errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._job import Job, Size

FEATURES, ASKED_OF_PEER = 2000, 50


def prepare(size: Size, folder: Path) -> tuple[np.ndarray, Any, np.ndarray]:
    """Make features, their design and its matrix."""
    import pandas as pd

    from corticolimbic.stats import design

    people = 300 if size == "full" else 60
    rng = np.random.default_rng(20240107)
    index = [f"sub-{number:03d}" for number in range(people)]
    table = pd.DataFrame(
        {
            "pain": rng.normal(5, 2, people),
            "age": rng.normal(45, 12, people),
            "sex": rng.choice(["F", "M"], people),
            "site": rng.choice(["A", "B", "C"], people),
        },
        index=index,
    )
    values = 0.05 * table["pain"].to_numpy()[:, None] + rng.normal(size=(people, FEATURES))
    model = design(table, "pain", ("age", "sex"), "site")
    return values, model, model.matrix


def ours(inputs: tuple[np.ndarray, Any, np.ndarray]) -> np.ndarray:
    """Estimate all features with the package."""
    from corticolimbic.stats import association

    effects = association(inputs[0], inputs[1], standard_errors="hc3")
    return np.column_stack([effects.estimate, effects.se, effects.p])


def peer(inputs: tuple[np.ndarray, Any, np.ndarray]) -> np.ndarray:
    """Loop over some features with statsmodels."""
    import statsmodels.api as sm

    rows = []
    for column in range(ASKED_OF_PEER):
        fit = sm.OLS(inputs[0][:, column], inputs[2]).fit(cov_type="HC3", use_t=True)
        rows.append((fit.params[1], fit.bse[1], fit.pvalues[1]))
    return np.array(rows)


def limit(inputs: tuple[np.ndarray, Any, np.ndarray]) -> np.ndarray:
    """One least-squares solution for all features, without any error."""
    return np.linalg.lstsq(inputs[2], inputs[0], rcond=None)[0]


def check(mine: np.ndarray, theirs: np.ndarray) -> None:
    """Both sides give the same estimates, errors and p-values."""
    np.testing.assert_allclose(mine[: len(theirs)], theirs, rtol=1e-8, atol=1e-12)


JOB = Job(
    name="stats: one slope with HC3 errors for 2,000 features (300 people, age, sex, 3 sites)",
    peer_name=f"statsmodels OLS, one fit a feature ({ASKED_OF_PEER} timed, extrapolated to {FEATURES})",
    targets={"ratio": 0.05},
    prepare=prepare,
    ours=ours,
    peer=peer,
    limit=limit,
    check=check,
    peer_scale=FEATURES / ASKED_OF_PEER,
)
