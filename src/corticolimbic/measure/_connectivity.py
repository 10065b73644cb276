"""Connectivity between series: Pearson, Ledoit-Wolf and partial correlation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.features import Statistic

_STEADY = 1e-12
"""A spread below this share of the largest value is rounding, not signal."""


def standardise(
    values: Float[np.ndarray, "volumes regions"],
) -> tuple[Float[np.ndarray, "volumes regions"], Bool[np.ndarray, " regions"]]:
    """Return series with mean 0 and (population) standard deviation 1, and which regions have signal.

    A region that is constant or missing has no signal: it enters as zeros, so that the other regions' joint
    estimate has the same form for everybody, and its own edges are NaN (see `connectivity`).

    Parameters
    ----------
    values
        (n_volumes, n_regions), any unit; a region with NaN anywhere counts as missing.
    """
    magnitude = np.abs(values).max(axis=0, initial=0.0)
    known = np.isfinite(magnitude) & (magnitude > 0)
    # A power of two changes no digit, and keeps squares of huge or tiny units finite.
    _, exponent = np.frexp(np.where(known, magnitude, 1.0))
    scaled = np.ldexp(np.where(known, values, 0.0), -exponent)
    centred = scaled - scaled.mean(axis=0) if len(values) else scaled
    scale = np.sqrt(np.mean(centred**2, axis=0)) if len(values) else np.zeros(values.shape[1])
    # Rounding leaves a constant of 0.1 with a spread of 1e-17; nothing that a scanner writes is so steady.
    usable = known & (scale > _STEADY)
    series = np.where(usable, centred, 0.0) / np.where(usable, scale, 1.0)
    return series, usable


def connectivity(
    series: Float[np.ndarray, "volumes regions"], usable: Bool[np.ndarray, " regions"], statistic: Statistic
) -> Float[np.ndarray, "regions regions"]:
    """Return the connectivity matrix of standardised series.

    Parameters
    ----------
    series, usable
        As `standardise` returns them, (n_volumes, n_regions) and (n_regions,).
    statistic
        ``pearson``: correlation. ``ledoit_wolf``: correlation of the covariance shrunk towards a multiple of
        the identity (Ledoit & Wolf 2004, J Multivar Anal 88:365; scikit-learn's estimator). ``partial``:
        -P_ij / sqrt(P_ii P_jj) of that covariance's inverse P.

    Returns
    -------
    array
        (n_regions, n_regions), symmetric, 1 on the diagonal; NaN in rows and columns of regions without
        signal. Partial correlations are NaN throughout where the covariance has no inverse (series of two
        values that the estimator does not shrink).
    """
    return connectivities(series, usable, (statistic,))[statistic]


def connectivities(
    series: Float[np.ndarray, "volumes regions"],
    usable: Bool[np.ndarray, " regions"],
    statistics: Sequence[Statistic],
) -> dict[Statistic, Float[np.ndarray, "regions regions"]]:
    """Return the matrix of each estimator; the shrunk ones share one covariance.

    Parameters
    ----------
    series, usable
        As `standardise` returns them.
    statistics
        Estimators, as in `connectivity`.
    """
    matrices: dict[Statistic, Float[np.ndarray, "regions regions"]] = {}
    covariance = None
    for statistic in statistics:
        if not usable.any():
            matrix = np.full((series.shape[1], series.shape[1]), np.nan)
        elif statistic == "pearson":
            matrix = series.T @ series / len(series)
        else:
            covariance = _shrunk(series) if covariance is None else covariance
            matrix = _partial(covariance) if statistic == "partial" else _correlation(covariance)
        matrices[statistic] = _finished(matrix, usable)
    return matrices


def _finished(
    matrix: Float[np.ndarray, "regions regions"], usable: Bool[np.ndarray, " regions"]
) -> Float[np.ndarray, "regions regions"]:
    matrix = np.clip((matrix + matrix.T) / 2, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    matrix[~usable, :] = np.nan
    matrix[:, ~usable] = np.nan
    return matrix


def _shrunk(series: Float[np.ndarray, "volumes regions"]) -> Float[np.ndarray, "regions regions"]:
    from sklearn import config_context
    from sklearn.covariance import ledoit_wolf

    # `standardise` left only finite numbers.
    with config_context(skip_parameter_validation=True, assume_finite=True):
        return ledoit_wolf(series)[0]


def _correlation(covariance: Float[np.ndarray, "regions regions"]) -> Float[np.ndarray, "regions regions"]:
    variance = np.diag(covariance)
    scale = np.sqrt(np.where(variance > 0, variance, np.nan))
    return covariance / np.outer(scale, scale)


def _partial(covariance: Float[np.ndarray, "regions regions"]) -> Float[np.ndarray, "regions regions"]:
    try:
        return -_correlation(np.linalg.inv(covariance))
    except np.linalg.LinAlgError:
        return np.full_like(covariance, np.nan)
