"""Rows of the table of effects, and the families that their q values refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._association import Effects
from corticolimbic.stats._multiplicity import false_discovery
from corticolimbic.stats._people_table import FEATURE_KEY, STRUCTURE_UNITS
from corticolimbic.stats._relative_rows import UNITS, family_rank

_RANKS = {"relative": "relative measures", "structure": "volumes and thickness"}


@dataclass
class Found:
    """What the models found so far, in the order in which they were asked.

    Parameters
    ----------
    rows
        Of schema ``effects``.
    problems
        People, visits and features left out, models that could not be estimated.
    site_effects
        Of schema ``harmonisation``, one for each table that was harmonised.
    notes
        What is to be known of the models, for the declaration.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    site_effects: list[pd.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ranked(values: pd.DataFrame, primary: frozenset[str]) -> np.ndarray:
    """Return ``primary``, ``exploratory``, ``relative`` or ``structure`` for each feature (METHODS M-5)."""
    measures = values.columns.get_level_values("measure")
    targets = values.columns.get_level_values("target")
    pairs = zip(measures, targets, strict=True)
    return np.array([family_rank(measure, target, primary) for measure, target in pairs])


def baseline_effects(
    population: str,
    values: pd.DataFrame,
    effects: Effects,
    primary: frozenset[str],
    place: str,
    found: Found,
    further: Mapping[str, np.ndarray],
) -> None:
    """Add a row for each feature of a model over people, with what `further_columns` says of it."""
    targets = values.columns.get_level_values("target")
    measures = values.columns.get_level_values("measure")
    families = np.array([f"{rank}: {place}" for rank in ranked(values, primary)])
    q = false_discovery(effects.p, families)
    slope = effects.contrast.removeprefix("slope of ")
    per = " per unit of " + (slope if set(measures) <= set(STRUCTURE_UNITS) else "the outcome")
    for index, column in enumerate(values.columns):
        if effects.reason[index]:
            found.problems.append(
                problem("CL603", found=f"{place}, {targets[index]}: {effects.reason[index]}")
            )
        found.rows.append(
            {
                "population": population,
                **dict(zip(FEATURE_KEY, column, strict=True)),
                "run": "all",
                "analysis": "baseline",
                "contrast": effects.contrast,
                "estimate": effects.estimate[index],
                "estimate_unit": {**UNITS, **STRUCTURE_UNITS}.get(measures[index], "Fisher z")
                + ("" if effects.es_kind == "Hedges g" else per),
                "se": effects.se[index],
                "ci_low": effects.ci_low[index],
                "ci_high": effects.ci_high[index],
                "statistic_value": effects.statistic[index],
                "df": effects.df[index],
                "p": effects.p[index],
                "q": q[index],
                **{name: float(column[index]) for name, column in further.items()},
                "effect_size": effects.effect_size[index],
                "es_low": effects.es_low[index],
                "es_high": effects.es_high[index],
                "es_kind": effects.es_kind,
                "n": int(effects.n[index]),
                "n_visits": int(effects.n[index]),
                "n_sites": max(int(effects.n_sites[index]), 1),
                "family": families[index],
                "model": effects.model,
            }
        )


def declared_families(effects: pd.DataFrame) -> list[dict[str, Any]]:
    """Return name, description and number of tests of each family."""
    rows = []
    for name, group in effects.groupby("family", sort=True):
        rank, _, place = str(name).partition(": ")
        rows.append(
            {
                "name": name,
                "description": f"{_RANKS.get(rank, f'{rank} edges of the circuit')}; {place}",
                "n_tests": int(group["p"].notna().sum()),
            }
        )
    return rows
