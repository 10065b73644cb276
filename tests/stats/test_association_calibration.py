"""Type-I error and interval coverage of `association` (METHODS M-9).

Every simulation is a new cohort: new covariates, sites, groups and one new feature. The seed was chosen
before the first run. Rates are held against the exact binomial distribution at 1 %, Holm-corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from corticolimbic.stats import association, design

SEED = 20210420
SLOPE, DIFFERENCE = 0.4, 0.6  # residual SD per SD of the outcome, and between groups


@dataclass(frozen=True)
class Scenario:
    name: str
    n_people: int
    n_cases: int = 0  # 0: a continuous outcome is tested
    n_sites: int = 3
    residuals: str = "normal"  # "skewed": exponential; "unequal": cases have twice the SD

    @property
    def residual_sd(self) -> float:
        return float(np.sqrt(1 + 3 * self.n_cases / self.n_people)) if self.residuals == "unequal" else 1.0


SCENARIOS = (
    Scenario("slope, 20 people, no sites", 20, 0, 0),
    Scenario("slope, 30 people", 30),
    Scenario("slope, 40 people", 40),
    Scenario("slope, 60 people", 60),
    Scenario("slope, 120 people", 120),
    Scenario("slope, 240 people", 240),
    Scenario("slope, 480 people", 480),
    Scenario("10 against 10, no sites", 20, 10, 0),
    Scenario("20 against 20", 40, 20),
    Scenario("30 against 30", 60, 30),
    Scenario("60 against 60", 120, 60),
    Scenario("120 against 120", 240, 120),
    Scenario("240 against 240", 480, 240),
    Scenario("8 against 32", 40, 8),
    Scenario("40 against 80", 120, 40),
    Scenario("80 against 160", 240, 80),
    Scenario("8 against 32, cases twice as variable", 40, 8, residuals="unequal"),
    Scenario("40 against 80, cases twice as variable", 120, 40, residuals="unequal"),
    Scenario("80 against 160, cases twice as variable", 240, 80, residuals="unequal"),
    Scenario("slope, 60 people, skewed", 60, residuals="skewed"),
)


@dataclass(frozen=True)
class Rates:
    """Counts over simulated cohorts."""

    n: int
    rejections: int
    covered: int
    es_covered: int


@cache
def simulate(scenario: Scenario, n_cohorts: int, seed: int = SEED) -> Rates:
    """Test a null feature, and measure an effect that is there, in the same cohorts."""
    rng = np.random.default_rng([seed, scenario.n_people, scenario.n_cases, len(scenario.residuals)])
    rejections = covered = es_covered = 0
    for _ in range(n_cohorts):
        table, noise, tested = cohort(scenario, rng)
        model = design(table, "tested", ("age", "sex"), "site" if scenario.n_sites else None)
        at = table.index.get_indexer(list(model.people))
        size = DIFFERENCE if scenario.n_cases else SLOPE
        nuisance = 0.03 * table["age"].to_numpy() + 0.5 * (table["sex"] == "M").to_numpy()
        values = np.column_stack([noise, size * tested + noise + nuisance])[at]
        found = association(values, model, minimum_people=4, minimum_group=2)
        rejections += found.p[0] < 0.05
        covered += found.ci_low[1] <= size <= found.ci_high[1]
        true_es = size / scenario.residual_sd if scenario.n_cases else size / np.sqrt(1 + size**2)
        es_covered += found.es_low[1] <= true_es <= found.es_high[1]
    return Rates(n_cohorts, int(rejections), int(covered), int(es_covered))


def cohort(scenario: Scenario, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    n = scenario.n_people
    tested = rng.standard_normal(n)
    if scenario.n_cases:
        tested = rng.permutation(np.arange(n) < scenario.n_cases).astype(float)
    noise = rng.standard_normal(n)
    if scenario.residuals == "skewed":
        noise = rng.standard_exponential(n) - 1
    if scenario.residuals == "unequal":
        noise = noise * np.where(tested == 1, 2.0, 1.0)
    table = pd.DataFrame(
        {
            "tested": tested,
            "age": rng.normal(45, 12, n),
            "sex": np.where(rng.random(n) < 0.5, "F", "M"),
            "site": rng.choice(["A", "B", "C"][: max(scenario.n_sites, 1)], n),
        },
        index=[f"sub-{number:03d}" for number in range(n)],
    )
    return table, noise, tested


def off_nominal(counts: dict[str, tuple[int, int, float]]) -> dict[str, float]:
    """Return the rates that differ from their nominal values: name -> (count, trials, nominal)."""
    p = [stats.binomtest(count, trials, nominal).pvalue for count, trials, nominal in counts.values()]
    rejected = multipletests(p, alpha=0.01, method="holm")[0]
    return {
        name: count / trials
        for (name, (count, trials, _)), bad in zip(counts.items(), rejected, strict=True)
        if bad
    }


# Measured with 20,000 cohorts each: HC3 with n - columns degrees of freedom keeps its 5 % for slopes from 120
# people and for differences from 240; below, it is cautious, except where the smaller group is more variable.
NORMAL = tuple(one for one in SCENARIOS if one.residuals == "normal")
CALIBRATED = tuple(one for one in NORMAL if one.n_people >= (240 if one.n_cases else 120))
CAUTIOUS = tuple(one for one in NORMAL if one not in CALIBRATED)


@pytest.mark.parametrize(
    "scenario",
    [one for one in SCENARIOS if one.name in {"slope, 120 people", "40 against 80", "20 against 20"}],
    ids=lambda one: one.name,
)
def test_rates_are_near_nominal_in_few_cohorts(scenario):
    rates = simulate(scenario, 400)
    counts = {
        "type I": (rates.rejections, rates.n, 0.05),
        "coverage": (rates.covered, rates.n, 0.95),
        "coverage of the effect size": (rates.es_covered, rates.n, 0.95),
    }
    assert off_nominal(counts) == {}


@pytest.mark.slow
def test_rates_are_nominal_with_enough_people():
    counts = {}
    for scenario in CALIBRATED:
        rates = simulate(scenario, 20_000)
        counts[f"type I, {scenario.name}"] = (rates.rejections, rates.n, 0.05)
        counts[f"coverage, {scenario.name}"] = (rates.covered, rates.n, 0.95)
    assert off_nominal(counts) == {}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", CAUTIOUS, ids=lambda one: one.name)
def test_rates_of_few_people_err_on_the_cautious_side(scenario):
    rates = simulate(scenario, 20_000)
    assert 0.03 < rates.rejections / rates.n < 0.05
    assert 0.95 < rates.covered / rates.n < 0.97


@pytest.mark.slow
def test_effect_size_intervals_cover_where_residuals_are_normal_and_of_equal_variance():
    counts = {}
    for scenario in NORMAL:
        rates = simulate(scenario, 20_000)
        counts[scenario.name] = (rates.es_covered, rates.n, 0.95)
    assert off_nominal(counts) == {}


@pytest.mark.slow
def test_a_small_and_variable_group_is_the_known_weakness():
    weak = next(one for one in SCENARIOS if one.name == "8 against 32, cases twice as variable")
    rates = simulate(weak, 20_000)
    assert 0.05 < rates.rejections / rates.n < 0.065  # where least squares without HC3 rejects 17 %
    assert rates.es_covered / rates.n < 0.9  # g assumes equal variances, and its docstring says so
