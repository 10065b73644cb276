"""One person of a finished run: the whole record."""

from __future__ import annotations

import math

import numpy as np

from corticolimbic.features import session_order
from corticolimbic.foundation import SettingsError
from corticolimbic.predict._individual_features import controls_of, feature_positions
from corticolimbic.predict._individual_missing import missing
from corticolimbic.predict._individual_probability import base_rate
from corticolimbic.predict._individual_record import Individual, PersonOutcome, Visit
from corticolimbic.predict._individual_scores import marker_scores
from corticolimbic.predict._individual_study import Study, nearest

_SHOWN_ROLES = ("primary", "sensitivity")


def individual(study: Study, person: str) -> Individual:
    """Return what a finished run knows of one person, for research only.

    Parameters
    ----------
    study
        Tables of the run.
    person
        participant_id.

    Returns
    -------
    Individual
        Controls, base rate, spread and probabilities leave the person out.

    Raises
    ------
    SettingsError
        Where nobody of the study has this id; the message names the nearest.
    """
    if person not in study.ids:
        close = ", ".join(nearest(person, study.ids))
        raise SettingsError(f"nobody in this run is {person!r}" + (f"; nearest: {close}" if close else ""))
    controls = controls_of(study, person)
    features = feature_positions(study, person)
    markers = marker_scores(study, person)
    return Individual(
        participant_id=person,
        site=str(study.sites[person]),
        baseline_session=_baseline(study, person),
        n_people=len(study.ids),
        visits=_visits(study, person),
        outcomes=_outcomes(study, person),
        p_persistent=_p_persistent(study, person),
        base_rate=base_rate(study, person),
        controls=controls,
        features=features,
        markers=markers,
        missing=missing(study, person, controls, features, markers),
    )


def _baseline(study: Study, person: str) -> str:
    if study.baseline_session is not None:
        return study.baseline_session
    own = study.features.loc[study.features["participant_id"] == person, "session_id"].unique()
    return str(min(own, key=session_order)) if len(own) else ""


def _visits(study: Study, person: str) -> tuple[Visit, ...]:
    """Return the ratings, days counted from the first of them, so that no calendar shows through."""
    rows = study.ratings[study.ratings["participant_id"] == person]
    days = rows["day"].to_numpy(dtype=float)
    first = float(np.nanmin(days)) if np.isfinite(days).any() else 0.0
    found = [
        Visit(str(row["session_id"]), float(row["day"]) - first, float(row["rating"]))
        for row in rows.to_dict("records")
        if math.isfinite(row["rating"])
    ]
    return tuple(
        sorted(found, key=lambda visit: (not math.isfinite(visit.day), visit.day if math.isfinite(visit.day)
                                         else 0.0, session_order(visit.session_id)))
    )  # fmt: skip


def _outcomes(study: Study, person: str) -> tuple[PersonOutcome, ...]:
    rows = study.outcomes[
        (study.outcomes["participant_id"] == person) & study.outcomes["role"].isin(_SHOWN_ROLES)
    ]
    return tuple(
        PersonOutcome(
            str(row["outcome"]),
            str(row["role"]),
            str(row["label"]),
            float(row["value"]),
            str(row["unit"]),
            "" if row["status"] == "ok" else str(row["reason"] or row["status"]),
        )
        for row in rows.to_dict("records")
    )


def _p_persistent(study: Study, person: str) -> float:
    rows = study.trajectories[study.trajectories["participant_id"] == person]
    return float(rows["p_persistent"].iloc[0]) if len(rows) else math.nan
