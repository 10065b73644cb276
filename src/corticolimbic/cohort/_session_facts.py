"""What is known of a session beside its measures: scanner and software, by session or by person."""

from __future__ import annotations

import pandas as pd

from corticolimbic.foundation import MISSING_CELLS

UNKNOWN = "n/a"


def session_fact(
    participants: pd.DataFrame, sessions: pd.DataFrame, participant_id: str, session_id: str, column: str
) -> str:
    """Return one fact of a session: what its own row says, else the person's row, else ``n/a``.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    sessions
        Strings, columns participant_id, session_id and others.
    participant_id, session_id
        Which session.
    column
        Where the fact stands.
    """
    if column in sessions.columns:
        own = (sessions["participant_id"] == participant_id) & (sessions["session_id"] == session_id)
        said = [cell for cell in sessions.loc[own, column] if cell not in MISSING_CELLS]
        if said:
            return str(said[0])
    if column in participants.columns and participant_id in participants.index:
        cell = str(participants.at[participant_id, column])
        if cell not in MISSING_CELLS:
            return cell
    return UNKNOWN
