"""Phase locking: coupled waves with a known answer, and another program's Hilbert transform."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfiltfilt

from corticolimbic.measure import locking, phases

LOW, HIGH, TIME = 0.027, 0.073, 2.0
N = 300


def value(columns: list[np.ndarray], volumes: np.ndarray | None = None, time: float = TIME) -> float:
    series = np.column_stack(columns)
    places = np.arange(len(series)) if volumes is None else volumes
    found = phases(series[places], places, time, LOW, HIGH)
    assert found.reason == ""
    return locking(found.values[:, 0], found.values[:, 1])


def wave(frequency: float, phase: np.ndarray | float = 0.0, n: int = N, time: float = TIME) -> np.ndarray:
    return np.sqrt(2) * np.cos(2 * np.pi * frequency * time * np.arange(n) + phase)


@pytest.mark.parametrize("lag", [0.0, 0.7, np.pi / 2, 3.0])
@pytest.mark.parametrize("frequency", [0.03, 0.05, 0.0713])
def test_waves_of_one_frequency_are_locked_whatever_their_distance(lag: float, frequency: float) -> None:
    assert value([wave(frequency), 3 * wave(frequency, lag)]) > 0.99


def test_the_phase_itself_is_that_of_the_wave() -> None:
    found = phases(wave(0.05)[:, None], np.arange(N), TIME, LOW, HIGH)
    cut = (N - len(found.values)) // 2
    wanted = np.exp(2j * np.pi * 0.05 * TIME * np.arange(cut, N - cut))
    assert np.abs(found.values[:, 0] - wanted).max() < 0.05


@pytest.mark.parametrize("apart", [0.0005, 0.001, 0.0025, 0.006])
def test_waves_that_drift_apart_have_the_sinc_of_their_drift(apart: float) -> None:
    """|mean exp(i 2 pi df t)| over T seconds is |sinc(df T)|."""
    first, second = wave(0.05), wave(0.05 + apart)
    cut = int(np.ceil(1 / (HIGH - LOW) / TIME))
    assert value([first, second]) == pytest.approx(abs(np.sinc(apart * (N - 2 * cut) * TIME)), abs=0.03)


def test_a_phase_that_spreads_evenly_is_not_locked_and_one_that_jitters_is_locked_by_its_spread() -> None:
    """Of a distance that swings as a sin(wt), the mean of exp(i a sin) is the Bessel function J0(a)."""
    from scipy.special import j0

    for swing in (0.5, 1.5, 2.4048):
        slow = swing * np.sin(2 * np.pi * 4 * np.arange(N) / (N - 22) + 0.3)
        assert value([wave(0.05), wave(0.05, slow)]) == pytest.approx(abs(j0(swing)), abs=0.04)


@pytest.mark.parametrize("seed", range(4))
def test_noise_with_a_part_in_common_agrees_with_scipys_hilbert_transform(seed: int) -> None:
    rng = np.random.default_rng([77, seed])
    common, one, two = rng.standard_normal((3, 1000))
    first, second = 1.5 * common + one, 1.5 * common + two
    band = butter(5, (LOW, HIGH), btype="bandpass", fs=1 / TIME, output="sos")
    theirs = [np.angle(hilbert(sosfiltfilt(band, series)))[11:-11] for series in (first, second)]
    wanted = abs(np.mean(np.exp(1j * (theirs[0] - theirs[1]))))
    assert value([first, second]) == pytest.approx(wanted, abs=0.06)
    assert value([first, second]) > 2 * value([one, two])


def test_scale_sign_and_order_do_not_matter() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.standard_normal((2, N))
    once = value([first, second])
    assert value([second, first]) == pytest.approx(once, rel=1e-12)
    assert value([1e3 * first + 5, -second]) == pytest.approx(once, rel=1e-9)
    assert value([first, first]) == pytest.approx(1.0)
    assert 0 <= once <= 1


def test_short_gaps_are_bridged_and_long_ones_refused() -> None:
    rng = np.random.default_rng(6)
    slow = 0.8 * np.sin(2 * np.pi * 3 * np.arange(N) / N)
    columns = [wave(0.045), wave(0.045, slow)]
    whole = value(columns)
    lost = np.sort(rng.choice(np.arange(2, N - 2, 4), 40, replace=False))
    kept = np.setdiff1d(np.arange(N), [*lost, *(lost[:20] + 1)])
    assert np.diff(kept).max() == 3
    assert value(columns, kept) == pytest.approx(whole, abs=0.02)
    series = np.column_stack(columns)
    longer = np.setdiff1d(np.arange(N), np.arange(100, 103))
    found = phases(series[longer], longer, TIME, LOW, HIGH)
    assert "gap of 3 volumes" in found.reason
    assert found.values.shape == (0, 2)
    assert phases(series[longer], longer, TIME, LOW, 0.05).reason == "", "of slower waves the gap is short"
    many = np.setdiff1d(np.arange(N), np.arange(1, N - 1, 4))
    assert "25% of the volumes" in phases(series[many], many, TIME, LOW, HIGH).reason


def test_volumes_dropped_at_the_ends_are_no_gap() -> None:
    columns = [wave(0.05), wave(0.05, 0.4)]
    assert value(columns, np.arange(12, N - 30)) > 0.99


@pytest.mark.parametrize(
    ("n", "time", "reason"),
    [
        (0, 2.0, "fewer than 2"),
        (1, 2.0, "fewer than 2"),
        (100, 2.0, "fewer than 5 waves"),
        (300, 8.0, "highest"),
    ],
)
def test_runs_without_enough_waves_give_a_reason(n: int, time: float, reason: str) -> None:
    rng = np.random.default_rng(1)
    assert reason in phases(rng.standard_normal((n, 2)), np.arange(n), time, LOW, HIGH).reason


def test_series_without_a_wave_in_the_band_give_a_reason() -> None:
    series = np.column_stack([wave(0.05), np.zeros(N)])
    assert phases(series, np.arange(N), TIME, LOW, HIGH).reason == "no wave in the band"
