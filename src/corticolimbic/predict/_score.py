"""Scores of a marker for every run that has its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import first_session, schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._markers import Marker

_RUN = ["participant_id", "session_id", "task", "run"]


def score(
    marker: Marker,
    features: pd.DataFrame,
    sites: Mapping[str, str],
    state_tasks: Mapping[str, tuple[str, ...]],
) -> tuple[pd.DataFrame, list[Problem]]:
    """Score a marker on every run of its state.

    Parameters
    ----------
    marker
        The marker.
    features
        Schema ``features``.
    sites
        Participant to site.
    state_tasks
        State to the task labels that count as it.

    Returns
    -------
    scores
        Schema ``scores``; a run that lacks an input has status "not computable: needs ...". A participant
        without any run to score has one row without a score.
    problems
        CL701 with what is missing, by participant.
    """
    tasks = state_tasks.get(marker.state, ())
    asked = marker.terms[0].key
    wanted = (
        features["task"].isin(tasks)
        & features["atlas"].isin(asked.atlases)
        & (features["measure"] == asked.measure)
        & (features["statistic"] == asked.statistic)
        & features["target"].isin(marker.targets)
    )
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    scored = set()
    for key, inputs in features[wanted].groupby(_RUN, sort=True):
        names = dict(zip(_RUN, key, strict=True))
        scored.add(names["participant_id"])
        value, status = _value(marker, inputs)
        rows.append(_row(marker, names, sites, value, status))
        if status != "ok":
            problems.append(_problem(names["participant_id"], names["session_id"], f"{marker.id} {status}"))
    here = features[features["task"].isin(tasks) & features["atlas"].isin(asked.atlases)]
    present = set(here["participant_id"])
    for person in sorted(set(features["participant_id"]) - scored):
        needs = "a run long enough for connectivity" if person in present else "; ".join(marker.needs)
        status = f"not computable: needs {needs}"
        names = {"participant_id": person, "session_id": "n/a", "task": "n/a", "run": "n/a"}
        rows.append(_row(marker, names, sites, np.nan, status))
    if not scored:
        problems.append(
            _problem(
                "",
                "",
                f"{marker.id} on nobody: no series of seg-{', '.join(asked.atlases)} in state {marker.state}",
            )
        )
    return schema("scores").table(rows), problems


def _problem(person: str, session: str, found: str) -> Problem:
    return problem("CL701", participant_id=person, session_id=session, found=found)


def _value(marker: Marker, inputs: pd.DataFrame) -> tuple[float, str]:
    """Return the score of one run and its status; inputs are found by target, never by position."""
    values = inputs.set_index("target")["value"]
    if values.index.has_duplicates:
        return (
            np.nan,
            "not computable: needs one value for each edge, found more (two spaces or acquisitions)",
        )
    lacking = [target for target in marker.targets if not np.isfinite(values.get(target, np.nan))]
    if lacking:
        return np.nan, f"not computable: needs {', '.join(lacking)}"
    parts = [
        term.weight * (values[list(term.targets)].mean() - term.center) / term.scale for term in marker.terms
    ]
    return marker.intercept + float(np.sum(parts)), "ok"


def _row(
    marker: Marker, names: Mapping[str, str], sites: Mapping[str, str], value: float, status: str
) -> dict[str, Any]:
    site = sites.get(names["participant_id"], "n/a")
    return {**names, "site": site, "marker": marker.id, "score": value, "se": np.nan, "status": status}


def person_scores(scores: pd.DataFrame, session: str | None = None) -> pd.Series:
    """Return one score a person: the mean over the runs of one session.

    Parameters
    ----------
    scores
        Rows of one marker, schema ``scores``.
    session
        The session; by default the first of each person that has a score (``ses-2`` before ``ses-10``).
    """
    good = scores[(scores["status"] == "ok") & np.isfinite(scores["score"])]
    chosen = session if session is not None else good["participant_id"].map(first_session(good))
    return good[good["session_id"] == chosen].groupby("participant_id", sort=True)["score"].mean()
