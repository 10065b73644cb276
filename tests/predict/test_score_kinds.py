"""Every marker computes on a table that has its inputs, or says what it needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from predict.marker_tables import TASKS, expected, inputs_of, own_task
from stats.cohort_tables import quality

from corticolimbic.features import schema
from corticolimbic.predict import (
    Beside,
    Key,
    Marker,
    Reliability,
    Term,
    marker,
    marker_ids,
    person_scores,
    score,
    scored,
)
from corticolimbic.stats import HubDisruption, NormativeModel, RelativeReference, icc

ALL = [marker(name) for name in marker_ids()]
BY_FORMULA = [item for item in ALL if item.terms and item.kind != "relative"]
RELATIVE = [item for item in ALL if item.kind == "relative"]
REST = [item for item in ALL if not item.terms]
ONE_OF_EACH = list({(item.kind, item.over, item.state): item for item in BY_FORMULA}.values())


def ids(item: Marker) -> str:
    return item.id


def as_series(table: pd.DataFrame) -> pd.Series:
    good = table[table["status"] == "ok"]
    return good.set_index(["participant_id", "session_id"])["score"].sort_index()


def test_every_kind_is_among_the_shipped_markers() -> None:
    assert {item.kind for item in ALL} == {"linear", "feature", "change", "relative", "weights", "clinical"}
    assert len(BY_FORMULA) + len(RELATIVE) + len(REST) == len(ALL) >= 42


@pytest.mark.parametrize("item", BY_FORMULA, ids=ids)
def test_a_marker_with_its_inputs_is_its_formula_by_plain_loops(item: Marker) -> None:
    table = inputs_of(item, np.random.default_rng(11))
    found, problems = score(item, table, {"sub-01": "north"}, TASKS)
    wanted = expected(item, table).sort_index()
    assert np.allclose(as_series(found).to_numpy(), wanted.to_numpy(), rtol=1e-12)
    assert as_series(found).index.tolist() == wanted.index.tolist()
    assert set(found["participant_id"]) == {f"sub-{at:02d}" for at in range(4)}
    assert set(found.loc[found["participant_id"] == "sub-01", "site"]) == {"north"}
    assert problems == []
    assert schema("scores").check(found).equals(found)


@pytest.mark.parametrize("item", ALL, ids=ids)
def test_a_marker_without_its_inputs_says_what_it_needs(item: Marker) -> None:
    other = quality({"sub-1": (0.1, 0.2)}, task="elsewhere", atlas="other")
    found, problems = score(item, other, {}, TASKS, Beside(reference=RelativeReference()))
    assert found["score"].isna().all()
    assert found["status"].tolist() == ["not computable: needs " + "; ".join(item.needs)]
    assert [one.code for one in problems] == ["CL701"]
    assert item.id in problems[0].found


@pytest.mark.parametrize("item", ONE_OF_EACH, ids=ids)
def test_the_order_of_rows_changes_no_score(item: Marker) -> None:
    table = inputs_of(item, np.random.default_rng(11))
    found, _ = score(item, table, {}, TASKS)
    again, _ = score(item, table.sample(frac=1, random_state=1), {}, TASKS)
    assert as_series(again).equals(as_series(found))


@pytest.mark.parametrize("item", ONE_OF_EACH, ids=ids)
def test_a_feature_without_any_value_scores_nobody(item: Marker) -> None:
    table = inputs_of(item, np.random.default_rng(11), n_people=2)
    lost = item.targets[0]
    table.loc[table["target"] == lost, "value"] = np.nan
    found, _ = score(item, table, {}, TASKS)
    assert found["score"].isna().all()
    assert found["status"].str.contains(lost, regex=False).all()


@pytest.mark.parametrize("item", [one for one in ONE_OF_EACH if own_task(one) != "n/a"], ids=ids)
def test_another_state_is_never_scored(item: Marker) -> None:
    table = inputs_of(item, np.random.default_rng(11), n_people=2).assign(task="somethingelse")
    found, _ = score(item, table, {}, TASKS)
    assert found["score"].isna().all()


def volumes(**values: float) -> pd.DataFrame:
    table = inputs_of(marker("makary2020_nac_volume"), np.random.default_rng(1), 1, ("ses-1",))
    rows = [table.iloc[0].to_dict() | {"target": name, "value": value} for name, value in values.items()]
    return schema("features").table(rows)


def test_both_hemispheres_are_summed_and_the_whole_stands_in_only_where_there_are_no_parts() -> None:
    item = marker("makary2020_nac_volume")
    for table, wanted in (
        (volumes(NAc_L=600.0, NAc_R=700.0), 1300.0),
        (volumes(NAc_L=600.0, NAc_R=700.0, NAc=9999.0), 1300.0),
        (volumes(NAc=1290.0), 1290.0),
    ):
        assert score(item, table, {}, TASKS)[0]["score"].tolist() == [wanted]
    one, _ = score(item, volumes(NAc_L=600.0, NAc=1290.0), {}, TASKS)
    assert one["status"].tolist() == ["not computable: needs NAc_R"], "one side is not the other"


def test_an_atlas_of_its_own_is_preferred_and_two_others_are_refused() -> None:
    item = marker("makary2020_nac_volume")
    base = volumes(NAc_L=600.0, NAc_R=700.0)
    first, second = base.assign(atlas="first", value=1.0), base.assign(atlas="second", value=2.0)
    both = pd.concat([base, first], ignore_index=True)
    assert score(item, both, {}, TASKS)[0]["score"].tolist() == [1300.0]
    assert score(item, first, {}, TASKS)[0]["score"].tolist() == [2.0]
    both = pd.concat([first, second], ignore_index=True)
    refused, _ = score(item, both, {}, TASKS)
    assert "needs one atlas of volume (predict.atlas), found first, second" in refused["status"][0]
    assert score(item, both, {}, TASKS, Beside(atlas="second"))[0]["score"].tolist() == [4.0]


def test_a_structural_input_goes_with_each_run_of_its_session() -> None:
    rest = marker("baliki2012_mpfc_nac_rest")
    item = replace(rest, terms=(*rest.terms, Term(("Amy_L",), Key("volume", "sum"), center=1.0)))
    rng = np.random.default_rng(2)
    table = inputs_of(rest, rng, 2, ("ses-1",))
    twice = pd.concat([table, table.assign(run="2", value=table["value"] / 2)])
    structure = table.assign(
        measure="volume", target="Amy_L", statistic="sum", task="n/a", run="n/a", value=3.0
    )
    found, _ = score(item, pd.concat([twice, structure], ignore_index=True), {}, TASKS)
    for row in found.itertuples():
        value = twice.loc[
            (twice["participant_id"] == row.participant_id) & (twice["run"] == row.run), "value"
        ]
        assert row.score == pytest.approx(np.arctanh(value.item()) + 2.0)
    assert len(found) == 4


def test_a_change_takes_the_first_session_that_has_the_inputs_and_the_last_is_the_persons() -> None:
    item = marker("mutso2014_hip_mpfc_change_rating")
    table = inputs_of(item, np.random.default_rng(3), 1, ("ses-1", "ses-2", "ses-10")).set_index("session_id")
    table["value"] = 0.0
    table.loc["ses-2", "value"], table.loc["ses-10", "value"] = np.tanh(0.2), np.tanh(-0.5)
    found, _ = score(item, table.reset_index(), {}, TASKS)
    assert as_series(found).to_dict() == pytest.approx({("sub-00", "ses-10"): -0.5, ("sub-00", "ses-2"): 0.2})
    assert person_scores(found, "ses-1", item.over).to_dict() == pytest.approx({"sub-00": -0.5})
    one, _ = score(item, table.loc[["ses-2"]].reset_index(), {}, TASKS)
    assert one["status"].tolist() == ["not computable: needs a second session with its inputs"]


CLINICAL_KEYS = {"participant_id": ["sub-1", "sub-1", "sub-2"], "session_id": ["ses-1"] * 3}


def test_baseline_pain_is_the_mean_of_the_ratings_of_each_session() -> None:
    ratings = pd.DataFrame({**CLINICAL_KEYS, "rating": [4.0, 6.0, np.nan]})
    found, _ = score(
        marker("baseline_pain"), schema("features").table([]), {}, TASKS, Beside(ratings=ratings)
    )
    status = found.set_index("participant_id")
    assert status["score"].to_dict() == pytest.approx({"sub-1": 5.0, "sub-2": np.nan}, nan_ok=True)
    assert status["status"]["sub-2"].startswith("not computable: needs ratings of pain")


def test_two_questionnaires_never_make_one_score() -> None:
    scores = pd.DataFrame(
        {**CLINICAL_KEYS, "instrument": ["SF-MPQ", "SF-MPQ-2", "SF-MPQ-2"], "subscale": "affective",
         "score": [3.0, 8.0, 9.0], "status": ["ok", "ok", "prorated"]}
    )  # fmt: skip
    item, nothing = marker("baliki2012_affective_pain"), schema("features").table([])
    found, _ = score(item, nothing, {}, TASKS, Beside(instrument_scores=scores))
    assert as_series(found).to_dict() == {("sub-1", "ses-1"): 3.0}
    found, _ = score(item, nothing, {}, TASKS, Beside(instrument_scores=scores.iloc[1:]))
    assert as_series(found).to_dict() == {("sub-1", "ses-1"): 8.0, ("sub-2", "ses-1"): 9.0}


def people(n: int, rng: np.random.Generator) -> pd.DataFrame:
    table = {"age": rng.uniform(20, 60, n).round(1).astype(str), "sex": rng.choice(["F", "M"], n),
             "group": ["control" if at < n - 3 else "patient" for at in range(n)]}  # fmt: skip
    return pd.DataFrame(table, [f"sub-{at:02d}" for at in range(n)], dtype=object)


@pytest.mark.parametrize("item", RELATIVE[:2], ids=ids)
def test_a_relative_marker_is_its_estimator_on_the_declared_reference(item: Marker) -> None:
    rng = np.random.default_rng(5)
    table, who = inputs_of(item, rng, 28), people(28, rng)
    controls = list(who.index[who["group"] == "control"])
    reference = RelativeReference(column="group", value="control", covariates=("sex",))
    found = scored(item, table, {}, TASKS, Beside(people=who, reference=reference))
    wide = table.pivot(index=["participant_id", "session_id"], columns="target", values="value")
    for session in ("ses-2", "ses-10"):
        rows, first = wide.xs(session, level=1), wide.xs("ses-2", level=1)
        if item.id == "mansour2016_hub_disruption":
            columns = sorted(item.targets)
            fitted = HubDisruption().fit(first.loc[controls, columns].to_numpy(), controls)
            wanted = fitted.transform(rows[columns].to_numpy(), list(rows.index))["slope"]
        else:
            model = NormativeModel("age", ("sex",), None)
            fitted = model.fit(first.loc[controls].sum(axis=1).to_frame("v"), who)
            wanted = fitted.transform(rows.sum(axis=1).to_frame("v"), who).z["v"]
        mine, wanted = as_series(found.table).xs(session, level=1), wanted.dropna().sort_index()
        assert mine.index.tolist() == wanted.index.tolist()
        assert len(mine) > 20
        assert np.allclose(mine.to_numpy(), wanted.to_numpy(), rtol=1e-6)
    (stored,) = found.fitted
    assert stored == found.fitted[stored].model["reference_id"]
    assert set(found.fitted[stored].model["people"]) == set(controls), (
        "patients are never their own reference"
    )


FOUR = people(4, np.random.default_rng(1))
NOBODY = RelativeReference(column="group", value="nobody")


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (Beside(), "a reference that the study declares"),
        (Beside(reference=RelativeReference()), "the table of people"),
        (Beside(reference=RelativeReference(), people=FOUR[["group"]]), "no column age, sex"),
        (Beside(reference=NOBODY, people=FOUR), "nobody of the declared reference"),
        (Beside(reference=RelativeReference(), people=FOUR), "people of the reference have it"),
    ],
)
def test_a_reference_that_cannot_be_used_is_said(beside: Beside, words: str) -> None:
    item = marker("makary2020_nac_volume_normative")
    found = scored(item, inputs_of(item, np.random.default_rng(5)), {}, TASKS, beside)
    assert found.table["score"].isna().all()
    assert found.table["status"].str.contains(words, regex=False).all()


def test_the_error_of_a_score_is_that_of_its_reliability() -> None:
    item = marker("spisak2020_rpn")
    rng = np.random.default_rng(9)
    table = inputs_of(item, rng, 12, ("ses-1",))
    one = scored(item, table, {}, TASKS)
    assert one.table["se"].isna().all()
    assert one.reliability is None
    own = scored(replace(item, reliability=Reliability(0.84, "there")), table, {}, TASKS)
    assert own.table["se"].tolist() == pytest.approx([one.table["score"].std() * 0.4] * 12)
    again = table.assign(run="2", value=table["value"] + rng.normal(0, 0.05, len(table)))
    twice = scored(item, pd.concat([table, again], ignore_index=True), {}, TASKS)
    wide = twice.table.pivot(index="participant_id", columns="run", values="score")
    wanted = float(icc(wide.to_numpy()[:, :, None], "ICC(1,1)").icc[0])
    assert twice.reliability is not None
    assert twice.reliability.icc == pytest.approx(wanted)
    assert "measured here" in twice.reliability.source
    assert twice.table["se"].iloc[0] == pytest.approx(wide["1"].std() * np.sqrt(1 - wanted))
