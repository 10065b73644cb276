"""Visits joined by person and session: features, time, pain and covariates of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from corticolimbic.cohort import numbers
from corticolimbic.features import Statistic
from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._compare_settings import VisitsSettings
from corticolimbic.stats._people_table import FEATURE_KEY, MEASURED, covariate

KEY = ["participant_id", "session_id"]
MOTION = "motion"
NAMES = {"measured:mean_fd": MOTION, "measured:censored_share": "censored_share"}
"""A colon means an interaction in a model over visits, so what was measured has another name there."""
_OF = {name: measured.removeprefix("measured:") for measured, name in NAMES.items()}
DAYS = {"days": 1.0, "months": 365.25 / 12, "years": 365.25}
_LABEL = re.compile(r"ses-(day|week|month|year)s?0*([0-9]+)", re.IGNORECASE)
_LABEL_DAYS = {"day": 1.0, "week": 7.0, "month": DAYS["months"], "year": DAYS["years"]}


@dataclass(frozen=True)
class VisitTables:
    """What is known of all visits.

    Parameters
    ----------
    features
        Schema ``features``, all sessions: circuit edges and quality.
    clinical
        Schema ``visits``.
    planned
        Day of each session of the schedule.
    pain
        Variable with the pain at the visit, None where there is none.
    defining
        Variables that the groups were made of: features of these names are drawn, not tested (METHODS M-1).
    """

    features: pd.DataFrame
    clinical: pd.DataFrame
    planned: Mapping[str, float] = field(default_factory=dict)
    pain: str | None = None
    defining: frozenset[str] = frozenset()


def connectivity_visits(features: pd.DataFrame, statistic: Statistic) -> pd.DataFrame:
    """Return Fisher z of each edge: (person, session) in rows, feature keys in columns, runs averaged."""
    rows = features[(features["measure"] == "fc") & (features["statistic"] == statistic)]
    with np.errstate(divide="ignore"):
        z = np.arctanh(rows["value"].to_numpy(dtype=float))
    rows = rows.assign(z=np.where(np.isfinite(z), z, np.nan))
    mean = rows.groupby([*KEY, *FEATURE_KEY], sort=True)["z"].mean()
    return mean.unstack(FEATURE_KEY).sort_index(axis="columns")


def visit_times(
    visits: pd.MultiIndex, tables: VisitTables, settings: VisitsSettings
) -> tuple[pd.Series, list[Problem]]:
    """Return the time of each visit in the declared unit, and a problem (CL606) for each without one."""
    if settings.time_column is not None:
        time = _by_visit(tables.clinical, settings.time_column)[0].reindex(visits)
    else:
        days = tables.clinical.loc[tables.clinical["day"].notna() & (tables.clinical["instance"] == "n/a")]
        known = days.groupby(KEY)["day"].median().reindex(visits).to_numpy(dtype=float)
        planned = np.array([_planned(str(session), tables.planned) for _, session in visits], dtype=float)
        time = pd.Series(np.where(np.isnan(known), planned, known) / DAYS[settings.time_unit], index=visits)
    lacking = [
        problem("CL606", participant_id=str(person), session_id=str(session), found="no day is known")
        for person, session in time.index[time.isna()]
    ]
    return time, lacking


def _planned(session: str, planned: Mapping[str, float]) -> float:
    if session in planned:
        return float(planned[session])
    if session.lower() == "ses-baseline":
        return 0.0
    said = _LABEL.fullmatch(session)
    return float(said[2]) * _LABEL_DAYS[said[1].lower()] if said else np.nan


def visit_column(
    name: str, visits: pd.MultiIndex, tables: VisitTables, participants: pd.DataFrame
) -> tuple[pd.Series, list[Problem]]:
    """Return a covariate at each visit: measured, the visit's own where recorded so, else the person's.

    Raises
    ------
    SettingsError
        Where neither the visits nor the participants table has it.
    """
    people = visits.get_level_values("participant_id")
    if name in _OF:
        rows = tables.features[tables.features["measure"] == _OF[name]]
        return rows.groupby(KEY)["value"].mean().reindex(visits), []
    own, problems = _by_visit(tables.clinical, name)
    if own.index.get_level_values("participant_id").has_duplicates or (
        name not in participants.columns and len(own)
    ):
        return own.reindex(visits), problems
    values, problems = covariate(name, participants, pd.DataFrame(columns=list(MEASURED)))
    return pd.Series(values.reindex(people).to_numpy(), index=visits, dtype=values.dtype), problems


def _by_visit(clinical: pd.DataFrame, name: str) -> tuple[pd.Series, list[Problem]]:
    """Return a variable by visit, as numbers where at least half the cells are numbers."""
    rows = clinical[
        (clinical["variable"] == name)
        & (clinical["session_id"] != "ses-none")
        & (clinical["value"].fillna("") != "")
    ]
    if len(rows) and rows["number"].notna().mean() < 0.5:
        return rows.drop_duplicates(KEY).set_index(KEY)["value"].astype(object), []
    problems = [
        item
        for row in rows[rows["number"].isna()].itertuples()
        for item in numbers(
            pd.Series([str(row.value)], index=[str(row.participant_id)]), name, str(row.source)
        )[1]
    ]
    finite = rows[np.isfinite(rows["number"].astype(float))]
    return finite.groupby(KEY)["number"].mean(), problems
