"""The absolute rule of METHODS M-1, after surgery: pain at the surgical site of at least a level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort._end_ratings import EndRatings, session_cells
from corticolimbic.cohort._outcome_rows import class_row, continuous_rows
from corticolimbic.cohort._ratings import TOP
from corticolimbic.cohort._settings import Outcome
from corticolimbic.foundation import Problem, problem

_SURGICAL, _ELSEWHERE, _NOT_SAID = "surgical site", "elsewhere", ""


def levels(settings: Outcome) -> tuple[float, ...]:
    """Return every level that is reported, the primary one first."""
    return tuple(dict.fromkeys((settings.level, *settings.levels_beside, *settings.levels_sweep)))


def level_name(level: float) -> str:
    """Return the outcome's name at a level: ``pain_at_least_4``."""
    return f"pain_at_least_{level:g}"


def absolute_rows(
    people: pd.Index, sessions: pd.DataFrame, ends: EndRatings, settings: Outcome
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the rows of all people, and who is missing.

    Parameters
    ----------
    people
        Participant ids.
    sessions
        Sessions tables, for the variable of the surgical site.
    ends
        Their pain before surgery and in the end.
    settings
        Levels, increase and surgical site.
    """
    places = _places(people, sessions, ends, settings)
    low, high = settings.scale
    rows, problems = [], []
    for person in people:
        first, last = float(ends.first[person]), float(ends.last[person])
        reason = _reason(first, last, places[person], ends.lost, settings)
        if reason:
            problems.append(problem("CL308", participant_id=str(person), file="sessions.tsv", found=reason))
        pain = (last - low) / (high - low) * TOP
        rise = (last - first) / (high - low) * TOP
        for level in levels(settings):
            persistent = None if reason else _persists(pain, rise, level, places[person], settings)
            role = _role(level, settings)
            rows.append(class_row(person, level_name(level), "absolute", role, reason, persistent=persistent))
        rows += continuous_rows(person, first, last, settings.unit or "NRS", settings.floor, ends.lost)
    return rows, problems


def _persists(pain: float, rise: float, level: float, place: str, settings: Outcome) -> bool:
    enough = pain >= level - 1e-9
    grown = settings.increase is None or rise >= settings.increase - 1e-9
    return enough and grown and place != _ELSEWHERE


def _places(
    people: pd.Index, sessions: pd.DataFrame, ends: EndRatings, settings: Outcome
) -> dict[object, str]:
    """Return whether the final pain is at the surgical site, elsewhere, or not said."""
    column = settings.surgical_site_column
    if column is None:
        return dict.fromkeys(people, _SURGICAL)
    found: dict[object, str] = dict.fromkeys(people, _NOT_SAID)
    for session in sorted(set(ends.last_session) - {""}):
        cells = session_cells(people, sessions, column, session)
        for person in people[ends.last_session == session]:
            cell = cells[person]
            if cell != "":
                found[person] = _SURGICAL if cell == settings.surgical_site_value else _ELSEWHERE
    return found


def _reason(first: float, last: float, place: str, lost: str, settings: Outcome) -> str:
    if np.isnan(last):
        return lost
    if settings.increase is not None and np.isnan(first):
        return "no rating before surgery"
    return "surgical site not said" if place == _NOT_SAID and last > settings.scale[0] else ""


def _role(level: float, settings: Outcome) -> str:
    if level == settings.level:
        return "primary"
    return "sensitivity" if level in settings.levels_beside else "sweep"
