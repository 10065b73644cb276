"""A survival curve with its interval, and the Kaplan-Meier estimate of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

Z_95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Curve:
    """Share of people in whom the event has not come yet.

    Between ``day_from`` and ``day`` the curve is not determined by the data; where they are equal it steps.

    Parameters
    ----------
    day_from, day
        Where each drop lies.
    at_risk
        People whose event could still come just before the drop ends.
    events
        Events in the drop (expected ones where only intervals are known).
    survival
        Share after the drop.
    se
        Standard error of the share.
    low, high
        95 % interval of the share, on the scale of log(-log); the curve itself at 0 and 1.
    """

    day_from: Float[np.ndarray, " drop"]
    day: Float[np.ndarray, " drop"]
    at_risk: Int[np.ndarray, " drop"]
    events: Float[np.ndarray, " drop"]
    survival: Float[np.ndarray, " drop"]
    se: Float[np.ndarray, " drop"]
    low: Float[np.ndarray, " drop"]
    high: Float[np.ndarray, " drop"]

    def at(self, day: float) -> float:
        """Return the share on a day (inside an undetermined stretch: the share before it)."""
        place = int(np.searchsorted(self.day, day, side="right")) - 1
        return float(self.survival[place]) if place >= 0 else 1.0


def kaplan_meier(day: Float[np.ndarray, " person"], event: Bool[np.ndarray, " person"]) -> Curve:
    """Estimate a survival curve from exact and right-censored times.

    Parameters
    ----------
    day
        Day of the event, or the last day on which it was known not to have come.
    event
        Whether it came. People censored on a day of an event count as at risk on it.

    Returns
    -------
    Curve
        One drop for each day with an event; none where everyone is censored. Variance by Greenwood (1926),
        interval on the scale of log(-log) (Kalbfleisch & Prentice 1980).

    Raises
    ------
    ValueError
        Where a day is not finite.

    References
    ----------
    Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
    """
    if not np.isfinite(day).all():
        raise ValueError("every time must be finite; leave out people whose time is unknown")
    days, counts = np.unique(day[event], return_counts=True)
    at_risk = len(day) - np.searchsorted(np.sort(day), days, side="left")
    survival = np.cumprod(1.0 - counts / at_risk)
    left = at_risk - counts
    with np.errstate(divide="ignore"):
        terms = np.where(left > 0, counts / (at_risk * np.maximum(left, 1)), np.nan)
    se = survival * np.sqrt(np.cumsum(terms))
    se = np.where(survival > 0, se, 0.0)
    low, high = log_log_interval(survival, se)
    return Curve(days, days, at_risk, counts.astype(float), survival, se, low, high)


def log_log_interval(
    survival: Float[np.ndarray, " drop"], se: Float[np.ndarray, " drop"]
) -> tuple[Float[np.ndarray, " drop"], Float[np.ndarray, " drop"]]:
    """Return the 95 % interval of survival on the scale of log(-log), which stays between 0 and 1.

    Parameters
    ----------
    survival
        Shares.
    se
        Their standard errors. At 0 and 1, where the scale has no value, the interval is the share itself.
    """
    low, high = survival.copy(), survival.copy()
    inside = (survival > 0) & (survival < 1)
    middle = survival[inside]
    half = Z_95 * se[inside] / (middle * np.abs(np.log(middle)))
    low[inside], high[inside] = middle ** np.exp(half), middle ** np.exp(-half)
    return low, high
