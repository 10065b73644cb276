"""Intraclass correlations of many features over repeated measurements, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from corticolimbic.stats._icc_components import Components, components
from corticolimbic.stats._patterns import patterns, refuse_infinite
from corticolimbic.stats._refusals import ModelError

IccForm = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
_NAMES = {"ICC(1)": "ICC(1,1)", "ICC(A,1)": "ICC(2,1)", "ICC(C,1)": "ICC(3,1)",
          "ICC(A,k)": "ICC(2,k)", "ICC(C,k)": "ICC(3,k)"}  # fmt: skip
_FEWEST = 3


@dataclass(frozen=True, eq=False)
class Reliability:
    """What `icc` found, one element a feature; NaN with a reason where nothing could be estimated.

    Parameters
    ----------
    form
        In Shrout and Fleiss' words.
    icc, low, high
        Intraclass correlation and its interval.
    between_sd
        Standard deviation between people, in the feature's unit; NaN where estimated below 0.
    sem
        Standard error of one measurement (of the average, in forms with k), in the feature's unit.
    n_people, n_repeated
        People with a value, and those of them with more than one.
    n_values
        Values in all.
    averaged
        Measurements behind the number that the form is about: 1, or k.
    reason
        Empty, or why the feature has no result.
    level
        Coverage of the intervals.
    """

    form: IccForm
    icc: Float[np.ndarray, " features"]
    low: Float[np.ndarray, " features"]
    high: Float[np.ndarray, " features"]
    between_sd: Float[np.ndarray, " features"]
    sem: Float[np.ndarray, " features"]
    n_people: Int[np.ndarray, " features"]
    n_repeated: Int[np.ndarray, " features"]
    n_values: Int[np.ndarray, " features"]
    averaged: Float[np.ndarray, " features"]
    reason: tuple[str, ...]
    level: float


def icc(
    values: Float[np.ndarray, "people measurements features"],
    form: str = "ICC(3,1)",
    *,
    groups: Int[np.ndarray, " people"] | None = None,
    averaged: int | float | None = None,
    level: float = 0.95,
) -> Reliability:
    r"""Return the intraclass correlation of every feature.

    Form 1: measurements of a person are exchangeable. Form 2, also ICC(A,1), absolute agreement: measurements
    (raters, runs, scanners) have effects of their own, which count as error. Form 3, also ICC(C,1),
    consistency: such effects are the same for all people and do not count (Shrout & Fleiss 1979, Psychol Bull
    86:420; McGraw & Wong 1996, Psychol Methods 1:30). Forms with k are of the average of k measurements:
    :math:`k\rho / (1 + (k - 1)\rho)`, which for k = 2 is Spearman and Brown's step from half to whole.

    Without gaps these are the values of the analysis of variance, below 0 where measurements of one person
    are less alike than of two. With gaps the variances are those of restricted maximum likelihood, equally
    free to fall below 0. Intervals of forms 1 and 3 are exact for normal values, with gaps too (see
    `Components`); those of form 2 use Satterthwaite's degrees of freedom in McGraw and Wong's equations,
    with gaps the numbers of people and of measurements that give the mean squares their expectations.

    Parameters
    ----------
    values
        NaN where missing. People with one value inform the spread between people.
    form
        Shrout and Fleiss' or McGraw and Wong's name.
    groups
        Number of each person's group (site), whose means are taken out: the variance is that within groups.
        Someone alone in a group tells nothing. None: one group.
    averaged
        k; by default the harmonic mean of the measurements of people who have any.
    level
        Coverage of the interval.

    Raises
    ------
    ModelError
        The form is unknown, values are infinite, or ``averaged`` is below 1.

    Examples
    --------
    Shrout and Fleiss' table 2, six targets and four judges:

    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> judged = np.array(table, dtype=float)[:, :, None]
    >>> forms = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(3,k)")
    >>> [round(float(icc(judged, form).icc[0]), 2) for form in forms]
    [0.17, 0.29, 0.71, 0.91]
    """
    name = _NAMES.get(form, form)
    if name not in get_args(IccForm):
        raise ModelError(
            f"{form} is no form of the ICC; there are {', '.join((*get_args(IccForm), *_NAMES))}"
        )
    if averaged is not None and not averaged >= 1:
        raise ModelError(f"an average is of at least one measurement, not of {averaged:g}")
    n_people, n_measurements, n_features = values.shape
    rows = values.reshape(n_people * n_measurements, n_features)
    refuse_infinite(rows)
    person, measurement = (grid.ravel() for grid in np.indices((n_people, n_measurements)))
    group = np.zeros(n_people, dtype=np.int64) if groups is None else groups
    known = ~np.isnan(values)
    made = known.sum(axis=1)
    inverse = np.divide(1.0, made, out=np.zeros(made.shape), where=made > 0).sum(axis=0)
    n_has = (made > 0).sum(axis=0)
    k = np.divide(n_has, inverse, out=np.ones(n_features), where=inverse > 0)
    if averaged is not None:
        k = np.full(n_features, float(averaged))
    if name.endswith("1)"):
        k = np.ones(n_features)
    found = {part: np.full(n_features, np.nan) for part in ("icc", "low", "high", "between", "error")}
    reason = np.full(n_features, "", dtype=object)
    for present, features in patterns(rows):
        part = rows[np.ix_(present, features)]
        done = _of_pattern(part, person[present], measurement[present], group, name[4], k[features], level)
        if isinstance(done, str):
            reason[features] = done
            continue
        constant = np.ptp(part, axis=0) <= 64 * np.finfo(float).eps * np.abs(part).max(axis=0, initial=0.0)
        reason[features[constant]] = "the feature does not vary"
        for part_name, array in zip(found, done, strict=True):
            found[part_name][features] = np.where(constant, np.nan, array)
    with np.errstate(invalid="ignore"):
        return Reliability(
            form=cast("IccForm", name),
            icc=found["icc"],
            low=found["low"],
            high=found["high"],
            between_sd=np.sqrt(np.where(found["between"] >= 0, found["between"], np.nan)),
            sem=np.sqrt(np.maximum(found["error"], 0.0) / k),
            n_people=n_has.astype(np.int64),
            n_repeated=(made > 1).sum(axis=0).astype(np.int64),
            n_values=known.sum(axis=(0, 1)).astype(np.int64),
            averaged=k.astype(float),
            reason=tuple(map(str, reason)),
            level=level,
        )


def stepped(
    icc: Float[np.ndarray, "*shape"], k: Float[np.ndarray, "*shape"] | float
) -> Float[np.ndarray, "*shape"]:
    """Return the reliability of the average of k measurements (Spearman 1910, Brown 1910).

    Examples
    --------
    >>> stepped(np.array([0.5]), 2.0).round(4).tolist()
    [0.6667]
    """
    below = 1 + (k - 1) * icc
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, k * icc / below, -np.inf)


def _of_pattern(
    values: np.ndarray,
    person: np.ndarray,
    measurement: np.ndarray,
    groups: np.ndarray,
    form: str,
    k: np.ndarray,
    level: float,
) -> str | tuple[np.ndarray, ...]:
    """Return ICC, limits, variance between people and of error; or why there are none."""
    names, codes, visits = np.unique(person, return_inverse=True, return_counts=True)
    repeated = int((visits > 1).sum())
    if repeated < _FEWEST:
        return f"{repeated} people were measured more than once, of {_FEWEST} needed"
    fixed = _dummies(np.unique(groups[names[codes]], return_inverse=True)[1])
    columns = _dummies(np.unique(measurement, return_inverse=True)[1])
    both = np.hstack([fixed, columns[:, 1:]]) if form in "23" else fixed
    sums = components(values, codes, both)
    if sums is None:
        return "people, groups and measurements cannot be told apart: too few repeated measurements"
    place = sums.reml()
    ratio = sums.icc(place)
    error = (sums.at(place) + sums.residual) / (sums.q + sums.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = error * ratio / (1 - ratio)
    unvaried = ratio > 1 - 1e-12
    if unvaried.any():  # people differ and their measurements do not: nothing tells the variance from here
        between[unvaried] = (sums.squares.sum(axis=0) / (sums.counts @ sums.sizes))[unvaried]
    if form in "13":
        low, high = _exact(sums, level)
        return stepped(ratio, k), stepped(low, k), stepped(high, k), between, error
    apart = _apart(values, codes, columns)
    if apart is None:
        return "no two measurements share enough people to tell how they differ"
    squares, people = apart
    mean_squares = (error + between * float(sums.counts @ sums.sizes / sums.q), people * squares, error)
    dfs = (sums.q, columns.shape[1] - 1.0, float(sums.df))
    spread = squares - error / people
    whole = between + spread + error
    rho = np.divide(between, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    limits = _agreement(rho, mean_squares, dfs, people, float(sums.counts @ sums.sizes / sums.q), level)
    return stepped(rho, k), stepped(limits[0], k), stepped(limits[1], k), between, spread + error


def _dummies(codes: np.ndarray) -> Float[np.ndarray, "rows levels"]:
    return (codes[:, None] == np.arange(int(codes.max()) + 1)).astype(float)


def _exact(sums: Components, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits at which the ratio of mean squares is the quantile of F."""
    tail = (1 - level) / 2
    scale = sums.residual / sums.df * sums.q
    low, high = (
        sums.icc(sums.solve(scale * special.fdtri(sums.q, sums.df, share))) for share in (1 - tail, tail)
    )
    return low, high


def _apart(values: np.ndarray, codes: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Return the variance of the measurements' means within people, and how many people it stands for.

    The means are those of least squares with a column for each person; without gaps the plain means, and all
    people.
    """
    counts = np.bincount(codes)

    def within(array: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(counts), array.shape[1]))
        np.add.at(sums, codes, array)
        return array - (sums / counts[:, None])[codes]

    design = within(columns)
    inner = design.T @ design
    n_columns = columns.shape[1]
    if np.linalg.matrix_rank(inner, tol=1e-9 * max(np.trace(inner), 1.0)) < n_columns - 1:
        return None
    inverse = np.linalg.pinv(inner, rcond=1e-9, hermitian=True)
    means = inverse @ (design.T @ within(values - values.mean(axis=0)))
    means -= means.mean(axis=0)
    centring = np.eye(n_columns) - 1 / n_columns
    share = float(np.trace(centring @ inverse @ centring)) / (n_columns - 1)
    return (means**2).sum(axis=0) / (n_columns - 1), 1 / share


def _agreement(
    rho: np.ndarray,
    mean_squares: tuple[np.ndarray, ...],
    dfs: tuple[float, ...],
    n: float,
    k: float,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of ICC(A,1): McGraw and Wong's table 7, with the dfs of Satterthwaite."""
    people, columns, error = mean_squares
    with np.errstate(divide="ignore", invalid="ignore"):
        a = k * rho / (n * (1 - rho))
        b = 1 + a * (n - 1)
        v = (a * columns + b * error) ** 2
        v /= (a * columns) ** 2 / dfs[1] + (b * error) ** 2 / dfs[2]
        upper = special.fdtri(dfs[0], v, (1 + level) / 2)
        lower = special.fdtri(v, dfs[0], (1 + level) / 2)
        rest = k * columns + (k * n - k - n) * error
        low = n * (people - upper * error) / (upper * rest + n * people)
        high = n * (lower * people - error) / (rest + n * lower * people)
    exact: Bool[np.ndarray, " features"] = rho >= 1 - 1e-12
    return np.where(exact, 1.0, low), np.where(exact, 1.0, high)
