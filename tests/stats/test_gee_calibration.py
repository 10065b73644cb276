"""Coverage and type-I error of `gee`, `pooled_models` and `icc` (METHODS M-9).

The seed was chosen before the first run. Rates are held against the exact binomial distribution at 1 %,
Holm-corrected within a test.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from corticolimbic.stats import (
    ChainedEquations,
    ObservationWeights,
    aligned,
    gee,
    icc,
    mixed_model,
    pooled_models,
    row_weights,
    visit_design,
)

SEED = 20210420
FEATURES = 20


def held(counts: dict[str, int], n: int, nominal: float) -> list[str]:
    """Return the quantities outside the band."""
    p = [stats.binomtest(count, n, nominal).pvalue for count in counts.values()]
    rejected = multipletests(p, 0.01, method="holm")[0]
    return [f"{name}: {counts[name] / n:.4f}" for name, out in zip(counts, rejected, strict=True) if out]


def icc_coverage(n_simulations: int) -> dict[str, int]:
    """Count intervals that hold the truth, for people with gaps and without."""
    rng = np.random.default_rng([SEED, 1])
    covered = {}
    for n, k, truth, gaps in ((15, 2, 0.5, 0.0), (40, 3, 0.7, 0.25), (100, 2, 0.3, 0.2), (20, 4, 0.0, 0.3)):
        values = np.sqrt(truth) * rng.standard_normal((n, 1, n_simulations))
        values = values + np.sqrt(1 - truth) * rng.standard_normal((n, k, n_simulations))
        values[rng.random((n, k)) < gaps] = np.nan
        for form in ("ICC(1,1)", "ICC(3,1)"):
            found = icc(values, form)
            inside = (found.low <= truth) & (truth <= found.high)
            covered[f"{form}, {n} people, {k} times, ICC {truth}, gaps {gaps}"] = int(inside.sum())
    return covered


def agreement_coverage(n_simulations: int) -> dict[str, int]:
    """Count intervals of ICC(2,1) that hold the truth: measurements differ in level."""
    rng = np.random.default_rng([SEED, 2])
    covered = {}
    for n, k, gaps in ((30, 4, 0.0), (30, 4, 0.25)):
        shift = np.sqrt(0.2) * rng.standard_normal((1, k, n_simulations))
        values = np.sqrt(0.5) * rng.standard_normal((n, 1, n_simulations)) + shift
        values = values + np.sqrt(0.3) * rng.standard_normal((n, k, n_simulations))
        values[rng.random((n, k)) < gaps] = np.nan
        found = icc(values, "ICC(2,1)")
        covered[f"{n} people, {k} times, gaps {gaps}"] = int(((found.low <= 0.5) & (found.high >= 0.5)).sum())
    return covered


def gee_null(n_studies: int, n: int, correlation: str) -> dict[str, int]:
    """Count rejections at 5 % without an effect, visits of a person correlated."""
    rng = np.random.default_rng([SEED, 3, n])
    rejected = dict.fromkeys(("group[patient]", "year", "group[patient]:year"), 0)
    for _ in range(n_studies):
        sizes = rng.integers(1, 5, n)
        person = np.repeat(np.arange(n), sizes)
        year = np.concatenate([np.arange(size) * 1.0 for size in sizes])
        group = np.where((np.arange(n) % 2)[person] == 1, "patient", "control")
        visits = pd.DataFrame({"person": person, "year": year, "group": group})
        model = visit_design(visits, "person", "year", ("group", "year", "group:year"))
        noise = rng.standard_normal((n, FEATURES))[person] + rng.standard_normal((len(person), FEATURES))
        fit = gee(aligned(pd.DataFrame(noise), model), model, correlation=correlation)
        for name in rejected:
            rejected[name] += int((fit.p[fit.row(name)] < 0.05).sum())
    return rejected


def weighted_coverage(n_studies: int, n: int, errors: str) -> dict[str, float]:
    """Return coverage of the slope, weighted and of complete cases: who leaves is told by an auxiliary."""
    rng = np.random.default_rng([SEED, 4, n])
    covered, complete, slopes, ses = 0, 0, [], []
    for _ in range(n_studies):
        auxiliary = rng.normal(size=n)
        people = pd.DataFrame({"auxiliary": auxiliary})
        stays = rng.random(n) < 1 / (1 + np.exp(0.7 * auxiliary - 1.2))
        stays2 = stays & (rng.random(n) < 1 / (1 + np.exp(0.7 * auxiliary - 1.5)))
        observed = pd.DataFrame({"0": True, "1": stays, "2": stays2})
        who, at = np.nonzero(observed.to_numpy())
        y = (0.6 * auxiliary + 0.8 * rng.normal(size=n))[who] + at * (0.3 + 0.4 * auxiliary[who])
        visits = pd.DataFrame({"person": who, "year": at * 1.0, "session": at.astype(str)})
        features = pd.DataFrame({"edge": y + rng.normal(size=len(who))})
        model = visit_design(visits, "person", "year", ("year",))
        fitted = ObservationWeights(("auxiliary",)).fit(people, observed)
        weights = row_weights(model, fitted, visits["session"])
        values = aligned(features, model)
        fit = gee(values, model, weights=weights, standard_errors=errors)
        plain = gee(values, model)
        row = fit.row("year")
        covered += bool(fit.ci_low[row, 0] <= 0.3 <= fit.ci_high[row, 0])
        complete += bool(plain.ci_low[row, 0] <= 0.3 <= plain.ci_high[row, 0])
        slopes.append(fit.estimate[row, 0])
        ses.append(fit.se[row, 0])
    return {
        "covered": covered,
        "complete": complete,
        "bias": float(np.mean(slopes) - 0.3),
        "sd": float(np.std(slopes, ddof=1)),
        "se": float(np.mean(ses)),
    }


def pooled_coverage(n_studies: int, n: int = 100) -> dict[str, int]:
    """Count intervals of a mixed model that hold the truth: a covariate is missing at random."""
    rng = np.random.default_rng([SEED, 5])
    covered = {"age": 0, "year": 0}
    for study in range(n_studies):
        other = rng.normal(size=n)
        age = 0.6 * other + 0.8 * rng.normal(size=n)
        person, year = np.repeat(np.arange(n), 3), np.tile(np.arange(3.0), n)
        y = (0.5 * age + rng.normal(size=n))[person] + 0.2 * year + rng.normal(size=3 * n)
        people = pd.DataFrame({"age": age, "other": other, "mean": y.reshape(n, 3).mean(axis=1)})
        people.loc[rng.random(n) < 1 / (1 + np.exp(0.8 - other)), "age"] = np.nan
        made = ChainedEquations({"age": "normal"}, ("other", "mean"), imputations=20, seed=study).fit(people)
        features, fits = pd.DataFrame({"edge": y}), []
        for table in made.imputed_:
            visits = pd.DataFrame({"person": person, "year": year, "age": table["age"].to_numpy()[person]})
            model = visit_design(visits, "person", "year", ("age", "year"))
            fits.append(mixed_model(aligned(features, model), model))
        found = pooled_models(fits)
        for name, truth in (("age", 0.5), ("year", 0.2)):
            row = found.row(name)
            covered[name] += bool(found.ci_low[row, 0] <= truth <= found.ci_high[row, 0])
    return covered


def test_exact_intervals_of_the_icc_cover_in_a_short_run():
    assert held(icc_coverage(400), 400, 0.95) == []


@pytest.mark.slow
def test_intervals_of_the_icc_cover():
    n = 20_000
    assert held(icc_coverage(n), n, 0.95) == []
    for name, count in agreement_coverage(n).items():
        assert 0.93 < count / n < 0.98, name  # Satterthwaite's: approximate


@pytest.mark.slow
@pytest.mark.parametrize("correlation", ["independence", "exchangeable"])
def test_gee_rejects_at_five_per_cent(correlation):
    for n in (20, 60):
        counts = gee_null(1000 if correlation == "independence" else 100, n, correlation)
        total = FEATURES * (1000 if correlation == "independence" else 100)
        for name, count in counts.items():
            assert 0.03 < count / total < 0.065, (n, name)


@pytest.mark.slow
def test_weighted_gee_covers_where_complete_cases_do_not():
    found = weighted_coverage(1000, 300, "jackknife")
    assert abs(found["bias"]) < 0.02
    assert found["covered"] / 1000 > 0.93
    assert found["complete"] / 1000 < 0.8


@pytest.mark.slow
def test_pooled_mixed_models_cover_with_a_covariate_missing_at_random():
    assert held(pooled_coverage(1000), 1000, 0.95) == []
