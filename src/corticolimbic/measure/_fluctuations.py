"""How strongly series fluctuate, frequency band by frequency band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

Fluctuation = Literal["amplitude", "ratio", "power"]

FEWEST_FREQUENCIES = 3
"""A band with fewer frequencies is not measured: slow-5 needs runs of two and a half minutes (assumed)."""
NEAR_NYQUIST = 0.8
"""A band that reaches above this share of the highest frequency is doubtful (assumed)."""
MUCH_SPREAD = 0.1
"""A band of whose power gaps brought a larger share from elsewhere is doubtful (assumed)."""
_ROUNDING = 1e-9
"""Frequencies this close to an edge, relatively, lie on it."""
_NO_QUADRATURE = 1e-9
"""Share of the volumes below which one phase of a wave is not sampled at all."""


@dataclass(frozen=True)
class Band:
    """What is computed from the frequencies between two edges.

    Parameters
    ----------
    measure
        Name in the column ``measure``.
    low, high
        Hz. A frequency on the lower edge belongs to the band, one on the upper edge does not, so that
        neighbouring bands share none.
    statistic
        ``amplitude``: mean square root of the power spectral density. ``ratio``: sum of these square roots as
        a share of the sum over all frequencies. ``power``: integral of the density, the variance that the
        band carries.
    """

    measure: str
    low: float
    high: float
    statistic: Fluctuation

    def holds(self, frequencies: Float[np.ndarray, " frequencies"]) -> Bool[np.ndarray, " frequencies"]:
        """Tell which frequencies in Hz belong to the band."""
        return (frequencies >= self.low * (1 - _ROUNDING)) & (frequencies < self.high * (1 - _ROUNDING))

    def unit(self, signal: str) -> str:
        """Return the unit of the value, from the signal's own."""
        return {"amplitude": f"{signal}/sqrt(Hz)", "ratio": "ratio", "power": f"{signal}^2"}[self.statistic]


BANDS = (
    Band("alff", 0.01, 0.1, "amplitude"),
    Band("falff", 0.01, 0.1, "ratio"),
    Band("slow5", 0.01, 0.027, "amplitude"),
    Band("slow4", 0.027, 0.073, "amplitude"),
    Band("power_012_020", 0.12, 0.2, "power"),
)
"""ALFF: Zang et al. 2007, Brain Dev 29:83; fALFF: Zou et al. 2008, J Neurosci Methods 172:137; slow-5 and
slow-4: Zuo et al. 2010, NeuroImage 49:1432; 0.12-0.20 Hz: Baliki et al. 2011, J Neurosci 31:13981."""


@dataclass(frozen=True)
class BandValues:
    """One band of every series.

    Parameters
    ----------
    values
        Of each node; NaN where it does not fluctuate at all, and everywhere if there is a ``reason``.
    reason
        Why the band cannot be measured in this run, or empty.
    doubt
        Why the values are to be read with care, or empty.
    """

    values: Float[np.ndarray, " nodes"]
    reason: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Spectrum:
    """Power spectral densities of series.

    Parameters
    ----------
    frequencies
        Hz: multiples of one over the duration, above 0 and below the Nyquist frequency.
    density
        One-sided, squared unit of the series a Hz, (n_frequencies, n_nodes).
    nyquist
        Half the sampling rate, in Hz.
    duration
        From the first to the last kept volume, in seconds.
    spread
        Part of each node's density that gaps are expected to have brought from other frequencies.
    """

    frequencies: Float64[np.ndarray, " frequencies"]
    density: Float[np.ndarray, "frequencies nodes"]
    nyquist: float
    duration: float
    spread: Float[np.ndarray, " nodes"]

    @cached_property
    def _root(self) -> Float[np.ndarray, "frequencies nodes"]:
        return np.sqrt(self.density)

    @cached_property
    def _alive(self) -> Bool[np.ndarray, " nodes"]:
        return self.density.max(axis=0, initial=0.0) > 0

    def band(self, band: Band) -> BandValues:
        """Return a band's values, or why there are none."""
        inside = band.holds(self.frequencies)
        reason = self._why_not(band, int(inside.sum()))
        if reason:
            return BandValues(np.full(self.density.shape[1], np.nan), reason)
        if band.statistic == "power":
            values = self.density[inside].sum(axis=0) / self.duration
        else:
            total = self._root[inside].sum(axis=0)
            by = self._root.sum(axis=0) if band.statistic == "ratio" else inside.sum()
            values = total / np.where(by > 0, by, np.nan)
        values = np.where(self._alive, values, np.nan)
        return BandValues(values, doubt="; ".join(self._doubts(band, inside)))

    def _doubts(self, band: Band, inside: Bool[np.ndarray, " frequencies"]) -> Iterator[str]:
        share = band.high / self.nyquist
        if share > NEAR_NYQUIST * (1 + _ROUNDING):
            yield f"near Nyquist: the band ends at {share:.0%} of {self.nyquist:.3g} Hz"
        alive = self._alive
        if alive.any() and self.spread.any():
            # Of a ratio, the whole suffers most.
            held = self.density[:, alive] if band.statistic == "ratio" else self.density[inside][:, alive]
            share = float(np.median(self.spread[alive] * len(held) / held.sum(axis=0)))
            if share > MUCH_SPREAD:
                where = "of all power" if band.statistic == "ratio" else "of the band's power"
                yield f"gaps: about {min(share, 1):.0%} {where} is expected to come from other frequencies"

    def _why_not(self, band: Band, n_frequencies: int) -> str:
        if band.high > self.nyquist * (1 + _ROUNDING):
            longest = 1 / (2 * band.high)
            return f"needs a repetition time of at most {longest:g} s, not {0.5 / self.nyquist:.3g} s"
        if n_frequencies < FEWEST_FREQUENCIES:
            return f"too short: {n_frequencies} frequencies of the band fit into {self.duration:.0f} s"
        return ""


def spectrum(
    series: Float[np.ndarray, "kept nodes"],
    volumes: Int[np.ndarray, " kept"],
    repetition_time: float,
) -> Spectrum:
    """Return the power spectral density of detrended series, also where volumes were dropped.

    The frequencies are multiples of one over the duration. Volumes without a gap are Fourier transformed;
    with gaps the density is the Lomb-Scargle periodogram (METHODS M-12) at the same frequencies, scaled so
    that a wave keeps its density whatever was dropped. The two agree where there is no gap. No taper, no
    padding, no correction for regressors that took power away. The density of noise does not depend on the
    number of volumes. But gaps spread power: random ones add the mean density times the ratio of dropped
    to kept volumes at every frequency, which matters most where there is little power (0.12-0.20 Hz). It
    is not subtracted, as real gaps come in bursts, but said in ``doubt``.

    Parameters
    ----------
    series
        Around 0, without trend.
    volumes
        Number of each kept volume in the run, rising.
    repetition_time
        Seconds.

    References
    ----------
    Lomb 1976, Astrophys Space Sci 39:447; Scargle 1982, Astrophys J 263:835.
    """
    first = int(volumes[0]) if len(volumes) else 0
    span = int(volumes[-1]) - first + 1 if len(volumes) else 0
    steps = np.arange(1, (span + 1) // 2)
    squared = _fourier(series) if span == len(volumes) else _lomb_scargle(series, volumes - first, span)
    duration = span * repetition_time
    frequencies = steps / duration if span else np.zeros(0)
    density = squared[: len(steps)] * duration / 2
    dropped = span / max(len(volumes), 1) - 1
    variance = np.mean(series**2, axis=0) if len(series) else np.zeros(series.shape[1])
    spread = 2 * repetition_time * variance * dropped
    return Spectrum(frequencies, density, 0.5 / repetition_time, duration, spread)


def _fourier(series: np.ndarray) -> np.ndarray:
    """Return squared amplitudes of the waves that make up the series, from the first frequency on."""
    if not len(series):
        return np.zeros((0, series.shape[1]))
    from scipy.fft import rfft  # along columns several times as fast as numpy's

    transformed = rfft(series, axis=0)[1:]
    squared = np.square(transformed.real)
    squared += np.square(transformed.imag)
    squared *= (2 / len(series)) ** 2
    return squared


def _lomb_scargle(series: np.ndarray, places: np.ndarray, span: int) -> np.ndarray:
    """Return the same from volumes with gaps."""
    n = len(places)
    angle = 2 * np.pi * np.arange(span) / span
    # Whole turns drop out, so that one table serves all products of frequency and time.
    turn = np.outer(np.arange(1, (span + 1) // 2), places) % span
    cosine, sine = np.cos(angle)[turn], np.sin(angle)[turn]
    # The phase at which the sampled cosine and sine are orthogonal.
    mixed, square = np.einsum("ft,ft->f", cosine, sine), np.einsum("ft,ft->f", cosine, cosine)
    phase = 0.5 * np.arctan2(2 * mixed, 2 * square - n)
    c, s = np.cos(phase), np.sin(phase)
    even = c**2 * square + 2 * c * s * mixed + s**2 * (n - square)
    with_cosine, with_sine = cosine @ series, sine @ series
    total = np.zeros_like(with_cosine)
    for product, size in (
        (c[:, None] * with_cosine + s[:, None] * with_sine, even),
        (c[:, None] * with_sine - s[:, None] * with_cosine, n - even),
    ):
        sampled = size > _NO_QUADRATURE * n
        total += np.where(sampled[:, None], product**2, 0.0) / np.where(sampled, size, 1.0)[:, None]
    return total * (2 / n)
