"""Models over people whose missing covariates are imputed many times, and pooled (METHODS M-5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from corticolimbic.stats._association import Effects, association
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import Design, aligned
from corticolimbic.stats._effect_sizes import hedges_g, partial_r
from corticolimbic.stats._imputation import ChainedEquations
from corticolimbic.stats._imputation_draws import ImputationMethod
from corticolimbic.stats._joined_tables import SITE
from corticolimbic.stats._pooled_models import PooledEffects, pooled_models

_COMPONENTS, _PEOPLE_EACH = 3, 20


def imputed_model(
    people: pd.DataFrame,
    outcome: str,
    names: tuple[str, ...],
    values: pd.DataFrame,
    designed: Callable[[pd.DataFrame], Design],
    settings: CompareSettings,
) -> tuple[Design, Effects, list[str]] | None:
    """Return the first design, pooled effects and notes; None where no covariate has a gap to impute.

    Equations hold the other covariates, the outcome, the site and the leading components of the features:
    what the features tell of a covariate must be in them, or its effect is too small (Moons et al. 2006, J
    Clin Epidemiol 59:1092). Columns of numbers are imputed by predictive mean matching, two levels by
    logistic models; text of more levels is not imputed, nor is the outcome or what it is adjusted for: who
    lacks it is left out.

    Parameters
    ----------
    people
        Outcome, covariates and site by person.
    outcome, names
        Columns of the outcome and of everything that it is adjusted for.
    values
        Features by person.
    designed
        Builds the design from a completed table.
    settings
        Of the comparison: which covariates were declared, and the seed.

    Raises
    ------
    ModelError
        The imputation, or a model, cannot be estimated.
    """
    table = people.copy()
    methods: dict[str, ImputationMethod] = {}
    levels: dict[str, dict[float, str]] = {}
    for name in settings.covariates:
        column = people[name].where(people[name].notna() & (people[name] != ""))
        if column.notna().all() or column.isna().all():
            continue
        method = _coded(table, name, column, levels)
        if method is not None:
            methods[name] = method
    others = [name for name in (outcome, *names) if name not in methods]
    whole = (people[others].notna() & (people[others] != "")).all(axis=1)
    table = table[whole]
    methods = {name: method for name, method in methods.items() if table[name].isna().any()}
    if not methods:
        return None
    explains = [name for name in (outcome, *names) if name not in methods]
    parts = _components(values.reindex(table.index).to_numpy(dtype=float))
    for at, part in enumerate(parts.T):
        explains.append(f"component {at + 1} of the features")
        table[explains[-1]] = part
    site = SITE if table[SITE].nunique() > 1 else None
    chains = ChainedEquations(methods, tuple(explains), site, seed=settings.seed).fit(table)
    models, fits = [], []
    for completed in chains.imputed_:
        # Who cannot be imputed stays in the table, so that the design names them.
        filled = people.copy()
        for name in methods:
            column = completed[name].round().map(levels[name]) if name in levels else completed[name]
            filled[name] = column.reindex(people.index)
        models.append(designed(filled))
        fits.append(
            association(
                aligned(values, models[-1]),
                models[-1],
                minimum_people=settings.minimum_people,
                standard_errors=settings.standard_errors,
            )
        )
    notes = [f"{name} is imputed for {int(table[name].isna().sum())} people" for name in methods]
    return models[0], _as_effects(pooled_models(fits), fits[0]), notes


def _coded(
    table: pd.DataFrame, name: str, column: pd.Series, levels: dict[str, dict[float, str]]
) -> ImputationMethod | None:
    """Write the column as numbers into the table; return how it is imputed, None where it is not."""
    if pd.api.types.is_numeric_dtype(column):
        table[name] = column.astype(float)
        return "logistic" if set(table[name].dropna()) == {0.0, 1.0} else "pmm"
    known = sorted(set(column.dropna().map(str)))
    if len(known) != 2:
        return None
    levels[name] = {0.0: known[0], 1.0: known[1]}
    table[name] = column.map(lambda cell: float(known.index(str(cell))), na_action="ignore").astype(float)
    return "logistic"


def _components(values: np.ndarray) -> np.ndarray:
    """Return the leading components of the features, a gap counted as the mean."""
    values = values[:, ~np.isnan(values).all(axis=0)]
    centred = np.nan_to_num(values - np.nanmean(values, axis=0)) if values.size else values
    spread = centred.std(axis=0)
    scaled = centred[:, spread > 0] / spread[spread > 0]
    if not scaled.size:
        return np.empty((len(values), 0))
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    rank = int((sizes > 1e-10 * sizes[0]).sum())
    return left[:, : min(_COMPONENTS, rank, max(1, len(values) // _PEOPLE_EACH))] * np.sqrt(len(values))


def _as_effects(pooled: PooledEffects, first: Effects) -> Effects:
    """Return pooled effects as those of one table; sizes are the pooled t's in the first table."""
    t = pooled.statistic[0]
    size, low, high = (np.full(t.size, np.nan) for _ in range(3))
    for at in np.flatnonzero(~np.isnan(t)):
        df, one = int(first.residual_df[at]), t[[at]]
        found = (
            hedges_g(one, df, float(first.variance_factor[at]), pooled.level)
            if first.es_kind == "Hedges g"
            else partial_r(one, df, pooled.level)
        )
        size[at], low[at], high[at] = (part[0] for part in found)
    return replace(
        first,
        estimate=pooled.estimate[0],
        se=pooled.se[0],
        ci_low=pooled.ci_low[0],
        ci_high=pooled.ci_high[0],
        statistic=t,
        df=pooled.df[0],
        p=pooled.p[0],
        effect_size=size,
        es_low=low,
        es_high=high,
        reason=pooled.reason,
        model=pooled.model,
    )
