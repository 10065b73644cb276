"""A smooth curve of a covariate: cubic B-splines with knots at quantiles, their bending penalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import BSpline

from corticolimbic.stats._refusals import ModelError

DEGREE, N_BASIS = 3, 10
PENALTIES = np.logspace(0, 7, 11)
"""Candidates of the weight of bending, those of neuroHarmonize; the unit is that of the covariate, cubed."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The columns of a smooth curve, learnt from the covariate's values.

    Parameters
    ----------
    name
        The covariate.
    knots
        Inner knots at quantiles, the ends repeated; in the covariate's unit.
    bending
        Integral of the products of second derivatives; the penalty is ``2 * weight * bending`` (the factor is
        that of statsmodels' ``GLMGam``).
    """

    name: str
    knots: Float[np.ndarray, " knots"]
    bending: Float[np.ndarray, "basis basis"]

    def columns(self, values: Float[np.ndarray, " people"]) -> Float[np.ndarray, "people basis"]:
        """Return the basis without its first column (sites hold the constant), NaN where values are.

        Beyond the values learnt from, the curve goes on straight.
        """
        low, high = self.knots[0], self.knots[-1]
        inside = np.clip(values, low, high)
        known = ~np.isnan(values)
        found = np.full((values.size, N_BASIS - 1), np.nan)
        at, beyond = inside[known], (values - inside)[known]
        found[known] = _basis(self.knots)(at)[:, 1:]
        outside = beyond != 0
        if outside.any():
            slope = _basis(self.knots).derivative()(at[outside])[:, 1:]
            rows = np.flatnonzero(known)[outside]
            found[rows] += beyond[outside, None] * slope
        return found


def curve(name: str, values: Float[np.ndarray, " people"]) -> Curve:
    """Learn the knots of a covariate.

    Raises
    ------
    ModelError
        The covariate has fewer different values than the basis has columns.
    """
    known = values[~np.isnan(values)]
    if np.unique(known).size < N_BASIS:
        raise ModelError(
            f"a smooth curve of {name} needs {N_BASIS} different values; there are {np.unique(known).size}",
            (name,),
        )
    inner = np.quantile(known, np.linspace(0, 1, N_BASIS - DEGREE + 1)[1:-1])
    ends = known.min(), known.max()
    knots = np.concatenate([np.repeat(ends[0], DEGREE + 1), inner, np.repeat(ends[1], DEGREE + 1)])
    if (np.diff(np.unique(knots)) <= 0).any() or np.unique(inner).size < inner.size:
        raise ModelError(
            f"a smooth curve of {name} has quantiles that coincide: too many people share a value", (name,)
        )
    return Curve(name, knots, _bending(knots))


def _basis(knots: np.ndarray) -> BSpline:
    return BSpline(knots, np.eye(N_BASIS), DEGREE, extrapolate=True)


def _bending(knots: np.ndarray) -> np.ndarray:
    """Integrate exactly: second derivatives are straight between knots, so products are quadratic."""
    bend = _basis(knots).derivative(2)
    breaks = np.unique(knots)
    node = np.sqrt(1 / 3)
    middles, halves = (breaks[1:] + breaks[:-1]) / 2, np.diff(breaks) / 2
    at = (middles[:, None] + halves[:, None] * np.array([-node, node])).ravel()
    values = bend(at)[:, 1:]
    return (values * np.repeat(halves, 2)[:, None]).T @ values
