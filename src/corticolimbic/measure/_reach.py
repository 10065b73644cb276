"""How far a region's connectivity reaches: its degree among an atlas' nodes, its extent over the cortex."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float64

from corticolimbic.measure._circuit_edges import RegionMeans

EXTENT_LEVELS = (0.1, 0.2, 0.3)
"""Absolute correlations above which a node of the cortex counts (METHODS M-12)."""
FEWEST_NODES = 20
"""Shares of fewer nodes than this are not given (assumed)."""


def node_correlations(
    regions: RegionMeans, series: Float[np.ndarray, "volumes nodes"], usable: Bool[np.ndarray, " nodes"]
) -> Float64[np.ndarray, "regions nodes"]:
    """Return the correlation of each region's mean series with each node; NaN where either has none.

    Parameters
    ----------
    regions
        As `region_means` returns them.
    series, usable
        Standardised series of the nodes.
    """
    r = np.clip(regions.series.T @ series / max(len(series), 1), -1.0, 1.0)
    r[~regions.usable, :] = np.nan
    r[:, ~usable] = np.nan
    return r


def density_threshold(matrix: Float[np.ndarray, "nodes nodes"], density: float) -> float:
    """Return the correlation above which the strongest share of all pairs of nodes lies, never below 0.

    Parameters
    ----------
    matrix
        Pearson correlations; nodes without a series are NaN and do not count.
    density
        Share of the pairs that is kept. Where fewer correlate positively, these are kept.
    """
    known = np.flatnonzero(np.isfinite(np.diag(matrix)))
    values = matrix[np.ix_(known, known)][np.triu_indices(known.size, k=1)]
    if not values.size:
        return float("nan")
    kept = max(1, round(density * values.size))
    if kept == values.size:
        return max(0.0, float(np.nextafter(values.min(), -1.0)))
    at = values.size - kept - 1
    return max(0.0, float(np.partition(values, at)[at]))


def degree(r: Float[np.ndarray, " nodes"], threshold: float) -> float:
    """Return the share of nodes whose correlation lies above a threshold of at least 0 (NaN do not count)."""
    known = r[np.isfinite(r)]
    return float((known > threshold).mean()) if known.size else float("nan")


def strength(r: Float[np.ndarray, " nodes"], *, absolute: bool = False) -> float:
    """Return the mean Fisher z, or mean absolute z, over nodes: no threshold (Cole 2010, NeuroImage 49:3132).

    A node with the very same series gives infinity, which is returned as NaN.
    """
    known = r[np.isfinite(r)]
    with np.errstate(divide="ignore"):
        z = np.arctanh(known)
    if not z.size or not np.isfinite(z).all():
        return float("nan")
    return float((np.abs(z) if absolute else z).mean())


def extent(r: Float[np.ndarray, " nodes"], level: float) -> float:
    """Return the share of nodes with an absolute correlation above a level (NaN do not count)."""
    known = r[np.isfinite(r)]
    return float((np.abs(known) > level).mean()) if known.size else float("nan")
