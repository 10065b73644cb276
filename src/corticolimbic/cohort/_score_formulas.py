"""From answers to scores: one small function a formula, over all people at once.

Sources stand with the subscales that use them (``tables/instruments.tsv``). A formula sees no missing
answer: where one is left, the score is NaN whatever the formula makes of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from corticolimbic.cohort._instruments import Subscale

_REGIONS = ((2, 3, 4), (6, 7, 8), (9, 10, 11), (12, 13, 14), (15, 16, 17))
"""Sites of the five regions of the 2016 criteria, by item number; jaws, chest and abdomen do not count."""
_PATTERN_POINTS = (0.0, -1.0, 1.0, 1.0)
"""Points of the four painDETECT pictures."""


def formula_score(
    subscale: Subscale, answers: Float[np.ndarray, "rows items"], parts: Float[np.ndarray, "rows parts"]
) -> Float[np.ndarray, " rows"]:
    """Return the score of each row.

    Parameters
    ----------
    subscale
        Names the formula.
    answers
        Answers in the order of ``subscale.items``, reversed and filled; NaN where still missing.
    parts
        Scores of ``subscale.parts``.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        score = _FORMULAS[subscale.formula.name](subscale, answers, parts)
    return np.asarray(score, dtype=float)


Formula = Callable[[Subscale, np.ndarray, np.ndarray], np.ndarray]


def _sum(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return answers.sum(axis=1)


def _mean(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return answers.mean(axis=1)


def _single(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return answers[:, 0].copy()


def _count_at_least(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    count = (answers >= subscale.formula.number).sum(axis=1).astype(float)
    return np.where(np.isnan(answers).any(axis=1), np.nan, count)


def _percent_of_maximum(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    score = 100 * answers.sum(axis=1) / sum(subscale.high)
    # Stata's round() takes a half upwards; the small step keeps 62.5 a half where the division left 62.4999.
    return np.floor(score + 0.5 + 1e-9) if subscale.formula.value == "whole" else score


def _hundred_minus_mean(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return 100 - 25 * answers.mean(axis=1)


def _banded_sum(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    tops = tuple(float(top) for top in subscale.formula.value.split(","))
    return _band(answers.sum(axis=1), tops)


def _band(values: np.ndarray, tops: tuple[float, ...], *, right: bool = True) -> np.ndarray:
    """Return in which band each value lies: 0 up to the first top (with it, if ``right``), and so on."""
    band = np.searchsorted(tops, values, side="left" if right else "right").astype(float)
    return np.where(np.isnan(values), np.nan, band)


def _sum_of_parts(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return parts.sum(axis=1)


def _mean_of_parts(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return parts.mean(axis=1)


def _paindetect(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    picture = answers[:, 7]
    points = np.full(len(picture), np.nan)
    for number, value in enumerate(_PATTERN_POINTS, start=1):
        points[picture == number] = value
    return parts[:, 0] + points + 2 * answers[:, 8]


def _paindetect_points(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return parts[:, 0] + answers[:, 7] + 2 * answers[:, 8]


def _fm2011(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return _criteria(parts, answers[:, 25], lowest=3)


def _fm2016(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    regions = np.stack([answers[:, [item - 1 for item in region]].max(axis=1) for region in _REGIONS])
    enough = regions.sum(axis=0) >= 4
    return np.where(
        np.isnan(answers).any(axis=1), np.nan, _criteria(parts, answers[:, 25], lowest=4) * enough
    )


def _criteria(parts: np.ndarray, three_months: np.ndarray, *, lowest: int) -> np.ndarray:
    widespread, severity = parts[:, 0], parts[:, 1]
    many = (widespread >= 7) & (severity >= 5)
    few = (widespread >= lowest) & (widespread <= 6) & (severity >= 9)
    missing = np.isnan(parts).any(axis=1) | np.isnan(three_months)
    return np.where(missing, np.nan, ((many | few) & (three_months == 1)).astype(float))


def _psqi_latency(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    if subscale.formula.value == "lcbc":  # whole minutes, each bound opens the next band
        minutes = _band(answers[:, 0], (15.0, 31.0, 61.0), right=False)
    else:
        minutes = _band(answers[:, 0], (15.0, 30.0, 60.0))
    return _band(minutes + answers[:, 1], (0.0, 2.0, 4.0))


def _psqi_duration(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    hours = answers[:, 0]
    score = 3 - _band(hours, (5.0, 6.0, 7.0), right=False)
    seven = 1.0 if subscale.formula.value in {"paper", "lcbc"} else 0.0
    return np.where(hours == 7, seven, score)


def _psqi_efficiency(subscale: Subscale, answers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    bedtime, rising, asleep = answers[:, 0], answers[:, 1], answers[:, 2]
    in_bed = (rising - bedtime) % 24
    # Rounded, because 6.8 h of 8 h is 85 % and not 84.99999.
    percent = np.round(100 * asleep / np.where(in_bed > 0, in_bed, np.nan), 9)
    score = 3 - _band(percent, (65.0, 75.0, 85.0), right=False)
    return np.where(percent == 85, 1.0 if subscale.formula.value == "lcbc" else 0.0, score)


_FORMULAS: dict[str, Formula] = {
    "sum": _sum,
    "mean": _mean,
    "single": _single,
    "count_at_least": _count_at_least,
    "percent_of_maximum": _percent_of_maximum,
    "hundred_minus_mean": _hundred_minus_mean,
    "banded_sum": _banded_sum,
    "sum_of_parts": _sum_of_parts,
    "mean_of_parts": _mean_of_parts,
    "paindetect": _paindetect,
    "paindetect_points": _paindetect_points,
    "fm2011": _fm2011,
    "fm2016": _fm2016,
    "psqi_latency": _psqi_latency,
    "psqi_duration": _psqi_duration,
    "psqi_efficiency": _psqi_efficiency,
}
