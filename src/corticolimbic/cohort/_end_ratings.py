"""First and final pain of each person: by session, or the rating nearest to a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._ratings import TOP, Ratings
from corticolimbic.cohort._settings import Outcome
from corticolimbic.cohort._visits import numbers
from corticolimbic.features import session_order
from corticolimbic.foundation import MISSING_CELLS, Problem, SettingsError, problem


@dataclass(frozen=True)
class EndRatings:
    """Pain at both ends, on the declared scale.

    Parameters
    ----------
    first, last
        Indexed by participant_id, NaN where missing.
    last_session
        Session of the final rating, empty where there is none.
    lost
        Why a final rating is missing.
    problems
        Cells that could not be used.
    """

    first: pd.Series
    last: pd.Series
    last_session: pd.Series
    lost: str
    problems: tuple[Problem, ...]


def end_ratings(
    participants: pd.DataFrame, sessions: pd.DataFrame, settings: Outcome, ratings: Ratings | None
) -> EndRatings:
    """Return first and final pain.

    Parameters
    ----------
    participants
        Whose, indexed by participant_id.
    sessions
        Sessions tables, one row a person and session.
    settings
        Columns, and session or day.
    ratings
        All ratings over time, for a final rating by day.

    Raises
    ------
    SettingsError
        Where a column or a session that the settings name does not exist.
    """
    people = participants.index
    before = settings.before_column or settings.pain_column or ""
    first, problems = _of_session(people, sessions, before, settings.baseline_session or "", settings)
    if settings.final_session is not None:
        last, found = _of_session(
            people, sessions, settings.pain_column or "", settings.final_session, settings
        )
        session = pd.Series(np.where(last.notna(), settings.final_session, ""), index=people, dtype=object)
        return EndRatings(first, last, session, "no final rating", (*problems, *found))
    if ratings is None:
        raise SettingsError("a final rating by day needs the ratings over time")
    day, window = settings.final_day or 0.0, settings.final_window
    own = nearest_ratings(ratings, settings.pain_column or "", day, window, settings.ties)
    low, high = settings.scale
    last = low + own["rating"].reindex(people).astype(float) / TOP * (high - low)
    session = own["session_id"].reindex(people).fillna("").astype(object)
    lost = f"no rating from day {day + window[0]:g} to day {day + window[1]:g}"
    return EndRatings(first, last, session, lost, tuple(problems))


def nearest_ratings(
    ratings: Ratings, variable: str, day: float, window: tuple[float, float], ties: str
) -> pd.DataFrame:
    """Return each person's rating nearest to a day, of those inside the window.

    Parameters
    ----------
    ratings
        All ratings.
    variable
        Which of them.
    day
        Target.
    window
        Days before (negative) and after it, both ends included.
    ties
        ``earlier``, ``later`` or ``mean``: which of two as near counts. Ratings of one day are averaged.

    Returns
    -------
    DataFrame
        Indexed by participant_id: rating (NRS 0 to 10), session_id, day; people without one are left out.
    """
    table = ratings.table()
    away = table["day"] - day
    table = table[(table["variable"] == variable) & (away >= window[0]) & (away <= window[1])]
    table = table.assign(away=(table["day"] - day).abs())
    nearest = table[table["away"] == table.groupby("participant_id")["away"].transform("min")]
    if ties != "mean":
        pick = "min" if ties == "earlier" else "max"
        nearest = nearest[nearest["day"] == nearest.groupby("participant_id")["day"].transform(pick)]
    return nearest.groupby("participant_id").agg(
        rating=("rating", "mean"), session_id=("session_id", "last"), day=("day", "mean")
    )


def _of_session(
    people: pd.Index, sessions: pd.DataFrame, column: str, session: str, settings: Outcome
) -> tuple[pd.Series, list[Problem]]:
    values, problems = numbers(session_cells(people, sessions, column, session), column, "sessions.tsv")
    low, high = settings.scale
    outside = values[(values < low) | (values > high)]
    problems += [
        problem(
            "CL312",
            participant_id=str(person),
            session_id=session,
            file="sessions.tsv",
            found=f"{column} = {value:g}",
            expected=f"{low:g} to {high:g}",
        )
        for person, value in outside.items()
    ]
    return values.where(~values.index.isin(outside.index)), problems


def session_cells(people: pd.Index, sessions: pd.DataFrame, column: str, session: str) -> pd.Series:
    """Return one column of one session as text, missing cells empty.

    Raises
    ------
    SettingsError
        Where there is no such column or session, naming those that there are.
    """
    if column not in sessions.columns:
        has = ", ".join(map(str, sessions.columns)) or "none"
        raise SettingsError(f"the sessions tables have no column {column!r}; their columns are {has}")
    recorded = sorted(set(sessions["session_id"]), key=session_order)
    if session not in recorded:
        has = ", ".join(recorded[:10]) or "none"
        raise SettingsError(f"the sessions tables have no session {session!r}; they have {has}")
    cells = sessions[sessions["session_id"] == session].set_index("participant_id")[column].astype(str)
    cells = cells.reindex(people).fillna("").str.strip()
    return cells.where(~cells.isin(MISSING_CELLS), "")
