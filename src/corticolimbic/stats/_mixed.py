"""Linear mixed models of many features over people's visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from corticolimbic.stats import _kernels
from corticolimbic.stats._mixed_fit import Basis, Fits, basis, fit_features
from corticolimbic.stats._patterns import patterns, refuse_infinite
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._rotation import Rotation, determined, rotation
from corticolimbic.stats._visit_design import VisitDesign

RandomEffects = Literal["intercept", "intercept and slope"]
Likelihood = Literal["reml", "ml"]


@dataclass(frozen=True)
class Combination:
    """A weighted sum of fixed effects that is estimated and tested beside them.

    Parameters
    ----------
    name
        What it is called in the results.
    columns
        Columns of the design.
    weights
        Of each.

    Examples
    --------
    >>> Combination("pain: within - between", ("pain[deviation]", "pain[person mean]"), (1.0, -1.0)).name
    'pain: within - between'
    """

    name: str
    columns: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class MixedEffects:
    """What `mixed_model` found; NaN where nothing could be estimated, and why.

    Parameters
    ----------
    names
        Columns of the design, then combinations: the rows of the arrays of effects.
    estimate
        Fixed effects and combinations of them.
    se
        Standard error: of generalised least squares with the variances estimated.
    ci_low, ci_high
        Interval of the estimate, from t with ``df`` degrees of freedom.
    statistic
        estimate / se.
    df
        Satterthwaite's degrees of freedom.
    p
        Two-sided.
    covariance
        Of all effects, for each feature.
    residual_sd
        Between visits of one person.
    intercept_sd
        Between people, at time 0.
    slope_sd
        Between people, per unit of time; NaN where slopes are not random.
    correlation
        Of intercepts (at time 0) and slopes; NaN where either does not vary.
    criterion
        -2 log restricted likelihood (REML) or likelihood (ML).
    n, n_people, n_sites
        Visits, people and sites in the feature's model (also where it could not be estimated); 0 sites where
        the design has no site column.
    singular
        Whether a variance between people, or a combination of the two, is estimated as zero.
    reason
        Empty, or why the feature has no result.
    note
        Empty, or what is to be known of the result: what was estimated as zero, which effects these rows
        cannot tell (theirs are NaN).
    random, likelihood, model, level
        What was fitted, and the coverage of the intervals.
    """

    names: tuple[str, ...]
    estimate: Float[np.ndarray, "effects features"]
    se: Float[np.ndarray, "effects features"]
    ci_low: Float[np.ndarray, "effects features"]
    ci_high: Float[np.ndarray, "effects features"]
    statistic: Float[np.ndarray, "effects features"]
    df: Float[np.ndarray, "effects features"]
    p: Float[np.ndarray, "effects features"]
    covariance: Float[np.ndarray, "features effects effects"]
    residual_sd: Float[np.ndarray, " features"]
    intercept_sd: Float[np.ndarray, " features"]
    slope_sd: Float[np.ndarray, " features"]
    correlation: Float[np.ndarray, " features"]
    criterion: Float[np.ndarray, " features"]
    n: Int[np.ndarray, " features"]
    n_people: Int[np.ndarray, " features"]
    n_sites: Int[np.ndarray, " features"]
    singular: Bool[np.ndarray, " features"]
    reason: tuple[str, ...]
    note: tuple[str, ...]
    random: RandomEffects
    likelihood: Likelihood
    model: str
    level: float

    def row(self, name: str) -> int:
        """Return the row of an effect in the arrays."""
        if name not in self.names:
            raise KeyError(f"no effect {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)


def mixed_model(
    values: Float[np.ndarray, "rows features"],
    design: VisitDesign,
    *,
    random: RandomEffects = "intercept",
    likelihood: Likelihood = "reml",
    combinations: tuple[Combination, ...] = (),
    minimum_people: int = 10,
    level: float = 0.95,
) -> MixedEffects:
    r"""Fit a linear mixed model to every feature: people differ in level, and if asked in their course.

    :math:`y = X\beta + Zb + e` with a random intercept, or intercept and slope over the design's time
    (correlated, any covariance), for each person. Each feature uses the visits that have a value; visits need
    not be as many, nor at the same times, for everyone. Estimates are right if what is missing depends on
    what was observed (missing at random; METHODS M-5).

    Parameters
    ----------
    values
        Features in any unit, rows in the order of ``design.keys`` (`aligned` sees to that), NaN where
        missing. Features that miss the same visits are fitted together.
    design
        Fixed effects and people, from `visit_design`.
    random
        ``intercept``, or ``intercept and slope``.
    likelihood
        ``reml``, or ``ml`` (to compare models that differ in fixed effects).
    combinations
        Weighted sums of fixed effects to estimate and test too.
    minimum_people
        A feature that fewer people have is not estimated.
    level
        Coverage of the intervals.

    Returns
    -------
    MixedEffects

    Raises
    ------
    ModelError
        Rows and visits differ in number, values are infinite (``columns`` holds the features' positions), or
        a combination names a column that the design lacks.

    Notes
    -----
    The profiled deviance (Bates et al. 2015, J Stat Softw 67(1)) is scanned, then minimised by Newton's
    method with exact derivatives: over the ratio of variances, inside a bracket, or over the Cholesky factor
    of the random effects' covariance, which needs no bounds as the deviance is even in it. Degrees of freedom
    are Satterthwaite's with the observed information of all variances (Kuznetsova et al. 2017, J Stat Softw
    82(13)). Where a variance is estimated as zero, it carries no uncertainty into them: with random
    intercepts, all are then visits minus columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import aligned, visit_design
    >>> rng = np.random.default_rng(1)
    >>> person = np.repeat([f"sub-{number:02d}" for number in range(30)], 3)
    >>> visits = pd.DataFrame({"person": person, "year": np.tile([0.0, 1.0, 2.0], 30)})
    >>> visits["group"] = np.where(person < "sub-15", "patient", "control")
    >>> slope = np.where(visits["group"] == "patient", -0.5, 0.0)
    >>> level = np.repeat(rng.normal(0, 1, 30), 3)
    >>> features = pd.DataFrame({"NAc--mPFC": level + slope * visits["year"] + rng.normal(0, 0.5, 90)})
    >>> model = visit_design(visits, "person", "year", ("group", "year", "group:year"))
    >>> fit = mixed_model(aligned(features, model), model)
    >>> row = fit.row("group[patient]:year")
    >>> [round(float(value), 2) for value in (fit.estimate[row, 0], fit.intercept_sd[0])]
    [-0.44, 0.82]
    """
    if values.shape[0] != len(design.keys):
        raise ModelError(f"{values.shape[0]} rows of values for {len(design.keys)} visits; align them by key")
    refuse_infinite(values)
    names, contrasts = _contrasts(design, combinations)
    collected = _Collected(len(names), values.shape[1])
    for present, features in patterns(values):
        person = design.person[present]
        collected.n[features] = person.size
        collected.n_people[features] = np.unique(person).size
        collected.n_sites[features] = np.unique(design.site_codes[present]).size if design.site else 0
        try:
            columns, turned = _check(design, present, random, minimum_people)
        except ModelError as refusal:
            collected.refuse(features, refusal.reason)
            continue
        told = columns.tells(contrasts)
        whole = features.size == values.shape[1] and present.all()
        fits = fit_features(
            values if whole else values[np.ix_(present, features)],
            columns,
            turned,
            contrasts,
            slopes=random != "intercept",
            restricted=likelihood == "reml",
        )
        collected.take(features, fits, told, names, slopes=random != "intercept")
    return collected.effects(names, design, random, likelihood, level)


def _contrasts(
    design: VisitDesign, combinations: tuple[Combination, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    rows = [np.eye(len(design.columns))]
    for one in combinations:
        unknown = tuple(name for name in one.columns if name not in design.columns)
        if unknown or len(one.columns) != len(one.weights) or not any(one.weights):
            raise ModelError(
                f"{one.name} needs columns of the design, each with a weight; "
                f"there are {', '.join(design.columns)}",
                unknown,
            )
        row = np.zeros(len(design.columns))
        np.add.at(row, [design.columns.index(name) for name in one.columns], one.weights)
        rows.append(row[None])
    names = (*design.columns, *(one.name for one in combinations))
    if len(set(names)) < len(names):
        raise ModelError("a combination has the name of another, or of a column")
    return names, np.vstack(rows)


def _check(
    design: VisitDesign, present: np.ndarray, random: RandomEffects, minimum_people: int
) -> tuple[Basis, Rotation]:
    """Return what the visits' model stands on, or raise `ModelError` where it cannot be estimated."""
    person = design.person[present]
    n_people = np.unique(person).size
    if n_people < max(minimum_people, 1):
        raise ModelError(f"{n_people} people have the feature, of {minimum_people} needed")
    if n_people == person.size:
        raise ModelError("no person has two visits with the feature; `association` takes one row a person")
    columns = basis(design.matrix[present])
    rank = columns.q.shape[1]
    if person.size <= rank:
        raise ModelError(f"{person.size} visits are too few for {rank} columns")
    slopes = random != "intercept"
    if slopes and person.size <= 2 * n_people:
        raise ModelError(
            f"{person.size} visits are too few for an intercept and a slope of each of {n_people} people; "
            "leave slopes out"
        )
    turned = rotation(person, design.time[present] if slopes else None)
    level, trend, _ = turned.split(columns.q)
    if not determined(turned, level, trend, slopes=slopes):
        raise ModelError(
            "these visits cannot tell the variances apart: too few people have visits at enough times"
            if slopes
            else "these visits cannot tell variance between people from that within: too few people for the "
            "columns"
        )
    return columns, turned


_REASONS = {
    _kernels.EXACT: "the feature does not vary, or the columns of the model explain it exactly",
    _kernels.NO_RESIDUAL: "the feature does not vary within people; `association` takes one row a person",
    _kernels.STUCK: "the search for the variances did not converge",
}


class _Collected:
    """Results of all features, filled pattern by pattern."""

    def __init__(self, n_effects: int, n_features: int) -> None:
        shape = (n_effects, n_features)
        self.estimate, self.se, self.df = (np.full(shape, np.nan) for _ in range(3))
        self.covariance = np.full((n_features, n_effects, n_effects), np.nan)
        self.residual, self.intercept, self.slope, self.correlation, self.criterion = (
            np.full(n_features, np.nan) for _ in range(5)
        )
        self.n, self.n_people, self.n_sites = np.zeros((3, n_features), dtype=np.int64)
        self.singular = np.zeros(n_features, dtype=bool)
        self.reason, self.note = [""] * n_features, [""] * n_features

    def refuse(self, features: np.ndarray, reason: str) -> None:
        """Give features a reason and no result."""
        for feature in features:
            self.reason[feature] = reason

    def take(
        self, features: np.ndarray, fits: Fits, told: np.ndarray, names: tuple[str, ...], *, slopes: bool
    ) -> None:
        """Keep the fits of features that have the same visits."""
        done = np.isin(fits.ends, (_kernels.CONVERGED, _kernels.SINGULAR))
        for code, reason in _REASONS.items():
            self.refuse(features[fits.ends == code], reason)
        values = {"estimate": fits.estimates, "se": np.sqrt(fits.variances), "df": fits.dfs}
        for name, array in values.items():
            array[~done] = np.nan
            array[:, ~told] = np.nan
            getattr(self, name)[:, features] = array.T
        if not told.all():
            fits.covariances[:, ~told] = np.nan
            fits.covariances[:, :, ~told] = np.nan
        self.covariance[features] = fits.covariances
        sigma = np.sqrt(fits.sigma2)
        self.residual[features] = sigma
        self.intercept[features] = sigma * np.sqrt(fits.relative[:, 0])
        self.criterion[features] = fits.criteria
        self.singular[features] = singular = fits.ends == _kernels.SINGULAR
        zero = "no variance between people was found; the model is that without it"
        if slopes:
            self.slope[features] = sigma * np.sqrt(fits.relative[:, 2])
            with np.errstate(divide="ignore", invalid="ignore"):
                r = fits.relative[:, 1] / np.sqrt(fits.relative[:, 0] * fits.relative[:, 2])
            self.correlation[features] = np.clip(r, -1, 1)
            zero = "the covariance of intercepts and slopes is at its limit: one does not vary, or they are "
            zero += "correlated perfectly"
        lacking = ", ".join(name for name, one in zip(names, told, strict=True) if not one)
        lacking = lacking and f"these visits cannot tell {lacking}"
        if lacking or singular.any():
            for feature, at_limit in zip(features, singular, strict=True):
                self.note[feature] = "; ".join(filter(None, (lacking, zero if at_limit else "")))

    def effects(
        self,
        names: tuple[str, ...],
        design: VisitDesign,
        random: RandomEffects,
        likelihood: Likelihood,
        level: float,
    ) -> MixedEffects:
        """Return the results with tests and intervals."""
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = self.estimate / self.se
        half = quantile(self.df, level) * self.se
        bars = "1" if random == "intercept" else design.time_name
        return MixedEffects(
            names=names,
            estimate=self.estimate,
            se=self.se,
            ci_low=self.estimate - half,
            ci_high=self.estimate + half,
            statistic=statistic,
            df=self.df,
            p=2 * special.stdtr(self.df, -np.abs(statistic)),
            covariance=self.covariance,
            residual_sd=self.residual,
            intercept_sd=self.intercept,
            slope_sd=self.slope,
            correlation=self.correlation,
            criterion=self.criterion,
            n=self.n,
            n_people=self.n_people,
            n_sites=self.n_sites,
            singular=self.singular,
            reason=tuple(self.reason),
            note=tuple(self.note),
            random=random,
            likelihood=likelihood,
            model=f"{design.formula} + ({bars} | person); {likelihood.upper()}, Satterthwaite df",
            level=level,
        )


def quantile(df: Float[np.ndarray, "..."], level: float) -> Float[np.ndarray, "..."]:
    """Return t's quantile of a two-sided interval.

    The search for one takes longer than a whole fit, so many are interpolated over 1 / df (error below
    1e-9; fewer than one degree of freedom are searched).
    """
    from scipy import interpolate

    if df.size < 4096:
        return special.stdtrit(df, (1 + level) / 2)
    nodes = np.linspace(0, 1, 4097)
    exact = np.append(special.ndtri((1 + level) / 2), special.stdtrit(1 / nodes[1:], (1 + level) / 2))
    found = interpolate.CubicSpline(nodes, exact)(1 / df)
    few = df < 1
    found[few] = special.stdtrit(df[few], (1 + level) / 2)
    return found
