"""Made-up studies whose people are lost at random given what was seen, with the rate that is true of them.

Pain is rated 0 to 10 in whole numbers at baseline, week 6 and month 6. Who is lost at week 6 depends on
baseline pain and site; who is lost at month 6, among those seen at week 6, on the early course and the site.
Persistent is who did not fall by 20 % (METHODS M-1). Lost people are in more pain, so complete cases have too
few persistent ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

VISITS = ["baseline", "week 6", "month 6"]
SITES = ("north", "south", "west")
_SITE_EFFECT = np.array([0.0, 0.6, -0.4])
_SITE_LOSS = np.array([0.0, 0.8, -0.5])


@dataclass(frozen=True)
class Study:
    people: pd.DataFrame
    observed: pd.DataFrame
    ratings: pd.DataFrame
    complete: pd.DataFrame


def study(n: int, rng: np.random.Generator, *, dropout: bool = True) -> Study:
    """Draw a study of n people; ``complete`` holds the ratings that were lost too."""
    site = rng.integers(len(SITES), size=n)
    age = rng.normal(45, 12, n)
    baseline = rated(5.5 + 0.5 * _SITE_EFFECT[site] + rng.normal(0, 1.5, n)).clip(3)
    week6 = rated(1.0 + 0.7 * baseline + _SITE_EFFECT[site] + rng.normal(0, 1.5, n))
    month6 = rated(0.3 + 0.25 * baseline + 0.55 * week6 + 0.02 * (age - 45) + rng.normal(0, 1.6, n))
    seen = np.ones((n, 3), dtype=bool)
    if dropout:
        stays6 = logistic(1.7 - 0.3 * (baseline - 5.5) - _SITE_LOSS[site])
        stays = logistic(1.6 - 0.7 * (week6 - 5.0) - _SITE_LOSS[site])
        seen[:, 1] = rng.random(n) < stays6
        seen[:, 2] = seen[:, 1] & (rng.random(n) < stays)
    ids = [f"sub-{number:05d}" for number in range(n)]
    complete = pd.DataFrame(np.column_stack([baseline, week6, month6]), index=ids, columns=VISITS)
    return Study(
        people=pd.DataFrame({"site": np.array(SITES, dtype=object)[site], "age": age}, index=ids),
        observed=pd.DataFrame(seen, index=ids, columns=VISITS),
        ratings=complete.where(seen),
        complete=complete,
    )


def rated(pain: np.ndarray) -> np.ndarray:
    return np.rint(pain).clip(0, 10)


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def persistent(ratings: pd.DataFrame) -> pd.Series:
    """Return 1 where pain did not fall by 20 %, missing where a rating is."""
    first, last = ratings["baseline"], ratings["month 6"]
    return (last > 0.8 * first + 1e-9).astype(float).where(first.notna() & last.notna())


def true_rate(n: int, rng: np.random.Generator) -> float:
    """Return the rate of a very large study without losses."""
    return float(np.mean([persistent(study(n // 10, rng, dropout=False).complete).mean() for _ in range(10)]))
