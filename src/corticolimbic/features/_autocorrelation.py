"""How many independent volumes a correlation between autocorrelated series is worth."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

FEWEST = 4
"""With fewer volumes there is nothing to estimate autocorrelation from."""
_UNSEEN = 1e-2
"""Patterns of autocovariance of which regressors leave less than this share are not estimated (assumed; bands
of a third of all frequencies, and 24 slow regressors beside them, come out right to 4 % in simulation)."""


def effective_volumes(
    series: Float[np.ndarray, "volumes columns"],
    used: Bool[np.ndarray, " volumes"],
    pairs: Int[np.ndarray, "pairs 2"],
    basis: Float[np.ndarray, "used regressors"] | None = None,
) -> Float64[np.ndarray, " pairs"]:
    r"""Return the number of independent volumes that would estimate each pair's correlation as precisely.

    Bartlett (1935, 1946), for series of covariances :math:`\Sigma_x, \Sigma_y` over the volumes in use:
    :math:`N_e - 1 = \mathrm{tr}\,\Sigma_x\,\mathrm{tr}\,\Sigma_y / \mathrm{tr}(\Sigma_x\Sigma_y)`, which is
    :math:`N` for white noise. It is exact for independent series and holds for full correlation only (METHODS
    M-10); series that are strongly correlated have a little more (Afyouni et al. 2019, NeuroImage 199:609).

    What was regressed out takes precision away, and most of it where regressors are as slow as the series.
    With M the projection that leaves the residuals, :math:`\Sigma = M V M`, and V depends on the lag alone:
    :math:`V = \sum_l c_l S_l`, where :math:`S_l` marks the volumes in use that truly are l apart. The
    autocovariances follow from those of the residuals, whose expectation is
    :math:`\sum_j \mathrm{tr}(M S_l M S_j)\,c_j` (Worsley et al. 2002, NeuroImage 15:1). They are weighted
    down to zero at lag :math:`2\sqrt{N}` by the root of Tukey's window (Chatfield 2004; Woolrich et al.
    2001), as those of long lags are noise. In simulation standard errors come out right to
    8 %, but 10 % too small in 150 volumes of memory 0.9 with 36 regressors as slow.

    Parameters
    ----------
    series
        Of one run, equally spaced in time; what stands in volumes that are not in use does not count.
    used
        Volumes in use: the others keep their place.
    pairs
        Positions of the two columns.
    basis
        What was regressed out beside the mean, in the volumes in use: orthonormal columns of mean 0. A filter
        belongs here where it is a regression; otherwise it shows as autocorrelation.

    Returns
    -------
    array
        Between 1 and the number of volumes in use less the regressors; NaN where fewer than 4 of these are
        left or a series does not vary.
    """
    n = int(used.sum())
    removed = np.zeros((n, 0)) if basis is None else basis
    most = n - removed.shape[1]
    if most < FEWEST:
        return np.full(len(pairs), np.nan)
    places = np.flatnonzero(used)
    inside = series[places]
    varies = np.ptp(inside, axis=0) > 0
    centred = inside - inside.mean(axis=0)
    residual = (centred - removed @ (removed.T @ centred)) / np.where(varies, inside.std(axis=0), 1.0)
    varies &= (residual**2).mean(axis=0) > 1e-20
    reach = 2 * np.sqrt(n)
    lags = np.arange(min(int(np.ceil(reach)), used.size))
    window = np.sqrt((1 + np.cos(np.pi * lags / reach)) / 2)
    seen = _Seen.of(np.column_stack([np.full(n, n**-0.5), removed]), places, used.size, lags)
    whole = _spread(residual, places, used.size)
    products = np.array([np.einsum("tc,tc->c", whole, _shifted(whole, lag)) for lag in lags.tolist()])
    found = window[:, None] * seen.solve(products)
    first, second = found[:, pairs[:, 0]], found[:, pairs[:, 1]]
    both = np.einsum("lp,lm,mp->p", first, seen.gram, second)
    size = (seen.trace @ first) * (seen.trace @ second)
    known = (both > 0) & (size > 0)
    effective = np.where(known, 1 + size / np.where(known, both, 1.0), float(most))
    return np.where(varies[pairs].all(axis=1), np.clip(effective, 1, most), np.nan)


class _Seen:
    """What the volumes in use and the regressors let see of each lag: tr(M S_l M S_j) and tr(M S_l)."""

    def __init__(self, gram: np.ndarray, trace: np.ndarray) -> None:
        self.gram = gram
        self.trace = trace

    @classmethod
    def of(cls: type[_Seen], basis: np.ndarray, places: np.ndarray, length: int, lags: np.ndarray) -> _Seen:
        """Take the shorter way: through what was removed, or through what is left."""
        n, rank = basis.shape
        if 2 * rank > n:
            left = np.linalg.qr(basis, mode="complete")[0][:, rank:]
            small, _ = _compressed(left, places, length, lags)
            flat = small.reshape(len(lags), -1)
            return cls(flat @ flat.T, np.trace(small, axis1=1, axis2=2))
        small, moved = _compressed(basis, places, length, lags)
        flat, around = small.reshape(len(lags), -1), moved.reshape(len(lags), -1)
        ones = _spread(np.ones((n, 1)), places, length)[:, 0]
        apart = np.array([float(ones @ _shifted(ones[:, None], lag)[:, 0]) for lag in lags.tolist()])
        gram = np.diag(apart) - 2 * around @ around.T + flat @ flat.T
        return cls(gram, np.where(lags == 0, float(n), 0.0) - np.trace(small, axis1=1, axis2=2))

    def solve(self, products: np.ndarray) -> np.ndarray:
        """Return the autocovariances that give these products of residuals, lag by lag."""
        scale = 1 / np.sqrt(np.maximum(np.diag(self.gram), 1.0))
        values, vectors = np.linalg.eigh(self.gram * np.outer(scale, scale))
        kept = values > _UNSEEN * values[-1]
        return scale[:, None] * (
            (vectors[:, kept] / values[kept]) @ (vectors[:, kept].T @ (scale[:, None] * products))
        )


def _compressed(
    basis: np.ndarray, places: np.ndarray, length: int, lags: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return B' S_l B and S_l B of each lag."""
    whole = _spread(basis, places, length)
    moved = np.array([_shifted(whole, lag)[places] for lag in lags.tolist()])
    return np.array([basis.T @ item for item in moved]), moved


def _spread(values: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    whole = np.zeros((length, values.shape[1]))
    whole[places] = values
    return whole


def _shifted(values: np.ndarray, lag: int) -> np.ndarray:
    """Return the sum of the values a lag before and a lag after; at lag 0 the values."""
    if lag == 0:
        return values
    moved = np.zeros_like(values)
    moved[lag:] += values[:-lag]
    moved[:-lag] += values[lag:]
    return moved
