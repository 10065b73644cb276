"""Removing confounds from series by least squares."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

_NO_RANK = 1e-10
"""Singular values of the standardised confounds below this share of the largest count as 0."""
_STEADY = 1e-12
"""A confound whose spread is below this share of its largest value is constant."""
_FILTERED_AWAY = 1e-10
"""A confound of whose spread a filter leaves less than this share is gone: the rest is rounding."""
_EXPLAINED = 1e-10
"""A residual below this share of the signal is rounding: the confounds explain the signal altogether."""


def regress_out(
    series: Float[np.ndarray, "volumes regions"], confounds: Float[np.ndarray, "volumes confounds"]
) -> tuple[Float64[np.ndarray, "volumes regions"], int]:
    """Return what least squares leaves of each series, with its mean kept, and the number of regressors.

    Parameters
    ----------
    series
        In the kept volumes; a region that is NaN anywhere comes back as NaN.
    confounds
        In the same volumes, finite. Constant, repeated and dependent columns take no degree of freedom.

    Returns
    -------
    residual
        The mean plus what neither the intercept nor the confounds explain. A series that they explain
        altogether is its mean.
    rank
        Of intercept and confounds together.
    """
    if not len(series):
        return series.astype(np.float64), 0
    basis = confound_basis(confounds)
    return residuals(series, basis), 1 + basis.shape[1]


def residuals(
    series: Float[np.ndarray, "volumes regions"],
    basis: Float64[np.ndarray, "volumes rank"],
    time_filter: Float64[np.ndarray, "volumes volumes"] | None = None,
    *,
    keep_mean: bool = True,
) -> Float64[np.ndarray, "volumes regions"]:
    """Filter series, and remove an orthonormal basis from what is left.

    Parameters
    ----------
    series
        In the kept volumes, at least one.
    basis
        Around 0, as `confound_basis` returns it.
    time_filter
        Applied to the series before; None for none.
    keep_mean
        Whether the series' own mean is added again; a filter's output keeps the mean that it has in these
        volumes.

    Returns
    -------
    array
        NaN where a series is NaN anywhere; constant where the regressors explain it altogether, or the
        filter leaves nothing of it.
    """
    known = np.isfinite(series).all(axis=0)
    mean = np.where(known, series, 0.0).mean(axis=0)
    centred = np.where(known, series - mean, 0.0)
    level = mean if keep_mean else np.zeros_like(mean)
    filtered = centred
    if time_filter is not None:
        filtered = time_filter @ centred
        around = filtered.mean(axis=0)
        filtered -= around
        level = level + around
    residual = filtered - basis @ (basis.T @ filtered)
    unit = np.abs(centred).max(axis=0)  # so that squares of huge or tiny units stay finite
    unit[unit == 0] = 1.0
    size, left = np.linalg.norm(centred / unit, axis=0), np.linalg.norm(residual / unit, axis=0)
    residual[:, left <= _EXPLAINED * size] = 0.0
    residual += level
    residual[:, ~known] = np.nan
    return residual


def confound_basis(
    confounds: Float[np.ndarray, "volumes confounds"],
    time_filter: Float64[np.ndarray, "volumes volumes"] | None = None,
) -> Float64[np.ndarray, "volumes rank"]:
    """Return an orthonormal basis of the confounds' variation around their means, after a filter.

    Parameters
    ----------
    confounds
        In the kept volumes, finite, before the filter: what is constant there is no regressor, whatever
        rounding a filter makes of it.
    time_filter
        The one that the series went through, so that nothing that it removed is put in again (Lindquist et
        al. 2019, Hum Brain Mapp 40:2358).
    """
    if not len(confounds):
        return np.zeros((0, 0))
    centred = confounds - confounds.mean(axis=0)
    spread = np.sqrt(np.mean(centred**2, axis=0))
    varies = spread > _STEADY * np.abs(confounds).max(axis=0, initial=0.0)
    centred, spread = centred[:, varies], spread[varies]
    if time_filter is not None:
        filtered = time_filter @ centred
        filtered -= filtered.mean(axis=0)
        left = np.sqrt(np.mean(filtered**2, axis=0))
        remains = left > _FILTERED_AWAY * spread
        centred, spread = filtered[:, remains], left[remains]
    standard = centred / spread
    if not standard.size:
        return np.zeros((len(confounds), 0))
    left_vectors, size, _ = np.linalg.svd(standard, full_matrices=False)
    return left_vectors[:, size > _NO_RANK * size[0]]
