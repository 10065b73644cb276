"""Rows of the fluctuations of the circuit's regions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from corticolimbic.circuit import Atlas
from corticolimbic.foundation import Definition
from corticolimbic.measure._band_limits import MOST_GONE, SOME_GONE
from corticolimbic.measure._denoised import FILTER
from corticolimbic.measure._fluctuating import Fluctuating
from corticolimbic.measure._fluctuations import (
    BANDS,
    FEWEST_FREQUENCIES,
    MUCH_SPREAD,
    NEAR_NYQUIST,
    Band,
    BandValues,
    spectrum,
)
from corticolimbic.measure._measured_run import ALGORITHM, MeasuredRun, MeasuredSession
from corticolimbic.measure._region_nodes import RegionNodes, region_nodes
from corticolimbic.measure._settings import MeasureSettings

NO_REPETITION_TIME = "no repetition time"
"""Reason in ``qc`` of fluctuations whose frequencies nobody can tell."""


def store_fluctuations(run: MeasuredRun, settings: MeasureSettings, tables: MeasuredSession) -> None:
    """Store the fluctuations of every region of the circuit that the atlas has.

    A region's value is the mean of its nodes' values, each node with signal counting alike. The mean series,
    of which the edges are made, would not do: its amplitude falls with the number of nodes and rises with
    their synchrony, so that it would change with coverage and repeat what connectivity says.
    """
    if run.fluctuating is None or run.atlas is None:
        return
    members = run.atlas.members()
    regions = region_nodes(run.usable, run.coverage, run.nodes, members, settings.min_coverage)
    measured = _bands(run, run.fluctuating)
    for band, values in zip(BANDS, measured, strict=True):
        definition = _definition(run, run.atlas, run.fluctuating, settings, band)
        key = definition.id
        tables.definitions[key] = definition.plain()
        for region, nodes in regions.items():
            value, qc = _value(run, run.fluctuating, nodes, values)
            tables.features.append(
                run.row(
                    measure=band.measure,
                    target=region,
                    statistic=band.statistic,
                    definition=key,
                    value=value,
                    unit=band.unit(run.fluctuating.unit),
                    coverage=nodes.coverage,
                    dof=float(len(run.series) - run.fluctuating.rank),
                    qc=qc,
                    **run.voxels(nodes.present),
                )
            )


def _bands(run: MeasuredRun, fluctuating: Fluctuating) -> list[BandValues]:
    if run.repetition_time is None:
        return [BandValues(np.full(len(run.nodes), np.nan), NO_REPETITION_TIME) for _ in BANDS]
    without = ~(run.usable & np.isfinite(fluctuating.series).all(axis=0))
    series = np.where(without, 0.0, fluctuating.series)
    spectra = spectrum(series, fluctuating.volumes, run.repetition_time)
    return [_limited(spectra.band(band), band, fluctuating, run.repetition_time) for band in BANDS]


def _limited(values: BandValues, band: Band, fluctuating: Fluctuating, repetition_time: float) -> BandValues:
    """Refuse or doubt a band that an earlier filter cut."""
    gone = fluctuating.limits.gone(band, repetition_time) if fluctuating.limits is not None else 0.0
    if values.reason or gone <= SOME_GONE:
        return values
    which = "all frequencies" if band.statistic == "ratio" else "the band's frequencies"
    words = f"band-limited before: hardly any power at {gone:.0%} of {which}"
    if gone > MOST_GONE:
        return BandValues(np.full_like(values.values, np.nan), words)
    return replace(values, doubt="; ".join(filter(None, (values.doubt, words))))


def _value(
    run: MeasuredRun, fluctuating: Fluctuating, nodes: RegionNodes, values: BandValues
) -> tuple[float, str]:
    """Return a region's value and what to know of it."""
    reason = nodes.reason or values.reason
    if not reason:
        lost = {at: fluctuating.reasons[at] for at in nodes.good if at in fluctuating.reasons}
        reason = "; ".join(f"{run.nodes[at]}: {why}" for at, why in lost.items())
    if reason:
        return float("nan"), reason
    return float(values.values[list(nodes.good)].mean()), values.doubt or "ok"


def _definition(
    run: MeasuredRun, atlas: Atlas, fluctuating: Fluctuating, settings: MeasureSettings, band: Band
) -> Definition:
    members = atlas.members()
    values = {
        "statistic": band.statistic,
        "band_hz": [band.low, band.high],
        "edges": "lower in, upper out",
        "whole_hz": "above 0 and below Nyquist",
        "spectrum": "Fourier transform without gaps, else Lomb-Scargle; multiples of 1/duration; no taper",
        "detrend": "linear",
        "fewest_frequencies": FEWEST_FREQUENCIES,
        "near_nyquist": NEAR_NYQUIST,
        "much_spread_by_gaps": MUCH_SPREAD,
        "over_nodes": "mean of values",
        "fd_threshold": settings.fd_threshold,
        "min_coverage": settings.min_coverage,
        "regions": {name: list(nodes) for name, nodes in sorted(members.items())},
        **{name: value for name, value in run.how.items() if name != FILTER},
        **fluctuating.how,
    }
    return Definition(band.measure, ALGORITHM, values, run.key["atlas"], atlas.hash)
