"""What is left of a run's series for spectra: no slow or fast part removed but a linear trend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from corticolimbic.measure._band_limits import GONE, MOST_GONE, SOME_GONE, BandLimits, band_limits
from corticolimbic.measure._confounds import Nuisance
from corticolimbic.measure._nuisance import regress_out

_DRIFT = "cosine"
"""How fMRIPrep's table names its high-pass regressors (slower than 1/128 s)."""
NO_UNIT = "series unit"
"""A table of series does not say in what unit they are, nor which band limits they went through."""


@dataclass(frozen=True)
class Fluctuating:
    """Series for spectra.

    Parameters
    ----------
    series
        Around 0 in the kept volumes, (n_kept, n_nodes); NaN where a node has no amplitude.
    volumes
        Number of each kept volume in the run.
    rank
        Regressors that were removed, intercept and trend among them.
    unit
        Of the series.
    reasons
        Position of a node to why it has no amplitude although it has signal.
    how
        For definitions.
    limits
        What earlier filters left, None where none can have been applied.
    """

    series: Float64[np.ndarray, "kept nodes"]
    volumes: Int[np.ndarray, " kept"]
    rank: int
    unit: str
    reasons: Mapping[int, str]
    how: Mapping[str, Any] = field(default_factory=dict)
    limits: BandLimits | None = None

    def of(self, columns: slice) -> Fluctuating:
        """Return the part that belongs to one of several atlases."""
        start, stop, _ = columns.indices(self.series.shape[1])
        reasons = {at - start: why for at, why in self.reasons.items() if start <= at < stop}
        return replace(self, series=self.series[:, columns], reasons=reasons)


def as_given(
    values: Float[np.ndarray, "volumes nodes"],
    keep: Bool[np.ndarray, " volumes"],
    nuisance: Float[np.ndarray, "volumes signals"] | None = None,
) -> Fluctuating:
    """Return a table's series without their linear trend, in whatever unit they have.

    Parameters
    ----------
    values
        In every volume of the run.
    keep
        Volumes that are kept.
    nuisance
        Signals that are removed with the trend.
    """
    removed = np.zeros((len(values), 0)) if nuisance is None else nuisance
    series, volumes, rank = _detrended(values[keep], keep, removed[keep])
    how = {
        "input": "as given: unit unknown",
        "earlier_filters": {"gone_below": GONE, "refused_above": MOST_GONE, "doubtful_above": SOME_GONE},
    }
    return Fluctuating(series, volumes, rank, NO_UNIT, _steady(series), how, band_limits(values))


def percent_signal(
    values: Float[np.ndarray, "kept nodes"],
    keep: Bool[np.ndarray, " volumes"],
    nuisance: Nuisance,
    confounds: Float[np.ndarray, "kept confounds"],
) -> Fluctuating:
    """Return an image's series in percent of each node's mean, without confounds and linear trend.

    The slow cosines that nilearn's strategies bring along are left out of the confounds. They end at 1/128 s
    = 0.0078 Hz, below slow-5, but half of them hold no whole number of waves, so that they take up to an
    eighth of the amplitude at 0.01 Hz with them (a linear trend: 2 % in ten minutes), and they empty the
    lowest frequencies, which are part of the whole of fALFF. CompCor's components are free of what the
    cosines explain, so that their own fit is the same with and without them.

    Parameters
    ----------
    values
        In the kept volumes, in the image's unit.
    keep
        Which volumes of the run these are.
    nuisance
        The strategy's confounds, for their names.
    confounds
        Their values in the kept volumes.
    """
    fast = [at for at, name in enumerate(nuisance.columns) if not name.startswith(_DRIFT)]
    series, volumes, rank = _detrended(values, keep, confounds[:, fast])
    reasons = _steady(series)
    mean = values.mean(axis=0) if len(values) else np.zeros(values.shape[1])
    spread = values.std(axis=0) if len(values) else np.zeros(values.shape[1])
    baseless = np.isfinite(mean) & ~(mean > spread)
    for at in np.flatnonzero(baseless).tolist():
        reasons[at] = "no percentage of a mean signal that is not above its own spread"
    series = series * np.where(baseless, np.nan, 100.0) / np.where(baseless, 1.0, mean)
    how = {"input": "percent of each node's mean", "drift_cosines": "not removed"}
    return Fluctuating(series, volumes, rank, "%", reasons, how)


def _detrended(
    values: np.ndarray, keep: np.ndarray, confounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    volumes = np.flatnonzero(keep)
    residual, rank = regress_out(values, np.column_stack([confounds, volumes.astype(np.float64)]))
    return residual - (residual.mean(axis=0) if len(residual) else 0.0), volumes, rank


def _steady(series: np.ndarray) -> dict[int, str]:
    still = np.flatnonzero(~series.any(axis=0)).tolist()
    return dict.fromkeys(still, "nothing is left besides trend and confounds")
