from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from stats.attrition_studies import VISITS, Study, persistent, study

from corticolimbic.stats import ModelError, ObservationWeights, effective_size, expected_visits, weighted_mean


@pytest.fixture(scope="module")
def one() -> Study:
    return study(300, np.random.default_rng(2026112510))


@pytest.fixture(scope="module")
def small() -> Study:
    return study(100, np.random.default_rng(2026112512))


@pytest.fixture(scope="module")
def fitted(one) -> ObservationWeights:
    return ObservationWeights(("age",), "site").fit(one.people, one.observed, one.ratings)


def rate_of(one: Study, case_weights: np.ndarray) -> float:
    """The weighted rate by statsmodels, people counted several times or in parts."""
    level = pd.get_dummies(one.people["site"]).to_numpy(dtype=float)[:, 1:]
    first = np.column_stack([np.ones(len(level)), one.people["age"], level, one.ratings["baseline"]])
    probability = np.ones(len(level))
    for visit, before in (("week 6", "baseline"), ("month 6", "week 6")):
        at = one.observed[before].to_numpy()
        matrix = first if visit == "week 6" else np.column_stack([first, one.ratings["week 6"].fillna(0)])
        model = sm.GLM(
            one.observed.loc[at, visit].astype(float).to_numpy(),
            matrix[at],
            family=sm.families.Binomial(),
            freq_weights=case_weights[at],
        )
        probability[at] *= model.fit(tol=1e-14, maxiter=100).predict(matrix[at])
    values = persistent(one.ratings).to_numpy()
    seen = ~np.isnan(values)
    weights = (case_weights / probability)[seen]
    return float(weights @ values[seen] / weights.sum())


def test_the_weighted_rate_equals_that_by_statsmodels(one, fitted):
    found = weighted_mean(persistent(one.ratings), fitted)
    assert found.estimate == pytest.approx(rate_of(one, np.ones(300)), abs=1e-9)


def test_the_sandwich_is_the_infinitesimal_jackknife(small):
    # How the whole estimate, models of the weights included, moves as one person counts a little more.
    step, n = 1e-4, len(small.people)
    influence = []
    for person in range(n):
        up, down = np.ones(n), np.ones(n)
        up[person] += step
        down[person] -= step
        influence.append((rate_of(small, up) - rate_of(small, down)) / (2 * step))
    expected = np.sqrt(n / (n - 1) * np.square(influence).sum())
    fitted = ObservationWeights(("age",), "site").fit(small.people, small.observed, small.ratings)
    found = weighted_mean(persistent(small.ratings), fitted, standard_errors="sandwich")
    assert found.se == pytest.approx(expected, rel=1e-5)
    assert abs(found.known_weights_se / expected - 1) > 0.02  # weights taken as known are another thing


def test_the_jackknife_by_one_step_is_near_that_by_refitting(small):
    values, n = persistent(small.ratings), len(small.people)
    fitted = ObservationWeights(("age",), "site").fit(small.people, small.observed, small.ratings)
    means = []
    for person in small.people.index:
        rest = [table.drop(person) for table in (small.people, small.observed, small.ratings)]
        weights = ObservationWeights(("age",), "site").fit(*rest).weights_
        means.append((weights * values).sum() / weights.sum())
    expected = np.sqrt((n - 1) / n * np.square(np.array(means) - np.mean(means)).sum())
    assert weighted_mean(values, fitted).se == pytest.approx(expected, rel=0.02)


def test_both_errors_are_near_the_bootstrap():
    n = 900
    large = study(n, np.random.default_rng(2026112513))
    fitted = ObservationWeights(("age",), "site").fit(large.people, large.observed, large.ratings)
    rng = np.random.default_rng(2026112511)
    values = persistent(large.ratings)
    rates = []
    for _ in range(80):
        at = rng.integers(n, size=n)
        drawn = [table.iloc[at].set_axis(range(n)) for table in (large.people, large.observed, large.ratings)]
        weights = ObservationWeights(("age",), "site").fit(*drawn).weights_
        rates.append((weights * values.iloc[at].set_axis(range(n))).sum() / weights.sum())
    bootstrap = np.std(rates, ddof=1)  # known to 8 %
    for errors in ("jackknife", "sandwich"):
        assert weighted_mean(values, fitted, standard_errors=errors).se == pytest.approx(bootstrap, rel=0.2)


def test_leaving_one_out_does_not_depend_on_the_chunk(fitted):
    whole = np.concatenate([weights for _, weights in fitted.leave_one_out(1000)])
    parts = np.concatenate([weights for _, weights in fitted.leave_one_out(7)])
    np.testing.assert_array_equal(whole, parts)
    assert (np.diag(whole) == 0).all()


def test_stabilising_changes_the_scale_and_no_mean(one, fitted):
    plain = ObservationWeights(("age",), "site", stabilised=False).fit(one.people, one.observed, one.ratings)
    ratio = fitted.weights_ / plain.weights_
    assert ratio.max() == pytest.approx(ratio.min())
    assert fitted.weights_.mean() == pytest.approx(1, abs=0.1)
    assert plain.weights_.sum() == pytest.approx(300, rel=0.1)  # they stand for everybody
    for errors in ("jackknife", "sandwich"):
        left, right = (
            weighted_mean(persistent(one.ratings), weights, standard_errors=errors)
            for weights in (fitted, plain)
        )
        assert left.estimate == pytest.approx(right.estimate)
        assert left.se == pytest.approx(right.se)


def test_order_of_people_does_not_matter(one, fitted):
    turned = one.people.iloc[::-1]
    again = ObservationWeights(("age",), "site").fit(
        turned, one.observed, one.ratings.sample(frac=1, random_state=1)
    )
    pd.testing.assert_series_equal(again.weights_.sort_index(), fitted.weights_.sort_index())


def test_weights_are_applied_to_people_of_another_fold(one):
    train, test = one.people.index[:200], one.people.index[200:]
    fitted = ObservationWeights(("age",), "site").fit(
        *(t.loc[train] for t in (one.people, one.observed, one.ratings))
    )
    held = [table.loc[test] for table in (one.people, one.observed, one.ratings)]
    found = fitted.transform(*held)
    assert found.index.equals(test)
    assert (found.notna() == one.observed.loc[test, "month 6"]).all()
    # Nothing of the held-out people leaks into the models: their weights do not depend on each other.
    alone = fitted.transform(*(table.iloc[[0]] for table in held))
    pd.testing.assert_series_equal(alone, found.iloc[[0]])
    with pytest.raises(ModelError, match="level east"):
        fitted.transform(held[0].assign(site="east"), *held[1:])
    with pytest.raises(ModelError, match="learnt with ratings"):
        fitted.transform(*held[:2])


def test_truncation_cuts_large_weights_off(one):
    found = ObservationWeights(("age",), "site", truncation=90.0).fit(one.people, one.observed, one.ratings)
    assert found.truncated_ == pytest.approx(0.1 * found.weights_.notna().sum(), abs=1)
    assert found.weights_.max() == found.limit_
    free = ObservationWeights(("age",), "site").fit(one.people, one.observed, one.ratings)
    assert found.effective_ > free.effective_
    assert weighted_mean(persistent(one.ratings), found).se < weighted_mean(persistent(one.ratings), free).se
    with pytest.raises(ModelError, match="percentile"):
        ObservationWeights(truncation=20.0).fit(one.people, one.observed)


def test_where_nobody_was_lost_every_weight_is_one_and_the_error_is_the_plain_one(one):
    observed = pd.DataFrame(True, index=one.people.index, columns=VISITS)
    fitted = ObservationWeights(("age",), "site").fit(one.people, observed, one.complete)
    assert (fitted.weights_ == 1).all()
    values = one.complete["month 6"]
    for errors in ("jackknife", "sandwich"):
        found = weighted_mean(values, fitted, standard_errors=errors)
        assert found.estimate == pytest.approx(values.mean())
        assert found.se == pytest.approx(values.sem(), rel=1e-6)
        assert found.effective == pytest.approx(300)


def test_a_share_of_nothing_has_wilsons_interval(fitted, one):
    found = weighted_mean(persistent(one.ratings) * 0, fitted)
    assert (found.estimate, found.se, found.ci_low) == (0, 0, 0)
    assert 0.01 < found.ci_high < 0.06


def test_people_who_came_back_and_visits_not_due_are_named():
    rng = np.random.default_rng(5)
    n = 200
    people = pd.DataFrame({"age": rng.normal(40, 10, n)}, index=[f"sub-{i}" for i in range(n)])
    seen = rng.random((n, 2)) < 0.7
    observed = pd.DataFrame(seen, index=people.index, columns=["a", "b"]).astype(object)
    observed.iloc[0] = [False, True]
    observed.iloc[1] = [True, None]
    people.loc["sub-2", "age"] = np.nan
    fitted = ObservationWeights(("age",)).fit(people, observed)
    assert "sub-0" in fitted.returned_
    assert fitted.not_due_ == ("sub-1",)
    assert fitted.missing_ == ("sub-2",)
    assert fitted.weights_[["sub-0", "sub-1", "sub-2"]].isna().all()
    assert len(fitted.people_) == n - 2


def people_and_visits(lost: int, n: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(6)
    people = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "sex": rng.choice(["F", "M"], n),
            "site": np.repeat(["x", "y", "z"], n // 3),
        }
    )
    observed = pd.DataFrame({"baseline": True, "later": rng.permutation(np.arange(n) >= lost)})
    return people, observed


def test_few_lost_are_refused_with_a_remedy():
    with pytest.raises(ModelError, match="one person was lost at later"):
        ObservationWeights(("age",)).fit(*people_and_visits(1))
    with pytest.raises(
        ModelError, match=r"3 people were lost at later, and its model has 5 columns .* fewer"
    ):
        ObservationWeights(("age", "sex"), "site").fit(*people_and_visits(3))
    with pytest.raises(ModelError, match="3 people were seen at later"):
        ObservationWeights(("age", "sex", "site")).fit(*people_and_visits(57))
    with pytest.raises(ModelError, match="nobody was seen"):
        ObservationWeights(("age",)).fit(*people_and_visits(60))


def test_covariates_that_cannot_help_are_refused_or_set_aside():
    people, observed = people_and_visits(20)
    with pytest.raises(ModelError, match="nobody has a value of bdi"):
        ObservationWeights(("bdi",)).fit(people.assign(bdi=np.nan), observed)
    with pytest.raises(ModelError, match="repeat each other"):
        ObservationWeights(("age", "months")).fit(people.assign(months=people["age"] * 12), observed)
    with pytest.raises(ModelError, match="no column 'height'"):
        ObservationWeights(("height",)).fit(people, observed)
    with pytest.raises(ModelError, match="more than once"):
        ObservationWeights(("age", "age")).fit(people, observed)
    fitted = ObservationWeights(("age", "one")).fit(people.assign(one=1.0), observed)
    assert fitted.constant_ == ("one",)
    assert fitted.models_[1].columns == ("intercept", "age")


def test_a_site_that_lost_everybody_is_refused_and_one_that_lost_nobody_is_not():
    people, observed = people_and_visits(20)
    gone = observed.copy()
    gone.loc[people["site"] == "x", "later"] = False
    with pytest.raises(ModelError, match="nobody was seen to the end at site x"):
        ObservationWeights((), "site").fit(people, gone)
    kept = observed.copy()
    kept.loc[people["site"] == "x", "later"] = True
    fitted = ObservationWeights((), "site").fit(people, kept)
    assert len(fitted.separation_) == 1
    assert "site[" in fitted.separation_[0]
    assert fitted.weights_[people["site"] == "x"].max() < fitted.weights_[people["site"] != "x"].min()


def test_perfect_separation_is_said():
    people, observed = people_and_visits(20)
    told = people.assign(score=np.where(observed["later"], 1.0, -1.0) * (1 + people["age"] / 100))
    fitted = ObservationWeights(("score",)).fit(told, observed)
    assert fitted.separation_[0].startswith("later: score tells perfectly")
    assert np.isfinite(fitted.weights_.dropna()).all()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pd.DataFrame({"a": ["yes", "no"]}), "has 'yes' at a"),
        (pd.DataFrame({"a": [1, 2]}), "has '2' at a"),
        (pd.DataFrame({"a": [True, False]}, index=["p", "p"]), "people stand more than once"),
        (pd.DataFrame(), "empty"),
        (pd.DataFrame([[True, True]], columns=["a", "a"]), "visits stand more than once"),
    ],
)
def test_tables_of_visits_that_are_none_are_refused(table, words):
    with pytest.raises(ModelError, match=words):
        expected_visits(table)


def test_people_without_a_row_of_visits_are_refused(one):
    with pytest.raises(ModelError, match="no row for sub-00000"):
        ObservationWeights().fit(one.people, one.observed.iloc[1:])


def test_names_may_be_chinese_and_visits_numbers():
    people, observed = people_and_visits(20)
    people = people.rename(columns={"age": "年龄", "site": "医院"}).set_axis([f"病人{i}" for i in range(60)])
    observed = observed.set_axis([0, 6], axis=1).set_axis(people.index)
    fitted = ObservationWeights(("年龄",), "医院").fit(people, observed)
    assert fitted.visits_ == ("0", "6")
    assert fitted.weights_.notna().sum() == 40


def test_effective_size_is_kishs():
    assert effective_size(np.ones(7)) == 7
    assert effective_size(np.array([3.0, 1.0, np.nan])) == pytest.approx(16 / 10)
    assert effective_size(np.array([np.nan])) == 0
