"""Standard errors of Fisher z that count autocorrelation, gaps and regressors; correlations of halves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from corticolimbic.measure import confound_basis, half_correlations, regress_out, standard_errors
from corticolimbic.stats import fisher_z_se

SEED = 20210421
ONE = np.array([[0, 1]])


def ar(rng: np.random.Generator, memory: float, n: int, columns: int) -> np.ndarray:
    """AR(1) series, their start forgotten."""
    return lfilter([1.0], [1.0, -memory], rng.standard_normal((n + 200, columns)), axis=0)[200:]


def outside(low: float, high: float, n: int, time: float = 2.0) -> np.ndarray:
    """Return every sine and cosine of a run outside a band of frequencies: a filter as regressors."""
    numbers = np.arange(n // 2 + 1)
    frequencies = numbers / (n * time)
    waves = 2 * np.pi * np.outer(np.arange(n), numbers[(frequencies < low) | (frequencies > high)]) / n
    return np.hstack([np.cos(waves), np.sin(waves)])


REMOVED = {
    "nothing": lambda rng, n: np.zeros((n, 0)),
    "40 white": lambda rng, n: rng.standard_normal((n, 40)),
    "24 as slow": lambda rng, n: ar(rng, 0.5, n, 24),
    "36 slower": lambda rng, n: ar(rng, 0.9, n, 36),
    "all but a band": lambda rng, n: outside(0.01, 0.1, n),
    "all but a band, and 24 slow": lambda rng, n: np.hstack([outside(0.01, 0.1, n), ar(rng, 0.9, n, 24)]),
}


def simulated(
    memories: tuple[float, float], n: int, *, kept: float, removed: str, rounds: int
) -> tuple[float, float]:
    """Return the SD of Fisher z of independent pairs, and the mean standard error that is claimed."""
    confound = REMOVED[removed]
    rng = np.random.default_rng([SEED, n, len(removed), *(int(100 * memory) for memory in memories)])
    z, claimed, pairs = [], [], 100
    columns = np.column_stack([np.arange(pairs), pairs + np.arange(pairs)])
    for _ in range(rounds):
        series = np.hstack([ar(rng, memory, n, pairs) for memory in memories])
        volumes = np.flatnonzero(rng.random(n) < kept)
        series = series[volumes]
        confounds = confound(rng, n)[volumes]
        series, _ = regress_out(series, confounds)
        series = series - series.mean(axis=0)
        first, second = series[:, :pairs], series[:, pairs:]
        size = np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
        z.append(np.arctanh(np.sum(first * second, axis=0) / size))
        claimed.append(standard_errors(series, volumes, columns, confound_basis(confounds)))
    return float(np.std(np.concatenate(z))), float(np.mean(np.concatenate(claimed)))


@pytest.mark.parametrize(
    ("memories", "n", "kept", "removed"),
    [
        ((0.0, 0.0), 200, 1.0, "nothing"),
        ((0.6, 0.6), 200, 1.0, "nothing"),
        ((0.8, 0.8), 300, 0.7, "nothing"),
        ((0.0, 0.0), 150, 1.0, "40 white"),
        ((0.5, 0.5), 200, 0.85, "24 as slow"),
        ((0.8, 0.8), 300, 1.0, "36 slower"),
        ((0.5, 0.5), 300, 1.0, "all but a band"),
    ],
)
def test_standard_error_is_the_spread_of_many_independent_pairs(memories, n, kept, removed):
    spread, claimed = simulated(memories, n, kept=kept, removed=removed, rounds=12)
    assert claimed == pytest.approx(spread, rel=0.08)  # 1,200 pairs give an SD to 2 %


@pytest.mark.slow
@pytest.mark.parametrize("memories", [(0.0, 0.0), (0.4, 0.7), (0.7, 0.7), (0.9, 0.3), (0.9, 0.9)])
@pytest.mark.parametrize(
    ("n", "kept", "removed"),
    [
        *((n, kept, name) for n, kept in ((300, 1.0), (400, 0.7)) for name in list(REMOVED)[:4]),
        (300, 1.0, "all but a band"),
        (300, 0.9, "all but a band"),
        (300, 1.0, "all but a band, and 24 slow"),
        (600, 0.8, "all but a band, and 24 slow"),
    ],
)
def test_standard_error_is_the_spread_of_very_many_pairs(memories, n, kept, removed):
    spread, claimed = simulated(memories, n, kept=kept, removed=removed, rounds=60)
    assert claimed == pytest.approx(spread, rel=0.08)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.5), (0.8, 0.4), (0.7, 0.7)])
def test_long_series_reach_bartletts_closed_form(first, second):
    """Of AR(1): 1/N_e = (1 + ab) / (1 - ab) / N."""
    rng = np.random.default_rng([SEED, int(10 * first)])
    n = 20_000
    series = np.hstack([ar(rng, first, n, 1), ar(rng, second, n, 1)])
    wanted = np.sqrt((1 + first * second) / (1 - first * second) / n)
    assert standard_errors(series, np.arange(n), ONE)[0] == pytest.approx(wanted, rel=0.03)


def by_hand(x: np.ndarray, y: np.ndarray, volumes: np.ndarray, confounds: np.ndarray) -> float:
    """Return the standard error by the definition, with every matrix written out."""
    n = len(volumes)
    design = np.column_stack([np.ones(n), confounds])
    left = np.eye(n) - design @ np.linalg.pinv(design)
    apart = np.abs(volumes[:, None] - volumes[None, :])
    reach = 2 * np.sqrt(n)
    lags = range(int(np.ceil(reach)))
    marked = [(apart == lag).astype(float) for lag in lags]
    gram = np.array([[np.trace(left @ one @ left @ other) for other in marked] for one in marked])
    covariances = []
    for series in (x, y):
        residual = left @ series
        found = np.linalg.solve(gram, [residual @ one @ residual for one in marked])
        taper = [np.sqrt((1 + np.cos(np.pi * lag / reach)) / 2) for lag in lags]
        noise = sum(a * b * one for a, b, one in zip(found, taper, marked, strict=True))
        covariances.append(left @ noise @ left)
    first, second = covariances
    return 1 / np.sqrt(np.trace(first) * np.trace(second) / np.trace(first @ second) - 2)


def test_lags_are_counted_only_between_volumes_that_truly_are_a_lag_apart():
    rng = np.random.default_rng(SEED)
    series = ar(rng, 0.8, 120, 2)
    volumes = np.flatnonzero(rng.random(120) < 0.5) + 7
    series = series[volumes - 7]
    found = standard_errors(series, volumes, ONE)[0]
    nothing = np.zeros((len(volumes), 0))
    assert found == pytest.approx(by_hand(series[:, 0], series[:, 1], volumes, nothing), rel=1e-9)
    confounds = rng.standard_normal((len(volumes), 6))
    cleaned, _ = regress_out(series, confounds)
    corrected = standard_errors(cleaned, volumes, ONE, confound_basis(confounds))[0]
    assert corrected == pytest.approx(by_hand(*cleaned.T, volumes, confounds), rel=1e-9)
    assert corrected > found
    squeezed = standard_errors(series, np.arange(len(volumes)), ONE)[0]
    assert abs(squeezed / found - 1) > 0.01


def test_many_pairs_at_once_are_the_statistic_of_each_alone():
    rng = np.random.default_rng(SEED)
    series, volumes = ar(rng, 0.7, 100, 5), np.arange(100)
    pairs = np.array([[0, 1], [4, 2], [3, 3], [1, 0]])
    found = standard_errors(series, volumes, pairs)
    alone = [fisher_z_se(series[:, first], series[:, second]) for first, second in pairs]
    np.testing.assert_allclose(found, alone, rtol=1e-12)
    assert found[0] == pytest.approx(found[3], rel=1e-12)


def test_many_regressors_are_counted_as_few_are():
    """Past half of the volumes the way goes through what is left: no step where the ways meet."""
    rng = np.random.default_rng(SEED)
    n, series = 90, ar(rng, 0.5, 90, 2)
    confounds = rng.standard_normal((n, 60))
    found = []
    for k in (43, 44, 45, 46, 60):
        cleaned, _ = regress_out(series, confounds[:, :k])
        basis = confound_basis(confounds[:, :k])
        found.append(standard_errors(cleaned, np.arange(n), ONE, basis)[0])
        assert found[-1] == pytest.approx(1 / np.sqrt(n - k - 3), rel=0.35)
    assert np.abs(np.diff(np.log(found[:4]))).max() < 0.08


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_volumes_have_no_standard_error(n):
    assert np.isnan(standard_errors(np.ones((n, 2)), np.arange(n), ONE)).all()


def test_regressors_that_leave_nothing_and_constant_series_have_no_standard_error():
    rng = np.random.default_rng(SEED)
    series = np.column_stack([rng.standard_normal((40, 2)), np.zeros(40)])
    basis = confound_basis(rng.standard_normal((40, 37)))
    assert np.isnan(standard_errors(series, np.arange(40), ONE, basis)[0])
    assert np.isnan(standard_errors(series, np.arange(40), np.array([[0, 2]]))[0])
    assert standard_errors(series, np.arange(40), np.zeros((0, 2), dtype=int)).shape == (0,)


@pytest.mark.parametrize("n", [40, 41])
def test_halves_are_numpys_correlations_of_the_first_and_the_last_volumes(n):
    rng = np.random.default_rng(SEED)
    series = rng.standard_normal((n, 4)) @ rng.standard_normal((4, 4)) + 3
    pairs = np.array([[0, 3], [2, 1]])
    halves = half_correlations(series, pairs)
    for found, part in zip(halves, (series[:20], series[20:]), strict=True):
        wanted = np.corrcoef(part.T)
        np.testing.assert_allclose(found, [wanted[0, 3], wanted[2, 1]], rtol=1e-12)


def test_a_half_in_which_a_series_stands_still_has_no_correlation():
    rng = np.random.default_rng(SEED)
    series = rng.standard_normal((20, 2))
    series[10:, 0] = 0.25
    first, second = half_correlations(series, ONE)
    assert np.isfinite(first).all()
    assert np.isnan(second).all()
    assert all(np.isnan(half).all() for half in half_correlations(series[:2], ONE))


def test_reliability_over_halves_can_be_had_from_the_two_numbers():
    """Spearman-Brown of the halves' correlation over people is the known reliability of the whole run."""
    rng = np.random.default_rng(SEED)
    people, n, between = 400, 120, 0.2
    z = []
    for truth in np.tanh(0.3 + between * rng.standard_normal(people)):
        x, e = rng.standard_normal((2, n))
        series = np.column_stack([x, truth * x + np.sqrt(1 - truth**2) * e])
        z.append(np.arctanh(np.concatenate(half_correlations(series, ONE))))
    r = np.corrcoef(np.array(z).T)[0, 1]
    assert 2 * r / (1 + r) == pytest.approx(between**2 / (between**2 + 1 / (n - 3)), abs=0.05)
