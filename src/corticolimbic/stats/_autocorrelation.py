"""Precision of a correlation between two autocorrelated series."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from corticolimbic.features import effective_volumes
from corticolimbic.stats._refusals import ModelError


def bartlett_dof(x: Float[np.ndarray, " volumes"], y: Float[np.ndarray, " volumes"]) -> float:
    """Return the number of independent volumes that would estimate the correlation as precisely.

    See `corticolimbic.features.effective_volumes` for the formula and its sources.

    Parameters
    ----------
    x, y
        Series of one run, equally spaced in time; censored volumes are NaN and keep their place.

    Returns
    -------
    float
        Between 1 and the number of volumes in use; NaN where fewer than 4 are left or a series does not vary.

    Raises
    ------
    ModelError
        A value is infinite, or the series differ in length.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> noise = rng.standard_normal((2, 2000))
    >>> slow = np.cumsum(noise, axis=1) - np.roll(np.cumsum(noise, axis=1), 5, axis=1)
    >>> bartlett_dof(noise[0], noise[1]) > 1500, bartlett_dof(slow[0], slow[1]) < 800
    (True, True)
    """
    if x.size != y.size:
        raise ModelError(f"series of {x.size} and {y.size} volumes cannot be paired")
    if np.isinf(x).any() or np.isinf(y).any():
        raise ModelError("infinite values cannot be correlated; make them missing by name")
    used = ~(np.isnan(x) | np.isnan(y))
    both = np.column_stack([np.where(used, x, 0.0), np.where(used, y, 0.0)])
    return float(effective_volumes(both, used, np.array([[0, 1]]))[0])


def fisher_z_se(x: Float[np.ndarray, " volumes"], y: Float[np.ndarray, " volumes"]) -> float:
    r"""Return the standard error of Fisher z of the series' correlation, :math:`1/\sqrt{N_e - 3}`.

    Parameters
    ----------
    x, y
        As for `bartlett_dof`.

    Returns
    -------
    float
        NaN where 3 or fewer effective volumes are left.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = rng.standard_normal((2, 500))
    >>> bool(1 / np.sqrt(497) <= fisher_z_se(x, y) < 0.06)
    True
    """
    n = bartlett_dof(x, y)
    return float(1 / np.sqrt(n - 3)) if n > 3 else float("nan")
