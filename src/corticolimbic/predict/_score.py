"""Scores of a marker, by its kind, for every run or session that has its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from corticolimbic.features import first_session, schema, session_order
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._inputs import RUN, Inputs, inputs
from corticolimbic.predict._markers import Marker, Over
from corticolimbic.predict._score_clinical import clinical_scores
from corticolimbic.predict._score_data import Beside, Scored
from corticolimbic.predict._score_error import score_error
from corticolimbic.predict._score_relative import relative_scores
from corticolimbic.predict._score_sessions import over_sessions
from corticolimbic.predict._weights import unknown_names

NEEDS = "not computable: needs "
_NAMED_APART = 20
"""More people who lack an input are counted, not listed, in the problems; the table lists them all."""


def score(
    marker: Marker,
    features: pd.DataFrame,
    sites: Mapping[str, str],
    state_tasks: Mapping[str, tuple[str, ...]],
    beside: Beside | None = None,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Score a marker; `scored` without what was fitted.

    Parameters
    ----------
    marker, features, sites, state_tasks, beside
        As for `scored`.

    Returns
    -------
    scores
        Schema ``scores``; a run that lacks an input has status "not computable: needs ...". A participant
        without any run to score has one row without a score.
    problems
        CL701 with what is missing, by participant.
    """
    found = scored(marker, features, sites, state_tasks, beside)
    return found.table, list(found.problems)


def scored(
    marker: Marker,
    features: pd.DataFrame,
    sites: Mapping[str, str],
    state_tasks: Mapping[str, tuple[str, ...]],
    beside: Beside | None = None,
) -> Scored:
    """Score a marker on every run of its state.

    Parameters
    ----------
    marker
        The marker. One whose weights the user supplies as a table comes with them as its terms
        (`with_weights`).
    features
        Schema ``features``.
    sites
        Participant to site.
    state_tasks
        State to the task labels that count as it.
    beside
        What some kinds need beside features.
    """
    beside = replace(beside or Beside(), sites=sites)
    frame, problems, fitted, present, nobody = _by_kind(marker, features, state_tasks, beside)
    problems += _said(marker, frame)
    people = _people(features, beside) - set(frame["participant_id"])
    rest = [_without(marker, person, present, nobody) for person in sorted(people)]
    if not len(frame):
        problems.append(problem("CL701", found=f"{marker.id} on nobody: needs {nobody or _all(marker)}"))
    frame = pd.concat([frame, pd.DataFrame(rest, columns=frame.columns)], ignore_index=True)
    se, reliability = score_error(marker, frame)
    known = pd.to_numeric(frame.pop("se")).astype(float)
    frame = frame.assign(
        se=np.where(known.notna(), known, se),
        site=[sites.get(person, "n/a") for person in frame["participant_id"]],
        marker=marker.id,
    )
    order = schema("scores").names
    return Scored(schema("scores").check(frame[order]), tuple(problems), fitted, reliability)


def _by_kind(
    marker: Marker, features: pd.DataFrame, state_tasks: Mapping[str, tuple[str, ...]], beside: Beside
) -> tuple[pd.DataFrame, list[Problem], Mapping, frozenset[str], str]:
    if marker.kind == "clinical":
        return clinical_scores(marker, beside), [], {}, frozenset(), ""
    if marker.kind == "weights" and not marker.terms:
        maps = beside.maps.get(marker.id)
        frame = _frame([]) if maps is None else maps.assign(se=np.nan)[[*RUN, "score", "status", "se"]]
        return frame.reset_index(drop=True), [], {}, frozenset(), ""
    unknown = unknown_names(marker, features) if marker.kind == "weights" else ()
    if unknown:
        words = f"{marker.id}: {', '.join(unknown[:10])}" + (
            f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        )
        return (
            _frame([]),
            [problem("CL704", found=words)],
            {},
            frozenset(),
            f"regions of its weights: {words}",
        )
    found = inputs(marker, features, state_tasks, beside.atlas)
    if found.refused:
        return _frame([]), [], {}, found.present, found.refused
    if marker.kind == "relative":
        made = relative_scores(marker, found, features, beside)
        return made.frame, list(made.problems), made.fitted, found.present, made.refused
    frame = _formula(marker, found)
    return over_sessions(marker, frame), [], {}, found.present, ""


def _formula(marker: Marker, found: Inputs) -> pd.DataFrame:
    """Return intercept + sum of weight * (value - center) / scale, run by run."""
    terms = marker.terms
    weight, center, scale = (
        np.array([getattr(term, name) for term in terms]) for name in ("weight", "center", "scale")
    )
    parts = (found.values.to_numpy(dtype=float) - center) / scale * weight
    values = marker.intercept + parts.sum(axis=1)
    frame = found.values.index.to_frame(index=False)
    status = [NEEDS + found.lacking[run] if run in found.lacking else "ok" for run in found.values.index]
    good = np.array([one == "ok" for one in status], dtype=bool)
    return frame.assign(score=np.where(good, values, np.nan), status=status, se=np.nan)


def _frame(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*RUN, "score", "status", "se"])


def _people(features: pd.DataFrame, beside: Beside) -> set[str]:
    tables = (beside.visits, beside.ratings, beside.instrument_scores)
    return set(features["participant_id"]).union(
        *(set(table["participant_id"]) for table in tables if table is not None)
    )


def _without(marker: Marker, person: str, present: frozenset[str], nobody: str) -> list:
    connected = any(key.measure == "fc" for key in marker.keys) and not nobody
    needs = "a run long enough for connectivity" if connected and person in present else _all(marker)
    return [person, "n/a", "n/a", "n/a", np.nan, NEEDS + (nobody or needs), np.nan]


def _all(marker: Marker) -> str:
    return "; ".join(marker.needs)


def _said(marker: Marker, frame: pd.DataFrame) -> list[Problem]:
    """Name everybody who lacks something, or count them where they are many."""
    lacking = frame[frame["status"] != "ok"]
    if len(lacking) <= _NAMED_APART:
        return [
            problem(
                "CL701", participant_id=row.participant_id, session_id=row.session_id,
                found=f"{marker.id} {row.status}",
            )
            for row in lacking.itertuples()
        ]  # fmt: skip
    counts = lacking["status"].value_counts()
    return [
        problem("CL701", found=f"{marker.id}, {n} of {len(frame)} runs: {status}")
        for status, n in counts.head(5).items()
    ]


def person_scores(scores: pd.DataFrame, session: str | None = None, over: Over = "session") -> pd.Series:
    """Return one score a person: the mean over the runs of one session.

    Parameters
    ----------
    scores
        Rows of one marker, schema ``scores``.
    session
        The session; by default the first of each person that has a score (``ses-2`` before ``ses-10``).
    over
        Of the marker: a change is that of the last session, and a mean over sessions is the same in all.
    """
    good = scores[(scores["status"] == "ok") & np.isfinite(scores["score"])]
    if over == "change":
        last = good.assign(order=good["session_id"].map(session_order)).sort_values("order")
        chosen = good["participant_id"].map(last.groupby("participant_id")["session_id"].last())
    elif session is None or over == "person_mean":
        chosen = good["participant_id"].map(first_session(good))
    else:
        chosen = session
    return good[good["session_id"] == chosen].groupby("participant_id", sort=True)["score"].mean()
