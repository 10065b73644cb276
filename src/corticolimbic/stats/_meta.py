"""Random-effects meta-analysis of correlations within sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.stats._between_sites import between_variance, hartung_knapp, typical_variance


@dataclass(frozen=True)
class MetaCorrelation:
    """A correlation combined over sites.

    Parameters
    ----------
    value, ci_low, ci_high
        Correlation (hyperbolic tangent of the mean Fisher z) and its interval.
    p
        Two-sided p of a mean Fisher z of 0.
    k, n
        Sites and people that entered.
    tau2
        Variance of the true Fisher z between sites (REML); NaN below two sites.
    i2
        Share of the variance between observed values that is not sampling error (0 to 1); NaN below two
        sites.
    q, q_p
        Cochran's Q and its p from chi-square with k - 1 degrees of freedom; NaN below two sites.
    common_value, common_low, common_high
        The same if all sites shared one correlation (no variance between them): narrower, and only as good as
        that assumption. With two sites the interval above says almost nothing, and this one stands beside it.
    left_out
        ``(position, reason)`` of every site that could not enter.
    reason
        Empty, or why values are NaN.
    """

    value: float
    ci_low: float
    ci_high: float
    p: float
    k: int
    n: int
    tau2: float
    i2: float
    q: float
    q_p: float
    common_value: float
    common_low: float
    common_high: float
    left_out: tuple[tuple[int, str], ...] = ()
    reason: str = ""


def meta_correlation(
    rs: Float[np.ndarray, " sites"], ns: Int[np.ndarray, " sites"], *, level: float = 0.95
) -> MetaCorrelation:
    r"""Combine Pearson correlations of sites: random effects on Fisher z, REML, Hartung-Knapp interval.

    Each site's z has variance 1/(n - 3). The variance between sites is estimated by REML (Viechtbauer 2005);
    the mean's standard error is :math:`\sqrt{\max(1, h) / \sum w_i}` with
    :math:`h = \sum w_i (z_i - \bar z)^2 / (k - 1)` and t of k - 1 degrees of freedom (Hartung & Knapp
    2001; Sidik & Jonkman 2002). The floor of 1 (Roever, Knapp & Friede 2015) keeps a few sites that agree by
    chance from an interval narrower than their sampling error, down to no width at all. The price is caution:
    in simulations it covers 95 to 99 % of the time with 7 sites, and more than 99 % with 2 or 3.

    Parameters
    ----------
    rs
        Correlation of each site. NaN, or -1 and 1 (infinite z), are left out by name.
    ns
        People of each site; sites with fewer than 4 are left out.
    level
        Coverage of the interval.

    Returns
    -------
    MetaCorrelation
        One site: its own correlation with Fisher's interval and a normal p. No site: NaN.

    Raises
    ------
    ValueError
        A correlation lies outside [-1, 1], or correlations and numbers differ in length.

    Examples
    --------
    >>> found = meta_correlation(np.array([0.43, 0.467]), np.array([37, 19]))
    >>> round(found.value, 3), found.k, found.tau2
    (0.442, 2, 0.0)
    """
    if rs.shape != ns.shape:
        raise ValueError(f"{rs.size} correlations, but {ns.size} numbers of people")
    if (np.abs(rs) > 1).any():
        raise ValueError(f"correlations lie outside [-1, 1]: {rs[np.abs(rs) > 1].tolist()}")
    left_out = tuple(
        (site, why) for site in range(rs.size) if (why := _unusable(float(rs[site]), int(ns[site])))
    )
    gone = {site for site, _ in left_out}
    kept = [site for site in range(rs.size) if site not in gone]
    k, n = len(kept), int(ns[kept].sum())
    nan = float("nan")
    if k == 0:
        return MetaCorrelation(
            nan, nan, nan, nan, 0, 0, nan, nan, nan, nan, nan, nan, nan, left_out, "no site can be used"
        )
    z, variance = np.arctanh(rs[kept]), 1 / (ns[kept] - 3)
    normal, fisher = float(special.ndtri((1 + level) / 2)), 1 / variance
    centre = float(fisher @ z / fisher.sum())
    half = normal / float(np.sqrt(fisher.sum()))
    common, common_low, common_high = (float(np.tanh(centre + side * half)) for side in (0, -1, 1))
    if k == 1:
        return MetaCorrelation(
            value=common,
            ci_low=common_low,
            ci_high=common_high,
            p=float(2 * special.ndtr(-abs(centre) * normal / half)),
            k=1,
            n=n,
            tau2=nan,
            i2=nan,
            q=nan,
            q_p=nan,
            common_value=common,
            common_low=common_low,
            common_high=common_high,
            left_out=left_out,
        )
    y, v = z[None, :], variance[None, :]
    tau2 = between_variance(y, v)
    mean, se = hartung_knapp(y, v, tau2)
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * float(se[0])
    low, high = np.tanh([mean[0] - half, mean[0] + half])
    q = float(fisher @ (z - centre) ** 2)
    return MetaCorrelation(
        value=float(np.tanh(mean[0])),
        ci_low=float(low),
        ci_high=float(high),
        p=float(2 * special.stdtr(k - 1, -abs(mean[0] / se[0]))),
        k=k,
        n=n,
        tau2=float(tau2[0]),
        i2=float((tau2 / (tau2 + typical_variance(v)))[0]),
        q=q,
        q_p=float(special.chdtrc(k - 1, q)),
        common_value=common,
        common_low=common_low,
        common_high=common_high,
        left_out=left_out,
    )


def _unusable(r: float, n: int) -> str:
    if np.isnan(r):
        return "no correlation"
    if n < 4:
        return f"{n} people; 4 are needed"
    if abs(r) == 1:
        return "a perfect correlation has no finite Fisher z"
    return ""
