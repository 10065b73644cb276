"""Visits missed, by weights: a comparison against the functions called by hand, a known truth, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from stats.cohort_tables import features, outcome, population

from corticolimbic.cohort import visits_table
from corticolimbic.stats import (
    CompareSettings,
    Comparison,
    ObservationWeights,
    VisitsSettings,
    VisitTables,
    aligned,
    compare,
    gee,
    measured_quality,
    row_weights,
    visit_design,
)

EDGE = "NAc--mPFC"
SLOPE = 0.045
SESSIONS = ("ses-month00", "ses-month12", "ses-month24")


class Leaving:
    """Two sites and three visits; who is high at the auxiliary rises, and leaves."""

    def __init__(self, n: int = 160, seed: int = 20261, leaves: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        names = pd.Index([f"sub-{number:04d}" for number in range(n)], name="participant_id")
        auxiliary = rng.normal(size=n)
        self.people = pd.DataFrame(
            {
                "auxiliary": auxiliary,
                "group": np.arange(n) % 2,
                "site": np.array(["north", "south"])[np.arange(n) // 2 % 2],
            },
            index=names,
        )
        chance = 1 / (1 + np.exp(auxiliary - 0.7))
        stays = (rng.random((2, n)) < chance) | (leaves == 0)
        self.seen = np.vstack([np.ones(n, dtype=bool), stays[0], stays[0] & stays[1]]).T
        own = 0.12 * auxiliary + rng.normal(0, 0.09, n)
        times = np.arange(3.0)
        self.z = own[:, None] + 0.06 * auxiliary[:, None] * times + SLOPE * times
        self.z = self.z + rng.normal(0, 0.15, (n, 3))
        self.pain = rng.uniform(1, 9, (n, 3))

    def long(self) -> pd.DataFrame:
        rows = [
            {"person": who, "session": SESSIONS[at], "time": float(at), "z": self.z[number, at],
             "pain": self.pain[number, at], "site": self.people["site"].iloc[number],
             "group": ["recovered", "persistent"][self.people["group"].iloc[number]]}
            for number, who in enumerate(self.people.index) for at in range(3) if self.seen[number, at]
        ]  # fmt: skip
        table = pd.DataFrame(rows)
        keys = list(zip(table["person"], table["session"], strict=True))
        table.index = pd.MultiIndex.from_tuples(keys, names=["participant_id", "session_id"])
        return table

    def run(self, pain: str | None = None, **asked: object) -> Comparison:
        long = self.long()
        parts = []
        for session, rows in long.groupby("session"):
            cells = zip(rows["person"], rows["z"], strict=True)
            parts.append(features({who: {EDGE: float(np.tanh(z))} for who, z in cells}, session_id=session))
        measured = pd.concat(parts, ignore_index=True)
        sessions = pd.DataFrame(
            {"participant_id": long["person"], "session_id": long["session"],
             "pain_nrs": [repr(float(value)) for value in long["pain"]]},
            dtype=object,
        ).reset_index(drop=True)  # fmt: skip
        people = self.people[["site", "auxiliary"]].astype(str).astype(object)
        people["auxiliary"] = [repr(float(value)) for value in self.people["auxiliary"]]
        first = measured[measured["session_id"] == SESSIONS[0]]
        label = {1.0: "persistent", 0.0: "recovered"}
        return compare(
            first,
            measured_quality(first),
            people,
            outcome(self.people["group"].astype(float).to_dict(), "course", label=lambda value: label[value]),
            population(self.people, self.people.index),
            frozenset({EDGE}),
            CompareSettings(longitudinal=VisitsSettings(terms=("group", "time", "group:time"), **asked)),
            VisitTables(measured, visits_table(people[["site"]], sessions), {}, pain, frozenset()),
        )

    def observed(self) -> pd.DataFrame:
        return pd.DataFrame(self.seen, index=self.people.index, columns=SESSIONS)

    def by_hand(self, weighted: bool = True):
        long = self.long()
        model = visit_design(long, "participant_id", "time", ("group", "time", "group:time"), "site",
                             references={"group": "recovered"})  # fmt: skip
        fitted = ObservationWeights(("auxiliary",), "site").fit(self.people, self.observed())
        weights = row_weights(model, fitted, long["session"]) if weighted else None
        y = aligned(long[["z"]], model)
        w = np.ones(len(y)) if weights is None else weights.values
        fit = gee(y, model, weights=weights)
        rest = np.square(y - model.matrix @ fit.estimate)[:, 0]
        sd = np.sqrt((w @ rest) / w.sum() * len(y) / (len(y) - len(model.columns)))
        return fit, sd


CONTRASTS = {
    "course: persistent - recovered, at time 0": "group[persistent]",
    "course: change per year, recovered": "time",
    "course x time:": "group[persistent]:time",
}


def row(found: Comparison, start: str) -> pd.Series:
    table = found.effects[found.effects["analysis"] == "visits"]
    rows = table[[str(contrast).startswith(start) for contrast in table["contrast"]]]
    assert len(rows) == 1, table["contrast"].tolist()
    return rows.iloc[0]


def refusals(found: Comparison) -> list[str]:
    return [one.found for one in found.problems if one.code == "CL602"]


def same(found: Comparison, fit: object, sd: float) -> None:
    for start, name in CONTRASTS.items():
        ours, at = row(found, start), fit.row(name)
        for cell, theirs in (("estimate", fit.estimate), ("se", fit.se), ("df", fit.df), ("p", fit.p),
                             ("ci_low", fit.ci_low), ("ci_high", fit.ci_high)):  # fmt: skip
            assert ours[cell] == pytest.approx(theirs[at, 0], rel=1e-7), (start, cell)
        assert ours["effect_size"] == pytest.approx(fit.estimate[at, 0] / sd, rel=1e-7)
        assert ours["es_low"] == pytest.approx(fit.ci_low[at, 0] / sd, rel=1e-7)
        assert ours["detectable"] > 0
        assert np.isnan(ours["p_fwe"])
        assert np.isnan(ours["p_equivalence"])


def test_equals_the_functions_called_by_hand() -> None:
    made = Leaving()
    found = made.run(missing="weights", weight_covariates=("auxiliary",))
    same(found, *made.by_hand())
    ours = row(found, "course x time:")
    assert ours["model"].startswith("weighted feature ~ group + time + group:time + site by GEE")
    assert ours["model"].endswith("weights of being seen: auxiliary, site")
    assert (ours["n"], ours["n_visits"], ours["n_sites"]) == (160, made.seen.sum(), 2)
    assert not refusals(found)
    assert found.declared["visits"]["missing"] == "weights"
    assert "residual standard deviation" in found.declared["visits"]["effect_size"]


def test_weights_bring_back_what_leaving_took() -> None:
    made = Leaving(500)
    start = "course: change per year, recovered"
    weighted = row(made.run(missing="weights", weight_covariates=("auxiliary",)), start)
    likelihood = row(made.run(), start)
    complete, _ = made.by_hand(weighted=False)
    plain = complete.estimate[complete.row("time"), 0]
    assert complete.ci_high[complete.row("time"), 0] < SLOPE  # biased, and sure of it
    assert abs(weighted["estimate"] - SLOPE) < abs(plain - SLOPE) / 2
    assert weighted["ci_low"] < SLOPE < weighted["ci_high"]
    assert abs(weighted["estimate"] - SLOPE) < abs(likelihood["estimate"] - SLOPE)


def test_nobody_lost_is_unweighted() -> None:
    made = Leaving(60, leaves=0)
    found = made.run(missing="weights", weight_covariates=("auxiliary",))
    same(found, *made.by_hand(weighted=False))
    assert row(found, "course x time:")["model"].endswith("nobody was lost")


def test_within_less_between_has_the_error_of_the_covariance() -> None:
    made = Leaving()
    found = made.run("pain_nrs", missing="weights", weight_covariates=("auxiliary",))
    long = made.long()
    model = visit_design(long, "participant_id", "time", ("time", "pain"), "site")
    fitted = ObservationWeights(("auxiliary",), "site").fit(made.people, made.observed())
    fit = gee(aligned(long[["z"]], model), model, weights=row_weights(model, fitted, long["session"]))
    within, between = fit.row("pain[deviation]"), fit.row("pain[person mean]")
    by = np.zeros(len(fit.names))
    by[[within, between]] = 1, -1
    ours = row(found, "pain_nrs within - between")
    assert ours["estimate"] == pytest.approx(fit.estimate[within, 0] - fit.estimate[between, 0], rel=1e-6)
    assert ours["se"] == pytest.approx(np.sqrt(by @ fit.covariance[0] @ by), rel=1e-6)
    assert ours["df"] == pytest.approx(min(fit.df[within, 0], fit.df[between, 0]), rel=1e-6)


def test_a_site_where_nobody_is_left_is_not_in_the_weights() -> None:
    made = Leaving()
    made.seen[made.people["site"] == "south", 2] = False
    found = made.run(missing="weights", weight_covariates=("auxiliary",))
    assert row(found, "course x time:")["model"].endswith("weights of being seen: auxiliary")
    assert any("nobody was seen to the end at south" in note for note in found.declared["notes"])


def test_weights_that_are_impossible_are_refused_with_the_reason() -> None:
    made = Leaving(60, leaves=0)
    made.seen[5, 2] = False
    found = made.run(missing="weights", weight_covariates=("auxiliary",))
    assert any("one person was lost" in words for words in refusals(found))
    assert set(found.effects["analysis"]) == {"baseline"}


def test_who_came_back_has_no_weight_and_is_named() -> None:
    made = Leaving()
    who = int(np.flatnonzero(~made.seen[:, 1])[0])
    made.seen[who, 2] = True
    found = made.run(missing="weights", weight_covariates=("auxiliary",))
    gone = [one for one in found.problems if one.code == "CL604"]
    assert {(one.participant_id, one.session_id) for one in gone} == {(made.people.index[who], SESSIONS[2])}
    assert row(found, "course x time:")["n_visits"] == made.seen.sum() - 1


def test_without_weights_nothing_changes_and_stray_settings_are_refused() -> None:
    made = Leaving(60)
    pd.testing.assert_frame_equal(made.run().effects, made.run(missing="likelihood").effects)
    with pytest.raises(ValidationError, match="missing: weights"):
        VisitsSettings(weight_covariates=("age",))
    with pytest.raises(ValidationError, match="site"):
        VisitsSettings(missing="weights", weight_covariates=("site",))
