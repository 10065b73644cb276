"""How well a new t test fits the effect of an earlier one: the replication Bayes factor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from corticolimbic.stats._effect_sizes import hedges_g

_WIDTH, _POINTS = 12.0, 4001
"""Half-width of the integral in posterior standard deviations, and its points."""


@dataclass(frozen=True)
class TTest:
    """A t test.

    Parameters
    ----------
    t
        Statistic.
    df
        Degrees of freedom.
    n
        Effective number of people: n1 n2 / (n1 + n2) of two groups, the number of people of one.
    """

    t: int | float
    df: int | float
    n: int | float


def replication_bayes_factor(original: TTest, replication: TTest) -> float:
    r"""Return how much better the original's effect predicts the replication than no effect does.

    :math:`B_{r0} = \int f(t_r \mid \delta)\, p(\delta \mid t_o)\, d\delta \,/\, f(t_r \mid 0)`, f the
    noncentral t density with noncentrality :math:`\delta\sqrt n`, and :math:`p(\delta \mid t_o) \propto
    f(t_o \mid \delta)`, the posterior of the original under a flat prior (Verhagen & Wagenmakers 2014, J Exp
    Psychol Gen 143:1457). Both integrals are numerical; the posterior is not taken as normal. Above 1 the
    replication is more likely under the original's effect, below 1 under none.

    Parameters
    ----------
    original, replication
        Tests with signs in the same direction.

    Returns
    -------
    float
        NaN where a number is missing or a sample empty.

    Examples
    --------
    >>> first = TTest(t=3.0, df=38, n=10)
    >>> replication_bayes_factor(first, TTest(t=2.8, df=78, n=20)) > 5
    True
    >>> replication_bayes_factor(first, TTest(t=0.0, df=78, n=20)) < 0.5
    True
    """
    from scipy.stats import nct, t

    numbers = [value for test in (original, replication) for value in (test.t, test.df, test.n)]
    if not all(map(math.isfinite, numbers)) or min(numbers[1:3] + numbers[4:]) <= 0:
        return math.nan
    center = original.t / math.sqrt(original.n)
    spread = math.sqrt(1 / original.n + center**2 / (2 * original.df))
    # Student's tails of a small original are longer than the normal ones.
    half = _WIDTH * spread * (1 + 4 / original.df)
    effect = np.linspace(center - half, center + half, _POINTS)
    posterior = nct.pdf(original.t, original.df, effect * math.sqrt(original.n))
    posterior = np.nan_to_num(posterior, nan=0.0)
    predicted = nct.pdf(replication.t, replication.df, effect * math.sqrt(replication.n))
    predicted = np.nan_to_num(predicted, nan=0.0)
    none = t.pdf(replication.t, replication.df)
    if not posterior.sum() > 0 or none <= 0:
        return math.nan
    return float((posterior * predicted).sum() / posterior.sum() / none)


def t_test_behind(g: float, low: float, high: float, df: int | float) -> TTest:
    """Return the classical t test behind a Hedges' g with its exact 95 % interval, as `hedges_g` makes it.

    The variance factor is that which makes the interval as wide as it is; the statistic of the effects
    table itself may be robust to unequal variances, which the Bayes factor is not about.

    Parameters
    ----------
    g, low, high
        Effect with its interval.
    df
        Residual degrees of freedom.

    Returns
    -------
    TTest
        Of NaN where there is no such interval.
    """
    from scipy.optimize import brentq

    nothing = TTest(math.nan, math.nan, math.nan)
    if not all(map(math.isfinite, (g, low, high, df))) or df < 2 or not low < high:
        return nothing
    correction = math.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / math.sqrt(df / 2)
    raw = g / correction

    def excess(log_factor: float) -> float:
        factor = math.exp(log_factor)
        _, lower, upper = hedges_g(np.array([raw / math.sqrt(factor)]), int(df), factor)
        return float(upper[0] - lower[0]) - (high - low)

    try:
        factor = math.exp(brentq(excess, math.log(1e-5), math.log(10.0), xtol=1e-10))
    except ValueError:  # no factor makes it: not an interval of this kind
        return nothing
    return TTest(raw / math.sqrt(factor), df, 1 / factor)
