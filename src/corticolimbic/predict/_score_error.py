"""The standard error of one score, from how well scores repeat (METHODS M-3)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.features import first_session
from corticolimbic.predict._markers import Marker, Reliability
from corticolimbic.stats import icc

FEWEST_REPEATED = 10
"""People with two runs in a session, below which scores of this study tell no reliability."""


def score_error(marker: Marker, frame: pd.DataFrame) -> tuple[Float[np.ndarray, " rows"], Reliability | None]:
    r"""Return the standard error of each score, :math:`SD \sqrt{1 - ICC}`, and the ICC with its source.

    The interval of a score is 1.96 standard errors either way. The ICC is the marker's own where it has one,
    else ICC(1,1) over runs of one session of this study, where enough people have two: runs minutes apart
    repeat better than sessions months apart, so the error is a lower bound, and the source says so.

    Parameters
    ----------
    marker
        With its published reliability, if any.
    frame
        One row a run: participant_id, session_id, score, status.
    """
    nothing = np.full(len(frame), np.nan)
    good = frame[frame["status"] == "ok"]
    several = good.duplicated(["participant_id", "session_id"])  # none: nothing to measure it by
    if marker.reliability is None and several.sum() < FEWEST_REPEATED:
        return nothing, None
    good = good[good["session_id"] == good["participant_id"].map(first_session(good))] if len(good) else good
    found = marker.reliability or _measured(marker, good)
    first = good.drop_duplicates("participant_id")["score"].astype(float)
    if found is None or len(first) < 3:
        return nothing, found
    error = float(first.std(ddof=1) * np.sqrt(1 - min(max(found.icc, 0.0), 1.0)))
    return np.where(frame["status"] == "ok", error, np.nan), found


def _measured(marker: Marker, good: pd.DataFrame) -> Reliability | None:
    if marker.over != "session" or marker.kind in {"relative", "clinical"}:
        return None
    runs = good.sort_values(["participant_id", "task", "run"])
    number = runs.groupby("participant_id").cumcount()
    wide = runs.assign(number=number).pivot(index="participant_id", columns="number", values="score")
    repeated = int((wide.notna().sum(axis=1) > 1).sum())
    if repeated < FEWEST_REPEATED:
        return None
    made = icc(wide.to_numpy(dtype=float)[:, :, None], "ICC(1,1)")
    value = float(made.icc[0])
    if not np.isfinite(value):
        return None
    words = f"measured here: ICC(1,1) over runs of one session, {repeated} people; sessions repeat less well"
    return Reliability(min(max(value, 0.0), 1.0), words)
