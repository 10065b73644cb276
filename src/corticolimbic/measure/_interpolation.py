"""Putting something in the place of dropped volumes, so that a filter can run over them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int

SWINGS_FROM = 10
"""Dropped volumes in a row over which the spline swings so far that the spread beside the gap more than
doubles (white noise, 0.01-0.1 Hz; a test measures it); over 5 it is half as much again, over 20 fivefold."""


def spline_weights(volumes: Int[np.ndarray, " kept"]) -> Float64[np.ndarray, "span kept"]:
    """Return the matrix that makes a series without gaps from the kept volumes.

    Between kept volumes a cubic spline (not-a-knot) through all of them takes the place of what was dropped,
    as in nilearn and in Power et al.'s successors; kept volumes stay what they are. Nothing is extrapolated:
    the series begins with the first kept volume and ends with the last. Over long gaps the spline swings: see
    `SWINGS_FROM`.

    nilearn 0.14 means the same with ``extrapolate=False``, but writes the spline to the volumes that mirror
    the kept ones (``~`` of whole numbers is no complement): a dropped volume keeps its bad value where its
    mirror image was dropped too. Here every dropped volume is replaced.

    Parameters
    ----------
    volumes
        Number of each kept volume, rising; at least two.

    Returns
    -------
    array
        Volumes from the first to the last kept one by kept volumes; rows sum to 1.
    """
    from scipy.interpolate import CubicSpline

    span = int(volumes[-1] - volumes[0]) + 1
    if span == len(volumes):
        return np.eye(span)
    places = (volumes - volumes[0]).astype(np.float64)
    weights = np.asarray(CubicSpline(places, np.eye(len(volumes)))(np.arange(span)), dtype=np.float64)
    weights[volumes - volumes[0]] = np.eye(len(volumes))
    return weights


def longest_gap(keep: Bool[np.ndarray, " volumes"]) -> int:
    """Return how many volumes were dropped in a row between kept ones, at most."""
    steps = np.diff(np.flatnonzero(keep))
    return int(steps.max(initial=1)) - 1
