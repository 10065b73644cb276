"""Power, people needed and equivalence: against statsmodels, Cohen's table and published examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import FTestPowerF2, TTestIndPower
from statsmodels.stats.weightstats import ttost_ind

from corticolimbic.stats import (
    CompareSettings,
    ModelError,
    association,
    design,
    detectable_t,
    equivalence_correlation,
    equivalence_difference,
    equivalence_raw,
    further_columns,
    hedges_g,
    mixed_effect_size,
    mixed_model,
    partial_r,
    people_needed,
    permutation_test,
    power_t,
    visit_design,
)


@pytest.mark.parametrize(("n1", "ratio"), [(8, 1.0), (20, 1.0), (30, 2.5), (200, 0.5)])
def test_detectable_difference_is_statsmodels(n1, ratio):
    n2 = round(n1 * ratio)
    d = detectable_t(np.array([n1 + n2 - 2.0]))[0] * np.sqrt(1 / n1 + 1 / n2)
    wanted = TTestIndPower().solve_power(nobs1=n1, ratio=n2 / n1, alpha=0.05, power=0.8)
    assert d == pytest.approx(wanted, rel=2e-4)


@pytest.mark.parametrize("d", [0.2, 0.5, 0.8, 1.5])
def test_people_needed_are_those_of_statsmodels(d):
    each = np.ceil(TTestIndPower().solve_power(effect_size=d, alpha=0.05, power=0.8))
    found = people_needed(np.array([d * np.sqrt(25)]), np.array([100.0]), np.array([98.0]))[0]
    assert 2 * each - 1 <= found <= 2 * each  # ours are people, an odd number too


def test_people_needed_of_cohens_table():
    # Cohen 1988, table 2.4.1 (two-tailed 5 %, power 80 %): d = .20, .50, .80 need 393, 64, 26 a group.
    for d, each in ((0.2, 393), (0.5, 64), (0.8, 26)):
        found = people_needed(np.array([d * 5.0]), np.array([100.0]), np.array([98.0]))[0]
        assert found / 2 == pytest.approx(each, abs=1)


def test_people_needed_of_a_slope_beside_covariates_is_statsmodels():
    r, covariates, n = 0.25, 3, 60.0
    df = n - covariates - 2
    f = r / np.sqrt(1 - r**2)
    found = people_needed(np.array([f * np.sqrt(n)]), np.array([n]), np.array([df]))[0]
    power = [
        FTestPowerF2().power(f**2, 1, m - covariates - 2, 0.05, ncc=1 + covariates)
        for m in (found - 1, found)
    ]
    assert power[0] < 0.8 <= power[1]


def test_power_is_the_noncentral_t_in_both_tails():
    shift, df = np.array([0.0, 1.0, 2.8, 60.0]), np.array([10.0, 3.0, 50.0, 20.0])
    critical = stats.t.ppf(0.975, df[:3])
    wanted = stats.nct.sf(critical, df[:3], shift[:3]) + stats.nct.cdf(-critical, df[:3], shift[:3])
    np.testing.assert_allclose(power_t(shift, df)[:3], wanted, rtol=1e-8)
    assert power_t(shift, df)[3] == pytest.approx(1)


def test_no_effect_needs_everybody_and_an_unknown_one_is_unknown():
    found = people_needed(np.array([0.0, np.nan, 1e-4, 40.0]), np.full(4, 30.0), np.full(4, 28.0))
    assert np.isinf(found[0])
    assert np.isnan(found[1])
    assert found[2] > 1e9
    assert found[3] < 10


def test_published_equivalence_test():
    # The worked example of TOSTER's vignette (Moery & Calin-Jageman 2016): M 5.25 (SD .95, n 95) against 5.22
    # (.83, 89), bounds of .43 SD, Welch: t(181.1) = -2.69, p = .004 at the upper bound.
    v1, v2 = 0.95**2 / 95, 0.83**2 / 89
    se = np.sqrt(v1 + v2)
    df = (v1 + v2) ** 2 / (v1**2 / 94 + v2**2 / 88)
    bound = 0.43 * np.sqrt((0.95**2 + 0.83**2) / 2)
    assert df == pytest.approx(181.1, abs=0.1)
    assert (0.03 - bound) / se == pytest.approx(-2.69, abs=0.005)
    p = equivalence_raw(np.array([0.03]), np.array([se]), np.array([df]), -bound, bound)
    assert p[0] == pytest.approx(0.004, abs=0.0005)


def test_raw_equivalence_is_statsmodels():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.1, 1, 30), rng.normal(0, 2, 45)
    wanted, _, _ = ttost_ind(a, b, -1.1, 0.9, usevar="unequal")
    v = a.var(ddof=1) / 30, b.var(ddof=1) / 45
    df = sum(v) ** 2 / (v[0] ** 2 / 29 + v[1] ** 2 / 44)
    found = equivalence_raw(
        np.array([a.mean() - b.mean()]), np.array([np.sqrt(sum(v))]), np.array([df]), -1.1, 0.9
    )
    assert found[0] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("t", [-1.2, 0.0, 0.7, 2.4])
def test_equivalence_is_a_ninety_percent_interval_within_the_bounds(t):
    _, low, high = hedges_g(np.array([t]), 58, 1 / 15, level=0.9)
    worst = float(max(abs(low[0]), abs(high[0])))
    assert equivalence_difference(np.array([t]), 58, 1 / 15, worst)[0] == pytest.approx(0.05, abs=1e-6)
    r, low, high = partial_r(np.array([t]), 58, level=0.9)
    worst = float(max(abs(low[0]), abs(high[0])))
    assert equivalence_correlation(r, 58, worst)[0] == pytest.approx(0.05, abs=1e-9)


def test_bounds_that_hold_nothing_are_refused():
    for wrong in (0.0, -0.2, np.inf, np.nan):
        with pytest.raises(ValueError, match="above 0"):
            equivalence_difference(np.array([0.1]), 20, 0.1, wrong)
    with pytest.raises(ValueError, match="below 1"):
        equivalence_correlation(np.array([0.1]), 20, 1.0)
    with pytest.raises(ValueError, match="between"):
        equivalence_raw(np.array([0.1]), np.array([1.0]), np.array([9.0]), 1.0, 1.0)
    assert np.isnan(equivalence_correlation(np.array([0.1]), 1, 0.2)[0])


def cohort(*, slope: bool) -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"group": rng.permutation(50) % 2, "age": rng.normal(45, 9, 50)})
    values = rng.normal(size=(50, 4)) + 0.5 * table[["group"]].to_numpy()
    values[::5, 1] = np.nan
    values[:, 3] = 1.0
    return design(table, "age" if slope else "group"), values


@pytest.mark.parametrize("slope", [False, True])
def test_columns_of_the_table_are_their_functions(slope):
    model, values = cohort(slope=slope)
    effects = association(values, model)
    settings = CompareSettings(permutations=199, smallest_effect=0.3)
    families = np.array(["a", "a", "b", "b"])
    columns, problems = further_columns(effects, values, model, families, settings, "rest")
    assert problems == []  # the constant feature has its own problem (CL603) already
    for feature in range(3):
        df, factor = int(effects.residual_df[feature]), float(effects.variance_factor[feature])
        classical = effects.residual_sd[feature] * np.sqrt(factor)
        t = effects.estimate[[feature]] / classical
        shift = detectable_t(effects.df[[feature]])[0] * effects.se[feature] / classical
        if slope:
            bound = 0.3 / np.sqrt(0.3**2 + 4)
            equivalent = equivalence_correlation(effects.effect_size[[feature]], df, bound)
            detectable = shift / np.sqrt(shift**2 + df)
        else:
            equivalent = equivalence_difference(t, df, factor, 0.3)
            detectable = shift * np.sqrt(factor)
        assert columns["p_equivalence"][feature] == pytest.approx(equivalent[0])
        assert columns["detectable"][feature] == pytest.approx(detectable)
        assert columns["n_needed"][feature] > 3
    assert all(np.isnan(column[3]) for column in columns.values())
    again, _ = further_columns(effects, values, model, families, settings, "rest")
    assert again["p_fwe"][:3].tolist() == columns["p_fwe"][:3].tolist()
    other, _ = further_columns(effects, values, model, families, settings, "another place")
    assert other["p_fwe"][:3].tolist() != columns["p_fwe"][:3].tolist()
    plain, _ = further_columns(effects, values, model, families, CompareSettings(), "rest")
    assert np.isnan(plain["p_fwe"]).all()
    assert np.isnan(plain["p_equivalence"]).all()


def test_the_detectable_effect_is_the_one_that_needs_these_people():
    table = pd.DataFrame({"group": [0, 1] * 30})
    model = design(table, "group")
    values = np.random.default_rng(1).normal(size=(60, 1))
    found = association(values, model)
    columns, _ = further_columns(found, values, model, np.array(["a"]), CompareSettings(), "rest")
    wanted = TTestIndPower().solve_power(nobs1=30, alpha=0.05, power=0.8)
    assert columns["detectable"][0] == pytest.approx(
        wanted, rel=0.01
    )  # HC2 of groups of equal size is Welch's
    needed = people_needed(columns["detectable"] * np.sqrt(15), np.array([60.0]), np.array([58.0]))
    assert abs(needed[0] - 60) <= 1


def test_effects_over_visits_have_the_same_columns():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"person": np.repeat(np.arange(30), 3), "year": np.tile([0.0, 1.0, 2.0], 30)})
    table["group"] = np.where(table["person"] % 2, "patient", "control")
    table = table[rng.random(90) > 0.1]
    model = visit_design(table, "person", "year", ("group", "year", "group:year"))
    values = rng.normal(size=(30, 3))[model.person] + rng.normal(0, 0.5, (len(model.keys), 3))
    effect = "group[patient]:year"
    values[:, 0] += model.matrix[:, model.columns.index(effect)]
    values[:, 2] = 0.0
    fit = mixed_model(values, model)
    settings = CompareSettings(permutations=199, smallest_effect=0.8)
    families = np.array(["a"] * 3)
    columns, problems = further_columns(fit, values, model, families, settings, "rest", effect)
    assert problems == []
    assert columns["p_fwe"][0] == pytest.approx(1 / 200)
    assert columns["p_fwe"][1] > 0.05
    size = mixed_effect_size(fit, values, model, effect)
    row = fit.row(effect)
    p = equivalence_raw(size.value, size.se, fit.df[row], -0.8, 0.8)
    assert columns["p_equivalence"][:2].tolist() == p[:2].tolist()
    reach = stats.nct.sf(
        stats.t.ppf(0.975, fit.df[row]), fit.df[row], columns["detectable"] * size.sd / fit.se[row]
    )
    np.testing.assert_allclose(reach[:2], 0.8, rtol=1e-6)
    assert all(np.isnan(column[2]) for column in columns.values())
    with pytest.raises(ModelError, match="name the effect"):
        further_columns(fit, values, model, families, settings, "rest")


def test_too_few_permutations_are_a_problem():
    model, values = cohort(slope=False)
    effects = association(values, model)
    settings = CompareSettings(permutations=9)
    _, problems = further_columns(effects, values, model, np.array(["a"] * 4), settings, "rest")
    assert [one.code for one in problems] == ["CL627"]


def test_rearranged_p_is_near_that_of_the_model():
    model, values = cohort(slope=False)
    found = permutation_test(values, model, np.random.default_rng(1), n_draws=9_999)
    np.testing.assert_allclose(found.p[:3], association(values, model).p[:3], atol=0.02)
