"""The five courses of pain by declared rules (Downie et al. 2016, Pain 157:225-234)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.cohort._ratings import Days
from corticolimbic.cohort._recovery import Recovery
from corticolimbic.cohort._trajectory_settings import ClassRules, RecoveryRule

COURSES = ("rapid", "by week 12", "incomplete", "fluctuating", "persistent")
"""In the order in which they are shown."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Course:
    """The course of one person, or why there is none.

    Parameters
    ----------
    name
        One of `COURSES`, empty where not classifiable.
    reason
        Why not.
    """

    name: str
    reason: str = ""


def course(days: Days, recovered: Recovery, rules: ClassRules, level: RecoveryRule) -> Course:
    """Return the course of pain.

    Fluctuating comes first, so that a relapse is not called recovery; then rapid, by week 12, incomplete,
    persistent. Recovery seen only after week 12 counts as incomplete or persistent: the classes speak of week
    12.

    Parameters
    ----------
    days
        Rated days; those before day 0 do not count.
    recovered
        When the person recovered.
    rules
        Of the classes.
    level
        What recovery is, for the words of the reason.
    """
    counted = days.day >= 0
    day, rating = days.day[counted], days.rating[counted]
    if len(day) < rules.minimum_ratings:
        return Course("", f"fewer than {rules.minimum_ratings} rated days")
    if rating[0] <= level.level + _ROUNDING:
        return Course("", f"no pain above {level.level:g} at the first rating")
    if day[-1] < rules.by_week_12 - rules.grace:
        return Course("", f"followed to day {day[-1]:g} only")
    if relapsed(rating, rules.swing):
        return Course("fluctuating")
    if recovered.right <= rules.rapid_by:
        return Course("rapid")
    if recovered.right <= rules.by_week_12 + rules.grace:
        return Course("by week 12")
    fell = (rating[0] - rating[-1]) / rating[0] >= rules.fell - _ROUNDING
    return Course("incomplete" if fell else "persistent")


def relapsed(rating: Float[np.ndarray, " day"], swing: float) -> bool:
    """Return whether pain fell and rose again, each by at least ``swing``.

    Parameters
    ----------
    rating
        In order of time, NRS.
    swing
        NRS.
    """
    top, bottom, fallen = -np.inf, np.inf, False
    for value in rating:
        top = max(top, float(value))
        if top - value >= swing - _ROUNDING:
            fallen = True
        if fallen:
            bottom = min(bottom, float(value))
            if value - bottom >= swing - _ROUNDING:
                return True
    return False
