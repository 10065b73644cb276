"""Which volumes are kept."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

DOF_REFUSE = 15
"""Fewer degrees of freedom are refused (METHODS M-10)."""
DOF_WARN = 30
"""Fewer degrees of freedom are warned of (METHODS M-10)."""


def keep_volumes(
    framewise_displacement: Float[np.ndarray, " volumes"], threshold: float
) -> Bool[np.ndarray, " volumes"]:
    """Return which volumes stay: those displaced by no more than the threshold.

    Parameters
    ----------
    framewise_displacement
        In mm, (n_volumes,). The first volume has no predecessor: undefined there counts as 0. Undefined
        anywhere else means that motion is unknown, and the volume is dropped.
    threshold
        In mm.

    References
    ----------
    Power et al. 2012, NeuroImage 59:2142, for the quantity; Spisak et al. 2020, Nat Commun 11:187, for
    dropping volumes above a threshold without neighbours.

    Examples
    --------
    >>> keep_volumes(np.array([np.nan, 0.1, 0.4, np.nan]), 0.15).tolist()
    [True, True, False, False]
    """
    displacement = framewise_displacement.copy()
    if displacement.size and np.isnan(displacement[0]):
        displacement[0] = 0.0
    return displacement <= threshold


def mean_displacement(framewise_displacement: Float[np.ndarray, " volumes"]) -> float:
    """Return the mean framewise displacement in mm over the volumes that have one; NaN if none has."""
    defined = framewise_displacement[~np.isnan(framewise_displacement)]
    return float(defined.mean()) if defined.size else float("nan")


def largest_displacement(framewise_displacement: Float[np.ndarray, " volumes"]) -> float:
    """Return the largest framewise displacement in mm over the volumes that have one; NaN if none has."""
    defined = framewise_displacement[~np.isnan(framewise_displacement)]
    return float(defined.max()) if defined.size else float("nan")
