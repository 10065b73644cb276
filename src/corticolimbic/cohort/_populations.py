"""Populations: who belongs to an analysis, and at which rule the others left."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.cohort._condition import Condition
from corticolimbic.cohort._settings import CohortSettings, Population, Rule
from corticolimbic.cohort._visits import number, text_column
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem

NO_SITE = "n/a"


def sites(participants: pd.DataFrame, settings: CohortSettings) -> pd.Series:
    """Return the site of each participant, ``n/a`` where the table has none."""
    if settings.site_column not in participants.columns:
        return pd.Series(NO_SITE, index=participants.index, dtype=object)
    cells = text_column(participants, settings.site_column)
    return cells.where(cells != "", NO_SITE)


def check_sites(participants: pd.DataFrame, settings: CohortSettings) -> tuple[Problem, ...]:
    """Say so where the table has no column of sites: then nobody's site is known, and no model has one."""
    if settings.site_column in participants.columns:
        return ()
    found = f"no column {settings.site_column!r}; the columns are {', '.join(map(str, participants.columns))}"
    return (problem("CL316", file="participants.tsv", row=1, found=found),)


def population_table(
    participants: pd.DataFrame,
    measured: pd.DataFrame,
    outcome: pd.Series | None,
    settings: CohortSettings,
    barred: pd.Series | None = None,
) -> pd.DataFrame:
    """Return who belongs to which population (schema ``populations``).

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    measured
        One row a person with at least one measured run in the baseline session, indexed by participant_id;
        columns ``mean_fd`` (mm) and ``censored_share``.
    outcome
        Primary outcome, NaN where missing, indexed by participant_id; None where no outcome is asked for.
    settings
        Sites and rules.
    barred
        Why a person was not eligible or not enrolled, empty where they were, indexed by participant_id; None
        where nothing is declared about it. A population may set this aside (``eligibility: false``).

    Returns
    -------
    DataFrame
        One row a listed participant and population, with the first reason for leaving.
    """
    place = sites(participants, settings)
    rows = []
    for population in settings.populations:
        session = settings.outcome.baseline_session
        out = barred if population.eligibility else None
        reasons = _reasons(population, participants, measured, outcome, session, out)
        rows += [
            {
                "participant_id": str(person),
                "population": population.name,
                "site": place[person],
                "member": int(not reasons[person]),
                "reason": reasons[person],
            }
            for person in participants.index
        ]
    return schema("populations").table(rows)


def _reasons(
    population: Population,
    participants: pd.DataFrame,
    measured: pd.DataFrame,
    outcome: pd.Series | None,
    session: str | None,
    barred: pd.Series | None,
) -> dict[object, str]:
    unmeasured = f"no measured run in {session}" if session else "no measured run"
    checks = [(rule, _values(rule, participants, measured)) for rule in population.rules]
    reasons = {}
    for person in participants.index:
        if barred is not None and barred.get(person, ""):
            reasons[person] = str(barred[person])
        elif person not in measured.index:
            reasons[person] = unmeasured
        elif outcome is not None and np.isnan(outcome.get(person, np.nan)):
            reasons[person] = "no outcome"
        else:
            failed = (rule.words for rule, values in checks if not holds(rule, values.get(person, "")))
            first = next(failed, "")
            reasons[person] = f"not: {first}" if first else ""
    return reasons


def _values(rule: Rule, participants: pd.DataFrame, measured: pd.DataFrame) -> pd.Series:
    if rule.column is not None:
        return text_column(participants, rule.column)
    return measured[str(rule.measured)]


def holds(rule: Condition, cell: str | float) -> bool:
    """Return whether a cell meets a rule; a text that is no number meets no bound."""
    try:
        value = number(cell) if isinstance(cell, str) else float(cell)
    except ValueError:
        value = np.nan
    if rule.equals is not None:
        wanted = rule.equals
        same = value == wanted if isinstance(wanted, int | float) else str(cell) == wanted
        if not same:
            return False
    if rule.at_most is not None and not value <= rule.at_most:
        return False
    return rule.at_least is None or bool(value >= rule.at_least)
