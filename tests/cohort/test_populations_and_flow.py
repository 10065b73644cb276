"""Populations: the first reason counts, and every listed person is a member or counted as removed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort.people import participants, quality
from hypothesis import given, settings
from hypothesis import strategies as st

from corticolimbic.cohort import (
    CohortSettings,
    Outcome,
    Population,
    Rule,
    check_sites,
    flow,
    population_table,
    sites,
)
from corticolimbic.foundation import SettingsError

RULES = CohortSettings(
    populations=(
        Population(name="all"),
        Population(
            name="kept",
            label="those kept",
            rules=(
                Rule(column="kept", equals=1),
                Rule(measured="mean_fd", at_most=0.2, label="little motion"),
                Rule(column="age", at_least=18, at_most=65),
            ),
        ),
    )
)


def reasons(table: pd.DataFrame, population: str) -> dict[str, str]:
    rows = table[table["population"] == population]
    assert ((rows["member"] == 1) == (rows["reason"] == "")).all()
    return rows.set_index("participant_id")["reason"].to_dict()


def test_each_person_leaves_for_the_first_rule_that_does_not_hold() -> None:
    people = participants(
        site=["a", "a", "b", "b", "", "n/a", "a", "a"],
        kept=["1", "1.0", "0", "1", "", "1", "1", "yes"],
        age=["30", "17", "30", "30", "30", "30", "", "30"],
    )
    fd = quality(sub_1=0.2, sub_2=0.1, sub_3=0.9, sub_4=0.201, sub_5=0.1, sub_7=0.1, sub_8=np.nan)
    outcome = pd.Series(1.0, index=people.index)
    outcome["sub-4"] = np.nan
    table = population_table(people, fd, outcome, RULES)
    assert reasons(table, "all") == {
        **dict.fromkeys(people.index, ""), "sub-4": "no outcome", "sub-6": "no measured run",
    }  # fmt: skip
    assert reasons(table, "kept") == {
        "sub-1": "", "sub-2": "not: age ≤ 65 and ≥ 18", "sub-3": "not: kept = 1", "sub-4": "no outcome",
        "sub-5": "not: kept = 1", "sub-6": "no measured run", "sub-7": "not: age ≤ 65 and ≥ 18",
        "sub-8": "not: kept = 1",
    }  # fmt: skip
    assert sites(people, RULES).tolist() == ["a", "a", "b", "b", "n/a", "n/a", "a", "a"]


def test_an_undefined_displacement_does_not_pass_a_motion_rule() -> None:
    rule = Population(name="still", rules=(Rule(measured="mean_fd", at_most=0.2),))
    table = population_table(
        participants(site=["a"]), quality(sub_1=np.nan), None, CohortSettings(populations=(rule,))
    )
    assert reasons(table, "still") == {"sub-1": "not: mean_fd ≤ 0.2"}


def test_a_rule_about_text_compares_text() -> None:
    rule = Population(name="women", rules=(Rule(column="sex", equals="F"),))
    people = participants(sex=["F", "f", " F ", "M"])
    fd = quality(sub_1=0, sub_2=0, sub_3=0, sub_4=0)
    table = population_table(people, fd, None, CohortSettings(populations=(rule,)))
    assert [person for person, reason in reasons(table, "women").items() if not reason] == ["sub-1", "sub-3"]


@pytest.mark.parametrize(
    "rule",
    [
        {"equals": 1},
        {"column": "a", "measured": "mean_fd", "equals": 1},
        {"column": "a"},
        {"measured": "age", "at_most": 1},
        {"column": "a", "equals": True},
    ],
)
def test_a_rule_that_says_nothing_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        CohortSettings.from_mapping({"populations": [{"name": "x", "rules": [rule]}]})


def test_populations_have_distinct_plain_names() -> None:
    for names in (["a", "a"], ["A b"], ["../x"], []):
        with pytest.raises(SettingsError):
            CohortSettings.from_mapping({"populations": [{"name": name} for name in names]})


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, frozenset[str]]:
    count = draw(st.integers(1, 7))

    def cells(options: list[str]) -> list[str]:
        return draw(st.lists(st.sampled_from(options), min_size=count, max_size=count))

    people = participants(
        site=cells(["a", "b", ""]), kept=cells(["1", "0", "n/a"]), age=cells(["30", "70", "", "old"])
    )
    measured = draw(st.sets(st.sampled_from(list(people.index))))
    fd = quality(**{name.replace("-", "_"): draw(st.sampled_from([0.1, 0.3])) for name in sorted(measured)})
    fd = fd.reindex(sorted(measured))
    outcome = pd.Series(
        draw(st.lists(st.sampled_from([1.0, np.nan]), min_size=count, max_size=count)), people.index
    )
    files = frozenset(measured | draw(st.sets(st.sampled_from([*people.index, "sub-99"]))))
    return people, fd, outcome, files


@given(cohorts(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_listed_people_are_members_or_counted_as_removed(cohort: tuple, with_outcome: bool) -> None:
    people, fd, outcome, files = cohort
    chosen = outcome if with_outcome else None
    table = population_table(people, fd, chosen, RULES)
    counts = flow(table, RULES, with_files=files, measured=frozenset(fd.index), outcome=chosen)
    before = len(people)
    for stage in counts["stages"]:
        assert stage["n"] == before - sum(item["n"] for item in stage["removed"])
        assert sum(stage["by_site"].values()) == stage["n"]
        before = stage["n"]
    assert [stage["id"] for stage in counts["stages"]][:3] == ["listed", "with_files", "measured"]
    assert counts["populations"][0]["n"] == before  # no rules: everyone who is left
    for population in counts["populations"]:
        assert population["n"] + sum(item["n"] for item in population["removed"]) == len(people)
        assert sum(population["by_site"].values()) == population["n"]
    assert counts["unlisted"] == int("sub-99" in files)

    shuffled = people.sample(frac=1.0, random_state=3)
    again = population_table(shuffled, fd.iloc[::-1], chosen, RULES)
    key = ["population", "participant_id"]
    pd.testing.assert_frame_equal(
        table.sort_values(key, ignore_index=True), again.sort_values(key, ignore_index=True)
    )
    assert flow(again, RULES, with_files=files, measured=frozenset(fd.index), outcome=chosen) == counts


def test_who_was_not_measured_at_baseline_leaves_with_the_session_named() -> None:
    outcome = Outcome(baseline_session="ses-pre")
    chosen = CohortSettings(populations=(Population(name="all"),), outcome=outcome)
    table = population_table(participants(site=["a", "a"]), quality(sub_1=0.1), None, chosen)
    assert reasons(table, "all") == {"sub-1": "", "sub-2": "no measured run in ses-pre"}


def test_a_table_without_the_column_of_sites_is_noted() -> None:
    (row,) = check_sites(participants(centre=["a", "b"]), RULES)
    assert (row.code, row.severity) == ("CL316", "info")
    assert "no column 'site'; the columns are centre" in row.found
    assert check_sites(participants(site=["a", ""]), RULES) == ()
