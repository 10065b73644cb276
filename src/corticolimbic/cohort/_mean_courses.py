"""The mean course of pain of each class, for the figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.cohort._courses import COURSES
from corticolimbic.cohort._ratings import Ratings
from corticolimbic.cohort._recovery import EVERYWHERE
from corticolimbic.cohort._trajectory_settings import TrajectorySettings
from corticolimbic.features import schema

_BINS = 12


def mean_courses(ratings: Ratings, courses: pd.Series, settings: TrajectorySettings) -> pd.DataFrame:
    """Return mean pain over time, of everybody and of each class (schema ``mean_courses``).

    Each person counts once in each stretch of time, with the mean of their ratings in it. Stretches lie about
    the planned visits; without a schedule about each day on which people were rated, or in twelve equal parts
    where those are many. Means are drawn, not tested: the classes are made from the same ratings.

    Parameters
    ----------
    ratings
        Of everybody.
    courses
        Class by participant_id, empty where not classifiable.
    settings
        The schedule.
    """
    table = ratings.table()
    table = table[np.isfinite(table["day"]) & (table["day"] >= 0)]
    if table.empty:
        return schema("mean_courses").table([])
    centres = _centres(table["day"].to_numpy(), settings)
    place = np.searchsorted((centres[1:] + centres[:-1]) / 2, table["day"], side="right")
    table = table.assign(place=place, course=[courses.get(person, "") for person in table["participant_id"]])
    own = table.groupby(["course", "participant_id", "place"], as_index=False)["rating"].mean()
    rows = []
    for name in (EVERYWHERE, *COURSES):
        group = own if name == EVERYWHERE else own[own["course"] == name]
        for stretch, values in group.groupby("place")["rating"]:
            low, high = _interval(values.to_numpy())
            rows.append(
                {
                    "course": name,
                    "day": float(centres[int(stretch)]),
                    "n": len(values),
                    "mean": float(values.mean()),
                    "ci_low": low,
                    "ci_high": high,
                }
            )
    return schema("mean_courses").table(rows)


def _centres(days: np.ndarray, settings: TrajectorySettings) -> np.ndarray:
    planned = np.unique([visit.day for visit in settings.schedule])
    if len(planned) > 1:
        return planned
    found = np.unique(days)
    if len(found) <= _BINS:
        return found
    width = found[-1] / _BINS
    return (np.arange(_BINS) + 0.5) * width


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % t interval of a mean, kept on the scale; NaN for one person."""
    from scipy.special import stdtrit

    if len(values) < 2:
        return np.nan, np.nan
    half = float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values)))
    return max(0.0, float(values.mean()) - half), min(10.0, float(values.mean()) + half)
