"""Error rates of rearrangement tests, of equivalence, and coverage of effect sizes (METHODS M-9).

Every cohort has new covariates, sites and groups. For type-I errors it has twenty independent features that
are simulations each; for family-wise errors its features are correlated and the cohort is the simulation.
Seeds were chosen before the first run. Rates are held against the exact binomial distribution at 1 %,
Holm-corrected.
``pytest -m slow --junitxml=FILE`` writes every rate to the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from corticolimbic.foundation import parallel_map
from corticolimbic.stats import (
    ModelError,
    association,
    design,
    detectable_t,
    equivalence_correlation,
    equivalence_difference,
    mixed_effect_size,
    mixed_model,
    partial_eta_squared,
    permutation_test,
    semipartial_r,
    standardised_slope,
    visit_design,
    wild_bootstrap,
)

SEED = 20210421
FEATURES = 20  # a cohort
SITES = np.array([0.6, 0.25, 0.15])


@dataclass(frozen=True)
class Scenario:
    name: str
    test: str  # order, sign, wild, visits, whole
    n_people: int = 60
    n_cases: int = 30  # 0: a continuous column is tested
    ratio: float = 1.0  # SD of cases over that of the others
    skewed: bool = False
    blocks: str = "site"
    visits: str = "unequal"
    slope_sd: float = 0.0
    effect: str = "group[patient]:year"


SCENARIOS = (
    Scenario("order: 30 against 30", "order"),
    Scenario("order: 10 against 10", "order", 20, 10),
    Scenario("order: 15 against 45 of half the SD", "order", 60, 15, 2.0),
    Scenario("order: 45 against 15 of half the SD", "order", 60, 45, 2.0),
    Scenario("order, all with all: 15 against 45 of half the SD", "order", 60, 15, 2.0, blocks="none"),
    Scenario("order: slope, 40 people, skewed", "order", 40, 0, skewed=True),
    Scenario("sign: 15 against 45 of half the SD", "sign", 60, 15, 2.0),
    Scenario("wild: 30 against 30", "wild"),
    Scenario("wild: 10 against 10", "wild", 20, 10),
    Scenario("wild: 15 against 45 of half the SD", "wild", 60, 15, 2.0),
    Scenario("wild: slope, 40 people, skewed", "wild", 40, 0, skewed=True),
    Scenario("whole: 30 people, 3 visits", "whole", 30, 15, visits="equal"),
    Scenario("visits: 40 people, 1 to 4 visits", "visits", 40, 20),
    Scenario("visits: 40 people, 1 to 4 visits, group", "visits", 40, 20, effect="group[patient]"),
    Scenario("visits: 20 people, 1 to 4 visits", "visits", 20, 10),
    Scenario("visits: 40 people, slopes differ but are left out", "visits", 40, 20, slope_sd=0.6),
    Scenario("visits: 10 cases of twice the SD against 30", "visits", 40, 10, 2.0),
)
BY_NAME = {one.name: one for one in SCENARIOS}


def people(one: Scenario, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Return covariates, motion more of it in cases, and the feature's mean that they make."""
    n = one.n_people
    tested = rng.standard_normal(n)
    if one.n_cases:
        tested = rng.permutation(np.arange(n) < one.n_cases).astype(float)
    table = pd.DataFrame(
        {
            "tested": tested,
            "motion": rng.gamma(2, 0.1, n) * (1 + 0.5 * tested if one.n_cases else 1.0),
            "age": rng.normal(45, 12, n),
            "site": pd.Categorical(rng.choice(list("ABC"), n, p=SITES)),
        }
    )
    mean = 3 * table["motion"] + 0.02 * table["age"] + table["site"].cat.codes
    return table, mean.to_numpy()


def errors(one: Scenario, cases: np.ndarray, rng: np.random.Generator, features: int, r: float) -> np.ndarray:
    shape = (cases.size, features)
    draw = rng.standard_exponential if one.skewed else rng.standard_normal
    shared = draw((cases.size, 1)) - one.skewed
    noise = np.sqrt(1 - r) * (draw(shape) - one.skewed) + np.sqrt(r) * shared
    return noise * np.where(cases == 1, one.ratio, 1.0)[:, None]


def p_values(one: Scenario, rng: np.random.Generator, features: int, n_draws: int, r: float = 0.0):
    """Return p and family-wise p of null features in one cohort."""
    if one.test in {"visits", "whole"}:
        return visit_p_values(one, rng, features, n_draws, r)
    table, mean = people(one, rng)
    model = design(table, "tested", ("motion", "age"), "site")
    kept = np.array(model.people)
    values = errors(one, table["tested"].to_numpy() * bool(one.n_cases), rng, features, r) + mean[:, None]
    settings = {"n_draws": n_draws, "minimum_people": 4, "minimum_group": 2}
    if one.test == "wild":
        found = wild_bootstrap(values[kept], model, rng, **settings)
    else:
        found = permutation_test(values[kept], model, rng, blocks=one.blocks, rearranged=one.test, **settings)
    return found.p, found.p_fwe


def visit_p_values(one: Scenario, rng: np.random.Generator, features: int, n_draws: int, r: float):
    sizes = np.full(one.n_people, 3)
    if one.visits == "unequal":
        sizes = rng.integers(1, 5, one.n_people)
    person = np.repeat(np.arange(one.n_people), sizes)
    year = np.concatenate([np.arange(size) for size in sizes]).astype(float)
    case = rng.permutation(one.n_people) < one.n_cases
    table = pd.DataFrame(
        {
            "person": person,
            "year": year,
            "group": np.where(case[person], "patient", "control"),
            "age": rng.normal(45, 12, one.n_people)[person],
        }
    )
    model = visit_design(table, "person", "year", ("group", "year", "group:year", "age"))
    level = errors(one, case[model.person], rng, features, r) * 0.0
    level += errors(one, case, rng, features, r)[model.person]
    level += one.slope_sd * rng.standard_normal((one.n_people, features))[model.person] * model.time[:, None]
    values = level + errors(one, case[model.person], rng, features, r) + 0.1 * model.time[:, None]
    if one.test == "whole":
        found = permutation_test(values, model, rng, effect=one.effect, n_draws=n_draws)
    else:
        fit = mixed_model(values, model)
        found = wild_bootstrap(values, model, rng, fit=fit, effect=one.effect, n_draws=n_draws)
    return found.p, found.p_fwe


def type_one(one: Scenario, n_simulations: int, n_draws: int = 499) -> tuple[int, int, float]:
    """Return rejections at 5 %, simulations, and the nominal rate."""
    rng = np.random.default_rng([SEED, SCENARIOS.index(one)])
    rejected = done = 0
    for _ in range(n_simulations // FEATURES):
        try:
            p, _ = p_values(one, rng, FEATURES, n_draws)
        except ModelError:  # a site may hold but one group
            continue
        rejected += int((p <= 0.05).sum())
        done += int((~np.isnan(p)).sum())
    return rejected, done, 0.05


def family_wise(one: Scenario, n_cohorts: int, n_draws: int = 999) -> tuple[int, int, float]:
    """Return cohorts in which any of twenty correlated null features is called, cohorts, nominal rate."""
    rng = np.random.default_rng([SEED, 1000 + SCENARIOS.index(one)])
    called = [np.nanmin(p_values(one, rng, FEATURES, n_draws, 0.5)[1]) <= 0.05 for _ in range(n_cohorts)]
    return sum(called), n_cohorts, 0.05


def mixed_size_coverage(n: int, effect: str, rng: np.random.Generator) -> tuple[int, int, float]:
    """Coverage of a difference at time 0, or in change, in total SDs at time 0."""
    inside = done = 0
    for _ in range(n // FEATURES):
        person = np.repeat(np.arange(60), rng.integers(2, 5, 60))
        year = np.concatenate([np.arange(size) for size in np.bincount(person)]).astype(float)
        table = pd.DataFrame({"person": person, "year": year, "group": person % 2})
        model = visit_design(table, "person", "year", ("group", "year", "group:year"))
        values = rng.standard_normal((60, FEATURES))[model.person]
        values += 0.8 * rng.standard_normal((len(person), FEATURES))
        true = 0.9 * np.sqrt(1 + 0.64)
        values += true * model.matrix[:, [model.columns.index(effect)]]
        found = mixed_effect_size(mixed_model(values, model), values, model, effect)
        inside += int(((found.low <= 0.9) & (found.high >= 0.9)).sum())
        done += FEATURES
    return inside, done, 0.95


def slope_coverage(n: int, what: str, rng: np.random.Generator) -> tuple[int, int, float]:
    """Coverage of the standardised slope, or semi-partial r, of one of three correlated columns."""
    people_, inside = 200, 0
    c = np.array([[1, 0.4, 0.2], [0.4, 1, 0.1], [0.2, 0.1, 1.0]])
    slope = np.array([0.5, -0.2, 0.3])
    total = slope @ c @ slope + 1
    own = slope[0] / np.sqrt(total)
    left = 1 / np.linalg.inv(c)[0, 0]  # variance of the first column that the others leave
    true = own if what == "slope" else own * np.sqrt(left)
    for _ in range(n):
        x = rng.multivariate_normal(np.zeros(3), c, people_)
        y = x @ slope + rng.standard_normal(people_)
        if what == "slope":
            _, low, high = (end[0] for end in standardised_slope(y, x))
        else:
            a = np.column_stack([np.ones(people_), x])
            fit, squares, *_ = np.linalg.lstsq(a, y, rcond=None)
            df = people_ - 4
            t = fit[1] / np.sqrt(squares[0] / df * np.linalg.inv(a.T @ a)[1, 1])
            share = 1 - squares[0] / ((y - y.mean()) ** 2).sum()
            _, low, high = (end[0] for end in semipartial_r(np.array([t]), np.array([share]), people_, df))
        inside += int(low <= true <= high)
    return inside, n, 0.95


def eta_coverage(n: int, rng: np.random.Generator) -> tuple[int, int, float]:
    f = stats.ncf.rvs(3, 76, 12.0, size=n, random_state=rng)
    _, low, high = partial_eta_squared(f, 3, 76)
    true = 12 / (12 + 80)
    return int(((low <= true) & (high >= true)).sum()), n, 0.95


def equivalence_size(n: int, what: str, rng: np.random.Generator) -> tuple[int, int, float]:
    """Share of studies called equivalent though the true effect is the smallest of interest."""
    called = done = 0
    for _ in range(n // 100):
        table = pd.DataFrame({"x": rng.standard_normal(150), "group": rng.permutation(150) % 2})
        model = design(table, "x" if what == "slope" else "group")
        noise = rng.standard_normal((150, 100))
        if what == "difference":
            found = association(noise + 0.6 * model.matrix[:, 1:2], model)
            t = found.estimate / (found.residual_sd * np.sqrt(found.variance_factor))
            p = equivalence_difference(t, 148, float(found.variance_factor[0]), 0.6)
        else:
            x = rng.standard_normal((150, 100))
            y = 0.4 * x + np.sqrt(1 - 0.16) * noise
            r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(x.T, y.T, strict=True)])
            p = equivalence_correlation(r, 148, 0.4)
        called += int((p <= 0.05).sum())
        done += 100
    return called, done, 0.05


def power_at_detectable(n: int, rng: np.random.Generator) -> tuple[int, int, float]:
    """Share of t tests that find an effect of just the size that is said to be detectable."""
    shift = detectable_t(np.array([38.0]))[0] * np.sqrt(2 / 20)
    a, b = rng.standard_normal((2, n, 20))
    p = stats.ttest_ind(a + shift, b, axis=1).pvalue
    return int((p <= 0.05).sum()), n, 0.8


Check = Callable[[int, np.random.Generator], tuple[int, int, float]]
CHECKS: dict[str, Check] = {
    "coverage: group in SDs at time 0": lambda n, rng: mixed_size_coverage(n, "group[1]", rng),
    "coverage: group:year in SDs at time 0": lambda n, rng: mixed_size_coverage(n, "group[1]:year", rng),
    "coverage: standardised slope": lambda n, rng: slope_coverage(n, "slope", rng),
    "coverage: semi-partial r": lambda n, rng: slope_coverage(n, "semi-partial", rng),
    "coverage: partial eta squared": eta_coverage,
    "size of equivalence: difference": lambda n, rng: equivalence_size(n, "difference", rng),
    "size of equivalence: correlation": lambda n, rng: equivalence_size(n, "slope", rng),
    "power at the detectable effect": power_at_detectable,
}
FAMILIES = (
    "order: 30 against 30",
    "order: 15 against 45 of half the SD",
    "wild: 15 against 45 of half the SD",
    "visits: 40 people, 1 to 4 visits",
)


def check(name: str, n: int) -> tuple[int, int, float]:
    return CHECKS[name](n, np.random.default_rng([SEED, 2000 + list(CHECKS).index(name)]))


def off_nominal(counts: dict[str, tuple[int, int, float]]) -> dict[str, float]:
    """Return the rates that differ from their nominal values: name -> (count, trials, nominal)."""
    p = [stats.binomtest(count, trials, nominal).pvalue for count, trials, nominal in counts.values()]
    rejected = multipletests(p, alpha=0.01, method="holm")[0]
    return {
        name: count / trials
        for (name, (count, trials, _)), bad in zip(counts.items(), rejected, strict=True)
        if bad
    }


def full(name: str) -> tuple[int, int, float]:
    if name.startswith("family: "):
        return family_wise(BY_NAME[name.removeprefix("family: ")], 10_000)
    return type_one(BY_NAME[name], 20_000) if name in BY_NAME else check(name, 20_000)


EVERYTHING = (*CHECKS, *BY_NAME, *(f"family: {name}" for name in FAMILIES))


@pytest.fixture(scope="module")
def rates(record_testsuite_property) -> dict[str, tuple[int, int, float]]:
    found = dict(parallel_map(full, EVERYTHING, n_jobs=os.cpu_count() or 1))
    for name, counts in found.items():
        record_testsuite_property(name, str(counts))
    return found


def test_rates_are_near_nominal_in_few_simulations():
    some = ("order: 15 against 45 of half the SD", "wild: 30 against 30", "visits: 40 people, 1 to 4 visits")
    counts = {name: type_one(BY_NAME[name], 400, 199) for name in some}
    counts |= {f"family: {name}": family_wise(BY_NAME[name], 100, 99) for name in FAMILIES[:1]}
    counts |= {name: check(name, 400) for name in CHECKS}
    assert off_nominal(counts) == {}


# A quarter of the people with twice the SD: residuals of the model without the effect mix both variances, and
# the studentised order test is a little bold, as HC2 by t is; signs and the wild bootstrap are not.
BOLD = (
    "order: 15 against 45 of half the SD",
    "order, all with all: 15 against 45 of half the SD",
    "visits: 10 cases of twice the SD against 30",
)
CAUTIOUS = "order: 45 against 15 of half the SD"


@pytest.mark.slow
def test_full_rates_are_nominal(rates):
    odd = (*BOLD, CAUTIOUS)
    checked = {name: counts for name, counts in rates.items() if name.removeprefix("family: ") not in odd}
    assert off_nominal(checked) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOLD)
def test_a_little_bold_where_a_small_group_is_the_more_variable(name, rates):
    rejected, done, _ = rates[name]
    assert 0.05 < rejected / done < (0.08 if name.startswith("visits") else 0.065)  # set after a first run


@pytest.mark.slow
def test_orders_are_cautious_where_a_large_group_is_the_more_variable(rates):
    rejected, done, _ = rates[CAUTIOUS]
    assert 0.035 < rejected / done < 0.05
