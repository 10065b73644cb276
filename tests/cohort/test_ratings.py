"""Ratings over time: one scale, days from wherever they are known, nothing used that is off the scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort.people import diary, participants, ratings

from corticolimbic.cohort import (
    PlannedVisit,
    RatingVariable,
    TrajectorySettings,
    nearest_ratings,
    rated_days,
    read_ratings,
    visits_table,
)
from corticolimbic.foundation import SettingsError

SITES = pd.Series({"sub-1": "north", "sub-2": "süd"})
NRS = (RatingVariable(variable="nrs"),)


def test_scales_are_declared_and_come_out_as_0_to_10() -> None:
    visits = pd.concat([diary({"sub-1": [(0, 7)]}), diary({"sub-1": [(1, 70), (2, 5)]}, "vas")])
    variables = (*NRS, RatingVariable(variable="vas", scale=(0, 100)))
    found, problems = read_ratings(visits, SITES, variables, TrajectorySettings())
    assert found.rating.tolist() == [7.0, 7.0, 0.5]
    assert (found.variable.tolist(), set(found.site)) == (["nrs", "vas", "vas"], {"north"})
    assert problems == ()


def test_cells_that_are_no_rating_are_named_and_not_used() -> None:
    sessions = ratings(
        {"sub-1": {"ses-a": "11", "ses-b": "much", "ses-c": "n/a", "ses-d": "-1", "ses-e": "4"}}
    )
    visits = visits_table(participants(site=["north"]), sessions)
    found, problems = read_ratings(visits, SITES, NRS, TrajectorySettings())
    assert found.rating.tolist() == [4.0]
    assert sorted((item.code, item.found, item.participant_id) for item in problems) == [
        ("CL307", "nrs = 'much'", "sub-1"),
        ("CL312", "nrs = -1", "sub-1"),
        ("CL312", "nrs = 11", "sub-1"),
    ]


def test_a_reason_for_a_missing_value_is_no_wrong_number() -> None:
    visits = diary({"sub-1": [(0, 5), (1, 6)]})
    visits.loc[1, ["value", "number", "missing"]] = ["refused", np.nan, "refused"]
    found, problems = read_ratings(visits, SITES, NRS, TrajectorySettings())
    assert (found.rating.tolist(), problems) == ([5.0], ())


def test_the_day_is_the_rating_s_own_else_the_visit_s_else_the_plan_s() -> None:
    sessions = ratings({"sub-1": {"ses-a": "5", "ses-b": "4", "ses-c": "3"}})
    sessions["days"] = ["1", "", ""]
    visits = visits_table(participants(site=["north"]), sessions)
    plan = (PlannedVisit(session="ses-b", day=90.0),)
    told = TrajectorySettings(day_variable="days", schedule=plan)
    found, _ = read_ratings(visits, SITES, NRS, told)
    assert found.day.tolist()[:2] == [1.0, 90.0]
    assert np.isnan(found.day[2])
    own = diary({"sub-1": [(33, 5)]}, session="ses-b")
    assert read_ratings(own, SITES, NRS, told)[0].day.tolist() == [33.0]


def test_strangers_and_empty_tables_leave_nothing() -> None:
    for visits in (diary({"sub-9": [(0, 5)]}), diary({}), diary({"sub-1": [(0, 5)]}, "other")):
        found, problems = read_ratings(visits, SITES, NRS, TrajectorySettings())
        assert (len(found.rating), list(found.people()), problems) == (0, [], ())


def test_people_come_in_order_with_their_own_ratings() -> None:
    visits = diary({"sub-2": [(5, 1), (0, 2)], "sub-1": [(3, 3)]}).sample(frac=1, random_state=1)
    found, _ = read_ratings(visits, SITES, NRS, TrajectorySettings())
    assert [(person, found.rating[place].tolist()) for person, place in found.people()] == [
        ("sub-1", [3.0]), ("sub-2", [2.0, 1.0]),
    ]  # fmt: skip


def test_ratings_of_one_day_are_averaged_and_unknown_days_left_out() -> None:
    days = rated_days(np.array([2.0, 0, 2, np.nan]), np.array([4.0, 7, 6, 1]))
    assert (days.day.tolist(), days.rating.tolist()) == ([0.0, 2.0], [7.0, 5.0])


@pytest.mark.parametrize(("ties", "value"), [("earlier", 2.0), ("later", 6.0), ("mean", 4.0)])
def test_the_nearest_rating_in_the_window_counts_and_ties_as_declared(ties: str, value: float) -> None:
    visits = diary({"sub-1": [(170, 2), (190, 6), (10, 9)], "sub-2": [(149, 3), (150, 8)]})
    found, _ = read_ratings(visits, SITES, NRS, TrajectorySettings())
    near = nearest_ratings(found, "nrs", 180.0, (-30.0, 30.0), ties)
    assert near["rating"].to_dict() == {"sub-1": value, "sub-2": 8.0}
    assert nearest_ratings(found, "nrs", 400.0, (-30.0, 30.0), ties).empty


def test_a_scale_or_schedule_that_makes_no_sense_is_refused() -> None:
    twice = [{"session": "ses-a", "day": 0}, {"session": "ses-a", "day": 1}]
    for wrong in (
        {"ratings": [{"variable": "nrs", "scale": [10, 0]}]},
        {"ratings": [{"variable": "nrs"}, {"variable": "nrs"}]},
        {"schedule": twice},
        {"schedule": [{"session": "../x", "day": 0}]},
        {"stages": {"acute_days": 30}},
        {"classes": {"rapid_by": 100}},
        {"eligibility": [{"variable": "age"}]},
    ):
        with pytest.raises(SettingsError):
            TrajectorySettings.from_mapping(wrong)
