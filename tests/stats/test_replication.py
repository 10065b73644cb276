"""The replication Bayes factor against an integration of its own, and where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from corticolimbic.stats import TTest, replication_bayes_factor
from corticolimbic.stats._effect_sizes import hedges_g
from corticolimbic.stats._replication import t_test_behind

NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def density(t: float, df: float, shift: np.ndarray) -> np.ndarray:
    """Noncentral t from its definition, (Z + shift) / sqrt(chi2 / df), integrated over the chi."""
    half = (1 + 12 / math.sqrt(df)) / 2
    u = half * (NODES + 1)
    mixed = u * stats.chi.pdf(u * math.sqrt(df), df) * math.sqrt(df) * half * WEIGHTS
    return (stats.norm.pdf(t * u[:, None] - shift[None, :]) * mixed[:, None]).sum(axis=0)


def oracle(first: TTest, second: TTest) -> float:
    effect = NODES * 15 / math.sqrt(first.n) + first.t / math.sqrt(first.n)
    posterior = density(first.t, first.df, effect * math.sqrt(first.n)) * WEIGHTS
    predicted = density(second.t, second.df, effect * math.sqrt(second.n))
    none = density(second.t, second.df, np.zeros(1))[0]
    return float((posterior * predicted).sum() / posterior.sum() / none)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TTest(2.21, 52, 13.5), TTest(2.5, 98, 25)),
        (TTest(2.21, 52, 13.5), TTest(-1.0, 40, 10.5)),
        (TTest(2.18, 20, 5.5), TTest(3.06, 25, 6.7)),
    ],
)
def test_against_an_independent_integration(first: TTest, second: TTest) -> None:
    assert replication_bayes_factor(first, second) == pytest.approx(oracle(first, second), rel=1e-6)


def test_limits() -> None:
    """A huge original is a point: the ratio of two densities; a huge null one says nothing; signs mirror."""
    second = TTest(2.5, 98, 25)
    huge = TTest(0.5 * 1000, 1e6, 1e6)
    ratio = stats.nct.pdf(2.5, 98, 0.5 * 5) / stats.t.pdf(2.5, 98)
    assert replication_bayes_factor(huge, second) == pytest.approx(ratio, rel=1e-3)
    assert replication_bayes_factor(TTest(0.0, 1e6, 1e6), second) == pytest.approx(1, abs=1e-3)
    first = TTest(3.0, 38, 10)
    mirrored = replication_bayes_factor(TTest(-3.0, 38, 10), TTest(-2.5, 98, 25))
    assert replication_bayes_factor(first, second) == pytest.approx(mirrored, rel=1e-9)
    assert replication_bayes_factor(first, second) > 3
    assert replication_bayes_factor(first, TTest(-2.5, 98, 25)) < 0.1
    assert replication_bayes_factor(first, TTest(0.0, 1998, 500)) < 0.02


def test_a_missing_number_gives_none() -> None:
    whole = TTest(2.0, 30, 8)
    for broken in (TTest(math.nan, 30, 8), TTest(2.0, math.inf, 8), TTest(2.0, 30, 0), TTest(2.0, 0, 8)):
        assert math.isnan(replication_bayes_factor(broken, whole))
        assert math.isnan(replication_bayes_factor(whole, broken))


@pytest.mark.parametrize("t", [-3.0, 0.0, 0.4, 2.5])
def test_the_test_behind_an_effect_is_found_again(t: float) -> None:
    g, low, high = (float(x[0]) for x in hedges_g(np.array([t]), 45, 0.09))
    found = t_test_behind(g, low, high, 45)
    assert found.t == pytest.approx(t, abs=1e-5)
    assert found.n == pytest.approx(1 / 0.09, rel=1e-5)
    assert math.isnan(t_test_behind(g, high, low, 45).t)
    assert math.isnan(t_test_behind(0.1, math.nan, 1.0, 45).t)
