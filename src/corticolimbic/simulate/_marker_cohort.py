"""The simulated cohort of markers as tables: people, ratings, and features as others would supply them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.simulate._marker_features import FEATURES, MarkerFeature
from corticolimbic.simulate._marker_people import (
    MONTHS,
    MarkerPeople,
    marker_people,
    own_draws,
)
from corticolimbic.simulate._marker_settings import MarkerCohortSettings
from corticolimbic.simulate._people import session_name, site_name
from corticolimbic.simulate._streams import stream

_KEY = ["participant_id", "session_id"]
_LONG = [*_KEY, "task", "atlas", "measure", "target", "statistic", "value", "unit"]
UNITS = {
    "volume": "mm3",
    "fa": "ratio",
    "fc": "r",
    "fc_within": "z",
    "slow5": "%/sqrt(Hz)",
    "tract_connections": "share",
}
"""Units of the features of this study."""
_HALF = 0.25
"""How far hemispheres, or parts of a tract, differ from each other, in standard deviations of the score."""
_MOST_PARTS = max(len(feature.targets) for feature in FEATURES)


@dataclass(frozen=True, eq=False)
class MarkerCohort:
    """One study.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id: site, age, sex, group (patient or control), opioid.
    sessions
        participant_id, session_id, pain_nrs and mpq_affective; a visit that did not take place has n/a.
    structure
        Wide: participant_id, session_id and one column a target.
    function, motion
        Long, as supplied tables are.
    people
        Who they are in truth, in the order of ``participants``.
    """

    participants: pd.DataFrame
    sessions: pd.DataFrame
    structure: pd.DataFrame
    function: pd.DataFrame
    motion: pd.DataFrame
    people: MarkerPeople


def marker_cohort(settings: MarkerCohortSettings) -> MarkerCohort:
    """Draw the study: the same settings give the same people, each whatever the number of people.

    Parameters
    ----------
    settings
        The study.
    """
    width = max(3, len(str(settings.people)))
    ids = [f"sub-{number + 1:0{width}d}" for number in range(settings.people)]
    people = marker_people(settings, own_draws(settings, ids))
    return MarkerCohort(
        _participants(ids, people),
        _sessions(ids, people),
        _structure(settings, ids, people),
        _function(settings, ids, people),
        _motion(ids, people),
        people,
    )


def structure_columns() -> dict[str, dict[str, str]]:
    """Return the columns of the wide table and what each holds, as settings describe it."""
    return {
        f"{feature.measure}_{target.removeprefix('module:')}": {
            "measure": feature.measure,
            "target": target,
            "statistic": feature.statistic,
            "unit": UNITS[feature.measure],
        }
        for feature in FEATURES
        if feature.structural
        for target in feature.targets
    }


def _participants(ids: list[str], people: MarkerPeople) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site": [site_name(int(number)) for number in people.site],
            "age": [f"{age:g}" for age in people.age],
            "sex": np.where(people.female, "F", "M"),
            "group": np.where(people.control, "control", "patient"),
            "opioid": np.where(people.opioid, "yes", "no"),
        },
        index=pd.Index(ids, name="participant_id"),
        dtype=object,
    )


def _sessions(ids: list[str], people: MarkerPeople) -> pd.DataFrame:
    taken = np.arange(len(MONTHS)) < people.lost[:, None]
    pain = np.where(taken, people.pain, np.nan)
    affective = np.full_like(pain, np.nan)
    affective[:, 0] = people.affective
    return pd.DataFrame(
        {
            "participant_id": np.repeat(ids, len(MONTHS)),
            "session_id": [session_name(month) for month in MONTHS] * len(ids),
            "pain_nrs": pain.ravel(),
            "mpq_affective": affective.ravel(),
        }
    )


def _visits(people: MarkerPeople) -> list[tuple[int, int, str]]:
    """Return person, visit and session of every scan: at first everybody's, at last of those who came."""
    last = [(int(one), 1, session_name(MONTHS[-1])) for one in np.flatnonzero(people.lost == len(MONTHS))]
    first = [(one, 0, session_name(MONTHS[0])) for one in range(len(people.site))]
    return sorted([*first, *last])


def _parts(settings: MarkerCohortSettings, person: str, session: str) -> Float[np.ndarray, "features parts"]:
    """Return how the targets of each feature differ in one scan, in standard deviations of its score."""
    rng = stream(settings.seed, person, session, "markers, parts")
    return np.asarray(_HALF * rng.standard_normal((len(FEATURES), _MOST_PARTS)))


def _values(feature: MarkerFeature, score: float, parts: Float[np.ndarray, " parts"]) -> list[float]:
    """Return the value of each target, rounded as tables are; correlations as r.

    How the targets differ adds up to 0, so that the score stays what it is.
    """
    own = parts[: len(feature.targets)]
    share = len(feature.targets) if feature.together == "sum" else 1
    values = (score + feature.spread * (own - own.mean())) / share
    if feature.measure == "fc":
        values = np.tanh(values)
    if feature.measure in {"tract_connections", "fa"}:
        values = np.clip(values, 0, 1)
    return [round(float(value), 1 if feature.measure == "volume" else 5) for value in values]


def _structure(settings: MarkerCohortSettings, ids: list[str], people: MarkerPeople) -> pd.DataFrame:
    session = session_name(MONTHS[0])
    rows = []
    for number, person in enumerate(ids):
        row: dict[str, object] = {"participant_id": person, "session_id": session}
        parts = _parts(settings, person, session)
        for place, feature in enumerate(FEATURES):
            if not feature.structural:
                continue
            values = _values(feature, people.features[number, 0, place], parts[place])
            gone = people.missing[number, 0, place]
            for target, value in zip(feature.targets, values, strict=True):
                row[f"{feature.measure}_{target.removeprefix('module:')}"] = np.nan if gone else value
        rows.append(row)
    return pd.DataFrame(rows, columns=[*_KEY, *structure_columns()])


def _function(settings: MarkerCohortSettings, ids: list[str], people: MarkerPeople) -> pd.DataFrame:
    rows = []
    for number, visit, session in _visits(people):
        parts = _parts(settings, ids[number], session)
        for place, feature in enumerate(FEATURES):
            if feature.structural:
                continue
            values = _values(feature, people.features[number, visit, place], parts[place])
            gone = people.missing[number, visit, place]
            rows += [
                (
                    ids[number],
                    session,
                    feature.task,
                    feature.atlas,
                    feature.measure,
                    target,
                    feature.statistic,
                    np.nan if gone else value,
                    UNITS[feature.measure],
                )
                for target, value in zip(feature.targets, values, strict=True)
            ]
    return pd.DataFrame(rows, columns=_LONG)


def _motion(ids: list[str], people: MarkerPeople) -> pd.DataFrame:
    rows = [
        (ids[number], session, "rest", "n/a", "mean_fd", "WholeBrain", "mean", round(float(fd), 5), "mm")
        for number, visit, session in _visits(people)
        for fd in [people.motion[number, visit]]
    ]
    return pd.DataFrame(rows, columns=_LONG)
