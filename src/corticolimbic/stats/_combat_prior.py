r"""Empirical Bayes of ComBat: what sites do to a feature, shrunk to what they do to all (Johnson 2007).

A site adds :math:`\gamma_{iv} \sim N(\bar\gamma_i, \tau_i^2)` to the standardised feature and multiplies its
variance by :math:`\delta_{iv}^2 \sim` inverse gamma :math:`(\lambda_i, \theta_i)`; the four are set by
moments over features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_ROUNDS = 1000


@dataclass(frozen=True)
class Prior:
    """Moments of a site's effects over features; NaN where they could not be learnt.

    Parameters
    ----------
    centre, variance
        Of locations, in standard deviations of the feature.
    shape, rate
        Of the inverse gamma of variances; a rate of inf means that all variances are ``centre_of_variance``.
    """

    centre: float
    variance: float
    shape: float
    rate: float


def learn_prior(location: Float[np.ndarray, "*some"], variance: Float[np.ndarray, "*some"]) -> Prior | None:
    """Return the moments, or None where fewer than two features inform them (NaN are left out)."""
    known = location[~np.isnan(location)]
    spread = variance[~np.isnan(variance)]
    if known.size < 2:
        return None
    shape, rate = np.nan, np.nan
    if spread.size > 1:
        mean, square = float(spread.mean()), float(spread.var(ddof=1))
        if square > 0:
            shape, rate = (2 * square + mean**2) / square, (mean * square + mean**3) / square
    return Prior(float(known.mean()), float(known.var(ddof=1)), shape, rate)


def shrink(
    prior: Prior,
    location: Float[np.ndarray, " features"],
    variance: Float[np.ndarray, " features"],
    squares: Float[np.ndarray, " features"],
    n: Float[np.ndarray, " features"],
    tolerance: float,
) -> tuple[Float[np.ndarray, " features"], Float[np.ndarray, " features"]]:
    """Return posterior means of location and variance.

    Parameters
    ----------
    prior
        Of this site.
    location, variance
        Estimates from the site's own people; a variance that is NaN is held at 1 (location alone).
    squares
        Sum of squares about the site's mean.
    n
        People of the site who have the feature.
    tolerance
        The search ends when no estimate changes by more than this share of itself. As in the original
        program, a change is divided by the signed estimate, so that of a negative location never holds it
        up: the figures are then the same.
    """
    fixed = np.isnan(variance) | np.isnan(prior.shape)
    new, spread = location, np.where(np.isnan(variance), 1.0, variance)
    for _ in range(_ROUNDS):
        old, old_spread = new, spread
        new = (prior.variance * n * location + old_spread * prior.centre) / (prior.variance * n + old_spread)
        if np.isnan(prior.shape):
            spread = old_spread
        else:
            found = (0.5 * (squares + n * (location - new) ** 2) + prior.rate) / (n / 2 + prior.shape - 1)
            spread = np.where(fixed, old_spread, found)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = np.concatenate([np.abs(new - old) / old, np.abs(spread - old_spread) / old_spread])
        if not (change[~np.isnan(change)] > tolerance).any():
            break
    return new, spread
