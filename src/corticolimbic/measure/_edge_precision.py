"""How precise an edge's correlation is: its standard error, and what each half of the run says."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int

from corticolimbic.features import effective_volumes


def standard_errors(
    series: Float[np.ndarray, "kept columns"],
    volumes: Int[np.ndarray, " kept"],
    pairs: Int[np.ndarray, "pairs 2"],
    basis: Float[np.ndarray, "kept regressors"] | None = None,
) -> Float64[np.ndarray, " pairs"]:
    r"""Return the standard error of Fisher z of each pair's full correlation, :math:`1/\sqrt{N_e - 3}`.

    :math:`N_e` is Bartlett's (see `corticolimbic.features.effective_volumes`): lags are counted between
    volumes that truly are a lag apart, so that censored volumes keep their place, and what was regressed out
    is counted where it was. For white noise that is the :math:`1/\sqrt{N - k - 3}` of a partial correlation
    given k variables (Fisher 1924).

    Parameters
    ----------
    series
        In the kept volumes.
    volumes
        Number of each kept volume in the run, rising.
    pairs
        Positions of the two columns.
    basis
        What was regressed out beside the mean: orthonormal columns in the kept volumes.

    Returns
    -------
    array
        NaN where no more than 3 effective volumes are left.
    """
    if not len(volumes):
        return np.full(len(pairs), np.nan)
    places = volumes - volumes[0]
    used = np.zeros(int(places[-1]) + 1, dtype=bool)
    used[places] = True
    inside = np.zeros((used.size, series.shape[1]))
    inside[places] = series
    effective = effective_volumes(inside, used, pairs, basis)
    enough = effective > 3
    return np.where(enough, 1 / np.sqrt(np.where(enough, effective, 4.0) - 3), np.nan)


def half_correlations(
    series: Float[np.ndarray, "kept columns"], pairs: Int[np.ndarray, "pairs 2"]
) -> tuple[Float64[np.ndarray, " pairs"], Float64[np.ndarray, " pairs"]]:
    """Return each pair's correlation in the first and in the second half of the kept volumes.

    An odd volume goes to the second half. NaN where a series does not vary in the half.
    """
    middle = len(series) // 2
    first, second = (_correlations(half, pairs) for half in (series[:middle], series[middle:]))
    return first, second


def _correlations(half: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    if len(half) < 2:
        return np.full(len(pairs), np.nan)
    centred = half - half.mean(axis=0)
    size = np.sqrt(np.mean(centred**2, axis=0))
    varies = size > 1e-12  # the series' spread over the run is 1
    standard = np.where(varies, centred, 0.0) / np.where(varies, size, 1.0)
    together = np.mean(standard[:, pairs[:, 0]] * standard[:, pairs[:, 1]], axis=0)
    return np.where(varies[pairs].all(axis=1), np.clip(together, -1.0, 1.0), np.nan)
