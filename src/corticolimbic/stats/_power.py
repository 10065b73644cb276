"""What a test could have found, and how many people the found effect needs."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special


def detectable_t(
    df: Float[np.ndarray, " tests"], power: float = 0.8, level: float = 0.05
) -> Float[np.ndarray, " tests"]:
    """Return the true effect, in standard errors, that a two-sided t test finds with this power.

    The noncentral t whose share beyond the critical value is ``power``; the other side's share (below 1e-5
    at 80 %) is not counted.

    Parameters
    ----------
    df
        Degrees of freedom.
    power
        Share of studies that find it.
    level
        Two-sided error rate.

    Examples
    --------
    >>> detectable_t(np.array([62.0])).round(3).tolist()
    [2.846]
    """
    return special.nctdtrinc(df, 1 - power, special.stdtrit(df, 1 - level / 2))


def power_t(
    shift: Float[np.ndarray, " tests"], df: Float[np.ndarray, " tests"], level: float = 0.05
) -> Float[np.ndarray, " tests"]:
    """Return the power of a two-sided t test whose true effect is ``shift`` standard errors.

    Parameters
    ----------
    shift
        True effect over its standard error.
    df
        Degrees of freedom.
    level
        Two-sided error rate.

    Examples
    --------
    >>> power_t(np.array([0.0, 2.846]), np.array([62.0, 62.0])).round(3).tolist()
    [0.05, 0.8]
    """
    critical = special.stdtrit(df, 1 - level / 2)
    size = np.abs(shift)
    # Far out the noncentral t cannot be computed; its other tail has then long been nothing.
    other = np.where(size < 8, special.nctdtr(df, np.minimum(size, 8.0), -critical), 0.0)
    return 1 - special.nctdtr(df, np.minimum(size, 35.0), critical) + other


def people_needed(
    shift: Float[np.ndarray, " tests"],
    n: Float[np.ndarray, " tests"],
    df: Float[np.ndarray, " tests"],
    power: float = 0.8,
    level: float = 0.05,
) -> Float[np.ndarray, " tests"]:
    r"""Return how many people find an effect of this size with this power.

    In a study of m people with the same proportions of groups, sites and covariates the effect is
    :math:`\lambda\sqrt{m / n}` standard errors, with m - (n - df) degrees of freedom.

    Parameters
    ----------
    shift
        The effect over its standard error in the study at hand.
    n
        People of the study.
    df
        Degrees of freedom of its test: people minus what the model's columns take.
    power, level
        As in `detectable_t`.

    Returns
    -------
    numpy.ndarray
        Whole people; infinity where the effect is 0, NaN where it is unknown.

    Examples
    --------
    Groups of 64 find half a standard deviation (Cohen 1988, table 2.4.1), here seen in two groups of 20:

    >>> people_needed(np.array([0.5 * np.sqrt(10)]), np.array([40.0]), np.array([38.0])).tolist()
    [128.0]
    """
    shift, n, df = np.broadcast_arrays(np.abs(shift).astype(float), n, df)
    taken = n - df
    found = np.full(shift.shape, np.nan)
    found[shift == 0] = np.inf
    ask = np.flatnonzero((shift > 0) & np.isfinite(shift) & (df > 0))
    if not ask.size:
        return found
    effect, taken = shift[ask] / np.sqrt(n[ask]), taken[ask]
    low = np.floor(taken) + 1  # one degree of freedom, or nearly
    normal = special.ndtri(power) + special.ndtri(1 - level / 2)
    high = np.ceil(4 * (normal / effect) ** 2 + taken + 50)
    # The power rises with people, so the interval is halved until it is one person wide.
    enough = power_t(effect * np.sqrt(low), low - taken, level) >= power
    high = np.where(enough, low, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        reached = power_t(effect * np.sqrt(middle), middle - taken, level) >= power
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle)
    found[ask] = high
    return found
