"""ComBat against neuroHarmonize and neuroCombat, and its declared behaviour at the edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stats.combat_studies import PENALTY, study

from corticolimbic.stats import ComBat, ModelError

REFERENCE = pd.read_csv(Path(__file__).with_name("combat_reference.tsv"), sep="\t")
STUDIES = {
    "linear": ComBat(keep=("age", "male")),
    "no eb": ComBat(keep=("age", "male"), eb=False),
    "reference": ComBat(keep=("age", "male"), reference="B"),
    "curve": ComBat(keep=("male",), smooth=("age",), penalty=PENALTY),
    "neuroCombat": ComBat(keep=("age", "sex")),
    "neuroCombat, mean only, no eb": ComBat(keep=("age", "sex"), mean_only=True, eb=False),
}


def _reference(name: str) -> pd.DataFrame:
    rows = REFERENCE[REFERENCE["study"] == name]
    assert len(rows) > 100
    return rows


@pytest.mark.parametrize("name", STUDIES)
def test_the_packages_return_the_same(name: str) -> None:
    values, people = study()
    train = people["half"] == 0
    fitted = STUDIES[name].fit(values[train], people)
    parts = {name: train} if name.startswith("neuroCombat") else {name: train, f"{name}, new people": ~train}
    for part, who in parts.items():
        mine = fitted.transform(values[who], people).to_numpy()
        rows = _reference(part)
        np.testing.assert_allclose(mine[rows["row"], rows["column"]], rows["value"], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("settings", "change", "fault"),
    [
        (ComBat(keep=("group",)), {"group": "site"}, "site"),
        (ComBat(), {"site": "one"}, "one site"),
        (ComBat(reference="Z"), {}, "reference"),
        (ComBat(keep=("weight",)), {}, "weight"),
        (ComBat(keep=("site",)), {}, "column of sites"),
    ],
)
def test_what_cannot_be_estimated_is_refused(settings: ComBat, change: dict[str, str], fault: str) -> None:
    values, people = study()
    for name, source in change.items():
        people[name] = people.get(source, source)
    with pytest.raises(ModelError, match=fault):
        settings.fit(values, people)


def test_infinite_values_and_empty_tables_are_refused() -> None:
    values, people = study()
    values.iloc[3, 2] = np.inf
    with pytest.raises(ModelError, match="infinite"):
        ComBat().fit(values, people)
    with pytest.raises(ModelError, match="nobody"):
        ComBat().fit(values.iloc[:0], people)
    fitted = ComBat().fit(values.drop(columns="edge 2"), people)
    assert fitted.transform(values.iloc[:0], people).shape == (0, 7)


def test_features_use_those_who_have_them() -> None:
    """A feature with gaps is adjusted as if those who lack it were not there (no shrinkage: alone)."""
    values, people = study()
    lost = np.random.default_rng(5).random(len(values)) < 0.3
    values.loc[lost, "edge 1"] = np.nan
    settings = ComBat(keep=("age", "sex"), eb=False)
    together = settings.fit(values, people).transform(values, people)
    alone = settings.fit(values.loc[~lost], people).transform(values.loc[~lost], people)
    np.testing.assert_allclose(together.loc[~lost, "edge 1"], alone["edge 1"], atol=1e-10)
    assert together.loc[lost, "edge 1"].isna().all()
    assert together.drop(columns="edge 1").notna().all(axis=None)


def test_constant_features_pass_through_and_are_named() -> None:
    values, people = study()
    values["flat"] = 3.25
    fitted = ComBat(keep=("age",)).fit(values, people)
    assert dict(fitted.unchanged) == {"flat": "does not vary"}
    assert (fitted.transform(values, people)["flat"] == 3.25).all()
    without = ComBat(keep=("age",)).fit(values.drop(columns="flat"), people)
    np.testing.assert_array_equal(fitted.location[:, :-1], without.location)


def test_one_person_at_a_site_is_refused_or_only_shifted() -> None:
    values, people = study()
    people.loc["sub-007", "site"] = "lone"
    with pytest.raises(ModelError, match="lone"):
        ComBat().fit(values, people)
    fitted = ComBat(lone="location").fit(values, people)
    at = fitted.design.sites.index("lone")
    assert (fitted.scale[at] == 1).all()
    assert fitted.transform(values, people).notna().all(axis=None)


def test_unseen_sites_are_refused_or_estimated() -> None:
    values, people = study()
    known = people["site"] != "D"
    with pytest.raises(ModelError, match="D was not among"):
        ComBat().fit(values[known], people).transform(values, people)
    fitted = ComBat(unseen="estimate").fit(values[known], people)
    new = fitted.transform(values[~known], people)
    gap = np.abs(new.mean() - fitted.level) / fitted.sd
    before = np.abs(values[~known].mean() - fitted.level) / fitted.sd
    assert gap.max() < 0.1 < before.max()


def test_keys_decide_and_not_positions() -> None:
    values, people = study()
    fitted = ComBat(keep=("age", "sex")).fit(values, people)
    straight = fitted.transform(values, people)
    mixed = fitted.transform(values.sample(frac=1, random_state=1)[values.columns[::-1]], people)
    pd.testing.assert_frame_equal(mixed.loc[straight.index, straight.columns], straight)


def test_new_people_do_not_change_each_other() -> None:
    values, people = study()
    train = people["half"] == 0
    fitted = ComBat(keep=("age",)).fit(values[train], people)
    together = fitted.transform(values[~train], people)
    one = fitted.transform(values[~train].iloc[[4]], people)
    pd.testing.assert_frame_equal(one, together.iloc[[4]])


def test_people_without_a_covariate_are_named_and_become_missing() -> None:
    values, people = study()
    people.loc["sub-010", "age"] = np.nan
    fitted = ComBat(keep=("age",)).fit(values, people)
    assert [(item.person, item.reason) for item in fitted.left_out] == [("sub-010", "missing: age")]
    out = fitted.transform(values, people)
    assert out.loc["sub-010"].isna().all()
    assert out.drop(index="sub-010").notna().all(axis=None)


def test_the_penalty_is_that_of_generalised_cross_validation() -> None:
    """A plain loop over features and weights, with the hat matrix of sites and curve, chooses the same."""
    from corticolimbic.stats._combat_spline import PENALTIES

    values, people = study()
    fitted = ComBat(keep=("male",), smooth=("age",)).fit(values, people)
    sites = pd.get_dummies(people["site"]).to_numpy(float)
    design = np.column_stack([sites, fitted.design.matrix(people)])
    bend = np.zeros((design.shape[1],) * 2)
    bend[-9:, -9:] = fitted.design.curves[0].bending
    for at, name in enumerate(values):
        scores = []
        for weight in PENALTIES:
            hat = design @ np.linalg.solve(design.T @ design + 2 * weight * bend, design.T)
            left = values[name] - hat @ values[name]
            scores.append((left**2).sum() / (len(values) - np.trace(hat)) ** 2)
        assert fitted.penalty[at] == PENALTIES[int(np.argmin(scores))]
