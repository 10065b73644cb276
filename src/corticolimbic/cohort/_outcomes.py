"""Outcomes (METHODS M-1): a study's own column, or the relative or absolute rule over pain ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.cohort._absolute_outcome import absolute_rows, level_name
from corticolimbic.cohort._end_ratings import end_ratings
from corticolimbic.cohort._outcome_rows import row
from corticolimbic.cohort._ratings import Ratings
from corticolimbic.cohort._relative_outcome import relative_rows, threshold_name
from corticolimbic.cohort._settings import Outcome
from corticolimbic.cohort._visits import numbers, text_column
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, SettingsError, problem


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


def outcomes(
    participants: pd.DataFrame,
    sessions: pd.DataFrame,
    settings: Outcome,
    ratings: Ratings | None = None,
) -> Outcomes:
    """Derive the outcomes that the settings ask for.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id, session_id and the ratings.
    settings
        Which outcome.
    ratings
        All pain ratings over time; needed where the final one is chosen by day.

    Raises
    ------
    SettingsError
        Where a column or session that the settings name does not exist, or an outcome column holds neither
        numbers nor the two groups named.
    """
    if settings.family == "column":
        return _column(participants, settings)
    if not settings.of_ratings:
        return Outcomes(schema("outcomes").table([]), "", ())
    ends = end_ratings(participants, sessions, settings, ratings)
    if settings.family == "relative":
        primary = threshold_name(settings.threshold)
        rows, problems = relative_rows(participants.index, ends, settings)
    else:
        primary = level_name(settings.level)
        rows, problems = absolute_rows(participants.index, sessions, ends, settings)
    return Outcomes(schema("outcomes").table(rows), primary, (*ends.problems, *problems))


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
            row(
                person, name, "column", "primary", values[person], settings.unit, reason, label=labels[person]
            )
        )
    return Outcomes(schema("outcomes").table(rows), name, tuple(problems))


def _kinds(cells: pd.Series) -> str:
    """Return the distinct cells of a column, the first few, for a message about settings."""
    found = sorted(set(cells) - {""})
    return ", ".join(repr(cell[:40]) for cell in found[:6]) + (", ..." if len(found) > 6 else "")
