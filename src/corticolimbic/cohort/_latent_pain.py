"""A person's pain behind their ratings: what it was at first, what it is in the end, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.cohort._criterion import Criterion
from corticolimbic.cohort._ratings import TOP

_LEAST_VARIANCE = 0.25
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_REACH = 8.0


@dataclass(frozen=True)
class LatentPain:
    """How first and final pain are spread over the study: a normal law, cut at 0 and 10.

    Parameters
    ----------
    mean
        First and final pain, NRS.
    covariance
        Of the two, NRS squared.
    n
        People it was learned from; 0 where it says nothing (all levels about equally likely).
    """

    mean: Float[np.ndarray, "2"]
    covariance: Float[np.ndarray, "2 2"]
    n: int

    @property
    def wander(self) -> float:
        """Variance of the change from first to final pain: how far a path strays on its way."""
        return float(self.covariance[0, 0] + self.covariance[1, 1] - 2 * self.covariance[0, 1])


KNOWS_NOTHING = LatentPain(np.full(2, TOP / 2), np.diag([100.0, 100.0]), 0)
"""So wide that between 0 and 10 it is nearly flat."""


@dataclass(frozen=True)
class Path:
    """The ratings of one person, in time from first (0) to final pain (1).

    Parameters
    ----------
    time
        0 at the first rating, 1 on the day of the final one.
    rating
        NRS.
    """

    time: Float[np.ndarray, " rating"]
    rating: Float[np.ndarray, " rating"]


def learn_latent_pain(
    first: Float[np.ndarray, " person"],
    final: Float[np.ndarray, " person"],
    *,
    day_to_day_sd: float,
    minimum_people: int,
) -> LatentPain:
    """Learn the spread of pain from single ratings at both ends, the error of a rating taken out.

    Parameters
    ----------
    first, final
        Ratings, NRS; people with both count.
    day_to_day_sd
        Error of a rating, NRS.
    minimum_people
        With fewer, nothing is learned.

    Notes
    -----
    By moments: variances less the error's, none below 0.25, the correlation kept within 0.98 of 1.
    """
    both = ~(np.isnan(first) | np.isnan(final))
    if both.sum() < max(3, minimum_people):
        return KNOWS_NOTHING
    pairs = np.stack([first[both], final[both]])
    covariance = np.cov(pairs)
    variances = np.maximum(np.diag(covariance) - day_to_day_sd**2, _LEAST_VARIANCE)
    bound = 0.98 * float(np.sqrt(variances.prod()))
    between = float(np.clip(covariance[0, 1], -bound, bound))
    spread = np.array([[variances[0], between], [between, variances[1]]])
    return LatentPain(pairs.mean(axis=1), spread, int(both.sum()))


def posterior(
    path: Path, study: LatentPain, day_to_day_sd: float
) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2 2"]]:
    """Return mean and covariance of a person's first and final pain, before the cut at 0 and 10.

    Between its ends the path is a straight line with a Brownian bridge about it, which strays as much as the
    study's changes do; beyond the final day it is a random walk. So every rating counts, the more the nearer
    it is to an end.

    Parameters
    ----------
    path
        The ratings.
    study
        How pain is spread.
    day_to_day_sd
        Error of a rating, NRS.
    """
    inside = np.clip(path.time, 0.0, 1.0)
    design = np.column_stack([1.0 - inside, inside])
    earlier, later = np.minimum.outer(inside, inside), np.maximum.outer(inside, inside)
    stray = earlier * (1.0 - later)
    after = np.maximum(path.time - 1.0, 0.0)
    before = np.maximum(-path.time, 0.0)
    stray += np.minimum.outer(after, after) + np.minimum.outer(before, before)
    error = study.wander * stray + day_to_day_sd**2 * np.eye(len(path.time))
    prior = np.linalg.inv(study.covariance)
    gain = np.linalg.solve(error, design).T
    covariance = np.linalg.inv(prior + gain @ design)
    mean = covariance @ (prior @ study.mean + gain @ path.rating)
    return mean, covariance


def chances_persistent(
    mean: Float[np.ndarray, "person 2"],
    covariance: Float[np.ndarray, "person 2 2"],
    criterion: Criterion,
) -> Float[np.ndarray, " person"]:
    """Return the probability that pain persists, for normal laws cut at 0 and 10.

    Parameters
    ----------
    mean, covariance
        First and final pain of each person before the cut.
    criterion
        What makes pain persistent.

    Notes
    -----
    Numerical integration: 64 Gauss-Legendre nodes over first pain, the inner integral in closed form.
    """
    from scipy.special import ndtr

    spread = np.sqrt(covariance[:, 0, 0])
    low, high = mean[:, 0] - _REACH * spread, mean[:, 0] + _REACH * spread
    # Where all the mass lies beyond an end, what is nearest to that end is left.
    low = np.clip(low, 0.0, np.maximum(TOP - spread, 0.0))
    high = np.clip(high, np.minimum(spread, TOP), TOP)
    first = low[:, None] + (high - low)[:, None] * (_NODES + 1) / 2
    slope = covariance[:, 0, 1] / covariance[:, 0, 0]
    away = first - mean[:, :1]
    middle = mean[:, 1:] + slope[:, None] * away
    width = np.sqrt(np.maximum(covariance[:, 1, 1] - slope * covariance[:, 0, 1], 1e-12))[:, None]
    outer = -0.5 * (away / spread[:, None]) ** 2
    outer = _WEIGHTS * np.exp(outer - outer.max(axis=1, keepdims=True))
    line = np.clip(criterion.line(first), 0.0, TOP)
    # Computed on the side of the nearer tail, where differences of probabilities keep their digits.
    sign = np.where(middle > TOP / 2, -1.0, 1.0)
    bottom, at_line, top = (ndtr(sign * (end - middle) / width) for end in (0.0, line, TOP))
    over, whole = (outer * np.abs(top - at_line)).sum(axis=1), (outer * np.abs(top - bottom)).sum(axis=1)
    # Where final pain is certain to lie beyond an end, it stands at that end.
    mostly_low = (outer * middle).sum(axis=1) < TOP / 2 * outer.sum(axis=1)
    at_end = np.where(mostly_low, 0.0, TOP)[:, None]
    certain = (outer * (at_end >= line)).sum(axis=1) / outer.sum(axis=1)
    return np.where(whole > 1e-200, np.clip(over / np.maximum(whole, 1e-300), 0.0, 1.0), certain)


@dataclass(frozen=True)
class Clock:
    """How far the study's pain has gone from first to final pain at each time: most of a fall comes early.

    Parameters
    ----------
    time
        Share of the days, rising from 0 to 1.
    gone
        Share of the change, from 0 to 1, never falling.
    """

    time: Float[np.ndarray, " knot"]
    gone: Float[np.ndarray, " knot"]

    def __call__(self, time: Float[np.ndarray, " rating"]) -> Float[np.ndarray, " rating"]:
        """Return the clock's time; before 0 and after 1 it goes on with the days."""
        inside = np.interp(time, self.time, self.gone)
        return inside + np.minimum(time, 0.0) + np.maximum(time - 1.0, 0.0)


_DAYS_ONLY = Clock(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
_KNOTS = 20
_LEAST_FALL = 0.5


def learn_clock(
    time: Float[np.ndarray, " rating"],
    fall: Float[np.ndarray, " rating"],
    whole: Float[np.ndarray, " rating"],
    *,
    minimum_people: int,
) -> Clock:
    """Learn how the study's change is spread over its days.

    Parameters
    ----------
    time
        Of ratings between the ends, 0 to 1, of people rated at both ends.
    fall
        First rating less this one, NRS.
    whole
        First rating less the final one, of the same person.
    minimum_people
        A stretch of time with fewer ratings says nothing.

    Notes
    -----
    Mean fall over mean whole fall in each twentieth of the time, made to rise. Where the study's pain falls
    by less than 0.5 on average the days themselves are the clock.
    """
    between = (time > 0) & (time < 1) & ~np.isnan(fall) & ~np.isnan(whole)
    place = np.minimum((time[between] * _KNOTS).astype(int), _KNOTS - 1)
    knots, gone = [0.0], [0.0]
    for knot in range(_KNOTS):
        here = place == knot
        if here.sum() < minimum_people or float(whole[between][here].mean()) < _LEAST_FALL:
            continue
        knots.append(float(time[between][here].mean()))
        gone.append(float(fall[between][here].mean() / whole[between][here].mean()))
    if len(knots) == 1:
        return _DAYS_ONLY
    rising = np.maximum.accumulate(np.clip([*gone, 1.0], 0.0, 1.0))
    return Clock(np.array([*knots, 1.0]), rising)
