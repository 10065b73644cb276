"""Covariance of the cleaned series, which the standardised series and their correlations no longer tell."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float64

PERCENT = "%"
"""Unit of images' series: percent of each node's mean."""
_SMALLEST, _LARGEST = 1e-37, 3e38
"""Variances that a 32-bit number holds with all its digits."""


def spread_as_given(values: Float[np.ndarray, "volumes nodes"]) -> Float64[np.ndarray, " nodes"]:
    """Return each series' (population) standard deviation in the kept volumes, in its own unit.

    Parameters
    ----------
    values
        Cleaned series; NaN where a node has none.
    """
    return values.std(axis=0) if len(values) else np.full(values.shape[1], np.nan)


def spread_percent(
    values: Float[np.ndarray, "volumes nodes"], before: Float[np.ndarray, "volumes nodes"]
) -> Float64[np.ndarray, " nodes"]:
    """Return each series' (population) standard deviation in percent of the node's mean.

    Parameters
    ----------
    values
        Cleaned series in the image's unit.
    before
        The series before they were cleaned, in the kept volumes. Where their mean is not above the spread
        (images whose mean was removed) there is no percentage, and the spread is NaN.
    """
    spread = spread_as_given(values)
    mean = before.mean(axis=0) if len(before) else np.full(before.shape[1], np.nan)
    positive = np.isfinite(mean) & (mean > spread)
    return np.where(positive, 100.0 * spread, np.nan) / np.where(positive, mean, 1.0)


def covariance(
    series: Float[np.ndarray, "volumes nodes"],
    usable: Bool[np.ndarray, " nodes"],
    spread: Float[np.ndarray, " nodes"],
) -> Float64[np.ndarray, "nodes nodes"]:
    """Return the empirical covariance, divided by the number of volumes.

    Parameters
    ----------
    series, usable
        As `standardise` returns them.
    spread
        Of each series before it was standardised.

    Returns
    -------
    array
        NaN in rows and columns of nodes without a series, without a spread, or whose variance does not fit
        into a 32-bit number.
    """
    with np.errstate(over="ignore", under="ignore"):
        variance = spread.astype(np.float64) ** 2
    known = usable & (variance > _SMALLEST) & (variance < _LARGEST)
    scaled = series * np.where(known, spread, 0.0)
    matrix = scaled.T @ scaled / max(len(series), 1)
    matrix[~known, :] = np.nan
    matrix[:, ~known] = np.nan
    return matrix
