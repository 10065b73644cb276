"""Two scores of the same people: the difference of their areas under the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._auc import pairs_of, placements, two_sided


@dataclass(frozen=True)
class AucDifference:
    """AUC of the first score less that of the second.

    Parameters
    ----------
    value, ci_low, ci_high
        Difference and its interval.
    se
        DeLong's standard error, the covariance of the two taken into account.
    p
        Two-sided p of no difference (normal).
    first, second
        Both AUCs.
    n, n_cases
        People with both scores, and those of class 1.
    reason
        Empty, or why something is NaN.
    """

    value: float
    ci_low: float
    ci_high: float
    se: float
    p: float
    first: float
    second: float
    n: int
    n_cases: int
    reason: str = ""


def auc_difference(
    first: Float[np.ndarray, " people"],
    second: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    *,
    level: float = 0.95,
) -> AucDifference:
    """Compare two scores of the same people by DeLong's paired test.

    The difference of a person's two placements takes the covariance in (DeLong, DeLong & Clarke-Pearson 1988,
    Biometrics 44:837). Both scores must have been fixed before these people were seen; of two nested models
    that were fitted to the same people the test is far too cautious (Demler et al. 2012, Stat Med 31:2577).

    Parameters
    ----------
    first, second
        Scores; people who lack one of them, or a class, are left out.
    classes
        1 or 0.
    level
        Coverage of the interval.

    Returns
    -------
    AucDifference
        Fewer than two people in a class give NaN with a reason; scores that order everybody alike, a
        difference of 0 and p of 1.

    Raises
    ------
    ModelError
        A score is infinite, or a class is neither 0 nor 1.

    Examples
    --------
    >>> classes = np.array([0.0, 0, 1, 0, 1, 1])
    >>> found = auc_difference(np.arange(6.0), np.array([2.0, 1, 3, 6, 5, 4]), classes)
    >>> round(found.first, 3), round(found.second, 3), round(found.value, 3)
    (0.889, 0.667, 0.222)
    """
    known = ~(np.isnan(first) | np.isnan(second))
    one, told = pairs_of(first[known], classes[known])
    other, _ = pairs_of(second[known], classes[known])
    cases, others = told == 1, told == 0
    n, n_cases = int(told.size), int(cases.sum())
    nan = float("nan")
    if min(n_cases, n - n_cases) < 2:
        return AucDifference(nan, nan, nan, nan, nan, nan, nan, n, n_cases, "fewer than two in a class")
    above, below = placements(one[cases], one[others])
    above_other, below_other = placements(other[cases], other[others])
    gain_above, gain_below = above - above_other, below - below_other
    value = float(gain_above.mean())
    variance = gain_above.var(ddof=1) / n_cases + gain_below.var(ddof=1) / (n - n_cases)
    se = float(np.sqrt(variance))
    half = float(special.ndtri((1 + level) / 2)) * se
    p = two_sided(value, se, float("inf")) if se > 0 else 1.0 if value == 0 else nan
    areas = float(above.mean()), float(above_other.mean())
    return AucDifference(value, value - half, value + half, se, p, *areas, n, n_cases)
