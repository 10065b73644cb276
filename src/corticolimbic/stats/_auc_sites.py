"""AUC within sites, combined by weights: people of different sites are never compared with each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import special

from corticolimbic.stats._auc import Auc, log_odds_interval, satterthwaite, two_sided
from corticolimbic.stats._auc_paired import AucDifference
from corticolimbic.stats._random_effects import meta_analysis

One = TypeVar("One", Auc, AucDifference)


@dataclass(frozen=True)
class CombinedAuc:
    """AUC, or a difference of two, over sites or folds.

    Parameters
    ----------
    value, ci_low, ci_high
        Weighted mean and its interval.
    se
        Of the mean.
    p
        Two-sided p of 0.5 (of 0 for a difference).
    k, n, n_cases
        Sites that entered, their people and those of class 1.
    i2, q, p_q
        Share of the variance between sites that is no sampling error (0 to 1), Cochran's Q and its p; NaN
        below two sites.
    left_out
        ``(position, reason)`` of every site that could not enter.
    reason
        Empty, or why values are NaN.
    """

    value: float
    ci_low: float
    ci_high: float
    se: float
    p: float
    k: int
    n: int
    n_cases: int
    i2: float
    q: float
    p_q: float
    left_out: tuple[tuple[int, str], ...] = ()
    reason: str = ""


def combine_auc(sites: Sequence[Auc], *, level: float = 0.95) -> CombinedAuc:
    r"""Combine the AUCs of sites (or folds): the chance that two people *of one site* are in order.

    Site i weighs :math:`n_{1i} n_{0i} / (n_{1i} + n_{0i} + 1)` (van Elteren 1960, Bull Int Stat Inst 37:351):
    the inverse of its variance were the score worth nothing. Such weights depend on the numbers of people
    alone. Inverse DeLong variances would depend on the estimates (the variance shrinks towards AUC 1), which
    draws the mean away from 0.5; pairs alone would leave nearly everything to the largest site.

    The interval is about these sites: its variance is :math:`\sum w_i^2 s_i^2 / (\sum w_i)^2`, on the
    log-odds scale; the test has Satterthwaite's degrees of freedom. Whether sites differ is told beside it,
    by I2 and Cochran's Q.

    Parameters
    ----------
    sites
        Of `auc`; one with fewer than two people in a class, or a score that does not vary, is left out.
    level
        Coverage of the interval.

    Returns
    -------
    CombinedAuc
        Of one site: its own numbers. Of none: NaN.

    Examples
    --------
    >>> from corticolimbic.stats import auc
    >>> classes, scores = np.array([0.0, 0, 1, 0, 1, 1]), np.arange(6.0)
    >>> found = combine_auc([auc(scores, classes), auc(scores, classes)])
    >>> round(found.value, 3), found.k, found.n
    (0.889, 2, 12)
    """
    kept, left_out = _usable(sites)
    if not kept:
        return _nothing(left_out)
    if len(kept) == 1:
        one = kept[0]
        ends = (one.value, one.ci_low, one.ci_high, one.se, one.p)
        return CombinedAuc(*ends, 1, one.n, one.n_cases, math.nan, math.nan, math.nan, left_out)
    values, errors = np.array([one.value for one in kept]), np.array([one.se for one in kept])
    weights = _weights(kept)
    value, parts = float(weights @ values), (weights * errors) ** 2
    se, df = float(np.sqrt(parts.sum())), satterthwaite(parts, np.array([one.df for one in kept]))
    if 0 < value < 1:
        low, high = log_odds_interval(value, se, level)
    else:  # every pair of every site in order: the site whose interval is shortest says the most
        low, high = min(((one.ci_low, one.ci_high) for one in kept), key=lambda ends: ends[1] - ends[0])
    return _combined(kept, (value, low, high, se, two_sided(value - 0.5, se, df)), left_out)


def combine_auc_differences(sites: Sequence[AucDifference], *, level: float = 0.95) -> CombinedAuc:
    """Combine differences of AUC over sites (or folds), with the weights of `combine_auc`.

    Parameters
    ----------
    sites
        Of `auc_difference`; those without a value are left out.
    level
        Coverage of the interval, which is normal.

    Returns
    -------
    CombinedAuc
    """
    kept, left_out = _usable(sites)
    if not kept:
        return _nothing(left_out)
    weights = _weights(kept)
    value = float(weights @ np.array([one.value for one in kept]))
    se = float(np.sqrt(((weights * np.array([one.se for one in kept])) ** 2).sum()))
    half = float(special.ndtri((1 + level) / 2)) * se
    p = two_sided(value, se, math.inf) if se > 0 else 1.0 if value == 0 else math.nan
    return _combined(kept, (value, value - half, value + half, se, p), left_out)


def _usable(sites: Sequence[One]) -> tuple[list[One], tuple[tuple[int, str], ...]]:
    kept = [one for one in sites if math.isfinite(one.value) and math.isfinite(one.se)]
    left_out = tuple(
        (place, one.reason or "no standard error")
        for place, one in enumerate(sites)
        if not (math.isfinite(one.value) and math.isfinite(one.se))
    )
    return kept, left_out


def _weights(sites: Sequence[Auc] | Sequence[AucDifference]) -> np.ndarray:
    cases = np.array([one.n_cases for one in sites], dtype=float)
    n = np.array([one.n for one in sites], dtype=float)
    weights = cases * (n - cases) / (n + 1)
    return weights / weights.sum()


def _nothing(left_out: tuple[tuple[int, str], ...]) -> CombinedAuc:
    nan = math.nan
    return CombinedAuc(nan, nan, nan, nan, nan, 0, 0, 0, nan, nan, nan, left_out, "no site can be used")


def _combined(
    kept: Sequence[Auc] | Sequence[AucDifference],
    numbers: tuple[float, float, float, float, float],
    left_out: tuple[tuple[int, str], ...],
) -> CombinedAuc:
    usable = [one for one in kept if one.se > 0]
    i2 = q = p_q = math.nan
    if len(usable) > 1:
        found = meta_analysis(
            np.array([[one.value for one in usable]]), np.array([[one.se for one in usable]])
        )
        i2, q, p_q = float(found.i2[0]), float(found.q[0]), float(found.p_q[0])
    n, n_cases = sum(one.n for one in kept), sum(one.n_cases for one in kept)
    return CombinedAuc(*numbers, len(kept), n, n_cases, i2, q, p_q, left_out)
