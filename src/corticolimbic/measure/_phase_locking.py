"""Phase locking: whether two slow waves keep their distance in phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Int

from corticolimbic.measure._interpolation import spline_weights

MOST_FILLED = 0.2
"""Runs with a larger share of missing volumes between the first and the last are not measured (assumed)."""
FEWEST_CYCLES = 5
"""Of the band's slowest wave, in what is left of the run (assumed)."""


@dataclass(frozen=True)
class Phases:
    """Unit phasors of series in one band.

    Parameters
    ----------
    values
        exp(i phase), (n_volumes, n_series), where the phase is known; empty if there is a ``reason``.
    reason
        Why phases cannot be had, or empty.
    """

    values: Complex[np.ndarray, "known columns"]
    reason: str = ""


def phases(
    series: Float[np.ndarray, "kept columns"],
    volumes: Int[np.ndarray, " kept"],
    repetition_time: float,
    low: float,
    high: float,
) -> Phases:
    """Return the phase of each series in a band of frequencies.

    The analytic signal is the inverse Fourier transform of the band's positive frequencies. Short gaps are
    filled by a cubic spline before it and left out after it; a gap is short while the volumes on both sides
    are no further apart than half a period of the fastest wave. Within 1/bandwidth of either end, the time
    that the filter looks around itself, phases are left out too.

    Parameters
    ----------
    series
        In the kept volumes.
    volumes
        Number of each kept volume in the run, rising.
    repetition_time
        Seconds.
    low, high
        Edges of the band in Hz; the lower one belongs to it.
    """
    n_columns = series.shape[1]
    reason = _why_not(volumes, repetition_time, low, high)
    if reason:
        return Phases(np.zeros((0, n_columns), dtype=complex), reason)
    places = volumes - volumes[0]
    length = int(places[-1]) + 1
    whole = spline_weights(volumes) @ series
    time = np.arange(length)
    trend = np.polynomial.polynomial.polyfit(time, whole, 1)
    spectrum = np.fft.fft(whole - (trend[0] + np.outer(time, trend[1])), axis=0)
    frequencies = np.fft.fftfreq(length, repetition_time)
    spectrum[~((frequencies >= low) & (frequencies < high))] = 0.0
    analytic = 2 * np.fft.ifft(spectrum, axis=0)
    cut = _margin(repetition_time, low, high)
    inside = places[(places >= cut) & (places < length - cut)]
    size = np.abs(analytic[inside])
    if not (size > 1e-9).all():  # the series have a spread of 1
        return Phases(np.zeros((0, n_columns), dtype=complex), "no wave in the band")
    return Phases(analytic[inside] / size)


def _margin(repetition_time: float, low: float, high: float) -> int:
    return int(np.ceil(1 / (high - low) / repetition_time))


def _why_not(volumes: np.ndarray, repetition_time: float, low: float, high: float) -> str:
    if high > 0.5 / repetition_time:
        return f"the band ends above the highest frequency, {0.5 / repetition_time:.3g} Hz"
    if len(volumes) < 2:
        return "fewer than 2 volumes"
    length = int(volumes[-1] - volumes[0]) + 1
    left = (length - 2 * _margin(repetition_time, low, high)) * repetition_time
    if left * low < FEWEST_CYCLES:
        return f"{max(left, 0):.0f} s hold fewer than {FEWEST_CYCLES} waves of {low:g} Hz"
    widest = int(np.diff(volumes).max())
    if widest > 1 and widest * repetition_time > 0.5 / high:
        return f"gap of {widest - 1} volumes: longer than half a wave of {high:g} Hz"
    missing = 1 - len(volumes) / length
    if missing > MOST_FILLED:
        return f"{missing:.0%} of the volumes lie in gaps, more than {MOST_FILLED:.0%}"
    return ""


def locking(first: Complex[np.ndarray, " known"], second: Complex[np.ndarray, " known"]) -> float:
    """Return the phase-locking value, the length of the mean of exp(i (phase1 - phase2)): 0 to 1.

    Lachaux et al. 1999, Hum Brain Mapp 8:194. Short runs are biased upwards: of independent series with n
    independent phases about sqrt(pi / 4n) is expected, so values compare only between runs of like length.
    """
    return float(min(1.0, np.abs(np.mean(first * second.conj()))))
