"""Visits as planned and as they happened: dates, and who was seen when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from corticolimbic.cohort._trajectory_settings import PlannedVisit, TrajectorySettings
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.features import session_order
from corticolimbic.foundation import Problem, problem

_LATEST = date.max - timedelta(days=1)


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
    names = ("participant_id", "session_id", "value", "source")
    for person, session, value, source in zip(*(rows[name].tolist() for name in names), strict=True):
        try:
            dates[str(person), str(session)] = date.fromisoformat(str(value)[:10])
        except ValueError:
            found = f"{settings.date_variable} = {value!r}"
            problems.append(
                problem(
                    "CL346",
                    participant_id=str(person),
                    session_id=str(session),
                    file=str(source),
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


def not_yet_due(due: date | None, visit: PlannedVisit, latest: date | None) -> bool:
    """Return whether a visit may still take place: the days by which it may be late are not over.

    Parameters
    ----------
    due
        When it was due, None where unknown.
    visit
        With the days by which it may be late.
    latest
        Latest date in the data, None where there is none: then every visit is due.
    """
    return due is not None and latest is not None and _last_day(due, visit) > latest


def _last_day(due: date, visit: PlannedVisit) -> date:
    try:
        return due + timedelta(days=visit.after)
    except OverflowError:
        return _LATEST


def answered(visits: pd.DataFrame, settings: TrajectorySettings) -> pd.DataFrame:
    """Return the rows with a value, without those of visits that are said not to have taken place.

    Parameters
    ----------
    visits
        Long table of clinical values.
    settings
        Which cells say so.
    """
    rows = visits[visits["value"].fillna("") != ""]
    if "missing" in rows:
        rows = rows[rows["missing"].fillna("") == ""]
    said = np.zeros(len(rows), dtype=bool)
    for variable, cell in settings.not_done.items():
        said |= ((rows["variable"] == variable) & (rows["value"] == cell)).to_numpy()
    if not said.any():
        return rows
    visit = ["participant_id", "session_id"]
    undone = pd.MultiIndex.from_frame(rows.loc[said, visit])
    return rows[~pd.MultiIndex.from_frame(rows[visit]).isin(undone)]


def observed_visits(
    visits: pd.DataFrame, people: Iterable[str], settings: TrajectorySettings
) -> pd.DataFrame:
    """Return which planned visits took place: true seen, false due and lost, None not due.

    A visit took place where it has any value, unless the study says that it did not.

    Parameters
    ----------
    visits
        Long table of clinical values.
    people
        Of whom the visits are expected.
    settings
        Schedule and dates; without dates every planned visit is due.

    Returns
    -------
    DataFrame
        People by sessions, in the order of the plan.
    """
    plan = planned_visits(visits, settings)
    dates, _ = visit_dates(visits, settings)
    latest = max(dates.values(), default=None)
    rows = answered(visits, settings)
    seen = set(zip(rows["participant_id"], rows["session_id"], strict=True))
    index = pd.Index([str(person) for person in people], name="participant_id", dtype=object)
    cells = {
        visit.session: [
            True
            if (person, visit.session) in seen
            else (None if not_yet_due(due_date(person, visit, plan, dates), visit, latest) else False)
            for person in index
        ]
        for visit in plan
    }
    return pd.DataFrame(cells, index=index, dtype=object)
