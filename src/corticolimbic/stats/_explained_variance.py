"""Effect sizes that are shares of variance, or slopes in standard deviations, with intervals."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special


def partial_eta_squared(
    f: Float[np.ndarray, " tests"], df_effect: int, df_error: int, level: float = 0.95
) -> tuple[Float[np.ndarray, " tests"], Float[np.ndarray, " tests"], Float[np.ndarray, " tests"]]:
    r"""Return partial eta squared with the interval that the noncentral F gives.

    :math:`\eta_p^2 = F df_1 / (F df_1 + df_2)`; the interval's ends are
    :math:`\lambda / (\lambda + df_1 + df_2 + 1)` with the noncentralities at which F is the upper and lower
    quantile (Smithson 2001, Educ Psychol Meas 61:605; Steiger 2004, Psychol Methods 9:164), 0 where there is
    none. Fixed columns, normal residuals of equal variance. With one degree of freedom the lower end of the
    90 % interval is above 0 just where F's test rejects at 5 %.

    Parameters
    ----------
    f
        F statistics.
    df_effect, df_error
        Their degrees of freedom.
    level
        Coverage.

    Returns
    -------
    eta_squared, low, high

    Examples
    --------
    >>> eta, low, high = partial_eta_squared(np.array([11.221]), 1, 98, level=0.9)
    >>> [round(float(x), 3) for x in (eta[0], low[0], high[0])]
    [0.103, 0.027, 0.202]
    """
    eta = f * df_effect / (f * df_effect + df_error)
    ends = []
    for probability in ((1 + level) / 2, (1 - level) / 2):
        shift = np.zeros_like(f)
        some = np.isfinite(f) & (special.fdtr(df_effect, df_error, f) > probability)
        shift[some] = _noncentrality(f[some], df_effect, df_error, probability)
        shift[np.isnan(f)] = np.nan
        ends.append(shift / (shift + df_effect + df_error + 1))
    return eta, ends[0], ends[1]


def _noncentrality(f: np.ndarray, df_effect: int, df_error: int, probability: float) -> np.ndarray:
    """Return the noncentrality at which F has this probability below, by halving."""
    low, high = np.zeros_like(f), np.maximum(f * df_effect, 1.0)
    while (short := special.ncfdtr(df_effect, df_error, high, f) > probability).any():
        high[short] *= 2
    for _ in range(80):
        middle = (low + high) / 2
        above = special.ncfdtr(df_effect, df_error, middle, f) > probability
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


def semipartial_r(
    t: Float[np.ndarray, " tests"],
    r_squared: Float[np.ndarray, " tests"],
    n: int,
    df: int,
    level: float = 0.95,
) -> tuple[Float[np.ndarray, " tests"], Float[np.ndarray, " tests"], Float[np.ndarray, " tests"]]:
    r"""Return semi-partial correlations with the interval of Aloe and Becker.

    :math:`r_s = t\sqrt{(1 - R^2) / df}`; its variance is
    :math:`(R^4 - 2R^2 + R_0^2 + 1 - R_0^4) / n`, :math:`R_0^2 = R^2 - r_s^2` (Aloe & Becker 2012, J Educ
    Behav Stat 37:278). Normal approximation, for n well above the number of columns.

    Parameters
    ----------
    t
        Classical t of the column.
    r_squared
        Of the whole model.
    n, df
        People, and residual degrees of freedom.
    level
        Coverage.

    Returns
    -------
    r, low, high

    Examples
    --------
    >>> r, low, high = semipartial_r(np.array([2.5]), np.array([0.3]), 100, 95)
    >>> [round(float(x), 3) for x in (r[0], low[0], high[0])]
    [0.215, 0.053, 0.376]
    """
    r = t * np.sqrt((1 - r_squared) / df)
    reduced = r_squared - r**2
    variance = (r_squared**2 - 2 * r_squared + reduced + 1 - reduced**2) / n
    half = special.ndtri((1 + level) / 2) * np.sqrt(np.maximum(variance, 0.0))
    return r, r - half, r + half


def standardised_slope(
    y: Float[np.ndarray, " people"], x: Float[np.ndarray, "people columns"], level: float = 0.95
) -> tuple[Float[np.ndarray, " columns"], Float[np.ndarray, " columns"], Float[np.ndarray, " columns"]]:
    r"""Return slopes in standard deviations of both sides, with the interval by the delta method.

    The sampling of the columns' standard deviations counts, so that the interval is not that of the raw slope
    rescaled (Yuan & Chan 2011, Psychometrika 76:670; Jones & Waller 2013, Psychol Methods 18:435):

    .. math:: \mathrm{var}(\hat\beta_j) = \frac{1}{n - 3}\left[\frac{s_j^2 c_j s_e^2}{s_y^2} +
        \frac{b_j^2 (s_j^2 b'Cb - s_j^2 s_e^2 - s_{jy}^2)}{s_y^4}\right]

    with C the columns' covariance, c the diagonal of its inverse. For people and columns that are a sample of
    a normal population; t with n - columns - 1 degrees of freedom.

    Parameters
    ----------
    y
        One feature, without missing values.
    x
        Columns, of full rank, without the intercept.
    level
        Coverage.

    Returns
    -------
    beta, low, high

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(200, 2))
    >>> beta, low, high = standardised_slope(x @ [0.5, 0.0] + rng.normal(size=200), x)
    >>> beta.round(2).tolist(), low.round(2).tolist(), high.round(2).tolist()
    ([0.43, 0.01], [0.31, -0.12], [0.54, 0.14])
    """
    n, columns = x.shape
    both = np.atleast_2d(np.cov(np.column_stack([x, y]), rowvar=False))
    c, with_y, total = both[:-1, :-1], both[:-1, -1], both[-1, -1]
    inverse = np.linalg.inv(c)
    slope = inverse @ with_y
    explained = float(slope @ with_y)
    df = n - columns - 1
    error = (total - explained) * (n - 1) / df
    own = np.diag(c)
    variance = own * np.diag(inverse) * error / total
    variance += slope**2 * (own * explained - own * error - with_y**2) / total**2
    half = special.stdtrit(df, (1 + level) / 2) * np.sqrt(np.maximum(variance, 0) / (n - 3))
    beta = slope * np.sqrt(own / total)
    return beta, beta - half, beta + half
