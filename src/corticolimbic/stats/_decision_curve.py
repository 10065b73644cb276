"""Decision curve: what acting on a prediction is worth, against treating everybody or nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._auc import pairs_of


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit by threshold; treating nobody is worth 0.

    Parameters
    ----------
    threshold
        Probability from which a person would be treated.
    benefit, low, high
        Net benefit of treating those at or above it, with a pointwise interval.
    everybody, everybody_low, everybody_high
        Net benefit of treating everybody.
    n
        People.
    """

    threshold: Float[np.ndarray, " thresholds"]
    benefit: Float[np.ndarray, " thresholds"]
    low: Float[np.ndarray, " thresholds"]
    high: Float[np.ndarray, " thresholds"]
    everybody: Float[np.ndarray, " thresholds"]
    everybody_low: Float[np.ndarray, " thresholds"]
    everybody_high: Float[np.ndarray, " thresholds"]
    n: int


def decision_curve(
    probability: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    thresholds: Float[np.ndarray, " thresholds"],
    *,
    level: float = 0.95,
) -> DecisionCurve:
    r"""Return :math:`TP / n - FP / n \cdot t / (1 - t)` over thresholds t (Vickers & Elkin 2006).

    A person at or above the threshold is treated; the threshold says how many treated in vain one rightly
    treated is worth. Net benefit is the mean over people of 1 (treated, class 1), -t/(1 - t) (treated, class
    0) or 0, so its standard error is that of a mean (Vickers et al. 2008, BMC Med Inform Decis Mak 8:53); the
    predictions are taken as given.

    Parameters
    ----------
    probability
        Of people who did not train the model; NaN is left out.
    classes
        1 or 0.
    thresholds
        Between 0 and 1, both left out.
    level
        Coverage of the pointwise intervals.

    References
    ----------
    Vickers AJ, Elkin EB (2006). Decision curve analysis. Med Decis Making 26:565.

    Examples
    --------
    30 % of people have it: treating everybody at a threshold of 10 % is worth 0.3 - 0.7 / 9.

    >>> curve = decision_curve(np.full(10, 0.3), np.repeat([1.0, 0.0], [3, 7]), np.array([0.1, 0.5]))
    >>> curve.everybody.round(3).tolist(), curve.benefit.round(3).tolist()
    ([0.222, -0.4], [0.222, 0.0])
    """
    p, told = pairs_of(probability, classes)
    odds = thresholds / (1 - thresholds)
    worth = np.where(told[:, None] == 1, 1.0, -odds)
    treated = p[:, None] >= thresholds
    z = float(special.ndtri((1 + level) / 2))
    acted, everybody = _mean(worth * treated, z), _mean(worth, z)
    return DecisionCurve(thresholds, *acted, *everybody, n=int(p.size))


def _mean(worth: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(worth)
    if n < 2:
        nothing = np.full(worth.shape[1], np.nan)
        return nothing, nothing, nothing
    mean, half = worth.mean(axis=0), z * worth.std(axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half
