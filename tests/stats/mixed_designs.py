"""Made-up visits of many designs, and the dense likelihood of a mixed model, written from its definition.

``python tests/stats/mixed_designs.py FOLDER`` writes the designs that R fits (mixed_reference.R).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

EFFECTS = ("group", "year", "group:year", "age", "pain")
N_REFERENCE = 50


def random_visits(number: int, *, seed: int = 20210420) -> pd.DataFrame:
    """Return visits of 12 to 40 people, unequal in number; every third design has times of its own."""
    rng = np.random.default_rng([seed, number])
    n_people = int(rng.integers(12, 41))
    sizes = rng.integers(1, 7, n_people) if number % 5 else np.full(n_people, 4)
    person = np.repeat(np.arange(n_people), sizes)
    year = np.concatenate([np.sort(rng.choice(7, size, replace=False)) / 2.0 for size in sizes])
    if number % 3 == 0:
        year = year + rng.uniform(0, 0.4, year.size)
    case = rng.permutation(n_people) < n_people // 2
    level_sd, slope_sd = rng.choice([0.0, 0.3, 1.0, 2.0], 2)
    level = level_sd * rng.standard_normal(n_people)
    slope = slope_sd * rng.standard_normal(n_people) + 0.3 * level
    typical = rng.normal(5, 1.5, n_people)
    pain = typical[person] + rng.normal(0, 1, person.size)
    y = 2 + level[person] + slope[person] * year + 0.5 * case[person] * year
    y += 0.4 * typical[person] - 0.3 * pain + rng.standard_normal(person.size)
    return pd.DataFrame(
        {
            "person": [f"p{code:02d}" for code in person],
            "year": year.round(6),
            "group": np.where(case[person], "patient", "control"),
            "age": rng.normal(45, 12, n_people).round(3)[person],
            "pain": pain.round(6),
            "y": (y * 10.0 ** rng.integers(-2, 3)).round(8),
        }
    )


def has_slope(number: int) -> bool:
    """Whether slopes are random in the design's model."""
    return number % 2 == 1


def covariance(visits: pd.DataFrame, relative: np.ndarray) -> np.ndarray:
    """Return V = I + Z D Z' of all rows: D (2, 2) of intercept and year, in residual variances."""
    z = np.column_stack([np.ones(len(visits)), visits["year"]])
    same = visits["person"].to_numpy()[:, None] == visits["person"].to_numpy()[None]
    return np.eye(len(visits)) + same * (z @ relative @ z.T)


def deviance(
    y: np.ndarray, matrix: np.ndarray, v: np.ndarray, sigma2: float | None, *, restricted: bool
) -> tuple[float, np.ndarray, np.ndarray, float]:
    """Return -2 log likelihood, coefficients, (X'V^-1X)^-1 and sigma2, profiled where none is given."""
    inverse = np.linalg.inv(v)
    bread = np.linalg.inv(matrix.T @ inverse @ matrix)
    beta = bread @ matrix.T @ inverse @ y
    residual = y - matrix @ beta
    squares = float(residual @ inverse @ residual)
    nu = len(y) - matrix.shape[1] * restricted
    sigma2 = squares / nu if sigma2 is None else sigma2
    value = np.linalg.slogdet(v)[1] + nu * np.log(2 * np.pi * sigma2) + squares / sigma2
    if restricted:
        value -= np.linalg.slogdet(bread)[1]
    return value, beta, bread, sigma2


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for design in range(N_REFERENCE):
        random_visits(design).to_csv(folder / f"design-{design:02d}.csv", index=False)
