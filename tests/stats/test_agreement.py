"""Findings against effects with planted answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from corticolimbic.circuit import resolve
from corticolimbic.cli import main
from corticolimbic.evidence import claims, effects, findings
from corticolimbic.features import read_table, schema, write_table
from corticolimbic.foundation import SettingsError
from corticolimbic.stats import (
    AgreementSettings,
    TTest,
    agreement,
    agreement_problems,
    replication_bayes_factor,
)
from corticolimbic.stats._effect_sizes import hedges_g

SIGN = {"increase": "+", "positive_corr": "+", "decrease": "-", "negative_corr": "-", "none": "0"}
PERSISTENT = "relative_20: persistent - recovered"


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return effects; ``at`` is low, value and high of estimate and effect size."""
    made = []
    for row in rows:
        low, value, high = row.pop("at", (0.3, 0.6, 0.9))
        common = {
            "population": "all", "task": "rating", "run": "all", "acq": "n/a", "space": "n/a", "atlas": "x",
            "strategy": "as-given", "measure": "fc", "target": "NAc--mPFC", "statistic": "pearson",
            "definition": "d", "analysis": "baseline", "contrast": PERSISTENT, "es_kind": "Hedges g",
            "estimate": value, "ci_low": low, "ci_high": high,
            "effect_size": value, "es_low": low, "es_high": high, "n": 60, "n_visits": 60, "n_sites": 1,
        }  # fmt: skip
        made.append({**common, **row})
    return schema("effects").table(made)


def verdicts(found: pd.DataFrame, finding: str) -> list[str]:
    return list(found.loc[found["finding"] == finding, "verdict"])


def test_claims_are_the_testable_findings_with_their_signs() -> None:
    known = {item.id: item for item in findings() if item.testable}
    assert [claim.finding for claim in claims()] == list(known)
    for claim in claims():
        assert claim.sign == SIGN.get(known[claim.finding].direction, "?"), claim.finding
        assert claim.untestable or (claim.kind and claim.measure and claim.targets), claim.finding
        for target in claim.targets:
            assert resolve(target)
    named = {item.id: item for item in effects()}
    assert all(named[claim.effect].verified for claim in claims() if claim.effect)


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        ((0.3, 0.6, 0.9), "agrees"),
        ((-0.9, -0.6, -0.3), "opposite"),
        ((-0.1, 0.0, 0.1), "absent"),
        ((-0.1, 0.2, 0.5), "inconclusive"),
        ((np.nan, np.nan, np.nan), "inconclusive"),
    ],
)
def test_planted_effects_get_their_verdict(at: tuple[float, float, float], verdict: str) -> None:
    assert verdicts(agreement(table({"at": at}), AgreementSettings()), "F211") == [verdict]


def test_swapped_groups_turn_the_sign() -> None:
    swapped = table({"contrast": "relative_20: recovered - persistent"})
    row = agreement(swapped, AgreementSettings()).query("finding == 'F211'").iloc[0]
    assert (row["verdict"], row["estimate"], row["ci_low"], row["ci_high"]) == ("opposite", -0.6, -0.9, -0.3)


def test_a_finding_of_rating_is_never_tested_at_rest() -> None:
    row = agreement(table({"task": "rest"}), AgreementSettings()).query("finding == 'F211'").iloc[0]
    assert row["verdict"] == "not tested"
    assert "state rating" in row["why"]


def test_no_difference_agrees_only_by_equivalence() -> None:
    settings = AgreementSettings(conditions=("CBP",))
    plan = {
        "task": "pain",
        "measure": "activation_evoked",
        "target": "S2",
        "contrast": "group: HC - patients",
    }
    for at, verdict in (((-0.1, 0, 0.1), "agrees"), ((-0.1, 0.2, 0.5), "inconclusive"),
                        ((0.3, 0.6, 0.9), "opposite")):  # fmt: skip
        found = agreement(table({**plan, "at": at}), settings).query("finding == 'F080' and target == 'S2'")
        assert list(found["verdict"]) == [verdict]


def test_a_sided_finding_is_tested_on_its_side_alone() -> None:
    plan = {"task": "n/a", "measure": "volume", "contrast": "group: patients - HC"}
    settings = AgreementSettings(conditions=("CBP",))
    for target, verdict in (("dACC_R", "agrees"), ("dACC", "not tested"), ("dACC_L", "not tested")):
        assert verdicts(agreement(table({**plan, "target": target}), settings), "F051") == [verdict]


def test_papers_of_one_cohort_are_one_vote_and_both_sides_are_counted() -> None:
    found = agreement(table(), AgreementSettings()).set_index(["finding", "target"])
    assert found.loc[("F211", "mPFC-NAc"), "votes"] == 1
    nac = found.loc[("F134", "NAc")]
    assert (nac["votes"], nac["disputed"]) == (2, "yes")
    hip = found.loc[("F107", "Hip")]
    assert (hip["votes"], hip["votes_against"]) == (1, 2)
    assert found.loc[("F152", "NAc"), "cohorts"] == nac["cohorts"]  # the review's own arrow adds no vote


def test_an_empty_table_tests_nothing_and_says_why_for_each() -> None:
    found = agreement(table(), AgreementSettings())
    assert set(found["finding"]) == {claim.finding for claim in claims()}
    assert set(found["verdict"]) == {"not tested"}
    assert (found["why"] != "").all()


def test_condition_and_time_must_be_those_of_the_finding() -> None:
    patients = table({"task": "rest", "target": "PAG--vmPFC", "contrast": "group: patients - HC"})
    assert verdicts(agreement(patients, AgreementSettings()), "F086") == ["not tested"]
    assert verdicts(agreement(patients, AgreementSettings(conditions=("CBP",))), "F086") == ["agrees"]
    assert verdicts(agreement(table({}), AgreementSettings()), "F213") == ["not tested"]  # after a year
    final = table({"contrast": "slope of final_pain", "es_kind": "partial r"})
    assert verdicts(agreement(final, AgreementSettings()), "F001") == ["agrees"]


def test_the_command_checks_a_table_and_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "compare/effects.tsv"
    write_table(table({}), "effects", path)
    for place in (path, tmp_path):
        assert main(["evidence", "check", str(place), "--table", str(tmp_path / "agreement.tsv")]) == 0
        assert "F211  mPFC-NAc" in capsys.readouterr().out
    assert verdicts(read_table("agreement", tmp_path / "agreement.tsv"), "F211") == ["agrees"]
    assert main(["evidence", "check", str(tmp_path / "nothing")]) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("contrast", "finding", "verdict"),
    [
        ("relative_20 x time: persistent - recovered, per year", "F235", "opposite"),  # published: -
        ("relative_20 x time: recovered - persistent, per month", "F235", "agrees"),
        ("relative_20: change per year, persistent", "F186", "opposite"),
        ("relative_20: change per year, recovered", "F186", "not tested"),
        ("relative_20: change per year", "F186", "not tested"),
        ("vas within people (deviation from the person mean)", "F087", "opposite"),
        ("vas between people (person mean)", "F087", "not tested"),
        ("vas: within - between people", "F087", "not tested"),
        ("relative_20: persistent - recovered, at time 0", "F211", "agrees"),
    ],
)
def test_effects_over_visits_test_change_and_slopes(contrast: str, finding: str, verdict: str) -> None:
    target = {"F235": "mPFC--Hip", "F186": "PFC--Hip", "F087": "vmPFC--PAG", "F211": "NAc--mPFC"}[finding]
    state = next(item.state for item in findings() if item.id == finding)
    task = {"rest": "rest", "rating": "rating"}.get(state, "rating")
    rows = table({"analysis": "visits", "contrast": contrast, "target": target, "task": task,
                  "es_kind": "standardised slope"})  # fmt: skip
    settings = AgreementSettings(
        conditions=("CBP",) if finding == "F087" else (), states={state: (task,), "unstated": ()}
    )
    assert verdicts(agreement(rows, settings), finding) == [verdict]


def test_a_change_is_absent_within_its_own_smallest_effect_and_a_slope_on_a_variable_never_is() -> None:
    change = {"analysis": "visits", "contrast": "relative_20 x time: persistent - recovered, per year",
              "target": "mPFC--Hip", "es_kind": "standardised slope", "at": (-0.1, 0.0, 0.1)}  # fmt: skip
    state = next(item.state for item in findings() if item.id == "F235")
    settings = AgreementSettings(states={state: ("rating",)})
    assert verdicts(agreement(table({**change}), settings), "F235") == ["absent"]
    strict = settings.model_copy(update={"smallest_change": 0.05})
    assert verdicts(agreement(table({**change}), strict), "F235") == ["inconclusive"]


def test_what_the_groups_were_made_of_tests_nothing() -> None:
    drawn = table({"note": "drawn, not tested: the groups were made of this"})
    row = agreement(drawn, AgreementSettings()).query("finding == 'F211'").iloc[0]
    assert (row["verdict"], "made of this" in row["why"]) == ("not tested", True)


def test_several_populations_and_estimators_count_once() -> None:
    rows = [
        {"population": "sensitivity", "at": (-0.9, -0.6, -0.3)},
        {"population": "eligible", "statistic": "partial", "at": (-0.1, 0.2, 0.5)},
        {"population": "eligible"},
    ]
    found = agreement(table(*rows), AgreementSettings(population="eligible"), statistic="pearson")
    mine = found[found["finding"] == "F211"]
    assert list(mine["counted"]) == ["yes", "no", "no"]
    assert (mine.iloc[0]["population"], mine.iloc[0]["verdict"]) == ("eligible", "agrees")
    assert set(mine["finding_verdict"]) == {"agrees"}
    first = agreement(table(*rows), AgreementSettings()).query("finding == 'F211' and counted == 'yes'")
    assert list(first["population"]) == ["sensitivity"]
    whole = found.drop_duplicates("finding")
    assert len(whole) == len(claims())


def test_targets_that_differ_make_a_finding_mixed() -> None:
    plan = {"task": "pain", "measure": "activation_evoked", "contrast": "group: patients - HC"}
    both = table({**plan, "target": "S2", "at": (-0.1, 0, 0.1)}, {**plan, "target": "Ins"})
    found = agreement(both, AgreementSettings(conditions=("CBP",))).query("finding == 'F080'")
    assert set(found["finding_verdict"]) == {"mixed"}


def test_labels_tasks_and_populations_that_stand_for_nothing_are_told() -> None:
    odd = table({"contrast": "relative_20: A - B", "task": "movie"})
    told = agreement_problems(odd, AgreementSettings(population="nobody"))
    assert [(item.code, item.found) for item in told] == [
        ("CL646", "A, B"), ("CL647", "movie"), ("CL648", "nobody")]  # fmt: skip
    assert agreement_problems(table({}), AgreementSettings()) == []
    with pytest.raises(SettingsError, match="more than one"):
        AgreementSettings.from_mapping({"groups": {"patients": ["x"], "controls": ["X"]}}, source="test")


def test_a_verified_effect_gives_its_size_and_a_replication_bayes_factor() -> None:
    """E052 (derived there from E051, other code) prints d 0.60 [0.06, 1.15] of controls - patients."""
    g, low, high = (float(x[0]) for x in hedges_g(np.array([-2.5]), 98, 4 / 100))
    plan = {"task": "n/a", "measure": "volume", "target": "Amy", "contrast": "group: patients - HC", "df": 98}
    row = (
        agreement(table({**plan, "at": (low, g, high)}), AgreementSettings())
        .query("finding == 'F153'")
        .iloc[0]
    )
    derived = next(item for item in effects() if item.id == "E052")
    assert row["published_size"] == pytest.approx(-derived.value, abs=0.006)
    assert row["published_low"] == pytest.approx(-derived.ci_high, abs=0.006)
    assert row["published_high"] == pytest.approx(-derived.ci_low, abs=0.006)
    expected = replication_bayes_factor(TTest(-2.21, 52, 13.5), TTest(-2.5, 98, 25))
    assert row["bf_replication"] == pytest.approx(expected, rel=1e-5)
    assert row["bf_replication"] > 3
    others = agreement(table({}), AgreementSettings()).query("finding == 'F211'")
    assert others["bf_replication"].isna().all()
