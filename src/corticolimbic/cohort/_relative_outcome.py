"""The relative rule of METHODS M-1: pain persists where it fell by less than a share of its baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort._end_ratings import EndRatings
from corticolimbic.cohort._outcome_rows import below_floor, class_row, continuous_rows
from corticolimbic.cohort._settings import Outcome
from corticolimbic.foundation import Problem, problem

SWEEP = (0.10, 0.20, 0.30, 0.40, 0.50)
"""Thresholds of the sweep (METHODS M-1)."""


def thresholds(settings: Outcome) -> tuple[float, ...]:
    """Return every threshold that is reported, the primary one first."""
    return tuple(dict.fromkeys((settings.threshold, *settings.beside, *SWEEP)))


def threshold_name(threshold: float) -> str:
    """Return the outcome's name at a threshold: ``persistent_20``."""
    return f"persistent_{threshold * 100:g}"


def fell_by_less(first: float, last: float, threshold: float) -> bool:
    """Return whether pain fell by less than a share of its baseline.

    A fall of exactly the share is recovery; rounding must not decide (8 to 6.4 is -20 %).
    """
    return (last - first) / first * 100 > -threshold * 100 + 1e-9


def relative_rows(
    people: pd.Index, ends: EndRatings, settings: Outcome
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the rows of all people, and who is missing.

    Parameters
    ----------
    people
        Participant ids.
    ends
        Their pain at both ends.
    settings
        Thresholds and floor.
    """
    rows, problems = [], []
    for person in people:
        first, last = float(ends.first[person]), float(ends.last[person])
        reason = _reason(first, last, ends.lost, settings.floor)
        if reason:
            code = "CL309" if "floor" in reason else "CL308"
            problems.append(problem(code, participant_id=str(person), file="sessions.tsv", found=reason))
        for threshold in thresholds(settings):
            persistent = None if reason else fell_by_less(first, last, threshold)
            role = _role(threshold, settings)
            rows.append(
                class_row(person, threshold_name(threshold), "relative", role, reason, persistent=persistent)
            )
        rows += continuous_rows(person, first, last, settings.unit or "NRS", settings.floor, ends.lost)
    return rows, problems


def _role(threshold: float, settings: Outcome) -> str:
    if threshold == settings.threshold:
        return "primary"
    return "sensitivity" if threshold in settings.beside else "sweep"


def _reason(first: float, last: float, lost: str, floor: float) -> str:
    if np.isnan(first):
        return "no baseline rating"
    return lost if np.isnan(last) else below_floor(first, floor)
