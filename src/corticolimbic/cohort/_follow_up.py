"""Pain over time of a whole study: everything that is derived from its ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._completeness import completeness_table
from corticolimbic.cohort._courses import Course, course
from corticolimbic.cohort._eligibility import durations, stage
from corticolimbic.cohort._mean_courses import mean_courses
from corticolimbic.cohort._outcomes import Outcomes
from corticolimbic.cohort._pain_ends import misclassification_table, persistence
from corticolimbic.cohort._rates import rates_table
from corticolimbic.cohort._ratings import Days, Ratings, rated_days, rating_variables, read_ratings
from corticolimbic.cohort._recovery import EVERYWHERE, Recovery, recovery, recovery_table
from corticolimbic.cohort._schedule import visit_dates
from corticolimbic.cohort._settings import CohortSettings
from corticolimbic.features import schema
from corticolimbic.foundation import Problem

_NOBODY = Days(np.zeros(0), np.zeros(0))


@dataclass(frozen=True)
class FollowUp:
    """Tables about pain over time, each of the schema of its name.

    Parameters
    ----------
    ratings, trajectories, mean_courses, rates, recovery, misclassification, completeness
        The tables.
    problems
        Dates that could not be read.
    """

    ratings: pd.DataFrame
    trajectories: pd.DataFrame
    mean_courses: pd.DataFrame
    rates: pd.DataFrame
    recovery: pd.DataFrame
    misclassification: pd.DataFrame
    completeness: pd.DataFrame
    problems: tuple[Problem, ...]


def pain_ratings(
    visits: pd.DataFrame, sites: pd.Series, settings: CohortSettings
) -> tuple[Ratings, tuple[Problem, ...]]:
    """Return all pain ratings that the settings name, and the cells that could not be used.

    Parameters
    ----------
    visits
        Long table of clinical values.
    sites
        Site by participant_id, as `sites` returns it.
    settings
        Which variables, and their scales; where none are declared, the outcome's pain column.
    """
    chosen = settings.outcome
    variables = rating_variables(settings.trajectories, chosen.pain_column, chosen.scale)
    return read_ratings(visits, sites, variables, settings.trajectories)


def follow_up(
    visits: pd.DataFrame,
    ratings: Ratings,
    outcomes: Outcomes,
    sites: pd.Series,
    settings: CohortSettings,
    barred: pd.Series | None = None,
) -> FollowUp:
    """Derive everything about pain over time.

    Parameters
    ----------
    visits
        Long table of clinical values.
    ratings
        Of `pain_ratings`.
    outcomes
        Of `outcomes`.
    sites
        Site of everyone in the study, by participant_id.
    settings
        All rules.
    barred
        Why a person was not eligible or not enrolled, empty where they were; None where nothing is declared.
        Those people have their ratings and a row of trajectories, but count in no rate, curve or mean.
    """
    told = settings.trajectories
    # A site that bears the name of the row for all sites would stand twice.
    sites = sites.where(sites != EVERYWHERE, f"{EVERYWHERE} (site)")
    days = {
        person: rated_days(ratings.day[place], ratings.rating[place]) for person, place in ratings.people()
    }
    recoveries, courses = {}, {}
    for person in map(str, sites.index):
        reason = "" if barred is None else str(barred.get(person, ""))
        rated = days.get(person, _NOBODY)
        found = Recovery(np.nan, np.nan, reason) if reason else recovery(rated, told.recovery)
        recoveries[person] = found
        courses[person] = Course("", reason) if reason else course(rated, found, told.classes, told.recovery)
    names = pd.Series({person: item.name for person, item in courses.items()}, dtype=object)
    counted = sites if barred is None else sites[barred.reindex(sites.index).fillna("") == ""]
    known = outcomes.table[outcomes.table["participant_id"].isin(counted.index)]
    ours = ratings.of(counted.index)
    chances = persistence(ratings, settings.outcome, told)
    variables = told.complete_variables or tuple(
        item.variable for item in rating_variables(told, settings.outcome.pain_column, settings.outcome.scale)
    )
    length = durations(visits, map(str, sites.index), told, settings.outcome.baseline_session)
    table = ratings.table()
    return FollowUp(
        ratings=schema("ratings").check(_numbered(table)),
        trajectories=_trajectories(table, recoveries, courses, chances.chances, length, sites, settings),
        mean_courses=mean_courses(ours, names, told),
        rates=rates_table(known, names, sites),
        recovery=recovery_table(recoveries, sites) if len(table) else schema("recovery").table([]),
        misclassification=misclassification_table(chances, known, settings.outcome, told),
        completeness=completeness_table(visits, counted, variables, told),
        problems=visit_dates(visits, told)[1],
    )


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Add a number to the ratings of one person, session and variable, so that each has a key."""
    key = ["participant_id", "session_id", "variable"]
    return table.assign(place=table.groupby(key).cumcount() + 1)[schema("ratings").names]


def _trajectories(
    table: pd.DataFrame,
    recoveries: dict[str, Recovery],
    courses: dict[str, Course],
    chances: pd.DataFrame,
    length: pd.Series,
    sites: pd.Series,
    settings: CohortSettings,
) -> pd.DataFrame:
    counted = table.groupby("participant_id")
    numbers, first, last = (
        found.to_dict() for found in (counted.size(), counted["day"].min(), counted["day"].max())
    )
    place, lasted = sites.to_dict(), length.to_dict()  # lookups in a Series are slow
    chance = chances.iloc[:, 0].to_dict() if chances.shape[1] else {}
    rows = []
    for person, found in recoveries.items():
        rows.append(
            {
                "participant_id": person,
                "site": str(place[person]),
                "stage": stage(float(lasted[person]), settings.trajectories.stages),
                "n_ratings": int(numbers.get(person, 0)),
                "first_day": float(first.get(person, np.nan)),
                "last_day": float(last.get(person, np.nan)),
                "course": courses[person].name,
                "course_reason": courses[person].reason,
                "p_persistent": float(chance.get(person, np.nan)),
                "criterion": str(chances.columns[0]) if chances.shape[1] else "",
                "recovery_after": found.left,
                "recovery_by": found.right if found.event else np.nan,
                "recovered": -1 if found.reason else int(found.event),
                "recovery_reason": found.reason,
            }
        )
    return schema("trajectories").table(rows)
