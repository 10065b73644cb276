from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from stats.attrition_studies import VISITS, Study, persistent, study
from statsmodels.stats.proportion import proportion_confint

from corticolimbic.cohort import wilson
from corticolimbic.foundation import SettingsError
from corticolimbic.stats import (
    AttritionSettings,
    ModelError,
    ObservationWeights,
    attrition,
    attrition_tables,
)


@pytest.fixture(scope="module")
def one() -> Study:
    return study(300, np.random.default_rng(2026112530))


def test_visits_are_counted_with_wilsons_interval(one):
    found = attrition(one.people, one.observed, ("age",), "site").visits
    assert len(found) == 3 * 4
    for row in found.to_dict("records"):
        here = (
            np.ones(300, dtype=bool)
            if row["site"] == "all"
            else (one.people["site"] == row["site"]).to_numpy()
        )
        seen = one.observed[row["visit"]].to_numpy()[here]
        assert (row["n_expected"], row["n_seen"], row["n_lost"]) == (len(seen), seen.sum(), (~seen).sum())
        low, high = proportion_confint((~seen).sum(), len(seen), method="wilson")
        assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low, abs=1e-12), pytest.approx(high))
    whole = found[found["site"] == "all"]
    assert whole["n_left"].tolist() == [0, *(-np.diff(one.observed.sum()))]


def test_patterns_tell_leaving_from_coming_back_and_from_not_being_due():
    rows = {
        "a": [1, 1, 1],
        "b": [1, 0, 0],
        "c": [1, 0, 1],
        "d": [0, 0, 0],
        "e": [1, None, None],
        "f": [1, 1, None],
        "g": [0, 1, 1],
        "h": [None, None, None],
        "i": [1, None, 0],
    }
    observed = pd.DataFrame.from_dict(rows, orient="index", columns=VISITS, dtype=object)
    found = attrition(pd.DataFrame(index=list(rows)), observed)
    kinds = found.patterns.set_index("pattern")["kind"].to_dict()
    assert kinds == {
        "111": "complete", "100": "dropout", "101": "intermittent", "000": "never seen", "1--": "complete",
        "11-": "complete", "011": "intermittent", "---": "not due", "1-0": "dropout",
    }  # fmt: skip
    assert found.patterns["share"].sum() == pytest.approx(1)
    visits = found.visits.set_index("visit")
    assert visits.loc["month 6", ["n_expected", "n_lost", "n_left"]].tolist() == [6, 3, 0]
    assert visits.loc["week 6", ["n_expected", "n_lost", "n_left"]].tolist() == [6, 3, 1]
    assert found.differences.empty


def test_differences_of_numbers_are_hedges_g(one):
    found = attrition(one.people, one.observed, ("age",)).differences.set_index("visit")
    assert list(found.index) == ["week 6", "month 6"]
    lost = one.people["age"][~one.observed["month 6"]]
    seen = one.people["age"][one.observed["month 6"]]
    n, k = len(lost), len(seen)
    pooled = np.sqrt(((n - 1) * lost.var() + (k - 1) * seen.var()) / (n + k - 2))
    expected = (lost.mean() - seen.mean()) / pooled * (1 - 3 / (4 * (n + k - 2) - 1))
    row = found.loc["month 6"]
    assert row["difference"] == pytest.approx(expected, rel=1e-5)
    assert (row["value_lost"], row["value_seen"]) == (pytest.approx(lost.mean()), pytest.approx(seen.mean()))
    half = 1.96 * np.sqrt(1 / n + 1 / k + expected**2 / (2 * (n + k)))
    assert (row["ci_low"], row["ci_high"]) == (
        pytest.approx(expected - half, abs=0.01), pytest.approx(expected + half, abs=0.01)
    )  # fmt: skip


def test_differences_of_classes_cover_their_truth():
    # Tables of 200; shares 0.5 among the lost and 0.3 among the seen.
    rng = np.random.default_rng(2026112531)
    truth = 0.2 / np.sqrt((0.25 + 0.21) / 2)
    lost = np.arange(200) < 70
    observed = pd.DataFrame({"later": ~lost})
    covered = 0
    for _ in range(80):
        women = rng.random(200) < np.where(lost, 0.5, 0.3)
        people = pd.DataFrame({"sex": np.where(women, "F", "M")})
        found = attrition(people, observed, ("sex",)).differences.set_index("level").loc["F"]
        covered += found["ci_low"] <= truth <= found["ci_high"]
    assert stats.binomtest(covered, 80, 0.95).pvalue > 0.01


def test_groups_too_small_or_without_spread_say_so():
    people = pd.DataFrame(
        {
            "one": [1.0] * 6,
            "bdi": [np.nan] * 6,
            "word": ["x"] * 6,
            "half": [1.0, np.nan, 2.0, 3.0, np.nan, 2.5],
            "none": [None] * 6,
        }
    )
    observed = pd.DataFrame({"a": [True] * 4 + [False] * 2, "b": [True] * 5 + [False]})
    found = attrition(people, observed, tuple(people.columns)).differences
    reasons = found.set_index(["visit", "covariate"])["reason"].to_dict()
    assert reasons["a", "one"] == reasons["a", "word"] == "does not vary among the lost, nor among the seen"
    assert reasons["a", "bdi"] == reasons["a", "none"] == "nobody has a value"
    assert reasons["b", "one"] == "one person lost has a value; a difference needs two"
    assert reasons["a", "half"] == "one person lost has a value; a difference needs two"
    assert found["difference"].isna().all()


def test_columns_and_people_that_do_not_fit_are_refused(one):
    with pytest.raises(ModelError, match="no column 'height'"):
        attrition(one.people, one.observed, ("height",))
    with pytest.raises(ModelError, match="no row for sub-00000"):
        attrition(one.people, one.observed.iloc[1:])


@pytest.mark.parametrize(("count", "n"), [(0, 10), (10, 10), (3, 17), (120, 400)])
def test_wilson_equals_statsmodels(count, n):
    expected = proportion_confint(count, n, method="wilson")
    assert wilson(float(count), float(n)) == (
        pytest.approx(expected[0], abs=1e-12),
        pytest.approx(expected[1]),
    )
    assert np.isnan(wilson(0.0, 0.0)).all()


def settings(method: str, **more) -> AttritionSettings:
    quick = {"imputations": 5, "iterations": 3} if method == "imputation" else {}
    return AttritionSettings.from_mapping({"method": method, "covariates": ("age",), **quick, **more})


def codes(problems) -> list[str]:
    return sorted({item.code for item in problems})


@pytest.mark.parametrize("method", ["none", "weights", "imputation"])
def test_every_method_gives_complete_cases_beside_its_own_rate(one, method):
    tables, problems = attrition_tables(
        one.people, one.observed, settings(method), ratings=one.ratings, outcome=persistent
    )
    known = persistent(one.ratings).dropna()
    first = tables.rates.iloc[0]
    assert (first["method"], first["rate"], first["n_seen"]) == ("complete cases", known.mean(), len(known))
    assert len(tables.visits) == 12
    if method == "none":
        assert len(tables.rates) == 1
        assert problems == ()
    else:
        own = tables.rates.iloc[tables.rates["method"].tolist().index(method)]
        truth = persistent(one.complete).mean()
        assert own["ci_low"] < truth < own["ci_high"]
        assert own["rate"] > first["rate"]
    if method == "imputation":
        assert tables.rates["delta"].tolist() == [0, -2, -1, 0, 1, 2]
        assert codes(problems) == ["CL378"]
        assert len(tables.imputed) == 5


def test_where_nobody_was_lost_all_rates_are_the_same(one):
    seen = pd.DataFrame(True, index=one.people.index, columns=VISITS)
    for method in ("weights", "imputation"):
        tables, problems = attrition_tables(
            one.people, seen, settings(method), ratings=one.complete, outcome=persistent
        )
        assert codes(problems) == ["CL373"]
        assert tables.rates["rate"].tolist() == pytest.approx([persistent(one.complete).mean()] * 2)
        width = tables.rates["ci_high"] - tables.rates["ci_low"]
        assert width[0] == pytest.approx(width[1], rel=0.02)


@pytest.mark.parametrize("method", ["weights", "imputation"])
def test_a_site_that_lost_everybody_is_set_aside_by_name(one, method):
    observed = one.observed.copy()
    observed.loc[one.people["site"] == "south", "month 6"] = False
    tables, problems = attrition_tables(
        one.people, observed, settings(method, delta=()), ratings=one.ratings, outcome=persistent
    )
    aside = [item for item in problems if item.code == "CL374"]
    n = int((one.people["site"] == "south").sum())
    assert len(aside) == n
    assert "site south" in aside[0].found
    assert (tables.rates["n"] == 300 - n).all()
    assert tables.visits["n_expected"].max() == 300  # they are described all the same


def test_refusals_become_problems_with_a_remedy_and_complete_cases_stay(one):
    single = one.observed.copy()
    single[:] = True
    single.iloc[0, 2] = False
    cases = [
        (one.people.assign(bdi=np.nan), one.observed, {"covariates": ("bdi",)}, "nobody has a value of bdi"),
        (one.people, single, {}, "one person was lost at month 6"),
        (
            one.people.assign(twin=one.people["age"] * 2),
            one.observed,
            {"covariates": ("age", "twin")},
            "repeat",
        ),
    ]
    for people, observed, more, words in cases:
        tables, problems = attrition_tables(
            people, observed, settings("weights", **more), ratings=one.complete, outcome=persistent
        )
        (refused,) = [item for item in problems if item.code == "CL375"]
        assert words in refused.found
        assert "name fewer covariates" in refused.remedy
        assert tables.rates["method"].tolist() == ["complete cases"]


def test_notes_name_separation_constants_returns_gaps_and_visits_not_due(one):
    observed = one.observed.astype(object)
    came_back = observed.index[(~one.observed["week 6"]).to_numpy()][0]
    observed.loc[came_back, "month 6"] = True
    ratings = one.ratings.copy()
    ratings.loc[came_back, "month 6"] = 4.0
    others = [name for name in observed.index if name != came_back]
    observed.loc[others[0], "month 6"] = None
    people = one.people.assign(same=1.0, told=one.observed["week 6"].map({True: 1.0, False: -1.0}))
    people.loc[others[1], "age"] = np.nan
    _, problems = attrition_tables(
        people,
        observed,
        settings("weights", covariates=("age", "same", "told")),
        ratings=ratings,
        outcome=persistent,
    )
    found = {item.code: item for item in problems}
    assert {"CL308", "CL310", "CL376", "CL379"} <= set(found)
    assert found["CL379"].participant_id == came_back
    assert found["CL308"].participant_id == others[0]
    assert found["CL310"].participant_id == others[1]
    notes = " ".join(item.found for item in problems if item.code == "CL376")
    assert "same does not vary" in notes
    assert "told tells perfectly" in notes


def test_weights_that_rest_on_few_people_are_said():
    rng = np.random.default_rng(9)
    n = 400
    score = rng.normal(0, 1, n)
    people = pd.DataFrame({"score": score, "site": "x"})
    seen = rng.random(n) < 1 / (1 + np.exp(2.5 * score))
    observed = pd.DataFrame({"baseline": True, "month 6": seen})
    ratings = pd.DataFrame({"baseline": 5.0 + rng.integers(0, 4, n), "month 6": rng.integers(0, 10, n) + 0.0})
    _, problems = attrition_tables(
        people, observed, settings("weights", covariates=("score",)), ratings=ratings, outcome=persistent
    )
    assert "CL377" in codes(problems)


def test_an_outcome_that_some_people_seen_do_not_have_is_of_the_others(one):
    def floored(ratings: pd.DataFrame) -> pd.Series:
        return persistent(ratings).where(ratings["baseline"] >= 4)

    defined = one.complete["baseline"] >= 4
    for method in ("weights", "imputation"):
        tables, _ = attrition_tables(
            one.people, one.observed, settings(method, delta=()), ratings=one.ratings, outcome=floored
        )
        own = tables.rates.set_index("method").loc[method]
        truth = persistent(one.complete)[defined].mean()
        assert own["ci_low"] < truth < own["ci_high"]


def test_people_whose_site_is_not_known_are_set_aside_unless_it_is_nobodys(one):
    some = one.people.assign(site=one.people["site"].where(np.arange(300) > 4, "n/a"))
    nobody = one.people.assign(site=np.nan)
    for method in ("weights", "imputation"):
        tables, problems = attrition_tables(
            some, one.observed, settings(method, delta=()), ratings=one.ratings, outcome=persistent
        )
        assert [item.participant_id for item in problems if item.code == "CL310"] == list(some.index[:5])
        assert tables.rates["n"].tolist() == [295, 295]
        assert "n/a" in set(tables.visits["site"])
        tables, problems = attrition_tables(
            nobody, one.observed, settings(method, delta=()), ratings=one.ratings, outcome=persistent
        )
        assert tables.rates["n"].tolist() == [300, 300]
        assert set(codes(problems)) <= {"CL378"}


def test_infinite_ratings_are_refused(one):
    ratings = one.ratings.copy()
    ratings.iloc[3, 0] = np.inf
    with pytest.raises(ModelError, match="infinite"):
        attrition_tables(one.people, one.observed, settings("none"), ratings=ratings, outcome=persistent)
    with pytest.raises(ModelError, match="infinite"):
        ObservationWeights().fit(one.people, one.observed, ratings)


def test_settings_that_contradict_each_other_are_refused():
    for wrong in (
        {"scale": (10.0, 0.0)},
        {"covariates": ("age", "age")},
        {"site": None, "by_site": True},
        {"truncation": 20.0},
        {"method": "guess"},
    ):
        with pytest.raises(SettingsError):
            AttritionSettings.from_mapping(wrong)


def test_rates_need_the_outcome_and_the_visits(one):
    with pytest.raises(ModelError, match="function that makes the outcome"):
        attrition_tables(one.people, one.observed, settings("none"), ratings=one.ratings)
    with pytest.raises(ModelError, match="no column for month 6"):
        attrition_tables(
            one.people, one.observed, settings("none"), ratings=one.ratings[VISITS[:2]], outcome=persistent
        )
