"""Pain ratings of all people over time, on one scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from corticolimbic.cohort._trajectory_settings import RatingVariable, TrajectorySettings
from corticolimbic.foundation import Problem, problem

TOP = 10.0
"""Upper end of the common scale, NRS; the lower end is 0."""


@dataclass(frozen=True)
class Ratings:
    """Every pain rating, sorted by person and day (an unknown day last).

    Parameters
    ----------
    participant_id
        Whose rating it is.
    site
        That person's site, ``n/a`` where unknown.
    session_id
        Session that it belongs to.
    variable
        Variable that it was read from.
    day
        Days since the person's first visit, NaN where unknown.
    rating
        NRS 0 to 10.
    """

    participant_id: Shaped[np.ndarray, " rating"]
    site: Shaped[np.ndarray, " rating"]
    session_id: Shaped[np.ndarray, " rating"]
    variable: Shaped[np.ndarray, " rating"]
    day: Float[np.ndarray, " rating"]
    rating: Float[np.ndarray, " rating"]

    def people(self) -> Iterator[tuple[str, slice]]:
        """Yield each person with the place of their ratings, in order."""
        if not len(self.participant_id):
            return
        changes = np.flatnonzero(self.participant_id[1:] != self.participant_id[:-1]) + 1
        for start, end in pairwise([0, *changes.tolist(), len(self.participant_id)]):
            yield str(self.participant_id[start]), slice(start, end)

    def of(self, people: pd.Index) -> Ratings:
        """Return the ratings of some people only."""
        kept = np.isin(self.participant_id.astype(str), people.to_numpy().astype(str))
        return Ratings(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))

    def table(self) -> pd.DataFrame:
        """Return the ratings as a table, one row each."""
        return pd.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Days:
    """One value for each rated day of a person: the mean of that day's ratings.

    Parameters
    ----------
    day
        Rising, no two equal.
    rating
        NRS 0 to 10.
    """

    day: Float[np.ndarray, " day"]
    rating: Float[np.ndarray, " day"]


def rated_days(day: Float[np.ndarray, " rating"], rating: Float[np.ndarray, " rating"]) -> Days:
    """Return one value a day; ratings of an unknown day are left out."""
    known = ~np.isnan(day)
    days, place = np.unique(day[known], return_inverse=True)
    total = np.bincount(place, weights=rating[known], minlength=len(days))
    return Days(days, total / np.maximum(np.bincount(place, minlength=len(days)), 1))


def rating_variables(
    settings: TrajectorySettings, pain_column: str | None, scale: tuple[float, float]
) -> tuple[RatingVariable, ...]:
    """Return the declared variables; where there are none, the outcome's own."""
    if settings.ratings or not pain_column:
        return settings.ratings
    return (RatingVariable(variable=pain_column, scale=scale),)


def read_ratings(
    visits: pd.DataFrame,
    sites: pd.Series,
    variables: tuple[RatingVariable, ...],
    settings: TrajectorySettings,
) -> tuple[Ratings, tuple[Problem, ...]]:
    """Read the ratings from the visits table.

    Parameters
    ----------
    visits
        Long: participant_id, session_id, variable, value, number, source; ``day``, ``instance`` and
        ``missing`` where the table has them.
    sites
        Site by participant_id; others are not people of the study and are left out.
    variables
        Which variables hold ratings, and their scales.
    settings
        Where the days come from.

    Returns
    -------
    Ratings, tuple of Problem
        Cells that are no number (CL307) or off the scale (CL312) are named, not used.
    """
    problems: list[Problem] = []
    parts = []
    for variable in variables:
        rows = visits[(visits["variable"] == variable.variable) & visits["participant_id"].isin(sites.index)]
        low, high = variable.scale
        problems += _no_numbers(rows, variable.variable)
        rows = rows[rows["number"].notna()]
        outside = (rows["number"] < low) | (rows["number"] > high)
        problems += [
            problem(
                "CL312",
                participant_id=str(row.participant_id),
                session_id=str(row.session_id),
                file=str(row.source),
                found=f"{variable.variable} = {row.number:g}",
                expected=f"{low:g} to {high:g}",
            )
            for row in rows[outside].itertuples()
        ]
        rows = rows[~outside]
        parts.append(rows.assign(rating=(rows["number"] - low) / (high - low) * TOP))
    found = pd.concat(parts, ignore_index=True) if parts else visits.iloc[:0].assign(rating=0.0)
    found = found.assign(day=_days(found, visits, settings))
    order = [
        "participant_id",
        "day",
        "variable",
        "session_id",
        *([] if "instance" not in found else ["instance"]),
    ]
    found = found.sort_values(order, ignore_index=True, kind="stable")
    return (
        Ratings(
            participant_id=found["participant_id"].to_numpy(dtype=object),
            site=found["participant_id"].map(sites).fillna("n/a").to_numpy(dtype=object),
            session_id=found["session_id"].to_numpy(dtype=object),
            variable=found["variable"].to_numpy(dtype=object),
            day=found["day"].to_numpy(dtype=float),
            rating=found["rating"].to_numpy(dtype=float),
        ),
        tuple(problems),
    )


def _no_numbers(rows: pd.DataFrame, variable: str) -> list[Problem]:
    written = rows["number"].isna() & (rows["value"] != "")
    if "missing" in rows:
        written &= rows["missing"].fillna("") == ""
    return [
        problem(
            "CL307",
            participant_id=str(row.participant_id),
            file=str(row.source),
            found=f"{variable} = {row.value!r}",
        )
        for row in rows[written].itertuples()
    ]


def _days(found: pd.DataFrame, visits: pd.DataFrame, settings: TrajectorySettings) -> pd.Series:
    """Return the day of each rating: its own, else the visit's, else the schedule's."""
    days = found["day"].astype(float) if "day" in found else pd.Series(np.nan, index=found.index, dtype=float)
    if settings.day_variable is not None:
        rows = visits[visits["variable"] == settings.day_variable]
        known = rows[rows["number"].notna()].drop_duplicates(["participant_id", "session_id"])
        by_visit = known.set_index(["participant_id", "session_id"])["number"]
        keys = pd.MultiIndex.from_frame(found[["participant_id", "session_id"]])
        days = days.fillna(pd.Series(by_visit.reindex(keys).to_numpy(), index=found.index))
    planned = {visit.session: visit.day for visit in settings.schedule}
    return days.fillna(found["session_id"].map(planned).astype(float))
