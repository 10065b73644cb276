"""Spectra of known series: waves, noise, gaps; and other programs' answers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.signal import lombscargle, periodogram

from corticolimbic.measure import BANDS, Band, spectrum

BY_NAME = {band.measure: band for band in BANDS}
TIME = 2.0
VOLUMES = 300


def noise(volumes: int = VOLUMES, nodes: int = 7, seed: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((volumes, nodes))
    return values - values.mean(axis=0)


def wave(frequency: float, phase: float = 0.4, volumes: int = VOLUMES, time: float = TIME) -> np.ndarray:
    return np.cos(2 * np.pi * frequency * time * np.arange(volumes) + phase)[:, None]


def kept(share: float, volumes: int = VOLUMES, seed: int = 2) -> np.ndarray:
    """Return the numbers of the volumes that random censoring leaves, the outermost among them."""
    inner = np.random.default_rng(seed).permutation(np.arange(1, volumes - 1))
    return np.sort(np.append(inner[: round(share * volumes) - 2], (0, volumes - 1)))


@pytest.mark.parametrize("volumes", [300, 301])
def test_densities_are_those_of_a_direct_transform_by_hand(volumes: int) -> None:
    series = noise(volumes)
    found = spectrum(series, np.arange(volumes), TIME)
    assert found.duration == volumes * TIME
    assert found.frequencies[-1] < found.nyquist == 0.25
    for place in (0, 3, len(found.frequencies) // 2, len(found.frequencies) - 1):
        turn = np.exp(-2j * np.pi * (place + 1) * np.arange(volumes) / volumes)
        by_hand = [2 * TIME / volumes * abs(sum(turn * column)) ** 2 for column in series.T]
        np.testing.assert_allclose(found.density[place], by_hand, rtol=1e-9)
    frequencies, density = periodogram(series, 1 / TIME, axis=0, detrend=False)
    inside = (frequencies > 0) & (frequencies < 0.25)
    np.testing.assert_allclose(found.frequencies, frequencies[inside], rtol=1e-12)
    np.testing.assert_allclose(found.density, density[inside], rtol=1e-9)


@pytest.mark.parametrize("share", [0.95, 0.7, 0.4])
def test_with_gaps_densities_are_those_of_another_lomb_scargle(share: float) -> None:
    volumes = kept(share)
    series = noise()[volumes]
    found = spectrum(series, volumes, TIME)
    turns = 2 * np.pi * found.frequencies
    for node in range(series.shape[1]):
        power = lombscargle(volumes * TIME, series[:, node], turns)
        np.testing.assert_allclose(
            found.density[:, node], 4 * power / len(volumes) * VOLUMES * TIME / 2, rtol=1e-6
        )


def test_the_two_ways_agree_where_nothing_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    from corticolimbic.measure import _fluctuations

    series = noise()
    direct = spectrum(series, np.arange(VOLUMES), TIME)
    monkeypatch.setattr(
        _fluctuations,
        "_fourier",
        lambda values: _fluctuations._lomb_scargle(values, np.arange(len(values)), len(values)),
    )
    np.testing.assert_allclose(
        spectrum(series, np.arange(VOLUMES), TIME).density, direct.density, rtol=1e-9, atol=1e-12
    )


def test_volumes_dropped_at_the_ends_only_shorten_the_run() -> None:
    series = noise()[20:-30]
    found = spectrum(series, np.arange(20, 270), TIME)
    np.testing.assert_array_equal(found.density, spectrum(series, np.arange(250), TIME).density)
    assert found.duration == 500


@pytest.mark.parametrize(
    ("frequency", "bands"),
    [
        (0.005, set()),
        (0.02, {"alff", "slow5"}),
        (0.05, {"alff", "slow4"}),
        (0.09, {"alff"}),
        (0.15, {"power_012_020"}),
        (0.22, set()),
    ],
)
def test_a_wave_of_known_amplitude_counts_in_its_bands_and_no_other(
    frequency: float, bands: set[str]
) -> None:
    amplitude = 3.0
    found = spectrum(amplitude * wave(frequency), np.arange(VOLUMES), TIME)
    for name, band in BY_NAME.items():
        (value,) = found.band(band).values
        n = band.holds(found.frequencies).sum()
        wanted = {
            "power": amplitude**2 / 2,
            "amplitude": amplitude * np.sqrt(VOLUMES * TIME / 2) / n,
            "ratio": 1.0,
        }[band.statistic]
        inside = name in bands or (name == "falff" and "alff" in bands)
        assert value == pytest.approx(wanted if inside else 0.0, abs=1e-6)


def test_white_noise_has_the_expected_values() -> None:
    """A density is exponentially distributed around 2 sd^2 TR, its root has the mean sd sqrt(pi TR / 2)."""
    spread = 1.7
    for volumes, time in ((300, 2.0), (150, 2.0), (600, 0.8)):
        found = spectrum(spread * noise(volumes, nodes=1500), np.arange(volumes), time)
        for name in ("alff", "slow5", "slow4"):
            values = found.band(BY_NAME[name]).values
            assert values.mean() == pytest.approx(spread * np.sqrt(np.pi * time / 2), rel=0.015)
        inside = BY_NAME["power_012_020"].holds(found.frequencies).sum()
        power = found.band(BY_NAME["power_012_020"]).values
        assert power.mean() == pytest.approx(2 * spread**2 * inside / volumes, rel=0.015)
        share = BY_NAME["falff"].holds(found.frequencies).mean()
        assert found.band(BY_NAME["falff"]).values.mean() == pytest.approx(share, rel=0.015)


def test_the_power_of_all_frequencies_is_the_variance() -> None:
    series = noise(301)
    found = spectrum(series, np.arange(301), TIME)
    everything = Band("all", 1e-9, 0.25, "power")
    np.testing.assert_allclose(found.band(everything).values, series.var(axis=0), rtol=1e-9)


def test_the_ratio_lies_between_0_and_1_and_knows_no_scale() -> None:
    for volumes in (np.arange(VOLUMES), kept(0.7)):
        series = noise(nodes=40)[volumes] + 2 * wave(0.02)[volumes]
        ratio = spectrum(series, volumes, TIME).band(BY_NAME["falff"]).values
        assert ((ratio > 0) & (ratio < 1)).all()
        for scale in (1e-6, 1e6):
            scaled = spectrum(scale * series, volumes, TIME)
            np.testing.assert_allclose(scaled.band(BY_NAME["falff"]).values, ratio, rtol=1e-9)
            alff = spectrum(series, volumes, TIME).band(BY_NAME["alff"]).values
            np.testing.assert_allclose(scaled.band(BY_NAME["alff"]).values, scale * alff, rtol=1e-9)


@pytest.mark.parametrize(("share", "tolerance"), [(0.9, 0.04), (0.7, 0.08), (0.5, 0.12)])
@pytest.mark.parametrize("frequency", [0.02, 0.05, 0.15])
def test_random_gaps_leave_a_waves_amplitude(frequency: float, share: float, tolerance: float) -> None:
    """What dropped volumes take from a wave depends on how they fall: 50 draws, on average 1 %."""
    ratios = []
    for seed in range(50):
        volumes = kept(share, seed=seed)
        series = wave(frequency, phase=seed)[volumes]
        found = spectrum(series - series.mean(), volumes, TIME)
        at = int(np.argmin(abs(found.frequencies - frequency)))
        ratios.append(np.sqrt(found.density[at, 0] * 2 / (VOLUMES * TIME)))
    assert max(abs(np.array(ratios) - 1)) < tolerance
    assert np.mean(ratios) == pytest.approx(1, abs=0.01)


def test_random_gaps_spread_power_as_stated() -> None:
    """Noise keeps its own density, and more is added: dropped over kept of what there is."""
    volumes = kept(0.75)
    series = noise(nodes=2000)[volumes]
    found = spectrum(series - series.mean(axis=0), volumes, TIME)
    assert found.density.mean() == pytest.approx(2 * TIME * (1 + 0.25 / 0.75), rel=0.02)
    assert found.spread.mean() == pytest.approx(2 * TIME * 0.25 / 0.75, rel=0.02)
    for band in BANDS:
        assert re.match("gaps: about 2[3-7]% of ", found.band(band).doubt)
    fewer = kept(0.95)
    assert spectrum(noise()[fewer], fewer, TIME).band(BY_NAME["alff"]).doubt == ""


@pytest.mark.parametrize(("volumes", "time"), [(300, 2.0), (500, 0.8), (1000, 0.72), (370, 2.7027027)])
def test_a_frequency_on_the_lower_edge_is_in_and_on_the_upper_edge_out(volumes: int, time: float) -> None:
    found = spectrum(noise(volumes), np.arange(volumes), time)
    inside = {band.measure: set(np.flatnonzero(band.holds(found.frequencies)).tolist()) for band in BANDS}
    assert not inside["slow5"] & inside["slow4"]
    assert inside["slow5"] | inside["slow4"] < inside["alff"]
    assert inside["alff"] == inside["falff"]
    step = 1 / (volumes * time)
    for band in BANDS:
        first = int(np.ceil(band.low / step - 1e-6))
        last = int(np.ceil(band.high / step - 1e-6)) - 1
        held = {at for at in range(first - 1, last) if at < len(found.frequencies)}
        assert inside[band.measure] == held
    edges = np.array([0.01, 0.027, 0.073, 0.1, 0.1 * 3 / 3])
    assert BY_NAME["slow5"].holds(edges).tolist() == [True, False, False, False, False]
    assert BY_NAME["slow4"].holds(edges).tolist() == [False, True, False, False, False]
    assert BY_NAME["alff"].holds(edges).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("time", "reason", "doubt"),
    [(0.8, "", ""), (2.0, "", ""), (2.2, "", "88%"), (2.5, "", "100%"), (2.6, "at most 2.5 s", "")],
)
def test_fast_power_needs_a_short_repetition_time_and_is_doubted_near_nyquist(
    time: float, reason: str, doubt: str
) -> None:
    found = spectrum(noise(), np.arange(VOLUMES), time).band(BY_NAME["power_012_020"])
    assert reason in found.reason
    assert bool(reason) == bool(found.reason)
    assert np.isfinite(found.values).all() == (not reason)
    assert doubt in found.doubt
    assert bool(doubt) == bool(found.doubt)


@pytest.mark.parametrize("volumes", [0, 1, 2, 20, 70])
def test_too_short_a_run_has_no_slow_band(volumes: int) -> None:
    found = spectrum(noise(VOLUMES)[:volumes], np.arange(volumes), TIME)
    slow = found.band(BY_NAME["slow5"])
    assert slow.reason.startswith("too short: ")
    assert f"fit into {volumes * 2} s" in slow.reason
    assert np.isnan(slow.values).all()
    assert slow.values.shape == (7,)
    enough = spectrum(noise(), np.arange(VOLUMES), TIME).band(BY_NAME["slow5"])
    assert enough.reason == ""


def test_every_other_volume_still_gives_numbers() -> None:
    """The hardest gaps: at some frequencies one phase of the wave is never seen."""
    volumes = np.arange(0, VOLUMES, 2)
    found = spectrum(noise()[volumes], volumes, TIME)
    assert np.isfinite(found.density).all()
    direct = spectrum(noise()[volumes], np.arange(150), 2 * TIME)
    np.testing.assert_allclose(
        found.band(BY_NAME["slow5"]).values, direct.band(BY_NAME["slow5"]).values, rtol=0.02
    )


def test_a_node_that_does_not_fluctuate_has_no_value() -> None:
    series = noise()
    series[:, 2] = 0
    for band in BANDS:
        values = spectrum(series, np.arange(VOLUMES), TIME).band(band).values
        assert np.flatnonzero(np.isnan(values)).tolist() == [2]
