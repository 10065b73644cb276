"""Random-effects meta-analysis of many features over sites."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.stats._between_sites import (
    BetweenSites,
    between_interval,
    between_variance,
    generalised_q,
    hartung_knapp,
    typical_variance,
    weighted_mean_of_sites,
)

PredictionDf = Literal["k-2", "k-1"]
"""Degrees of freedom of a prediction interval: Higgins, Thompson & Spiegelhalter's, or one more."""


@dataclass(frozen=True, eq=False)
class MetaAnalysis:
    """Effects combined over sites, one element a feature.

    Parameters
    ----------
    estimate
        Mean of the true effects over sites, in the unit of the estimates; NaN where no site has one.
    se, ci_low, ci_high
        Its standard error from the weights, and the normal interval, which takes the variance between sites
        for known: too narrow with few sites.
    hk_se, hk_low, hk_high
        Hartung-Knapp-Sidik-Jonkman: t with k - 1 degrees of freedom; NaN below two sites.
    p
        Two-sided, from the Hartung-Knapp interval's t; NaN below two sites.
    common, common_se, common_low, common_high
        As if all sites shared one effect (fixed effect): narrower, and only as good as that assumption.
    k
        Sites that entered.
    tau2, tau2_low, tau2_high
        Variance of the true effects between sites, and its Q-profile interval; NaN below two sites.
    i2, h2
        Share of the variance between observed effects that is no sampling error (0 to 1), and total over
        sampling variance.
    q, p_q
        Cochran's Q, and its p from chi-square with k - 1 degrees of freedom.
    prediction_low, prediction_high
        Where the true effect of a further site is expected; NaN where no degree of freedom is left.
    """

    estimate: Float[np.ndarray, " features"]
    se: Float[np.ndarray, " features"]
    ci_low: Float[np.ndarray, " features"]
    ci_high: Float[np.ndarray, " features"]
    hk_se: Float[np.ndarray, " features"]
    hk_low: Float[np.ndarray, " features"]
    hk_high: Float[np.ndarray, " features"]
    p: Float[np.ndarray, " features"]
    common: Float[np.ndarray, " features"]
    common_se: Float[np.ndarray, " features"]
    common_low: Float[np.ndarray, " features"]
    common_high: Float[np.ndarray, " features"]
    k: Int[np.ndarray, " features"]
    tau2: Float[np.ndarray, " features"]
    tau2_low: Float[np.ndarray, " features"]
    tau2_high: Float[np.ndarray, " features"]
    i2: Float[np.ndarray, " features"]
    h2: Float[np.ndarray, " features"]
    q: Float[np.ndarray, " features"]
    p_q: Float[np.ndarray, " features"]
    prediction_low: Float[np.ndarray, " features"]
    prediction_high: Float[np.ndarray, " features"]


def meta_analysis(
    estimates: Float[np.ndarray, "features sites"],
    errors: Float[np.ndarray, "features sites"],
    *,
    method: BetweenSites = "reml",
    adhoc: bool = True,
    prediction_df: PredictionDf = "k-2",
    level: float = 0.95,
) -> MetaAnalysis:
    r"""Combine estimates of sites, feature by feature: random effects with Hartung-Knapp intervals.

    With weights :math:`w_i = 1 / (s_i^2 + \tau^2)` the mean is :math:`\sum w_i y_i / \sum w_i` and its
    Hartung-Knapp variance :math:`h / \sum w_i`, :math:`h = \sum w_i (y_i - \bar y)^2 / (k - 1)`, with t of
    k - 1 degrees of freedom (Hartung & Knapp 2001, Stat Med 20:1771; Sidik & Jonkman 2002, Stat Med 21:3153).

    Parameters
    ----------
    estimates, errors
        Effect and standard error of each site, in one unit; NaN in either leaves the site out of the feature.
    method
        Estimator of the variance between sites.
    adhoc
        Take h for at least 1 (Knapp & Hartung 2003; Roever, Knapp & Friede 2015, BMC Med Res Methodol 15:99;
        Jackson et al. 2017, Stat Med 36:3923), so that sites which agree by chance do not give an
        interval narrower than that of no variance between them. The price is caution with few sites.
    prediction_df
        ``k-2`` as Higgins, Thompson & Spiegelhalter (2009, J R Stat Soc A 172:137), none with two sites; or
        ``k-1``. The interval is the mean give or take :math:`t \sqrt{\tau^2 + s^2}`, s the Hartung-Knapp
        standard error.
    level
        Coverage of all intervals.

    Returns
    -------
    MetaAnalysis
        With one site that site's estimate and error; what needs two is NaN. With two, the Hartung-Knapp one
        rests on one degree of freedom (t of 12.7) and says little: the common effect stands beside it.

    Raises
    ------
    ValueError
        The arrays differ in shape, a value is infinite, or an error is 0 or less.

    Notes
    -----
    What 95 % intervals covered in 20,000 cohorts each with tau 0.5 (give or take 0.3), where all errors were
    0.2, and where they were spread over 0.1 to 0.4:

    =====  ==========  =====  ======  ===============  ===============  ======
    sites  errors      plain  ad hoc  prediction, k-2  prediction, k-1  normal
    =====  ==========  =====  ======  ===============  ===============  ======
    3      0.2          95.1    97.6             99.8             92.2    83.4
    3      0.1 to 0.4   93.9    97.6             99.7             92.1    82.8
    5      0.2          94.9    95.3             93.9             92.0    88.2
    5      0.1 to 0.4   93.9    95.0             91.9             89.9    87.2
    10     0.2          94.9    94.9             94.1             93.7    91.8
    10     0.1 to 0.4   94.8    95.1             93.6             93.3    91.6
    20     0.2          94.8    94.8             94.3             94.3    93.4
    20     0.1 to 0.4   94.9    95.1             94.2             94.1    93.5
    =====  ==========  =====  ======  ===============  ===============  ======

    So the plain Hartung-Knapp interval keeps its promise with equal errors, and falls one point short with
    three or five sites of unequal ones; with the ad hoc correction it does not, at the price of caution with
    three. The normal interval is too narrow throughout, and prediction intervals promise too much, most
    below some ten sites, as is known of them (Partlett & Riley 2017, Stat Med 36:301).
    Standard errors are taken for known; of sites with few people they are not.

    Examples
    --------
    >>> found = meta_analysis(np.array([[0.30, 0.12, 0.25]]), np.array([[0.10, 0.08, 0.12]]))
    >>> int(found.k[0]), round(float(found.common[0]), 3), round(float(found.q[0]), 2)
    (3, 0.203, 2.17)
    """
    _check(estimates, errors)
    known = np.isfinite(estimates) & np.isfinite(errors)
    y = np.where(known, estimates, np.nan)
    v = np.where(known, errors**2, np.nan)
    k = known.sum(axis=1)
    normal = float(special.ndtri((1 + level) / 2))
    none = np.zeros(len(y))
    common, total = weighted_mean_of_sites(y, v, none)
    tau2 = between_variance(y, v, method)
    mean, weight = weighted_mean_of_sites(y, v, np.nan_to_num(tau2))
    _, hk_se = hartung_knapp(y, v, np.nan_to_num(tau2), floor=1.0 if adhoc else 0.0)
    df = np.where(k > 1, k - 1, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        common_se, se = 1 / np.sqrt(total), 1 / np.sqrt(weight)
        t = special.stdtrit(df, (1 + level) / 2)
        typical = typical_variance(v)
        q = np.where(k > 1, generalised_q(y, v, none), np.nan)
        left = np.where(k > 2, k - 2, np.nan) if prediction_df == "k-2" else df
        half = special.stdtrit(left, (1 + level) / 2) * np.sqrt(tau2 + hk_se**2)
        p = 2 * special.stdtr(df, -np.abs(mean / hk_se))
    empty = k == 0
    common_se, se = np.where(empty, np.nan, common_se), np.where(empty, np.nan, se)
    tau2_low, tau2_high = between_interval(y, v, level)
    return MetaAnalysis(
        estimate=mean,
        se=se,
        ci_low=mean - normal * se,
        ci_high=mean + normal * se,
        hk_se=hk_se,
        hk_low=mean - t * hk_se,
        hk_high=mean + t * hk_se,
        p=p,
        common=common,
        common_se=common_se,
        common_low=common - normal * common_se,
        common_high=common + normal * common_se,
        k=k,
        tau2=tau2,
        tau2_low=tau2_low,
        tau2_high=tau2_high,
        i2=tau2 / (tau2 + typical),
        h2=1 + tau2 / typical,
        q=q,
        p_q=special.chdtrc(df, q),
        prediction_low=mean - half,
        prediction_high=mean + half,
    )


def leave_one_out(
    estimates: Float[np.ndarray, "features sites"],
    errors: Float[np.ndarray, "features sites"],
    *,
    method: BetweenSites = "reml",
) -> Float[np.ndarray, "features sites"]:
    """Return each feature's mean over sites without each site in turn; NaN where the site has no estimate.

    Parameters
    ----------
    estimates, errors, method
        As for `meta_analysis`.
    """
    _check(estimates, errors)
    known = np.isfinite(estimates) & np.isfinite(errors)
    y = np.where(known, estimates, np.nan)
    v = np.where(known, errors**2, np.nan)
    without = np.full(estimates.shape, np.nan)
    for site in range(estimates.shape[1]):
        others = y.copy()
        others[:, site] = np.nan
        variances = np.where(np.isnan(others), np.nan, v)
        tau2 = np.nan_to_num(between_variance(others, variances, method))
        mean, _ = weighted_mean_of_sites(others, variances, tau2)
        without[:, site] = np.where(known[:, site], mean, np.nan)
    return without


META_FIELDS = tuple(field.name for field in fields(MetaAnalysis))


def _check(estimates: np.ndarray, errors: np.ndarray) -> None:
    if estimates.shape != errors.shape:
        raise ValueError(f"estimates of shape {estimates.shape}, but errors of shape {errors.shape}")
    if np.isinf(estimates).any() or np.isinf(errors).any():
        raise ValueError("an estimate or error is infinite")
    if (errors <= 0).any():
        raise ValueError("a standard error is 0 or less")
