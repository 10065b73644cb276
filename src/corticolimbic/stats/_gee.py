"""Weighted generalised estimating equations of many features over people's visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from corticolimbic.stats._gee_solve import Correction, solved
from corticolimbic.stats._gee_weights import RowWeights
from corticolimbic.stats._mixed import quantile
from corticolimbic.stats._patterns import patterns, refuse_infinite
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._visit_design import VisitDesign
from corticolimbic.stats._weighted_mean import WeightedErrors

WorkingCorrelation = Literal["independence", "exchangeable"]
_STEPS, _TOLERANCE = 100, 1e-11


@dataclass(frozen=True, eq=False)
class GeeEffects:
    """What `gee` found; NaN where nothing could be estimated, and why.

    Parameters
    ----------
    names
        Columns of the design: the rows of the arrays of effects.
    estimate, se, ci_low, ci_high, statistic, df, p
        Effects of each feature; errors by the sandwich over people.
    covariance
        Of all effects, for each feature.
    correlation
        Working correlation of two visits of one person; 0 with independence.
    n, n_people, n_sites
        Visits, people and sites in the feature's model; 0 sites where the design has no site column.
    reason
        Empty, or why the feature has no result.
    model
        Formula and estimator.
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
    covariance: Float[np.ndarray, "features effects effects"]
    correlation: Float[np.ndarray, " features"]
    n: Int[np.ndarray, " features"]
    n_people: Int[np.ndarray, " features"]
    n_sites: Int[np.ndarray, " features"]
    reason: tuple[str, ...]
    model: str
    level: float

    def row(self, name: str) -> int:
        """Return the row of an effect in the arrays."""
        if name not in self.names:
            raise KeyError(f"no effect {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)


def gee(
    values: Float[np.ndarray, "rows features"],
    design: VisitDesign,
    *,
    weights: RowWeights | Float[np.ndarray, " rows"] | None = None,
    correlation: WorkingCorrelation = "independence",
    correction: Correction = "kauermann-carroll",
    standard_errors: WeightedErrors = "jackknife",
    minimum_people: int = 10,
    level: float = 0.95,
) -> GeeEffects:
    r"""Estimate the mean of every feature over visits, identity link, errors by a sandwich over people.

    :math:`\sum_i X_i' V_i^{-1} W_i (y_i - X_i\beta) = 0` (Liang & Zeger 1986, Biometrika 73:13; with weights
    Robins, Rotnitzky & Zhao 1995, J Am Stat Assoc 90:106). With weights of having been observed the effects
    are those of everybody expected, if who leaves depends on nothing but what the weights' models hold; these
    may hold what the model of the feature must not (an auxiliary). The sandwich then counts their estimation.

    Parameters
    ----------
    values
        Rows in the order of ``design.keys`` (see `aligned`), NaN where missing.
    design
        Fixed effects and people, from `visit_design`.
    weights
        From `row_weights`; or numbers taken as known, 0 for rows to leave out; or None.
    correlation
        Working correlation of a person's visits. With weights that differ between visits of one person only
        ``independence`` is right: with another, a visit's residual is mixed with those of visits that may be
        missing, and the equations are biased (Tchetgen Tchetgen et al. 2012, Stat Sinica 22:1121).
    correction
        Of the residuals, which are smaller than errors: ``kauermann-carroll`` (2001, J Am Stat Assoc 96:1387;
        unbiased where the working covariance is right), ``mancl-derouen`` (2001, Biometrics 57:126; larger),
        or ``none``.
    standard_errors
        How the estimation of the weights from `row_weights` is counted: by leaving out one person at a time
        (``jackknife``, weights fitted anew by one Newton step), or by stacked equations (``sandwich``), which
        are too small where few people have large weights. Known weights, and none, always have the sandwich.
    minimum_people
        A feature that fewer people have is not estimated.
    level
        Coverage of the intervals.

    Returns
    -------
    GeeEffects

    Raises
    ------
    ModelError
        Rows and visits differ in number, values are infinite, weights are negative or not finite, or an
        exchangeable correlation is asked for with weights that differ within people.

    Notes
    -----
    Degrees of freedom of t are Bell and McCaffrey's (2002; Pan & Wall 2002, Stat Med 21:1429):
    Satterthwaite's of the sandwich under the working covariance. They fall where an effect, or the
    weights, rest on few
    people. Correlation and scale are moments of residuals, as in statsmodels.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import aligned, visit_design
    >>> rng = np.random.default_rng(1)
    >>> visits = pd.DataFrame({"person": np.repeat(np.arange(30), 3), "year": np.tile([0.0, 1.0, 2.0], 30)})
    >>> features = pd.DataFrame({"NAc--mPFC": 0.5 * visits["year"] + rng.normal(0, 0.5, 90)})
    >>> model = visit_design(visits, "person", "year", ("year",))
    >>> fit = gee(aligned(features, model), model)
    >>> round(float(fit.estimate[fit.row("year"), 0]), 1)
    0.5
    """
    if values.shape[0] != len(design.keys):
        raise ModelError(f"{values.shape[0]} rows of values for {len(design.keys)} visits; align them by key")
    refuse_infinite(values)
    counted = weights if isinstance(weights, RowWeights) else None
    known = _known(weights, len(design.keys))
    if correlation == "exchangeable":
        _refuse_varying(known, design)
    columns, n_features = len(design.columns), values.shape[1]
    estimate, se, df = (np.full((columns, n_features), np.nan) for _ in range(3))
    covariance = np.full((n_features, columns, columns), np.nan)
    alpha = np.full(n_features, np.nan)
    n, n_people, n_sites = np.zeros((3, n_features), dtype=np.int64)
    reason = np.full(n_features, "", dtype=object)
    weighted = values.copy()
    weighted[known == 0] = np.nan
    for present, features in patterns(weighted):
        person = design.person[present]
        n[features], n_people[features] = person.size, np.unique(person).size
        n_sites[features] = np.unique(design.site_codes[present]).size if design.site else 0
        matrix = design.matrix[present]
        if refusal := _refusal(matrix, person, minimum_people):
            reason[features] = refusal
            continue
        groups = (
            [features] if correlation == "independence" else [features[[at]] for at in range(features.size)]
        )
        for chosen in groups:
            y = weighted[np.ix_(present, chosen)]
            exact = _unvaried(y, matrix)
            reason[chosen[exact]] = "the feature does not vary, or the columns explain it exactly"
            chosen, y = chosen[~exact], y[:, ~exact]
            if not chosen.size:
                continue
            alpha[chosen] = 0.0
            turned_x, turned_y = matrix, y
            if correlation == "exchangeable":
                alpha[chosen] = found = _alpha(matrix, y[:, 0], known[present], person)
                if not np.isfinite(found):
                    reason[chosen] = "the correlation of a person's visits is at its limit"
                    continue
                turned_x, turned_y = (_whitened(part, person, found) for part in (matrix, y))
            rows = np.flatnonzero(present)
            leave_out = standard_errors == "jackknife"
            fit = solved(
                turned_y, turned_x, known[present], person, rows, correction, counted, leave_out=leave_out
            )
            estimate[:, chosen], covariance[chosen], df[:, chosen] = fit
            se[:, chosen] = np.sqrt(np.diagonal(covariance[chosen], axis1=1, axis2=2)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / se
    half = quantile(df, level) * se
    words = [correlation, f"sandwich {correction}"]
    if counted and standard_errors == "jackknife":
        words[1] = "jackknife over people"
    words += ["weighted, weights counted"] if counted else ["weighted"] if weights is not None else []
    return GeeEffects(
        names=design.columns,
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        statistic=statistic,
        df=df,
        p=2 * special.stdtr(df, -np.abs(statistic)),
        covariance=covariance,
        correlation=alpha,
        n=n,
        n_people=n_people,
        n_sites=n_sites,
        reason=tuple(map(str, reason)),
        model=f"{design.formula}; GEE, {', '.join(words)}",
        level=level,
    )


def _known(weights: RowWeights | np.ndarray | None, n_rows: int) -> Float[np.ndarray, " rows"]:
    if weights is None:
        return np.ones(n_rows)
    known = weights.values if isinstance(weights, RowWeights) else weights
    if known.shape != (n_rows,):
        raise ModelError(f"{known.size} weights for {n_rows} visits")
    if not (np.isfinite(known).all() and (known >= 0).all()):
        raise ModelError("weights must be finite and not negative; 0 leaves a visit out")
    return known


def _refuse_varying(known: np.ndarray, design: VisitDesign) -> None:
    highest, lowest = np.full(len(design.people), -np.inf), np.full(len(design.people), np.inf)
    np.maximum.at(highest, design.person, known)
    np.minimum.at(lowest, design.person, known)
    if (highest > lowest * (1 + 1e-12)).any():
        raise ModelError(
            "weights differ between visits of one person; with an exchangeable correlation the equations "
            "would be biased: use independence"
        )


def _refusal(matrix: np.ndarray, person: np.ndarray, minimum_people: int) -> str:
    people = np.unique(person).size
    if people < minimum_people:
        return f"{people} people have the feature, of {minimum_people} needed"
    if people <= matrix.shape[1]:
        return f"{people} people are too few for {matrix.shape[1]} columns"
    sizes = np.linalg.norm(matrix, axis=0)
    singular = np.linalg.svd(matrix / np.where(sizes > 0, sizes, 1.0), compute_uv=False)
    if singular[-1] <= 1e-10 * singular[0]:
        return "among the visits that have the feature, columns repeat each other"
    return ""


def _unvaried(y: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    basis = np.linalg.qr(matrix / np.linalg.norm(matrix, axis=0))[0]
    rest = y - basis @ (basis.T @ y)
    rest -= basis @ (basis.T @ rest)
    return np.sqrt((rest**2).mean(axis=0)) <= 64 * np.finfo(float).eps * np.abs(y).max(axis=0)


def _alpha(matrix: np.ndarray, y: np.ndarray, w: np.ndarray, person: np.ndarray) -> float:
    """Return the exchangeable correlation at which estimates and moments agree; NaN at its limit."""
    sizes = np.unique(person, return_counts=True)[1].astype(float)
    first = np.cumsum(np.r_[0, sizes[:-1]]).astype(int)
    own, pairs = w[first], sizes * (sizes - 1) / 2
    p, n_pairs = matrix.shape[1], pairs.sum()
    if n_pairs <= p:
        return 0.0
    alpha = 0.0
    for _ in range(_STEPS):
        x, turned = _whitened(matrix, person, alpha), _whitened(y[:, None], person, alpha)[:, 0]
        root = np.sqrt(w)
        beta = np.linalg.lstsq(root[:, None] * x, root * turned, rcond=None)[0]
        rest = y - matrix @ beta
        squares = np.add.reduceat(rest**2, first)
        cross = (np.add.reduceat(rest, first) ** 2 - squares) / 2
        scale = (own @ squares) / ((own @ sizes) * (len(y) - p) / len(y))
        new = float((own @ cross) / scale / ((own @ pairs) * (n_pairs - p) / n_pairs))
        if not -1 / (sizes.max() - 1) < new < 1:
            return float("nan")
        done = abs(new - alpha) < _TOLERANCE
        alpha = new
        if done:
            break
    return alpha


def _whitened(array: np.ndarray, person: np.ndarray, alpha: float) -> np.ndarray:
    """Return the rows times the symmetric root of the inverse of each person's working correlation."""
    codes, sizes = np.unique(person, return_inverse=True, return_counts=True)[1:]
    sums = np.zeros((len(sizes), array.shape[1]))
    np.add.at(sums, codes, array)
    mean = (sums / sizes[:, None])[codes]
    along = 1 / np.sqrt(1 + (sizes - 1) * alpha)[codes][:, None]
    return (array - mean) / np.sqrt(1 - alpha) + along * mean
