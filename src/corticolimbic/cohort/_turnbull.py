"""Survival from intervals: the nonparametric estimate of Peto (1973) and Turnbull (1976)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.cohort._survival import Curve, log_log_interval

_TOLERANCE = 1e-7
_ROUNDS = 200
_GONE = 1e-9


def turnbull(left: Float[np.ndarray, " person"], right: Float[np.ndarray, " person"]) -> Curve:
    """Estimate a survival curve from events of which only an interval is known.

    The event of a person lies after ``left`` and not after ``right``; at ``left`` itself where both are
    equal. ``left`` is -inf where it may have come at any time before ``right`` (left-censored), ``right`` is
    inf where it has not come (right-censored).

    Parameters
    ----------
    left, right
        Ends of the intervals in days.

    Returns
    -------
    Curve
        One drop for each innermost interval that holds a share; nobody's event is placed where the data do
        not say. Standard errors from the observed information of the shares (Turnbull 1976), which for exact
        and right-censored times is Greenwood's formula. None where everyone is right-censored.

    Raises
    ------
    ValueError
        Where an interval ends before it begins, or has no finite end at all on a side where it needs one.

    References
    ----------
    Turnbull BW. J R Stat Soc B 1976;38:290-295. Wang Y. Comput Stat Data Anal 2008;52:2388-2402 (the
    constrained Newton steps).
    """
    if np.isnan(left).any() or np.isnan(right).any() or (left > right).any():
        raise ValueError("every interval needs a left end that is not after its right end")
    if not len(left):
        nothing = np.zeros(0)
        return Curve(nothing, nothing, np.zeros(0, dtype=int), *([nothing] * 5))
    if np.isposinf(left).any() or np.isneginf(right).any():
        raise ValueError("a left end cannot be inf, nor a right end -inf")
    # An exact time t is the interval just before t to t, so every interval is open left and closed right.
    pairs, weight = np.unique(
        np.column_stack([left, (left < right).astype(float), right]), axis=0, return_counts=True
    )
    starts = [(float(end), int(opened)) for end, opened in pairs[:, :2]]
    inner = _innermost(starts, [float(end) for end in pairs[:, 2]])
    inside = np.array(
        [
            [float(begin >= start and end <= stop) for begin, end in inner]
            for start, stop in zip(starts, pairs[:, 2], strict=True)
        ]
    ).reshape(len(pairs), len(inner))
    return _curve(inner, inside, pairs, weight, _maximise(inside, weight))


def _innermost(starts: list[tuple[float, int]], stops: list[float]) -> list[tuple[tuple[float, int], float]]:
    """Return the intervals from a left end to the next right end with no other left end between.

    A left end is a time and whether the interval begins after it (1) or just at it (0), so that ends sort.
    """
    # Order at one time t: starts just at t, then stops at t, then starts after t.
    ends = sorted({(time, 2 * opened, 0) for time, opened in starts} | {(time, 1, 1) for time in stops})
    inner = []
    for first, second in pairwise(ends):
        if first[2] == 0 and second[2] == 1:
            inner.append(((first[0], first[1] // 2), second[0]))
    return inner


def _maximise(
    inside: Float[np.ndarray, "pair interval"], weight: Int[np.ndarray, " pair"]
) -> Float[np.ndarray, " interval"]:
    """Return the shares that make the data most likely, by self-consistency and constrained Newton steps."""
    from scipy.optimize import nnls

    share = np.full(inside.shape[1], 1.0 / inside.shape[1])
    total = weight.sum()
    for _ in range(_ROUNDS):
        score = (weight / (inside @ share)) @ inside / total
        share = share * score
        chance = inside @ share
        score = (weight / chance) @ inside / total
        if score.max() - 1.0 < _TOLERANCE:
            break
        rows = np.sqrt(weight)[:, None] * (inside / chance[:, None] - 2.0)
        matrix = np.vstack([rows, np.ones(len(share))])
        aim, _ = nnls(matrix, np.append(np.zeros(len(weight)), 1.0), maxiter=30 * len(share))
        share = _towards(inside, weight, share, aim / aim.sum())
    share[share < _GONE] = 0.0
    return share / share.sum()


def _towards(
    inside: Float[np.ndarray, "pair interval"],
    weight: Int[np.ndarray, " pair"],
    share: Float[np.ndarray, " interval"],
    aim: Float[np.ndarray, " interval"],
) -> Float[np.ndarray, " interval"]:
    """Return a likelier point on the way from ``share`` to ``aim``, as near ``aim`` as it goes."""
    before = weight @ np.log(inside @ share)
    step = 1.0
    while step > 1e-6:
        # The last step short of 1 keeps every share above 0, so that a wrong zero can be taken back.
        tried = share + min(step, 1 - 1e-9) * (aim - share)
        if weight @ np.log(inside @ tried) >= before:
            return tried
        step /= 2
    return share


def _curve(
    inner: list[tuple[tuple[float, int], float]],
    inside: Float[np.ndarray, "pair interval"],
    pairs: Float[np.ndarray, "pair 3"],
    weight: Int[np.ndarray, " pair"],
    share: Float[np.ndarray, " interval"],
) -> Curve:
    held = np.flatnonzero(share > 0)
    share, inside = share[held], inside[:, held]
    survival = np.clip(1.0 - np.cumsum(share), 0.0, 1.0)
    survival[np.isclose(survival, 0.0, atol=1e-12)] = 0.0
    covariance = _covariance(inside, weight, share)
    sums = np.tril(np.ones((len(share), len(share))))
    se = np.sqrt(np.clip(np.diag(sums @ covariance @ sums.T), 0.0, None))
    people = weight.sum()
    ends = np.array([inner[place][1] for place in held])
    drops = np.isfinite(ends)  # the share behind the last visit never drops
    last_seen = np.where(np.isfinite(pairs[:, 2]), pairs[:, 2], pairs[:, 0])
    at_risk = np.array([weight[last_seen >= end].sum() for end in ends[drops]], dtype=int)
    begins = np.array([inner[place][0][0] for place in held])[drops]
    low, high = log_log_interval(survival[drops], se[drops])
    return Curve(
        day_from=np.where(np.isfinite(begins), begins, np.minimum(0.0, ends[drops])),
        day=ends[drops],
        at_risk=at_risk,
        events=share[drops] * people,
        survival=survival[drops],
        se=se[drops],
        low=low,
        high=high,
    )


def _covariance(
    inside: Float[np.ndarray, "pair interval"],
    weight: Int[np.ndarray, " pair"],
    share: Float[np.ndarray, " interval"],
) -> Float[np.ndarray, "interval interval"]:
    """Return the covariance of the shares; they add up to 1, so the last one follows from the others."""
    size = len(share)
    if size == 1:
        return np.zeros((1, 1))
    slopes = (inside[:, :-1] - inside[:, -1:]) / (inside @ share)[:, None]
    information = slopes.T @ (weight[:, None] * slopes)
    free = np.linalg.pinv(information, hermitian=True)
    change = np.vstack([np.eye(size - 1), -np.ones(size - 1)])
    return change @ free @ change.T
