"""Who has which visit and which variable, by site and month."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd

from corticolimbic.cohort._schedule import answered, due_date, not_yet_due, planned_visits, visit_dates
from corticolimbic.cohort._trajectory_settings import PlannedVisit, TrajectorySettings
from corticolimbic.features import schema

VISIT = "(visit)"
"""Stands for a visit as such: any value at all."""
ALL = "all"
"""Stands for all sites, all months, or all visits together."""


def completeness_table(
    visits: pd.DataFrame, sites: pd.Series, variables: tuple[str, ...], settings: TrajectorySettings
) -> pd.DataFrame:
    """Count values that are there, of those that are due (schema ``completeness``).

    A visit is due once its planned day, and the days by which it may be late, lie before the latest date in
    the data; without dates every planned visit is due. The month is the one in which it was due. Sites,
    months and visits are also counted together.

    Parameters
    ----------
    visits
        Long table of clinical values.
    sites
        Site of everyone who should be seen, by participant_id.
    variables
        Which variables are counted, beside the visit as such.
    settings
        Schedule and dates.
    """
    plan = planned_visits(visits, settings)
    dates, _ = visit_dates(visits, settings)
    latest = max(dates.values(), default=None)
    present = _present(answered(visits, settings), plan, variables)
    cells: Counter[tuple[str, str, str, str, str]] = Counter()
    for person, site in sites.items():
        for visit in plan:
            due = due_date(str(person), visit, plan, dates)
            month = due.strftime("%Y-%m") if due is not None else "n/a"
            waiting = not_yet_due(due, visit, latest)
            for variable in (VISIT, *variables):
                there = (str(person), visit.session, variable) in present
                state = "present" if there else ("waiting" if waiting else "absent")
                cells[str(site), month, visit.session, variable, state] += 1
    counts: dict[tuple[str, str, str, str], Counter[str]] = {}
    for (site, month, session, variable, state), n in cells.items():  # few cells, so the sums are cheap
        for key in product((site, ALL), (month, ALL), (session, ALL)):
            counts.setdefault((*key, variable), Counter())[state] += n
    rows = []
    for (site, month, session, variable), count in sorted(counts.items()):
        due_now = count["present"] + count["absent"]
        rows.append(
            {
                "site": site,
                "month": month,
                "session_id": session,
                "variable": variable,
                "n_due": due_now,
                "n_present": count["present"],
                "share": count["present"] / due_now if due_now else np.nan,
                "n_not_due": count["waiting"],
            }
        )
    return schema("completeness").table(rows)


def _present(
    rows: pd.DataFrame, plan: tuple[PlannedVisit, ...], variables: tuple[str, ...]
) -> set[tuple[str, str, str]]:
    sessions = [visit.session for visit in plan]
    rows = rows[rows["session_id"].isin(sessions)]
    wanted = rows[rows["variable"].isin(variables)]
    keys = zip(wanted["participant_id"], wanted["session_id"], wanted["variable"], strict=True)
    seen = zip(rows["participant_id"], rows["session_id"], strict=True)
    return {*keys, *((person, session, VISIT) for person, session in set(seen))}
