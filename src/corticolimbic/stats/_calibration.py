"""Calibration of probabilities: intercept, slope, and the observed share in groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.cohort import wilson
from corticolimbic.stats._auc import pairs_of
from corticolimbic.stats._correlation import Estimate
from corticolimbic.stats._logistic import fit_logistic
from corticolimbic.stats._refusals import ModelError

_CERTAIN = 1e-9


@dataclass(frozen=True)
class Calibration:
    """Intercept and slope of the outcome on predicted log odds.

    Parameters
    ----------
    intercept
        Calibration in the large: log odds by which people are more often persistent than predicted, the slope
        held at 1; 0 is perfect.
    slope
        1 is perfect; below 1 the predictions are too extreme, 0 where they say nothing.
    """

    intercept: Estimate
    slope: Estimate


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """Observed share against predicted probability, people grouped by prediction.

    Parameters
    ----------
    predicted
        Mean probability of each group.
    observed, low, high
        Share of class 1 with Wilson's interval.
    n
        People of each group.
    """

    predicted: Float[np.ndarray, " groups"]
    observed: Float[np.ndarray, " groups"]
    low: Float[np.ndarray, " groups"]
    high: Float[np.ndarray, " groups"]
    n: Int[np.ndarray, " groups"]


def calibration(
    probability: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    groups: Int[np.ndarray, " people"] | None = None,
    *,
    level: float = 0.95,
) -> Calibration:
    r"""Return calibration in the large and calibration slope (Cox 1958, Biometrika 45:562), Wald intervals.

    The intercept is that of :math:`\mathrm{logit}\,P(y) = a + \mathrm{logit}\,p`; the slope b that of
    :math:`\mathrm{logit}\,P(y) = a_g + b\,\mathrm{logit}\,p`, with one :math:`a_g` for each group of people
    who were predicted by one model. Without them the slope of a marker worth nothing would come out below 0:
    the model without a centre of many cases predicts few (METHODS M-3).

    Parameters
    ----------
    probability
        Predicted, of people who did not train the model; NaN is left out.
    classes
        1 or 0.
    groups
        Fold of each person; None for one group.
    level
        Coverage.

    Returns
    -------
    Calibration
        The p of each is that of its perfect value, 0 and 1. Predictions that do not vary within groups have
        no slope, people of one class neither.

    Examples
    --------
    >>> p = np.repeat([0.2, 0.5, 0.8], 20)
    >>> classes = np.concatenate([np.arange(20) < count for count in (4, 10, 16)]).astype(float)
    >>> found = calibration(p, classes)
    >>> round(abs(found.intercept.value), 6), round(found.slope.value, 6)
    (0.0, 1.0)
    """
    known = ~(np.isnan(probability) | np.isnan(classes))
    within = np.zeros(probability.size, dtype=np.int64) if groups is None else groups
    linear, told = pairs_of(
        special.logit(np.clip(probability[known], _CERTAIN, 1 - _CERTAIN)), classes[known]
    )
    within = within[known]
    nan = float("nan")
    if told.size == 0 or told.min() == told.max():
        none = Estimate(nan, nan, nan, nan, int(told.size), "one class only")
        return Calibration(none, none)
    return Calibration(_intercept(linear, told, level), _slope(linear, told, within, level))


def _intercept(linear: np.ndarray, told: np.ndarray, level: float) -> Estimate:
    value = 0.0
    for _ in range(100):
        chance = special.expit(value + linear)
        step = float((told - chance).sum() / max((chance * (1 - chance)).sum(), 1e-300))
        value += float(np.clip(step, -2, 2))
        if abs(step) < 1e-12:
            break
    chance = special.expit(value + linear)
    return _wald(value, float(1 / np.sqrt((chance * (1 - chance)).sum())), 0.0, told.size, level)


def _slope(linear: np.ndarray, told: np.ndarray, within: np.ndarray, level: float) -> Estimate:
    nan = float("nan")
    useful = [
        number for number in np.unique(within) if told[within == number].min() < told[within == number].max()
    ]
    some = np.isin(within, useful)
    linear, told, within = linear[some], told[some], within[some]
    dummies = (within[:, None] == np.array(useful[1:], dtype=np.int64)).astype(float)
    means = {number: linear[within == number].mean() for number in useful}
    inside = linear - np.array([means[number] for number in within])
    spread = float(inside.std()) if told.size else 0.0
    if spread < 1e-9:
        return Estimate(nan, nan, nan, nan, int(told.size), "the predictions do not vary")
    design = np.column_stack([np.ones(told.size), dummies, inside / spread])
    try:
        found = fit_logistic(design, told, ("intercept", *(f"fold {n}" for n in useful[1:]), "prediction"))
    except ModelError as refusal:
        return Estimate(nan, nan, nan, nan, int(told.size), refusal.reason)
    if found.separation:
        return Estimate(nan, nan, nan, nan, int(told.size), "the predictions tell the classes perfectly")
    se = float(np.sqrt(np.linalg.inv(found.information)[-1, -1])) / spread
    return _wald(float(found.coefficients[-1]) / spread, se, 1.0, told.size, level)


def _wald(value: float, se: float, perfect: float, n: int, level: float) -> Estimate:
    half = float(special.ndtri((1 + level) / 2)) * se
    p = float(2 * special.ndtr(-abs(value - perfect) / se))
    return Estimate(value, value - half, value + half, p, int(n))


def calibration_curve(
    probability: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    *,
    groups: int = 10,
    people_a_group: int = 10,
) -> CalibrationCurve:
    """Return the observed share in groups of like prediction, with Wilson's interval.

    Parameters
    ----------
    probability
        Predicted; NaN is left out.
    classes
        1 or 0.
    groups
        How many groups at most, of equal size; people of one prediction stay together.
    people_a_group
        With fewer people to a group there are fewer groups.

    Examples
    --------
    >>> curve = calibration_curve(np.repeat([0.2, 0.8], 20), np.repeat([0.0, 1.0, 1.0, 1.0], 10))
    >>> curve.predicted.round(1).tolist(), curve.observed.tolist(), curve.n.tolist()
    ([0.2, 0.8], [0.5, 1.0], [20, 20])
    """
    p, told = pairs_of(probability, classes)
    wanted = max(1, min(groups, p.size // max(people_a_group, 1)))
    edges = np.unique(np.quantile(p, np.arange(1, wanted) / wanted)) if p.size else np.zeros(0)
    place = np.searchsorted(edges, p, side="right")
    rows = []
    for number in np.unique(place):
        here = place == number
        low, high = wilson(float(told[here].sum()), int(here.sum()))
        rows.append((p[here].mean(), told[here].mean(), low, high, here.sum()))
    predicted, observed, lows, highs, n = np.array(rows, dtype=float).reshape(-1, 5).T
    return CalibrationCurve(predicted, observed, lows, highs, n.astype(np.int64))
