"""A smooth curve of age: a line, and the bends of a cubic B-spline around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class AgeSpline:
    """Columns of a curve of age, learnt from a reference.

    Outside the reference's ages the bends keep their last value and only the line goes on.

    Parameters
    ----------
    center, scale
        Mean and standard deviation of the ages (years); a scale of 0 means that they do not vary.
    knots
        All knots of the cubic B-spline, the ends four times.
    bends
        B-spline coefficients of each bend.
    line
        What is taken off each bend, so that in the reference it is orthogonal to a constant and a line.
    """

    center: float
    scale: float
    knots: Float[np.ndarray, " knots"]
    bends: Float[np.ndarray, "splines bends"]
    line: Float[np.ndarray, "2 bends"]

    def standardised(self, age: Float[np.ndarray, " people"]) -> Float[np.ndarray, " people"]:
        """Return ages in standard deviations from the reference's mean."""
        return (age - self.center) / (self.scale or 1.0)

    def outside(self, age: Float[np.ndarray, " people"]) -> np.ndarray:
        """Tell who is younger or older than everyone of the reference."""
        return (age < self.knots[0]) | (age > self.knots[-1])

    def curve(self, age: Float[np.ndarray, " people"]) -> Float[np.ndarray, "people bends"]:
        """Return the bends at these ages."""
        if self.bends.shape[1] == 0 or len(age) == 0:
            return np.empty((len(age), self.bends.shape[1]))
        inside = np.clip(age, self.knots[0], self.knots[-1])
        straight = np.column_stack([np.ones(len(age)), self.standardised(inside)])
        return _basis(inside, self.knots) @ self.bends - straight @ self.line


def age_spline(age: Float[np.ndarray, " people"], knots: int) -> AgeSpline:
    """Learn the columns from the reference's ages.

    Parameters
    ----------
    age
        Years, no NaN.
    knots
        Knots between youngest and oldest, at quantiles.
    """
    low, high, scale = float(age.min()), float(age.max()), float(age.std())
    if scale == 0 or len(np.unique(age)) < knots + 4:
        straight = AgeSpline(
            float(age.mean()), scale, np.array([low, high]), np.empty((0, 0)), np.empty((2, 0))
        )
        return straight
    inner = np.unique(np.quantile(age, np.linspace(0, 1, knots + 2))[1:-1])
    inner = inner[(inner > low) & (inner < high)]
    whole = np.concatenate([[low] * 4, inner, [high] * 4])
    basis = _basis(age, whole)
    line = np.column_stack([np.ones(len(age)), (age - age.mean()) / scale])
    fitted = np.linalg.lstsq(line, basis, rcond=None)[0]
    _, values, vectors = np.linalg.svd(basis - line @ fitted, full_matrices=False)
    kept = values > 1e-8 * values[0]
    mixing = vectors[kept].T * (np.sqrt(len(age)) / values[kept])
    return AgeSpline(float(age.mean()), scale, whole, mixing, fitted @ mixing)


def _basis(age: Float[np.ndarray, " people"], knots: Float[np.ndarray, " knots"]) -> np.ndarray:
    from scipy.interpolate import BSpline

    return BSpline.design_matrix(age, knots, 3).toarray()
