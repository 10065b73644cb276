"""Recalibration, calibration, Brier, decision curve, cut-offs: against libraries and slow ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from corticolimbic.stats import (
    ModelError,
    Recalibration,
    accuracy,
    calibration,
    calibration_curve,
    centres_left_out,
    cut_off_at,
    decision_curve,
    mean_loss,
    out_of_fold,
    predictive_values,
    stratified_folds,
)

RNG = np.random.default_rng


def predictions(n: int = 300, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = RNG(seed)
    linear = rng.normal(-0.4, 1.2, n)
    classes = (rng.random(n) < 1 / (1 + np.exp(-(0.3 + 0.6 * linear)))).astype(float)
    return 1 / (1 + np.exp(-linear)), classes, rng.integers(0, 3, n)


def test_calibration_equals_statsmodels_glm() -> None:
    import statsmodels.api as sm

    p, classes, groups = predictions()
    linear = np.log(p / (1 - p))
    found = calibration(p, classes, groups)
    family = sm.families.Binomial()
    large = sm.GLM(classes, np.ones((p.size, 1)), family, offset=linear).fit()
    assert found.intercept.value == pytest.approx(large.params[0], abs=1e-8)
    assert (found.intercept.ci_low, found.intercept.ci_high) == pytest.approx(
        tuple(large.conf_int()[0]), abs=1e-6
    )
    assert found.intercept.p == pytest.approx(large.pvalues[0], rel=1e-5)
    design = np.column_stack([groups[:, None] == [0, 1, 2], linear]).astype(float)
    slope = sm.GLM(classes, design, family).fit()
    assert found.slope.value == pytest.approx(slope.params[-1], abs=1e-7)
    assert (found.slope.ci_low, found.slope.ci_high) == pytest.approx(tuple(slope.conf_int()[-1]), abs=1e-6)
    plain = sm.GLM(classes, sm.add_constant(linear), family).fit()
    assert calibration(p, classes).slope.value == pytest.approx(plain.params[1], abs=1e-7)


def test_calibration_without_a_slope_says_why() -> None:
    found = calibration(np.full(20, 0.3), np.arange(20.0) % 2)
    assert found.slope.reason == "the predictions do not vary"
    assert found.intercept.value == pytest.approx(math.log(7 / 3), abs=1e-8)
    assert calibration(np.full(5, 0.3), np.ones(5)).slope.reason == "one class only"
    perfect = calibration(np.linspace(0.1, 0.9, 20), (np.arange(20) > 9).astype(float))
    assert math.isnan(perfect.slope.value)
    nobody = calibration(np.array([np.nan, np.nan]), np.array([0.0, 1.0]))
    assert (nobody.intercept.n, nobody.intercept.reason) == (0, "one class only")


def test_the_calibration_curve_has_equal_groups_with_wilson_intervals() -> None:
    from statsmodels.stats.proportion import proportion_confint

    p, classes, _ = predictions()
    curve = calibration_curve(p, classes)
    order = np.argsort(p)
    for place, here in enumerate(np.array_split(order, 10)):
        assert curve.n[place] == 30
        assert curve.predicted[place] == pytest.approx(p[here].mean())
        assert curve.observed[place] == pytest.approx(classes[here].mean())
        wanted = proportion_confint(classes[here].sum(), 30, method="wilson")
        assert (curve.low[place], curve.high[place]) == pytest.approx(wanted)
    assert calibration_curve(p[:35], classes[:35]).n.size == 3
    assert calibration_curve(np.full(40, 0.2), classes[:40]).n.tolist() == [40]
    assert calibration_curve(np.zeros(0), np.zeros(0)).n.size == 0


def test_brier_equals_scikit_learn_and_its_interval_covers() -> None:
    from sklearn.metrics import brier_score_loss

    p, classes, _ = predictions()
    found = mean_loss((classes - p) ** 2, RNG(1), resamples=2000)
    assert found.value == pytest.approx(brier_score_loss(classes, p), abs=1e-12)
    se = ((classes - p) ** 2).std(ddof=1) / np.sqrt(p.size)
    wanted = (found.value - 1.96 * se, found.value + 1.96 * se)
    assert (found.ci_low, found.ci_high) == pytest.approx(wanted, abs=0.004)
    assert mean_loss(np.full(5, 0.25), RNG(1)).ci_low == 0.25
    assert math.isnan(mean_loss(np.array([np.nan, 0.1]), RNG(1)).ci_low)


def test_the_decision_curve_equals_counting_and_a_published_example() -> None:
    p, classes, _ = predictions()
    thresholds = np.array([0.05, 0.2, 0.5, 0.8])
    curve = decision_curve(p, classes, thresholds)
    for place, threshold in enumerate(thresholds):
        yes = sum(1 for one, told in zip(p, classes, strict=True) if one >= threshold and told == 1)
        vain = sum(1 for one, told in zip(p, classes, strict=True) if one >= threshold and told == 0)
        assert curve.benefit[place] == pytest.approx(yes / 300 - vain / 300 * threshold / (1 - threshold))
        draws = RNG(3).integers(0, 300, (1000, 300))
        worth = np.where(classes == 1, 1.0, -threshold / (1 - threshold)) * (p >= threshold)
        spread = worth[draws].mean(axis=1).std()
        half = (curve.high[place] - curve.low[place]) / 2
        assert half == pytest.approx(1.96 * spread, rel=0.1)
    # Treating everybody where 30 % have it, as printed in table 4 of PMC6993280 (three decimals).
    published = {0.03: 0.278, 0.05: 0.263, 0.08: 0.239, 0.10: 0.222, 0.20: 0.125, 0.30: 0.0, 0.40: -0.167,
                 0.50: -0.4, 0.60: -0.75, 0.70: -1.333, 0.80: -2.5, 0.90: -6.0, 0.96: -16.5}  # fmt: skip
    told = np.repeat([1.0, 0.0], [30, 70])
    everybody = decision_curve(np.full(100, 0.3), told, np.array(list(published))).everybody
    assert everybody.tolist() == pytest.approx(list(published.values()), abs=5e-4)
    assert np.isnan(decision_curve(p[:1], classes[:1], thresholds).benefit).all()


def test_the_cut_off_keeps_its_specificity_and_is_the_lowest_that_does() -> None:
    rng = RNG(4)
    for size in (5, 11, 40):
        scores, classes = rng.integers(0, 30, 2 * size).astype(float), np.repeat([0.0, 1.0], size)
        cut = cut_off_at(scores, classes)
        others = scores[classes == 0]
        assert (others <= cut).mean() >= 0.8
        assert all((others <= lower).mean() < 0.8 for lower in others[others < cut])
    with pytest.raises(ModelError, match="class 0"):
        cut_off_at(np.arange(3.0), np.ones(3))


def test_predictive_values_are_bayes_theorem_with_covering_intervals() -> None:
    called, classes = np.repeat([True, False, True, False], [30, 10, 12, 48]), np.repeat([1.0, 0.0], [40, 60])
    found = accuracy(called, classes)
    assert (found.sensitivity.value, found.specificity.value) == (0.75, 0.8)
    own = predictive_values(found, 0.4)
    assert own[0].value == pytest.approx(30 / 42)
    assert own[1].value == pytest.approx(48 / 58)
    rare = predictive_values(found, 0.05)
    assert rare[0].value == pytest.approx(0.75 * 0.05 / (0.75 * 0.05 + 0.2 * 0.95))
    rng, hits = RNG(5), np.zeros(2)
    for _ in range(400):
        told = accuracy(np.concatenate([rng.random(40) < 0.75, rng.random(60) >= 0.8]), classes)
        for at, (one, true) in enumerate(zip(predictive_values(told, 0.05), (rare[0].value, rare[1].value),
                                             strict=True)):  # fmt: skip
            hits[at] += one.ci_low <= true <= one.ci_high
    assert all(scipy_stats.binomtest(int(count), 400, 0.95).pvalue > 0.001 for count in hits)
    perfect = predictive_values(accuracy(classes == 1, classes), 0.2)
    assert (perfect[0].value, perfect[0].ci_high) == (1.0, 1.0)
    assert 0 < perfect[0].ci_low < 1
    nobody = predictive_values(accuracy(np.zeros(100, dtype=bool), classes), 0.2)
    assert nobody[0].reason == "nobody is called so"
    assert nobody[1].value == pytest.approx(0.8)


@pytest.mark.parametrize("is_class", [True, False])
def test_out_of_fold_predictions_are_fits_without_the_fold(is_class: bool) -> None:
    import statsmodels.api as sm

    rng = RNG(6)
    matrix = rng.normal(5, 3, (60, 2))
    outcome = (matrix[:, 0] + rng.normal(0, 3, 60) > 5).astype(float) if is_class else matrix @ [1, 2] + 1
    sites = np.repeat(["a", "b", "c"], 20)
    found = out_of_fold(Recalibration(is_class), matrix, outcome, centres_left_out(sites.tolist()))
    for site in "abc":
        train, here = sites != site, sites == site
        design = sm.add_constant(matrix)
        model = sm.Logit if is_class else sm.OLS
        fitted = model(outcome[train], design[train]).fit(**({"disp": 0} if is_class else {}))
        np.testing.assert_allclose(found.predicted[0, here], fitted.predict(design[here]), atol=1e-6)
    assert found.failures == ()


def test_columns_that_are_constant_or_repeat_others_are_set_aside() -> None:
    rng = RNG(7)
    age = rng.normal(size=40)
    outcome = (rng.random(40) < 0.5).astype(float)
    lean = Recalibration(is_class=True).fit(age[:, None], outcome)
    full = Recalibration(is_class=True).fit(np.column_stack([np.ones(40), age, 3 * age - 1]), outcome)
    assert full.kept.tolist() == [False, True, False]
    new = rng.normal(size=5)
    np.testing.assert_allclose(
        full.transform(np.column_stack([np.full(5, 9.0), new, 3 * new - 1])), lean.transform(new[:, None])
    )
    nothing = Recalibration(is_class=True).fit(np.empty((40, 0)), outcome)
    np.testing.assert_allclose(nothing.transform(np.empty((2, 0))), outcome.mean())


def test_folds_that_cannot_be_fitted_are_named_and_predict_nobody() -> None:
    classes = np.repeat([1.0, 0.0, 1.0], [4, 4, 4])
    folds = centres_left_out(["a"] * 4 + ["b"] * 4 + ["c"] * 4)
    found = out_of_fold(Recalibration(is_class=True), RNG(1).normal(size=(12, 1)), classes, folds)
    assert np.isnan(found.predicted[0, 4:8]).all()
    assert found.failures == ("without b: a logistic model needs people with and without the outcome",)
    with pytest.raises(ModelError, match="at least two"):
        centres_left_out(["a", "a"])


@pytest.mark.parametrize("n", [10, 23, 100])
def test_stratified_folds_spread_the_classes(n: int) -> None:
    classes = (np.arange(n) % 4 == 0).astype(float)
    folds = stratified_folds(classes, RNG(2), k=5, repeats=3)
    assert folds.place.shape == (3, n)
    for row in folds.place:
        sizes = np.bincount(row, minlength=5)
        cases = np.bincount(row, weights=classes, minlength=5)
        assert np.ptp(sizes) <= 1
        assert np.ptp(cases) <= 1
    assert not (folds.place[0] == folds.place[1]).all()
    again = stratified_folds(classes, RNG(2), k=5, repeats=3)
    assert (folds.place == again.place).all()
    with pytest.raises(ModelError, match="cannot be dealt"):
        stratified_folds(np.zeros(3), RNG(1), k=5)
