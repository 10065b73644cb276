"""The inputs of a marker among feature rows: found by key, never by position."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.predict._markers import ANY, Key, Marker, Term

RUN = ["participant_id", "session_id", "task", "run"]
NO_STATE = frozenset({"structure", "not_imaging"})
"""States of no task: rows of any task label are taken."""
OF_A_SESSION = frozenset(
    {"volume", "thickness", "area", "density", "intracranial_volume", "fa", "md", "tract_connections"}
)
"""Measures that belong to a session, and go with each of its runs."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the formula of a marker takes.

    Parameters
    ----------
    values
        Runs (index: participant_id, session_id, task, run) by number of the term; NaN where it is lacking.
    lacking
        Run to what it lacks, in words; complete runs are not listed.
    targets
        Runs by target, the values before they are combined.
    present
        People with any row of the marker's state in an atlas that it names.
    refused
        Why nobody has inputs though rows are there; empty where that is not so.
    """

    values: pd.DataFrame
    lacking: dict[Hashable, str]
    targets: pd.DataFrame
    present: frozenset[str]
    refused: str = ""


def inputs(
    marker: Marker,
    features: pd.DataFrame,
    state_tasks: Mapping[str, tuple[str, ...]],
    atlas: str | None = None,
) -> Inputs:
    """Find the inputs of a marker with terms.

    Parameters
    ----------
    marker
        The marker.
    features
        Schema ``features``.
    state_tasks
        State to the task labels that count as it.
    atlas
        Which atlas an input takes that accepts any, where there are several.
    """
    tables, doubled, present, lacks = {}, set(), set(), []
    for key in marker.keys:
        rows = _of_state(features, marker, key, state_tasks)
        wanted = {target for term in marker.terms if term.key == key for target in term.accepted}
        rows = rows[rows["measure"] == key.measure]
        if key.statistic:
            rows = rows[rows["statistic"] == key.statistic]
        rows = rows[rows["target"].isin(wanted)]
        names = {"atlas": _chosen(rows["atlas"], key.atlases, atlas), "estimator": ""}
        rows = rows if names["atlas"] is None else rows[rows["atlas"] == names["atlas"]]
        kinds = sorted(set(rows["statistic"]))
        if names["atlas"] is None:
            lacks.append(f"one atlas of {key.measure} (predict.atlas), found {_some(rows['atlas'])}")
        elif len(kinds) > 1:
            lacks.append(f"one estimator of {key.measure}, found {', '.join(kinds)}")
        found = [*RUN, "target"]
        twice = rows[rows.duplicated(found, keep=False)]
        doubled |= set(map(tuple, twice[RUN].drop_duplicates().to_numpy()))
        wide = rows.drop_duplicates(found).set_index(found)["value"].unstack("target")
        tables[key] = _transformed(wide, key.transform)
        present |= _people_of(features, marker, key, state_tasks)
    if lacks:
        nothing = pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=RUN))
        return Inputs(nothing, {}, nothing, frozenset(present), "; ".join(lacks))
    aligned = _aligned(tables)
    values = pd.DataFrame(
        {place: _combined(term, aligned[term.key]) for place, term in enumerate(marker.terms)}
    )
    lacking = _lacking(marker, values, aligned)
    lacking |= {
        run: "one value for each input, found more (two spaces or acquisitions)"
        for run in values.index
        if run in doubled
    }
    every = pd.concat(list(aligned.values()), axis=1) if aligned else values
    return Inputs(values, lacking, every, frozenset(present))


def _of_state(
    features: pd.DataFrame, marker: Marker, key: Key, state_tasks: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    if marker.state in NO_STATE:
        return features
    tasks = set(state_tasks.get(marker.state, ()))
    return features[features["task"].isin(tasks | {"n/a"} if key.measure in OF_A_SESSION else tasks)]


def _people_of(
    features: pd.DataFrame, marker: Marker, key: Key, state_tasks: Mapping[str, tuple[str, ...]]
) -> set[str]:
    if ANY in key.atlases or key.measure in OF_A_SESSION:
        return set()
    rows = _of_state(features, marker, key, state_tasks)
    return set(rows.loc[rows["atlas"].isin(key.atlases), "participant_id"])


def _chosen(found: pd.Series, accepted: tuple[str, ...], preferred: str | None) -> str | None:
    """Return the one atlas that everybody's input is taken from, None where several could be."""
    names = sorted(set(found))
    for name in accepted:
        if name in names:
            return name
        if name == ANY:
            if len(names) > 1:
                return preferred if preferred in names else None
            return names[0] if names else ""
    return ""


def _some(names: pd.Series) -> str:
    return ", ".join(sorted(set(names))[:5])


def _transformed(wide: pd.DataFrame, transform: str) -> pd.DataFrame:
    numbers = wide.to_numpy(dtype=float)
    if transform == "fisher_z":
        with np.errstate(divide="ignore", invalid="ignore"):
            numbers = np.arctanh(numbers)
    return pd.DataFrame(np.where(np.isfinite(numbers), numbers, np.nan), wide.index, wide.columns)


def _aligned(tables: Mapping[Key, pd.DataFrame]) -> dict[Key, pd.DataFrame]:
    """Bring all tables to the same runs; what belongs to a session goes with each of its runs."""
    of_runs = [table for table in tables.values() if not _of_sessions(table)]
    chosen = of_runs or list(tables.values())
    index = chosen[0].index
    for table in chosen[1:]:
        index = index.union(table.index)
    made = {}
    for key, table in tables.items():
        if of_runs and _of_sessions(table):
            once = table[~table.droplevel(RUN[2:]).index.duplicated(keep=False)].droplevel(RUN[2:])
            filled = once.reindex(index.droplevel(RUN[2:]))
            made[key] = filled.set_axis(index)
        else:
            made[key] = table.reindex(index)
    return made


def _of_sessions(table: pd.DataFrame) -> bool:
    return bool(len(table)) and set(table.index.get_level_values("task")) == {"n/a"}


def parts(term: Term, columns: pd.Index) -> tuple[str, ...]:
    """Return the targets that a term is made of here: its parts, or the whole where nobody has a part."""
    whole = term.whole and term.whole in columns and not any(name in columns for name in term.targets)
    return (term.whole,) if whole else term.targets


def _combined(term: Term, table: pd.DataFrame) -> pd.Series:
    values = table.reindex(columns=list(parts(term, table.columns)))
    return values.mean(axis=1, skipna=False) if term.combine == "mean" else values.sum(axis=1, skipna=False)


def _lacking(
    marker: Marker, values: pd.DataFrame, aligned: Mapping[Key, pd.DataFrame]
) -> dict[Hashable, str]:
    found: dict[Hashable, dict[str, None]] = {}
    for place, term in enumerate(marker.terms):
        table = aligned[term.key]
        for name in parts(term, table.columns):
            column = table[name] if name in table.columns else pd.Series(np.nan, values.index)
            for run in values.index[(values[place].isna() & column.isna()).to_numpy()]:
                found.setdefault(run, {})[name] = None
    return {run: ", ".join(names) for run, names in found.items()}
