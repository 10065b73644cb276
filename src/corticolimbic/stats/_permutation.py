"""Permutation tests of many features with the largest statistic's distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from corticolimbic.stats._association import check_people
from corticolimbic.stats._design import Design
from corticolimbic.stats._draws import log_arrangements, multipliers, permutations, restricted
from corticolimbic.stats._linear import StandardErrors
from corticolimbic.stats._model_matrix import coded, refuse, without_lone
from corticolimbic.stats._patterns import patterns, refuse_infinite
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._resampled import Resampled, Tally
from corticolimbic.stats._studentised import Studentised, studentised
from corticolimbic.stats._terms import Levels
from corticolimbic.stats._visit_design import VisitDesign

Blocks = Literal["site", "none"]
Rearranged = Literal["order", "sign"]


def permutation_test(
    values: Float[np.ndarray, "rows features"],
    design: Design | VisitDesign,
    rng: np.random.Generator,
    *,
    effect: str | None = None,
    n_draws: int = 9_999,
    blocks: Blocks = "site",
    rearranged: Rearranged = "order",
    family: Sequence[str] | np.ndarray | None = None,
    standard_errors: StandardErrors = "hc2",
    minimum_people: int = 10,
    minimum_group: int = 3,
    tail: bool = False,
) -> Resampled:
    r"""Test one effect on every feature by rearranging residuals of the model without it.

    Freedman and Lane's scheme (1983, J Bus Econ Stat 1:292; Winkler et al. 2014, NeuroImage 92:381):
    residuals of the model without the effect change places, all features of a person together, and the effect
    is estimated from them with all covariates. What is compared is the estimate over its robust error (HC2 or
    HC3, over visits CR2), the studentised form that groups of unequal variance need; with one group it is
    Welch's t, Winkler's G for one contrast.

    Parameters
    ----------
    values
        Features in any unit, rows in the order of ``design.keys``, NaN where missing.
    design
        People (`design`), or their visits (`visit_design`) if everybody made them at the same times.
    rng
        Stream of random numbers.
    effect
        Column of a design over visits; None for a design over people, whose tested column it is.
    n_draws
        Rearrangements beside the observed order.
    blocks
        ``site``: people change places within their site (and cannot where the design has none); ``none``: all
        with all.
    rearranged
        ``order``; or ``sign``: each person's residuals keep their place and change sign at random, which
        needs errors symmetric about 0 and not equal distributions.
    family
        Family of each feature, over which the largest statistic is taken; one for all by default.
    standard_errors
        Of designs over people.
    minimum_people, minimum_group
        A feature that fewer people (or fewer of a group) have is not tested, as in `association`.
    tail
        Whether small family-wise p are read off a generalised Pareto tail.

    Returns
    -------
    Resampled

    Raises
    ------
    ModelError
        Values are infinite or rows do not fit; an effect is not named, or unknown; people made different
        visits, or the effect is the same for everybody who may change places: `wild_bootstrap` is for these.

    Notes
    -----
    Exact: without covariates that vary within blocks, where the errors of a block are exchangeable.
    Approximate otherwise: with covariates the residuals are exchangeable only in the limit; where groups
    differ in variance it is the studentised statistic whose limit does not depend on it (Janssen 1997, Stat
    Probab Lett 36:9; DiCiccio & Romano 2017, JASA 112:1211). The largest statistic controls the family-wise
    rate whichever features have an effect, in the same sense (Westfall & Young 1993). Imputed values count as
    observed: one imputation can be tested, several cannot be combined here.

    Features with the same people are permuted together. For others the same order of all people is used with
    those who are missing taken out of its cycles: each feature's own test is as it would be alone, and what
    features share in their errors stays.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import aligned, design
    >>> rng = np.random.default_rng(1)
    >>> ids = [f"sub-{number:02d}" for number in range(40)]
    >>> people = pd.DataFrame({"pain": rng.normal(5, 2, 40), "age": rng.normal(45, 9, 40)}, index=ids)
    >>> noise = rng.normal(0, 0.2, (40, 3))
    >>> features = pd.DataFrame(noise + np.outer(people["pain"], [0.1, 0, 0]), ids, ["a", "b", "c"])
    >>> model = design(people, "pain", ("age",))
    >>> found = permutation_test(aligned(features, model), model, np.random.default_rng(2), n_draws=999)
    >>> (found.p_fwe < 0.05).tolist()
    [True, False, False]
    """
    if values.shape[0] != len(design.keys):
        raise ModelError(f"{values.shape[0]} rows of values for {len(design.keys)} rows of the design")
    if n_draws < 1:
        raise ModelError("at least one draw is needed")
    refuse_infinite(values)
    tally = Tally(family, values.shape[1], n_draws)
    words = "signs of residuals" if rearranged == "sign" else "residuals permuted"
    site = design.site if blocks == "site" else None
    words = f"Freedman-Lane, {words}" + (f" within {site}" if site and rearranged == "order" else "")
    if isinstance(design, VisitDesign):
        _visits(values, design, effect, site, minimum_people, rng, tally, flips=rearranged == "sign")
        return tally.result(f"{words}, visits of a person together, CR2", tail=tail)
    if effect not in (None, design.columns[1]):
        raise ModelError(f"a design over people tests {design.columns[1]}, not {effect}")
    draws = _Draws(_site_codes(design, site), n_draws, rng, flips=rearranged == "sign")
    for present, features in patterns(values):
        kept, _ = without_lone(design.terms, np.flatnonzero(present), design.site)
        terms = tuple(term.take(kept) for term in design.terms)
        try:
            check_people(terms, kept.size, minimum_people, minimum_group)
            columns, matrix = coded(terms)
            refuse(terms, columns, matrix, design.site)
            contrast = np.eye(matrix.shape[1])[1]
            model = studentised(matrix, contrast, None, standard_errors)
            if ((model.basis**2).sum(axis=1) > 1 - 1e-10).any():
                raise ModelError("the model fits somebody exactly, so robust errors are not defined")
            _take(model, values[np.ix_(kept, features)], features, matrix, draws, kept, tally)
        except ModelError as refusal:
            tally.refuse(features, refusal.reason)
    return tally.result(f"{words}, {standard_errors.upper()}", tail=tail)


class _Draws:
    """The same rearrangements of people for all features."""

    def __init__(self, blocks: np.ndarray, n_draws: int, rng: np.random.Generator, *, flips: bool) -> None:
        self.blocks, self.flips = blocks, flips
        self.chosen = (
            multipliers(blocks.size, n_draws, rng, six=False) if flips else permutations(blocks, n_draws, rng)
        )


def _take(
    model: Studentised,
    values: np.ndarray,
    features: np.ndarray,
    matrix: np.ndarray,
    draws: _Draws,
    kept: np.ndarray,
    tally: Tally,
) -> None:
    residuals = model.residuals(values)
    exact = model.exact(residuals, values)
    tally.refuse(features[exact], "the feature does not vary, or the columns of the model explain it exactly")
    residuals, features = residuals[:, ~exact], features[~exact]
    df = float(len(matrix) - model.basis.shape[1])
    if draws.flips:
        drawn = model.multiplied(residuals, draws.chosen[:, kept])
        possible = (kept.size - 1) * np.log(2)
    else:
        blocks = draws.blocks[kept]
        possible = log_arrangements(blocks, matrix)
        if possible <= 0 or _fixed(matrix[:, 1], blocks):
            raise ModelError(
                "the tested column does not vary within blocks, so no order differs; take other blocks, or "
                "use the wild bootstrap"
            )
        drawn = model.permuted(residuals, restricted(draws.chosen, kept), blocks)
    tally.take(features, model.observed(residuals), df, drawn, float(possible))


def _visits(
    values: np.ndarray,
    design: VisitDesign,
    effect: str | None,
    site: str | None,
    minimum_people: int,
    rng: np.random.Generator,
    tally: Tally,
    *,
    flips: bool,
) -> None:
    if effect not in design.columns:
        raise ModelError(f"name the effect to test; there are {', '.join(design.columns)}")
    n_people = len(design.people)
    times = design.time.reshape(n_people, -1) if len(design.keys) % n_people == 0 else np.empty((0, 0))
    same = np.bincount(design.person).size == n_people and np.ptp(np.bincount(design.person)) == 0
    if not flips and not (same and np.allclose(times, times[:1])):
        raise ModelError("people made different visits, so they are not exchangeable; use the wild bootstrap")
    contrast = np.eye(len(design.columns))[design.columns.index(effect)]
    starts = np.flatnonzero(np.diff(design.person, prepend=-1))
    blocks = design.site_codes[starts] if site else np.zeros(n_people, dtype=np.int64)
    draws = _Draws(blocks, tally.largest.shape[1], rng, flips=flips)
    for present, features in patterns(values):
        people = np.unique(design.person[present])
        complete = present.sum() == np.isin(design.person, people).sum()
        try:
            if people.size < minimum_people:
                raise ModelError(f"{people.size} people have the feature, of {minimum_people} needed")
            if not flips and not complete:
                raise ModelError("people lack single visits of the feature; use the wild bootstrap")
            matrix = design.matrix[present]
            check_told(matrix, contrast, effect or "")
            model = studentised(matrix, contrast, design.person[present])
            _take_visits(model, values[np.ix_(present, features)], features, draws, people, tally)
        except ModelError as refusal:
            tally.refuse(features, refusal.reason)


def _take_visits(
    model: Studentised,
    values: np.ndarray,
    features: np.ndarray,
    draws: _Draws,
    people: np.ndarray,
    tally: Tally,
) -> None:
    residuals = model.residuals(values)
    exact = model.exact(residuals, values)
    tally.refuse(features[exact], "the feature does not vary, or the columns of the model explain it exactly")
    residuals, features = residuals[:, ~exact], features[~exact]
    df = float(max(people.size - model.basis.shape[1], 1))
    if draws.flips:
        drawn = model.multiplied(residuals, draws.chosen[:, people])
        possible = (people.size - 1) * np.log(2)
    else:
        blocks = draws.blocks[people]
        whole = model.basis.reshape(people.size, -1)
        possible = log_arrangements(blocks, whole)
        direction = model.weights.reshape(people.size, -1)
        if _fixed(direction, blocks):
            raise ModelError(
                "the effect is the same for all who may change places, so no order differs; use signs, or "
                "the "
                "wild bootstrap"
            )
        drawn = model.permuted_whole(residuals, restricted(draws.chosen, people))
    tally.take(features, model.observed(residuals), df, drawn, float(possible))


def check_told(matrix: np.ndarray, contrast: np.ndarray, effect: str) -> None:
    """Raise `ModelError` where rows of a design cannot tell a contrast, or leave no error to test with."""
    sizes = np.linalg.norm(matrix, axis=0)
    sizes[sizes == 0] = 1.0
    _, singular, rows = np.linalg.svd(matrix / sizes, full_matrices=False)
    rows = rows[singular > 1e-10 * singular[0]]
    scaled = contrast / sizes
    if np.linalg.norm(scaled - scaled @ rows.T @ rows) > 1e-7 * np.linalg.norm(scaled):
        raise ModelError(f"these rows cannot tell {effect}")
    if len(matrix) <= len(rows):
        raise ModelError(f"{len(matrix)} rows are too few for {len(rows)} columns")


def _fixed(columns: np.ndarray, blocks: np.ndarray) -> bool:
    """Whether no column varies within any block."""
    bar = 1e-10 * np.abs(columns).max()
    return all((np.ptp(columns[blocks == block], axis=0) <= bar).all() for block in np.unique(blocks))


def _site_codes(design: Design, site: str | None) -> np.ndarray:
    for term in design.terms[1:]:
        if site is not None and term.name == site and isinstance(term, Levels):
            return term.codes
    return np.zeros(len(design.people), dtype=np.int64)
