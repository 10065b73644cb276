"""Removing confounds from series by least squares."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

_NO_RANK = 1e-10
"""Singular values of the standardised confounds below this share of the largest count as 0."""
_STEADY = 1e-12
"""A confound whose spread is below this share of its largest value is constant."""
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
    basis = nuisance_basis(confounds)
    known = np.isfinite(series).all(axis=0)
    mean = np.where(known, series, 0.0).mean(axis=0)
    centred = np.where(known, series - mean, 0.0)
    residual = centred - basis @ (basis.T @ centred)
    size, left = np.linalg.norm(centred, axis=0), np.linalg.norm(residual, axis=0)
    residual[:, left <= _EXPLAINED * size] = 0.0
    residual += mean
    residual[:, ~known] = np.nan
    return residual, 1 + basis.shape[1]


def nuisance_basis(
    confounds: Float[np.ndarray, "volumes confounds"],
) -> Float64[np.ndarray, "volumes regressors"]:
    """Return an orthonormal basis of the confounds' variation around their means."""
    if not len(confounds):
        return np.zeros((0, 0))
    centred = confounds - confounds.mean(axis=0)
    spread = np.sqrt(np.mean(centred**2, axis=0))
    varies = spread > _STEADY * np.abs(confounds).max(axis=0, initial=0.0)
    standard = centred[:, varies] / spread[varies]
    if not standard.size:
        return np.zeros((len(confounds), 0))
    left, size, _ = np.linalg.svd(standard, full_matrices=False)
    return left[:, size > _NO_RANK * size[0]]
