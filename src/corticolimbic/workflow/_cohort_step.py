"""Step cohort: who the people are, what happened to them, who belongs to which population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort import (
    CohortSettings,
    FollowUp,
    check_sites,
    flow,
    follow_up,
    outcomes,
    pain_ratings,
    population_table,
    screening,
    session_fact,
    sites,
)
from corticolimbic.features import measures, schema, session_order, write_table
from corticolimbic.foundation import Problem, problem, write_json
from corticolimbic.measure import REFUSED
from corticolimbic.stats import baseline_rows, measured_quality
from corticolimbic.workflow._clinical import clinical_inputs, read_people
from corticolimbic.workflow._cohort_attrition import TABLES, lost, write_attrition
from corticolimbic.workflow._cohort_scores import SCORES, write_scores
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._measured_rows import measured_inputs, measured_rows
from corticolimbic.workflow._quality_tables import region_quality, run_quality
from corticolimbic.workflow._step import Context, Found, Outcome, Step, Unit

_FOLLOWED = (
    "ratings",
    "trajectories",
    "mean_courses",
    "rates",
    "recovery",
    "misclassification",
    "completeness",
)
"""Tables about pain over time."""
_OUTPUTS = (
    "sessions.parquet",
    "cohort/visits.parquet",
    "cohort/outcomes.parquet",
    "cohort/populations.parquet",
    "cohort/flow.json",
    *(f"cohort/{name}.parquet" for name in _FOLLOWED),
)
_QUALITY = ("quality.tsv", "region_quality.tsv")
_OF_QUALITY = frozenset(name for name, item in measures().items() if item.kind == "quality")
_WHERE_THERE_ARE = (SCORES, *(f"cohort/{name}.tsv" for name in TABLES))
"""Written only where a questionnaire, or a second visit, is in the tables."""


def _settings(config: Config) -> dict[str, Any]:
    return {**config.cohort.plain(), "attrition": config.attrition.plain()}


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    if not found.participants.usable:
        return ()
    inputs = (*clinical_inputs(context, found), *measured_inputs(found))
    seen = list(found.people_seen)
    outputs = (*_OUTPUTS, *_QUALITY) if context.config.measure.quality else _OUTPUTS
    return (Unit("cohort", "all", inputs, outputs, seen),)


def baseline_session(config: Config) -> str | None:
    """Return the session that is compared and judged: the outcome's baseline, None for everyone's first."""
    return config.cohort.outcome.baseline_session


def _cohort(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    settings = context.config.cohort
    read = read_people(context.dataset, settings)
    people, visits = read.participants.table, read.sessions.table
    features = measured_rows(context.out)
    baseline = baseline_rows(features, baseline_session(context.config))
    quality = measured_quality(baseline)
    quality = quality[quality.index.isin(_with_runs(baseline))]
    clinical, place = read.clinical.visits, sites(people, settings)
    ratings, unusable = pain_ratings(clinical, place, settings)
    found = outcomes(people, visits, settings.outcome, ratings)
    primary = _primary(found.table, found.primary)
    screened = screening(clinical, people.index, settings.trajectories, baseline_session(context.config))
    followed = follow_up(clinical, ratings, found, place, settings, screened.barred)
    counted = (
        place[screened.barred.reindex(place.index).fillna("") == ""] if screened.barred is not None else place
    )
    gone = lost(clinical, ratings, people, counted, quality, context.config)
    populations = population_table(people, quality, primary, settings, screened.barred)
    write_table(_sessions(features, people, visits, settings), "sessions", context.out / _OUTPUTS[0])
    if context.config.measure.quality:
        write_table(run_quality(features, place), "quality", context.out / _QUALITY[0])
        write_table(region_quality(features, place), "region_quality", context.out / _QUALITY[1])
    write_table(clinical, "visits", context.out / _OUTPUTS[1])
    _write(followed, context)
    write_table(found.table, "outcomes", context.out / _OUTPUTS[2])
    write_table(populations, "populations", context.out / _OUTPUTS[3])
    counts = flow(
        populations,
        settings,
        with_files=frozenset(unit.payload),
        measured=_with_runs(features),
        outcome=primary,
        screened=screened,
        visits=clinical,
    )
    chosen = settings.outcome
    counts["outcome"] = {
        "name": found.primary,
        "family": chosen.family,
        "unit": chosen.unit,
        "label": chosen.label or found.primary,
        "threshold": chosen.threshold if chosen.family == "relative" else None,
        "level": chosen.level if chosen.family == "absolute" else None,
        "sweep": _sweep(found.table),
    }
    write_json(context.out / _OUTPUTS[4], counts)
    problems = (*check_sites(people, settings), *_no_baseline(features, baseline, context.config))
    cells = dict.fromkeys((*found.problems, *unusable, *followed.problems, *gone.problems))
    more = (*write_scores(context, read.scores), *write_attrition(context, gone.tables))
    return Outcome((*problems, *cells), facts={"n_people": len(people)}, outputs=more)  # a cell is named once


def _write(followed: FollowUp, context: Context) -> None:
    for name in _FOLLOWED:
        write_table(getattr(followed, name), name, context.out / f"cohort/{name}.parquet")


def _no_baseline(features: pd.DataFrame, baseline: pd.DataFrame, config: Config) -> tuple[Problem, ...]:
    """Say so where images were measured, but none in the session that is compared."""
    if features.empty or not baseline.empty:
        return ()
    sessions = sorted(set(features["session_id"]), key=session_order)
    found = f"no run in {baseline_session(config)}; measured are {', '.join(sessions[:10])}"
    return (problem("CL317", found=found),)


def _with_runs(features: pd.DataFrame) -> frozenset[str]:
    """Return who has at least one run that was not refused, or any feature that needs no run."""
    quality = features[features["measure"] == "censored_share"]
    known = features[features["value"].notna() & ~features["measure"].isin(_OF_QUALITY)]
    return frozenset(quality.loc[quality["qc"] != REFUSED, "participant_id"]) | frozenset(
        known["participant_id"]
    )


def _primary(table: pd.DataFrame, name: str) -> pd.Series | None:
    if not name:
        return None
    rows = table[table["outcome"] == name].set_index("participant_id")
    return rows["value"].where(rows["status"] == "ok")


def _sweep(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Count persistent and recovered people at each threshold or level."""
    rows = table[table["family"].isin(["relative", "absolute"]) & (table["status"] == "ok")]
    return [
        {"outcome": str(name), "persistent": int(group["value"].sum()), "n": len(group)}
        for name, group in rows.groupby("outcome", sort=True)
    ]


def _sessions(
    features: pd.DataFrame, people: pd.DataFrame, visits: pd.DataFrame, settings: CohortSettings
) -> pd.DataFrame:
    site = sites(people, settings)
    key = ["participant_id", "session_id"]
    rows = []
    for (person, session), everything in features.groupby(key, sort=True):
        group = everything[everything["measure"].isin(["mean_fd", "censored_share"])]
        means = group.groupby("measure")["value"].mean()
        runs = group.drop_duplicates(["task", "run", "acq", "space"])
        rows.append(
            {
                "participant_id": person,
                "session_id": session,
                "site": site.get(person, "n/a"),
                "scanner": session_fact(people, visits, person, session, settings.scanner_column),
                "software": session_fact(people, visits, person, session, settings.software_column),
                "n_runs": len(runs),
                "mean_fd": means.get("mean_fd", np.nan),
                "censored_share": means.get("censored_share", np.nan),
            }
        )
    return schema("sessions").table(rows)


_WRITES = (*_OUTPUTS, *_QUALITY, *_WHERE_THERE_ARE)
COHORT = Step("cohort", "Reading the cohort", 5, _settings, _units, _cohort, _WRITES)
