"""How much of all nodes' variance one signal shared by all explains."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def global_signal_share(
    series: Float[np.ndarray, "volumes nodes"], usable: Bool[np.ndarray, " nodes"]
) -> float:
    """Return the mean over nodes of the squared correlation with the mean of all other nodes.

    That is the share of the (standardised) nodes' variance that the global signal explains, each node left
    out of the signal that explains it, so that independent nodes give 0 however few they are (but for what
    a finite number of volumes lets correlate). Liu et al. 2017, NeuroImage 150:213, for the quantity. It is
    taken from the cleaned series: it tells what the confounds left.

    Parameters
    ----------
    series, usable
        As `standardise` returns them.

    Returns
    -------
    float
        NaN for fewer than 2 nodes with a series.
    """
    n = int(usable.sum())
    if n < 2 or not len(series):
        return float("nan")
    total = series[:, usable].sum(axis=1)
    with_all = series[:, usable].T @ total / len(series)
    with_others = with_all - 1.0
    spread = np.mean(total**2) - 2 * with_all + 1.0
    shared = np.where(spread > 1e-12, with_others**2 / np.where(spread > 1e-12, spread, 1.0), 0.0)
    return float(np.clip(shared, 0.0, 1.0).mean())
