"""Whether series were band-limited before they came here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from corticolimbic.measure._fluctuations import Band, spectrum
from corticolimbic.measure._nuisance import regress_out

GONE = 1e-5
"""Density below this share of the largest is what a filter left (assumed; brains and scanners span 1e-3)."""
MOST_GONE = 0.5
"""A band with more than this share of its frequencies gone is not measured."""
SOME_GONE = 0.1
"""A band with more than this share of its frequencies gone is doubtful."""
_ABOVE_DRIFTS = 0.01


@dataclass(frozen=True)
class BandLimits:
    """What is left at each frequency.

    Parameters
    ----------
    level
        Median density over the nodes, at multiples of one over the number of volumes.
    n_volumes
        Of the run, before any were dropped: gaps would spread power over frequencies that are empty.
    """

    level: Float64[np.ndarray, " frequencies"]
    n_volumes: int

    def gone(self, band: Band, repetition_time: float) -> float:
        """Return the share of a band's frequencies (for ratios: of all) that were filtered away."""
        frequencies = np.arange(1, len(self.level) + 1) / (self.n_volumes * repetition_time)
        inside = band.holds(frequencies) | (band.statistic == "ratio")
        top = self.level[frequencies >= _ABOVE_DRIFTS].max(initial=0.0)
        return float((self.level[inside] < GONE * top).mean()) if inside.any() and top > 0 else 0.0


def band_limits(values: Float[np.ndarray, "volumes nodes"]) -> BandLimits:
    """Look for frequencies at which series have hardly any power.

    Parameters
    ----------
    values
        In every volume of the run; nodes that are NaN anywhere or constant do not count.
    """
    known = values[:, np.isfinite(values).all(axis=0)]
    n = len(known)
    residual, _ = regress_out(known, np.arange(n, dtype=np.float64)[:, None])
    # Without a taper, the step from the last volume to the first would fill the empty frequencies.
    series = (residual - (residual.mean(axis=0) if n else 0.0)) * np.hanning(n)[:, None]
    density = spectrum(series[:, series.any(axis=0)], np.arange(n), 1.0).density
    return BandLimits(np.median(density, axis=1) if density.size else np.zeros(len(density)), n)
