"""Small clinical tables, made in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd


def participants(**columns: Sequence[str]) -> pd.DataFrame:
    """Return a participants table of sub-1, sub-2, ... as the reader returns it."""
    length = len(next(iter(columns.values())))
    index = pd.Index([f"sub-{number + 1}" for number in range(length)], name="participant_id", dtype="str")
    return pd.DataFrame(columns, index=index, dtype="str")


def ratings(pain: Mapping[str, Mapping[str, str]], column: str = "nrs") -> pd.DataFrame:
    """Return sessions tables from participant to session to cell."""
    rows = [(person, session, cell) for person, visits in pain.items() for session, cell in visits.items()]
    return pd.DataFrame(rows, columns=["participant_id", "session_id", column], dtype="str")


def quality(**mean_fd: float) -> pd.DataFrame:
    """Return measured quality: sub_1=0.1 is the mean displacement of sub-1."""
    index = [name.replace("_", "-") for name in mean_fd]
    return pd.DataFrame({"mean_fd": list(mean_fd.values()), "censored_share": 0.0}, index=index)


def diary(
    values: Mapping[str, Sequence[tuple[float, float]]], variable: str = "nrs", session: str = "ses-none"
) -> pd.DataFrame:
    """Return a visits table of one variable, from participant to (day, value)."""
    rows = [
        {
            "participant_id": person,
            "session_id": session,
            "variable": variable,
            "instance": str(place),
            "value": f"{value:g}",
            "number": float(value),
            "day": float(day),
            "missing": "",
            "source": "diary.tsv",
        }
        for person, days in values.items()
        for place, (day, value) in enumerate(days)
    ]
    columns = ["participant_id", "session_id", "variable", "instance", "value", "number", "day", "missing"]
    return pd.DataFrame(rows, columns=[*columns, "source"])
