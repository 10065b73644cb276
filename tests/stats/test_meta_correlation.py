from __future__ import annotations

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from scipy import stats

from corticolimbic.stats import meta_correlation, pearson

SEED = 20210420
# Molloy, O'Carroll & Ferguson 2014, Ann Behav Med 47:92: conscientiousness and taking medication, 16 studies.
MOLLOY_R = [0.187, 0.162, 0.34, 0.32, 0.27, 0, 0.175, 0.05, 0.26, 0.01, -0.09, 0.37, 0, 0.15, 0.24, 0.04]
MOLLOY_N = [109, 749, 55, 107, 72, 65, 174, 326, 58, 771, 56, 91, 116, 537, 158, 65]


def slow_reml(z: np.ndarray, v: np.ndarray) -> float:
    """REML from the multivariate normal density of k - 1 contrasts, on ever finer grids."""
    k = z.size
    contrasts = np.linalg.svd(np.eye(k) - 1 / k)[0][:, : k - 1].T
    low, high = 0.0, 10 * np.var(z) + 1e-6

    def loss(tau2: float) -> float:
        covariance = contrasts @ np.diag(v + tau2) @ contrasts.T
        return -float(stats.multivariate_normal(np.zeros(k - 1), covariance).logpdf(contrasts @ z))

    for _ in range(12):
        grid = np.linspace(low, high, 41)
        best = int(np.argmin([loss(tau2) for tau2 in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
    return float((low + high) / 2)


def test_equals_the_published_example_of_metafor():
    # metafor's manual, dat.molloy2014: REML tau2 0.0081, I2 61.73 %, Q(15) 38.1595, p 0.0009, mean z 0.1499.
    found = meta_correlation(np.array(MOLLOY_R), np.array(MOLLOY_N))
    assert found.k == 16
    assert found.n == sum(MOLLOY_N)
    assert found.tau2 == pytest.approx(0.0081, abs=5e-5)
    assert found.i2 == pytest.approx(0.6173, abs=5e-5)
    assert found.q == pytest.approx(38.1595, abs=5e-5)
    assert found.q_p == pytest.approx(0.0009, abs=5e-5)
    assert np.arctanh(found.value) == pytest.approx(0.1499, abs=5e-5)


@pytest.mark.parametrize("seed", range(40))
def test_equals_a_slow_implementation(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 9))
    ns = rng.integers(8, 90, k)
    tau = rng.choice([0.0, 0.2, 0.6])
    z = 0.3 + tau * rng.standard_normal(k) + rng.standard_normal(k) / np.sqrt(ns - 3)
    found = meta_correlation(np.tanh(z), ns)
    tau2 = slow_reml(z, 1 / (ns - 3))
    assert found.tau2 == pytest.approx(tau2, rel=1e-4, abs=1e-6)
    w = 1 / (1 / (ns - 3) + tau2)
    mean = np.average(z, weights=w)
    se = np.sqrt(max(1.0, np.sum(w * (z - mean) ** 2) / (k - 1)) / w.sum())
    low, high = stats.t(k - 1, mean, se).interval(0.95)
    assert np.arctanh([found.value, found.ci_low, found.ci_high]) == pytest.approx(
        [mean, low, high], abs=1e-4
    )
    assert found.p == pytest.approx(2 * stats.t(k - 1).sf(abs(mean) / se), rel=1e-3)


def test_sites_that_agree_by_chance_do_not_make_an_interval_of_no_width():
    found = meta_correlation(np.array([0.4, 0.4, 0.4]), np.array([30, 40, 50]))
    assert found.tau2 == 0
    assert found.i2 == 0
    assert found.value == pytest.approx(0.4)
    half = stats.t.ppf(0.975, 2) / np.sqrt(27 + 37 + 47)
    assert np.arctanh(found.ci_high) - np.arctanh(0.4) == pytest.approx(half, rel=1e-9)


def test_one_site_is_its_own_estimate():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 37))
    alone = pearson(x, y)
    found = meta_correlation(np.array([alone.value]), np.array([37]))
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx(
        (alone.value, alone.ci_low, alone.ci_high)
    )
    assert (found.k, found.n) == (1, 37)
    assert (found.common_low, found.common_high) == (found.ci_low, found.ci_high)
    assert np.isnan(found.tau2)


def test_the_common_correlation_is_the_weighted_mean_with_fishers_interval():
    found = meta_correlation(np.array([0.43, 0.467]), np.array([37, 19]))
    mean = (34 * np.arctanh(0.43) + 16 * np.arctanh(0.467)) / 50
    half = 1.959964 / np.sqrt(50)
    expected = np.tanh([mean, mean - half, mean + half])
    assert (found.common_value, found.common_low, found.common_high) == pytest.approx(
        tuple(expected), abs=1e-6
    )
    assert found.ci_low < found.common_low
    assert found.ci_high > found.common_high


def test_no_site_is_nan_with_a_reason_for_each():
    found = meta_correlation(np.array([np.nan, 0.5, 1.0]), np.array([30, 3, 10]))
    assert np.isnan(found.value)
    assert (found.k, found.n, found.reason) == (0, 0, "no site can be used")
    assert [site for site, _ in found.left_out] == [0, 1, 2]
    assert meta_correlation(np.empty(0), np.empty(0, dtype=int)).k == 0


def test_a_site_that_cannot_enter_does_not_change_the_others():
    rs, ns = np.array([0.1, 0.5, 0.3]), np.array([30, 60, 25])
    with_gap = meta_correlation(np.insert(rs, 1, np.nan), np.insert(ns, 1, 40))
    plain = meta_correlation(rs, ns)
    assert with_gap.left_out == ((1, "no correlation"),)
    assert (with_gap.value, with_gap.ci_low, with_gap.k) == (plain.value, plain.ci_low, plain.k)


def test_order_of_sites_does_not_matter():
    rng = np.random.default_rng(3)
    order = rng.permutation(16)
    one = meta_correlation(np.array(MOLLOY_R), np.array(MOLLOY_N))
    two = meta_correlation(np.array(MOLLOY_R)[order], np.array(MOLLOY_N)[order])
    assert (two.value, two.ci_low, two.tau2) == pytest.approx((one.value, one.ci_low, one.tau2), rel=1e-6)


def test_impossible_correlations_and_lengths_are_refused():
    with pytest.raises(ValueError, match="outside"):
        meta_correlation(np.array([1.2]), np.array([30]))
    with pytest.raises((ValueError, TypeCheckError)):  # the second where shapes are checked
        meta_correlation(np.array([0.2]), np.array([30, 40]))


@pytest.mark.slow
@pytest.mark.parametrize(("k", "tau"), [(3, 0.0), (3, 0.2), (7, 0.2), (7, 0.4)])
def test_interval_covers_the_mean_at_least_as_promised(k, tau):
    rng = np.random.default_rng([SEED, k, int(10 * tau)])
    cohorts, truth, covered = 1000, 0.3, 0
    for _ in range(cohorts):
        ns = rng.integers(20, 80, k)
        z = truth + tau * rng.standard_normal(k) + rng.standard_normal(k) / np.sqrt(ns - 3)
        found = meta_correlation(np.tanh(z), ns)
        covered += found.ci_low <= np.tanh(truth) <= found.ci_high
    assert covered >= stats.binom.ppf(0.005, cohorts, 0.95)
