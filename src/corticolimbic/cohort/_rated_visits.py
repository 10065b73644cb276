"""First to final pain as a table of people by visits, and the class that such a table gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from corticolimbic.cohort._end_ratings import nearest_ratings
from corticolimbic.cohort._ratings import TOP, Ratings
from corticolimbic.cohort._settings import Outcome
from corticolimbic.cohort._trajectory_settings import PlannedVisit

_EXACT = 1e-9
"""Rounding must not decide: 8 to 6.4 is a fall of exactly 20 %."""


def rated_sessions(plan: tuple[PlannedVisit, ...], settings: Outcome) -> tuple[str, ...]:
    """Return the visits from the first to the final pain of an outcome; none where the plan lacks either.

    Parameters
    ----------
    plan
        Visits as planned, or as recorded.
    settings
        With a final session, or a final day: then the planned visit nearest to it, inside its window.
    """
    names = [visit.session for visit in plan]
    last = settings.final_session
    if settings.final_day is not None:
        low, high = settings.final_window
        away = {visit.session: visit.day - settings.final_day for visit in plan}
        inside = [name for name in names if low <= away[name] <= high]
        last = min(inside, key=lambda name: abs(away[name]), default=None)
    if settings.baseline_session not in names or last not in names:
        return ()
    start, end = names.index(settings.baseline_session), names.index(last)
    return tuple(names[start : end + 1]) if start < end else ()


def rated_visits(ratings: Ratings, sessions: tuple[str, ...], settings: Outcome) -> pd.DataFrame:
    """Return people by visits: the mean rating of the outcome's pain at each, NRS 0 to 10, NaN without one.

    Parameters
    ----------
    ratings
        All pain ratings.
    sessions
        As `rated_sessions` returns them.
    settings
        Which variable; with a final day, the last column holds the rating nearest to it.
    """
    pain = settings.pain_column or ""
    table = ratings.table()
    own = table[(table["variable"] == pain) & table["session_id"].isin(sessions)]
    wide = own.pivot_table(index="participant_id", columns="session_id", values="rating", aggfunc="mean")
    wide = wide.reindex(columns=list(sessions)).astype(float)
    if settings.before_column not in {None, pain}:
        first = table[(table["variable"] == settings.before_column) & (table["session_id"] == sessions[0])]
        wide = _replaced(wide, sessions[0], first.groupby("participant_id")["rating"].mean())
    if settings.final_day is not None:
        nearest = nearest_ratings(ratings, pain, settings.final_day, settings.final_window, settings.ties)
        wide = _replaced(wide, sessions[-1], nearest["rating"])
    return wide.rename_axis(index="participant_id", columns=None)


def _replaced(wide: pd.DataFrame, session: str, values: pd.Series) -> pd.DataFrame:
    wide = wide.reindex(wide.index.union(values.index))
    return wide.assign(**{session: values.reindex(wide.index).astype(float)})


def class_of_ratings(settings: Outcome) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the function that makes the primary class of ratings: 1 persistent, 0 recovered, else NaN.

    Parameters
    ----------
    settings
        Family relative or absolute, with scale, threshold, floor, level and increase. That pain is at the
        surgical site cannot be told from ratings: it is taken to be.
    """
    low, high = settings.scale

    def classes(ratings: pd.DataFrame) -> pd.Series:
        first, last = (ratings.iloc[:, at].astype(float) for at in (0, -1))
        known = last.notna()
        if settings.family == "relative":
            told = low + first / TOP * (high - low)
            known &= (told >= settings.floor) & (told > 0)
            change = (low + last / TOP * (high - low) - told) / told.where(told > 0) * 100
            persists = change > -settings.threshold * 100 + _EXACT
        else:
            persists = last >= settings.level - _EXACT
            if settings.increase is not None:
                known &= first.notna()
                persists &= last - first >= settings.increase - _EXACT
        return persists.astype(float).where(known, np.nan)

    return classes
