"""Whether tests and intervals keep their promises on simulated studies (METHODS M-8, M-9).

Seeds were fixed before the first run. The slow tests do the full numbers, the others a few cohorts.
Intervals are at M-9's 99 %. The 95 % interval of the false positives over the 1,000 cohorts of tables, 4.50
to 4.96 %, lies just below 5 %. In 2,000 other cohorts HC2 with Bell and McCaffrey's degrees of freedom
rejected 4.82 % (4.65 to 4.98), and least squares with equal variances 4.92 % (4.75 to 5.09) of the same
tests: HC2 is a little cautious at 32 people.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from simulate.declared import clustered, declared_effects

from corticolimbic.features import read_table
from corticolimbic.simulate import SimulateSettings, population_estimate, simulate, table_cohort
from corticolimbic.workflow import read_config, run

NULL_SEED, EFFECT_SEED, TRUTH_SEED, IMAGE_SEED = 2026112301, 2026112302, 2026112303, 2026112304
COHORTS, IMAGE_COHORTS = 1000, 20
LEVEL = 0.05
Z_99 = float(stats.norm.ppf(0.995))


def effects_of(settings: SimulateSettings, cohorts: int, seed: int) -> list[pd.DataFrame]:
    """Return the effects of every cohort, in one order of edges."""
    streams = np.random.SeedSequence(seed).spawn(cohorts)
    found = [
        declared_effects(table_cohort(settings, np.random.default_rng(one)), settings) for one in streams
    ]
    return [effects.loc[found[0].index] for effects in found]


def column(found: list[pd.DataFrame], name: str) -> np.ndarray:
    """Return one column of all cohorts, (cohorts, edges)."""
    return np.array([effects[name].to_numpy(dtype=float) for effects in found])


def holm(p: np.ndarray) -> float:
    """Return the smallest p-value after Holm's correction."""
    return float(min(1.0, p.min() * p.size))


def test_few_null_cohorts_reject_about_as_often_as_they_should() -> None:
    found = effects_of(SimulateSettings(effect=False), 40, NULL_SEED)
    rejected = (column(found, "p") < LEVEL).mean(axis=1)
    mean, low, high = clustered(rejected, z=3.3)
    assert low <= LEVEL <= high, (mean, low, high)


def test_few_planted_cohorts_find_the_difference_with_its_sign_and_size() -> None:
    settings = SimulateSettings()
    truth = population_estimate(settings, 2000, np.random.default_rng(TRUTH_SEED))
    found = effects_of(settings, 40, EFFECT_SEED)
    place = list(found[0].index).index("NAc--mPFC")
    estimate, size = column(found, "estimate")[:, place], column(found, "effect_size")[:, place]
    assert (estimate > 0).all()
    assert (column(found, "p")[:, place] < LEVEL).mean() > 0.75
    assert abs(estimate.mean() - truth["NAc--mPFC"]) < 4 * estimate.std() / np.sqrt(len(estimate))
    assert 1.3 < size.mean() < 2.1  # tuned to about 1.5 in images; tables are a little less noisy
    expected = truth.reindex(found[0].index).to_numpy()
    covered = (column(found, "ci_low") <= expected) & (expected <= column(found, "ci_high"))
    assert 0.90 < covered.mean() < 0.99


@pytest.mark.slow
def test_1000_null_cohorts_of_tables_reject_five_percent() -> None:
    found = effects_of(SimulateSettings(effect=False), COHORTS, NULL_SEED)
    rejected = column(found, "p") < LEVEL
    mean, low, high = clustered(rejected.mean(axis=1), z=Z_99)
    print(f"false positives over {COHORTS} cohorts: {mean:.4f} [{low:.4f}, {high:.4f}]")
    edges = np.array([stats.binomtest(int(k), COHORTS, LEVEL).pvalue for k in rejected.sum(axis=0)])
    shares = rejected.mean(axis=0)
    print(f"edges: {shares.min():.3f} to {shares.max():.3f}, Holm p {holm(edges):.3f}")
    assert low <= LEVEL <= high
    assert (high - low) / 2 <= 0.015
    assert holm(edges) > 0.01


@pytest.mark.slow
def test_1000_planted_cohorts_of_tables_cover_the_difference() -> None:
    settings = SimulateSettings()
    truth = population_estimate(settings, 40_000, np.random.default_rng(TRUTH_SEED))
    found = effects_of(settings, COHORTS, EFFECT_SEED)
    expected = truth.reindex(found[0].index).to_numpy()
    covered = (column(found, "ci_low") <= expected) & (expected <= column(found, "ci_high"))
    counts = covered.sum(axis=0)
    p = np.array([stats.binomtest(int(k), COHORTS, 1 - LEVEL).pvalue for k in counts])
    place = list(found[0].index).index("NAc--mPFC")
    print(f"coverage over {COHORTS} cohorts: {covered.mean():.4f}, edges {counts.min()} to {counts.max()}")
    mean, size = (column(found, name)[:, place].mean() for name in ("estimate", "effect_size"))
    print(f"NAc--mPFC: {counts[place] / COHORTS:.3f}, mean estimate {mean:.4f}, mean g {size:.3f}")
    print(f"truth {expected[place]:.4f}, Holm p {holm(p):.3f}")
    assert holm(p) > 0.01


@pytest.mark.slow
def test_20_null_cohorts_of_images_reject_five_percent(tmp_path: Path) -> None:
    shares = []
    for cohort in range(IMAGE_COHORTS):
        settings = SimulateSettings(
            people=24, sites=2, visits=1, volumes=100, grid_mm=8, effect=False, seed=IMAGE_SEED + cohort
        )
        config = simulate(tmp_path / f"{cohort}", settings, n_jobs=2)
        out = tmp_path / f"{cohort}-results"
        done = run(tmp_path / f"{cohort}", out, read_config(config), until="compare", n_jobs=2, quiet=True)
        assert done.exit_code == 0
        effects = read_table("effects", out / "compare" / "effects.tsv")
        rows = effects[
            (effects["population"] == "eligible") & effects["contrast"].str.startswith("persistent_20")
        ]
        known = rows["p"].dropna()
        assert len(known) > 40
        shares.append(float((known < LEVEL).mean()))
    mean, low, high = clustered(np.array(shares), z=float(stats.t.ppf(0.975, IMAGE_COHORTS - 1)))
    print(f"false positives over {IMAGE_COHORTS} cohorts of images: {mean:.4f} [{low:.4f}, {high:.4f}]")
    assert low <= LEVEL <= high
