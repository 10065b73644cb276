"""The circuit's features of one person against the controls of the same run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.foundation import shipped_rows
from corticolimbic.predict._individual_position import position
from corticolimbic.predict._individual_record import Controls, FeaturePosition
from corticolimbic.predict._individual_study import MOTION, SITE, Study
from corticolimbic.stats import FEATURE_KEY, ModelError

PEOPLE_A_COLUMN = 5
"""Controls that each column of the adjustment must have, and that a level (a site, a sex) must have."""
FUNCTIONAL = frozenset({"fc"})
"""Measures that are adjusted for motion."""


@dataclass(frozen=True)
class PublishedIcc:
    """A published reliability that stands in where none was measured."""

    icc: float
    low: float
    high: float
    source: str


@cache
def published_icc(measure: str) -> PublishedIcc | None:
    """Return the published reliability of a measure, None where none is shipped."""
    for row in shipped_rows("corticolimbic.predict", "published_icc"):
        if row["measure"] == measure:
            return PublishedIcc(float(row["icc"]), float(row["low"]), float(row["high"]), row["source"])
    return None


def controls_of(study: Study, person: str) -> Controls:
    """Return who the controls are, the person never among them, and why there are not enough."""
    everyone = study.control_ids
    others = [one for one in everyone if one != person and one in study.table.index]
    minimum = study.settings.minimum_controls
    if study.controls is None:
        reason = "the settings name no controls (individuals.controls_column and controls_value)"
    elif study.controls[0] not in study.participants.columns:
        reason = f"the participants table has no column {study.controls[0]}"
    elif len(others) < minimum:
        reason = f"{len(others)} other controls have features, {minimum} are needed"
    else:
        reason = ""
    column, value = study.controls or ("", "")
    return Controls(column, value, len(others), minimum, person in everyone, reason)


def feature_positions(study: Study, person: str) -> tuple[FeaturePosition, ...]:
    """Place every primary feature of the person against the other controls.

    A covariate is adjusted for where the person's is known, enough controls have it and it varies among
    them; age and motion enter as straight lines, sex and site as levels. The record says what was adjusted
    for and what was not, and why.

    Parameters
    ----------
    study
        Tables of the run.
    person
        participant_id; never among the controls.
    """
    table = study.table
    if person not in table.index:
        return ()
    found = controls_of(study, person)
    others = [one for one in study.control_ids if one != person and one in table.index]
    steady = _reliabilities(study)
    return tuple(
        _feature(study, person, tuple(map(str, column)), others, found, steady)
        for column in sorted(table.columns)
    )


def _feature(
    study: Study,
    person: str,
    column: tuple[str, ...],
    others: Sequence[str],
    found: Controls,
    steady: dict[tuple[str, ...], tuple[float, str]],
) -> FeaturePosition:
    key = dict(zip(FEATURE_KEY, column, strict=True))
    value = float(study.table.loc[person, column])
    icc, source = steady.get(tuple(column), (math.nan, ""))
    published = published_icc(key["measure"])
    if not math.isfinite(icc) and published is not None:
        icc, source = published.icc, published.source
    blank = FeaturePosition(
        task=key["task"],
        atlas=key["atlas"],
        measure=key["measure"],
        target=key["target"],
        unit=study.units.get((key["measure"], key["target"]), ""),
        value=value,
        n_controls=found.n,
        icc=icc,
        icc_source=source,
    )
    if not math.isfinite(value):
        return replace(blank, reason="the person has no value of it")
    if found.reason:
        return replace(blank, reason=found.reason)
    values = study.table.loc[list(others), column].astype(float)
    values = values[np.isfinite(values.to_numpy())]
    if len(values) < found.minimum:
        reason = f"{len(values)} other controls have it, {found.minimum} are needed"
        return replace(blank, n_controls=len(values), reason=reason)
    wanted = [name for name in study.facts.columns if name != MOTION or key["measure"] in FUNCTIONAL]
    chosen = adjustment(study.facts[wanted], person, list(map(str, values.index)), found.minimum)
    values = values.loc[list(chosen.people)]
    try:
        placed = position(value, chosen.row, values.to_numpy(dtype=float), chosen.matrix)
    except ModelError as error:
        return replace(blank, n_controls=len(values), reason=error.reason)
    return replace(
        blank,
        n_controls=placed.n,
        z=placed.z,
        z_low=placed.z_low,
        z_high=placed.z_high,
        percentile=placed.percentile,
        percentile_low=placed.percentile_low,
        percentile_high=placed.percentile_high,
        noise=1.96 * math.sqrt(1 - min(max(icc, 0.0), 1.0)) if math.isfinite(icc) else math.nan,
        adjusted=chosen.used,
        not_adjusted=chosen.left_out,
    )


def _reliabilities(study: Study) -> dict[tuple[str, ...], tuple[float, str]]:
    """Return ICC and its source for every feature whose reliability this run measured."""
    return {
        tuple(str(row[name]) for name in FEATURE_KEY): (float(row["icc"]), f"this study, {row['kind']}")
        for row in study.best_reliability.to_dict("records")
    }


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Columns of the controls and of the person, who the controls are, and what was used or left out."""

    people: tuple[str, ...]
    matrix: Float[np.ndarray, "people columns"]
    row: Float[np.ndarray, " columns"]
    used: tuple[str, ...]
    left_out: tuple[str, ...]


def adjustment(facts: pd.DataFrame, person: str, controls: Sequence[str], minimum: int) -> Adjustment:
    """Choose what a position is adjusted for.

    Parameters
    ----------
    facts
        Numbers (NaN where unknown) and names ("" where unknown), by participant_id.
    person
        Whose row of the matrix is wanted.
    controls
        The controls; those who lack what is used are left out.
    minimum
        As many must be left.
    """
    kept = list(controls)
    columns: list[str] = []
    left_out: list[str] = []
    width = 1
    for name in facts.columns:
        more, people, why = _one(facts, name, person, kept, minimum, width)
        if why:
            left_out.append(f"{name}: {why}")
        elif more:
            columns.append(name)
            kept, width = people, width + more
    matrix, row = np.ones((len(kept), 1)), np.ones(1)
    for name in columns:
        here, own = _coded(facts[name], kept, person)
        matrix, row = np.column_stack([matrix, here]), np.concatenate([row, own])
    used = tuple(name + _beyond(facts[name], kept, person) for name in columns)
    return Adjustment(tuple(kept), matrix, row, used, tuple(left_out))


def _beyond(cells: pd.Series, kept: Sequence[str], person: str) -> str:
    """Return a note where a person's number lies outside those of the controls."""
    if cells.dtype.kind != "f":
        return ""
    here, own = cells.loc[list(kept)].to_numpy(dtype=float), float(cells[person])
    return "" if here.min() <= own <= here.max() else " (beyond the controls' range)"


def _one(
    facts: pd.DataFrame, name: str, person: str, kept: Sequence[str], minimum: int, width: int
) -> tuple[int, list[str], str]:
    """Return columns that a covariate adds, the controls who have it, and why it cannot be used."""
    cells = facts[name]
    numeric = cells.dtype.kind == "f"
    own = cells[person]
    has = cells.loc[list(kept)]
    has = has[np.isfinite(has.to_numpy())] if numeric else has[has != ""]
    if (numeric and not math.isfinite(float(own))) or (not numeric and own == ""):
        return 0, [], "not known of the person"
    if numeric and len(has) and not np.ptp(has.to_numpy(dtype=float)) > 0:
        return 0, [], "it does not vary among the controls"
    if not numeric and (alike := int((has == own).sum())) < PEOPLE_A_COLUMN:
        what = "of the person's site" if name == SITE else "with the person's"
        return 0, [], f"{alike} controls {what}, {PEOPLE_A_COLUMN} are needed"
    more = 1 if numeric else has.nunique() - 1
    needed = max(minimum, PEOPLE_A_COLUMN * (width + more))
    if more and len(has) < needed:
        return 0, [], f"{len(has)} controls have it, {needed} are needed"
    return more, list(map(str, has.index)), ""


def _coded(cells: pd.Series, kept: Sequence[str], person: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of the controls and the cells of the person; the person's level is the reference."""
    if cells.dtype.kind == "f":
        values = cells.loc[list(kept)].to_numpy(dtype=float)
        center, scale = float(values.mean()), float(values.std()) or 1.0
        return ((values - center) / scale)[:, None], np.array([(float(cells[person]) - center) / scale])
    here = cells.loc[list(kept)].astype(str)
    others = sorted(set(here) - {str(cells[person])})
    coded = (here.to_numpy(dtype=object)[:, None] == np.array(others, dtype=object)[None, :]).astype(float)
    return coded, np.zeros(len(others))
