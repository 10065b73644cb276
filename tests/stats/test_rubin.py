from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from corticolimbic.stats import ModelError, pool

# SAS/STAT 9.22 User's Guide, MIANALYZE, example 57.1 (EDF=30): means and standard errors of five imputations
# of the Fitness data; below, the degrees of freedom of its answer. Exact fractions are the second oracle.
MEANS = {
    "Oxygen": [47.0120, 47.2407, 47.4995, 47.1485, 47.0042],
    "RunTime": [10.4441, 10.5040, 10.5922, 10.5279, 10.4913],
    "RunPulse": [171.216, 171.244, 171.909, 171.146, 172.072],
}
ERRORS = {
    "Oxygen": [0.95984, 0.93540, 1.00766, 0.95439, 0.96528],
    "RunTime": [0.28520, 0.26661, 0.26302, 0.26405, 0.27275],
    "RunPulse": [1.59910, 1.75638, 1.85795, 1.75011, 1.84807],
}
"""Input as printed there."""


def by_hand(estimates: list[float], errors: list[float], df_complete: float) -> tuple[float, float]:
    """Total variance and Barnard and Rubin's degrees of freedom in exact fractions, by the paper's order."""
    q, u = [Fraction(str(x)) for x in estimates], [Fraction(str(x)) ** 2 for x in errors]
    m = len(q)
    mean = sum(q) / m
    between = sum((x - mean) ** 2 for x in q) / (m - 1)
    total = sum(u) / m + (1 + Fraction(1, m)) * between
    gamma = (1 + Fraction(1, m)) * between / total
    large = (m - 1) / gamma**2
    small = Fraction(int(df_complete) + 1, int(df_complete) + 3) * int(df_complete) * (1 - gamma)
    return float(total), float(1 / (1 / large + 1 / small))


@pytest.mark.parametrize(("name", "df"), [("Oxygen", 26.298), ("RunTime", 26.503), ("RunPulse", 25.463)])
def test_fitness_data_give_the_degrees_of_freedom_of_the_worked_example(name, df):
    found = pool(np.array(MEANS[name]), np.array(ERRORS[name]) ** 2, 30.0)
    total, exact = by_hand(MEANS[name], ERRORS[name], 30.0)
    assert found.df == pytest.approx(df, abs=2e-3)
    assert found.df == pytest.approx(exact, rel=1e-10)
    assert found.se**2 == pytest.approx(total, rel=1e-10)
    low, high = stats.t(exact, np.mean(MEANS[name]), np.sqrt(total)).interval(0.95)
    assert (found.ci_low, found.ci_high) == (pytest.approx(low), pytest.approx(high))


def test_large_samples_have_rubins_own_degrees_of_freedom():
    # SAS/STAT, MIANALYZE, getting started (no EDF): between 45.529229, within 76.543614, five imputations
    # give 23.059 degrees of freedom, increase 0.713777, missing information 0.461277, efficiency 0.915537.
    estimates = np.array([-1, -1, 0, 1, 1]) * np.sqrt(45.529229)
    found = pool(estimates, np.full(5, 76.543614))
    assert found.between == pytest.approx(45.529229)
    assert found.se**2 == pytest.approx(131.178689, rel=1e-7)
    assert found.df == pytest.approx(23.059, abs=1e-3)
    assert found.increase == pytest.approx(0.713777, abs=1e-6)
    assert found.fmi == pytest.approx(0.461277, abs=1e-6)
    assert found.efficiency == pytest.approx(0.915537, abs=1e-6)
    assert found.wanted == 47


def test_equal_estimates_have_the_complete_datas_degrees_of_freedom():
    found = pool(np.full(10, 0.3), np.full(10, 0.01), 50.0)
    assert (found.between, found.fmi, found.efficiency) == (0, 0, 1)
    assert found.df == pytest.approx(50 * 51 / 53)
    assert found.wanted == 2
    assert pool(np.full(4, 0.1), np.full(4, 1.0)).df == np.inf


def test_no_variance_at_all_is_a_point():
    found = pool(np.full(4, 2.0), np.zeros(4), 10.0)
    assert (found.se, found.ci_low, found.ci_high) == (0, 2, 2)


@pytest.mark.parametrize(
    ("estimates", "variances", "df", "words"),
    [
        ([1.0], [1.0], 10.0, "at least 2"),
        ([1.0, np.nan], [1.0, 1.0], 10.0, "missing"),
        ([1.0, 2.0], [1.0, -1.0], 10.0, "negative"),
        ([1.0, 2.0], [1.0, 1.0], 0.0, "above 0"),
    ],
)
def test_what_cannot_be_pooled_is_refused(estimates, variances, df, words):
    with pytest.raises(ModelError, match=words):
        pool(np.array(estimates), np.array(variances), df)
