"""Equivalence: whether a standardised effect lies within the smallest effect of interest."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._fisher import fisher_z


def equivalence_difference(
    t: Float[np.ndarray, " tests"], df: int, variance_factor: float, smallest: float
) -> Float[np.ndarray, " tests"]:
    r"""Return p of the two one-sided tests that a standardised difference lies within (-smallest, smallest).

    As the bounds are in residual standard deviations, which are estimated, t is noncentral at each bound with
    parameter :math:`\pm\delta/\sqrt v` (Wellek 2010, section 6.1; Lakens 2017, Soc Psychol Pers Sci 8:355
    takes the SD as known). p is below 5 % just where the 90 % interval of `hedges_g` lies within the bounds.

    Parameters
    ----------
    t
        Estimate over its classical standard error.
    df
        Residual degrees of freedom.
    variance_factor
        v: diagonal element of (X'X)^-1; 1/n1 + 1/n2 without covariates.
    smallest
        Smallest difference of interest, in residual standard deviations; above 0.

    Raises
    ------
    ValueError
        ``smallest`` is not above 0.

    Examples
    --------
    >>> equivalence_difference(np.array([0.3]), 198, 0.02, 0.5).round(4).tolist()
    [0.0006]
    """
    _check(smallest)
    shift = smallest / np.sqrt(variance_factor)
    return np.maximum(special.nctdtr(df, shift, t), special.nctdtr(df, shift, -t))


def equivalence_correlation(
    r: Float[np.ndarray, " tests"], df: int, smallest: float
) -> Float[np.ndarray, " tests"]:
    r"""Return p of the two one-sided tests that a (partial) correlation lies within (-smallest, smallest).

    On Fisher's z, whose standard error is :math:`1/\sqrt{df - 1}` (see `partial_r`; Goertzen & Cribbie 2010,
    Br J Math Stat Psychol 63:527).

    Parameters
    ----------
    r
        Correlation.
    df
        Residual degrees of freedom of its t; fewer than 2 give NaN.
    smallest
        Smallest correlation of interest, between 0 and 1.

    Raises
    ------
    ValueError
        ``smallest`` does not lie between 0 and 1.

    Examples
    --------
    >>> equivalence_correlation(np.array([0.02]), 198, 0.2).round(4).tolist()
    [0.0052]
    """
    _check(smallest)
    if smallest >= 1:
        raise ValueError("the smallest correlation of interest lies below 1")
    if df < 2:
        return np.full_like(r, np.nan)
    return special.ndtr((np.abs(fisher_z(r)) - np.arctanh(smallest)) * np.sqrt(df - 1))


def equivalence_raw(
    estimate: Float[np.ndarray, " tests"],
    se: Float[np.ndarray, " tests"],
    df: Float[np.ndarray, " tests"],
    low: float,
    high: float,
) -> Float[np.ndarray, " tests"]:
    """Return p of the two one-sided t tests that an effect lies within (low, high), in its own unit.

    Schuirmann 1987, J Pharmacokinet Biopharm 15:657.

    Parameters
    ----------
    estimate, se, df
        Effect, its standard error, degrees of freedom.
    low, high
        Bounds, in the unit of the effect.

    Raises
    ------
    ValueError
        The lower bound is not below the upper one.

    Examples
    --------
    >>> equivalence_raw(np.array([0.1]), np.array([0.2]), np.array([98.0]), -0.5, 0.5).round(4).tolist()
    [0.0241]
    """
    if not low < high:
        raise ValueError(f"the bounds {low} and {high} hold nothing between them")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(special.stdtr(df, (estimate - high) / se), special.stdtr(df, (low - estimate) / se))


def as_correlation(difference: float) -> float:
    """Return the correlation that a difference in standard deviations is, between groups of equal size.

    Examples
    --------
    >>> round(as_correlation(0.2), 4)
    0.0995
    """
    return float(difference / np.sqrt(difference**2 + 4))


def _check(smallest: float) -> None:
    if not (smallest > 0 and np.isfinite(smallest)):
        raise ValueError(f"the smallest effect of interest lies above 0, {smallest} does not")
