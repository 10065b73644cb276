"""Covariates that people lack: imputed and pooled in a comparison, against the functions called by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from stats.cohort_tables import features, outcome, population

from corticolimbic.stats import (
    ChainedEquations,
    CompareSettings,
    Comparison,
    aligned,
    association,
    compare,
    design,
    measured_quality,
    pooled_models,
)

EDGE = "NAc--mPFC"


class Gaps:
    """Two sites; age drives pain and the edge, pain does nothing, and some ages and sexes are not known."""

    def __init__(self, n: int = 120, seed: int = 20262, lost: float = 0.3) -> None:
        rng = np.random.default_rng(seed)
        names = pd.Index([f"sub-{number:03d}" for number in range(n)], name="participant_id")
        age = rng.normal(40, 10, n)
        pain = 0.08 * (age - 40) + rng.normal(size=n)
        self.z = pd.Series(0.02 * (age - 40) + rng.normal(0, 0.15, n), index=names)
        gone = rng.random(n) < lost
        self.people = pd.DataFrame(
            {"site": np.array(["north", "south"])[np.arange(n) % 2], "pain": pain,
             "age": np.where(gone, np.nan, age), "sex": rng.choice(["F", "M"], n)}, index=names,
        )  # fmt: skip
        self.people.loc[rng.random(n) < lost / 2, "sex"] = ""

    def run(self, covariates: tuple[str, ...] = ("age",), **settings: object) -> Comparison:
        measured = features({who: {EDGE: float(np.tanh(z))} for who, z in self.z.items()})
        table = self.people[["site", "sex"]].astype(object)
        table["age"] = ["" if np.isnan(age) else repr(float(age)) for age in self.people["age"]]
        return compare(
            measured,
            measured_quality(measured),
            table,
            outcome(self.people["pain"].to_dict()),
            population(self.people, self.people.index),
            frozenset({EDGE}),
            CompareSettings(covariates=covariates, **settings),
        )


def test_equals_the_functions_called_by_hand() -> None:
    made = Gaps()
    found = made.run(missing_covariates="impute")
    edge = pd.DataFrame({EDGE: made.z})
    table = made.people.assign(feature=(made.z - made.z.mean()) / made.z.std(ddof=0))
    seed = CompareSettings().seed
    chains = ChainedEquations({"age": "pmm"}, ("pain", "feature"), "site", seed=seed).fit(table)
    models = [design(one, "pain", ("age",), "site") for one in chains.imputed_]
    fits = [association(aligned(edge, model), model) for model in models]
    pooled, ours = pooled_models(fits), found.effects.iloc[0]
    for cell in ("estimate", "se", "df", "ci_low", "ci_high"):
        # A component has its sign from the decomposition: the draws are the same, the rounding is not.
        assert ours[cell] == pytest.approx(getattr(pooled, cell)[0, 0], rel=1e-6), cell
    t = pooled.statistic[0, 0]
    assert ours["effect_size"] == pytest.approx(t / np.sqrt(t**2 + fits[0].residual_df[0]), rel=1e-6)
    assert ours["es_low"] < ours["effect_size"] < ours["es_high"]
    assert (ours["n"], ours["n_sites"]) == (120, 2)
    assert ours["model"].endswith("20 imputations, Rubin")
    assert np.isnan(ours["p_fwe"])
    assert any(f"age is imputed for {made.people['age'].isna().sum()} people" in one
               for one in found.declared["notes"])  # fmt: skip
    assert not [one for one in found.problems if one.code == "CL310"]


def test_two_levels_are_imputed_and_nothing_to_impute_changes_nothing() -> None:
    made = Gaps()
    both = made.run(("age", "sex"), missing_covariates="impute").effects.iloc[0]
    dropped = made.run(("age", "sex"))
    assert both["n"] == 120
    assert dropped.effects.iloc[0]["n"] < 90
    assert (
        len({one.participant_id for one in dropped.problems if one.code == "CL310"})
        == 120 - (dropped.effects.iloc[0]["n"])
    )
    whole = Gaps(60, lost=0)
    pd.testing.assert_frame_equal(whole.run().effects, whole.run(missing_covariates="impute").effects)


def test_a_confounder_imputed_still_confounds_nothing() -> None:
    made = Gaps(500)
    imputed, alone = made.run(missing_covariates="impute").effects.iloc[0], made.run(()).effects.iloc[0]
    dropped = made.run().effects.iloc[0]
    assert alone["ci_low"] > 0.02  # what age does, taken for pain's
    assert imputed["ci_low"] < 0 < imputed["ci_high"]
    assert imputed["se"] < dropped["se"]


def test_text_of_many_levels_is_left_out_with_the_people_named() -> None:
    made = Gaps(60, lost=0)
    made.people["sex"] = np.resize(["F", "M", "X"], 60)
    made.people.iloc[:3, made.people.columns.get_loc("sex")] = ""
    made.people.iloc[10:14, made.people.columns.get_loc("age")] = np.nan
    found = made.run(("age", "sex"), missing_covariates="impute")
    assert found.effects.iloc[0]["n"] == 57
    assert {one.participant_id for one in found.problems if one.code == "CL310"} == set(made.people.index[:3])


def test_bad_input_is_refused_with_the_reason() -> None:
    made = Gaps(60)
    made.people["age"] = np.where(np.arange(60) < 3, 40.0 + np.arange(60), np.nan)
    found = made.run(missing_covariates="impute")
    assert any("3 people have age" in one.found for one in found.problems if one.code == "CL602")
    assert found.effects.empty
    for setting in ({"permutations": 99}, {"smallest_effect": 0.2}, {"harmonise": "combat"}):
        with pytest.raises(ValidationError, match="impute goes without"):
            CompareSettings(missing_covariates="impute", **setting)
