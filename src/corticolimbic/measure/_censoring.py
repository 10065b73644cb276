"""Which volumes are kept."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class HeadMotion:
    """What is known of motion, volume by volume.

    Parameters
    ----------
    framewise_displacement
        In mm; None where unknown.
    std_dvars
        Standardised DVARS (Nichols 2013), around 1; None where unknown.
    """

    framewise_displacement: Float[np.ndarray, " volumes"] | None = None
    std_dvars: Float[np.ndarray, " volumes"] | None = None

    @property
    def mean_displacement(self) -> float:
        """Mean framewise displacement in mm, NaN where unknown."""
        known = self.framewise_displacement
        return float("nan") if known is None else mean_displacement(known)

    @property
    def largest_displacement(self) -> float:
        """Largest framewise displacement in mm, NaN where unknown."""
        known = self.framewise_displacement
        return float("nan") if known is None else largest_displacement(known)


@dataclass(frozen=True)
class CensoringRule:
    """Which volumes are dropped for motion.

    Parameters
    ----------
    fd_threshold
        In mm, of framewise displacement; None for none.
    dvars_threshold
        Of standardised DVARS; None for none.
    before, after
        Neighbours that are dropped beside each volume above a threshold.
    min_segment
        Shortest run of kept volumes; shorter ones are dropped at last.
    """

    fd_threshold: float | None = None
    dvars_threshold: float | None = None
    before: int = 0
    after: int = 0
    min_segment: int = 0

    def keep(self, motion: HeadMotion, allowed: Bool[np.ndarray, " volumes"]) -> Bool[np.ndarray, " volumes"]:
        """Return which volumes stay.

        Neighbours are those of volumes above a threshold, as in Power et al. 2014, NeuroImage 84:320; volumes
        that are not ``allowed`` have none. Undefined values count as in `keep_volumes`.

        Parameters
        ----------
        motion
            What a threshold looks at; a threshold for what is unknown drops nothing.
        allowed
            Volumes that nothing else drops.

        Examples
        --------
        >>> still = np.array([np.nan, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1])
        >>> rule = CensoringRule(0.5, before=1, after=2)
        >>> rule.keep(HeadMotion(still), np.ones(7, dtype=bool)).tolist()
        [True, False, False, False, False, True, True]
        """
        moved = np.zeros(len(allowed), dtype=bool)
        for values, threshold in (
            (motion.framewise_displacement, self.fd_threshold),
            (motion.std_dvars, self.dvars_threshold),
        ):
            if values is not None and threshold is not None:
                moved |= ~keep_volumes(values, threshold)
        dropped = moved.copy()
        for step in range(1, min(self.before, len(moved)) + 1):
            dropped[:-step] |= moved[step:]
        for step in range(1, min(self.after, len(moved)) + 1):
            dropped[step:] |= moved[:-step]
        return _long_enough(allowed & ~dropped, self.min_segment)


def _long_enough(keep: Bool[np.ndarray, " volumes"], least: int) -> Bool[np.ndarray, " volumes"]:
    """Drop runs of kept volumes that are shorter than ``least``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]])))
    long = keep.copy()
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - start < least:
            long[start:end] = False
    return long
