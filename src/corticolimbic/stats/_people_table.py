"""One row a person: features, outcome and covariates joined by key."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.cohort import numbers, text_column
from corticolimbic.features import Statistic, first_session
from corticolimbic.foundation import Problem, SettingsError

FEATURE_KEY = ["task", "acq", "space", "atlas", "strategy", "measure", "target", "statistic", "definition"]
MEASURED = ("mean_fd", "censored_share")
HEAD_SIZE = "measured:icv"
"""Covariate: intracranial volume in cm^3."""
STRUCTURE_UNITS = {"volume": "mm3", "area": "mm2", "thickness": "mm"}
"""Measures of structure and their units."""
_PREFIX = "measured:"


def baseline_rows(features: pd.DataFrame, session: str | None) -> pd.DataFrame:
    """Return the rows of the session named, or of each person's first (``ses-2`` before ``ses-10``)."""
    if session is not None:
        return features[features["session_id"] == session]
    return features[features["session_id"] == features["participant_id"].map(first_session(features))]


def measured_quality(baseline: pd.DataFrame) -> pd.DataFrame:
    """Return mean_fd (mm) and censored_share averaged over runs, indexed by participant_id."""
    rows = baseline[baseline["measure"].isin(MEASURED)]
    wide = rows.pivot_table(
        index="participant_id", columns="measure", values="value", aggfunc="mean", dropna=False
    )
    wide = wide.reindex(columns=list(MEASURED), index=sorted(set(baseline["participant_id"])))
    return wide.rename_axis(index=None, columns=None)


def connectivity_table(baseline: pd.DataFrame, statistic: Statistic) -> pd.DataFrame:
    """Return Fisher z of each circuit edge: people in rows, feature keys in columns, runs averaged.

    Runs of one task are averaged in z; tasks (states), acquisitions and atlases stay apart.
    """
    rows = baseline[(baseline["measure"] == "fc") & (baseline["statistic"] == statistic)]
    with np.errstate(divide="ignore"):
        z = np.arctanh(rows["value"].to_numpy(dtype=float))
    rows = rows.assign(z=np.where(np.isfinite(z), z, np.nan))
    # Only keys that occur become columns; an edge that nobody has a value of stays, as NaN.
    mean = rows.groupby(["participant_id", *FEATURE_KEY], sort=True)["z"].mean()
    return mean.unstack(FEATURE_KEY).sort_index(axis="columns")


def covariate(
    name: str, participants: pd.DataFrame, quality: pd.DataFrame
) -> tuple[pd.Series, list[Problem]]:
    """Return one covariate, as numbers where most of its cells are numbers, else as text.

    A column of numbers with a few words in it stays a column of numbers: the words become problems, not
    levels.

    Parameters
    ----------
    name
        Column of the participants table, or ``measured:`` and a quantity that this package measured.
    participants
        Strings, indexed by participant_id.
    quality
        Measured quantities, as `measured_quality` returns them.

    Raises
    ------
    SettingsError
        Where there is no such column or measured quantity.
    """
    if name.startswith(_PREFIX):
        measured = name.removeprefix(_PREFIX)
        if measured not in quality.columns:
            there = ", ".join(map(str, quality.columns))
            raise SettingsError(f"covariate {name}: measured quantities are {there}")
        return quality[measured].reindex(participants.index), []
    cells = text_column(participants, name)
    values, problems = numbers(cells, name)
    filled = int((cells != "").sum())
    if filled and values.notna().sum() >= filled / 2:
        return values, problems
    return cells.astype(object), []
