from __future__ import annotations

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from scipy import signal

from corticolimbic.stats import ModelError, bartlett_dof, fisher_z_se

SEED = 20210420


def series(rng: np.random.Generator, memory: float, n: int) -> np.ndarray:
    """AR(1) series, its start forgotten."""
    return signal.lfilter([1.0], [1.0, -memory], rng.standard_normal(n + 300))[300:]


def simulated(first: float, second: float, n: int, pairs: int = 600) -> tuple[float, float]:
    """Return the SD of Fisher z over independent pairs of series, and the mean standard error claimed."""
    rng = np.random.default_rng([SEED, n, int(100 * first), int(100 * (second + 1))])
    z, claimed = [], []
    for _ in range(pairs):
        x, y = series(rng, first, n), series(rng, second, n)
        z.append(np.arctanh(np.corrcoef(x, y)[0, 1]))
        claimed.append(fisher_z_se(x, y))
    return float(np.std(z)), float(np.mean(claimed))


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (0.5, 0.5), (0.8, 0.8), (0.9, 0.3)])
@pytest.mark.parametrize("n", [200, 600])
def test_standard_error_is_that_of_many_independent_pairs(first, second, n):
    spread, claimed = simulated(first, second, n)
    assert claimed == pytest.approx(spread, rel=0.10)  # 600 draws give an SD to 3 %


def test_standard_error_is_never_below_that_of_independent_volumes():
    # Memories of opposite sign make r more precise than white noise would; that is not claimed.
    spread, claimed = simulated(0.8, -0.4, 200)
    assert claimed > spread
    assert claimed == pytest.approx(1 / np.sqrt(197), rel=0.01)


@pytest.mark.parametrize("memory", [0.3, 0.6, 0.8])
def test_dof_of_a_long_series_near_bartletts_closed_form(memory):
    rng = np.random.default_rng([SEED, int(10 * memory)])
    n = 20_000
    found = bartlett_dof(series(rng, memory, n), series(rng, memory, n))
    assert found / n == pytest.approx((1 - memory**2) / (1 + memory**2), rel=0.06)


def test_censored_volumes_keep_their_place():
    rng = np.random.default_rng(SEED)
    n, memory, z, claimed, squeezed = 300, 0.8, [], [], []
    for _ in range(500):
        x, y = series(rng, memory, n), series(rng, memory, n)
        used = rng.random(n) < 0.6
        z.append(np.arctanh(np.corrcoef(x[used], y[used])[0, 1]))
        claimed.append(fisher_z_se(np.where(used, x, np.nan), y))
        squeezed.append(fisher_z_se(x[used], y[used]))
    right, wrong = abs(np.mean(claimed) / np.std(z) - 1), abs(np.mean(squeezed) / np.std(z) - 1)
    assert right < 0.10
    assert right <= wrong + 0.03


def test_dof_stay_between_one_and_the_number_of_volumes():
    alternating = np.tile([1.0, -1.0], 50)
    slow = np.sin(np.linspace(0, np.pi, 100))
    for x, y in [(alternating, alternating), (alternating, slow), (slow, slow)]:
        assert 1 <= bartlett_dof(x, y) <= 100


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones(50), np.arange(50.0)),
        (np.array([1.0, 2, 4]), np.array([3.0, 1, 2])),
        (np.full(50, np.nan), np.arange(50.0)),
    ],
)
def test_series_without_information_give_nan(x, y):
    assert np.isnan(bartlett_dof(x, y))
    assert np.isnan(fisher_z_se(x, y))


def test_units_and_order_of_the_pair_do_not_matter():
    rng = np.random.default_rng(1)
    x, y = series(rng, 0.6, 150), series(rng, 0.4, 150)
    assert bartlett_dof(x * 1e12 + 5e12, -y) == pytest.approx(bartlett_dof(y, x), rel=1e-6)


def test_infinite_values_and_unequal_lengths_are_refused():
    with pytest.raises(ModelError, match="infinite"):
        bartlett_dof(np.array([1.0, np.inf, 2, 3]), np.arange(4.0))
    with pytest.raises((ModelError, TypeCheckError)):  # the second where shapes are checked
        bartlett_dof(np.arange(5.0), np.arange(4.0))
