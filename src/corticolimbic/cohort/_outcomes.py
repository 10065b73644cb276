"""Outcomes: a study's own column, or the relative rule of METHODS M-1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.cohort._settings import Outcome
from corticolimbic.cohort._visits import numbers, text_column
from corticolimbic.features import schema, session_order
from corticolimbic.foundation import Problem, SettingsError, problem

SWEEP = (0.10, 0.20, 0.30, 0.40, 0.50)
"""Thresholds of the sweep (METHODS M-1)."""


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of all people.

    Parameters
    ----------
    table
        Schema ``outcomes``.
    primary
        Name of the primary outcome, or empty where none is asked for.
    problems
        What is missing or wrong, by person.
    """

    table: pd.DataFrame
    primary: str
    problems: tuple[Problem, ...]


def outcomes(participants: pd.DataFrame, sessions: pd.DataFrame, settings: Outcome) -> Outcomes:
    """Derive the outcomes that the settings ask for.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id, session_id and the ratings.
    settings
        Which outcome.

    Raises
    ------
    SettingsError
        Where a column or session that the settings name does not exist, or an outcome column holds neither
        numbers nor the two groups named.
    """
    if settings.family == "column":
        return _column(participants, settings)
    if settings.family == "relative":
        return _relative(participants, sessions, settings)
    return Outcomes(schema("outcomes").table([]), "", ())


def _column(participants: pd.DataFrame, settings: Outcome) -> Outcomes:
    name = settings.column or ""
    cells = text_column(participants, name)
    labels = pd.Series("", index=cells.index)
    if settings.positive is None:
        values, problems = numbers(cells, name)
        if (cells != "").any() and values.isna().all():
            advice = "for two groups name the cells that count as positive and negative"
            raise SettingsError(f"outcome {name}: no cell is a number ({_kinds(cells)}); {advice}")
    else:
        classes = {settings.positive: 1.0, settings.negative: 0.0}
        if (cells != "").any() and not cells.isin(list(classes)).any():
            wanted = f"{settings.positive!r} nor {settings.negative!r}"
            raise SettingsError(f"outcome {name}: no cell is {wanted}; the cells are {_kinds(cells)}")
        odd = cells[(cells != "") & ~cells.isin(list(classes))]
        expected = f"{settings.positive}, {settings.negative} or n/a"
        problems = [
            problem(
                "CL312",
                participant_id=str(person),
                file="participants.tsv",
                found=f"{name} = {cell!r}",
                expected=expected,
            )
            for person, cell in odd.items()
        ]
        values = cells.map(classes).astype(float)
        labels = cells.where(values.notna(), "")
    rows = []
    for person in cells.index:
        missing = bool(np.isnan(values[person]))
        reason = f"no value in {name}" if missing else ""
        if missing:
            problems.append(
                problem("CL308", participant_id=str(person), file="participants.tsv", found=reason)
            )
        rows.append(
            _row(
                person, name, "column", "primary", values[person], settings.unit, reason, label=labels[person]
            )
        )
    return Outcomes(schema("outcomes").table(rows), name, tuple(problems))


def _kinds(cells: pd.Series) -> str:
    """Return the distinct cells of a column, the first few, for a message about settings."""
    found = sorted(set(cells) - {""})
    return ", ".join(repr(cell[:40]) for cell in found[:6]) + (", ..." if len(found) > 6 else "")


def _relative(participants: pd.DataFrame, sessions: pd.DataFrame, settings: Outcome) -> Outcomes:
    baseline, final, problems = _ratings(participants, sessions, settings)
    thresholds = dict.fromkeys((settings.threshold, *settings.beside, *SWEEP))
    unit = settings.unit or "NRS"
    rows = []
    for person in participants.index:
        first, last = baseline[person], final[person]
        reason = _reason(first, last, settings)
        if reason:
            code = "CL309" if "floor" in reason else "CL308"
            problems.append(problem(code, participant_id=str(person), file="sessions.tsv", found=reason))
        change = np.nan if reason else (last - first) / first * 100
        for threshold in thresholds:
            role = _role(threshold, settings)
            # A fall of exactly the threshold is recovery; rounding must not decide (8 to 6.4 is -20 %).
            value = np.nan if reason else float(change > -threshold * 100 + 1e-9)
            label = "" if reason else ("persistent" if value else "recovered")
            rows.append(_row(person, _name(threshold), "relative", role, value, "class", reason, label=label))
        lost = "no final rating" if np.isnan(last) else ""
        rows.append(_row(person, "final_pain", "continuous", "primary", last, unit, lost))
        lost = "no baseline rating" if np.isnan(first) else ""
        rows.append(_row(person, "baseline_pain", "continuous", "covariate", first, unit, lost))
        rows.append(_row(person, "change_percent", "continuous", "secondary", change, "%", reason))
    return Outcomes(schema("outcomes").table(rows), _name(settings.threshold), tuple(problems))


def _role(threshold: float, settings: Outcome) -> str:
    if threshold == settings.threshold:
        return "primary"
    return "sensitivity" if threshold in settings.beside else "sweep"


def _name(threshold: float) -> str:
    return f"persistent_{threshold * 100:g}"


def _row(
    person: object,
    outcome: str,
    family: str,
    role: str,
    value: float,
    unit: str,
    reason: str,
    *,
    label: str = "",
) -> dict[str, Any]:
    return {
        "participant_id": str(person),
        "outcome": outcome,
        "family": family,
        "role": role,
        "value": value,
        "label": label,
        "unit": unit,
        "status": "missing" if reason else "ok",
        "reason": reason,
    }


def _ratings(
    participants: pd.DataFrame, sessions: pd.DataFrame, settings: Outcome
) -> tuple[pd.Series, pd.Series, list[Problem]]:
    column = settings.pain_column or ""
    if column not in sessions.columns:
        has = ", ".join(map(str, sessions.columns)) or "none"
        raise SettingsError(f"the sessions tables have no column {column!r}; their columns are {has}")
    recorded = sorted(set(sessions["session_id"]), key=session_order)
    problems: list[Problem] = []
    found = []
    for session in (settings.baseline_session, settings.final_session):
        if session not in recorded:
            has = ", ".join(recorded[:10]) or "none"
            raise SettingsError(f"the sessions tables have no session {session!r}; they have {has}")
        cells = sessions[sessions["session_id"] == session].set_index("participant_id")[column].astype(str)
        cells = cells.reindex(participants.index).fillna("")
        values, odd = numbers(cells, column, "sessions.tsv")
        low, high = settings.scale
        outside = values[(values < low) | (values > high)]
        problems += odd
        problems += [
            problem(
                "CL312",
                participant_id=str(person),
                session_id=str(session),
                file="sessions.tsv",
                found=f"{column} = {value:g}",
                expected=f"{low:g} to {high:g}",
            )
            for person, value in outside.items()
        ]
        found.append(values.where(~values.index.isin(outside.index)))
    return found[0], found[1], problems


def _reason(first: float, last: float, settings: Outcome) -> str:
    if np.isnan(first):
        return "no baseline rating"
    if np.isnan(last):
        return "no final rating"
    if first < settings.floor or first <= 0:
        return f"baseline pain {first:g} is below the floor of {settings.floor:g}"
    return ""
