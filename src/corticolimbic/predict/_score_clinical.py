"""Scores that are clinical values: a rating of pain, or a score of a questionnaire."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.predict._inputs import RUN
from corticolimbic.predict._markers import ClinicalInput, Marker
from corticolimbic.predict._score_data import Beside

_COLUMNS = [*RUN, "score", "status", "se"]
_USABLE = frozenset({"ok", "prorated"})


def clinical_scores(marker: Marker, beside: Beside) -> pd.DataFrame:
    """Return the value of every person and session that has one; several in a session are averaged.

    Of the names under which a value may stand, the first that anybody has is taken, for everybody: two
    questionnaires never make one score.

    Parameters
    ----------
    marker
        Of kind ``clinical``.
    beside
        With ratings, visits and questionnaires.
    """
    wanted = marker.clinical or ClinicalInput()
    for table in _tables(wanted, beside):
        good = table[np.isfinite(table["value"].to_numpy(dtype=float))]
        if len(good):
            mean = good.groupby(["participant_id", "session_id"], sort=True)["value"].mean().reset_index()
            made = mean.rename(columns={"value": "score"})
            return made.assign(task="n/a", run="n/a", status="ok", se=np.nan)[_COLUMNS]
    return pd.DataFrame([], columns=_COLUMNS)


def _tables(wanted: ClinicalInput, beside: Beside) -> list[pd.DataFrame]:
    tables = []
    key = ["participant_id", "session_id"]
    if wanted.rating and beside.ratings is not None:
        tables.append(beside.ratings[[*key, "rating"]].rename(columns={"rating": "value"}))
    if beside.instrument_scores is not None:
        scores = beside.instrument_scores
        scores = scores[scores["status"].isin(_USABLE)]
        names = scores["instrument"] + ": " + scores["subscale"]
        for name in wanted.instruments:
            tables.append(scores.loc[names == name, [*key, "score"]].rename(columns={"score": "value"}))
    if beside.visits is not None:
        for name in wanted.variables:
            rows = beside.visits[beside.visits["variable"].str.casefold() == name.casefold()]
            tables.append(rows[[*key, "number"]].rename(columns={"number": "value"}))
    return tables
