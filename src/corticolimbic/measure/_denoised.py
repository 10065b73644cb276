"""How a run was denoised: for people in the column ``strategy``, in full in definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from corticolimbic.measure._censoring import CensoringRule
from corticolimbic.measure._settings import MeasureSettings
from corticolimbic.measure._temporal_filter import ORDER, band_words, without_drifts

FILTER = "filter"
"""Entry of definitions that spectra leave out: they are measured before it."""


def censoring_rule(settings: MeasureSettings) -> CensoringRule:
    """Return the rule that the settings state."""
    return CensoringRule(
        settings.fd_threshold,
        settings.dvars_threshold,
        settings.censor_before,
        settings.censor_after,
        settings.min_segment,
    )


def strategy_label(base: str, settings: MeasureSettings) -> str:
    """Return what the column ``strategy`` says: two denoisings that differ have different labels.

    Parameters
    ----------
    base
        The confounds that are removed.
    settings
        Censoring and band.
    """
    return ", ".join([base, *_parts(settings)])


def _parts(settings: MeasureSettings) -> Iterator[str]:
    if settings.fd_threshold is not None:
        yield f"FD <= {settings.fd_threshold:g} mm"
    if settings.dvars_threshold is not None:
        yield f"DVARS <= {settings.dvars_threshold:g}"
    if settings.censor_before or settings.censor_after:
        yield f"neighbours -{settings.censor_before} +{settings.censor_after}"
    if settings.min_segment > 1:
        yield f"segments >= {settings.min_segment}"
    if settings.dummy_scans is not None:
        yield f"first {settings.dummy_scans} dropped"
    if settings.band_hz is not None:
        yield band_words(settings.band_hz)


def censoring_how(settings: MeasureSettings) -> dict[str, Any]:
    """Return what decided on the kept volumes beside ``fd_threshold``, for definitions; only what was set."""
    found: dict[str, Any] = {}
    if settings.dvars_threshold is not None:
        found["dvars_threshold"] = settings.dvars_threshold
    if settings.censor_before or settings.censor_after:
        found["censor_neighbours"] = [settings.censor_before, settings.censor_after]
    if settings.min_segment > 1:
        found["min_segment"] = settings.min_segment
    if settings.dummy_scans is not None:
        found["dummy_scans"] = settings.dummy_scans
    return found


def filter_how(settings: MeasureSettings, *, drifts: bool) -> dict[str, Any]:
    """Return the band limit, for definitions; nothing where there is none.

    Parameters
    ----------
    settings
        The band.
    drifts
        Whether the confounds would hold slow cosines.
    """
    if settings.band_hz is None:
        return {}
    words: dict[str, Any] = {
        "pass_hz": list(settings.band_hz),
        "kind": f"Butterworth of order {ORDER}, forwards and backwards, series and confounds alike",
        "detrend": "linear, before",
        "censored": "cubic spline before, left out after; not extrapolated",
    }
    if drifts and without_drifts(settings.band_hz):
        words["drift_cosines"] = "left out: the band begins above them"
    return {FILTER: words}
