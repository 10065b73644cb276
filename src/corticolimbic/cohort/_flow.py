"""The flow of people from the participants table to each population, for the STROBE-style figure."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from corticolimbic.cohort._eligibility import Screening
from corticolimbic.cohort._schedule import answered, due_date, not_yet_due, planned_visits, visit_dates
from corticolimbic.cohort._settings import CohortSettings
from corticolimbic.features import schema

NOTHING_DECLARED = Screening()
"""No rule about who was eligible or enrolled."""


def flow(
    populations: pd.DataFrame,
    settings: CohortSettings,
    *,
    with_files: frozenset[str],
    measured: frozenset[str],
    outcome: pd.Series | None,
    screened: Screening = NOTHING_DECLARED,
    visits: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Count people at each stage, by site, with the reasons for leaving.

    Parameters
    ----------
    populations
        Schema ``populations``.
    settings
        Names and descriptions.
    with_files
        Participants with at least one series.
    measured
        Participants with at least one measured run.
    outcome
        Primary outcome, NaN where missing; None where no outcome is asked for.
    screened
        Who was eligible and enrolled, as far as rules are declared.
    visits
        Long table of clinical values, to count who was seen at each visit; None: not counted.

    Returns
    -------
    dict
        As written to ``cohort/flow.json``.
    """
    schema("populations").check(populations)
    people = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
    known = set(people.index) if outcome is None else set(outcome.index[outcome.notna()])
    kept = set(people.index)
    stages = [_stage("listed", "in the participants table", kept, people, [])]
    for name, label, reasons in (
        ("eligible", "eligible", screened.ineligible),
        ("enrolled", "enrolled", screened.not_enrolled),
    ):
        if reasons is not None:
            lost = reasons[(reasons != "") & reasons.index.isin(kept)]
            kept = kept - set(lost.index)
            removed = [{"reason": reason, "code": "", "n": n} for reason, n in sorted(Counter(lost).items())]
            stages.append(_stage(name, label, kept, people, removed))
    seen = _visits(visits, people[people.index.isin(kept)], settings) if visits is not None else []
    for name, label, allowed, reason, code in (
        ("with_files", "with image-derived files", with_files, "no imaging files", "CL305"),
        ("measured", "with at least one usable run", measured, "no usable run", "CL211"),
        ("outcome", "with an outcome", known, "no outcome", "CL308"),
    ):
        if name == "outcome" and outcome is None:
            continue
        lost = kept - set(allowed)
        kept &= set(allowed)
        removed = [{"reason": reason, "code": code, "n": len(lost)}] if lost else []
        stages.append(_stage(name, label, kept, people, removed))
    unlisted = sorted(with_files - set(people.index))
    return {
        "stages": stages,
        "visits": seen,
        "populations": [
            _population(populations, settings, index) for index in range(len(settings.populations))
        ],
        "unlisted": len(unlisted),
    }


def _stage(
    name: str, label: str, kept: set[str], people: pd.Series, removed: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"id": name, "label": label, "n": len(kept), "by_site": _by_site(people, kept), "removed": removed}


def _by_site(people: pd.Series, kept: set[str]) -> dict[str, int]:
    counts = Counter(people[people.index.isin(kept)])
    return {site: counts.get(site, 0) for site in sorted(set(people))}


def _population(table: pd.DataFrame, settings: CohortSettings, index: int) -> dict[str, Any]:
    population = settings.populations[index]
    rows = table[table["population"] == population.name]
    people = rows.set_index("participant_id")["site"]
    members = set(rows.loc[rows["member"] == 1, "participant_id"])
    reasons = Counter(rows.loc[rows["member"] == 0, "reason"])
    return {
        "name": population.name,
        "label": population.label or population.name,
        "description": population.description,
        "n": len(members),
        "by_site": _by_site(people, members),
        "removed": [{"reason": reason, "n": n} for reason, n in sorted(reasons.items())],
    }


def _visits(visits: pd.DataFrame, people: pd.Series, settings: CohortSettings) -> list[dict[str, Any]]:
    """Count who of the people was seen at each planned visit: had any clinical value there."""
    plan = planned_visits(visits, settings.trajectories)
    dates, _ = visit_dates(visits, settings.trajectories)
    latest = max(dates.values(), default=None)
    written = answered(visits, settings.trajectories)
    rows = []
    for visit in plan:
        here = set(written.loc[written["session_id"] == visit.session, "participant_id"]) & set(people.index)
        waiting = {
            person
            for person in people.index
            if person not in here and not_yet_due(due_date(str(person), visit, plan, dates), visit, latest)
        }
        absent = len(people) - len(here) - len(waiting)
        counted = (("not seen", absent), ("not yet due", len(waiting)))
        removed = [{"reason": reason, "code": "", "n": n} for reason, n in counted if n]
        rows.append(_stage(visit.session, visit.words, here, people, removed))
    return rows
