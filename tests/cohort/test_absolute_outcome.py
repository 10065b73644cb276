"""The absolute rule after surgery: level, rise, surgical site; and a final rating chosen by day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort.people import diary, participants, ratings

from corticolimbic.cohort import Outcome, TrajectorySettings, outcomes, read_ratings
from corticolimbic.cohort._ratings import RatingVariable
from corticolimbic.foundation import SettingsError

BASE = {"family": "absolute", "pain_column": "nrs", "baseline_session": "ses-a", "final_session": "ses-b"}


def absolute(first: str, last: str, place: str = "yes", **settings: object) -> pd.DataFrame:
    sessions = ratings({"sub-1": {"ses-a": first, "ses-b": last}})
    sessions["where"] = ["", place]
    found = outcomes(participants(site=["x"]), sessions, Outcome.from_mapping(BASE | settings))
    assert found.primary == "pain_at_least_4"
    return found.table.set_index("outcome")


@pytest.mark.parametrize(
    ("first", "last", "settings", "label"),
    [
        ("0", "4", {}, "persistent"),
        ("0", "3.9", {}, "recovered"),
        ("6", "4", {}, "persistent"),
        ("6", "4", {"increase": 1}, "recovered"),
        ("3", "4", {"increase": 1}, "persistent"),
        ("", "5", {}, "persistent"),  # the level alone needs no rating before surgery
        ("10", "40", {"scale": [0, 100]}, "persistent"),  # levels are NRS whatever the scale
        ("10", "39", {"scale": [0, 100]}, "recovered"),
        ("35", "40", {"scale": [0, 100], "increase": 1}, "recovered"),
    ],
)
def test_pain_persists_from_the_level_on(first: str, last: str, settings: dict, label: str) -> None:
    assert absolute(first, last, **settings).loc["pain_at_least_4", "label"] == label


@pytest.mark.parametrize(
    ("last", "place", "label", "reason"),
    [
        ("6", "yes", "persistent", ""),
        ("6", "no", "recovered", ""),
        ("6", "n/a", "", "surgical site not said"),
        ("0", "", "recovered", ""),  # without pain there is no place to ask for
        ("", "yes", "", "no final rating"),
    ],
)
def test_pain_elsewhere_is_not_the_surgery_s(last: str, place: str, label: str, reason: str) -> None:
    row = absolute("2", last, place, surgical_site_column="where").loc["pain_at_least_4"]
    assert row[["label", "reason"]].tolist() == [label, reason]


def test_every_level_and_both_changes_are_reported_in_their_roles() -> None:
    table = absolute("2", "5")
    sweep = table[table["role"] == "sweep"]["value"].to_dict()
    assert sweep == {"pain_at_least_1": 1, "pain_at_least_2": 1, "pain_at_least_5": 1,
                     "pain_at_least_6": 0, "pain_at_least_7": 0}  # fmt: skip
    assert table.loc["pain_at_least_3", "role"] == "sensitivity"
    assert table.loc[["final_pain", "change", "change_percent"], "value"].tolist() == [5, 3, 150]
    assert table.loc[["final_pain", "baseline_pain"], "role"].tolist() == ["primary", "covariate"]
    low = absolute("0", "5")
    assert low.loc["change_percent", "reason"] == "baseline pain 0 is below the floor of 1"
    assert low.loc["change", "value"] == 5


def test_a_rise_needs_the_rating_before_surgery_from_its_own_column() -> None:
    assert absolute("", "5", increase=1).loc["pain_at_least_4", "reason"] == "no rating before surgery"
    sessions = ratings({"sub-1": {"ses-a": "0", "ses-b": "5"}}).assign(hip=["4.5", ""])
    chosen = Outcome.from_mapping(BASE | {"before_column": "hip", "increase": 1})
    table = outcomes(participants(site=["x"]), sessions, chosen).table.set_index("outcome")
    assert table.loc["pain_at_least_4", "label"] == "recovered"
    assert table.loc["baseline_pain", "value"] == 4.5


def test_the_final_rating_may_be_the_one_nearest_to_a_day() -> None:
    settings = BASE | {"final_session": None, "final_day": 180, "final_window": [-30, 30], "scale": [0, 100]}
    visits = diary({"sub-1": [(100, 90), (160, 30), (190, 50)], "sub-2": [(220, 80)]})
    found, _ = read_ratings(
        visits,
        pd.Series({"sub-1": "x", "sub-2": "x"}),
        (RatingVariable(variable="nrs", scale=(0, 100)),),
        TrajectorySettings(),
    )
    people = participants(site=["x", "x"])
    sessions = ratings({"sub-1": {"ses-a": "60"}, "sub-2": {"ses-a": "60"}})
    table = outcomes(people, sessions, Outcome.from_mapping(settings), found).table
    rows = table[table["outcome"] == "final_pain"].set_index("participant_id")
    assert rows["value"].iloc[0] == 50
    assert np.isnan(rows["value"].iloc[1])
    assert rows["reason"].tolist() == ["", "no rating from day 150 to day 210"]
    with pytest.raises(SettingsError, match="needs the ratings"):
        outcomes(people, sessions, Outcome.from_mapping(settings))


@pytest.mark.parametrize(
    "wrong",
    [
        {"final_session": None},
        {"final_day": 180},  # beside a session
        {"pain_column": None},
        {"level": 11},
        {"levels_sweep": [0]},
        {"final_window": [10, 30]},
    ],
)
def test_settings_that_say_too_little_or_too_much_are_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError):
        Outcome.from_mapping(BASE | wrong)
