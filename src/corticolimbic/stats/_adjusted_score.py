"""Association of a score with an outcome given covariates, and what the score adds to them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._correlation import Estimate
from corticolimbic.stats._effect_sizes import partial_r
from corticolimbic.stats._explained_variance import semipartial_r
from corticolimbic.stats._linear import fit_column
from corticolimbic.stats._linear_columns import independent_columns
from corticolimbic.stats._logistic import LogisticFit, fit_logistic
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._replication import TTest

MINIMUM_LEFT = 8
"""People that must be left after the columns of a model, else it is not estimated."""


def adjusted_log_odds(
    score: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    covariates: Float[np.ndarray, "people columns"],
    *,
    level: float = 0.95,
) -> Estimate:
    """Return the log odds ratio of class 1 per standard deviation of the score, covariates held constant.

    Logistic regression, Wald interval and p. The standard deviation is that of all these people, so that
    models with and without covariates share a unit. Log odds ratios given covariates of the outcome are
    larger than those without, even where the covariates have nothing to do with the score (they are not
    collapsible): compare signs and intervals rather than sizes.

    Parameters
    ----------
    score
        Oriented: a higher one should mean class 1.
    classes
        1 or 0.
    covariates
        Columns without the intercept; those that repeat others are set aside. People with a NaN anywhere are
        left out.
    level
        Coverage.

    Returns
    -------
    Estimate
        NaN with a reason where there are too few people, one class, or the covariates fix the score; where
        the score tells the classes perfectly, the reason says that the prior of `fit_logistic` was used.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> motion = rng.normal(size=400)
    >>> classes = (motion + rng.logistic(size=400) > 0).astype(float)
    >>> score = motion + 0.5 * rng.normal(size=400)
    >>> alone = adjusted_log_odds(score, classes, np.empty((400, 0)))
    >>> given = adjusted_log_odds(score, classes, motion[:, None])
    >>> alone.ci_low > 0, given.ci_low > 0
    (True, False)
    """
    fitted = _logistic_pair(score, classes, covariates)
    if isinstance(fitted, Estimate):
        return fitted
    model, _, n = fitted
    value = float(model.coefficients[-1])
    se = float(np.sqrt(np.linalg.inv(model.information)[-1, -1]))
    half = float(special.ndtri((1 + level) / 2)) * se
    p = float(2 * special.ndtr(-abs(value) / se))
    reason = "told perfectly: a normal prior of SD 2.5 holds the odds" if model.separation else ""
    return Estimate(value, value - half, value + half, p, n, reason)


def adjusted_correlation(
    score: Float[np.ndarray, " people"],
    outcome: Float[np.ndarray, " people"],
    covariates: Float[np.ndarray, "people columns"],
    *,
    level: float = 0.95,
) -> Estimate:
    """Return the partial correlation of score and outcome given covariates, with Fisher's interval.

    Parameters
    ----------
    score, outcome
        One number a person.
    covariates
        Columns without the intercept; those that repeat others are set aside. People with a NaN anywhere are
        left out.
    level
        Coverage.

    Returns
    -------
    Estimate
        p from t; NaN with a reason where there are too few people, or the covariates fix the score.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=300)
    >>> found = adjusted_correlation(age + rng.normal(size=300), age + rng.normal(size=300), age[:, None])
    >>> abs(found.value) < 0.15
    True
    """
    found = _linear(score, outcome, covariates)
    if isinstance(found, Estimate):
        return found
    t, df, n, _ = found
    r, low, high = partial_r(np.array([t]), df, level)
    return Estimate(float(r[0]), float(low[0]), float(high[0]), float(2 * special.stdtr(df, -abs(t))), n)


def gain_in_r2(
    score: Float[np.ndarray, " people"],
    outcome: Float[np.ndarray, " people"],
    covariates: Float[np.ndarray, "people columns"],
    *,
    level: float = 0.95,
) -> Estimate:
    """Return by how much the score raises R2 over the covariates: the squared semi-partial correlation.

    Parameters
    ----------
    score, outcome, covariates, level
        As for `adjusted_correlation`.

    Returns
    -------
    Estimate
        p is that of F with 1 degree of freedom; the interval squares that of `semipartial_r`, from 0 where it
        holds 0. R2 never falls in the people it is fitted to: what a marker adds in others is told by skill.
    """
    found = _linear(score, outcome, covariates)
    if isinstance(found, Estimate):
        return found
    t, df, n, r_squared = found
    r, low, high = (
        float(end[0]) for end in semipartial_r(np.array([t]), np.array([r_squared]), n, df, level)
    )
    ends = (0.0 if low <= 0 <= high else min(low**2, high**2)), min(1.0, max(low**2, high**2))
    return Estimate(r**2, *ends, float(2 * special.stdtr(df, -abs(t))), n)


def gain_in_log_likelihood(
    score: Float[np.ndarray, " people"],
    classes: Float[np.ndarray, " people"],
    covariates: Float[np.ndarray, "people columns"],
) -> Estimate:
    """Return by how much the score raises the log likelihood of a logistic model over the covariates.

    Parameters
    ----------
    score, classes, covariates
        As for `adjusted_log_odds`.

    Returns
    -------
    Estimate
        p is that of twice the gain on chi-square with 1 degree of freedom; there is no interval. NaN with a
        reason also where the likelihood has no maximum.
    """
    fitted = _logistic_pair(score, classes, covariates)
    if isinstance(fitted, Estimate):
        return fitted
    model, base, n = fitted
    nan = float("nan")
    if model.separation or base.separation:
        return Estimate(
            nan, nan, nan, nan, n, "the classes are told perfectly: the likelihood has no maximum"
        )
    known = _complete(score, classes, covariates)
    gain = _log_likelihood(model, classes[known]) - _log_likelihood(base, classes[known])
    return Estimate(max(gain, 0.0), nan, nan, float(special.chdtrc(1, max(2 * gain, 0.0))), n)


def score_test(
    score: Float[np.ndarray, " people"],
    outcome: Float[np.ndarray, " people"],
    sites: Float[np.ndarray, "people columns"],
    *,
    is_class: bool,
) -> TTest | None:
    """Return the classical t test of score and outcome within sites, for a replication Bayes factor.

    Parameters
    ----------
    score
        Oriented; people with a NaN are left out.
    outcome
        Class (1 or 0) or number.
    sites
        Columns of 0 and 1.
    is_class
        Two groups: the effective number of people is n1 n0 / n, less what sites take; else it is that of one
        sample.

    Returns
    -------
    TTest or None
        None where nothing can be estimated.
    """
    found = _linear(outcome, score, sites) if is_class else _linear(score, outcome, sites)
    if isinstance(found, Estimate):
        return None
    t, df, n, _ = found
    if not is_class:
        return TTest(t, df, float(n))
    known = _complete(score, outcome, sites)
    design = _design(outcome[known], sites[known])
    if design is None:
        return None
    factor = fit_column(score[known][:, None], design, design.shape[1] - 1).variance_factor
    return TTest(t, df, float(outcome[known].var()) / factor)  # the design holds the class in its own SD


def _complete(score: np.ndarray, outcome: np.ndarray, covariates: np.ndarray) -> np.ndarray:
    if np.isinf(score).any() or np.isinf(outcome).any() or np.isinf(covariates).any():
        raise ModelError("infinite values cannot be judged; make them missing by name")
    return ~(np.isnan(score) | np.isnan(outcome) | np.isnan(covariates).any(axis=1))


def _design(score: np.ndarray, covariates: np.ndarray) -> np.ndarray | None:
    """Return intercept, independent covariates and the score last; None where they fix the score."""
    sd = covariates.std(axis=0)
    varies = sd > 1e-12 * np.maximum(np.abs(covariates).max(axis=0, initial=0.0), 1e-300)
    scaled = (covariates[:, varies] - covariates[:, varies].mean(axis=0)) / sd[varies]
    spread = float(score.std())
    if spread <= 64 * np.finfo(float).eps * float(np.abs(score).max(initial=0.0)):
        return None
    both = np.column_stack([scaled, (score - score.mean()) / spread])
    kept = independent_columns(both)
    return np.column_stack([np.ones(len(score)), both[:, kept]]) if kept[-1] else None


def _refusal(n: int, reason: str) -> Estimate:
    nan = float("nan")
    return Estimate(nan, nan, nan, nan, n, reason)


def _linear(
    score: np.ndarray, outcome: np.ndarray, covariates: np.ndarray
) -> Estimate | tuple[float, int, int, float]:
    """Return t of the score, degrees of freedom, people and R2 of the whole model; or why there are none."""
    known = _complete(score, outcome, covariates)
    score, outcome, covariates = score[known], outcome[known], covariates[known]
    n = int(known.sum())
    if n < 3 or np.ptp(outcome) == 0:
        return _refusal(n, f"{n} people" if n < 3 else "the outcome does not vary")
    design = _design(score, covariates)
    if design is None:
        return _refusal(n, "the score does not vary, or the covariates fix it")
    if n - design.shape[1] < (MINIMUM_LEFT if design.shape[1] > 2 else 1):
        return _refusal(n, f"{n} people are too few for {design.shape[1] - 2} covariates")
    fit = fit_column(outcome[:, None], design, design.shape[1] - 1)
    if fit.exact[0]:
        return _refusal(n, "score and covariates tell the outcome exactly")
    total = float(((outcome - outcome.mean()) ** 2).sum())
    return (
        float(fit.estimate[0] / fit.classical_se[0]),
        fit.df,
        n,
        1 - float(fit.residual_sd[0] ** 2) * fit.df / total,
    )


def _logistic_pair(
    score: np.ndarray, classes: np.ndarray, covariates: np.ndarray
) -> Estimate | tuple[LogisticFit, LogisticFit, int]:
    """Return the models with and without the score, and the people; or why there are none."""
    known = _complete(score, classes, covariates)
    score, classes, covariates = score[known], classes[known], covariates[known]
    n = int(known.sum())
    if n == 0 or classes.min() == classes.max():
        return _refusal(n, "one class only")
    design = _design(score, covariates)
    if design is None:
        return _refusal(n, "the score does not vary, or the covariates fix it")
    if n - design.shape[1] < MINIMUM_LEFT:
        return _refusal(n, f"{n} people are too few for {design.shape[1] - 2} covariates")
    names = ("intercept", *(f"covariate {place + 1}" for place in range(design.shape[1] - 2)), "score")
    try:
        return fit_logistic(design, classes, names), fit_logistic(design[:, :-1], classes, names[:-1]), n
    except ModelError as refusal:
        return _refusal(n, refusal.reason)


def _log_likelihood(fit: LogisticFit, classes: np.ndarray) -> float:
    return float(np.log(np.where(classes == 1, fit.probability, 1 - fit.probability)).sum())
