"""Attrition in a run: who was lost, and the rate of the outcome with the lost accounted for."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from corticolimbic.cohort import (
    PlannedVisit,
    Ratings,
    class_of_ratings,
    observed_visits,
    planned_visits,
    rated_sessions,
    rated_visits,
)
from corticolimbic.features import schema, write_table
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.stats import AttritionSettings, AttritionTables, ModelError, attrition_tables, covariate
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import Context

TABLES = ("attrition", "attrition_patterns", "attrition_differences", "attrition_rates")
"""Tables, in the order of the fields of `AttritionTables`."""


@dataclass(frozen=True)
class Lost:
    """Tables of attrition, or None where there are not two visits, and what was set aside.

    Parameters
    ----------
    tables
        Of `attrition_tables`.
    problems
        What was set aside or refused.
    """

    tables: AttritionTables | None
    problems: tuple[Problem, ...] = ()


def lost(
    visits: pd.DataFrame,
    ratings: Ratings,
    participants: pd.DataFrame,
    place: pd.Series,
    quality: pd.DataFrame,
    config: Config,
) -> Lost:
    """Describe who was lost after they came in, and estimate the rate of the outcome.

    All planned visits are described; the rate is about those from the first to the final pain.

    Parameters
    ----------
    visits
        Long table of clinical values.
    ratings
        All pain ratings.
    participants
        Strings, indexed by participant_id, with the covariates.
    place
        Site of the people who are counted, by participant_id.
    quality
        Measured quantities, which covariates can name.
    config
        What is asked for.

    Raises
    ------
    SettingsError
        Where a column that the settings name does not exist or cannot be used.
    """
    plan = planned_visits(visits, config.cohort.trajectories)
    if len(plan) < 2 or place.empty:
        return Lost(None)
    told = config.attrition
    people, odd = _people(participants.loc[place.index], place, quality, told)
    observed = observed_visits(visits, people.index, config.cohort.trajectories)
    try:
        described, _ = attrition_tables(people, observed, told)
        rates, found = _rates(people, observed, plan, ratings, config)
    except ModelError as error:
        raise SettingsError(f"attrition: {error.reason}") from error
    tables = AttritionTables(described.visits, described.patterns, described.differences, rates)
    return Lost(tables, (*odd, *found))


def _people(
    participants: pd.DataFrame, place: pd.Series, quality: pd.DataFrame, told: AttritionSettings
) -> tuple[pd.DataFrame, list[Problem]]:
    """Return what the models know of people: numbers as numbers, names as names."""
    columns: dict[str, pd.Series] = {} if told.site is None else {told.site: place}
    problems: list[Problem] = []
    for name in (*told.covariates, *told.auxiliary, *((told.delta_by,) if told.delta_by else ())):
        if name not in columns:
            columns[name], found = covariate(name, participants, quality)
            problems += found
    return pd.DataFrame(columns, index=participants.index.astype(object)), problems


def _rates(
    people: pd.DataFrame,
    observed: pd.DataFrame,
    plan: tuple[PlannedVisit, ...],
    ratings: Ratings,
    config: Config,
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    nothing = schema("attrition_rates").table([])
    outcome = config.cohort.outcome
    if not outcome.of_ratings:
        return nothing, ()
    sessions = rated_sessions(plan, outcome)
    if not sessions:
        first, last = outcome.baseline_session, outcome.final_session or f"day {outcome.final_day:g}"
        return nothing, (problem("CL348", found=f"no two planned visits from {first} to {last}"),)
    if outcome.surgical_site_column is not None:
        found = f"{outcome.surgical_site_column} says where the pain is, and the lost did not say"
        return nothing, (problem("CL348", found=found),)
    tables, problems = attrition_tables(
        people,
        observed[list(sessions)],
        config.attrition,
        ratings=rated_visits(ratings, sessions, outcome),
        outcome=class_of_ratings(outcome),
    )
    return tables.rates, problems


def write_attrition(context: Context, tables: AttritionTables | None) -> tuple[str, ...]:
    """Write the tables where there are any; return the files written.

    Parameters
    ----------
    context
        Where.
    tables
        Of `lost`.
    """
    if tables is None:
        return ()
    names = []
    for name, table in zip(
        TABLES, (tables.visits, tables.patterns, tables.differences, tables.rates), strict=True
    ):
        names.append(f"cohort/{name}.tsv")
        write_table(table, name, context.out / names[-1])
    return tuple(names)
