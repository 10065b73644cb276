"""Visits that took place, the ratings at them, and the class that ratings give: as the outcomes have it."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from cohort.people import participants

from corticolimbic.cohort import (
    Outcome,
    PlannedVisit,
    RatingVariable,
    TrajectorySettings,
    class_of_ratings,
    observed_visits,
    outcomes,
    rated_sessions,
    rated_visits,
    read_ratings,
)

ENDS = {"pain_column": "nrs", "baseline_session": "ses-1", "final_session": "ses-2"}
PLAN = tuple(
    PlannedVisit(session=f"ses-{place}", day=day, after=14) for place, day in enumerate((0, 90, 180, 1095), 1)
)


@pytest.mark.parametrize(
    "settings",
    [
        Outcome(family="relative", **ENDS),
        Outcome(family="relative", threshold=0.3, floor=2, scale=(0, 100), **ENDS),
        Outcome(family="relative", scale=(1, 7), **ENDS),
        Outcome(family="absolute", **ENDS),
        Outcome(family="absolute", level=3, increase=1, scale=(0, 100), **ENDS),
    ],
)
def test_the_class_of_ratings_is_that_of_the_outcomes(settings: Outcome) -> None:
    low, high = settings.scale
    grid = [*np.linspace(low, high, 21), np.nan]
    pairs = list(itertools.product(grid, grid))
    people = participants(site=["a"] * len(pairs))
    cells = pd.DataFrame(
        [
            (person, f"ses-{place}", "n/a" if np.isnan(value) else repr(float(value)))
            for person, pair in zip(people.index, pairs, strict=True)
            for place, value in enumerate(pair, 1)
        ],
        columns=["participant_id", "session_id", "nrs"],
        dtype="str",
    )
    found = outcomes(people, cells, settings)
    expected = found.table[found.table["outcome"] == found.primary].set_index("participant_id")["value"]
    ratings = (pd.DataFrame(pairs, index=people.index) - low) / (high - low) * 10
    made = class_of_ratings(settings)(ratings)
    assert expected.notna().sum() > 300
    pd.testing.assert_series_equal(made, expected.reindex(made.index), check_names=False)


def visits(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["participant_id", "session_id", "variable", "value"])
    number = pd.to_numeric(table["value"], errors="coerce")
    return table.assign(number=number.astype(float), missing="", source="t.tsv", day=np.nan, instance="n/a")


def test_a_visit_is_seen_lost_or_not_yet_due() -> None:
    table = visits(
        ("sub-1", "ses-1", "date", "2020-01-01"),
        ("sub-1", "ses-2", "date", "2020-04-01"),
        ("sub-2", "ses-1", "date", "2020-01-01"),
        ("sub-2", "ses-2", "mode", "none"),
        ("sub-2", "ses-2", "why", "lost"),
        ("sub-2", "ses-3", "nrs", "2"),
        ("sub-3", "ses-1", "date", "2020-06-20"),
    )
    told = TrajectorySettings(schedule=PLAN, date_variable="date", not_done={"mode": "none"})
    found = observed_visits(table, ["sub-1", "sub-2", "sub-3", "sub-9"], told)
    assert list(found.columns) == ["ses-1", "ses-2", "ses-3", "ses-4"]
    # The latest date is 2020-06-20: day 180 and its 14 days are not over for anybody.
    assert found.loc["sub-1"].tolist() == [True, True, None, None]
    assert found.loc["sub-2"].tolist() == [True, False, True, None]
    assert found.loc["sub-3"].tolist() == [True, None, None, None]
    assert found.loc["sub-9"].tolist() == [False] * 4, "without a date every visit is due"


def test_without_a_schedule_the_recorded_sessions_are_the_plan() -> None:
    table = visits(
        ("sub-1", "ses-10", "nrs", "2"), ("sub-1", "ses-2", "nrs", "3"), ("sub-2", "ses-2", "nrs", "")
    )
    found = observed_visits(table, ["sub-1", "sub-2"], TrajectorySettings())
    assert found.loc["sub-1"].to_dict() == {"ses-2": True, "ses-10": True}
    assert found.loc["sub-2"].tolist() == [False, False]


def test_the_rated_visits_go_from_first_to_final_pain() -> None:
    assert rated_sessions(PLAN, Outcome(family="relative", **ENDS)) == ("ses-1", "ses-2")
    by_day = {"family": "relative", "pain_column": "nrs", "baseline_session": "ses-1"}
    near = Outcome(final_day=190, **by_day)
    assert rated_sessions(PLAN, near) == ("ses-1", "ses-2", "ses-3")
    assert rated_sessions(PLAN, Outcome(final_day=600, **by_day)) == ()
    assert rated_sessions(PLAN[2:], near) == ()
    backwards = Outcome(family="relative", **{**ENDS, "baseline_session": "ses-3"})
    assert rated_sessions(PLAN, backwards) == ()


def test_ratings_are_one_number_a_person_and_visit() -> None:
    told = TrajectorySettings(
        schedule=PLAN,
        ratings=(RatingVariable(variable="nrs"), RatingVariable(variable="before", scale=(0, 100))),
    )
    table = visits(
        ("sub-1", "ses-1", "nrs", "4"),
        ("sub-1", "ses-1", "before", "70"),
        ("sub-1", "ses-3", "nrs", "3"),
        ("sub-2", "ses-2", "nrs", "5"),
    )
    place = pd.Series("a", index=["sub-1", "sub-2"])
    ratings, _ = read_ratings(table, place, told.ratings, told)
    own = Outcome(family="absolute", before_column="before", **{**ENDS, "final_session": "ses-3"})
    found = rated_visits(ratings, ("ses-1", "ses-2", "ses-3"), own)
    assert found.loc["sub-1"].tolist()[::2] == [7, 3]
    assert np.isnan(found.loc["sub-1", "ses-2"])
    assert found.loc["sub-2", "ses-2"] == 5
    by_day = Outcome(family="relative", pain_column="nrs", baseline_session="ses-1", final_day=100)
    assert rated_visits(ratings, ("ses-1", "ses-2"), by_day)["ses-2"].dropna().to_dict() == {"sub-2": 5}
