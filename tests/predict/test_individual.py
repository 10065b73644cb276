"""The record of one person: held against others only, and what is missing is said."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from predict.individual_study import CARD, CONTROLS, EDGES, PATIENTS, study
from scipy import special

from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError
from corticolimbic.predict import IndividualSettings, MarkerScore, Study, individual, individual_json
from corticolimbic.predict._individual_probability import elsewhere
from corticolimbic.predict._individual_scores import share_below


@pytest.fixture(scope="module")
def told() -> Study:
    return study()


@pytest.fixture(scope="module")
def patient(told: Study):
    return individual(told, "sub-p3")


def only(settings: IndividualSettings, **changed: object) -> IndividualSettings:
    return settings.model_copy(update=changed)


def works(person: object) -> MarkerScore:
    return next(item for item in person.markers if item.id == "works")


def test_z_is_the_formula_where_nothing_is_adjusted_for(told: Study) -> None:
    bare = replace(
        told,
        covariates=(),
        populations=told.populations.assign(site="n/a"),
        features=told.features[told.features["measure"] == "fc"],
    )
    found = {item.target: item for item in individual(bare, "sub-p3").features}
    rows = bare.features[(bare.features["session_id"] == "ses-1")].set_index("participant_id")
    for edge in EDGES:
        z = np.arctanh(rows.loc[rows["target"] == edge, "value"])
        controls = z[[name for name in z.index if name[4] == "c"]]
        assert len(controls) == CONTROLS
        wanted = (z["sub-p3"] - controls.mean()) / controls.std(ddof=1)
        assert found[edge].z == pytest.approx(wanted)
        assert found[edge].value == pytest.approx(z["sub-p3"])
        assert found[edge].adjusted == ()
        assert found[edge].noise == pytest.approx(1.96 * math.sqrt(1 - 0.29))
        assert "Noble 2019" in found[edge].icc_source


def test_a_control_is_left_out_of_the_controls(told: Study) -> None:
    first = individual(told, "sub-c3")
    moved = told.features.copy()
    own = (moved["participant_id"] == "sub-c3") & (moved["measure"] == "fc")
    moved.loc[own, "value"] = 0.9
    second = individual(replace(told, features=moved), "sub-c3")
    assert first.controls.is_control
    for one, other in zip(first.features, second.features, strict=True):
        assert one.n_controls == other.n_controls == CONTROLS - 1
        assert other.z > one.z
        # What the controls let expect and their spread are untouched by the person's own value.
        slope = (other.z - one.z) / (other.value - one.value)
        assert one.value - one.z / slope == pytest.approx(other.value - other.z / slope)


def test_a_patient_is_held_against_all_controls(patient) -> None:
    assert [item.n_controls for item in patient.features] == [CONTROLS, CONTROLS]
    assert not patient.controls.is_control
    assert {item.adjusted for item in patient.features} == {("age", "sex", "motion", "site")}


@pytest.mark.parametrize("n", [0, 1, 19])
def test_too_few_controls_give_no_position_and_say_so(told: Study, n: int) -> None:
    cells = told.visits
    lost = [f"sub-c{at}" for at in range(n, CONTROLS)]
    few = replace(told, visits=cells[~((cells["variable"] == "group") & cells["participant_id"].isin(lost))])
    found = individual(few, "sub-p3")
    assert all(math.isnan(item.z) and item.reason for item in found.features)
    assert f"{n} other controls" in found.controls.reason
    assert [item.code for item in found.missing if item.code == "CL764"] == ["CL764"]


def test_no_controls_in_the_settings_is_said(told: Study) -> None:
    found = individual(replace(told, controls=None), "sub-p3")
    assert "individuals.controls_column" in found.controls.reason
    assert all(item.reason == found.controls.reason for item in found.features)
    lost = individual(replace(told, controls=("arm", "x")), "sub-p3")
    assert "no column arm" in lost.controls.reason


def test_a_feature_that_is_nan_has_no_position_and_the_others_have(told: Study) -> None:
    rows = told.features.copy()
    rows.loc[(rows["participant_id"] == "sub-p3") & (rows["target"] == EDGES[0]), "value"] = np.nan
    found = {item.target: item for item in individual(replace(told, features=rows), "sub-p3").features}
    assert math.isnan(found[EDGES[0]].z)
    assert found[EDGES[0]].reason == "the person has no value of it"
    assert math.isfinite(found[EDGES[1]].z)


def test_the_interval_of_a_score_is_the_formula(told: Study, patient) -> None:
    found = works(patient)
    scores = told.scores.groupby("participant_id")["score"].mean()
    others = scores.drop("sub-p3")
    north = others[[int(name[5:]) % 2 == 0 for name in others.index]]
    south = others.drop(north.index)
    sd = math.sqrt(
        (((north - north.mean()) ** 2).sum() + ((south - south.mean()) ** 2).sum()) / (PATIENTS - 3)
    )
    assert found.sd == pytest.approx(sd)
    assert found.half_width == pytest.approx(1.96 * sd * math.sqrt(1 - found.icc))
    assert found.score == pytest.approx(scores["sub-p3"])
    assert found.n_runs == 2
    # Signal 1, noise 0.7 a run: the mean of two runs has ICC 1 / (1 + 0.49 / 2) = 0.80.
    assert found.icc_low < 0.803 < found.icc_high
    assert found.icc_source == "this study, runs of a session"
    assert found.percentile == pytest.approx(100 * (others < scores["sub-p3"]).mean())
    assert found.percentile_low < found.percentile < found.percentile_high


@pytest.mark.parametrize(("over", "score"), [("session", 1.0), ("change", 5.0), ("person_mean", 1.0)])
def test_a_change_is_that_of_the_last_session(told: Study, over: str, score: float) -> None:
    key = {"participant_id": "sub-p3", "task": "n/a", "run": "n/a", "site": "south", "marker": "works",
           "status": "ok", "se": np.nan}  # fmt: skip
    rows = [{**key, "session_id": session, "score": value}
            for session, value in (("ses-10", 5.0), ("ses-2", 3.0), ("ses-1", 1.0))]  # fmt: skip
    person = individual(
        replace(told, scores=schema("scores").table(rows), cards=({**CARD, "over": over},)), "sub-p3"
    )
    assert works(person).score == score
    assert math.isnan(works(person).sd)  # nobody else has one
    assert person.markers[0].n_people == 0


def test_one_run_is_less_reliable_than_two(told: Study) -> None:
    rows = told.scores[~((told.scores["participant_id"] == "sub-p3") & (told.scores["run"] == "02"))]
    found = works(individual(replace(told, scores=rows), "sub-p3"))
    assert found.n_runs == 1
    assert found.icc_low < 1 / 1.49 < found.icc_high


@pytest.mark.parametrize(
    ("card", "icc", "source"),
    [
        (CARD, 0.29, "published for single edges, not measured here: Noble 2019"),
        ({**CARD, "reliability": {"icc": 0.74, "source": "Han 2022"}}, 0.74, "published: Han 2022"),
        ({**CARD, "inputs": [("volume", "NAc")]}, math.nan, ""),
        ({**CARD, "inputs": []}, math.nan, ""),
    ],
)
def test_without_repeats_a_published_icc_stands_in_or_none(
    told: Study, card: dict, icc: float, source: str
) -> None:
    once = told.scores[told.scores["run"] == "01"]
    person = individual(replace(told, scores=once, cards=(card,)), "sub-p3")
    found = works(person)
    assert found.icc == pytest.approx(icc, nan_ok=True)
    assert found.icc_source.startswith(source)
    assert math.isfinite(found.half_width) == math.isfinite(icc)
    assert ("CL765" in {item.code for item in person.missing}) == math.isnan(icc)


def test_a_measured_icc_of_the_only_feature_comes_before_a_published_one(told: Study) -> None:
    key = told.features[told.features["target"] == "NAc--mPFC"].iloc[0]
    names = ["task", "acq", "space", "atlas", "strategy", "measure", "target", "statistic", "definition"]
    row = {name: key[name] for name in names} | {
        "kind": "halves", "site": "all", "form": "ICC(3,k)", "icc": 0.61, "icc_low": 0.5, "icc_high": 0.7,
        "n_people": 99, "n_repeated": 99, "n_measures": 198, "averaged": 2.0, "sem": 0.1}  # fmt: skip
    known = replace(
        told,
        scores=told.scores[told.scores["run"] == "01"],
        reliability=schema("reliability").table([row]),
    )
    person = individual(known, "sub-p3")
    assert works(person).icc == 0.61
    assert works(person).icc_source == "this study, halves of its feature"
    edge = next(item for item in person.features if item.target == "NAc--mPFC")
    assert (edge.icc, edge.icc_source) == (0.61, "this study, halves")


def test_the_probability_is_fitted_without_the_person(told: Study, patient) -> None:
    other = told.outcomes.copy()
    own = other["participant_id"] == "sub-p3"
    other.loc[own, "value"] = 1 - other.loc[own, "value"]
    flipped = individual(replace(told, outcomes=other), "sub-p3")
    assert works(flipped).probability == works(patient).probability
    assert flipped.base_rate == patient.base_rate
    assert patient.base_rate.n == PATIENTS - 1
    assert patient.base_rate.low < patient.base_rate.share < patient.base_rate.high


def test_the_probability_is_that_of_an_independent_logistic_regression(told: Study, patient) -> None:
    from sklearn.linear_model import LogisticRegression

    scores = told.scores.groupby("participant_id")["score"].mean().drop("sub-p3")
    y = told.outcomes.set_index("participant_id")["value"].loc[scores.index]
    south = np.array([float(int(name[5:]) % 2) for name in scores.index])
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(np.column_stack([scores, south]), y)
    found = works(patient).probability
    own = works(patient).score
    assert found.value == pytest.approx(fitted.predict_proba([[own, 1.0]])[0, 1], abs=1e-5)
    assert 0 < found.low < found.value < found.high < 1
    assert found.base_rate == pytest.approx(y[south == 1].mean())
    assert [place.rate for place in found.elsewhere] == [0.05, 0.2, 0.4, 0.6]
    assert all(
        one.probability < two.probability
        for one, two in zip(found.elsewhere, found.elsewhere[1:], strict=False)
    )


def test_at_the_same_base_rate_nothing_changes_and_odds_move_as_base_rates_do() -> None:
    same = elsewhere(0.7, 0.4, 0.3, 0.3)
    assert [same.probability, same.low, same.high] == pytest.approx(special.expit([0.7, 0.3, 1.1]).tolist())
    # A test of sensitivity 0.8 and specificity 0.9 at 40 %: PPV 0.842; at 5 % by Bayes 0.296.
    here = 0.8 * 0.4 / (0.8 * 0.4 + 0.1 * 0.6)
    there = 0.8 * 0.05 / (0.8 * 0.05 + 0.1 * 0.95)
    assert elsewhere(float(special.logit(here)), 0.0, 0.4, 0.05).probability == pytest.approx(there)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "explained by motion"}, "explained by motion"),
        ({"low": 0.49}, "beyond chance"),
        ({"unjudged": True}, "not judged"),
        ({"trained": True}, "trained on this person"),
        ({"minimum_people": 300}, "119 other people"),
        ({"minimum_class": 60}, "48 in the smaller class"),
        ({"continuous": True}, "no class"),
    ],
)
def test_no_probability_where_the_cohort_does_not_allow_one(told: Study, changed: dict, said: str) -> None:
    made = told
    if "verdict" in changed:
        row = {
            "marker": "works",
            "outcome": "persistent_20",
            "population": "eligible",
            "why": "r falls",
            **changed,
        }
        made = replace(made, verdicts=pd.DataFrame([row]))
    if "low" in changed:
        made = replace(made, evaluation=made.evaluation.assign(ci_low=changed["low"]))
    if "unjudged" in changed:
        made = replace(made, evaluation=made.evaluation.iloc[:0])
    if "trained" in changed:
        made = replace(made, trained_on={"works": frozenset({"sub-p3"})})
    if "continuous" in changed:
        made = replace(made, outcomes=made.outcomes.assign(unit="NRS", label=""))
    limits = {name: value for name, value in changed.items() if name.startswith("minimum")}
    made = replace(made, settings=only(made.settings, **limits))
    person = individual(made, "sub-p3")
    found = works(person).probability
    assert math.isnan(found.value)
    assert said in found.reason
    assert found.elsewhere == ()
    assert any(item.code == "CL766" and said in item.why for item in person.missing)


def test_a_verdict_that_it_survives_lets_the_score_speak(told: Study) -> None:
    row = {
        "marker": "works",
        "outcome": "persistent_20",
        "population": "eligible",
        "verdict": "survives",
        "why": "w",
    }
    found = works(individual(replace(told, verdicts=pd.DataFrame([row])), "sub-p3"))
    assert math.isfinite(found.probability.value)
    assert (found.judged.verdict, found.judged.why) == ("survives", "w")


def test_no_scores_and_no_images_leave_a_record_that_says_so(told: Study) -> None:
    blind = replace(
        told,
        features=told.features[told.features["participant_id"] != "sub-p3"],
        scores=told.scores[told.scores["participant_id"] != "sub-p3"],
    )
    found = individual(blind, "sub-p3")
    assert found.features == ()
    assert [item.status for item in found.markers] == [
        "not computable: needs images of this person", "not computable: needs diffusion images"
    ]  # fmt: skip
    assert "CL761" in {item.code for item in found.missing}
    assert len(found.visits) == 2
    bare = individual(replace(told, scores=told.scores.iloc[:0], cards=()), "sub-p3")
    assert bare.markers == ()


def test_what_is_missing_is_named_and_dates_are_blanked(told: Study) -> None:
    row = {"participant_id": "sub-p3", "session_id": "ses-2", "severity": "info", "code": "CL308",
           "found": "visit of 2021-03-04, seen 5.6.2021", "expected": "", "remedy": "none", "file": "",
           "row": ""}  # fmt: skip
    lost = replace(
        told,
        problems=schema("problems").table([row]),
        ratings=told.ratings[told.ratings["session_id"] == "ses-1"],
        visits=told.visits[
            ~((told.visits["variable"] == "age") & (told.visits["participant_id"] == "sub-p3"))
        ],
    )
    found = individual(lost, "sub-p3")
    assert [(item.code, item.session_id) for item in found.missing[:1]] == [("CL760", "ses-2")]
    assert {"CL763", "CL308"} <= {item.code for item in found.missing}
    text = json.dumps(individual_json(found))
    assert "2021" not in text
    assert "[date]" in text
    assert all("age: not known of the person" in item.not_adjusted for item in found.features)


def test_the_record_is_plain_json_and_holds_no_calendar(patient) -> None:
    text = json.dumps(individual_json(patient), allow_nan=False)
    read = json.loads(text)
    assert read["schema_version"] == 1
    assert [visit["day"] for visit in read["visits"]] == [0.0, 100.0]  # counted from the first rating
    assert read["markers"][1]["score"] is None
    assert not {"age", "sex", "name", "date", "birth"} & set(read)


def test_an_unknown_person_is_refused_with_the_nearest(told: Study) -> None:
    with pytest.raises(SettingsError, match=r"nobody in this run is 'sub-p333'; nearest: .*sub-p33"):
        individual(told, "sub-p333")


def test_an_id_of_any_script_is_a_person(told: Study) -> None:
    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(participant_id=table["participant_id"].replace("sub-p3", "sub-患者é"))

    names = ("visits", "ratings", "outcomes", "populations", "features", "scores")
    found = individual(replace(told, **{name: renamed(getattr(told, name)) for name in names}), "sub-患者é")
    assert found.participant_id == "sub-患者é"
    assert math.isfinite(works(found).probability.value)


@pytest.mark.parametrize(("score", "share"), [(0.5, 0.0), (2.0, 50.0), (9.0, 100.0), (math.nan, math.nan)])
def test_share_below_counts_equals_half(score: float, share: float) -> None:
    assert share_below(np.array([1.0, 2.0, 3.0]), score) == pytest.approx(share, nan_ok=True)
    assert math.isnan(share_below(np.array([]), 1.0))


def test_a_column_of_controls_needs_its_value() -> None:
    with pytest.raises(SettingsError, match="go together"):
        IndividualSettings.from_mapping({"controls_column": "group"})
