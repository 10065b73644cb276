"""Wild bootstrap tests of many features, for people who are not exchangeable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from corticolimbic.stats._association import check_people
from corticolimbic.stats._design import Design
from corticolimbic.stats._draws import multipliers
from corticolimbic.stats._linear import StandardErrors
from corticolimbic.stats._mixed import Combination, MixedEffects
from corticolimbic.stats._model_matrix import coded, refuse, without_lone
from corticolimbic.stats._patterns import patterns, refuse_infinite
from corticolimbic.stats._permutation import check_told
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._resampled import Resampled, Tally
from corticolimbic.stats._studentised import Studentised, studentised
from corticolimbic.stats._visit_design import VisitDesign

Weights = Literal["auto", "signs", "six"]

_FEW = 12  # people below whom signs give too few different draws


def wild_bootstrap(
    values: Float[np.ndarray, "rows features"],
    design: Design | VisitDesign,
    rng: np.random.Generator,
    *,
    fit: MixedEffects | None = None,
    effect: str | Combination | None = None,
    n_draws: int = 9_999,
    weights: Weights = "auto",
    family: Sequence[str] | np.ndarray | None = None,
    standard_errors: StandardErrors = "hc2",
    minimum_people: int = 10,
    minimum_group: int = 3,
    tail: bool = False,
) -> Resampled:
    r"""Test one effect on every feature by multiplying each person's residuals by a random number.

    The null is imposed: residuals are those of the model without the effect (Cameron, Gelbach & Miller 2008,
    Rev Econ Stat 90:414). All visits and all features of a person get the same number, so whatever the visits
    and features of a person share stays. The statistic is the estimate over its error by CR2 (over people HC2
    or HC3).

    Parameters
    ----------
    values
        Features in any unit, rows in the order of ``design.keys``, NaN where missing.
    design
        People (`design`), or visits (`visit_design`), unequal if need be.
    rng
        Stream of random numbers.
    fit
        Designs over visits: what `mixed_model` found in the same values. The statistic then is the
        generalised least squares estimate that the fit reports, its variances held fixed in all draws.
        Without it, ordinary least squares.
    effect
        Column of a design over visits, or a combination of columns.
    n_draws
        Bootstrap samples.
    weights
        ``signs`` (Rademacher), ``six`` (Webb's six points), or ``auto``: six points where fewer than 12
        people have the feature, of whom signs would give fewer than 2,048 different samples.
    family, standard_errors, minimum_people, minimum_group, tail
        As in `permutation_test`.

    Returns
    -------
    Resampled

    Raises
    ------
    ModelError
        Values are infinite or rows do not fit; an effect is not named, or unknown.

    Notes
    -----
    Why CR2 and not the mixed model's own error: with variances held fixed that error is the same in every
    draw, so the statistic would be the estimate alone, and a covariance that is misspecified (slopes that
    vary but are left out) would scale it. CR2 follows each draw, is unbiased where the covariance is right,
    and right in the limit where it is not (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, J Bus Econ Stat
    36:672). Holding the variances fixed costs nothing in the limit, as estimates of effects and of variances
    are independent of each other.

    Approximate always, but in samples of symmetric errors without covariates; its error of level shrinks
    faster than that of the test by t.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import mixed_model, visit_design
    >>> rng = np.random.default_rng(1)
    >>> person = np.repeat(np.arange(30), 3)
    >>> visits = pd.DataFrame({"person": person, "year": np.tile([0.0, 1.0, 2.0], 30), "group": person % 2})
    >>> model = visit_design(visits[rng.random(90) > 0.1], "person", "year", ("group", "year", "group:year"))
    >>> values = rng.normal(size=(30, 2))[model.person] + rng.normal(0, 0.5, (len(model.keys), 2))
    >>> values[:, 0] += model.matrix[:, 3]
    >>> fit = mixed_model(values, model)
    >>> found = wild_bootstrap(values, model, rng, fit=fit, effect=model.columns[3], n_draws=999)
    >>> (found.p_fwe < 0.05).tolist()
    [True, False]
    """
    if values.shape[0] != len(design.keys):
        raise ModelError(f"{values.shape[0]} rows of values for {len(design.keys)} rows of the design")
    if n_draws < 1:
        raise ModelError("at least one draw is needed")
    refuse_infinite(values)
    tally = Tally(family, values.shape[1], n_draws)
    if isinstance(design, VisitDesign):
        draws = _Multipliers(len(design.people), n_draws, weights, rng)
        _visits(values, design, fit, _contrast(design, effect), draws, minimum_people, tally)
        error = "generalised least squares, CR2" if fit is not None else "least squares, CR2"
    else:
        if fit is not None or effect not in (None, design.columns[1]):
            raise ModelError(f"a design over people tests {design.columns[1]}, without a fit")
        draws = _Multipliers(len(design.people), n_draws, weights, rng)
        _people(values, design, draws, standard_errors, minimum_people, minimum_group, tally)
        error = standard_errors.upper()
    return tally.result(f"wild bootstrap over people, null imposed, {error}", tail=tail)


class _Multipliers:
    """Each person's number in every draw, the same for all features."""

    def __init__(self, n_people: int, n_draws: int, weights: Weights, rng: np.random.Generator) -> None:
        self.weights = weights
        first, second = rng.spawn(2)
        self.signs = multipliers(n_people, n_draws, first, six=False)
        self.six = multipliers(n_people, n_draws, second, six=True) if weights != "signs" else self.signs

    def of(self, people: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the numbers of these people, and the log of how many different draws there are."""
        six = self.weights == "six" or (self.weights == "auto" and people.size < _FEW)
        chosen = (self.six if six else self.signs)[:, people]
        return chosen, float(people.size * np.log(6) - np.log(2) if six else (people.size - 1) * np.log(2))


def _people(
    values: np.ndarray,
    design: Design,
    draws: _Multipliers,
    standard_errors: StandardErrors,
    minimum_people: int,
    minimum_group: int,
    tally: Tally,
) -> None:
    for present, features in patterns(values):
        kept, _ = without_lone(design.terms, np.flatnonzero(present), design.site)
        terms = tuple(term.take(kept) for term in design.terms)
        try:
            check_people(terms, kept.size, minimum_people, minimum_group)
            columns, matrix = coded(terms)
            refuse(terms, columns, matrix, design.site)
            model = studentised(matrix, np.eye(matrix.shape[1])[1], None, standard_errors)
            if ((model.basis**2).sum(axis=1) > 1 - 1e-10).any():
                raise ModelError("the model fits somebody exactly, so robust errors are not defined")
        except ModelError as refusal:
            tally.refuse(features, refusal.reason)
            continue
        _take(model, values[np.ix_(kept, features)], features, draws, kept, tally)


def _visits(
    values: np.ndarray,
    design: VisitDesign,
    fit: MixedEffects | None,
    chosen: Combination,
    draws: _Multipliers,
    minimum_people: int,
    tally: Tally,
) -> None:
    contrast = np.zeros(len(design.columns))
    np.add.at(contrast, [design.columns.index(name) for name in chosen.columns], chosen.weights)
    for present, features in patterns(values):
        people = np.unique(design.person[present])
        matrix, person = design.matrix[present], design.person[present]
        try:
            if people.size < minimum_people:
                raise ModelError(f"{people.size} people have the feature, of {minimum_people} needed")
            check_told(matrix, contrast, chosen.name)
        except ModelError as refusal:
            tally.refuse(features, refusal.reason)
            continue
        here = values[np.ix_(present, features)]
        if fit is None:
            _take(studentised(matrix, contrast, person), here, features, draws, people, tally)
            continue
        for at, feature in enumerate(features):
            if fit.reason[feature]:
                tally.refuse(features[at : at + 1], fit.reason[feature])
                continue
            root = _Root(fit, int(feature), person, design.time[present])
            model = studentised(root.times(matrix), contrast, person)
            centred = here[:, at : at + 1] - here[:, at].mean()
            _take(model, root.times(centred), features[at : at + 1], draws, people, tally, centred=False)


class _Root:
    """Inverse square root of a feature's covariance over visits, person by person."""

    def __init__(self, fit: MixedEffects, feature: int, person: np.ndarray, time: np.ndarray) -> None:
        slope = fit.slope_sd[feature] if fit.random != "intercept" else 0.0
        sds = np.array([fit.intercept_sd[feature], slope]) / fit.residual_sd[feature]
        both = np.nan_to_num(fit.correlation[feature]) * sds[0] * sds[1]
        between = np.array([[sds[0] ** 2, both], [both, sds[1] ** 2]])
        starts = np.flatnonzero(np.diff(person, prepend=-1))
        counts = np.diff(np.append(starts, person.size))
        self.parts = []
        for count in np.unique(counts):
            at = starts[counts == count][:, None] + np.arange(count)
            z = np.stack([np.ones(at.shape), time[at]], axis=-1)
            values, vectors = np.linalg.eigh(np.eye(count) + z @ between @ z.swapaxes(1, 2))
            self.parts.append((at, (vectors / np.sqrt(values)[:, None]) @ vectors.swapaxes(1, 2)))

    def times(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows with what their visits share taken out, all of equal variance."""
        found = np.empty_like(rows)
        for at, root in self.parts:
            found[at] = root @ rows[at]
        return found


def _take(
    model: Studentised,
    values: np.ndarray,
    features: np.ndarray,
    draws: _Multipliers,
    people: np.ndarray,
    tally: Tally,
    *,
    centred: bool = True,
) -> None:
    residuals = model.residuals(values, centred=centred)
    exact = model.exact(residuals, values)
    tally.refuse(features[exact], "the feature does not vary, or the columns of the model explain it exactly")
    factors, possible = draws.of(people)
    left, at = residuals[:, ~exact], features[~exact]
    df = float(max(people.size - model.basis.shape[1], 1))
    tally.take(at, model.observed(left), df, model.multiplied(left, factors), possible)


def _contrast(design: VisitDesign, effect: str | Combination | None) -> Combination:
    chosen = effect if isinstance(effect, Combination) else Combination(str(effect), (str(effect),), (1.0,))
    unknown = [name for name in chosen.columns if name not in design.columns]
    if unknown:
        raise ModelError(f"name the effect to test; there are {', '.join(design.columns)}", tuple(unknown))
    return chosen
