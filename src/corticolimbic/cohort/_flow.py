"""The flow of people from the participants table to each population, for the STROBE-style figure."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from corticolimbic.cohort._settings import CohortSettings
from corticolimbic.features import schema


def flow(
    populations: pd.DataFrame,
    settings: CohortSettings,
    *,
    with_files: frozenset[str],
    measured: frozenset[str],
    outcome: pd.Series | None,
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
