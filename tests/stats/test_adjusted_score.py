"""A score beside covariates: against statsmodels; and where nothing can be estimated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from corticolimbic.stats import (
    ModelError,
    adjusted_correlation,
    adjusted_log_odds,
    gain_in_log_likelihood,
    gain_in_r2,
    original_test,
    score_test,
)


@pytest.fixture(scope="module")
def people() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(12)
    n = 160
    sites = rng.integers(0, 3, n)
    covariates = np.column_stack([rng.normal(40, 12, n), sites == 1, sites == 2]).astype(float)
    score = 0.02 * covariates[:, 0] + rng.normal(size=n)
    pain = 0.5 * score + 0.3 * covariates[:, 1] + rng.normal(size=n)
    return {"score": score, "covariates": covariates, "pain": pain, "class": (pain > 0.6).astype(float)}


def test_log_odds_equal_statsmodels(people: dict) -> None:
    import statsmodels.api as sm

    score, covariates, classes = people["score"], people["covariates"], people["class"]
    design = sm.add_constant(np.column_stack([covariates, score / score.std()]))
    model = sm.Logit(classes, design).fit(disp=0)
    found = adjusted_log_odds(score, classes, covariates)
    assert found.value == pytest.approx(model.params[-1], rel=1e-7)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(model.conf_int()[-1]), rel=1e-6)
    assert found.p == pytest.approx(model.pvalues[-1], rel=1e-6)
    less = sm.Logit(classes, design[:, :-1]).fit(disp=0)
    gain = gain_in_log_likelihood(score, classes, covariates)
    assert gain.value == pytest.approx(model.llf - less.llf, rel=1e-7)
    assert gain.p == pytest.approx(scipy_stats.chi2.sf(2 * (model.llf - less.llf), 1), rel=1e-6)


def test_partial_correlation_and_gain_in_r2_equal_statsmodels(people: dict) -> None:
    import statsmodels.api as sm

    score, covariates, pain = people["score"], people["covariates"], people["pain"]
    design = sm.add_constant(covariates)
    residuals = [sm.OLS(one, design).fit().resid for one in (score, pain)]
    found = adjusted_correlation(score, pain, covariates)
    assert found.value == pytest.approx(np.corrcoef(*residuals)[0, 1], rel=1e-9)
    half = 1.959964 / np.sqrt(160 - 3 - 3)
    ends = np.tanh(np.arctanh(found.value) + np.array([-half, half]))
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(ends), rel=1e-5)
    whole, less = sm.OLS(pain, np.column_stack([design, score])).fit(), sm.OLS(pain, design).fit()
    assert found.p == pytest.approx(whole.pvalues[-1], rel=1e-8)
    gain = gain_in_r2(score, pain, covariates)
    assert gain.value == pytest.approx(whole.rsquared - less.rsquared, rel=1e-9)
    assert gain.p == pytest.approx(whole.compare_f_test(less)[1], rel=1e-8)
    assert gain.ci_low < gain.value < gain.ci_high
    plain = adjusted_correlation(score, pain, np.empty((160, 0)))
    wanted = scipy_stats.pearsonr(score, pain)
    assert (plain.value, plain.p) == pytest.approx(tuple(wanted), rel=1e-8)
    ends = wanted.confidence_interval()
    assert (plain.ci_low, plain.ci_high) == pytest.approx(tuple(ends), rel=1e-8)


def test_tests_for_the_bayes_factor_equal_statsmodels(people: dict) -> None:
    import statsmodels.api as sm

    score, sites = people["score"], people["covariates"][:, 1:]
    model = sm.OLS(score, sm.add_constant(np.column_stack([sites, people["class"]]))).fit()
    found = score_test(score, people["class"], sites, is_class=True)
    assert (found.t, found.df) == pytest.approx((model.tvalues[-1], model.df_resid))
    assert found.n == pytest.approx(model.mse_resid / model.bse[-1] ** 2)
    alone = score_test(score, people["class"], np.empty((160, 0)), is_class=True)
    n1 = people["class"].sum()
    assert alone.n == pytest.approx(n1 * (160 - n1) / 160)
    assert alone.t == pytest.approx(
        scipy_stats.ttest_ind(score[people["class"] == 1], score[people["class"] == 0]).statistic
    )
    number = score_test(score, people["pain"], sites, is_class=False)
    r = adjusted_correlation(score, people["pain"], sites).value
    assert number.t == pytest.approx(r * np.sqrt(number.df / (1 - r**2)))
    assert score_test(np.ones(9), np.arange(9.0), np.empty((9, 0)), is_class=False) is None


@pytest.mark.parametrize(
    ("kind", "value", "n", "n_cases", "t"),
    [("r", 0.43, 37, None, 0.43 * math.sqrt(35 / (1 - 0.43**2))), ("t", 2.3, 58, 35, 2.3),
     ("auc", 0.5, 40, 10, 0.0), ("d", 0.5, 40, 20, 0.5 * math.sqrt(10)),
     ("auc", 0.7, 58, 35, math.sqrt(2) * scipy_stats.norm.ppf(0.7) * math.sqrt(35 * 23 / 58))],
)  # fmt: skip
def test_published_effects_become_t_tests(
    kind: str, value: float, n: int, n_cases: int | None, t: float
) -> None:
    found = original_test(kind, value, n, n_cases)
    assert found is not None
    assert (found.t, found.df) == pytest.approx((t, n - 2))


def test_published_effects_without_a_t_test() -> None:
    for kind, value, n in (("accuracy", 0.8, 40), ("auc", 1.0, 46), ("r", 1.0, 30), ("r", 0.3, 3)):
        assert original_test(kind, value, n) is None


def test_what_cannot_be_adjusted_says_why(people: dict) -> None:
    score, covariates, classes = people["score"], people["covariates"], people["class"]
    fixed = adjusted_log_odds(score, classes, np.column_stack([covariates, 2 * score + 1]))
    assert fixed.reason == "the score does not vary, or the covariates fix it"
    assert adjusted_correlation(np.ones(20), np.arange(20.0), np.empty((20, 0))).reason == fixed.reason
    assert adjusted_log_odds(score, np.ones(160), covariates).reason == "one class only"
    few = adjusted_correlation(score[:10], people["pain"][:10], covariates[:10])
    assert "too few" in few.reason
    assert "too few" in adjusted_log_odds(score[:9], classes[:9], covariates[:9]).reason
    assert adjusted_correlation(score[:4], 2 * score[:4], np.empty((4, 0))).reason.endswith("exactly")
    missing = score.copy()
    missing[:10] = np.nan
    assert adjusted_log_odds(missing, classes, covariates).n == 150
    assert adjusted_log_odds(np.full(160, np.nan), classes, covariates).n == 0
    with pytest.raises(ModelError, match="infinite"):
        adjusted_log_odds(np.append(score[1:], np.inf), classes, covariates)
    told = adjusted_log_odds(np.arange(40.0), (np.arange(40) > 19).astype(float), np.empty((40, 0)))
    assert "told perfectly" in told.reason
    assert math.isfinite(told.value)
    assert (
        "no maximum"
        in gain_in_log_likelihood(
            np.arange(40.0), (np.arange(40) > 19).astype(float), np.empty((40, 0))
        ).reason
    )
    twice = adjusted_log_odds(score, classes, np.column_stack([covariates, covariates]))
    assert twice.value == pytest.approx(adjusted_log_odds(score, classes, covariates).value)
