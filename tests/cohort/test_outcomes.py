"""Outcomes: any column, and the relative rule with its edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort.people import participants, ratings
from hypothesis import given, settings
from hypothesis import strategies as st

from corticolimbic.cohort import Outcome, outcomes
from corticolimbic.foundation import SettingsError

RELATIVE = Outcome(
    family="relative", pain_column="nrs", baseline_session="ses-a", final_session="ses-b", scale=(0, 10)
)


def relative(first: str, last: str, settings: Outcome = RELATIVE) -> tuple[pd.DataFrame, list[str]]:
    """Return the outcomes of one person, and the codes of the problems."""
    sessions = ratings({"sub-1": {"ses-a": first, "ses-b": last}})
    found = outcomes(participants(site=["x"]), sessions, settings)
    return found.table.set_index("outcome"), [item.code for item in found.problems]


@pytest.mark.parametrize(
    ("first", "last", "label"),
    [
        ("8", "6.4", "recovered"),  # exactly 20 %: recovery counts from the threshold on
        ("8", "6.41", "persistent"),
        ("8", "6.39", "recovered"),
        ("7", "5.6", "recovered"),  # 20 % in decimals, a little more or less in binary
        ("9.5", "7.6", "recovered"),
        ("3", "2.4", "recovered"),
        ("5", "5", "persistent"),
        ("5", "8", "persistent"),
        ("5", "0", "recovered"),
        ("1", "0.8", "recovered"),  # at the floor
    ],
)
def test_pain_persists_where_it_fell_by_less_than_a_fifth(first: str, last: str, label: str) -> None:
    table, codes = relative(first, last)
    assert table.loc["persistent_20", ["label", "status", "role"]].tolist() == [label, "ok", "primary"]
    assert table.loc["persistent_20", "value"] == float(label == "persistent")
    change = (float(last) - float(first)) / float(first) * 100
    assert table.loc["change_percent", "value"] == pytest.approx(change, abs=1e-12)
    assert codes == []


@given(st.integers(10, 100), st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5]))
@settings(max_examples=60, deadline=None)
def test_a_fall_of_exactly_any_threshold_is_recovery(first: int, threshold: float) -> None:
    chosen = RELATIVE.model_copy(update={"threshold": threshold, "scale": (0.0, 100.0)})
    table, _ = relative(str(first), repr(first * (1 - threshold)), chosen)
    assert table.loc[f"persistent_{threshold * 100:g}", "label"] == "recovered"


@pytest.mark.parametrize(
    ("first", "last", "reason", "codes"),
    [
        ("n/a", "3", "no baseline rating", ["CL308"]),
        ("5", "", "no final rating", ["CL308"]),
        ("0.9", "0", "baseline pain 0.9 is below the floor of 1", ["CL309"]),
        ("0", "0", "baseline pain 0 is below the floor of 1", ["CL309"]),
        ("11", "3", "no baseline rating", ["CL312", "CL308"]),
        ("5", "-1", "no final rating", ["CL312", "CL308"]),
        ("5", "much", "no final rating", ["CL307", "CL308"]),
    ],
)
def test_without_two_ratings_on_the_scale_the_outcome_is_missing_with_its_reason(
    first: str, last: str, reason: str, codes: list[str]
) -> None:
    table, found = relative(first, last)
    assert table.loc["persistent_20", ["status", "reason", "label"]].tolist() == ["missing", reason, ""]
    assert np.isnan(table.loc[["persistent_20", "persistent_30", "change_percent"], "value"]).all()
    assert found == codes


def test_a_floor_of_nought_still_asks_for_some_pain() -> None:
    chosen = RELATIVE.model_copy(update={"floor": 0.0})
    assert relative("0", "0", chosen)[0].loc["persistent_20", "status"] == "missing"
    assert relative("0.5", "0.4", chosen)[0].loc["persistent_20", "label"] == "recovered"


def test_every_threshold_of_the_sweep_is_reported_in_its_role() -> None:
    table, _ = relative("10", "7.5")
    roles = table["role"].to_dict()
    assert roles == {
        "persistent_20": "primary", "persistent_30": "sensitivity",
        "persistent_10": "sweep", "persistent_40": "sweep", "persistent_50": "sweep",
        "final_pain": "primary", "baseline_pain": "covariate",
        "change": "secondary", "change_percent": "secondary",
    }  # fmt: skip
    fell = table.loc[[f"persistent_{share}" for share in (10, 20, 30, 40, 50)], "value"].tolist()
    assert fell == [0, 0, 1, 1, 1]
    assert table.loc["final_pain", "unit"] == "NRS"
    assert (
        relative("1", "1", RELATIVE.model_copy(update={"unit": "VAS"}))[0].loc["final_pain", "unit"] == "VAS"
    )


def test_a_person_without_a_row_in_the_sessions_tables_is_missing() -> None:
    sessions = ratings({"sub-1": {"ses-a": "5", "ses-b": "5"}, "sub-9": {"ses-a": "5", "ses-b": "5"}})
    found = outcomes(participants(site=["x", "x"]), sessions, RELATIVE)
    rows = found.table[found.table["outcome"] == "persistent_20"].set_index("participant_id")
    assert rows["status"].to_dict() == {"sub-1": "ok", "sub-2": "missing"}


def test_a_column_of_numbers() -> None:
    chosen = Outcome(family="column", column="qst", unit="z")
    found = outcomes(participants(qst=["1.5", "-2", "", "n/a", "strong", "inf"]), ratings({}), chosen)
    values = found.table.set_index("participant_id")["value"]
    assert values.iloc[:2].tolist() == [1.5, -2.0]
    assert values.iloc[2:].isna().all()
    assert (found.primary, set(found.table["unit"])) == ("qst", {"z"})
    assert sorted((item.code, item.participant_id) for item in found.problems) == [
        ("CL307", "sub-5"), ("CL307", "sub-6"),
        *[("CL308", f"sub-{number}") for number in (3, 4, 5, 6)],
    ]  # fmt: skip


def test_a_column_of_two_groups() -> None:
    chosen = Outcome(family="column", column="group", positive="SBPp", negative="SBPr")
    found = outcomes(participants(group=["SBPp", "SBPr", "healthy", ""]), ratings({}), chosen)
    rows = found.table.set_index("participant_id")
    assert rows["value"].iloc[:2].tolist() == [1.0, 0.0]
    assert rows["label"].tolist() == ["SBPp", "SBPr", "", ""]
    assert [(item.code, item.participant_id) for item in found.problems] == [
        ("CL312", "sub-3"), ("CL308", "sub-3"), ("CL308", "sub-4"),
    ]  # fmt: skip


def test_no_outcome_asked_for_is_none_missing() -> None:
    found = outcomes(participants(site=["x"]), ratings({}), Outcome())
    assert (len(found.table), found.primary, found.problems) == (0, "", ())


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match="no column 'pian'; its columns are pain, site"):
        outcomes(participants(pain=["1"], site=["x"]), ratings({}), Outcome(family="column", column="pian"))
    with pytest.raises(
        SettingsError, match="no column 'nrs'; their columns are participant_id, session_id, vas"
    ):
        outcomes(participants(site=["x"]), ratings({"sub-1": {"ses-a": "1"}}, "vas"), RELATIVE)


@given(st.permutations(range(6)))
@settings(max_examples=25, deadline=None)
def test_the_order_of_participants_changes_nothing(order: list[int]) -> None:
    pain = {f"sub-{n + 1}": {"ses-a": str(n + 1), "ses-b": str((n * 7) % 5)} for n in range(6)}
    people = participants(site=list("xyxyxy"))
    one = outcomes(people, ratings(pain), RELATIVE)
    other = outcomes(people.iloc[list(order)], ratings(dict(reversed(pain.items()))), RELATIVE)
    key = ["participant_id", "outcome"]
    pd.testing.assert_frame_equal(
        one.table.sort_values(key, ignore_index=True), other.table.sort_values(key, ignore_index=True)
    )
    assert sorted(one.problems) == sorted(other.problems)


def test_words_where_numbers_are_declared_say_how_to_declare_groups() -> None:
    people = participants(group=["SBPp", "SBPr", ""])
    with pytest.raises(SettingsError, match="no cell is a number \\('SBPp', 'SBPr'\\); for two groups name"):
        outcomes(people, ratings({}), Outcome(family="column", column="group"))
    chosen = Outcome(family="column", column="group", positive="persistent", negative="recovered")
    with pytest.raises(SettingsError, match="no cell is 'persistent' nor 'recovered'"):
        outcomes(people, ratings({}), chosen)


def test_a_session_that_nobody_has_is_named_with_those_that_there_are() -> None:
    sessions = ratings({"sub-1": {"ses-10": "5", "ses-2": "5"}})
    with pytest.raises(SettingsError, match="no session 'ses-a'; they have ses-2, ses-10"):
        outcomes(participants(site=["x"]), sessions, RELATIVE)


@pytest.mark.parametrize("share", [0.0, 1.0, 30])
def test_thresholds_beside_the_first_are_shares(share: float) -> None:
    with pytest.raises(ValueError, match="beside"):
        Outcome(beside=(share,))
