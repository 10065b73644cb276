"""The variance of true effects between sites: estimators and interval, many features at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import special

BetweenSites = Literal["reml", "dl", "pm"]
"""Estimators of the variance between sites: REML, DerSimonian and Laird, Paule and Mandel."""

_STEPS = 56
_AT_ONCE = 20_000
_GRID = np.concatenate([[0.0], np.geomspace(1e-6, 1, 120)])


def between_variance(
    estimates: Float[np.ndarray, "features sites"],
    variances: Float[np.ndarray, "features sites"],
    method: BetweenSites = "reml",
) -> Float[np.ndarray, " features"]:
    r"""Return the estimated variance between sites, 0 or more; NaN below two sites.

    REML (Viechtbauer 2005, J Educ Behav Stat 30:261) is the highest point of the restricted likelihood, which
    can have more than one maximum: it is scanned before it is refined. DerSimonian & Laird (1986, Control
    Clin Trials 7:177) solve for the expected Q with the weights of no variance, Paule & Mandel (1982, J Res
    NBS 87:377) with the weights of the answer: :math:`Q(\tau^2) = k - 1`.

    Parameters
    ----------
    estimates, variances
        NaN in both where a site has no estimate.
    method
        ``reml``, ``dl`` or ``pm``.
    """
    k = np.isfinite(estimates).sum(axis=1)
    spread = _squares(estimates) / np.maximum(k - 1, 1)
    if method == "reml":
        found = _reml(estimates, variances, spread)
    elif method == "dl":
        weight = _weight(variances, np.zeros(len(estimates)))
        total = weight.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = generalised_q(estimates, variances, np.zeros(len(estimates))) - (k - 1)
            found = np.maximum(excess / (total - (weight**2).sum(axis=1) / total), 0.0)
    else:
        found = _solve(estimates, variances, (k - 1).astype(float), spread)
    return np.where(k < 2, np.nan, found)


def between_interval(
    estimates: Float[np.ndarray, "features sites"],
    variances: Float[np.ndarray, "features sites"],
    level: float = 0.95,
) -> tuple[Float[np.ndarray, " features"], Float[np.ndarray, " features"]]:
    r"""Return the Q-profile interval of the variance between sites (Viechtbauer 2007, Stat Med 26:37).

    The ends are where the generalised :math:`Q(\tau^2)` equals the upper and the lower quantile of chi-square
    with k - 1 degrees of freedom. Where sites differ less than their own errors let one expect, an end, or
    both, would lie below 0 and is 0. NaN below two sites.
    """
    k = np.isfinite(estimates).sum(axis=1)
    df = np.maximum(k - 1, 1).astype(float)
    squares = _squares(estimates)
    ends = []
    for upper_tail in ((1 - level) / 2, (1 + level) / 2):
        quantile = special.chdtri(df, upper_tail)
        ends.append(np.where(k < 2, np.nan, _solve(estimates, variances, quantile, squares / quantile)))
    return ends[0], ends[1]


def generalised_q(
    estimates: Float[np.ndarray, "features sites"],
    variances: Float[np.ndarray, "features sites"],
    tau2: Float[np.ndarray, " features"],
) -> Float[np.ndarray, " features"]:
    """Return the weighted squares about the weighted mean; Cochran's Q where the variance between is 0."""
    return _moments(estimates, variances, tau2)[3]


def weighted_mean_of_sites(
    estimates: Float[np.ndarray, "features sites"],
    variances: Float[np.ndarray, "features sites"],
    tau2: Float[np.ndarray, " features"],
) -> tuple[Float[np.ndarray, " features"], Float[np.ndarray, " features"]]:
    """Return the mean with weights 1 / (variance + variance between), and the sum of the weights."""
    _, total, mean, _ = _moments(estimates, variances, tau2)
    return mean, total


def hartung_knapp(
    estimates: Float[np.ndarray, "features sites"],
    variances: Float[np.ndarray, "features sites"],
    tau2: Float[np.ndarray, " features"],
    *,
    floor: float = 1.0,
) -> tuple[Float[np.ndarray, " features"], Float[np.ndarray, " features"]]:
    """Return the mean and its Hartung-Knapp standard error, never below ``floor`` of the weights' own.

    Parameters
    ----------
    estimates, variances, tau2
        As for `between_variance`, and what it found.
    floor
        1 for the correction of Knapp & Hartung (2003), 0 for none.
    """
    k = np.isfinite(estimates).sum(axis=1)
    _, total, mean, squares = _moments(estimates, variances, tau2)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(k > 1, squares / (k - 1), np.nan)
        return mean, np.sqrt(np.maximum(scale, floor) / total)


def typical_variance(variances: Float[np.ndarray, "features sites"]) -> Float[np.ndarray, " features"]:
    """Return the sampling variance that Higgins & Thompson (2002, Stat Med 21:1539, eq. 9) put into I2."""
    k = np.isfinite(variances).sum(axis=1)
    weight = _weight(variances, np.zeros(len(variances)))
    total = weight.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (k - 1) * total / (total**2 - (weight**2).sum(axis=1))


def _weight(variances: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(variances), 0.0, 1 / (variances + tau2[:, None]))


def _moments(estimates: np.ndarray, variances: np.ndarray, tau2: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return weights, their sum, the weighted mean and the weighted squares about it."""
    weight = _weight(variances, tau2)
    total = weight.sum(axis=1)
    values = np.nan_to_num(estimates)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * values).sum(axis=1) / total
    squares = (weight * (values - mean[:, None]) ** 2).sum(axis=1)
    return weight, total, mean, squares


def _squares(estimates: np.ndarray) -> np.ndarray:
    """Sum of squares about each feature's plain mean; 0 where nothing is known."""
    known = np.isfinite(estimates)
    values = np.where(known, estimates, 0.0)
    mean = values.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return (np.where(known, estimates - mean[:, None], 0.0) ** 2).sum(axis=1)


def _bisect(falls: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where a condition that holds at low, and not at high, stops holding."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        below = falls(middle)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _solve(estimates: np.ndarray, variances: np.ndarray, aim: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return where the generalised Q, which falls with the variance between, equals the aim; 0 if never."""

    def above(tau2: np.ndarray) -> np.ndarray:
        return generalised_q(estimates, variances, tau2) > aim

    start = np.zeros(len(estimates))
    return np.where(above(start), _bisect(above, start, upper), 0.0)


def _reml(estimates: np.ndarray, variances: np.ndarray, spread: np.ndarray) -> np.ndarray:
    upper = 20 * spread
    losses = _scan(estimates, variances, upper)
    best = losses.argmin(axis=0)
    low = _GRID[np.maximum(best - 1, 0)] * upper
    high = _GRID[np.minimum(best + 1, _GRID.size - 1)] * upper

    def rises(tau2: np.ndarray) -> np.ndarray:
        return _score(estimates, variances, tau2) < 0

    # Where the likelihood falls from 0 on, 0 is the answer.
    found = np.where((low == 0) & ~rises(low), 0.0, _bisect(rises, low, high))
    return np.where(_restricted(estimates, variances, found) < losses[0], found, 0.0)


def _scan(estimates: np.ndarray, variances: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return `_restricted` at every point of the grid, in one go where that is small."""
    if estimates.size > _AT_ONCE:
        return np.stack([_restricted(estimates, variances, share * upper) for share in _GRID])
    many = (_GRID.size, 1)
    values = _restricted(np.tile(estimates, many), np.tile(variances, many), np.outer(_GRID, upper).ravel())
    return values.reshape(_GRID.size, -1)


def _restricted(estimates: np.ndarray, variances: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    """Minus twice the restricted log-likelihood, constants left out."""
    weight, total, _, squares = _moments(estimates, variances, tau2)
    with np.errstate(divide="ignore"):
        logs = np.where(weight > 0, np.log(weight), 0.0).sum(axis=1)
        return -logs + np.log(total) + squares


def _score(estimates: np.ndarray, variances: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    """Slope of `_restricted` against the variance between sites."""
    weight, total, mean, _ = _moments(estimates, variances, tau2)
    residuals = np.nan_to_num(estimates) - mean[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return total - (weight**2).sum(axis=1) / total - (weight**2 * residuals**2).sum(axis=1)
