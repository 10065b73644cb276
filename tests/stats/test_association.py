from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from corticolimbic.stats import ModelError, aligned, association, design

FLOATS = ("estimate", "se", "ci_low", "ci_high", "statistic", "df", "p", "effect_size", "es_low", "es_high")


def random_table(rng: np.random.Generator, n: int, *, groups: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tested": rng.choice(["case", "control"], n) if groups else rng.normal(4, 2, n),
            "age": rng.normal(45, 12, n),
            "sex": rng.choice(["F", "M"], n),
            "site": rng.choice(["Essen", "Szeged", "Bochum"], n),
        },
        index=[f"sub-{number:03d}" for number in range(n)],
    )


def bell_mccaffrey_df(matrix: np.ndarray, column: int) -> float:
    """Degrees of freedom from the eigenvalues of G'G (Imbens & Kolesár 2016), nothing abridged."""
    bread = np.linalg.inv(matrix.T @ matrix)
    residual_maker = np.eye(len(matrix)) - matrix @ bread @ matrix.T
    loads = matrix @ bread[:, column] / np.sqrt(np.diag(residual_maker))
    spread = np.column_stack([residual_maker[:, i] * loads[i] for i in range(len(matrix))])
    values = np.linalg.eigvalsh(spread.T @ spread)
    return float(values.sum() ** 2 / (values**2).sum())


@pytest.mark.parametrize("standard_errors", ["hc2", "hc3"])
@pytest.mark.parametrize("number", range(200))
def test_equals_statsmodels_with_missing_values(number, standard_errors):
    rng = np.random.default_rng([20210420, number])
    groups = bool(number % 2)
    table = random_table(rng, int(rng.integers(25, 90)), groups=groups)
    table.loc[rng.random(len(table)) < 0.05, "age"] = np.nan
    values = rng.standard_normal((len(table), 4)) * 10.0 ** rng.integers(-6, 7, 4)
    values[rng.random(values.shape) < 0.1] = np.nan
    features = pd.DataFrame(values, index=table.index)
    model = design(table, "tested", ("age", "sex"), "site")
    found = association(aligned(features, model), model, standard_errors=standard_errors)
    for column in features:
        rows = table.loc[list(model.people)].join(features[column].rename("y")).dropna()
        rows = rows.drop(index=list(found.alone[column]))
        at = [model.people.index(person) for person in rows.index]
        matrix = model.matrix[at][:, np.abs(model.matrix[at]).sum(axis=0) > 0]
        assert not found.reason[column]
        plain = sm.OLS(rows["y"].to_numpy(), matrix).fit()
        robust = plain.get_robustcov_results(standard_errors.upper(), use_t=True)
        df = robust.df_resid if standard_errors == "hc3" else bell_mccaffrey_df(matrix, 1)
        estimate, se = robust.params[1], robust.bse[1]
        low, high = stats.t(df, estimate, se).interval(0.95)
        expected = {
            "estimate": estimate,
            "se": se,
            "ci_low": low,
            "ci_high": high,
            "statistic": robust.tvalues[1],
            "df": df,
            "p": 2 * stats.t(df).sf(abs(robust.tvalues[1])),
        }
        for name, value in expected.items():
            assert getattr(found, name)[column] == pytest.approx(value, rel=1e-9, abs=0), name
        assert found.n[column] == len(rows)
        assert found.n_sites[column] == rows["site"].nunique()
        classical = plain.tvalues[1]
        if groups:
            residual_sd = np.sqrt(plain.mse_resid)
            d = plain.params[1] / residual_sd
            assert found.effect_size[column] == pytest.approx(
                d * (1 - 3 / (4 * plain.df_resid - 1)), rel=1e-3
            )
        else:
            r = classical / np.sqrt(classical**2 + plain.df_resid)
            assert found.effect_size[column] == pytest.approx(r, rel=1e-9)


# clubSandwich (R) from 0.7, coef_test(lm(y ~ treat_post + unit + period), vcovCR(fit, 1:n, "CR2")), kept in
# igerber/diff-diff, benchmarks/data/clubsandwich_cr2_golden.json. Clusters of one make CR2 equal to HC2.
def test_degrees_of_freedom_equal_those_of_r():
    unit, period = np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)
    table = pd.DataFrame(
        {
            "treated": np.where((unit >= 4) & (period >= 1), "yes", "no"),
            "unit": [f"unit{one}" for one in unit],
            "period": [f"period{one}" for one in period],
        }
    )
    model = design(table, "treated", ("unit", "period"), reference="no")
    found = association(np.random.default_rng(30).standard_normal((32, 1)), model)
    assert found.df[0] == pytest.approx(9.658291457286458, rel=1e-12)


@pytest.mark.parametrize(("n_cases", "n_controls"), [(3, 27), (8, 32), (10, 10), (30, 40)])
def test_two_groups_alone_give_welch_errors_and_the_published_degrees_of_freedom(n_cases, n_controls):
    values = np.random.default_rng(31).standard_normal((n_cases + n_controls, 2))
    group = ["case"] * n_cases + ["control"] * n_controls
    model = design(pd.DataFrame({"group": group}), "group", reference="control")
    found = association(values, model)
    cases, controls = values[:n_cases], values[n_cases:]
    welch = np.sqrt(cases.var(axis=0, ddof=1) / n_cases + controls.var(axis=0, ddof=1) / n_controls)
    np.testing.assert_allclose(found.se, welch, rtol=1e-12)
    # Imbens & Kolesár 2016: Welch's degrees of freedom with equal variances put in.
    n = n_cases + n_controls
    top = n**2 * (n_cases - 1) * (n_controls - 1)
    bottom = n_cases**2 * (n_cases - 1) + n_controls**2 * (n_controls - 1)
    np.testing.assert_allclose(found.df, top / bottom, rtol=1e-12)


@pytest.mark.parametrize("number", range(30))
def test_degrees_of_freedom_stay_exact_with_people_of_very_high_leverage(number):
    rng = np.random.default_rng([32, number])
    n = int(rng.integers(12, 60))
    table = pd.DataFrame({"tested": rng.standard_t(0.8, n), "age": rng.standard_t(0.8, n)})
    model = design(table, "tested", ("age",))
    found = association(rng.standard_normal((n, 1)), model)
    assert found.df[0] == pytest.approx(bell_mccaffrey_df(model.matrix, 1), rel=1e-7)
    assert 1 <= found.df[0] <= n - 3


def test_degrees_of_freedom_depend_on_who_has_a_value_and_on_no_value():
    rng = np.random.default_rng(33)
    table = random_table(rng, 40, groups=False)
    model = design(table, "tested", ("age",))
    values = rng.standard_normal((40, 4)) * [1, 1e6, 1, 1]
    values[3:9, 2:] = np.nan
    df = association(values, model).df
    assert df[0] == df[1]
    assert df[2] == df[3]
    assert df[0] != df[2]


@pytest.mark.parametrize("groups", [True, False])
def test_effect_sizes_are_those_of_equal_variances_with_either_error(groups):
    rng = np.random.default_rng(34)
    model = design(random_table(rng, 40, groups=groups), "tested", ("age", "sex"), "site")
    values = rng.standard_normal((40, 3))
    one, two = (association(values, model, standard_errors=which) for which in ("hc2", "hc3"))
    for name in ("estimate", "effect_size", "es_low", "es_high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert (one.se < two.se).all()  # 1 / (1 - h) is larger than its root
    assert (one.df < two.df).all()
    assert one.model == model.formula + "; OLS, HC2 with Bell-McCaffrey df"
    assert two.model == model.formula + "; OLS, HC3"


def test_partial_r_equals_the_correlation_of_residuals():
    rng = np.random.default_rng(5)
    table = random_table(rng, 60, groups=False)
    y = rng.standard_normal(60) + 0.2 * table["tested"].to_numpy()
    model = design(table, "tested", ("age", "sex"), "site")
    found = association(y[:, None], model)
    others = np.delete(model.matrix, 1, axis=1)

    def residual(v: np.ndarray) -> np.ndarray:
        return v - others @ np.linalg.lstsq(others, v, rcond=None)[0]

    r = stats.pearsonr(residual(y), residual(model.matrix[:, 1])).statistic
    assert found.es_kind == "partial r"
    assert found.effect_size[0] == pytest.approx(r, rel=1e-10)
    half = stats.norm.ppf(0.975) / np.sqrt(60 - 4 - 3)  # age, sex and two sites held constant
    assert found.es_low[0] == pytest.approx(np.tanh(np.arctanh(r) - half), rel=1e-10)
    assert found.es_high[0] == pytest.approx(np.tanh(np.arctanh(r) + half), rel=1e-10)


def test_two_groups_alone_give_the_textbook_difference_and_g():
    # Borenstein et al. 2009, Introduction to Meta-Analysis, chapter 4: 103 (SD 5.5), 100 (SD 4.5), 50 each.
    half = np.concatenate([-np.ones(25), np.ones(25)])
    scale = np.sqrt(49 / 50)
    values = np.concatenate([103 + 5.5 * scale * half, 100 + 4.5 * scale * half])[:, None]
    table = pd.DataFrame({"group": ["treated"] * 50 + ["control"] * 50}, index=range(100))
    found = association(values, design(table, "group"))
    assert found.estimate[0] == pytest.approx(3.0)
    assert found.es_kind == "Hedges g"
    assert found.contrast == "group: treated - control"
    assert found.effect_size[0] == pytest.approx(0.5924, abs=5e-5)
    assert found.n_sites[0] == 0


def test_rows_in_any_order_give_the_same_effects():
    rng = np.random.default_rng(11)
    table = random_table(rng, 50, groups=True)
    features = pd.DataFrame(rng.standard_normal((50, 3)), index=table.index, columns=["a", "b", "c"])
    features.iloc[4, 1] = np.nan
    model = design(table, "tested", ("age",), "site")
    straight = association(aligned(features, model), model)
    shuffled_model = design(table.sample(frac=1, random_state=1), "tested", ("age",), "site")
    shuffled = association(aligned(features.sample(frac=1, random_state=2), shuffled_model), shuffled_model)
    for name in FLOATS:
        np.testing.assert_allclose(getattr(shuffled, name), getattr(straight, name), rtol=1e-10)


def test_a_feature_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(12)
    table = random_table(rng, 40, groups=False)
    model = design(table, "tested", ("age", "sex"), "site")
    values = rng.standard_normal((40, 30))
    values[rng.random(values.shape) < 0.05] = np.nan
    together = association(values, model)
    for feature in range(30):
        one = association(values[:, [feature]], model)
        for name in FLOATS:
            np.testing.assert_allclose(getattr(one, name)[0], getattr(together, name)[feature], rtol=1e-11)


def test_who_is_alone_at_a_site_in_one_feature_is_left_out_there_only():
    rng = np.random.default_rng(13)
    table = random_table(rng, 30, groups=False)
    table["site"] = ["A"] * 14 + ["B"] * 14 + ["C"] * 2
    values = rng.standard_normal((30, 2))
    values[29, 0] = np.nan
    model = design(table, "tested", (), "site")
    found = association(values, model)
    assert found.alone == (("sub-028",), ())
    assert found.n.tolist() == [28, 30]
    assert found.n_sites.tolist() == [2, 3]
    without = table.iloc[:28]
    expected = association(values[:28, :1], design(without, "tested", (), "site"))
    assert found.estimate[0] == pytest.approx(expected.estimate[0], rel=1e-12)
    assert found.p[0] == pytest.approx(expected.p[0], rel=1e-10)


def test_the_reference_site_may_be_missing_from_a_feature():
    rng = np.random.default_rng(14)
    table = random_table(rng, 45, groups=False)
    table["site"] = ["A"] * 25 + ["B"] * 10 + ["C"] * 10
    values = rng.standard_normal((45, 1))
    values[:25] = np.nan
    found = association(values, design(table, "tested", ("age",), "site"))
    expected = association(values[25:], design(table.iloc[25:], "tested", ("age",), "site"))
    assert found.reason == ("",)
    for name in FLOATS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-10)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda values, table: np.full_like(values, np.nan), "0 people have the feature"),
        (lambda values, table: np.where(np.arange(40)[:, None] < 9, values, np.nan), "of 10 needed"),
        (lambda values, table: np.full_like(values, 3.7), "does not vary"),
        (lambda values, table: np.full_like(values, 0.1 + 0.2), "does not vary"),
        (lambda values, table: 2 * table[["age"]].to_numpy() + 1, "exactly"),
    ],
)
def test_a_feature_that_cannot_be_estimated_gets_nan_and_a_reason(spoil, words):
    rng = np.random.default_rng(15)
    table = random_table(rng, 40, groups=False)
    good = rng.standard_normal((40, 1))
    found = association(np.hstack([spoil(good, table), good]), design(table, "tested", ("age",), "site"))
    assert words in found.reason[0]
    assert all(np.isnan(getattr(found, name)[0]) for name in FLOATS)
    assert found.reason[1] == ""
    assert all(np.isfinite(getattr(found, name)[1]) for name in FLOATS)


def test_a_perfect_slope_is_not_tested_against_rounding_errors():
    table = random_table(np.random.default_rng(16), 30, groups=False)
    found = association(3 * table[["tested"]].to_numpy() - 7, design(table, "tested", ("age",)))
    assert "exactly" in found.reason[0]
    assert np.isnan(found.p[0])


def test_too_small_a_group_is_named():
    table = random_table(np.random.default_rng(17), 30, groups=True)
    table["tested"] = ["case"] * 4 + ["control"] * 26
    values = np.random.default_rng(18).standard_normal((30, 2))
    values[:2, 0] = np.nan
    found = association(values, design(table, "tested"))
    assert found.reason[0] == "2 people of tested case have the feature, of 3 needed"
    assert found.reason[1] == ""


def test_group_and_site_that_part_only_in_one_feature_are_a_reason_there():
    table = random_table(np.random.default_rng(19), 40, groups=True)
    table["tested"] = ["case"] * 20 + ["control"] * 20
    table["site"] = ["A"] * 22 + ["B"] * 18
    values = np.random.default_rng(20).standard_normal((40, 2))
    values[20:22, 0] = np.nan
    found = association(values, design(table, "tested", (), "site"))
    assert "cannot be told apart from site" in found.reason[0]
    assert np.isnan(found.estimate[0])
    assert found.reason[1] == ""


def test_a_person_whom_the_model_fits_exactly_is_named_where_robust_errors_break_down():
    table = random_table(np.random.default_rng(21), 30, groups=False)
    table["dose"] = [5.0] + [0.0] * 29
    found = association(
        np.random.default_rng(22).standard_normal((30, 1)), design(table, "tested", ("dose",))
    )
    assert "sub-000" in found.reason[0]
    assert np.isnan(found.se[0])


@pytest.mark.parametrize(("factor", "offset"), [(1e12, 0.0), (1e-12, 0.0), (1.0, 1e9), (1e12, 1e13)])
def test_units_do_not_change_tests(factor, offset):
    rng = np.random.default_rng(23)
    table = random_table(rng, 50, groups=False)
    values = rng.standard_normal((50, 2))
    plain = association(values, design(table, "tested", ("age",), "site"))
    scaled = association(values * factor + offset, design(table, "tested", ("age",), "site"))
    np.testing.assert_allclose(scaled.statistic, plain.statistic, rtol=1e-5 if offset else 1e-10)
    np.testing.assert_allclose(scaled.estimate / factor, plain.estimate, rtol=1e-5 if offset else 1e-10)
    table["tested"] = table["tested"] * factor + offset
    table["age"] = table["age"] * 1e12
    other = association(values, design(table, "tested", ("age",), "site"))
    np.testing.assert_allclose(other.p, plain.p, rtol=1e-4 if offset else 1e-9)


def test_infinite_values_and_misaligned_rows_are_refused():
    table = random_table(np.random.default_rng(24), 30, groups=False)
    model = design(table, "tested")
    values = np.zeros((30, 3))
    values[4, 2] = -np.inf
    with pytest.raises(ModelError, match="infinite") as caught:
        association(values, model)
    assert caught.value.columns == ("2",)
    with pytest.raises(ModelError, match="29 rows of values for 30 people"):
        association(np.zeros((29, 1)), model)


def test_no_features_give_empty_effects():
    found = association(
        np.empty((30, 0)), design(random_table(np.random.default_rng(25), 30, groups=True), "tested")
    )
    assert all(getattr(found, name).shape == (0,) for name in FLOATS)
    assert found.reason == ()


def test_boolean_covariates_and_outcomes_equal_their_numbers():
    rng = np.random.default_rng(26)
    table = random_table(rng, 40, groups=False)
    table["flag"] = rng.random(40) < 0.4
    table["patient"] = rng.random(40) < 0.5
    numbers = table.assign(flag=table["flag"].astype(int), patient=table["patient"].astype(float))
    values = rng.standard_normal((40, 2))
    one = association(values, design(table, "patient", ("flag",)))
    two = association(values, design(numbers, "patient", ("flag",)))
    np.testing.assert_allclose(one.estimate, two.estimate, rtol=1e-12)
    np.testing.assert_allclose(one.p, two.p, rtol=1e-10)


def test_swapping_the_reference_turns_every_sign():
    table = random_table(np.random.default_rng(27), 40, groups=True)
    values = np.random.default_rng(28).standard_normal((40, 2))
    one = association(values, design(table, "tested", ("age",)))
    two = association(values, design(table, "tested", ("age",), reference="case"))
    assert one.contrast == "tested: control - case" or two.contrast == "tested: control - case"
    three = association(values, design(table, "tested", ("age",), reference="control"))
    np.testing.assert_allclose(three.estimate, -two.estimate, rtol=1e-10)
    np.testing.assert_allclose(three.es_low, -two.es_high, rtol=1e-6)
    np.testing.assert_allclose(three.p, two.p, rtol=1e-10)


def test_effects_are_frozen():
    found = association(
        np.empty((30, 0)), design(random_table(np.random.default_rng(29), 30, groups=True), "tested")
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.level = 0.9
