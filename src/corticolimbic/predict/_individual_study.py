"""The tables of a finished run that individual records are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort import numbers
from corticolimbic.features import Statistic
from corticolimbic.predict._individual_settings import IndividualSettings
from corticolimbic.stats import (
    FEATURE_KEY,
    baseline_rows,
    best_reliability,
    connectivity_table,
    measured_quality,
)

MOTION, SITE = "motion", "site"
_STRUCTURE = ("volume", "thickness", "area")


@dataclass(frozen=True, eq=False)
class Study:
    """Tables of one finished run; those that a run did not write are empty, by their schema.

    Parameters
    ----------
    visits, ratings, outcomes, populations, trajectories
        Schemas of these names.
    features
        Schema ``features``, all sessions and rooms.
    scores, evaluation, reliability, problems
        Schemas of these names.
    verdicts
        Columns marker, outcome, population, verdict, why; None where nobody judged.
    cards
        What ``predict/markers.json`` says of each marker.
    trained_on
        Marker to the people whom it was trained on.
    primary
        Targets of the circuit's primary edges.
    statistic
        Estimator of connectivity that was declared.
    baseline_session
        Session of features and scores; None for everyone's first.
    schedule
        Sessions that everybody was due at, in their order.
    covariates
        Columns of the participants table that positions are adjusted for, age first.
    controls
        Column and cell that mark the controls; None where the settings name none.
    settings
        What is allowed to be said.
    """

    visits: pd.DataFrame
    ratings: pd.DataFrame
    outcomes: pd.DataFrame
    populations: pd.DataFrame
    trajectories: pd.DataFrame
    features: pd.DataFrame
    scores: pd.DataFrame
    evaluation: pd.DataFrame
    reliability: pd.DataFrame
    problems: pd.DataFrame
    verdicts: pd.DataFrame | None
    cards: tuple[Mapping[str, Any], ...]
    trained_on: Mapping[str, frozenset[str]]
    primary: frozenset[str]
    statistic: Statistic
    baseline_session: str | None
    schedule: tuple[str, ...]
    covariates: tuple[str, ...]
    controls: tuple[str, str] | None
    settings: IndividualSettings

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Everybody of the study: whom any clinical table or any image knows."""
        tables = (self.visits, self.populations, self.outcomes, self.features)
        known = {str(person) for table in tables for person in table["participant_id"].unique()}
        return tuple(sorted(known))

    @cached_property
    def sites(self) -> pd.Series:
        """Site of each person, ``n/a`` where unknown."""
        rows = self.populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
        return rows.reindex(list(self.ids)).fillna("n/a").astype(str)

    @cached_property
    def participants(self) -> pd.DataFrame:
        """Cells of the participants table, as text, by participant_id."""
        rows = self.visits[self.visits["session_id"] == "ses-none"]
        once = rows.drop_duplicates(["participant_id", "variable"])
        return once.pivot(index="participant_id", columns="variable", values="value").reindex(list(self.ids))

    @cached_property
    def baseline(self) -> pd.DataFrame:
        """Rows of the features that are of the baseline session."""
        return baseline_rows(self.features, self.baseline_session)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Primary features, people by feature key: Fisher z of edges, other measures as they are."""
        rows = self.baseline
        edges = rows[rows["target"].isin(self.primary)]
        regions = {end.partition("_")[0] for target in self.primary for end in target.split("--")}
        named = rows["target"].astype(str).str.partition("_")[0]
        shapes = rows[rows["measure"].isin(_STRUCTURE) & named.isin(regions)]
        wide = [connectivity_table(edges, self.statistic)] if len(edges) else []
        if len(shapes):
            means = shapes.groupby(["participant_id", *FEATURE_KEY], sort=True)["value"].mean()
            wide.append(means.unstack(FEATURE_KEY).sort_index(axis="columns"))
        if not wide:
            none = pd.MultiIndex.from_tuples([], names=FEATURE_KEY)
            return pd.DataFrame(index=pd.Index([], name="participant_id"), columns=none, dtype=float)
        return pd.concat(wide, axis=1)

    @cached_property
    def units(self) -> dict[tuple[str, str], str]:
        """Unit by measure and target."""
        rows = self.baseline.drop_duplicates(["measure", "target"])
        units = dict(zip(zip(rows["measure"], rows["target"], strict=True), rows["unit"], strict=True))
        return {key: "z" if key[0] == "fc" else str(unit) for key, unit in units.items()}

    @cached_property
    def facts(self) -> pd.DataFrame:
        """What positions can be adjusted for: numbers as floats, names as text with "" where unknown."""
        columns: dict[str, pd.Series] = {}
        for name in self.covariates:
            if name in self.participants.columns:
                columns[name] = _fact(self.participants[name].fillna("").astype(str), name)
        motion = measured_quality(self.baseline)["mean_fd"] if len(self.baseline) else pd.Series(dtype=float)
        columns[MOTION] = motion.reindex(list(self.ids)).astype(float)
        columns[SITE] = self.sites.where(self.sites != "n/a", "").astype(object)
        return pd.DataFrame(columns, index=pd.Index(self.ids, name="participant_id"))

    @cached_property
    def control_ids(self) -> tuple[str, ...]:
        """Who is a control."""
        if self.controls is None or self.controls[0] not in self.participants.columns:
            return ()
        cells = self.participants[self.controls[0]].fillna("").astype(str).str.strip()
        return tuple(map(str, cells.index[cells == self.controls[1].strip()]))

    @cached_property
    def best_reliability(self) -> pd.DataFrame:
        """The reliability of each feature that stands beside it, empty where none was measured."""
        return self.reliability if self.reliability.empty else best_reliability(self.reliability)

    @cached_property
    def scores_of(self) -> dict[str, pd.DataFrame]:
        """Scores by marker."""
        return {str(name): rows for name, rows in self.scores.groupby("marker", sort=False)}

    @cached_property
    def class_outcome(self) -> str:
        """Name of the primary outcome where it is a class, else empty."""
        rows = self.outcomes[(self.outcomes["role"] == "primary") & (self.outcomes["unit"] == "class")]
        return str(rows["outcome"].iloc[0]) if len(rows) else ""

    @cached_property
    def population(self) -> str:
        """Name of the first population."""
        names = self.populations["population"]
        return str(names.iloc[0]) if len(names) else ""

    def classes(self, without: str) -> pd.Series:
        """Return who is persistent (1) or recovered (0) in the first population, one person left out."""
        rows = self.outcomes[
            (self.outcomes["outcome"] == self.class_outcome) & (self.outcomes["status"] == "ok")
        ]
        inside = self.populations[
            (self.populations["population"] == self.population) & (self.populations["member"] == 1)
        ]
        known = rows[rows["participant_id"].isin(inside["participant_id"])]
        values = known.set_index("participant_id")["value"].astype(float)
        return values[(values.index != without) & np.isfinite(values.to_numpy())]


def _fact(cells: pd.Series, name: str) -> pd.Series:
    values, _ = numbers(cells, name)
    filled = int((cells != "").sum())
    numeric = bool(filled) and values.notna().sum() >= filled / 2
    return values.astype(float) if numeric else cells.astype(object)


def nearest(person: str, ids: Iterable[str]) -> list[str]:
    """Return the ids most like one that is not there, at most five."""
    import difflib

    known = list(ids)
    return difflib.get_close_matches(person, known, n=5, cutoff=0.5) or known[:5]
