"""Corrections for many tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def false_discovery(
    p: Float[np.ndarray, " tests"], family: Sequence[str] | np.ndarray
) -> Float[np.ndarray, " tests"]:
    """Return Benjamini-Hochberg adjusted p values (q) within each family.

    Parameters
    ----------
    p
        P values; NaN marks a test that could not be made: it stays NaN and does not count.
    family
        Family of each test.

    Returns
    -------
    numpy.ndarray
        q: the smallest false discovery rate at which the test would be called (Benjamini & Hochberg 1995).

    Raises
    ------
    ValueError
        A p value lies outside [0, 1], or families and tests differ in number.

    Examples
    --------
    >>> p = np.array([0.01, 0.04, np.nan, 0.03])
    >>> false_discovery(p, ["primary", "primary", "primary", "rest"]).tolist()
    [0.02, 0.04, nan, 0.03]
    """
    from scipy import stats

    families = np.array([str(name) for name in family], dtype=object)
    if families.shape != p.shape:
        raise ValueError(f"{p.size} p values, but {families.size} families")
    q = np.full(p.shape, np.nan)
    for name in sorted(set(families)):
        members = (families == name) & ~np.isnan(p)
        if members.any():
            q[members] = stats.false_discovery_control(p[members])
    return q
