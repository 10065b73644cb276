"""Curves of a judged marker: ROC, calibration, decision."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.predict._judge_folds import Predictions
from corticolimbic.predict._judged import ALL_SITES, EXTERNAL, MINIMUM_PEOPLE
from corticolimbic.predict._sample import Row, Sample
from corticolimbic.stats import Folds, calibration_curve, decision_curve

FALSE_ALARMS = np.linspace(0, 1, 41)
THRESHOLDS = np.linspace(0.05, 0.90, 18)


def roc_rows(sample: Sample) -> list[Row]:
    """Return sensitivity over 1 - specificity, of each site, and averaged within sites.

    The average has the weights of the combined AUC, so that its area is that AUC but for the grid.

    Parameters
    ----------
    sample
        External people.
    """
    rows, curves, weights = [], [], []
    for site, people in sample.people.groupby("site", sort=True):
        classes = people["outcome"].to_numpy(dtype=float)
        n_cases, n = int(classes.sum()), len(people)
        if n < MINIMUM_PEOPLE or min(n_cases, n - n_cases) < 2:
            continue
        curve = sensitivity_at(people["score"].to_numpy(dtype=float), classes, FALSE_ALARMS)
        curves.append(curve)
        weights.append(n_cases * (n - n_cases) / (n + 1))
        rows += _rows(sample, "roc", str(site), EXTERNAL, FALSE_ALARMS, curve, n=n)
    if sample.site == ALL_SITES and curves:
        mean = np.average(curves, axis=0, weights=weights)
        rows += _rows(sample, "roc", ALL_SITES, EXTERNAL, FALSE_ALARMS, mean, n=len(sample.people))
    return rows


def sensitivity_at(
    scores: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    false_alarms: Float[np.ndarray, " points"],
) -> Float[np.ndarray, " points"]:
    """Return the ROC curve's height; tied scores make a straight line, as in the AUC."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order]) != 0), scores.size - 1)
    told = classes[order]
    up = np.append(0.0, np.cumsum(told)[ends] / told.sum())
    right = np.append(0.0, np.cumsum(1 - told)[ends] / (1 - told).sum())
    # Where the curve rises straight up, its top counts.
    top = pd.Series(up).groupby(right).max()
    return np.interp(false_alarms, top.index.to_numpy(), top.to_numpy())


def probability_rows(sample: Sample, folds: Folds, found: Predictions) -> list[Row]:
    """Return the calibration curve and the decision curves of probabilities of people left out.

    Parameters
    ----------
    sample, folds, found
        People, who was left out together, and the predictions.
    """
    outcome = sample.outcome
    curve = calibration_curve(found.marker.mean(axis=0), outcome)
    rows = [
        _row(sample, "calibration", sample.site, folds.scheme, x, y, low, high, int(n))
        for x, y, low, high, n in zip(
            curve.predicted, curve.observed, curve.low, curve.high, curve.n, strict=True
        )
    ]
    made = [decision_curve(predicted, outcome, THRESHOLDS) for predicted in found.marker]
    for name, parts in (("decision", ("benefit", "low", "high")),
                        ("decision_all", ("everybody", "everybody_low", "everybody_high"))):  # fmt: skip
        rows += _mean(
            sample, folds, name, [[getattr(one, part) for part in parts] for one in made], made[0].n
        )
    if np.isfinite(found.pain).any():
        pain = [decision_curve(predicted, outcome, THRESHOLDS) for predicted in found.pain]
        columns = [[one.benefit, one.low, one.high] for one in pain]
        rows += _mean(sample, folds, "decision_baseline_pain", columns, pain[0].n)
    return rows


def _mean(sample: Sample, folds: Folds, curve: str, repeats: list[list[np.ndarray]], n: int) -> list[Row]:
    y, low, high = np.mean(repeats, axis=0)
    if not np.isfinite(y).any():
        return []
    return _rows(sample, curve, sample.site, folds.scheme, THRESHOLDS, y, low, high, n=n)


def _rows(
    sample: Sample,
    curve: str,
    site: str,
    scheme: str,
    x: np.ndarray,
    y: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    *,
    n: int,
) -> list[Row]:
    nothing = np.full(x.size, np.nan)
    ends = (nothing if low is None else low, nothing if high is None else high)
    return [_row(sample, curve, site, scheme, *numbers, n) for numbers in zip(x, y, *ends, strict=True)]


def _row(
    sample: Sample, curve: str, site: str, scheme: str, x: float, y: float, low: float, high: float, n: int
) -> Row:
    common = {name: value for name, value in sample.common.items() if name != "kind"}
    numbers = {"x": round(float(x), 12), "y": float(y), "low": float(low), "high": float(high), "n": int(n)}
    return {**common, "scheme": scheme, "site": site, "curve": curve, **numbers}
