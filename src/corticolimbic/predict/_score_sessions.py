"""Scores over the sessions of a person: changes, means, and deviations from the person's own mean."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.features import session_order
from corticolimbic.predict._inputs import RUN
from corticolimbic.predict._markers import Marker

_ANOTHER = "not computable: needs a second session with its inputs"


def over_sessions(marker: Marker, frame: pd.DataFrame) -> pd.DataFrame:
    """Make the scores of runs into those that the marker asks for.

    Runs of a session are averaged first. A change is each later session minus the person's first that has
    the inputs; a mean is over the person's sessions, each counting once, and stands at each of them; a
    deviation is a session minus that mean, and takes two sessions.

    Parameters
    ----------
    marker
        Says which by ``over``.
    frame
        Columns participant_id, session_id, task, run, score, status, se; one row a run.

    Returns
    -------
    DataFrame
        The same columns; one row a session where sessions are compared.
    """
    if marker.over == "session" or frame.empty:
        return frame
    good = frame[frame["status"] == "ok"]
    sessions = good.groupby(["participant_id", "session_id"], sort=True)["score"].mean().reset_index()
    sessions = sessions.assign(order=sessions["session_id"].map(session_order))
    sessions = sessions.sort_values(["participant_id", "order"], ignore_index=True)
    by_person = sessions.groupby("participant_id")["score"]
    number, count = by_person.cumcount(), by_person.transform("size")
    if marker.over == "change":
        values, kept = sessions["score"] - by_person.transform("first"), number > 0
    elif marker.over == "person_mean":
        values, kept = by_person.transform("mean"), number >= 0
    else:
        values, kept = sessions["score"] - by_person.transform("mean"), count > 1
    made = pd.DataFrame(
        {
            "participant_id": sessions["participant_id"],
            "session_id": sessions["session_id"],
            "task": _tasks(good, sessions),
            "run": "n/a",
            "score": values,
            "status": "ok",
            "se": np.nan,
        }
    )[kept.to_numpy()]
    return pd.concat([made, _left(frame, good, made)], ignore_index=True)[list(frame.columns)]


def _tasks(good: pd.DataFrame, sessions: pd.DataFrame) -> list[str]:
    names = good.groupby(["participant_id", "session_id"])["task"].agg(lambda cells: sorted(set(cells)))
    found = [names[person, session] for person, session in sessions[RUN[:2]].itertuples(index=False)]
    return [tasks[0] if len(tasks) == 1 else "n/a" for tasks in found]


def _left(frame: pd.DataFrame, good: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the people who have no score: what their runs lack, or that a session is missing."""
    rest = frame[~frame["participant_id"].isin(made["participant_id"])]
    one = rest[rest["participant_id"].isin(good["participant_id"])].drop_duplicates("participant_id")
    lacking = rest[~rest["participant_id"].isin(good["participant_id"])]
    one = one.assign(run="n/a", score=np.nan, status=_ANOTHER, se=np.nan)
    return pd.concat([one, lacking], ignore_index=True)
