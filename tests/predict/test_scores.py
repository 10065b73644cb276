"""Scores by hand, and what cannot be computed says what it needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stats.cohort_tables import features, quality

from corticolimbic.features import schema
from corticolimbic.predict import Key, Marker, PredictSettings, Term, marker, person_scores, score

TASKS = PredictSettings().state_tasks
NEEDS = "not computable: needs resting-state series"


@pytest.fixture
def tiny() -> Marker:
    """0.5 + 2 (a - 0.1) / 0.2 - 3 (b + 0.3) / 0.6."""
    key = Key("fc", "partial", ("coordinates",))
    terms = (
        Term(("Amy--NAc",), key, weight=2.0, center=0.1, scale=0.2),
        Term(("Hip--mPFC",), key, weight=-3.0, center=-0.3, scale=0.6),
    )
    return replace(marker("spisak2020_rpn"), id="tiny", intercept=0.5, terms=terms)


def inputs(values: dict, **key: str) -> pd.DataFrame:
    return features(values, np.random.default_rng(3), **{"statistic": "partial", **key})


FULL = {"sub-1": {"Amy--NAc": 0.3, "Hip--mPFC": 0.0}, "sub-2": {"Amy--NAc": 0.1, "Hip--mPFC": -0.3}}


def test_scores_are_the_formula_by_hand(tiny: Marker) -> None:
    extra = inputs({person: {"NAc--mPFC": 9.0} for person in FULL})
    other = inputs(FULL, statistic="pearson")
    table, problems = score(tiny, pd.concat([extra, inputs(FULL), other]), {"sub-1": "north"}, TASKS)
    # 0.5 + 2 * 0.2 / 0.2 - 3 * 0.3 / 0.6 = 1.0; at the centres the intercept is left.
    assert table["score"].tolist() == pytest.approx([1.0, 0.5])
    assert table["status"].tolist() == ["ok", "ok"]
    assert table["site"].tolist() == ["north", "n/a"]
    assert table["marker"].tolist() == ["tiny", "tiny"]
    assert table["se"].isna().all()
    assert problems == []
    assert schema("scores").check(table).equals(table)


@pytest.mark.parametrize("lost", [{}, {"Hip--mPFC": float("nan")}])
def test_a_missing_input_is_named(tiny: Marker, lost: dict) -> None:
    table, problems = score(tiny, inputs({**FULL, "sub-2": {"Amy--NAc": 0.1, **lost}}), {}, TASKS)
    assert table.set_index("participant_id")["status"].to_dict() == {
        "sub-1": "ok", "sub-2": "not computable: needs Hip--mPFC"
    }  # fmt: skip
    assert np.isnan(table["score"][1])
    assert [(item.code, item.participant_id) for item in problems] == [("CL701", "sub-2")]
    assert "Hip--mPFC" in problems[0].found


@pytest.mark.parametrize(
    "key", [{"task": "rating"}, {"task": "n/a"}, {"task": "Rest"}, {"atlas": "MIST122"},
            {"statistic": "pearson"}, {"measure": "alff"}]
)  # fmt: skip
def test_another_state_atlas_or_estimator_is_not_scored(tiny: Marker, key: dict) -> None:
    table, problems = score(tiny, inputs(FULL, **key), {}, TASKS)
    assert table["score"].isna().all()
    assert all(status.startswith("not computable: needs ") for status in table["status"])
    assert sorted(table["participant_id"]) == ["sub-1", "sub-2"]
    assert [(item.code, item.participant_id) for item in problems] == [("CL701", "")]
    assert "on nobody" in problems[0].found


def test_states_are_task_labels_of_the_settings(tiny: Marker) -> None:
    table, _ = score(tiny, inputs(FULL, task="eyesclosed"), {}, {"rest": ("eyesclosed",)})
    assert table["status"].tolist() == ["ok", "ok"]
    both = pd.concat([inputs(FULL), inputs({"sub-1": {"Amy--NAc": 9.0, "Hip--mPFC": 9.0}}, task="rating")])
    assert score(tiny, both, {}, TASKS)[0]["score"].tolist() == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("key", [{"acq": "fast"}, {"space": "MNI152NLin6Asym"}, {"definition": "fc-2"}])
def test_two_values_of_one_input_are_refused(tiny: Marker, key: dict) -> None:
    table, problems = score(
        tiny, pd.concat([inputs(FULL), inputs({"sub-1": {"Amy--NAc": 0.9}}, **key)]), {}, TASKS
    )
    status = table.set_index("participant_id")["status"]
    assert "one value for each edge" in status["sub-1"]
    assert status["sub-2"] == "ok"
    assert np.isnan(table["score"][0])
    assert [item.participant_id for item in problems] == ["sub-1"]


def test_a_person_whose_run_was_refused_is_not_told_to_bring_files(tiny: Marker) -> None:
    refused = quality({"sub-3": (0.4, 0.9)})
    elsewhere = quality({"sub-4": (0.4, 0.9)}, task="rating")
    table, _ = score(tiny, pd.concat([inputs(FULL), refused, elsewhere], ignore_index=True), {}, TASKS)
    status = table.set_index("participant_id")["status"]
    assert status["sub-3"] == "not computable: needs a run long enough for connectivity"
    assert status["sub-4"].startswith(NEEDS)


def test_runs_are_scored_apart_and_averaged_within_the_first_session(tiny: Marker) -> None:
    parts = [
        inputs({"sub-1": {"Amy--NAc": value, "Hip--mPFC": -0.3}}, session_id=session, run=run)
        for session, run, value in (("ses-10", "1", 0.5), ("ses-2", "1", 0.1), ("ses-2", "2", 0.2))
    ]
    table, _ = score(tiny, pd.concat(parts, ignore_index=True), {}, TASKS)
    assert len(table) == 3
    assert person_scores(table).to_dict() == pytest.approx({"sub-1": 1.0}), (
        "0.5 and 1.5 of ses-2, not 4.5 of ses-10"
    )
    assert person_scores(table, "ses-10").to_dict() == pytest.approx({"sub-1": 4.5})
    assert person_scores(table, "ses-3").empty
    assert person_scores(table.iloc[:0]).empty


def test_people_without_a_score_are_not_given_one(tiny: Marker) -> None:
    table, _ = score(tiny, inputs({**FULL, "sub-2": {"Amy--NAc": 0.1}}), {}, TASKS)
    assert person_scores(table).index.tolist() == ["sub-1"]


def test_nobody_at_all_is_an_empty_table(tiny: Marker) -> None:
    table, problems = score(tiny, inputs({}), {}, TASKS)
    assert table.empty
    assert list(table.columns) == schema("scores").names
    assert [item.code for item in problems] == ["CL701"]
