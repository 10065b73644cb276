"""What is missing for one person, why, and what would help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from corticolimbic.features import session_order
from corticolimbic.foundation import Problem, problem, problem_codes
from corticolimbic.predict._individual_record import Controls, FeaturePosition, MarkerScore, Missing
from corticolimbic.predict._individual_study import MOTION, SITE, Study

_DATES = re.compile(
    r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b"
)
_MARKER_CODES = frozenset({"CL701"})
"""Problems that the statuses of the markers already say."""


def missing(
    study: Study,
    person: str,
    controls: Controls,
    features: Sequence[FeaturePosition],
    markers: Sequence[MarkerScore],
) -> tuple[Missing, ...]:
    """Return what is not there for one person, the clinical side first; dates in texts are blanked.

    Parameters
    ----------
    study
        Tables of the run.
    person
        participant_id.
    controls, features, markers
        As made for this person.
    """
    found = [
        *_visits(study, person),
        *_images(study, person),
        *_outcomes(study, person),
        *_facts(study, person),
        *_positions(person, controls, features),
        *_reliability(person, markers),
        *_probability(person, markers),
    ]
    own = study.problems[study.problems["participant_id"] == person]
    for row in own.to_dict("records"):
        code = str(row["code"])
        if code in _MARKER_CODES:
            continue
        known = problem_codes().get(code)
        title = known.title if known else str(row["severity"])
        found.append(
            Missing(title, str(row["session_id"]), str(row["found"]), str(row["remedy"]), code),
        )
    return tuple(dict.fromkeys(_without_dates(item) for item in found))


def _visits(study: Study, person: str) -> Iterable[Missing]:
    rated = study.ratings[study.ratings["participant_id"] == person]
    known = set(rated.loc[np.isfinite(rated["rating"].to_numpy(dtype=float)), "session_id"])
    for session in study.schedule:
        if session not in known:
            yield _as_missing(problem("CL760", participant_id=person, session_id=session, found="no rating"))


def _images(study: Study, person: str) -> Iterable[Missing]:
    if study.features.empty:
        return
    own = set(study.features.loc[study.features["participant_id"] == person, "session_id"])
    if not own:
        yield _as_missing(problem("CL761", participant_id=person, found="no session with images"))
        return
    people = study.features.groupby("session_id")["participant_id"].nunique()
    usual = [str(name) for name in people.index if people[name] >= people.max() / 2]
    for session in sorted(usual, key=session_order):
        if session not in own:
            found = f"no images; {int(people[session])} other people have some"
            yield _as_missing(problem("CL761", participant_id=person, session_id=session, found=found))


def _outcomes(study: Study, person: str) -> Iterable[Missing]:
    rows = study.outcomes[
        (study.outcomes["participant_id"] == person)
        & (study.outcomes["role"] == "primary")
        & (study.outcomes["status"] != "ok")
    ]
    for row in rows.to_dict("records"):
        found = f"{row['outcome']}: {row['reason'] or row['status']}"
        yield _as_missing(problem("CL762", participant_id=person, found=found))


def _facts(study: Study, person: str) -> Iterable[Missing]:
    for name in study.facts.columns:
        own = study.facts.loc[person, name]
        unknown = own == "" if isinstance(own, str) else not np.isfinite(own)
        if name == MOTION and person not in study.table.index:
            continue
        if name == SITE and (study.facts[SITE] == "").all():
            continue  # a study of one place names none
        if unknown:
            yield _as_missing(problem("CL763", participant_id=person, found=f"{name} is not known"))


def _positions(person: str, controls: Controls, features: Sequence[FeaturePosition]) -> Iterable[Missing]:
    if not features:
        return
    if controls.reason:
        yield _as_missing(problem("CL764", participant_id=person, found=controls.reason))
        return
    for reason in dict.fromkeys(item.reason for item in features if item.reason):
        named = ", ".join(item.target for item in features if item.reason == reason)
        yield _as_missing(problem("CL764", participant_id=person, found=f"{named}: {reason}"))


def _reliability(person: str, markers: Sequence[MarkerScore]) -> Iterable[Missing]:
    for item in markers:
        if item.status == "ok" and not np.isfinite(item.half_width):
            found = f"{item.id}: no ICC is known" if not np.isfinite(item.icc) else f"{item.id}: no spread"
            yield _as_missing(problem("CL765", participant_id=person, found=found))


def _probability(person: str, markers: Sequence[MarkerScore]) -> Iterable[Missing]:
    for reason in dict.fromkeys(item.probability.reason for item in markers if item.probability.reason):
        named = ", ".join(item.id for item in markers if item.probability.reason == reason)
        yield _as_missing(problem("CL766", participant_id=person, found=f"{named}: {reason}"))


def _as_missing(found: Problem) -> Missing:
    title = problem_codes()[found.code].title
    return Missing(title, found.session_id, found.found, found.remedy, found.code)


def _without_dates(item: Missing) -> Missing:
    """Blank what looks like a date: the page must not tell when a person was seen."""
    return replace(item, why=_DATES.sub("[date]", item.why), what=_DATES.sub("[date]", item.what))
