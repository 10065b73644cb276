"""Columns of the table of effects beside the model's own: family-wise p, equivalence, power."""

from __future__ import annotations

import zlib

import numpy as np

from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._association import Effects
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import Design
from corticolimbic.stats._equivalence import (
    as_correlation,
    equivalence_correlation,
    equivalence_difference,
    equivalence_raw,
)
from corticolimbic.stats._mixed import MixedEffects
from corticolimbic.stats._mixed_effect_sizes import mixed_effect_size
from corticolimbic.stats._permutation import permutation_test
from corticolimbic.stats._power import detectable_t, people_needed
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._resampled import Resampled, resampling_problems
from corticolimbic.stats._visit_design import VisitDesign
from corticolimbic.stats._wild_bootstrap import wild_bootstrap

Columns = dict[str, np.ndarray]


def further_columns(
    effects: Effects | MixedEffects,
    values: np.ndarray,
    model: Design | VisitDesign,
    families: np.ndarray,
    settings: CompareSettings,
    place: str,
    effect: str | None = None,
) -> tuple[Columns, list[Problem]]:
    """Return ``p_fwe``, ``p_equivalence``, ``detectable`` and ``n_needed`` of each feature.

    Parameters
    ----------
    effects
        What `association` or `mixed_model` found.
    values, model
        The values that it was found in, and the design.
    families
        Family of each feature: the largest statistic is taken over it.
    settings
        Rearrangements and smallest effect of interest.
    place
        Which set of tests this is; it chooses the stream of random numbers.
    effect
        Column or combination of a design over visits; combinations are not rearranged.

    Returns
    -------
    columns, problems
        Arrays with one number a feature, NaN where not asked for or not estimated; features that could not be
        tested by rearrangement (CL628) and too few rearrangements (CL627).

    Raises
    ------
    ModelError
        A design over visits without an effect that it has.

    Examples
    --------
    >>> import pandas as pd
    >>> from corticolimbic.stats import CompareSettings, association, design
    >>> people = pd.DataFrame({"group": ["a", "b"] * 20}, index=range(40))
    >>> model = design(people, "group")
    >>> values = np.random.default_rng(1).normal(size=(40, 1))
    >>> settings = CompareSettings(smallest_effect=0.5)
    >>> columns, _ = further_columns(
    ...     association(values, model), values, model, np.array(["all"]), settings, "rest"
    ... )
    >>> float(columns["detectable"][0].round(2))
    0.91
    """
    nothing = np.full(values.shape[1], np.nan)
    if isinstance(effects, MixedEffects):
        if not isinstance(model, VisitDesign) or effect is None or effect not in effects.names:
            raise ModelError("name the effect of the design over visits")
        found = _visits(effects, values, model, settings.smallest_effect, effect)
    else:
        found = _people(effects, settings.smallest_effect)
    problems: list[Problem] = []
    if settings.permutations and (effect is None or effect in model.columns):
        try:
            tests = _rearranged(effects, values, model, families, settings, place, effect)
            found["p_fwe"] = tests.p_fwe
            problems = resampling_problems(_only_new(tests, effects), place)
        except ModelError as refusal:
            problems = [problem("CL628", found=f"{place}: {refusal.reason}")]
    return {name: found.get(name, nothing) for name in _NAMES}, problems


_NAMES = ("p_fwe", "p_equivalence", "detectable", "n_needed")


def _rearranged(
    effects: Effects | MixedEffects,
    values: np.ndarray,
    model: Design | VisitDesign,
    families: np.ndarray,
    settings: CompareSettings,
    place: str,
    effect: str | None,
) -> Resampled:
    words = place if effect is None else f"{place}: {effect}"
    rng = np.random.default_rng([settings.seed, zlib.crc32(words.encode())])
    if isinstance(effects, MixedEffects):
        return wild_bootstrap(
            values,
            model,
            rng,
            fit=effects,
            effect=effect,
            n_draws=settings.permutations,
            family=families,
            minimum_people=settings.minimum_people,
        )
    return permutation_test(
        values,
        model,
        rng,
        n_draws=settings.permutations,
        blocks=settings.permutation_blocks,
        family=families,
        standard_errors=settings.standard_errors,
        minimum_people=settings.minimum_people,
    )


def _only_new(tests: Resampled, effects: Effects | MixedEffects) -> Resampled:
    """Return the tests without the reasons that the model's own problems give already."""
    reasons = tuple(
        "" if known else reason for reason, known in zip(tests.reason, effects.reason, strict=True)
    )
    return Resampled(
        tests.statistic, tests.p, tests.p_fwe, tests.smallest_p, tests.n_draws, reasons, tests.method
    )


def _people(effects: Effects, smallest: float | None) -> Columns:
    """Effects of least squares: Hedges g, or partial r."""
    classical = effects.residual_sd * np.sqrt(effects.variance_factor)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = effects.estimate / classical
    reach = detectable_t(effects.df) * effects.se  # in the unit of the estimate
    equivalence = np.full(t.size, np.nan)
    designs = np.column_stack([effects.residual_df, effects.variance_factor])
    known = ~np.isnan(t)
    for df, factor in np.unique(designs[known], axis=0):
        some = known & (designs == (df, factor)).all(axis=1)
        if smallest is None:
            continue
        if effects.es_kind == "Hedges g":
            equivalence[some] = equivalence_difference(t[some], int(df), float(factor), smallest)
        else:
            bound = as_correlation(smallest)
            equivalence[some] = equivalence_correlation(effects.effect_size[some], int(df), bound)
    if effects.es_kind == "Hedges g":
        detectable = reach / effects.residual_sd
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = reach / classical
            detectable = shift / np.sqrt(shift**2 + effects.residual_df)
    # Hedges' correction makes the observed g, and so its noncentrality, a little smaller than t.
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = (
            effects.effect_size / np.sqrt(effects.variance_factor)
            if effects.es_kind == "Hedges g"
            else t * np.sqrt(effects.n / effects.residual_df)
        )
    needed = people_needed(seen, effects.n.astype(float), effects.residual_df)
    return {"p_equivalence": equivalence, "detectable": detectable, "n_needed": needed}


def _visits(
    effects: MixedEffects, values: np.ndarray, model: VisitDesign, smallest: float | None, effect: str
) -> Columns:
    """Effects of a mixed model: in total standard deviations at time 0."""
    row = effects.row(effect)
    sizes = mixed_effect_size(effects, values, model, effect)
    df, statistic = effects.df[row], effects.statistic[row]
    n = effects.n_people.astype(float)
    columns = {
        "detectable": detectable_t(df) * effects.se[row] / sizes.sd,
        "n_needed": people_needed(statistic, n, np.minimum(df, n - len(model.columns))),
    }
    if smallest is not None:
        columns["p_equivalence"] = equivalence_raw(sizes.value, sizes.se, df, -smallest, smallest)
    return columns
