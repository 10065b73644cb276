"""Type-I error and interval coverage of `association` (METHODS M-9).

Every cohort has new covariates, sites and groups, and ten independent features that are simulations each: the
rate of a test differs so little between designs (SD 0.005 at most) that this adds less than 1 % to the
binomial variance, and takes an eighth of the time. The seed was chosen before the first run. Rates are held
against the exact binomial distribution at 1 %, Holm-corrected.
``pytest -m slow --junitxml=FILE`` writes every rate to the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from corticolimbic.foundation import parallel_map
from corticolimbic.stats import StandardErrors, association, design

SEED = 20210420
FEATURES = 10  # a cohort
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


ESTIMATORS: tuple[StandardErrors, ...] = ("hc2", "hc3")


@dataclass(frozen=True)
class Rates:
    """Counts over simulations, of each standard error; effect sizes are the same with both."""

    n: int
    rejections: dict[StandardErrors, int]
    covered: dict[StandardErrors, int]
    es_covered: int

    def type_one(self, standard_errors: StandardErrors) -> float:
        return self.rejections[standard_errors] / self.n


def simulate(scenario: Scenario, n_simulations: int, seed: int = SEED) -> Rates:
    """Test null features, and measure an effect that is there, in the same cohorts."""
    rng = np.random.default_rng([seed, scenario.n_people, scenario.n_cases, len(scenario.residuals)])
    rejections, covered = dict.fromkeys(ESTIMATORS, 0), dict.fromkeys(ESTIMATORS, 0)
    es_covered = 0
    size = DIFFERENCE if scenario.n_cases else SLOPE
    true_es = size / scenario.residual_sd if scenario.n_cases else size / np.sqrt(1 + size**2)
    for _ in range(n_simulations // FEATURES):
        table, noise, tested = cohort(scenario, rng)
        model = design(table, "tested", ("age", "sex"), "site" if scenario.n_sites else None)
        at = np.array(model.people)
        explained = size * tested + 0.03 * table["age"].to_numpy() + 0.5 * (table["sex"] == "M").to_numpy()
        values = np.hstack([noise, noise + explained[:, None]])[at]
        for which in ESTIMATORS:
            found = association(values, model, minimum_people=4, minimum_group=2, standard_errors=which)
            rejections[which] += int((found.p[:FEATURES] < 0.05).sum())
            inside = (found.ci_low <= size) & (size <= found.ci_high)
            covered[which] += int(inside[FEATURES:].sum())
        inside = (found.es_low <= true_es) & (true_es <= found.es_high)
        es_covered += int(inside[FEATURES:].sum())
    return Rates(n_simulations, rejections, covered, es_covered)


def cohort(scenario: Scenario, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    n = scenario.n_people
    tested = rng.standard_normal(n)
    if scenario.n_cases:
        tested = rng.permutation(np.arange(n) < scenario.n_cases).astype(float)
    noise = rng.standard_normal((n, FEATURES))
    if scenario.residuals == "skewed":
        noise = rng.standard_exponential((n, FEATURES)) - 1
    if scenario.residuals == "unequal":
        noise = noise * np.where(tested == 1, 2.0, 1.0)[:, None]
    table = pd.DataFrame(
        {
            "tested": tested,
            "age": rng.normal(45, 12, n),
            "sex": pd.Categorical(np.where(rng.random(n) < 0.5, "F", "M")),
            "site": pd.Categorical(rng.choice(["A", "B", "C"][: max(scenario.n_sites, 1)], n)),
        }
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


NORMAL = tuple(one for one in SCENARIOS if one.residuals == "normal")
# HC2 with Bell and McCaffrey's degrees of freedom holds its 5 % for differences, however few people, and for
# slopes from 60; it is a little cautious for slopes of fewer and where the smaller group is a handful.
HC2_CAUTIOUS = tuple(
    one for one in NORMAL if one.name == "8 against 32" or (one.n_cases == 0 and one.n_people < 60)
)
HC2_HOLDS = tuple(one for one in NORMAL if one not in HC2_CAUTIOUS)
# HC3 with n - columns degrees of freedom holds from 120 people for slopes and 240 for differences.
HC3_HOLDS = tuple(one for one in NORMAL if one.n_people >= (240 if one.n_cases else 120))
HC3_CAUTIOUS = tuple(one for one in NORMAL if one not in HC3_HOLDS)


def full(scenario: Scenario) -> Rates:
    return simulate(scenario, 20_000)


@pytest.fixture(scope="module")
def rates(record_testsuite_property) -> dict[str, Rates]:
    """Rates of every scenario, as many at a time as there are processors."""
    found = {
        one.name: one_rates for one, one_rates in parallel_map(full, SCENARIOS, n_jobs=os.cpu_count() or 1)
    }
    for name, one in found.items():
        record_testsuite_property(name, str(one))
    return found


def counts(
    rates: dict[str, Rates], scenarios: tuple[Scenario, ...], which: StandardErrors
) -> dict[str, tuple[int, int, float]]:
    """Return what `off_nominal` checks of these scenarios."""
    checked = {}
    for one in scenarios:
        found = rates[one.name]
        checked[f"type I, {one.name}"] = (found.rejections[which], found.n, 0.05)
        checked[f"coverage, {one.name}"] = (found.covered[which], found.n, 0.95)
    return checked


@pytest.mark.parametrize(
    "scenario",
    [one for one in SCENARIOS if one.name in {"slope, 120 people", "40 against 80", "20 against 20"}],
    ids=lambda one: one.name,
)
def test_rates_are_near_nominal_in_few_simulations(scenario):
    found = simulate(scenario, 400)
    checked = {"coverage of the effect size": (found.es_covered, found.n, 0.95)}
    for which in ESTIMATORS:
        checked[f"type I, {which}"] = (found.rejections[which], found.n, 0.05)
        checked[f"coverage, {which}"] = (found.covered[which], found.n, 0.95)
    assert off_nominal(checked) == {}


@pytest.mark.slow
def test_hc2_rates_are_nominal_for_differences_and_for_slopes_of_sixty_people(rates):
    assert off_nominal(counts(rates, HC2_HOLDS, "hc2")) == {}


@pytest.mark.slow
def test_hc3_rates_are_nominal_with_enough_people(rates):
    assert off_nominal(counts(rates, HC3_HOLDS, "hc3")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", HC2_CAUTIOUS, ids=lambda one: one.name)
def test_hc2_errs_on_the_cautious_side_where_few_carry_the_estimate(scenario, rates):
    assert 0.038 < rates[scenario.name].type_one("hc2") < 0.052


@pytest.mark.slow
@pytest.mark.parametrize("scenario", HC3_CAUTIOUS, ids=lambda one: one.name)
def test_hc3_errs_on_the_cautious_side_with_few_people(scenario, rates):
    found = rates[scenario.name]
    assert 0.03 < found.type_one("hc3") < 0.05
    assert 0.95 < found.covered["hc3"] / found.n < 0.97
    assert abs(found.type_one("hc2") - 0.05) < abs(found.type_one("hc3") - 0.05)  # why HC2 is the default


@pytest.mark.slow
def test_effect_size_intervals_cover_where_residuals_are_normal_and_of_equal_variance(rates):
    checked = {one.name: (rates[one.name].es_covered, rates[one.name].n, 0.95) for one in NORMAL}
    assert off_nominal(checked) == {}


@pytest.mark.slow
def test_a_small_and_variable_group_is_the_known_weakness(rates):
    weak = rates["8 against 32, cases twice as variable"]
    assert 0.05 < weak.type_one("hc3") < 0.065  # where least squares without robust errors rejects 17 %
    assert 0.05 < weak.type_one("hc2") < 0.07
    assert weak.es_covered / weak.n < 0.9  # g assumes equal variances, and its docstring says so
