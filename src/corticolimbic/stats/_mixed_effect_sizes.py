"""Effects of a mixed model in standard deviations between people at time 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.stats._mixed import MixedEffects, quantile
from corticolimbic.stats._patterns import patterns
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._visit_design import VisitDesign


@dataclass(frozen=True, eq=False)
class MixedEffectSizes:
    """One effect of a mixed model in total standard deviations at time 0; NaN where it was not estimated.

    Parameters
    ----------
    value, low, high
        Effect over ``sd``, and its interval.
    se
        Standard error, the SD's own uncertainty counted.
    sd
        Square root of the variances of intercepts and residuals: the SD of one visit at time 0 among people
        with the same covariates.
    """

    value: Float[np.ndarray, " features"]
    low: Float[np.ndarray, " features"]
    high: Float[np.ndarray, " features"]
    se: Float[np.ndarray, " features"]
    sd: Float[np.ndarray, " features"]


def mixed_effect_size(
    fit: MixedEffects, values: Float[np.ndarray, "rows features"], design: VisitDesign, effect: str
) -> MixedEffectSizes:
    r"""Return an effect as a standardised mean difference.

    :math:`d = b / S`, :math:`S^2 = \tau_0^2 + \sigma^2`. For a group's column that is the difference at time
    0, for ``group:time`` the difference in change per unit of time, both in the same unit (Feingold 2009,
    Psychol Methods 14:43). The interval is :math:`d \pm t\sqrt{se^2/S^2 + d^2 \mathrm{var}(S^2) / 4S^4}` with
    the effect's degrees of freedom: estimates of fixed effects and of variances are independent in the limit.
    var(S^2) is from the expected information on all variances, 2 tr(V^-1 V_j V^-1 V_k)^-1.

    Parameters
    ----------
    fit
        What `mixed_model` found.
    values, design
        The values that it found it in, and its design.
    effect
        Column of the design or combination.

    Raises
    ------
    ModelError
        The fit has other features than the values.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import mixed_model, visit_design
    >>> rng = np.random.default_rng(1)
    >>> person = np.repeat(np.arange(60), 3)
    >>> visits = pd.DataFrame({"person": person, "year": np.tile([0.0, 1.0, 2.0], 60), "group": person % 2})
    >>> model = visit_design(visits, "person", "year", ("group", "year", "group:year"))
    >>> values = rng.normal(size=(60, 1))[model.person] + rng.normal(size=(180, 1))
    >>> fit = mixed_model(values + model.matrix[:, 1:2], model)
    >>> found = mixed_effect_size(fit, values, model, "group[1]")
    >>> found.value.round(2).tolist(), found.low.round(2).tolist(), found.high.round(2).tolist()
    ([0.82], [0.33], [1.32])
    """
    if values.shape[1] != fit.n.size or values.shape[0] != len(design.keys):
        raise ModelError("the fit is of other values")
    row = fit.row(effect)
    total = np.square(fit.residual_sd) + np.square(fit.intercept_sd)
    sd = np.sqrt(total)
    spread = np.full(sd.size, np.nan)
    for present, features in patterns(values):
        done = features[~np.isnan(fit.residual_sd[features])]
        if done.size:
            spread[done] = _variance_of_total(fit, done, design.person[present], design.time[present])
    value = fit.estimate[row] / sd
    se = np.sqrt(np.square(fit.se[row] / sd) + np.square(value) * spread / (4 * np.square(total)))
    half = quantile(fit.df[row], fit.level) * se
    return MixedEffectSizes(value, value - half, value + half, se, sd)


def _variance_of_total(
    fit: MixedEffects, features: np.ndarray, person: np.ndarray, time: np.ndarray
) -> np.ndarray:
    """Return the sampling variance of the variances of intercepts and residuals, summed."""
    slopes = fit.random != "intercept"
    residual, intercept = np.square(fit.residual_sd[features]), np.square(fit.intercept_sd[features])
    slope = np.nan_to_num(fit.slope_sd[features])
    both = np.nan_to_num(fit.correlation[features]) * fit.intercept_sd[features] * slope
    information = np.zeros((features.size, 2 + 2 * slopes, 2 + 2 * slopes))
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    courses: dict[tuple[float, ...], int] = {}
    for start, stop in zip(starts, np.append(starts[1:], person.size), strict=True):
        course = tuple(time[start:stop].tolist()) if slopes else (0.0,) * int(stop - start)
        courses[course] = courses.get(course, 0) + 1
    for course, count in courses.items():
        when = np.array(course)
        parts = [np.eye(when.size), np.ones((when.size, when.size))]
        if slopes:
            parts += [when[:, None] + when, np.outer(when, when)]
        sizes = [residual, intercept, *([both, slope**2] if slopes else [])]
        total = sum(size[:, None, None] * part for size, part in zip(sizes, parts, strict=True))
        side = np.hstack(parts)
        solved = np.linalg.solve(total, np.broadcast_to(side, (features.size, *side.shape)))
        solved = solved.reshape(features.size, when.size, len(parts), when.size)
        information += count / 2 * np.einsum("fajb,fbka->fjk", solved, solved)
    return np.linalg.pinv(information, hermitian=True)[:, :2, :2].sum(axis=(1, 2))
