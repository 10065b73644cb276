"""Precision of a correlation between two autocorrelated series."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from corticolimbic.stats._refusals import ModelError


def bartlett_dof(x: Float[np.ndarray, " volumes"], y: Float[np.ndarray, " volumes"]) -> float:
    r"""Return the number of independent volumes that would estimate the correlation as precisely.

    Bartlett (1935, 1946): :math:`1/N_e = N^{-2} \sum_{t,s} \rho_x(t-s)\,\rho_y(t-s)` over the volumes in
    use. It is exact for independent series and holds for full correlation only (METHODS M-10); series that
    are strongly correlated have a little more (Afyouni et al. 2019, NeuroImage 199:609). Autocorrelations are
    estimated on the pairs of volumes in use and weighted down to zero at lag :math:`2\sqrt{N}` by Tukey's
    window (Chatfield 2004; Woolrich et al. 2001), as those of long lags are noise.

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
    n = int(used.sum())
    if n < 4 or not (np.ptp(x[used]) > 0 and np.ptp(y[used]) > 0):
        return float("nan")
    lags = np.arange(1, min(int(np.ceil(2 * np.sqrt(n))), x.size))
    window = (1 + np.cos(np.pi * lags / (2 * np.sqrt(n)))) / 2
    pairs, of_x, of_y = (_products(series, lags) for series in (used.astype(float), *_standard(x, y, used)))
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.where(pairs > 0, of_x * of_y / pairs, 0.0)
    inverse = 1 / n + 2 * float((window * both).sum()) / n**2
    return float(np.clip(1 / inverse, 1, n)) if inverse > 0 else float(n)


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


def _standard(x: np.ndarray, y: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the series with mean 0 and variance 1 over the volumes in use, and 0 elsewhere."""
    return (
        np.where(used, (x - x[used].mean()) / x[used].std(), 0.0),
        np.where(used, (y - y[used].mean()) / y[used].std(), 0.0),
    )


def _products(series: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Return the sum of products of the series with itself at each lag."""
    return np.array([series[lag:] @ series[:-lag] for lag in lags])
