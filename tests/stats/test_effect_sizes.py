from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from corticolimbic.stats import hedges_g, partial_r


def noncentral_t_cdf(t: float, df: int, shift: float) -> float:
    """P(T <= t) from its definition: a normal about ``shift`` over an independent root of chi-square / df."""

    def share(ratio: float) -> float:
        density = stats.chi.pdf(ratio * np.sqrt(df), df) * np.sqrt(df)
        return float(stats.norm.cdf(t * ratio - shift) * density)

    return (
        integrate.quad(share, 0, 1, epsabs=1e-11)[0]
        + integrate.quad(share, 1, 12, epsabs=1e-11, limit=200)[0]
    )


@pytest.mark.parametrize("df", [3, 8, 18, 57, 400])
@pytest.mark.parametrize("t", [-6.0, -0.4, 0.0, 1.7, 12.0])
def test_g_interval_turns_the_noncentral_t_around(t, df):
    factor = 0.17
    _, low, high = hedges_g(np.array([t]), df, factor)
    for end, probability in ((low, 0.975), (high, 0.025)):
        shift = float(end[0]) / np.sqrt(factor)
        assert noncentral_t_cdf(t, df, shift) == pytest.approx(probability, abs=1e-6)


def test_g_removes_the_bias_that_hedges_found():
    # Hedges 1981, table 1: c(m) for m = 2, 10, 50 degrees of freedom by the gamma functions.
    for df in (2, 10, 50):
        g, _, _ = hedges_g(np.array([1.0]), df, 1.0)
        exact = special.gamma(df / 2) / (np.sqrt(df / 2) * special.gamma((df - 1) / 2))
        assert g[0] == pytest.approx(exact, rel=1e-10)
        assert g[0] == pytest.approx(1 - 3 / (4 * df - 1), abs=0.01 if df == 2 else 1e-3)


def test_mean_of_g_over_many_samples_is_the_true_difference():
    rng = np.random.default_rng(20210420)
    t = stats.nct.rvs(10, 0.8 * np.sqrt(3), size=200_000, random_state=rng)  # two groups of 6, delta 0.8
    g, low, high = hedges_g(t, 10, 1 / 3)
    assert g.mean() == pytest.approx(0.8, abs=4 * g.std() / np.sqrt(t.size))
    assert np.mean((low <= 0.8) & (high >= 0.8)) == pytest.approx(0.95, abs=0.0015)


def test_one_degree_of_freedom_has_no_interval():
    assert np.isnan(hedges_g(np.array([1.0]), 1, 1.0)[0][0])
    r, low, high = partial_r(np.array([1.0]), 1)
    assert r[0] == pytest.approx(np.sqrt(0.5))
    assert np.isnan(low[0])
    assert np.isnan(high[0])


def test_partial_r_of_an_infinite_t_stays_a_number_or_nan():
    r, _, _ = partial_r(np.array([1e9, -1e9]), 20)
    assert r == pytest.approx([1, -1])
