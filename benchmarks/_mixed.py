"""Random-intercept models of many features over visits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._job import Job, Size

PEOPLE, BLOCK = 100, 50_000
FITS, ASKED_OF_PEER = 500_000, 10
EFFECTS = ("group", "year", "group:year", "age", "sex")


def prepare(size: Size, folder: Path) -> tuple[np.ndarray, Any, int]:
    """Make features over visits that not everybody made, their design and how often all are fitted."""
    import pandas as pd

    from corticolimbic.stats import visit_design

    rng = np.random.default_rng(20240107)
    person = np.repeat(np.arange(PEOPLE), 3)
    visits = pd.DataFrame(
        {
            "person": person,
            "year": np.tile([0.0, 1.0, 2.0], PEOPLE),
            "group": np.where(person % 2, "patient", "control"),
            "age": rng.normal(45, 12, PEOPLE)[person],
            "sex": rng.choice(["F", "M"], PEOPLE)[person],
        }
    )
    model = visit_design(visits[rng.random(len(visits)) > 0.1], "person", "year", EFFECTS)
    features = BLOCK if size == "full" else 500
    values = 0.8 * rng.normal(size=(PEOPLE, features))[model.person]
    values += rng.normal(size=values.shape)
    return values, model, FITS // BLOCK if size == "full" else 1


def ours(inputs: tuple[np.ndarray, Any, int]) -> np.ndarray:
    """Fit all features with the package, as often as there are blocks: every effect, df, p and interval."""
    from corticolimbic.stats import mixed_model

    for _ in range(inputs[2]):
        fit = mixed_model(inputs[0], inputs[1])
    first = slice(ASKED_OF_PEER)
    return np.concatenate([fit.estimate[:, first], fit.intercept_sd[None, first]]).T


def peer(inputs: tuple[np.ndarray, Any, int]) -> np.ndarray:
    """Loop over some features with statsmodels."""
    import statsmodels.api as sm

    values, model, _ = inputs
    rows = []
    for column in range(ASKED_OF_PEER):
        fit = sm.MixedLM(values[:, column], model.matrix, model.person).fit(reml=True)
        rows.append(np.append(fit.fe_params, np.sqrt(fit.cov_re[0, 0])))
    return np.array(rows)


def limit(inputs: tuple[np.ndarray, Any, int]) -> np.ndarray:
    """One least-squares solution for all features, as often, without people, errors or tests."""
    for _ in range(inputs[2]):
        found = np.linalg.lstsq(inputs[1].matrix, inputs[0], rcond=None)[0]
    return found


def check(mine: np.ndarray, theirs: np.ndarray) -> None:
    """Both sides give the same estimates and variance between people."""
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


JOB = Job(
    name="stats: 500,000 random-intercept fits (100 people, 3 visits with gaps, 6 columns), one thread",
    peer_name=f"statsmodels MixedLM, one fit a feature ({ASKED_OF_PEER} timed, extrapolated to {FITS})",
    targets={"ours": 6.0, "ratio": 1e-4},
    prepare=prepare,
    ours=ours,
    peer=peer,
    limit=limit,
    check=check,
    peer_scale=FITS / ASKED_OF_PEER,
    peer_once=True,
)
