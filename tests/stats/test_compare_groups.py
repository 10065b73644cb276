"""Effects over visits through `compare`: three groups with controls, and lmerTest as the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stats.cohort_tables import outcome, population
from stats.test_compare_visits import EDGES, LongStudy, effect, statsmodels

from corticolimbic.stats import CompareSettings, Comparison, VisitsSettings, compare, measured_quality

ARMS = ("control", "persistent", "recovered")


def three_groups(made: LongStudy, arms: list[str], **settings: object) -> Comparison:
    """Compare the arms of a study whose population are the patients alone."""
    made.people["arm"] = arms
    tables = made.tables()
    first = tables.features[tables.features["session_id"] == "ses-month00"]
    patients = made.people.index[made.people["arm"] != "control"]
    return compare(
        first[first["measure"] == "fc"],
        measured_quality(first),
        made.people[["site", "arm"]].astype(object),
        outcome({}, "course"),
        pd.concat([population(made.people, patients), _controls(made)], ignore_index=True),
        frozenset({EDGES[0]}),
        CompareSettings(longitudinal=VisitsSettings(group_column="arm", **settings)),
        tables,
    )


def _controls(made: LongStudy) -> pd.DataFrame:
    rows = population(made.people, made.people.index[made.people["arm"] == "control"])
    return rows.assign(member=0)


def arms_of(made: LongStudy) -> list[str]:
    return [ARMS[at % 3] for at in range(len(made.people))]


@pytest.mark.slow
def test_three_groups_over_time_equal_statsmodels() -> None:
    made = LongStudy(n=48)
    arms = arms_of(made)
    found = three_groups(made, arms, group_reference="control")
    flat = made.flat(EDGES[0])
    flat["arm"] = flat["person"].map(made.people["arm"])
    fit = statsmodels(flat, "z ~ C(arm, Treatment('control')) * year + fd_mean + fd_within + C(site)")
    for arm in ARMS[1:]:
        term = f"C(arm, Treatment('control'))[T.{arm}]"
        for start, name in (
            (f"arm: {arm} - control", term),
            (f"arm x time: {arm} - control", f"{term}:year"),
        ):
            row = effect(found, start)
            assert row["estimate"] == pytest.approx(fit.params[name], abs=1e-4)
            assert row["population"] == "everyone_measured"
            assert row["n"] == 48
    assert effect(found, "arm: change per year, control")["estimate"] == pytest.approx(
        fit.params["year"], abs=1e-4
    )


def test_another_reference_turns_the_difference_over() -> None:
    made = LongStudy(n=48)
    arms = arms_of(made)
    one = effect(three_groups(made, arms, group_reference="control"), "arm x time: persistent - control")
    other = effect(three_groups(made, arms, group_reference="persistent"), "arm x time: control - persistent")
    assert other["estimate"] == pytest.approx(-one["estimate"], abs=1e-6)
    assert other["p"] == pytest.approx(one["p"], rel=1e-4)


def test_somebody_without_a_group_is_named_and_left_out() -> None:
    made = LongStudy(n=48)
    arms = arms_of(made)
    arms[5] = "n/a"
    found = three_groups(made, arms, group_reference="control")
    assert effect(found, "arm x time: persistent - control")["n"] == 47
    assert "sub-005" in {item.participant_id for item in found.problems if item.code == "CL604"}


REFERENCE = {
    "course: persistent - recovered, at": ("groups", "group"),
    "course: change per year, recovered": ("groups", "year"),
    "course x time:": ("groups", "group:year"),
    "pain_nrs between": ("pain", "pain_mean"),
    "pain_nrs within people": ("pain", "pain_within"),
}


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return LongStudy().run()


@pytest.mark.parametrize("start", list(REFERENCE))
def test_effects_and_degrees_of_freedom_equal_lmertest(start: str, compared: Comparison) -> None:
    table = pd.read_csv(Path(__file__).with_name("visits_reference.tsv"), sep="\t", comment="#")
    model, name = REFERENCE[start]
    [expected] = table[(table["model"] == model) & (table["effect"] == name)].itertuples()
    row = effect(compared, start)
    assert row["estimate"] == pytest.approx(expected.estimate, abs=1e-6)
    assert row["se"] == pytest.approx(expected.se, rel=1e-4)
    assert row["df"] == pytest.approx(expected.df, rel=1e-3)
    assert np.isfinite(row["p"])
