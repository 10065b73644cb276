"""From days to the time between first and final pain, and everybody's chance that pain persists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.cohort._criterion import criteria
from corticolimbic.cohort._latent_pain import (
    Clock,
    LatentPain,
    Path,
    chances_persistent,
    learn_clock,
    learn_latent_pain,
    posterior,
)
from corticolimbic.cohort._misclassification import misclassification
from corticolimbic.cohort._ratings import Ratings
from corticolimbic.cohort._settings import Outcome
from corticolimbic.cohort._trajectory_settings import TrajectorySettings
from corticolimbic.features import schema

_NEAR = 0.25
"""A rating this near to an end, in shares of the time between them, can stand for it."""


@dataclass(frozen=True)
class Persistence:
    """What the ratings say about who is truly persistent.

    Parameters
    ----------
    chances
        P(persistent) of each person for each class outcome: index participant_id, columns the outcomes.
    study
        How first and final pain are spread.
    clock
        How the study's change is spread over its days.
    """

    chances: pd.DataFrame
    study: LatentPain
    clock: Clock


def persistence(ratings: Ratings, outcome: Outcome, settings: TrajectorySettings) -> Persistence:
    """Return everybody's chance that pain persists, from all their ratings (METHODS M-1).

    Parameters
    ----------
    ratings
        Of everybody.
    outcome
        First session, final session or day, and what is called persistent.
    settings
        The error of a rating, and the schedule.

    Notes
    -----
    Time runs from a person's first visit (0) to the final day (1). Ratings whose day is unknown count at the
    first and final session only.
    """
    sd, least = settings.measurement.day_to_day_sd, settings.measurement.minimum_people
    final_day = _final_day(ratings, outcome, settings)
    paths = {person: _path(ratings, place, outcome, final_day) for person, place in ratings.people()}
    paths = {person: path for person, path in paths.items() if len(path.time)}
    ends = np.array([_ends(path) for path in paths.values()], dtype=float).reshape(-1, 2)
    study = learn_latent_pain(ends[:, 0], ends[:, 1], day_to_day_sd=sd, minimum_people=least)
    clock = _clock(list(paths.values()), ends, least)
    rules = criteria(outcome)
    laws = [posterior(Path(clock(path.time), path.rating), study, sd) for path in paths.values()]
    means = np.array([mean for mean, _ in laws]).reshape(-1, 2)
    covariances = np.array([covariance for _, covariance in laws]).reshape(-1, 2, 2)
    chances = {name: chances_persistent(means, covariances, rule) for name, rule in rules.items()}
    table = pd.DataFrame(chances, index=pd.Index(list(paths), dtype=object), dtype=float)
    return Persistence(table, study, clock)


def misclassification_table(
    found: Persistence, outcomes: pd.DataFrame, outcome: Outcome, settings: TrajectorySettings
) -> pd.DataFrame:
    """Return how often each class outcome is wrong, and the ceiling on an AUC (schema ``misclassification``).

    Parameters
    ----------
    found
        Of `persistence`.
    outcomes
        Schema ``outcomes``: the recorded classes.
    outcome
        What is called persistent.
    settings
        The error of a rating.
    """
    if found.study.n == 0 or not outcome.of_ratings:
        return schema("misclassification").table([])
    sd = settings.measurement.day_to_day_sd
    rows = []
    for name, rule in criteria(outcome).items():
        result = misclassification(found.study, rule, day_to_day_sd=sd)
        recorded = outcomes[(outcomes["outcome"] == name) & (outcomes["status"] == "ok")]
        recorded_class = recorded.set_index("participant_id")["value"]
        chance = found.chances[name].reindex(recorded_class.index)
        wrong = np.where(recorded_class == 1, 1 - chance, chance)
        rows.append(
            {
                "outcome": name,
                "n": found.study.n,
                "day_to_day_sd": sd,
                "rate": result.rate,
                "sensitivity": result.sensitivity,
                "specificity": result.specificity,
                "prevalence": result.prevalence,
                "recorded": result.recorded,
                "auc_ceiling": result.ceiling,
                "auc_ceiling_levels": result.ceiling_levels,
                "rate_given_ratings": float(np.nanmean(wrong)) if np.isfinite(wrong).any() else np.nan,
            }
        )
    return schema("misclassification").table(rows)


def _final_day(ratings: Ratings, outcome: Outcome, settings: TrajectorySettings) -> float:
    if outcome.final_day is not None:
        return outcome.final_day
    planned = {visit.session: visit.day for visit in settings.schedule}
    if outcome.final_session in planned:
        return planned[outcome.final_session]
    known = ratings.day[(ratings.session_id == outcome.final_session) & np.isfinite(ratings.day)]
    return float(np.median(known)) if len(known) else float("nan")


def _path(ratings: Ratings, place: slice, outcome: Outcome, final_day: float) -> Path:
    """Return a person's ratings in time from 0 to 1; those without a time are left out."""
    day, rating, session = ratings.day[place], ratings.rating[place], ratings.session_id[place]
    own = day[(session == outcome.baseline_session) & np.isfinite(day)]
    start = float(own[0]) if len(own) else 0.0
    time = np.full(len(day), np.nan)
    if final_day > start:
        time = (day - start) / (final_day - start)
    unknown = np.isnan(time)
    time[unknown & (session == outcome.baseline_session)] = 0.0
    time[unknown & (session == outcome.final_session)] = 1.0
    known = np.isfinite(time)
    return Path(time[known], rating[known])


def _ends(path: Path) -> tuple[float, float]:
    """Return the single ratings nearest to both ends, NaN where none is near."""
    found = []
    for end in (0.0, 1.0):
        away = np.abs(path.time - end)
        place = int(np.argmin(away))
        found.append(float(path.rating[place]) if away[place] <= _NEAR else np.nan)
    return found[0], found[1]


def _clock(paths: list[Path], ends: Float[np.ndarray, "person 2"], least: int) -> Clock:
    time = np.concatenate([path.time for path in paths]) if paths else np.zeros(0)
    sizes = [len(path.time) for path in paths]
    first, final = np.repeat(ends[:, 0], sizes), np.repeat(ends[:, 1], sizes)
    rating = np.concatenate([path.rating for path in paths]) if paths else np.zeros(0)
    return learn_clock(time, first - rating, first - final, minimum_people=least)
