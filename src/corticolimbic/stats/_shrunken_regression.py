"""Bayesian linear regression of many features at once, with variances of the shrunken columns estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

FLAT = 1e-10
"""Prior precision of columns that are not shrunken (features are in standard deviations)."""
_SMALLEST = 1e-8
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Shrunken:
    r"""Posterior of each feature: :math:`y \sim N(Xw, \sigma^2 e^{\gamma a})`, w normal around ``mean``.

    Parameters
    ----------
    mean, covariance
        Of the coefficients.
    variance, growth
        Noise at a = 0, and the growth of its logarithm with a.
    prior
        Variance of each group of shrunken columns.
    dof
        People minus the columns effectively spent.
    converged
        Whether the variances stopped moving.
    """

    mean: Float[np.ndarray, "features columns"]
    covariance: Float[np.ndarray, "features columns columns"]
    variance: Float[np.ndarray, " features"]
    growth: Float[np.ndarray, " features"]
    prior: Float[np.ndarray, "features groups"]
    dof: Float[np.ndarray, " features"]
    converged: Bool[np.ndarray, " features"]

    def noise(self, scale: Float[np.ndarray, " people"]) -> Float[np.ndarray, "features people"]:
        """Return the noise variance at these values of a."""
        return self.variance[:, None] * np.exp(self.growth[:, None] * scale)


def shrunken_regression(
    values: Float[np.ndarray, "features people"],
    matrix: Float[np.ndarray, "people columns"],
    groups: Int[np.ndarray, " columns"],
    scale: Float[np.ndarray, " people"] | None,
    tolerance: float = 1e-7,
    iterations: int = 2000,
) -> Shrunken:
    """Fit by fixed-point steps of the marginal likelihood (MacKay 1992, Neural Comput 4:415, eq. 4.6 to 4.8).

    With columns that are not shrunken their fixed point is that of restricted maximum likelihood.

    Parameters
    ----------
    values
        In standard deviations; NaN where missing.
    matrix
        Columns, complete.
    groups
        -1 for columns that are not shrunken, else the number of the group that shares a variance.
    scale
        a, on which the logarithm of the noise variance depends linearly; None for one variance.
    tolerance
        Largest change of a variance, in logarithms, that counts as none.
    iterations
        At most so many steps.
    """
    parts = [
        _fit(values[start : start + _CHUNK], matrix, groups, scale, tolerance, iterations)
        for start in range(0, max(len(values), 1), _CHUNK)
    ]
    names = ("mean", "covariance", "variance", "growth", "prior", "dof", "converged")
    return Shrunken(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def posterior(
    values: Float[np.ndarray, "features people"],
    matrix: Float[np.ndarray, "people columns"],
    noise: Float[np.ndarray, "features people"],
    precision: Float[np.ndarray, "features columns"],
) -> tuple[Float[np.ndarray, "features columns"], Float[np.ndarray, "features columns columns"]]:
    """Return mean and covariance of the coefficients where all variances are known."""
    columns = matrix.shape[1]
    weight = np.where(np.isnan(values), 0.0, 1.0) / noise
    products = (matrix[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
    information = (weight @ products).reshape(-1, columns, columns)
    information[:, np.arange(columns), np.arange(columns)] += precision
    covariance = np.linalg.inv(information)
    moment = (weight * np.nan_to_num(values)) @ matrix
    return np.einsum("fpq,fq->fp", covariance, moment), covariance


def _fit(
    values: np.ndarray,
    matrix: np.ndarray,
    groups: np.ndarray,
    scale: np.ndarray | None,
    tolerance: float,
    iterations: int,
) -> Shrunken:
    features, columns = len(values), matrix.shape[1]
    n_groups = int(groups.max(initial=-1)) + 1
    known = ~np.isnan(values)
    a = np.zeros(len(matrix)) if scale is None else scale
    variance, growth = np.full(features, 0.5), np.zeros(features)
    prior = np.full((features, n_groups), 0.1)
    mean, covariance = np.zeros((features, columns)), np.zeros((features, columns, columns))
    dof = np.full(features, np.nan)
    active = np.arange(features)
    for _ in range(iterations):
        if active.size == 0:
            break
        noise = variance[active, None] * np.exp(growth[active, None] * a)
        precision = _precision(prior[active], groups)
        found, spread = posterior(values[active], matrix, noise, precision)
        mean[active], covariance[active] = found, spread
        told = 1.0 - precision * np.diagonal(spread, axis1=1, axis2=2)
        residual = np.where(known[active], np.nan_to_num(values[active]) - found @ matrix.T, 0.0)
        dof[active] = known[active].sum(axis=1) - told.sum(axis=1)
        before = np.column_stack([np.log(variance[active]), growth[active], np.log(prior[active])])
        for group in range(n_groups):
            at = groups == group
            size = (found[:, at] ** 2).sum(axis=1) / np.maximum(told[:, at].sum(axis=1), 1e-12)
            prior[active, group] = np.clip(size, _SMALLEST, 1e6)
        if scale is None:
            total = (residual**2).sum(axis=1) / np.maximum(dof[active], 1e-12)
            variance[active] = np.maximum(total, _SMALLEST)
        else:
            leverage = np.einsum("np,fpq,nq->fn", matrix, spread, matrix, optimize=True) / noise
            free = np.where(known[active], np.clip(1.0 - leverage, 1e-6, 1.0), 0.0)
            step = _scoring(residual**2 / noise - free, free, a)
            variance[active] = np.maximum(variance[active] * np.exp(step[:, 0]), _SMALLEST)
            growth[active] += step[:, 1]
        after = np.column_stack([np.log(variance[active]), growth[active], np.log(prior[active])])
        active = active[np.abs(after - before).max(axis=1) > tolerance]
    # A prior variance that sinks towards zero does so ever more slowly; what it still does is negligible.
    sinking = (prior[active] < 1e-4).any(axis=1) if n_groups else np.zeros(active.size, dtype=bool)
    converged = np.ones(features, dtype=bool)
    converged[active[~sinking]] = False
    return Shrunken(mean, covariance, variance, growth, prior, dof, converged)


def _precision(prior: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.column_stack(
        [np.full(len(prior), FLAT) if group < 0 else 1.0 / prior[:, group] for group in groups]
    )


def _scoring(excess: np.ndarray, free: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return one Fisher step of log variance and growth; squared residuals have expectation ``free``."""
    s0, s1, s2 = free.sum(axis=1), free @ a, free @ a**2
    u0, u1 = excess.sum(axis=1), excess @ a
    determinant = np.maximum(s0 * s2 - s1**2, 1e-12)
    step = np.column_stack([s2 * u0 - s1 * u1, s0 * u1 - s1 * u0]) / determinant[:, None]
    return np.clip(step, -1.0, 1.0)
