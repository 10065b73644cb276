"""Area under the ROC curve of a fixed score: DeLong's variance, interval on the log-odds scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._refusals import ModelError

_EXACT_BELOW = 10
"""With fewer people in a class the test is exact."""
_EXACT_PEOPLE = 400


@dataclass(frozen=True)
class Auc:
    """The chance that a person of class 1 has a higher score than one of class 0, ties counting one half.

    Parameters
    ----------
    value, ci_low, ci_high
        AUC and its interval; NaN where they are not defined.
    se
        DeLong's standard error; where all pairs are in order, that of the interval.
    df
        Degrees of freedom of the test.
    p
        Two-sided p of an AUC of 0.5.
    n, n_cases
        People, and those of class 1.
    reason
        Empty, or why something is NaN or made in another way.
    """

    value: float
    ci_low: float
    ci_high: float
    se: float
    df: float
    p: float
    n: int
    n_cases: int
    reason: str = ""

    @property
    def n_others(self) -> int:
        """People of class 0."""
        return self.n - self.n_cases


def auc(
    scores: Float[np.ndarray, " people"], classes: Float[np.ndarray, " people"], *, level: float = 0.95
) -> Auc:
    r"""Return the AUC of a score that was fixed before these people were seen.

    The variance is DeLong's (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837), found by ranks (Sun &
    Xu 2014, IEEE Signal Process Lett 21:1389). The interval is made on the log-odds scale, where the
    distribution of the estimate is nearer to normal and the ends stay within 0 and 1: logit A give or take
    :math:`z\, s / (A(1 - A))` (Pepe 2003, The Statistical Evaluation of Medical Tests, 5.2.4). The test
    refers :math:`(A - 1/2) / s` to t with Satterthwaite's degrees of freedom of the two placement variances:
    it is the test of Brunner & Munzel (2000, Biom J 42:17) and does not need the two classes to vary alike.
    With fewer than 10 people in a class p is exact: the share of all ways to deal out the classes that lie as
    far from 0.5.

    Where every pair is in order (AUC 0 or 1) DeLong's variance is 0 and says nothing; the interval is then
    Newcombe's (2006, Stat Med 25:559, method 5), which works back from the ends, and p is exact.

    Parameters
    ----------
    scores
        In any unit; people with a NaN in score or class are left out.
    classes
        1 (persistent) or 0 (recovered).
    level
        Coverage of the interval.

    Returns
    -------
    Auc
        One class only, or a score that does not vary, gives NaN with a reason; one person in a class, no
        interval.

    Raises
    ------
    ModelError
        A score is infinite, or a class is neither 0 nor 1.

    Examples
    --------
    >>> found = auc(np.array([1.0, 2, 3, 4, 5, 6]), np.array([0.0, 0, 1, 0, 1, 1]))
    >>> round(found.value, 3), found.n, found.n_cases
    (0.889, 6, 3)
    """
    scores, classes = pairs_of(scores, classes)
    cases, others = scores[classes == 1], scores[classes == 0]
    n, n_cases = int(scores.size), int(cases.size)
    nan = float("nan")
    if not cases.size or not others.size:
        return Auc(nan, nan, nan, nan, nan, nan, n, n_cases, "one class only")
    if np.ptp(scores) == 0:
        return Auc(nan, nan, nan, nan, nan, nan, n, n_cases, "the score does not vary")
    above, below = placements(cases, others)
    value = float(above.mean())
    if min(cases.size, others.size) < 2:
        reason = "one person in a class; an interval needs two"
        return Auc(value, nan, nan, nan, nan, _exact_p(scores, classes), n, n_cases, reason)
    if value in {0.0, 1.0}:
        low, high = _newcombe(value, cases.size, others.size, level)
        se = (high - low) / float(special.ndtri((1 + level) / 2))
        p = min(1.0, 2 / float(special.comb(n, n_cases)))
        reason = "all pairs in order: Newcombe's interval"
        return Auc(value, low, high, se, float(n - 2), p, n, n_cases, reason)
    parts = np.array([above.var(ddof=1) / cases.size, below.var(ddof=1) / others.size])
    se = float(np.sqrt(parts.sum()))
    df = satterthwaite(parts, np.array([cases.size - 1.0, others.size - 1.0]))
    low, high = log_odds_interval(value, se, level)
    if min(cases.size, others.size) < _EXACT_BELOW and n <= _EXACT_PEOPLE:
        p = _exact_p(scores, classes)
    else:
        p = two_sided(value - 0.5, se, df)
    return Auc(value, low, high, se, df, p, n, n_cases)


def pairs_of(scores: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return score and class of the people who have both.

    Raises
    ------
    ModelError
        A score is infinite, or a class is neither 0 nor 1.
    """
    if np.isinf(scores).any():
        raise ModelError("infinite scores cannot be judged; make them missing by name")
    both = ~(np.isnan(scores) | np.isnan(classes))
    scores, classes = scores[both], classes[both]
    if not np.isin(classes, (0.0, 1.0)).all():
        raise ModelError(f"a class is 0 or 1, not {classes[~np.isin(classes, (0.0, 1.0))][0]:g}")
    return scores, classes


def placements(
    cases: Float[np.ndarray, " cases"], others: Float[np.ndarray, " others"]
) -> tuple[Float[np.ndarray, " cases"], Float[np.ndarray, " others"]]:
    """Return for each person the share of the other class that they are in order with, ties one half."""
    up, low = np.sort(others), np.sort(cases)
    above = np.searchsorted(up, cases, "left") + np.searchsorted(up, cases, "right")
    below = np.searchsorted(low, others, "left") + np.searchsorted(low, others, "right")
    return above / (2 * others.size), 1 - below / (2 * cases.size)


def satterthwaite(variances: Float[np.ndarray, " parts"], dfs: Float[np.ndarray, " parts"]) -> float:
    """Return the degrees of freedom of a sum of estimated variances; infinite where there is no variance."""
    squares = float((variances**2 / dfs).sum())
    return float(variances.sum() ** 2 / squares) if squares > 0 else math.inf


def log_odds_interval(value: float, se: float, level: float) -> tuple[float, float]:
    """Return the interval of a share that is symmetric in log odds."""
    half = float(special.ndtri((1 + level) / 2)) * se / (value * (1 - value))
    middle = float(special.logit(value))
    return float(special.expit(middle - half)), float(special.expit(middle + half))


def two_sided(difference: float, se: float, df: float) -> float:
    """Return the two-sided p of a difference over its standard error; df may be infinite."""
    if se <= 0:
        return float("nan")
    t = -abs(difference) / se
    return float(2 * (special.ndtr(t) if math.isinf(df) else special.stdtr(df, t)))


def _newcombe(value: float, n_cases: int, n_others: int, level: float) -> tuple[float, float]:
    """Return the interval whose end is where the estimate would lie z standard errors away."""
    from scipy.optimize import brentq

    z2, mean = float(special.ndtri((1 + level) / 2)) ** 2, (n_cases + n_others) / 2 - 1

    def excess(share: float) -> float:
        variance = share * (1 - share) * (1 + mean * ((1 - share) / (2 - share) + share / (1 + share)))
        return (1 - share) ** 2 - z2 * variance / (n_cases * n_others)

    end = float(brentq(excess, 1e-12, 1 - 1e-9))  # 1 itself is a root too
    return (end, 1.0) if value == 1 else (0.0, 1 - end)


def _exact_p(scores: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of all ways to deal out the classes whose AUC is as far from 0.5."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    after = np.cumsum(counts)
    doubled = (2 * after - counts + 1)[place]  # twice the mid-rank, a whole number
    smaller = classes == (1.0 if classes.sum() * 2 <= classes.size else 0.0)
    chosen = int(smaller.sum())
    observed, total = int(doubled[smaller].sum()), int(np.sort(doubled)[-chosen:].sum())
    ways = np.zeros((chosen + 1, total + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        for size in range(chosen, 0, -1):
            ways[size, rank:] += ways[size - 1, : total + 1 - rank]
    sums = np.arange(total + 1)
    centre = chosen * (scores.size + 1)
    far = np.abs(sums - centre) >= abs(observed - centre)
    return float(min(1.0, ways[chosen, far].sum() / ways[chosen].sum()))
