"""Rows of the outcomes table that every family of pain outcomes has."""

from __future__ import annotations

from typing import Any

import numpy as np


def row(
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
    """Return one row (schema ``outcomes``); a reason makes it missing."""
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


def class_row(
    person: object, outcome: str, family: str, role: str, reason: str, *, persistent: bool | None
) -> dict[str, Any]:
    """Return the row of a class: 1 persistent, 0 recovered, missing where there is a reason."""
    value = np.nan if persistent is None else float(persistent)
    label = "" if persistent is None else ("persistent" if persistent else "recovered")
    return row(person, outcome, family, role, value, "class", reason, label=label)


def continuous_rows(person: object, first: float, last: float, unit: str, floor: float,
                    lost: str) -> list[dict[str, Any]]:  # fmt: skip
    """Return final pain (the primary continuous outcome), its covariate baseline pain, and both changes.

    Parameters
    ----------
    person
        Whose.
    first, last
        Ratings on the declared scale, NaN where missing.
    unit
        Of the ratings.
    floor
        Baseline pain below which a percentage has no meaning.
    lost
        Why there is no final rating.
    """
    no_first, no_last = "" if np.isfinite(first) else "no baseline rating", "" if np.isfinite(last) else lost
    either = no_first or no_last
    low = either or below_floor(first, floor)
    percent = np.nan if low else (last - first) / first * 100
    return [
        row(person, "final_pain", "continuous", "primary", last, unit, no_last),
        row(person, "baseline_pain", "continuous", "covariate", first, unit, no_first),
        row(person, "change", "continuous", "secondary", last - first, unit, either),
        row(person, "change_percent", "continuous", "secondary", percent, "%", low),
    ]


def below_floor(first: float, floor: float) -> str:
    """Return the reason why a percentage of this baseline has no meaning, empty where it has."""
    return f"baseline pain {first:g} is below the floor of {floor:g}" if first < floor or first <= 0 else ""
