"""Scores among what a study recorded itself: under which names, as columns of people and visits, as rows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Int64

from corticolimbic.cohort._instruments import Subscale, subscales
from corticolimbic.cohort._reading._clinical import Clinical
from corticolimbic.cohort._reading._sheet import NO_INSTANCE
from corticolimbic.cohort._scoring_files import ScoringFiles
from corticolimbic.cohort._settings import CohortSettings
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.features import session_order
from corticolimbic.foundation import problem

SCORED = ("ok", "prorated")
"""Status of rows that have a score."""
SCORE_SOURCE = "cohort/instrument_scores.parquet"
"""Where the rows of scores among the visits come from."""
_NAME = ["instrument", "version", "subscale"]
_VISIT = ["participant_id", "session_id"]


def score_variables(table: pd.DataFrame, files: ScoringFiles | None = None) -> pd.Series:
    """Return the name by which settings can call each score: ``phq9_total``, ``shaps_franken_total``.

    That is the instrument's key and the subscale in lower case, without what stands in brackets, every other
    sign an underscore; where versions of an instrument give one subscale each a score of its own, the version
    stands between.

    Parameters
    ----------
    table
        Schema ``instrument_scores``.
    files
        With rules of a study's own.

    Examples
    --------
    >>> rows = pd.DataFrame({"instrument": ["PHQ-9", "SHAPS"], "version": ["9-item", "Franken 2007 ordinal"]})
    >>> score_variables(rows.assign(subscale="total")).tolist()
    ['phq9_total', 'shaps_franken_total']
    """
    rules = (*subscales(), *(files or ScoringFiles()).rules)
    distinct = table[_NAME].drop_duplicates()
    names = {place: _named(place, rules) for place in distinct.itertuples(index=False, name=None)}
    keys = zip(*(table[name] for name in _NAME), strict=True)
    return pd.Series([names[place] for place in keys], index=table.index, dtype=object)


def _named(place: tuple[str, ...], rules: Sequence[Subscale]) -> str:
    instrument, version, subscale = place
    own = [rule for rule in rules if (rule.instrument, rule.version) == (instrument, version)]
    own = [rule for rule in own if subscale.startswith(rule.name)] or own
    own = own or [rule for rule in rules if rule.instrument == instrument]  # factors of another year
    if not own:
        return _plain(f"{instrument}_{subscale}")
    rule = own[0]
    others = {other.version for other in rules if (other.key, other.name) == (rule.key, rule.name)}
    between = f"{rule.choice or rule.version}_" if len(others) > 1 else ""
    # What the table adds to a name in brackets is an explanation: total (PRI-T) is total.
    more = subscale.removeprefix(rule.name)
    told = subscale if more == subscale else re.sub(r"\(.*?\)", "", rule.name) + more
    return _plain(f"{rule.key}_{between}{told}")


def _plain(text: str) -> str:
    return re.sub(r"\W+|_+", "_", text.casefold()).strip("_")


def with_scores(
    clinical: Clinical, table: pd.DataFrame, settings: CohortSettings, files: ScoringFiles | None = None
) -> Clinical:
    """Return the clinical tables with the scores beside what was recorded.

    A score becomes a column of the people (its value at baseline; where it was asked in one session only, or
    in none, that one) and of the sessions, and a row of the visits for each session. Repeats of a form (a
    diary) stay in their own table, as do forms without a score. A column of the study's own is never
    replaced: the score of its name is left out, and a problem says so (CL347).

    Parameters
    ----------
    clinical
        As read.
    table
        Schema ``instrument_scores``, made from its visits.
    settings
        Which session is the baseline: the outcome's, else the first planned, else everybody's first.
    files
        With rules of a study's own.
    """
    kept = table["status"].isin(SCORED) & (table["instance"] == "")
    scores = table[kept].assign(variable=score_variables(table[kept], files))
    taken = {
        *clinical.participants.columns,
        *clinical.sessions.columns,
        *clinical.visits["variable"].unique(),
    }
    own = sorted(set(scores["variable"]) & set(map(str, taken)))
    problems = [problem("CL347", found=name) for name in own]
    scores = scores[~scores["variable"].isin(own)].drop_duplicates([*_VISIT, "variable"])
    if not len(scores):
        return replace(clinical, problems=tuple(sorted({*clinical.problems, *problems})))
    scores = scores.assign(value=[f"{value:.12g}" for value in scores["score"]])
    names = sorted(set(scores["variable"]))
    people = _joined(clinical.participants, _baseline(scores, clinical, settings), names)
    later = scores[scores["session_id"] != NO_SESSION]
    wide = later.pivot(index=_VISIT, columns="variable", values="value")
    visit = pd.MultiIndex.from_frame(clinical.sessions[_VISIT])
    sessions = _joined(clinical.sessions.set_index(visit), wide, list(wide.columns))
    return replace(
        clinical,
        participants=people,
        sessions=sessions.reset_index(drop=True),
        visits=_inserted(clinical.visits, scores),
        problems=tuple(sorted({*clinical.problems, *problems})),
    )


def _joined(table: pd.DataFrame, more: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    columns = more.reindex(index=table.index, columns=list(names)).astype(object).fillna("").astype("str")
    return pd.concat([table, columns], axis=1)


def _baseline(scores: pd.DataFrame, clinical: Clinical, settings: CohortSettings) -> pd.DataFrame:
    """Return people by scores, as text: of nobody's session, of the only one, or of the baseline."""
    only = scores.groupby("variable")["session_id"].transform("nunique") == 1
    wanted = only | (scores["session_id"] == NO_SESSION)
    named = settings.outcome.baseline_session
    if named is None and settings.trajectories.schedule:
        named = settings.trajectories.schedule[0].session
    first = scores["participant_id"].map(_first_sessions(clinical.visits)) if named is None else named
    rows = scores[wanted | (scores["session_id"] == first)]
    # A value of the person stands before one of a visit: ses-none is put first.
    rows = rows.iloc[np.argsort((rows["session_id"] != NO_SESSION).to_numpy(), kind="stable")]
    rows = rows.drop_duplicates(["participant_id", "variable"])
    return rows.pivot(index="participant_id", columns="variable", values="value")


def _first_sessions(visits: pd.DataFrame) -> Mapping[str, str]:
    seen = visits.loc[visits["session_id"] != NO_SESSION, _VISIT].drop_duplicates()
    order = {name: place for place, name in enumerate(sorted(set(seen["session_id"]), key=session_order))}
    seen = seen.iloc[np.argsort(seen["session_id"].map(order).to_numpy(dtype=int), kind="stable")]
    found: dict[str, str] = (
        seen.drop_duplicates("participant_id").set_index("participant_id")["session_id"].to_dict()
    )
    return found


def _inserted(visits: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the visits with the rows of scores, each in its place: the table stays sorted by its key."""
    rows = scores.sort_values([*_VISIT, "variable"], kind="stable")
    texts = {name: visits[name].to_numpy(dtype=object) for name in (*_VISIT, "variable", "instance")}
    person, session = (texts[name] for name in _VISIT)
    starts = np.flatnonzero(
        np.concatenate([[True], (person[1:] != person[:-1]) | (session[1:] != session[:-1])])
    )
    ends = np.append(starts[1:], len(person))
    group = {(person[at], session[at]): place for place, at in enumerate(starts.tolist())}
    days = _days(visits, texts["instance"], starts)
    of = [group[key] for key in rows[_VISIT].itertuples(index=False, name=None)]
    at = np.array(
        [
            bisect_left(texts["variable"], name, int(starts[place]), int(ends[place]))
            for name, place in zip(rows["variable"], of, strict=True)
        ],
        dtype=np.int64,
    )
    own = {
        **{name: rows[name].to_numpy(dtype=object) for name in (*_VISIT, "variable", "value")},
        "instance": NO_INSTANCE,
        "number": rows["score"].to_numpy(dtype=float),
        "day": days[of],
        "missing": "",
        "source": SCORE_SOURCE,
        "row": -1,
    }
    columns = {}
    for name in visits.columns:
        column = visits[name]
        cells = texts.get(name)
        cells = column.to_numpy() if cells is None and column.dtype.kind in "fi" else cells
        cells = column.to_numpy(dtype=object) if cells is None else cells
        made = np.insert(cells, at, own[name])
        columns[name] = pd.Series(made, dtype=column.dtype)
    return pd.DataFrame(columns)


def _days(visits: pd.DataFrame, instance: np.ndarray, starts: Int64[np.ndarray, " visit"]) -> np.ndarray:
    """Return the day of each visit: that of its first cell that is of no repeat and has one."""
    day = visits["day"].to_numpy(dtype=float)
    known = np.flatnonzero((instance == NO_INSTANCE) & ~np.isnan(day))
    visit, first = np.unique(np.searchsorted(starts, known, side="right") - 1, return_index=True)
    days = np.full(len(starts), np.nan)
    days[visit] = day[known[first]]
    return days
