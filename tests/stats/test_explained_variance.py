"""Partial eta squared, semi-partial r, standardised slopes and differences of mixed models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.oneway import confint_noncentrality

from corticolimbic.stats import (
    ModelError,
    mixed_effect_size,
    mixed_model,
    partial_eta_squared,
    semipartial_r,
    standardised_slope,
    visit_design,
)


def mixture(f: float, df1: int, df2: int, noncentrality: float) -> float:
    """P(F <= f) of the noncentral F from its definition: betas, mixed by a Poisson."""
    k = np.arange(3_000)
    share = stats.poisson.pmf(k, noncentrality / 2)
    return float(share @ stats.beta.cdf(df1 * f / (df1 * f + df2), df1 / 2 + k, df2 / 2))


@pytest.mark.parametrize(("f", "df1", "df2"), [(11.221, 1, 98), (4.3, 3, 60), (1.1, 4, 20), (250.0, 2, 30)])
def test_eta_interval_is_statsmodels_noncentrality(f, df1, df2):
    eta, low, high = partial_eta_squared(np.array([f]), df1, df2, level=0.9)
    ends = confint_noncentrality(f, (df1, df2), alpha=0.1)
    wanted = [max(end, 0) / (max(end, 0) + df1 + df2 + 1) for end in ends]
    np.testing.assert_allclose([low[0], high[0]], wanted, rtol=2e-4, atol=1e-8)  # as near as theirs come
    for end, probability in ((low[0], 0.95), (high[0], 0.05)):
        if end > 0:
            mean = end / (1 - end) * (df1 + df2 + 1)
            assert mixture(f, df1, df2, mean) == pytest.approx(probability, abs=1e-9)
    assert eta[0] == pytest.approx(f * df1 / (f * df1 + df2))


def test_eta_interval_touches_zero_just_where_the_test_does():
    critical = stats.f.ppf(0.95, 1, 40)
    _, low, _ = partial_eta_squared(np.array([critical * 0.999, critical * 1.001, 0.0, np.nan]), 1, 40, 0.9)
    assert low[0] == 0
    assert low[1] > 0
    assert low[2] == 0
    assert np.isnan(low[3])


def test_eta_is_the_share_of_what_the_others_leave():
    rng = np.random.default_rng(1)
    group, age = rng.integers(0, 3, 90), rng.normal(size=90)
    y = rng.normal(size=90) + 0.4 * group + age
    small = sm.OLS(y, sm.add_constant(age)).fit()
    large = sm.OLS(y, np.column_stack([np.ones(90), age, group == 1, group == 2])).fit()
    f, _, df = large.compare_f_test(small)
    eta, _, _ = partial_eta_squared(np.array([f]), int(df), int(large.df_resid))
    assert eta[0] == pytest.approx((small.ssr - large.ssr) / small.ssr)


def test_semipartial_r_is_the_root_of_the_gain():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(80, 3)) + rng.normal(size=(80, 1))
    y = x @ [-0.4, 0.2, 0.3] + rng.normal(size=80)
    full = sm.OLS(y, sm.add_constant(x)).fit()
    less = sm.OLS(y, sm.add_constant(x[:, 1:])).fit()
    r, low, high = semipartial_r(full.tvalues[1:2], np.array([full.rsquared]), 80, int(full.df_resid))
    assert r[0] == pytest.approx(-np.sqrt(full.rsquared - less.rsquared))
    left = x[:, 0] - sm.OLS(x[:, 0], sm.add_constant(x[:, 1:])).fit().fittedvalues
    assert r[0] == pytest.approx(np.corrcoef(left, y)[0, 1])
    assert low[0] < r[0] < high[0]


def test_semipartial_r_alone_has_the_error_of_a_correlation():
    r, low, high = semipartial_r(np.array([2.0]), np.array([4 / 102]), 100, 98)
    assert r[0] == pytest.approx(np.sqrt(4 / 102))
    assert (high[0] - low[0]) / 2 == pytest.approx(1.959964 * (1 - r[0] ** 2) / 10, rel=1e-6)


def numeric_error(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Standard errors of standardised slopes from the gradient in all covariances, for n = 1."""
    both = np.cov(np.column_stack([x, y]), rowvar=False)
    size = len(both)
    pairs = [(i, j) for i in range(size) for j in range(i, size)]

    def slopes(c: np.ndarray) -> np.ndarray:
        return np.linalg.solve(c[:-1, :-1], c[:-1, -1]) * np.sqrt(np.diag(c)[:-1] / c[-1, -1])

    gradient = []
    for i, j in pairs:
        step = np.zeros_like(both)
        step[i, j] = step[j, i] = 1e-5
        gradient.append((slopes(both + step) - slopes(both - step)) / 2e-5)
    omega = [[both[i, k] * both[j, m] + both[i, m] * both[j, k] for k, m in pairs] for i, j in pairs]
    return np.sqrt(np.einsum("aj,ab,bj->j", np.array(gradient), np.array(omega), np.array(gradient)))


def test_standardised_slope_error_is_the_delta_method_taken_numerically():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4_000, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 2.0]])
    y = x @ [0.5, -0.3, 0.1] + rng.normal(size=4_000)
    beta, low, high = standardised_slope(y, x)
    z = sm.OLS(stats.zscore(y), stats.zscore(x)).fit().params
    np.testing.assert_allclose(beta, z, rtol=1e-9)
    half = (high - low) / 2 / stats.t.ppf(0.975, 3_996)
    np.testing.assert_allclose(half * np.sqrt(3_997), numeric_error(y, x), rtol=1e-3)


def test_one_standardised_slope_is_the_correlation():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(60, 1))
    y = 0.5 * x[:, 0] + rng.normal(size=60)
    beta, _, _ = standardised_slope(y, x)
    assert beta[0] == pytest.approx(np.corrcoef(x[:, 0], y)[0, 1])
    scaled, _, _ = standardised_slope(1e3 * y + 7, 1e-3 * x)
    assert scaled[0] == pytest.approx(beta[0])


def visits(sizes: np.ndarray, *, slopes: bool, seed: int = 1) -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(sizes.size), sizes)
    year = np.concatenate([np.arange(size) for size in sizes]) * 1.0
    table = pd.DataFrame({"person": person, "year": year, "group": person % 2})
    model = visit_design(table, "person", "year", ("group", "year", "group:year"))
    values = 1.5 * rng.normal(size=(sizes.size, 3))[model.person] + rng.normal(size=(len(person), 3))
    if slopes:
        values += 0.7 * rng.normal(size=(sizes.size, 3))[model.person] * model.time[:, None]
    return model, values


def test_difference_of_equal_visits_has_the_closed_form():
    model, values = visits(np.full(40, 3), slopes=False)
    fit = mixed_model(values, model)
    found = mixed_effect_size(fit, values, model, "group[1]")
    residual, between = fit.residual_sd**2, fit.intercept_sd**2
    sd = np.sqrt(residual + between)
    # S^2 = MSB / 3 + 2 MSW / 3, whose mean squares are independent with 40 and 80 degrees of freedom.
    spread = 2 * (residual + 3 * between) ** 2 / (40 * 9) + (2 / 3) ** 2 * 2 * residual**2 / 80
    row = fit.row("group[1]")
    d = fit.estimate[row] / sd
    np.testing.assert_allclose(found.value, d)
    np.testing.assert_allclose(found.se, np.sqrt((fit.se[row] / sd) ** 2 + d**2 * spread / (4 * sd**4)))
    half = stats.t.ppf(0.975, fit.df[row]) * found.se
    np.testing.assert_allclose(found.high - found.value, half)
    np.testing.assert_allclose(found.sd, sd)


@pytest.mark.parametrize("slopes", [False, True])
def test_uncertainty_of_the_sd_is_that_of_the_dense_information(slopes):
    model, values = visits(np.array([2, 3, 4, 5] * 8), slopes=slopes)
    fit = mixed_model(values, model, random="intercept and slope" if slopes else "intercept")
    found = mixed_effect_size(fit, values, model, "group[1]:year")
    same = (model.person[:, None] == model.person) * 1.0
    parts = [np.eye(len(same)), same]
    if slopes:
        parts += [same * (model.time[:, None] + model.time), same * np.outer(model.time, model.time)]
    row = fit.row("group[1]:year")
    for feature in range(3):
        sizes = [fit.residual_sd[feature] ** 2, fit.intercept_sd[feature] ** 2]
        if slopes:
            both = fit.correlation[feature] * fit.intercept_sd[feature] * fit.slope_sd[feature]
            sizes += [both, fit.slope_sd[feature] ** 2]
        inverse = np.linalg.inv(sum(size * part for size, part in zip(sizes, parts, strict=True)))
        solved = [inverse @ part for part in parts]
        information = np.array([[np.trace(a @ b) / 2 for b in solved] for a in solved])
        spread = np.linalg.inv(information)[:2, :2].sum()
        total = sizes[0] + sizes[1]
        d = fit.estimate[row, feature] / np.sqrt(total)
        wanted = np.sqrt(fit.se[row, feature] ** 2 / total + d**2 * spread / (4 * total**2))
        assert found.se[feature] == pytest.approx(wanted, rel=1e-6)


def test_features_without_a_result_stay_without_and_gaps_are_used_as_they_are():
    model, values = visits(np.full(40, 3), slopes=False)
    values[:, 0] = 2.0
    values[7, 1] = np.nan
    fit = mixed_model(values, model)
    found = mixed_effect_size(fit, values, model, "group[1]")
    assert np.isnan(found.value).tolist() == [True, False, False]
    with pytest.raises(ModelError, match="other values"):
        mixed_effect_size(fit, values[:, :2], model, "group[1]")
    with pytest.raises(KeyError):
        mixed_effect_size(fit, values, model, "age")
