"""Effects of models fitted to several completed tables, pooled feature by feature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.stats._association import Effects
from corticolimbic.stats._gee import GeeEffects
from corticolimbic.stats._mixed import MixedEffects, quantile
from corticolimbic.stats._refusals import ModelError

Fitted = MixedEffects | GeeEffects | Effects


@dataclass(frozen=True, eq=False)
class PooledEffects:
    """What `pooled_models` found; NaN where a completed table gave nothing, and why.

    Parameters
    ----------
    names
        Effects: the rows of the arrays.
    estimate, se, ci_low, ci_high, statistic, df, p
        Pooled; degrees of freedom are Barnard and Rubin's.
    fmi
        Fraction of missing information.
    within, between
        Mean variance of an estimate, and variance of the estimates over the tables.
    n
        Rows (visits, or people) in the feature's model; the fewest of any table.
    reason
        Empty, or why the feature has no result.
    model
        Formula, estimator, number of imputations.
    imputations
        How many tables.
    level
        Coverage of the intervals.
    """

    names: tuple[str, ...]
    estimate: Float[np.ndarray, "effects features"]
    se: Float[np.ndarray, "effects features"]
    ci_low: Float[np.ndarray, "effects features"]
    ci_high: Float[np.ndarray, "effects features"]
    statistic: Float[np.ndarray, "effects features"]
    df: Float[np.ndarray, "effects features"]
    p: Float[np.ndarray, "effects features"]
    fmi: Float[np.ndarray, "effects features"]
    within: Float[np.ndarray, "effects features"]
    between: Float[np.ndarray, "effects features"]
    n: Int[np.ndarray, " features"]
    reason: tuple[str, ...]
    model: str
    imputations: int
    level: float

    def row(self, name: str) -> int:
        """Return the row of an effect in the arrays."""
        if name not in self.names:
            raise KeyError(f"no effect {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)


def pooled_models(fits: Iterable[Fitted]) -> PooledEffects:
    """Pool every effect of every feature over models of completed tables, by Rubin's rules (see `pool`).

    The degrees of freedom that complete data would have are the mean of those of the models: Satterthwaite's
    of `mixed_model`, Bell and McCaffrey's of `association` and `gee`.

    Parameters
    ----------
    fits
        The same model of each completed table, ``(fit(table) for table in imputed)``. Rows may differ between
        tables in nothing but what was imputed.

    Raises
    ------
    ModelError
        Fewer than two fits, or fits that differ in effects, features, kind of model or level.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import ChainedEquations, aligned, association, design
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"pain": rng.normal(size=80), "age": rng.normal(size=80)})
    >>> edge = pd.DataFrame({"edge": 0.5 * people["pain"] + rng.normal(size=80)})
    >>> people.loc[:19, "age"] = np.nan
    >>> made = ChainedEquations({"age": "normal"}, ("pain",), imputations=5).fit(people).imputed_
    >>> models = [design(table, "pain", ("age",)) for table in made]
    >>> found = pooled_models(association(aligned(edge, model), model) for model in models)
    >>> found.names, found.imputations
    (('slope of pain',), 5)
    """
    every = list(fits)
    m = len(every)
    if m < 2:
        raise ModelError(f"{m} imputation(s): how much they differ is part of the error; make at least 2")
    first = every[0]
    names = _names(first)
    same = all(
        type(fit) is type(first) and _names(fit) == names and fit.level == first.level
        and np.atleast_2d(fit.estimate).shape == np.atleast_2d(first.estimate).shape
        for fit in every
    )  # fmt: skip
    if not same:
        raise ModelError("models of completed tables differ in effects, features, kind or level")
    estimates = np.array([np.atleast_2d(fit.estimate) for fit in every])
    variances = np.array([np.atleast_2d(fit.se) for fit in every]) ** 2
    complete = np.array([np.atleast_2d(fit.df) for fit in every]).mean(axis=0)
    mean, within, between = estimates.mean(axis=0), variances.mean(axis=0), estimates.var(axis=0, ddof=1)
    # Rounding is no difference.
    between = np.where(between > (1e-14 * np.abs(estimates).max(axis=0)) ** 2, between, 0.0)
    extra = (1 + 1 / m) * between
    total = within + extra
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, extra / total, 0.0)
        observed = complete * (complete + 1) / (complete + 3) * (1 - share)
        df = 1 / (share**2 / (m - 1) + 1 / observed)
        increase = extra / within
        fmi = np.where(between > 0, (increase + 2 / (df + 3)) / (1 + increase), 0.0)
    missing = np.isnan(mean) | np.isnan(total)
    for array in (mean, within, between, total, df, fmi):
        array[missing] = np.nan
    se = np.sqrt(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = mean / se
    half = quantile(df, first.level) * se
    return PooledEffects(
        names=names,
        estimate=mean,
        se=se,
        ci_low=mean - half,
        ci_high=mean + half,
        statistic=statistic,
        df=df,
        p=2 * special.stdtr(df, -np.abs(statistic)),
        fmi=fmi,
        within=within,
        between=between,
        n=np.array([fit.n for fit in every]).min(axis=0),
        reason=tuple(
            next(filter(None, told), "") for told in zip(*(fit.reason for fit in every), strict=True)
        ),
        model=f"{first.model}; {m} imputations, Rubin",
        imputations=m,
        level=first.level,
    )


def _names(fit: Fitted) -> tuple[str, ...]:
    return (fit.contrast,) if isinstance(fit, Effects) else fit.names
