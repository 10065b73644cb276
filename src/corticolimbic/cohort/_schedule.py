"""Visits as planned and as they happened: dates, and who was seen when."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from corticolimbic.cohort._trajectory_settings import PlannedVisit, TrajectorySettings
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.features import session_order
from corticolimbic.foundation import Problem, problem


def planned_visits(visits: pd.DataFrame, settings: TrajectorySettings) -> tuple[PlannedVisit, ...]:
    """Return the schedule; where none is declared, the sessions found, in order and without days."""
    if settings.schedule:
        return settings.schedule
    found = sorted(set(visits["session_id"]) - {NO_SESSION}, key=session_order)
    return tuple(PlannedVisit.model_construct(session=name, day=float("nan"), label="") for name in found)


def visit_dates(
    visits: pd.DataFrame, settings: TrajectorySettings
) -> tuple[dict[tuple[str, str], date], tuple[Problem, ...]]:
    """Return the date of each person's visit, and the cells that are no date (CL346).

    Parameters
    ----------
    visits
        Long table of clinical values.
    settings
        The variable; none: no dates.
    """
    if settings.date_variable is None:
        return {}, ()
    rows = visits[(visits["variable"] == settings.date_variable) & (visits["value"].fillna("") != "")]
    dates: dict[tuple[str, str], date] = {}
    problems = []
    for row in rows.itertuples():
        try:
            dates[str(row.participant_id), str(row.session_id)] = date.fromisoformat(str(row.value)[:10])
        except ValueError:
            found = f"{settings.date_variable} = {row.value!r}"
            problems.append(
                problem(
                    "CL346",
                    participant_id=str(row.participant_id),
                    session_id=str(row.session_id),
                    file=str(row.source),
                    found=found,
                )
            )
    return dates, tuple(problems)


def due_date(
    person: str, visit: PlannedVisit, plan: tuple[PlannedVisit, ...], dates: dict[tuple[str, str], date]
) -> date | None:
    """Return when a visit was due: counted from the first dated visit of the plan, else its own date.

    Parameters
    ----------
    person
        Whose.
    visit
        Which visit.
    plan
        The whole schedule.
    dates
        As `visit_dates` returns them.
    """
    if dates and visit.day == visit.day:
        for earlier in plan:
            known = dates.get((person, earlier.session))
            if known is not None:
                return known + timedelta(days=visit.day - earlier.day)
    return dates.get((person, visit.session))
