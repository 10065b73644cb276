"""What the noise of a feature leaves of an effect, and how many people that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import special

from corticolimbic.features import schema
from corticolimbic.stats._people_table import FEATURE_KEY
from corticolimbic.stats._reliability import best_reliability

Floats = Float[np.ndarray, " effects"]
_MOST = 1e6  # people; more are not given
_EFFECT = ("population", *FEATURE_KEY, "run", "analysis", "contrast")


@dataclass(frozen=True, eq=False)
class Attenuation:
    """What `attenuation` found, one element an effect.

    Parameters
    ----------
    factor, factor_low, factor_high
        Square root of the reliability, and of its limits; 0 where they are below 0.
    disattenuated, low, high
        Effect without the feature's noise: a sensitivity figure, not an estimate to report. Its interval
        takes the reliability as known. NaN where that is 0 or below, or a correlation would pass 1.
    n_observed, n_perfect
        People needed to find the effect in 80 of 100 studies at the observed reliability, and at a perfect
        one. NaN above a million.
    """

    factor: Floats
    factor_low: Floats
    factor_high: Floats
    disattenuated: Floats
    low: Floats
    high: Floats
    n_observed: Floats
    n_perfect: Floats


def attenuation(
    effect: tuple[Floats, Floats, Floats],
    reliability: tuple[Floats, Floats, Floats],
    kind: Literal["partial r", "Hedges g"],
    *,
    balance: Float[np.ndarray, " effects"] | float = 0.25,
    power: float = 0.8,
) -> Attenuation:
    r"""Return what is left of standardised effects on features that are measured with noise.

    A correlation with a feature of reliability :math:`\rho` is :math:`\sqrt\rho` times that with the feature
    itself (Spearman 1904, Am J Psychol 15:72); so is a difference between groups in standard deviations, as
    noise widens them. Noise of the outcome is left as it is. The number of people solves the power of a
    two-sided test at 5 % by the noncentral t distribution, its parameter :math:`r\sqrt{n/(1-r^2)}`, or
    :math:`g\sqrt{n\pi(1-\pi)}` for groups in shares :math:`\pi` and 1 - :math:`\pi`.

    Parameters
    ----------
    effect, reliability
        Estimate, lower and upper limit.
    kind
        Of effect size.
    balance
        :math:`\pi(1-\pi)`; 0.25 for groups of equal size.
    power
        Share of studies that find it.

    Examples
    --------
    A correlation of 0.2 with a feature of reliability 0.49:

    >>> one = [np.array([x]) for x in (0.2, 0.1, 0.3, 0.49, 0.36, 0.64)]
    >>> found = attenuation(tuple(one[:3]), tuple(one[3:]), "partial r")
    >>> round(float(found.disattenuated[0]), 3), int(found.n_observed[0]), int(found.n_perfect[0])
    (0.286, 191, 91)
    """
    factor, lowest, highest = (np.sqrt(np.clip(part, 0.0, 1.0)) for part in reliability)
    most = 1.0 if kind == "partial r" else np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        free, low, high = (np.where(factor > 0, part / factor, np.nan) for part in effect)
    possible = np.abs(free) < most
    free = np.where(possible, free, np.nan)
    low, high = (np.where(possible, np.clip(part, -most, most), np.nan) for part in (low, high))
    n_observed, n_perfect = (_needed(part, kind, balance, power) for part in (effect[0], free))
    return Attenuation(factor, lowest, highest, free, low, high, n_observed, n_perfect)


def with_reliability(effects: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the effects with the columns icc, icc_low, icc_high and attenuation filled.

    Parameters
    ----------
    effects
        Schema ``effects``.
    table
        Schema ``reliability``.
    """
    best = best_reliability(table)
    found = effects[FEATURE_KEY].merge(best, on=FEATURE_KEY, how="left", validate="many_to_one")
    filled = effects.copy()
    for name in ("icc", "icc_low", "icc_high"):
        filled[name] = found[name].to_numpy(dtype=float)
    filled["attenuation"] = np.sqrt(np.clip(filled["icc"].to_numpy(dtype=float), 0.0, 1.0))
    return filled


def attenuation_table(effects: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return schema ``attenuation``: what the noise of its feature means for each effect that has an ICC.

    Parameters
    ----------
    effects
        Schema ``effects``.
    table
        Schema ``reliability``.
    """
    best = best_reliability(table)[[*FEATURE_KEY, "kind", "form", "icc", "icc_low", "icc_high"]]
    found = effects.drop(columns=["icc", "icc_low", "icc_high", "attenuation"]).merge(best, on=FEATURE_KEY)
    parts = []
    for kind, rows in found.groupby("es_kind", sort=False):
        if kind not in ("partial r", "Hedges g"):
            continue
        effect = tuple(rows[name].to_numpy(dtype=float) for name in ("effect_size", "es_low", "es_high"))
        ours = tuple(rows[name].to_numpy(dtype=float) for name in ("icc", "icc_low", "icc_high"))
        with np.errstate(divide="ignore", invalid="ignore"):
            # t is about g sqrt(n share (1 - share)): so the groups' shares stand in statistic and size.
            balance = (rows["statistic_value"].to_numpy(dtype=float) / effect[0]) ** 2 / rows["n"].to_numpy()
        balance = np.where(np.isfinite(balance), np.clip(balance, 1e-6, 0.25), 0.25)
        made = attenuation(effect, ours, kind, balance=balance)
        parts.append(
            rows[[*_EFFECT, "kind", "form", "icc", "effect_size", "es_kind", "n"]].assign(
                attenuation=made.factor,
                attenuation_low=made.factor_low,
                attenuation_high=made.factor_high,
                disattenuated=made.disattenuated,
                disattenuated_low=made.low,
                disattenuated_high=made.high,
                n_observed=made.n_observed,
                n_perfect=made.n_perfect,
            )
        )
    if not parts:
        return schema("attenuation").table([])
    return schema("attenuation").check(pd.concat(parts, ignore_index=True))


def _needed(effect: np.ndarray, kind: str, balance: np.ndarray | float, power: float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.abs(effect) / np.sqrt(1 - effect**2) if kind == "partial r" else np.abs(effect)
        each = each * (1.0 if kind == "partial r" else np.sqrt(balance))
    low, high = np.full(each.shape, 4.0), np.full(each.shape, _MOST)
    for _ in range(40):
        middle = (low + high) / 2
        enough = _power(middle, each) >= power
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    found = np.ceil(high - 1e-6)
    return np.where(np.isfinite(each) & (_power(np.full(each.shape, _MOST), each) >= power), found, np.nan)


def _power(n: np.ndarray, each: np.ndarray) -> np.ndarray:
    df, middle = n - 2, each * np.sqrt(n)
    cut = special.stdtrit(df, 0.975)
    with np.errstate(invalid="ignore"):
        exact = 1 - special.nctdtr(df, np.minimum(middle, 30.0), cut)
    return np.where(df > 1e4, special.ndtr(middle - cut), exact)
