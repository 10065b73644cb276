"""Who came in and why not, at which stage of pain, who was seen when, and what is there by site and month."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort.people import participants, ratings

from corticolimbic.cohort import (
    CohortSettings,
    Screening,
    flow,
    population_table,
    screening,
    sites,
    stage,
    visits_table,
)
from corticolimbic.cohort._completeness import VISIT, completeness_table
from corticolimbic.cohort._eligibility import durations
from corticolimbic.cohort._schedule import visit_dates
from corticolimbic.cohort._trajectory_settings import StageBounds, TrajectorySettings

RULES = TrajectorySettings.from_mapping(
    {
        "duration_variable": "weeks",
        "eligibility": [
            {"variable": "weeks", "at_least": 4, "at_most": 12, "source": "protocol"},
            {"variable": "nrs", "at_least": 2, "label": "pain of at least 2"},
            {"variable": "pain_year_before", "equals": "no", "label": "no pain in the year before",
             "when_missing": "holds"},
        ],
        "enrolment": [{"variable": "consent", "equals": 1}],
    }
)  # fmt: skip


def study() -> tuple[pd.DataFrame, pd.DataFrame]:
    people = participants(
        site=["a", "a", "b", "b", "b", "a"],
        weeks=["8", "3", "8", "", "12", "8"],
        pain_year_before=["no", "no", "yes", "no", "", "no"],
        consent=["1", "1", "1", "1", "1", "0"],
    )
    pain = {f"sub-{n}": {"ses-a": "5", "ses-b": "3"} for n in (1, 2, 3, 4, 6)} | {"sub-5": {"ses-a": "1"}}
    return people, visits_table(people, ratings(pain))


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (0, "acute"), (7, "acute"), (7.5, "early"), (27.9, "early"), (28, "subacute"), (83.9, "subacute"),
        (84, "chronic"), (9999, "chronic"), (-1, "n/a"), (np.nan, "n/a"),
    ],
)  # fmt: skip
def test_the_stage_of_pain_goes_by_its_duration(days: float, name: str) -> None:
    assert stage(float(days), StageBounds()) == name


@pytest.mark.parametrize(("unit", "days"), [("days", 8), ("weeks", 56), ("months", 243.5), ("years", 2922)])
def test_durations_are_read_in_their_declared_unit(unit: str, days: float) -> None:
    people, visits = study()
    told = RULES.model_copy(update={"duration_unit": unit})
    found = durations(visits, people.index, told, "ses-a")
    assert found["sub-1"] == days
    assert np.isnan(found["sub-4"])


def test_the_first_rule_that_does_not_hold_is_the_reason() -> None:
    people, visits = study()
    found = screening(visits, people.index, RULES, "ses-a")
    assert found.ineligible is not None
    assert found.ineligible.to_dict() == {
        "sub-1": "",
        "sub-2": "not: weeks ≤ 12 and ≥ 4",
        "sub-3": "not: no pain in the year before",
        "sub-4": "not known: weeks ≤ 12 and ≥ 4",
        "sub-5": "not: pain of at least 2",
        "sub-6": "",
    }
    assert found.barred is not None
    assert found.barred["sub-6"] == "not enrolled (not: consent = 1)"
    assert found.barred["sub-2"].startswith("not eligible (not: weeks")
    assert Screening().barred is None
    nothing = screening(visits, people.index, TrajectorySettings(), None)
    assert (nothing.ineligible, nothing.not_enrolled) == (None, None)


def test_the_flow_counts_screened_eligible_enrolled_and_every_visit() -> None:
    people, visits = study()
    told = CohortSettings.from_mapping(
        {
            "trajectories": RULES.plain(),
            "populations": [{"name": "ours"}, {"name": "paper", "eligibility": False}],
        }
    )
    screened = screening(visits, people.index, RULES, "ses-a")
    measured = pd.DataFrame({"mean_fd": 0.1, "censored_share": 0.0}, index=people.index)
    outcome = pd.Series(1.0, index=people.index)
    populations = population_table(people, measured, outcome, told, screened.barred)
    counts = flow(
        populations, told, with_files=frozenset(people.index), measured=frozenset(people.index),
        outcome=outcome, screened=screened, visits=visits,
    )  # fmt: skip
    assert [(item["id"], item["n"]) for item in counts["stages"]] == [
        ("listed", 6), ("eligible", 2), ("enrolled", 1), ("with_files", 1), ("measured", 1), ("outcome", 1),
    ]  # fmt: skip
    before = 6
    for item in counts["stages"]:
        assert item["n"] == before - sum(lost["n"] for lost in item["removed"])
        before = item["n"]
    assert [(item["id"], item["n"]) for item in counts["visits"]] == [("ses-a", 1), ("ses-b", 1)]
    assert [group["n"] for group in counts["populations"]] == [1, 6]


DATES = {
    "schedule": [
        {"session": "ses-a", "day": 0},
        {"session": "ses-b", "day": 90, "after": 30, "label": "3 months"},
    ],
    "date_variable": "date",
}  # fmt: skip


def dated() -> tuple[pd.DataFrame, pd.Series]:
    people = participants(site=["a", "a", "b", "b"])
    pain = {
        "sub-1": {"ses-a": "5", "ses-b": "3"}, "sub-2": {"ses-a": "5"}, "sub-3": {"ses-a": ""},
        "sub-4": {"ses-a": "5"},
    }  # fmt: skip
    sessions = ratings(pain)
    sessions["date"] = ["2024-01-10", "2024-04-20", "2024-01-20", "2024-05-01", "31.12.2024"]
    told = CohortSettings()
    return visits_table(people, sessions), sites(people, told)


def test_completeness_counts_what_is_there_of_what_is_due() -> None:
    visits, place = dated()
    told = TrajectorySettings.from_mapping(DATES)
    whole = completeness_table(visits, place, ("nrs",), told)
    key = ["site", "month", "session_id"]
    table = whole[(whole[key] != "all").all(axis=1)]
    counted = table.set_index(["site", "month", "session_id", "variable"])[
        ["n_present", "n_due", "n_not_due"]
    ]
    assert {key: tuple(row) for key, row in zip(counted.index, counted.to_numpy().tolist(), strict=True)} == {
        ("a", "2024-01", "ses-a", "nrs"): (2, 2, 0),
        ("a", "2024-01", "ses-a", VISIT): (2, 2, 0),
        ("a", "2024-04", "ses-b", "nrs"): (1, 1, 1),  # the second's window is still open
        ("a", "2024-04", "ses-b", VISIT): (1, 1, 1),
        ("b", "2024-05", "ses-a", "nrs"): (0, 1, 0),
        ("b", "2024-05", "ses-a", VISIT): (1, 1, 0),
        ("b", "2024-07", "ses-b", "nrs"): (0, 0, 1),
        ("b", "2024-07", "ses-b", VISIT): (0, 0, 1),
        ("b", "n/a", "ses-a", "nrs"): (1, 1, 0),
        ("b", "n/a", "ses-a", VISIT): (1, 1, 0),
        ("b", "n/a", "ses-b", "nrs"): (0, 1, 0),  # undated, so due
        ("b", "n/a", "ses-b", VISIT): (0, 1, 0),
    }
    assert np.isnan(table.loc[table["n_due"] == 0, "share"]).all()
    for name in key:  # what is counted together is the sum of what is counted apart
        others = [item for item in key if item != name]
        apart = whole[whole[name] != "all"].groupby([*others, "variable"])[["n_due", "n_present"]].sum()
        together = whole[whole[name] == "all"].set_index([*others, "variable"])[["n_due", "n_present"]]
        pd.testing.assert_frame_equal(apart, together.sort_index(), check_index_type=False)
    (odd,) = visit_dates(visits, told)[1]
    assert (odd.code, odd.participant_id, odd.session_id) == ("CL346", "sub-4", "ses-a")


def test_visits_that_are_not_yet_due_are_told_apart_in_the_flow() -> None:
    visits, place = dated()
    told = CohortSettings.from_mapping({"trajectories": DATES})
    people = participants(site=["a", "a", "b", "b"])
    populations = population_table(people, pd.DataFrame(columns=["mean_fd"]), None, told)
    counts = flow(
        populations, told, with_files=frozenset(), measured=frozenset(), outcome=None, visits=visits
    )
    assert place.index.tolist() == people.index.tolist()
    last = counts["visits"][1]
    assert (last["label"], last["n"], last["by_site"]) == ("3 months", 1, {"a": 1, "b": 0})
    # As completeness and attrition have it: due once the days by which it may be late are over.
    assert last["removed"] == [
        {"reason": "not seen", "code": "", "n": 1}, {"reason": "not yet due", "code": "", "n": 2},
    ]  # fmt: skip


def test_without_schedule_or_dates_the_sessions_found_are_due_from_everyone() -> None:
    people, visits = study()
    table = completeness_table(visits, sites(people, CohortSettings()), ("nrs",), TrajectorySettings())
    table = table[(table["site"] == "all") & (table["month"] == "n/a")]
    everyone = table.groupby(["session_id", "variable"])[["n_present", "n_due"]].sum()
    assert everyone.loc[("ses-a", "nrs")].tolist() == [6, 6]
    assert everyone.loc[("ses-b", VISIT)].tolist() == [5, 6]
    assert set(table["month"]) == {"n/a"}
    empty = visits_table(people.iloc[:0], ratings({}))
    assert completeness_table(empty, pd.Series(dtype=object), (), TrajectorySettings()).empty
