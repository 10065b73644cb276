"""Harmonisation inside `compare`: against ComBat applied by hand, planted site effects, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from stats.cohort_tables import EDGES, features, outcome, people, population, quality
from stats.test_compare_visits import LongStudy

from corticolimbic.foundation import SettingsError
from corticolimbic.stats import (
    ComBat,
    CompareSettings,
    Comparison,
    CovBat,
    LongitudinalComBat,
    VisitTables,
    _site_halves,
    compare,
    connectivity_table,
    measured_quality,
)
from corticolimbic.stats._visit_tables import connectivity_visits

SHIFT = {"north": 0.0, "south": 0.8, "west": -0.6}
PLAIN: dict = {"covariates": ("age", "sex", "measured:mean_fd")}


@pytest.fixture(autouse=True)
def _few_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_site_halves, "PERMUTATIONS", 19)
    monkeypatch.setattr(_site_halves, "DECODINGS", 1)


class SiteStudy:
    """48 people of three sites: sites shift every edge and spread it; pain acts on the last edges."""

    def __init__(self, n: int = 48, seed: int = 5) -> None:
        rng = np.random.default_rng(seed)
        self.table = people(n, rng)
        self.pain = self.table["pain"].astype(float).to_dict()
        self.motion = {person: tuple(rng.uniform(0.05, 0.3, 2)) for person in self.table.index}
        self.values = {
            person: {
                edge: float(np.tanh(0.1 * at * pain + SHIFT[self.table.loc[person, "site"]] + z))
                for at, (edge, z) in enumerate(zip(EDGES, rng.normal(0, 0.25, 4), strict=True))
            }
            for person, pain in self.pain.items()
        }

    def run(self, **settings: object) -> Comparison:
        return compare(
            features(self.values),
            measured_quality(quality(self.motion)),
            self.table,
            outcome(self.pain),
            population(self.table, self.table.index),
            frozenset(EDGES[:2]),
            CompareSettings(**{**PLAIN, **settings}),
        )


def _codes(found: Comparison) -> set[str]:
    return {item.code for item in found.problems}


@pytest.mark.parametrize("method", ["combat", "combat-gam", "covbat"])
def test_models_stand_on_what_the_estimator_returns(method: str) -> None:
    study = SiteStudy()
    smooth = {"harmonise_smooth": "age"} if method == "combat-gam" else {}
    mine = study.run(harmonise=method, **smooth)
    wide = connectivity_table(features(study.values), "pearson")
    known = pd.DataFrame(
        {
            "pain": pd.Series(study.pain),
            "age": study.table["age"].astype(float),
            "sex": study.table["sex"],
            "fd": pd.Series({person: fd for person, (fd, _) in study.motion.items()}),
            "site": study.table["site"],
        }
    )
    keep = ("pain", "sex", "fd") if smooth else ("pain", "age", "sex", "fd")
    combat = ComBat(keep=keep, smooth=("age",) if smooth else ())
    by_hand = (CovBat(combat) if method == "covbat" else combat).fit(wide, known).transform(wide, known)
    study.values = {
        person: {column[6]: float(np.tanh(z)) for column, z in row.items()}
        for person, row in by_hand.iterrows()
    }
    expected = study.run()
    for column in ("estimate", "se", "p"):
        np.testing.assert_allclose(mine.effects[column], expected.effects[column], rtol=1e-6)
    said = "covbat" if method == "covbat" else "combat"
    assert mine.effects["model"].str.contains(f"harmonised: {said}, kept: pain").all()
    assert mine.declared["harmonised"]["method"] == method
    assert set(mine.harmonisation["method"]) == {method}


def test_site_effects_go_in_people_not_learnt_from_and_what_is_asked_stays() -> None:
    study = SiteStudy(n=120)
    found = study.run(harmonise="combat")
    rows = found.harmonisation.set_index(["what", "stage"])["value"]
    assert set(found.harmonisation["place"]) == {"everyone, task rest, coordinates"}
    assert rows["mean", "before"] == 1.0
    assert rows["mean", "after"] <= 0.5
    assert rows["decoding, linear", "before"] > 0.7 > rows["decoding, linear", "after"]
    pain = found.effects.set_index("target")
    for at, edge in enumerate(EDGES):
        assert pain.loc[edge, "ci_low"] < 0.1 * at < pain.loc[edge, "ci_high"]
    assert study.run().harmonisation.empty


def test_a_covariate_fixed_by_the_site_is_refused_and_nothing_is_modelled() -> None:
    study = SiteStudy()
    study.table["age"] = study.table["site"].map({"north": "30.0", "south": "40.0", "west": "50.0"})
    found = study.run(harmonise="combat")
    assert found.effects.empty
    (refused,) = (item for item in found.problems if item.code == "CL612")
    assert "age" in refused.found
    assert not study.run(harmonise="combat", harmonise_keep=("sex",)).harmonisation.empty


def test_bad_input_is_named_and_the_others_are_harmonised() -> None:
    study = SiteStudy()
    first, second = study.table.index[:2]
    study.table.loc[first, "site"] = "alone"
    study.table["scanner_hours"] = [f"{value:.2f}" for value in np.linspace(1, 9, 48)]
    study.table.loc[second, "scanner_hours"] = "n/a"
    for cells in study.values.values():
        cells[EDGES[0]] = 0.25
    found = study.run(harmonise="combat", harmonise_keep=("pain", "scanner_hours"))
    assert {"CL611", "CL613", "CL616"} <= _codes(found)
    named = {item.code: item.participant_id for item in found.problems}
    assert (named["CL611"], named["CL616"]) == (first, second)
    done = found.effects.set_index("target").loc[EDGES[1]]
    assert done["n"] == 46


def test_one_site_and_small_sites_are_said() -> None:
    study = SiteStudy(n=24)
    found = study.run(harmonise="combat")
    assert "CL615" in _codes(found)
    assert found.harmonisation.empty
    assert found.effects["estimate"].notna().all()
    study.table["site"] = "north"
    one = study.run(harmonise="combat")
    assert "CL614" in _codes(one)
    pd.testing.assert_frame_equal(one.effects, study.run().effects)


def test_only_combat_gam_takes_a_curve() -> None:
    with pytest.raises(SettingsError, match="combat-gam"):
        CompareSettings.from_mapping({"harmonise": "combat-gam"})
    with pytest.raises(SettingsError, match="combat-gam"):
        CompareSettings.from_mapping({"harmonise": "combat", "harmonise_smooth": "age"})
    with pytest.raises(SettingsError, match="nowhere"):
        SiteStudy(n=24).run(harmonise="combat", harmonise_keep=("nowhere",))


@pytest.mark.slow
def test_visits_stand_on_longitudinal_combat() -> None:
    study = LongStudy()
    shift = study.long["site"].map(SHIFT)
    study.long["z"] = [
        {edge: z + by for edge, z in cells.items()} for cells, by in zip(study.long["z"], shift, strict=True)
    ]
    mine = study.run(harmonise="longitudinal")
    over = mine.effects[mine.effects["analysis"] == "visits"]
    assert over["model"].str.contains("harmonised: longitudinal combat").all()
    tables = study.tables()
    wide = connectivity_visits(tables.features, "pearson")
    known = study.long.assign(
        participant_id=study.long["person"], group=np.where(study.long["group"] == 1, "b", "a")
    ).set_index(pd.MultiIndex.from_frame(study.long[["person", "session"]]))
    known = known.rename(columns={"year": "time", "fd": "motion"})
    learner = LongitudinalComBat(keep=("group", "time", "group:time", "motion"))
    out = learner.fit(wide, known).transform(wide, known)
    rows = tables.features.copy()
    z = {(*key, column[6]): value for column in out for key, value in out[column].items()}
    keys = zip(rows["participant_id"], rows["session_id"], rows["target"], strict=True)
    rows["value"] = [
        np.tanh(z[key]) if key in z else value for key, value in zip(keys, rows["value"], strict=True)
    ]
    study.tables = lambda: VisitTables(rows, tables.clinical, tables.planned, tables.pain, tables.defining)
    expected = study.run()
    expected = expected.effects[expected.effects["analysis"] == "visits"]
    grouped = over["contrast"].str.startswith("course").to_numpy()
    assert grouped.sum() == 6
    np.testing.assert_allclose(over["estimate"][grouped], expected["estimate"][grouped], rtol=1e-5, atol=1e-8)
