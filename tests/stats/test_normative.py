"""Normative z: closed forms, statsmodels' REML, coverage under known truth, and people it cannot score."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from corticolimbic.stats import ModelError, NormativeModel, StoredEstimator
from corticolimbic.stats._shrunken_regression import FLAT, posterior, shrunken_regression


def cohort(
    rng: np.random.Generator, n: int, features: int = 3, sites: int = 6, prefix: str = "sub"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return people and features: a bent curve of age, sex, normal site offsets of SD 0.5, noise of SD 1."""
    index = pd.Index([f"{prefix}-{at:04d}" for at in range(n)])
    people = pd.DataFrame(
        {
            "age": rng.uniform(20, 70, n),
            "sex": rng.choice(["F", "M"], n),
            "site": [f"site-{at % sites}" for at in range(n)],
        },
        index=index,
    )
    offsets = rng.normal(0, 0.5, (sites, features))
    curve = 2 * np.sin(people["age"].to_numpy() / 15)[:, None]
    values = curve + 0.4 * (people["sex"] == "M").to_numpy()[:, None] + offsets[np.arange(n) % sites]
    values = values + rng.normal(size=(n, features))
    return people, pd.DataFrame(values, index=index, columns=[f"f{at}" for at in range(features)])


def test_known_variances_give_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(2, 30))
    y[1, 3] = np.nan
    noise, precision = rng.uniform(0.5, 2, (2, 30)), np.array([[FLAT, 2.0, 2.0, 5.0]] * 2)
    mean, covariance = posterior(y, x, noise, precision)
    for feature in range(2):
        known = np.isfinite(y[feature])
        weight = np.diag(1 / noise[feature, known])
        expected = np.linalg.inv(x[known].T @ weight @ x[known] + np.diag(precision[feature]))
        np.testing.assert_allclose(covariance[feature], expected, rtol=1e-9)
        np.testing.assert_allclose(
            mean[feature], expected @ x[known].T @ weight @ y[feature, known], rtol=1e-8
        )


def test_site_variance_and_noise_are_those_of_statsmodels_reml() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    people, values = cohort(rng, 240)
    site = pd.get_dummies(people["site"]).to_numpy(dtype=float)
    x = np.column_stack([np.ones(240), (people["age"] - 45) / 15])
    matrix, groups = np.concatenate([x, site], axis=1), np.array([-1, -1] + [0] * 6)
    y = values.to_numpy().T
    mine = shrunken_regression(y, matrix, groups, None)
    for feature in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = sm.MixedLM(y[feature], x, people["site"]).fit(reml=True)
        np.testing.assert_allclose(mine.variance[feature], peer.scale, rtol=1e-3)
        np.testing.assert_allclose(mine.prior[feature, 0], peer.cov_re[0, 0], rtol=1e-2)
        np.testing.assert_allclose(mine.mean[feature, :2], peer.fe_params, rtol=2e-3, atol=1e-4)


def test_a_variance_that_grows_with_age_is_found() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=3000)
    y = rng.normal(size=(4, 3000)) * np.exp(0.5 * (0.2 + 0.6 * a))
    found = shrunken_regression(y, np.column_stack([np.ones(3000), a]), np.array([-1, -1]), a)
    assert found.converged.all()
    # The growth's standard error is root(2 / 3000) = 0.026: four of them.
    np.testing.assert_allclose(found.growth, 0.6, atol=0.104)
    np.testing.assert_allclose(np.log(found.variance), 0.2, atol=0.104)


def test_members_are_scored_as_if_they_had_been_left_out() -> None:
    rng = np.random.default_rng(4)
    people, values = cohort(rng, 90)
    values.iloc[5, 1] = np.nan
    fitted = NormativeModel(heteroscedastic=True).fit(values, people)
    scored = fitted.transform(values, people)
    fit = fitted.posterior_
    precision = np.where(fitted._groups() < 0, FLAT, 1 / fit.prior[:, fitted._groups()])
    for row in (0, 41):
        rest = np.delete(np.arange(90), row)
        mean, covariance = posterior(
            fitted._values[:, rest], fitted._matrix[rest], fit.noise(fitted._scale[rest]), precision
        )
        x, y = fitted._matrix[row], fitted._values[:, row]
        total = np.sqrt(fit.noise(fitted._scale[row : row + 1])[:, 0] + x @ covariance @ x)
        np.testing.assert_allclose(scored.z.iloc[row], (y - mean @ x) / total, rtol=1e-6)


def test_new_people_stand_where_the_truth_puts_them_and_an_unseen_site_is_wider() -> None:
    rng = np.random.default_rng(5)
    people, values = cohort(rng, 600, features=40, sites=12)
    held = (people["site"] == "site-11").to_numpy()
    fitted = NormativeModel().fit(values[~held], people[~held])
    known, new = fitted.transform(values[~held], people[~held]), fitted.transform(values[held], people[held])
    assert set(new.unseen) == set(people.index[held])
    assert known.unseen == ()
    assert (new.ignorance.mean() > 3 * known.ignorance.mean()).all()
    assert (new.se.mean() > known.se.mean()).all()
    # 22,000 z of known sites: mean 0 and SD 1 within 4 standard errors, PIT uniform in tenths.
    assert abs(float(known.z.to_numpy().std()) - 1) < 4 / np.sqrt(2 * known.z.size)
    share = np.histogram(known.pit.to_numpy().ravel(), 10, (0, 1))[0] / known.pit.size
    np.testing.assert_allclose(share, 0.1, atol=0.012)
    assert 0.85 < float(new.z.to_numpy().std()) < 1.15


def test_refused_people_have_a_reason_and_move_nobody() -> None:
    rng = np.random.default_rng(6)
    people, values = cohort(rng, 120)
    fitted = NormativeModel().fit(values, people)
    asked = people.iloc[:5].copy()
    asked.index = pd.Index(["甲", "b", "c", "d", "e"])
    cells = values.iloc[:5].set_axis(asked.index)
    whole = fitted.transform(cells, asked)
    asked.loc["甲", "age"] = np.nan
    asked.loc["b", "sex"] = "other"
    asked.loc["c", "site"] = ""
    cells.loc["d", "f0"] = np.inf
    scored = fitted.transform(cells, asked)
    assert set(scored.reasons) == {"甲", "b", "c"}
    assert scored.z.loc[["甲", "b", "c"]].isna().all().all()
    assert np.isnan(scored.z.loc["d", "f0"])
    pd.testing.assert_series_equal(scored.z.loc["e"], whole.z.loc["e"])
    few = people[people["site"].isin(["site-0", "site-1"])]
    two = NormativeModel().fit(values.loc[few.index], few)
    assert "too few" in two.transform(values.tail(1), people.tail(1)).reasons[people.index[-1]]


def test_features_that_cannot_be_fitted_are_named() -> None:
    rng = np.random.default_rng(7)
    people, values = cohort(rng, 60)
    alone = NormativeModel().fit(values, people)
    values["constant"], values["rare"] = 3.0, np.where(np.arange(60) < 5, rng.normal(size=60), np.nan)
    fitted = NormativeModel().fit(values, people)
    assert set(fitted.refused_) == {"constant", "rare"}
    scored = fitted.transform(values, people)
    assert scored.z[["constant", "rare"]].isna().all().all()
    pd.testing.assert_frame_equal(
        scored.z[["f0", "f1", "f2"]], alone.transform(values, people).z[["f0", "f1", "f2"]]
    )
    one = NormativeModel().fit(values.head(1), people.head(1))
    assert one.features_ == ()
    assert one.transform(values, people).z.isna().all().all()
    with pytest.raises(ModelError, match="no column"):
        NormativeModel(covariates=("icv",)).fit(values, people)
    with pytest.raises(ModelError, match="nobody"):
        NormativeModel().fit(values.head(0), people.head(0))


def test_rows_are_joined_by_key_and_what_is_written_down_scores_alike() -> None:
    rng = np.random.default_rng(8)
    people, values = cohort(rng, 100)
    fitted = NormativeModel().fit(values, people)
    expected = fitted.transform(values, people).z
    order = rng.permutation(100)
    other = NormativeModel().fit(values.iloc[order], people)
    assert other.reference_id_ == fitted.reference_id_
    pd.testing.assert_frame_equal(other.transform(values, people.iloc[order]).z, expected, rtol=1e-6)
    plain = fitted.to_plain()
    again = NormativeModel.from_plain(StoredEstimator(json.loads(json.dumps(plain.model)), plain.arrays))
    pd.testing.assert_frame_equal(again.transform(values, people).z, expected)
    bare = fitted.to_plain(with_people=False)
    assert "sub-0001" not in json.dumps(bare.model)
    assert not {"values", "matrix"} & set(bare.arrays)
    new, cells = (
        people.set_axis([f"new-{at}" for at in range(100)]),
        values.set_axis([f"new-{at}" for at in range(100)]),
    )
    pd.testing.assert_frame_equal(
        NormativeModel.from_plain(bare).transform(cells, new).z, fitted.transform(cells, new).z
    )


@pytest.mark.slow
def test_coverage_of_new_people_over_a_thousand_cohorts() -> None:
    """METHODS M-9: 90 % and 95 % intervals of one new person a cohort, 1,000 cohorts, binomial 99 % bands."""
    rng = np.random.default_rng(20261125)
    inside = np.zeros((1000, 2), dtype=bool)
    for at in range(1000):
        people, values = cohort(rng, 101, features=1, sites=5)
        fitted = NormativeModel().fit(values.iloc[:100], people.iloc[:100])
        pit = float(fitted.transform(values.iloc[100:], people.iloc[100:]).pit.iloc[0, 0])
        inside[at] = abs(pit - 0.5) < 0.45, abs(pit - 0.5) < 0.475
    # Two quantities, Holm: the smaller p against 0.005.
    p = [stats.binomtest(int(inside[:, k].sum()), 1000, level).pvalue for k, level in enumerate((0.9, 0.95))]
    print(inside.mean(axis=0), p)
    assert min(p) > 0.005
