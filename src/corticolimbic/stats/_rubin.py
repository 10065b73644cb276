"""One estimate from several completed tables: Rubin's rules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True)
class Pooled:
    """What `pool` found.

    Parameters
    ----------
    estimate
        Mean of the estimates of the completed tables.
    se
        Root of the total variance.
    ci_low, ci_high
        Interval, from t with ``df`` degrees of freedom.
    df
        Barnard and Rubin's.
    within, between
        Mean variance of an estimate, and variance of the estimates.
    fmi
        Fraction of missing information: how much of what complete data would have told is lost.
    increase
        Relative increase of the variance due to missing values.
    efficiency
        Variance with endless imputations over that with these.
    imputations
        How many.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    df: float
    within: float
    between: float
    fmi: float
    increase: float
    efficiency: float
    imputations: int

    @property
    def wanted(self) -> int:
        """Imputations after which another run gives nearly the same: 100 times ``fmi``, at least 2.

        White, Royston & Wood 2011 (Stat Med 30:377), section 7: as many as per cent of people incomplete,
        and the fraction of missing information is what stands behind that rule.
        """
        return max(2, math.ceil(100 * self.fmi - 1e-9))


def pool(
    estimates: Float[np.ndarray, " imputations"],
    variances: Float[np.ndarray, " imputations"],
    df_complete: int | float = np.inf,
    level: float = 0.95,
) -> Pooled:
    r"""Pool an estimate over imputations.

    With :math:`\bar W` the mean variance, B the variance of the m estimates and :math:`T = \bar W + (1 + 1/m)
    B`, the interval is :math:`\bar Q \pm t_\nu \sqrt T`. :math:`1/\nu = 1/\nu_m + 1/\nu_{obs}`,
    :math:`\nu_m = (m - 1) / \lambda^2`, :math:`\lambda = (1 + 1/m) B / T`,
    :math:`\nu_{obs} = \nu_{com} (\nu_{com} + 1) / (\nu_{com} + 3) (1 - \lambda)` (Barnard & Rubin 1999,
    Biometrika 86:948). The fraction of missing information is :math:`(r + 2/(\nu + 3)) / (1 + r)`,
    :math:`r = (1 + 1/m) B / \bar W` (Rubin 1987).

    Parameters
    ----------
    estimates, variances
        Of each completed table.
    df_complete
        Degrees of freedom that the estimate would have without missing values.
    level
        Coverage of the interval.

    Raises
    ------
    ModelError
        Fewer than two imputations, or an estimate or variance that is missing or negative.

    Examples
    --------
    >>> found = pool(np.array([1.0, 1.2, 0.9, 1.1]), np.full(4, 0.04), df_complete=50)
    >>> round(found.estimate, 2), round(found.se, 3), round(found.df, 1)
    (1.05, 0.247, 14.1)
    """
    m = len(estimates)
    if m < 2:
        raise ModelError(f"{m} imputation(s): how much they differ is part of the error; make at least 2")
    if not (np.isfinite(estimates).all() and np.isfinite(variances).all() and (variances >= 0).all()):
        raise ModelError("an estimate or a variance of a completed table is missing, infinite or negative")
    if not df_complete > 0:
        raise ModelError(f"degrees of freedom of complete data must be above 0, not {df_complete:g}")
    mean, within, between = float(estimates.mean()), float(variances.mean()), float(estimates.var(ddof=1))
    between = (
        between if between > (1e-14 * np.abs(estimates).max()) ** 2 else 0.0
    )  # rounding is no difference
    extra = (1 + 1 / m) * between
    total = within + extra
    share = extra / total if total > 0 else 0.0
    inverse = share**2 / (m - 1)
    if np.isfinite(df_complete):
        observed = df_complete * (df_complete + 1) / (df_complete + 3) * (1 - share)
        inverse += 1 / observed if observed > 0 else np.inf
    df = 1 / inverse if inverse > 0 else np.inf
    increase = extra / within if within > 0 else (np.inf if extra > 0 else 0.0)
    tail = 2 / (df + 3) if between > 0 else 0.0
    fmi = (increase + tail) / (1 + increase) if np.isfinite(increase) else 1.0
    se = math.sqrt(total)
    half = _quantile(df, level) * se if total > 0 else 0.0
    return Pooled(
        mean, se, mean - half, mean + half, df, within, between, fmi, increase, 1 / (1 + fmi / m), m
    )


def _quantile(df: float, level: float) -> float:
    if not np.isfinite(df):
        return float(special.ndtri((1 + level) / 2))
    return float(special.stdtrit(df, (1 + level) / 2)) if df > 0 else np.nan
