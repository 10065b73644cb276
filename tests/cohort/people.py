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
