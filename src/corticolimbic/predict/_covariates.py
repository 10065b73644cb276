"""What a marker's association is held against: covariates as columns of numbers, by participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from corticolimbic.foundation import SettingsError
from corticolimbic.predict._judging_settings import JudgingSettings
from corticolimbic.stats import covariate

SETS: dict[str, tuple[str, ...]] = {
    "age+sex": ("age", "sex"),
    "motion": ("motion",),
    "site": ("site",),
    "medication": ("medication",),
    "baseline_pain": ("baseline_pain",),
    "all": ("age", "sex", "motion", "site", "medication", "baseline_pain"),
}
"""Sets of covariates, as metrics name them: ``association|motion``."""
KNOWN_SHARE = 0.5
"""Share of the people who must have a covariate."""


@dataclass(frozen=True)
class Covariates:
    """Covariates of everybody.

    Parameters
    ----------
    table
        Columns of numbers, indexed by participant_id; a level is a column of 0 and 1.
    columns
        Covariate (age, sex, motion, medication, baseline_pain) to its columns; the site is not among them.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, people: pd.Index, sites: pd.Series) -> Covariates:
        """Return the covariates of some people, with columns of their sites; without those mostly missing.

        Parameters
        ----------
        people
            Participant ids.
        sites
            Site of each of them.
        """
        here = self.table.reindex(people)
        kept = {
            name: columns
            for name, columns in self.columns.items()
            if len(here) and here[list(columns)].notna().all(axis=1).mean() >= KNOWN_SHARE
        }
        names = sorted(set(sites))
        dummies = {f"site[{name}]": (sites.reindex(people) == name).astype(float) for name in names[1:]}
        if dummies:
            kept["site"] = tuple(dummies)
        return Covariates(pd.concat([here, pd.DataFrame(dummies, index=people)], axis=1), kept)

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """Return the columns of these covariates, one row a person; those that are lacking have none."""
        columns = [column for name in names for column in self.columns.get(name, ())]
        return self.table[columns].to_numpy(dtype=float).reshape(len(self.table), len(columns))

    def lacking(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of these covariates nobody, or too few people, have."""
        return tuple(name for name in names if name not in self.columns)


NO_COVARIATES = Covariates()


def covariates_of(
    participants: pd.DataFrame,
    sessions: pd.DataFrame,
    quality: pd.DataFrame,
    outcomes: pd.DataFrame,
    settings: JudgingSettings,
    baseline_session: str | None = None,
) -> Covariates:
    """Gather age, sex, motion, medication and baseline pain of everybody, by key.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id and session_id; asked for what participants do not have.
    quality
        Measured quantities, as `measured_quality` returns them.
    outcomes
        Schema ``outcomes``: baseline pain stands among them as a covariate.
    settings
        Names of the columns.
    baseline_session
        Whose row of ``sessions`` counts; None for the first of each person.

    Raises
    ------
    SettingsError
        A column of medication or baseline pain that the settings name is in neither table. Age and sex have
        names by default; where they are not there they are lacking, and said to be.
    """
    asked: dict[str, tuple[str, ...]] = {
        "age": (settings.age_column,),
        "sex": (settings.sex_column,),
        "medication": settings.medication_columns,
    }
    if settings.baseline_pain_column is not None:
        asked["baseline_pain"] = (settings.baseline_pain_column,)
    parts: list[pd.DataFrame] = []
    columns: dict[str, tuple[str, ...]] = {}
    for name, wanted in asked.items():
        made = []
        for column in wanted:
            values = _values(column, participants, sessions, quality, baseline_session)
            if values is None:
                if name in {"medication", "baseline_pain"}:
                    has = ", ".join(map(str, participants.columns))
                    raise SettingsError(f"predict.judging: no table has a column {column!r}; there are {has}")
                continue
            made.append(_coded(values, name if len(wanted) == 1 else f"{name} {column}"))
        if made:
            parts += made
            columns[name] = tuple(column for table in made for column in table.columns)
    if "mean_fd" in quality.columns and quality["mean_fd"].notna().any():
        parts.append(quality[["mean_fd"]].rename(columns={"mean_fd": "motion"}))
        columns["motion"] = ("motion",)
    if "baseline_pain" not in columns:
        rows = outcomes[outcomes["outcome"] == "baseline_pain"].set_index("participant_id")["value"]
        if rows.notna().any():
            parts.append(rows.astype(float).to_frame("baseline_pain"))
            columns["baseline_pain"] = ("baseline_pain",)
    table = pd.concat([part.reindex(participants.index) for part in parts], axis=1) if parts else None
    kept = {name: cols for name, cols in columns.items() if cols}
    return Covariates(pd.DataFrame(index=participants.index) if table is None else table, kept)


def _values(
    column: str,
    participants: pd.DataFrame,
    sessions: pd.DataFrame,
    quality: pd.DataFrame,
    baseline_session: str | None,
) -> pd.Series | None:
    if column in participants.columns:
        return covariate(column, participants, quality)[0]
    if column not in sessions.columns:
        return None
    rows = sessions if baseline_session is None else sessions[sessions["session_id"] == baseline_session]
    cells = rows.drop_duplicates("participant_id").set_index("participant_id")[[column]]
    return covariate(column, cells.reindex(participants.index).fillna("").astype(str), quality)[0]


def _coded(values: pd.Series, name: str) -> pd.DataFrame:
    """Return numbers as they are, text as columns of 0 and 1 against the most frequent level."""
    if pd.api.types.is_numeric_dtype(values):
        return values.astype(float).to_frame(name)
    cells = values.astype(object).where(values.astype(str).str.strip() != "", np.nan)
    counts = cells.value_counts()
    levels = sorted(counts.index, key=lambda level: (-counts[level], str(level)))[1:]
    coded = {f"{name}[{level}]": (cells == level).astype(float).where(cells.notna()) for level in levels}
    return pd.DataFrame(coded, index=values.index)
