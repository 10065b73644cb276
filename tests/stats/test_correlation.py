from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from corticolimbic.stats import ModelError, fisher_z, inverse_fisher_z, pearson, spearman

SEED = 20210420


@pytest.mark.parametrize("seed", range(50))
def test_pearson_equals_scipy(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 80))
    x = rng.standard_normal(n) * 10.0 ** rng.integers(-9, 12)
    y = 0.3 * x / x.std() + rng.standard_normal(n)
    found, expected = pearson(x, y), stats.pearsonr(x, y)
    assert found.value == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected.confidence_interval()), rel=1e-9)


@pytest.mark.parametrize("seed", range(50))
def test_spearman_equals_scipy_with_ties(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 80))
    x = rng.integers(0, 12, n).astype(float)
    y = x + rng.integers(0, 15, n)
    found, expected = spearman(x, y), stats.spearmanr(x, y)
    assert found.value == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


def test_spearman_interval_equals_bonetts_own_software():
    # Example of ci.spear in statpsych (Bonett): 0.8699639, 0.5840951 to 0.9638297.
    y = np.array([21.0, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19])
    x = np.array([67.0, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51])
    found = spearman(x, y)
    assert found.value == pytest.approx(0.8699639, abs=5e-8)
    assert (found.ci_low, found.ci_high) == pytest.approx((0.5840951, 0.9638297), abs=5e-8)


def test_spearman_interval_by_hand():
    # r_s = 0.8, n = 5: z = 1.098612, se = sqrt(1.32 / 2) = 0.812404, z -/+ 1.592282.
    found = spearman(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 1, 4, 3, 5]))
    assert found.value == pytest.approx(0.8)
    assert (found.ci_low, found.ci_high) == pytest.approx((np.tanh(-0.493670), np.tanh(2.690894)), abs=1e-6)


@pytest.mark.parametrize("correlate", [pearson, spearman])
def test_pairs_with_a_gap_are_left_out(correlate):
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 30))
    gaps_x, gaps_y = x.copy(), y.copy()
    gaps_x[[3, 8]], gaps_y[[8, 20]] = np.nan, np.nan
    kept = [i for i in range(30) if i not in (3, 8, 20)]
    assert correlate(gaps_x, gaps_y) == correlate(x[kept], y[kept])


@pytest.mark.parametrize("correlate", [pearson, spearman])
@pytest.mark.parametrize(
    ("x", "words"), [([1.0, 2.0], "needs 3"), ([], "needs 3"), ([np.nan] * 6, "needs 3"), ([5.0] * 6, "vary")]
)
def test_what_has_no_correlation_says_why(correlate, x, words):
    found = correlate(np.array(x), np.arange(float(len(x))))
    assert np.isnan(found.value)
    assert np.isnan(found.p)
    assert words in found.reason


@pytest.mark.parametrize("correlate", [pearson, spearman])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_correlation_is_one_with_no_width(correlate, sign):
    x = np.array([1.0, 4.0, 2.0, 7.5, 3.0])
    found = correlate(x, sign * (3 * x + 1))
    assert (found.value, found.ci_low, found.ci_high, found.p) == pytest.approx(
        (sign, sign, sign, 0), abs=1e-7
    )


def test_three_pairs_have_a_value_but_no_interval():
    found = pearson(np.array([1.0, 2, 4]), np.array([1.0, 3, 2]))
    assert found.value == pytest.approx(stats.pearsonr([1, 2, 4], [1, 3, 2]).statistic)
    assert np.isnan(found.ci_low)
    assert "interval" in found.reason


def test_infinite_values_are_refused():
    with pytest.raises(ModelError, match="infinite"):
        pearson(np.array([1.0, np.inf, 2]), np.zeros(3))


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e12, 1e150, 1e300])
def test_units_do_not_matter(scale):
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal((2, 40))
    assert pearson(x * scale, y).value == pytest.approx(pearson(x, y).value, rel=1e-10)


@pytest.mark.parametrize("correlate", [pearson, spearman])
def test_intervals_cover(correlate):
    rng = np.random.default_rng(SEED)
    rho, n, cohorts = 0.5, 40, 2000
    truth = rho if correlate is pearson else 6 / np.pi * np.arcsin(rho / 2)
    covered = 0
    for _ in range(cohorts):
        x = rng.standard_normal(n)
        found = correlate(x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(n))
        covered += found.ci_low <= truth <= found.ci_high
    low, high = stats.binom.interval(0.99, cohorts, 0.95)
    assert low <= covered <= high


def test_fisher_z_and_back():
    r = np.array([[-1.0, -0.3], [0.0, 0.99]])
    np.testing.assert_allclose(inverse_fisher_z(fisher_z(r)), r, rtol=1e-12)
    assert fisher_z(np.array([1.0]))[0] == np.inf
    assert np.isnan(fisher_z(np.array([1.1]))[0])
