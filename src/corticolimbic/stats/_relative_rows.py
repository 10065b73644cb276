"""Relative measures of a table of people, as further columns to compare and as rows to keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort import text_column
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.stats._head_size import HeadSize
from corticolimbic.stats._hub_disruption import HubDisruption, nodal_degree
from corticolimbic.stats._normative import NormativeModel
from corticolimbic.stats._people_table import FEATURE_KEY, HEAD_SIZE, STRUCTURE_UNITS
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._relative_settings import RelativeMeasure, RelativeReference
from corticolimbic.stats._stored import StoredEstimator

WHOLE = "WholeBrain"
UNITS = {"hub_disruption": "slope", "z_normative": "z", "head_size": "mm3"}
_MEASURE, _TARGET = FEATURE_KEY.index("measure"), FEATURE_KEY.index("target")


@dataclass(frozen=True, eq=False)
class RelativeRows:
    """Relative measures of people.

    Parameters
    ----------
    table
        People by feature keys, like `connectivity_table`.
    stored
        Schema ``relative``.
    fitted
        Name of each reference (reference_id) to its estimator in plain form.
    problems
        Who and what has no value, and why.
    """

    table: pd.DataFrame
    stored: pd.DataFrame
    fitted: dict[str, StoredEstimator]
    problems: tuple[Problem, ...]


@dataclass
class _Made:
    columns: dict[tuple[str, ...], pd.Series] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    fitted: dict[str, StoredEstimator] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def relative_rows(
    table: pd.DataFrame,
    participants: pd.DataFrame,
    sites: pd.Series,
    measures: Sequence[RelativeMeasure],
    reference: RelativeReference,
) -> RelativeRows:
    """Fit the relative measures on the reference, and score everybody of the table.

    Parameters
    ----------
    table
        Fisher z of edges, people by feature keys, as `connectivity_table` returns it.
    participants
        Strings, indexed by participant_id.
    sites
        Of each person, indexed by participant_id.
    measures
        ``hub_disruption``: degrees of each state's network among the regions of the table's edges, its target
        ``WholeBrain``. ``z_normative``: of every column, under the column's own key.
    reference
        Who they are relative to.

    Raises
    ------
    SettingsError
        The column that marks the reference does not exist, or no value is given with it.
    """
    made = _Made()
    if measures and not table.empty:
        members = _members(table, participants, reference)
        for group in _networks(table.columns):
            if "hub_disruption" in measures and group[0][_MEASURE] == "fc":
                _hubs(table[group], members, reference, made)
            if "z_normative" in measures:
                _normative(
                    table[group], members, _covariates(participants, sites, reference), reference, made
                )
            if "head_size" in measures and group[0][_MEASURE] == "volume":
                _head_sized(table[group], members, participants, made)
    columns = pd.MultiIndex.from_tuples(list(made.columns), names=FEATURE_KEY) if made.columns else None
    wide = (
        pd.DataFrame(index=table.index) if columns is None else pd.DataFrame(made.columns, index=table.index)
    )
    if columns is not None:
        wide.columns = columns
    stored = schema("relative").table(made.rows)
    return RelativeRows(wide, stored, made.fitted, tuple(sorted(set(made.problems))))


def family_rank(measure: str, target: str, primary: Iterable[str]) -> str:
    """Return the family of a column: relative measures are one of their own, beside METHODS M-5's two."""
    if measure in UNITS:
        return "relative"
    if measure in STRUCTURE_UNITS:
        return "structure"
    return "primary" if target in primary else "exploratory"


def _members(table: pd.DataFrame, participants: pd.DataFrame, reference: RelativeReference) -> np.ndarray:
    if reference.column is None:
        return np.ones(len(table), dtype=bool)
    if reference.value is None:
        raise SettingsError("compare.relative_reference: a column needs the value that marks the reference")
    cells = text_column(participants, reference.column).reindex(table.index).fillna("")
    return (cells == reference.value).to_numpy(dtype=bool)


def _networks(columns: pd.Index) -> list[list[tuple]]:
    """Return the columns of each state, atlas, strategy and estimator: they are never pooled."""
    groups: dict[tuple, list[tuple]] = {}
    for column in columns:
        groups.setdefault(column[:_TARGET] + column[_TARGET + 1 :], []).append(column)
    return list(groups.values())


def _place(key: tuple[str, ...], measure: str) -> str:
    return f"{measure}, task {key[0]}, {key[FEATURE_KEY.index('atlas')]}"


def _renamed(key: tuple[str, ...], measure: str, target: str | None = None) -> tuple[str, ...]:
    parts = list(key)
    parts[_MEASURE] = measure
    if target is not None:
        parts[_TARGET] = target
    return tuple(parts)


def _hubs(values: pd.DataFrame, members: np.ndarray, reference: RelativeReference, made: _Made) -> None:
    key = _renamed(values.columns[0], "hub_disruption", WHOLE)
    place = _place(key, "hub_disruption")
    ends = [str(column[_TARGET]).split("--") for column in values.columns]
    nodes = sorted({end for pair in ends if len(pair) == 2 for end in pair})
    index = {node: at for at, node in enumerate(nodes)}
    matrices = np.full((len(values), len(nodes), len(nodes)), np.nan)
    for at, pair in enumerate(ends):
        if len(pair) == 2:
            a, b = index[pair[0]], index[pair[1]]
            matrices[:, a, b] = matrices[:, b, a] = values.iloc[:, at]
    degrees = nodal_degree(matrices, density=reference.density)
    people = [str(person) for person in values.index]
    try:
        fitted = HubDisruption().fit(
            degrees[members], [p for p, one in zip(people, members, strict=True) if one]
        )
    except ModelError as error:
        made.problems.append(problem("CL621", found=f"{place}: {error.reason}"))
        return
    scored = fitted.transform(degrees, people)
    made.fitted[fitted.reference_id_] = fitted.to_plain()
    made.columns[key] = scored["slope"].set_axis(values.index)
    for person, row in scored.iterrows():
        if row["reason"]:
            made.problems.append(
                problem("CL620", participant_id=str(person), found=f"{place}: {row['reason']}")
            )
        made.rows.append(
            _row(str(person), key, row["slope"], row["se"], fitted.reference_id_, int(row["n_reference"]))
        )


def _covariates(participants: pd.DataFrame, sites: pd.Series, reference: RelativeReference) -> pd.DataFrame:
    # Under names of our own, so that a column called site among the covariates is not confused with it.
    named = {
        name: text_column(participants, name)
        for name in dict.fromkeys((reference.age, *reference.covariates))
    }
    if HEAD_SIZE in named:
        named[HEAD_SIZE] = pd.to_numeric(named[HEAD_SIZE].replace("", np.nan), errors="coerce")
    people = pd.DataFrame(named, index=participants.index)
    people[_SITE] = sites.reindex(participants.index)
    return people


_SITE = "(site)"


def _normative(
    values: pd.DataFrame, members: np.ndarray, people: pd.DataFrame, reference: RelativeReference, made: _Made
) -> None:
    place = _place(values.columns[0], "z_normative")
    known = people[_SITE].fillna("").astype(str)
    site = _SITE if (known != "").any() else None
    try:
        fitted = NormativeModel(reference.age, reference.covariates, site).fit(values[members], people)
    except ModelError as error:
        made.problems.append(problem("CL621", found=f"{place}: {error.reason}"))
        return
    if fitted.refused_:
        reason = next(iter(fitted.refused_.values()))
        made.problems.append(
            problem("CL621", found=f"{place}: {len(fitted.refused_)} features, for example as {reason}")
        )
    scored = fitted.transform(values, people)
    made.problems += [
        problem("CL620", participant_id=person, found=f"{place}: {why}")
        for person, why in scored.reasons.items()
    ]
    made.problems += [problem("CL622", participant_id=person, found=place) for person in scored.unseen]
    made.problems += [problem("CL623", participant_id=person, found=place) for person in scored.outside]
    made.fitted[fitted.reference_id_] = fitted.to_plain()
    has = values.loc[list(fitted.people_)].apply(np.isfinite)
    for column in fitted.features_:
        key = _renamed(column, "z_normative")
        z, se = scored.z[column], scored.se[column]
        made.columns[key] = z
        n = int(has[column].sum())
        for person in values.index:
            inside = person in has.index and bool(has.loc[person, column])
            made.rows.append(_row(str(person), key, z[person], se[person], fitted.reference_id_, n - inside))


def _head_sized(values: pd.DataFrame, members: np.ndarray, participants: pd.DataFrame, made: _Made) -> None:
    """Add volumes at the reference's average head."""
    place = _place(values.columns[0], "head_size")
    cells = participants.get(HEAD_SIZE, pd.Series("", index=participants.index))
    size = pd.to_numeric(cells.replace("", np.nan), errors="coerce").reindex(values.index)
    try:
        fitted = HeadSize().fit(values[members], size)
    except ModelError as error:
        made.problems.append(problem("CL621", found=f"{place}: {error.reason}"))
        return
    for column, why in fitted.refused_.items():
        made.problems.append(problem("CL621", found=f"{place}, {column[_TARGET]}: {why}"))
    made.fitted[fitted.reference_id_] = fitted.to_plain()
    adjusted = fitted.transform(values, size)
    for column in fitted.features_:
        key = _renamed(column, "head_size")
        made.columns[key] = adjusted[column]
        n = int((values.loc[list(fitted.people_), column]).notna().sum())
        for person, value in adjusted[column].items():
            made.rows.append(_row(str(person), key, float(value), np.nan, fitted.reference_id_, n))


def _row(
    person: str, key: tuple[str, ...], value: float, se: float, reference: str, n: int
) -> dict[str, Any]:
    return {
        "participant_id": person,
        **dict(zip(FEATURE_KEY, key, strict=True)),
        "value": float(value),
        "unit": UNITS[key[_MEASURE]],
        "se": float(se),
        "reference_id": reference,
        "n_reference": n,
    }
