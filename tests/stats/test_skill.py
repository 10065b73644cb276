from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from corticolimbic.stats import ModelError, skill

SEED = 20210420


def stream() -> np.random.Generator:
    return np.random.default_rng(SEED)


def test_equals_its_formula_and_knows_its_landmarks():
    rng = np.random.default_rng(2)
    y, guess = rng.standard_normal((2, 25))
    value = 1 - ((y - guess) ** 2).sum() / ((y - 0.3) ** 2).sum()
    assert skill(y, guess, 0.3, stream()).value == pytest.approx(value, rel=1e-12)
    assert skill(y, y, 0.3, stream()).value == 1
    assert skill(y, np.full(25, 0.3), 0.3, stream()).value == 0
    assert skill(y, np.full(25, y.mean()), y.mean() + 5, stream()).value > 0.9
    assert skill(y, -y, 0.0, stream()).value == pytest.approx(-3)


def test_each_person_may_have_their_own_training_mean():
    # The leave-one-out mean predicts at r = -1 (METHODS M-3), and has no skill.
    y = np.random.default_rng(3).standard_normal(30)
    left_out_means = (y.sum() - y) / 29
    found = skill(y, left_out_means, left_out_means, stream())
    assert found.value == pytest.approx(0)
    assert np.corrcoef(y, left_out_means)[0, 1] == pytest.approx(-1)


def test_interval_equals_scipys_bca():
    rng = np.random.default_rng(4)
    y = rng.standard_normal(40)
    guess = 0.6 * y + 0.5 * rng.standard_normal(40)

    def ratio(errors: np.ndarray, baseline: np.ndarray, axis: int = -1) -> np.ndarray:
        return 1 - errors.sum(axis=axis) / baseline.sum(axis=axis)

    found = skill(y, guess, 0.1, stream(), resamples=40_000)
    expected = stats.bootstrap(
        ((y - guess) ** 2, (y - 0.1) ** 2),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=40_000,
        method="BCa",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected), abs=0.02)


def test_repeats_to_the_bit_with_the_same_stream():
    rng = np.random.default_rng(5)
    y, guess = rng.standard_normal((2, 30))
    one, two = (skill(y, guess, 0.0, stream()) for _ in range(2))
    assert (one.value, one.ci_low, one.ci_high) == (two.value, two.ci_low, two.ci_high)
    other = skill(y, guess, 0.0, np.random.default_rng(9))
    assert other.value == skill(y, guess, 0.0, stream()).value
    assert other.ci_low != skill(y, guess, 0.0, stream()).ci_low


def test_pairs_with_a_gap_are_left_out():
    rng = np.random.default_rng(6)
    y, guess = rng.standard_normal((2, 20))
    with_gap = skill(np.append(y, 3.0), np.append(guess, np.nan), 0.0, stream())
    plain = skill(y, guess, 0.0, stream())
    assert (with_gap.value, with_gap.ci_low, with_gap.n) == (plain.value, plain.ci_low, 20)


@pytest.mark.parametrize(
    ("y", "guess", "words"),
    [
        ([], [], "needs 2"),
        ([1.0], [2.0], "needs 2"),
        ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], "training mean"),
        ([np.nan, np.nan], [1.0, 2.0], "needs 2"),
    ],
)
def test_what_has_no_skill_says_why(y, guess, words):
    found = skill(np.array(y), np.array(guess), 0.0, stream())
    assert np.isnan(found.value)
    assert words in found.reason


def test_predictions_without_any_error_have_an_interval_of_no_width():
    y = np.random.default_rng(7).standard_normal(12)
    found = skill(y, y, 0.0, stream())
    assert (found.value, found.ci_low, found.ci_high) == (1, 1, 1)


def test_infinite_predictions_are_refused():
    with pytest.raises(ModelError, match="infinite"):
        skill(np.array([1.0, 2]), np.array([1.0, np.inf]), 0.0, stream())


def coverage(n: int, cohorts: int) -> float:
    """Share of intervals that hold the true skill of a fixed predictor in the population."""
    rng = np.random.default_rng([SEED, n])
    truth = 1 - (0.6**2 + 0.7**2) / 1.04  # y - guess = 0.6 a - 0.7 b; training mean 0.2 off
    covered = 0
    for _ in range(cohorts):
        a, b = rng.standard_normal((2, n))
        found = skill(a, 0.4 * a + 0.7 * b, 0.2, rng, resamples=1000)
        covered += found.ci_low <= truth <= found.ci_high
    return covered / cohorts


@pytest.mark.parametrize(("n", "least"), [(20, 0.86), (40, 0.89), (120, 0.92)])
def test_interval_covers_nearly_as_promised(n, least):
    # A bootstrap interval of few people is too short; the docstring gives these figures.
    assert least <= coverage(n, 400) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize(("n", "low", "high"), [(20, 0.88, 0.96), (40, 0.90, 0.965), (120, 0.925, 0.965)])
def test_interval_covers_nearly_as_promised_in_many_cohorts(n, low, high):
    assert low <= coverage(n, 4000) <= high
