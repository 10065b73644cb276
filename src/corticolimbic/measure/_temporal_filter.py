"""Keeping a band of frequencies: which bands a run allows, the filter, and how much a band holds."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Float64

from corticolimbic.foundation import InputError

PassBand: TypeAlias = tuple[float | None, float | None]
"""Lowest and highest frequency that is kept, in Hz; None where there is no bound."""

ORDER = 5
"""Of the Butterworth filter, as nilearn takes it (and by twice, as it runs forwards and backwards)."""
DRIFTS_END = 1 / 128
"""Hz: fMRIPrep's cosines hold what is slower."""
_ON_THE_EDGE = 1e-9
"""Frequencies this close to a bound, relatively, lie on it."""


def check_band(band: PassBand, repetition_time: float | None, file: str) -> float:
    """Return the repetition time in seconds of a run that can be limited to a band.

    Raises
    ------
    InputError
        CL241 where no repetition time is known, CL242 where a bound is not below the Nyquist frequency.
    """
    if repetition_time is None:
        raise InputError("CL241", file=file, found=f"{band_words(band)} asked for, no repetition time known")
    nyquist = 0.5 / repetition_time
    for bound in band:
        if bound is not None and bound >= nyquist * (1 - _ON_THE_EDGE):
            found = (
                f"a bound at {bound:g} Hz; volumes {repetition_time:g} s apart show frequencies below "
                f"{nyquist:.3g} Hz"
            )
            raise InputError("CL242", file=file, found=found)
    return repetition_time


def band_filter(
    values: Float[np.ndarray, "volumes columns"], repetition_time: float, band: PassBand
) -> Float64[np.ndarray, "volumes columns"]:
    """Keep a band of each column: Butterworth, forwards and backwards, so that nothing moves in time.

    This is ``nilearn.signal.butterworth`` with its defaults, odd padding included. Where a run is shorter
    than that padding (nilearn refuses it then), the padding is as long as the run allows.

    Parameters
    ----------
    values
        Volumes without gaps.
    repetition_time
        Seconds.
    band
        As `check_band` passed it.
    """
    from scipy.signal import butter, sosfiltfilt

    low, high = band
    if low is None and high is None:
        return values.astype(np.float64)
    kind = "band" if low is not None and high is not None else "high" if low is not None else "low"
    bounds = [bound for bound in band if bound is not None]
    critical = bounds if len(bounds) == 2 else bounds[0]
    sections = butter(ORDER, critical, btype=kind, output="sos", fs=1 / repetition_time)
    taps = 2 * len(sections) + 1
    taps -= min(int((sections[:, 2] == 0).sum()), int((sections[:, 5] == 0).sum()))
    filtered: Float64[np.ndarray, "volumes columns"] = sosfiltfilt(
        sections, values, axis=0, padlen=min(3 * taps, len(values) - 1)
    )
    return filtered


def share_in_band(n_volumes: int, repetition_time: float, band: PassBand) -> float:
    """Return the share of the degrees of freedom of volumes in a row that lie in a band.

    As many volumes as there are tell a mean, and waves that fit into the run a whole number of times, two
    degrees of freedom (sine and cosine) each; those on a bound count. Of a long run that is
    2 x repetition time x (high - low): 300 volumes 0.8 s apart have 22 such waves between 0.01 and 0.1 Hz,
    so 44 of 300.

    Parameters
    ----------
    n_volumes
        From the first to the last kept one.
    repetition_time
        Seconds.
    band
        Bounds.
    """
    if not n_volumes:
        return 0.0
    low, high = band
    waves = np.arange(n_volumes // 2 + 1)
    frequencies = waves / (n_volumes * repetition_time)
    degrees = np.where((waves == 0) | (2 * waves == n_volumes), 1, 2)
    inside = np.ones(len(waves), dtype=bool)
    if low is not None:
        inside &= frequencies >= low * (1 - _ON_THE_EDGE)
    if high is not None:
        inside &= frequencies <= high * (1 + _ON_THE_EDGE)
    return float(degrees[inside].sum() / n_volumes)


def band_words(band: PassBand) -> str:
    """Return a band as a person writes it."""
    low, high = band
    if low is None:
        return f"below {high:g} Hz" if high is not None else "all frequencies"
    return f"above {low:g} Hz" if high is None else f"{low:g}-{high:g} Hz"


def without_drifts(band: PassBand | None) -> bool:
    """Tell whether a band begins where fMRIPrep's cosines end, or above."""
    return band is not None and band[0] is not None and band[0] >= DRIFTS_END
