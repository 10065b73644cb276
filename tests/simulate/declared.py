"""The declared comparison on a cohort of tables, by the rooms that `run` uses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.circuit import atlas, measurable_edges
from corticolimbic.cohort import CohortSettings, outcomes, population_table
from corticolimbic.simulate import SimulateSettings, TableCohort, configuration
from corticolimbic.stats import CompareSettings, compare, measured_quality

OUTCOME = "persistent_20"


def declared_effects(cohort: TableCohort, settings: SimulateSettings) -> pd.DataFrame:
    """Return the effects of the primary outcome in everyone eligible, one row an edge."""
    declared: dict[str, Any] = configuration(settings)
    clinical = CohortSettings.from_mapping(declared["cohort"])
    found = outcomes(cohort.participants, cohort.sessions, clinical.outcome)
    rows = found.table[found.table["outcome"].isin([found.primary, "baseline_pain"])]
    chosen = found.table.loc[found.table["outcome"] == found.primary].set_index("participant_id")
    quality = measured_quality(cohort.features)
    eligible = clinical.model_copy(update={"populations": clinical.populations[:1]})
    populations = population_table(cohort.participants, quality, chosen["value"], eligible)
    primary = frozenset(edge.target for edge in measurable_edges(atlas("coordinates")) if edge.primary)
    settings_of_compare = CompareSettings.from_mapping(declared["compare"])
    comparison = compare(
        cohort.features, quality, cohort.participants, rows, populations, primary, settings_of_compare
    )
    return comparison.effects.set_index("target")


def clustered(shares: np.ndarray, z: float = 1.96) -> tuple[float, float, float]:
    """Return the mean over cohorts and its interval, cohorts as clusters."""
    mean, se = float(np.mean(shares)), float(np.std(shares, ddof=1) / np.sqrt(len(shares)))
    return mean, mean - z * se, mean + z * se
