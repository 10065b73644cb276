"""The order of sessions, where nobody named which comes first."""

from __future__ import annotations

import re

import pandas as pd

_NUMBER = re.compile(r"([0-9]+)")


def session_order(session_id: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a key that sorts sessions as people number them: ``ses-2`` comes before ``ses-10``.

    Examples
    --------
    >>> sorted(["ses-10", "ses-2", "ses-01"], key=session_order)
    ['ses-01', 'ses-2', 'ses-10']
    """
    parts = _NUMBER.split(session_id)
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part)


def first_session(table: pd.DataFrame) -> pd.Series:
    """Return the first session of each participant.

    Parameters
    ----------
    table
        Any table with the columns participant_id and session_id.

    Returns
    -------
    Series
        session_id, indexed by participant_id.
    """
    sessions = table[["participant_id", "session_id"]].drop_duplicates()
    order = sessions["session_id"].map(session_order)
    ordered = sessions.assign(order=order).sort_values(["participant_id", "order"])
    return ordered.drop_duplicates("participant_id").set_index("participant_id")["session_id"]
