"""Rearranged residuals: against refits one by one with dense matrices and statsmodels."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import linalg, stats

from corticolimbic.stats import (
    Combination,
    ModelError,
    association,
    design,
    mixed_model,
    permutation_test,
    resampling_problems,
    visit_design,
    wild_bootstrap,
)
from corticolimbic.stats._draws import log_arrangements, multipliers, permutations, restricted, smallest_p

SEED = 5


def study(n: int = 36, seed: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "group": np.where(rng.permutation(n) < n // 3, "patient", "control"),
            "motion": rng.gamma(2, 0.1, n),
            "site": rng.choice(["A", "B", "C"], n),
        },
        index=[f"sub-{number:02d}" for number in range(n)],
    )
    values = rng.normal(size=(n, 5)) + 2 * table[["motion"]].to_numpy()
    values[:, 0] += 0.9 * (table["group"] == "patient")
    return table, values


def visits(seed: int = 1, *, equal: bool = True) -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"person": np.repeat(np.arange(18), 3), "year": np.tile([0.0, 1.0, 2.0], 18)})
    table["group"] = np.where(table["person"] % 2, "patient", "control")
    table["age"] = rng.normal(45, 12, 18)[table["person"]]
    table["site"] = np.where(table["person"] < 9, "A", "B")
    if not equal:
        table = table[rng.random(len(table)) > 0.25]
    model = visit_design(table, "person", "year", ("group", "year", "group:year", "age"), "site")
    values = rng.normal(size=(18, 4))[model.person] + rng.normal(size=(len(model.keys), 4))
    values[:, 0] += model.matrix[:, model.columns.index("group[patient]:year")]
    return model, values


def hc2_t(y: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.array([sm.OLS(column, matrix).fit(cov_type="HC2").tvalues[1] for column in y.T])


def without(y: np.ndarray, matrix: np.ndarray, column: int) -> tuple[np.ndarray, np.ndarray]:
    others = np.delete(matrix, column, axis=1)
    fitted = others @ np.linalg.lstsq(others, y, rcond=None)[0]
    return fitted, y - fitted


def counted(observed: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    beyond = (np.abs(drawn) >= np.abs(observed) - 1e-9).sum(axis=0)
    largest = np.abs(drawn).max(axis=1)
    whole = (largest[:, None] >= np.abs(observed) - 1e-9).sum(axis=0)
    return (beyond + 1) / (len(drawn) + 1), (whole + 1) / (len(drawn) + 1)


@pytest.mark.parametrize("blocks", ["site", "none"])
def test_equals_freedman_and_lane_refitted_draw_by_draw(blocks):
    table, values = study()
    model = design(table, "group", ("motion",), "site")
    found = permutation_test(values, model, np.random.default_rng(SEED), n_draws=60, blocks=blocks)
    codes = pd.factorize(table["site"])[0] if blocks == "site" else np.zeros(len(table), dtype=int)
    site = next(term for term in model.terms if term.name == "site").codes
    assert (pd.crosstab(site, codes) > 0).to_numpy().sum() == 3  # the same partition, other numbers
    used = site if blocks == "site" else codes
    orders = permutations(used.astype(np.int64), 60, np.random.default_rng(SEED))
    fitted, left = without(values, model.matrix, 1)
    drawn = np.array([hc2_t(fitted + left[np.argsort(order)], model.matrix) for order in orders])
    observed = hc2_t(values, model.matrix)
    p, p_fwe = counted(observed, drawn)
    np.testing.assert_allclose(found.statistic, observed, rtol=1e-9)
    assert found.p.tolist() == p.tolist()
    assert found.p_fwe.tolist() == p_fwe.tolist()
    for order in orders:
        assert (used[order] == used).all()


def test_statistic_is_that_of_the_table_of_effects():
    table, values = study()
    values[3:9, 1] = np.nan
    model = design(table, "group", ("motion",), "site")
    for errors in ("hc2", "hc3"):
        found = permutation_test(
            values, model, np.random.default_rng(SEED), n_draws=19, standard_errors=errors
        )
        wanted = association(values, model, standard_errors=errors).statistic
        np.testing.assert_allclose(found.statistic, wanted, rtol=1e-9)


def test_two_groups_of_four_equal_all_seventy_arrangements():
    rng = np.random.default_rng(8)
    y = rng.normal(size=8)
    y[:4] += 1.5
    table = pd.DataFrame({"group": ["b"] * 4 + ["a"] * 4})
    t = [
        stats.ttest_ind(y[list(some)], np.delete(y, list(some)), equal_var=False).statistic
        for some in combinations(range(8), 4)
    ]
    exact = np.mean(np.abs(t) >= abs(t[0]) - 1e-9)
    found = permutation_test(
        y[:, None], design(table, "group"), rng, n_draws=20_000, minimum_people=8, blocks="none"
    )
    assert found.statistic[0] == pytest.approx(t[0])  # Welch's
    assert found.p[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))
    assert found.smallest_p == pytest.approx(1 / 70)


@pytest.mark.parametrize("blocks", [np.zeros(5, dtype=np.int64), np.array([0, 0, 0, 1, 1])])
def test_orders_of_those_present_are_all_as_likely(blocks):
    orders = permutations(blocks, 24_000, np.random.default_rng(1))
    kept = np.array([0, 1, 3, 4])
    found = restricted(orders, kept)
    names, counts = np.unique(found, axis=0, return_counts=True)
    possible = 24 if blocks.max() == 0 else 4
    assert len(names) == possible
    assert stats.chisquare(counts).pvalue > 0.001
    together = (orders[:, 0] == 1) & np.isin(orders[:, 0], kept)
    assert (found[together, 0] == 1).all()  # who is next to somebody present moves as before


def test_a_feature_with_gaps_has_the_p_that_it_has_alone():
    table, values = study(60)
    values[::7, 0] = np.nan
    model = design(table, "group", ("motion",), "site")
    together = permutation_test(values, model, np.random.default_rng(1), n_draws=8_000)
    table_of_few = table[~np.isnan(values[:, 0])]
    few = design(table_of_few, "group", ("motion",), "site")
    alone = permutation_test(
        values[~np.isnan(values[:, 0]), :1], few, np.random.default_rng(2), n_draws=8_000
    )
    assert together.statistic[0] == pytest.approx(alone.statistic[0], rel=1e-8)
    assert together.p[0] == pytest.approx(alone.p[0], abs=5 * np.sqrt(alone.p[0] / 4_000))


def dense_cr2(y: np.ndarray, matrix: np.ndarray, person: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    inverse = np.linalg.inv(matrix.T @ matrix)
    weights = contrast @ inverse @ matrix.T
    hat = matrix @ inverse @ matrix.T
    left = y - hat @ y
    variance = np.zeros(y.shape[1])
    for one in np.unique(person):
        at = np.flatnonzero(person == one)
        adjust = linalg.inv(linalg.sqrtm(np.eye(at.size) - hat[np.ix_(at, at)])).real
        variance += (weights[at] @ adjust @ left[at]) ** 2
    return weights @ y / np.sqrt(variance)


def test_whole_people_change_places_as_refitted_draw_by_draw():
    model, values = visits()
    effect = "group[patient]:year"
    found = permutation_test(values, model, np.random.default_rng(SEED), effect=effect, n_draws=40)
    at = model.columns.index(effect)
    contrast = np.eye(len(model.columns))[at]
    blocks = model.site_codes[::3]
    orders = permutations(blocks, 40, np.random.default_rng(SEED))
    fitted, left = without(values, model.matrix, at)
    drawn = np.array(
        [
            dense_cr2(
                fitted + left.reshape(18, 3, -1)[order].reshape(54, -1), model.matrix, model.person, contrast
            )
            for order in orders
        ]
    )
    observed = dense_cr2(values, model.matrix, model.person, contrast)
    np.testing.assert_allclose(found.statistic, observed, rtol=1e-8)
    p, p_fwe = counted(observed, drawn)
    assert found.p.tolist() == p.tolist()
    assert found.p_fwe.tolist() == p_fwe.tolist()


def test_signs_of_people_as_refitted_draw_by_draw():
    table, values = study()
    model = design(table, "group", ("motion",), "site")
    found = permutation_test(values, model, np.random.default_rng(SEED), n_draws=50, rearranged="sign")
    signs = multipliers(36, 50, np.random.default_rng(SEED), six=False)
    fitted, left = without(values, model.matrix, 1)
    drawn = np.array([hc2_t(fitted + row[:, None] * left, model.matrix) for row in signs])
    p, p_fwe = counted(hc2_t(values, model.matrix), drawn)
    assert found.p.tolist() == p.tolist()
    assert found.p_fwe.tolist() == p_fwe.tolist()


@pytest.mark.parametrize("random", ["intercept", "intercept and slope"])
def test_bootstrap_of_a_mixed_model_as_refitted_draw_by_draw(random):
    model, values = visits(equal=random != "intercept")
    if random != "intercept":
        table = pd.DataFrame({"person": np.repeat(np.arange(20), 4), "year": np.tile(np.arange(4.0), 20)})
        table["group"] = np.where(table["person"] % 2, "patient", "control")
        model = visit_design(table, "person", "year", ("group", "year", "group:year"))
        rng = np.random.default_rng(2)
        values = rng.normal(size=(20, 2))[model.person] + rng.normal(size=(80, 2))
        values += rng.normal(0, 0.5, (20, 2))[model.person] * model.time[:, None]
    fit = mixed_model(values, model, random=random)
    effect = "group[patient]:year"
    found = wild_bootstrap(
        values, model, np.random.default_rng(SEED), fit=fit, effect=effect, n_draws=30, weights="signs"
    )
    at = model.columns.index(effect)
    contrast = np.eye(len(model.columns))[at]
    first, _ = np.random.default_rng(SEED).spawn(2)
    signs = multipliers(len(model.people), 30, first, six=False)
    same = model.person[:, None] == model.person
    for feature in range(values.shape[1]):
        slope = 0.0 if random == "intercept" else fit.slope_sd[feature]
        both = 0.0 if random == "intercept" else fit.correlation[feature] * fit.intercept_sd[feature] * slope
        d = np.array([[fit.intercept_sd[feature] ** 2, both], [both, slope**2]])
        z = np.column_stack([np.ones(len(model.time)), model.time])
        v = np.eye(len(z)) * fit.residual_sd[feature] ** 2 + same * (z @ d @ z.T)
        root = linalg.inv(linalg.sqrtm(v)).real
        y, matrix = root @ values[:, [feature]], root @ model.matrix
        fitted, left = without(y, matrix, at)
        drawn = np.array(
            [
                dense_cr2(fitted + row[model.person, None] * left, matrix, model.person, contrast)[0]
                for row in signs
            ]
        )
        observed = dense_cr2(y, matrix, model.person, contrast)[0]
        assert found.statistic[feature] == pytest.approx(observed, rel=1e-6)
        assert found.p[feature] == ((np.abs(drawn) >= abs(observed)).sum() + 1) / 31
    weights = np.linalg.inv(model.matrix.T @ np.linalg.solve(v, model.matrix)) @ model.matrix.T
    estimate = (weights @ np.linalg.solve(v, values[:, -1]))[at]
    assert fit.estimate[at, -1] == pytest.approx(estimate, rel=1e-6)  # the estimate that is studentised


def test_a_combination_of_effects_is_that_column_of_a_turned_design():
    model, values = visits(equal=False)
    names = ("group[patient]", "group[patient]:year")
    after = Combination("difference after two years", names, (1.0, 2.0))
    found = wild_bootstrap(values, model, np.random.default_rng(1), effect=after, n_draws=99)
    turned = model.matrix.copy()
    one, two = (model.columns.index(name) for name in names)
    turned[:, two] -= 2 * turned[:, one]  # group is now the difference after two years
    contrast = np.zeros(len(model.columns))
    contrast[[one, two]] = 1.0, 2.0
    observed = dense_cr2(values, model.matrix, model.person, contrast)
    np.testing.assert_allclose(found.statistic, observed, rtol=1e-8)
    np.testing.assert_allclose(
        dense_cr2(values, turned, model.person, np.eye(len(contrast))[one]), observed, rtol=1e-8
    )


def test_families_do_not_share_their_largest_statistic():
    table, values = study()
    model = design(table, "group", ("motion",), "site")
    family = ["primary", "primary", "rest", "rest", "rest"]
    found = permutation_test(values, model, np.random.default_rng(1), n_draws=199, family=family)
    alone = permutation_test(values[:, :2], model, np.random.default_rng(1), n_draws=199)
    assert found.p_fwe[:2].tolist() == alone.p_fwe.tolist()
    whole = permutation_test(values, model, np.random.default_rng(1), n_draws=199)
    assert (whole.p_fwe >= found.p_fwe).all()
    assert (found.p_fwe >= found.p).all()


def test_same_seed_same_p_and_features_need_no_order():
    table, values = study()
    model = design(table, "group", ("motion",), "site")
    one, two = (permutation_test(values, model, np.random.default_rng(4), n_draws=99) for _ in range(2))
    assert one.p.tolist() == two.p.tolist()
    turned = permutation_test(values[:, ::-1], model, np.random.default_rng(4), n_draws=99)
    assert turned.p_fwe[::-1].tolist() == one.p_fwe.tolist()


def test_tail_finds_small_p_with_few_draws():
    table, values = study(60)
    values[:, 0] += 0.5 * (table["group"] == "patient")
    model = design(table, "group", ("motion",), "site")
    many = permutation_test(values, model, np.random.default_rng(1), n_draws=40_000)
    few = permutation_test(values, model, np.random.default_rng(2), n_draws=1_000, tail=True)
    assert 0 < many.p_fwe[0] < 0.005
    assert few.p_fwe[0] * 1_001 % 1 > 1e-6  # read off the tail, not counted
    assert 0.5 < few.p_fwe[0] / many.p_fwe[0] < 4
    np.testing.assert_allclose(few.p_fwe[1:], many.p_fwe[1:], atol=0.05)


def test_permuted_labels_find_nothing_and_a_true_difference_is_found():
    table, values = study(60)
    values[:, 0] += 1.0 * (table["group"] == "patient")
    found = permutation_test(values, design(table, "group", ("motion",), "site"), np.random.default_rng(1))
    assert found.p_fwe[0] < 0.01
    table["group"] = np.random.default_rng(9).permutation(table["group"])
    model = design(table, "group", ("motion",), "site")
    assert permutation_test(values, model, np.random.default_rng(1), n_draws=999).p_fwe.min() > 0.05


def test_unequal_visits_are_refused_by_name_of_the_other_test():
    model, values = visits(equal=False)
    with pytest.raises(ModelError, match="wild bootstrap"):
        permutation_test(values, model, np.random.default_rng(1), effect="group[patient]:year")
    signs = permutation_test(
        values, model, np.random.default_rng(1), effect="year", n_draws=99, rearranged="sign"
    )
    assert np.isfinite(signs.p).all()


def test_what_all_share_cannot_be_tested_by_changing_places():
    interacting, values = visits()
    table = pd.DataFrame(
        {"person": interacting.person, "year": interacting.time, "age": interacting.person % 5}
    )
    model = visit_design(table, "person", "year", ("year", "age"))
    found = permutation_test(values, model, np.random.default_rng(1), effect="year", n_draws=19)
    assert all("no order differs" in reason for reason in found.reason)
    assert np.isnan(found.p_fwe).all()


def test_a_gap_in_one_visit_is_a_reason():
    model, values = visits()
    values[4, 0] = np.nan
    found = permutation_test(values, model, np.random.default_rng(1), effect="group[patient]", n_draws=19)
    assert "wild bootstrap" in found.reason[0]
    assert found.reason[1:] == ("", "", "")


def test_bad_input_has_a_reason_or_is_refused():
    table, values = study()
    model = design(table, "group", ("motion",), "site")
    values[:, 1] = 0.3
    values[table["group"] == "patient", 2] = np.nan
    values[3:, 3] = np.nan
    for test in (permutation_test, wild_bootstrap):
        found = test(values, model, np.random.default_rng(1), n_draws=19)
        assert found.reason[0] == found.reason[4] == ""
        assert "vary" in found.reason[1]
        assert "group does not vary" in found.reason[2]
        assert "people have the feature" in found.reason[3]
        assert np.isnan(found.p_fwe).tolist() == [False, True, True, True, False]
        assert [one.code for one in resampling_problems(found, "rest")].count("CL628") == 3
        infinite = values.copy()
        infinite[0, 0] = np.inf
        with pytest.raises(ModelError, match="infinite"):
            test(infinite, model, np.random.default_rng(1))
        with pytest.raises(ModelError, match="rows"):
            test(values[1:], model, np.random.default_rng(1))


def test_one_person_at_a_site_changes_nothing_for_the_others():
    table, values = study()
    table.iloc[0, 2] = "alone"
    model = design(table, "group", ("motion",), "site")
    assert len(model.people) == 35
    found = permutation_test(values[1:], model, np.random.default_rng(1), n_draws=99)
    assert np.isfinite(found.p_fwe).all()


def test_a_group_fixed_by_block_is_refused():
    table, values = study()
    table["site"] = np.where(table["group"] == "patient", "A", "B")
    with pytest.raises(ModelError, match="mix within sites"):
        design(table, "group", (), "site")
    free = permutation_test(values, design(table, "group"), np.random.default_rng(1), n_draws=99)
    assert np.isfinite(free.p).all()  # no site in the model, so no blocks


def test_few_draws_or_people_say_the_smallest_p():
    table, values = study()
    model = design(table, "group", ("motion",), "site")
    found = permutation_test(values, model, np.random.default_rng(1), n_draws=9)
    (one,) = resampling_problems(found, "rest")
    assert (one.code, "0.1" in one.found) == ("CL627", True)
    rows = np.array([[1.0], [1.0], [0.0], [0.0], [0.0]])
    possible = log_arrangements(np.zeros(5, dtype=np.int64), rows)
    assert np.exp(possible) == pytest.approx(10)
    assert smallest_p(999, possible) == pytest.approx(0.1)
    five = wild_bootstrap(
        np.random.default_rng(1).normal(size=(5, 1)),
        design(pd.DataFrame({"x": [1.0, 2.0, 4.0, 3.0, 7.0]}), "x"),
        np.random.default_rng(2),
        n_draws=999,
        weights="signs",
        minimum_people=4,
    )
    assert five.smallest_p == pytest.approx(1 / 16)


def test_six_points_take_over_where_people_are_few():
    six = multipliers(1, 60_000, np.random.default_rng(1), six=True)
    assert np.unique(six.round(6)).size == 6
    assert six.mean() == pytest.approx(0, abs=0.02)
    assert six.var() == pytest.approx(1, abs=0.01)
