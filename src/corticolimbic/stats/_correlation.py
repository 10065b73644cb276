"""Correlation of two variables over people, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True)
class Estimate:
    """One number with its interval.

    Parameters
    ----------
    value, ci_low, ci_high
        Estimate and interval; NaN where they are not defined.
    p
        Two-sided p of the value against 0; NaN where none is given.
    n
        People with both values.
    reason
        Empty, or why something is NaN.
    """

    value: float
    ci_low: float
    ci_high: float
    p: float
    n: int
    reason: str = ""


def pearson(
    x: Float[np.ndarray, " people"], y: Float[np.ndarray, " people"], *, level: float = 0.95
) -> Estimate:
    """Return Pearson's r with Fisher's interval: artanh r with standard error 1/sqrt(n - 3).

    Parameters
    ----------
    x, y
        Paired values; pairs with a NaN are left out.
    level
        Coverage of the interval.

    Returns
    -------
    Estimate
        p from t with n - 2 degrees of freedom. Fewer than 3 pairs, or a variable that does not vary, give
        NaN with a reason; 3 pairs, no interval; r of -1 or 1, an interval of no width.

    Raises
    ------
    ModelError
        A value is infinite.

    Examples
    --------
    >>> found = pearson(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 1, 4, 3, 5]))
    >>> round(found.value, 3), round(found.ci_low, 3), round(found.ci_high, 3), found.n
    (0.8, -0.28, 0.986, 5)
    """
    x, y = _pairs(x, y)
    return _correlate(x, y, 0.0, level)


def spearman(
    x: Float[np.ndarray, " people"], y: Float[np.ndarray, " people"], *, level: float = 0.95
) -> Estimate:
    r"""Return Spearman's rank correlation with the interval of Bonett & Wright.

    The interval is Fisher's with standard error :math:`\sqrt{(1 + r_s^2/2)/(n - 3)}` (Bonett & Wright 2000,
    Psychometrika 65:23); ties share their mean rank; p is that of t with n - 2 degrees of freedom.

    Parameters
    ----------
    x, y, level
        As for `pearson`.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> found = spearman(np.array([1.0, 2, 3, 4, 50]), np.array([2.0, 1, 4, 3, 5]))
    >>> round(found.value, 3), round(found.ci_low, 3), round(found.ci_high, 3)
    (0.8, -0.457, 0.991)
    """
    from scipy import stats

    x, y = _pairs(x, y)
    return _correlate(stats.rankdata(x), stats.rankdata(y), 0.5, level)


def _pairs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if np.isinf(x).any() or np.isinf(y).any():
        raise ModelError("infinite values cannot be correlated; make them missing by name")
    both = ~(np.isnan(x) | np.isnan(y))
    return x[both], y[both]


def _correlate(x: np.ndarray, y: np.ndarray, inflation: float, level: float) -> Estimate:
    n = int(x.size)
    nan = float("nan")
    if n < 3:
        return Estimate(nan, nan, nan, nan, n, f"{n} pairs; a correlation needs 3")
    r = plain_r(x, y)
    if np.isnan(r):
        return Estimate(nan, nan, nan, nan, n, "a variable does not vary")
    with np.errstate(divide="ignore"):
        t = r * np.sqrt((n - 2) / max((1 - r) * (1 + r), 0.0)) if abs(r) < 1 else np.copysign(np.inf, r)
        p = float(2 * special.stdtr(n - 2, -abs(t)))
        if n < 4:
            return Estimate(r, nan, nan, p, n, "3 pairs; an interval needs 4")
        half = special.ndtri((1 + level) / 2) * np.sqrt((1 + inflation * r**2) / (n - 3))
        low, high = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
    return Estimate(r, float(low), float(high), p, n)


def plain_r(x: np.ndarray, y: np.ndarray) -> float:
    """Return Pearson's r of two complete vectors, NaN where one does not vary beyond rounding."""
    eps = 64 * np.finfo(float).eps
    if np.ptp(x) <= eps * np.abs(x).max() or np.ptp(y) <= eps * np.abs(y).max():
        return float("nan")
    dx, dy = x - x.mean(), y - y.mean()
    dx, dy = dx / np.abs(dx).max(), dy / np.abs(dy).max()  # squares of huge or tiny units would overflow
    r = float(dx @ dy / (np.linalg.norm(dx) * np.linalg.norm(dy)))
    return min(1.0, max(-1.0, r))
