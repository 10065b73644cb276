"""Probability of persistence from one score: recalibrated in the study, fitted without the person."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from corticolimbic.cohort import wilson
from corticolimbic.predict._individual_record import BaseRate, Elsewhere, Judgement, Probability
from corticolimbic.predict._individual_study import Study
from corticolimbic.stats import ModelError, fit_logistic

RATES = (0.05, 0.2, 0.4, 0.6)
"""Base rates at which a score is also read (METHODS M-3)."""
SURVIVES = "survives"
"""The verdict that lets a score become a probability."""
_SITE_CLASS = 5
"""People of each class that a site must have to be a level of the model."""


def base_rate(study: Study, person: str) -> BaseRate | None:
    """Return how many of the study's other people turned out persistent; None where no class is known."""
    classes = study.classes(person)
    if not len(classes):
        return None
    persistent, n = int((classes == 1).sum()), len(classes)
    low, high = wilson(persistent, n)
    return BaseRate(
        study.class_outcome, study.population, persistent, n, persistent / n, float(low), float(high)
    )


def probability(
    study: Study, name: str, person: str, score: float, others: pd.Series, judged: Judgement
) -> Probability:
    r"""Return the probability that a score stands for, or why none is given.

    A logistic model of the class on the score, with an intercept of its own for each site of enough people,
    fitted on the other people of the first population who did not train the marker. The interval is Wald's on
    log odds. At another base rate :math:`\pi'` the odds are multiplied by
    :math:`\frac{\pi'/(1-\pi')}{\pi/(1-\pi)}`: the score is taken to be as likely in each class there as here.

    Parameters
    ----------
    study
        Tables of the run.
    name
        Marker.
    person, score
        Who, and the score.
    others
        Scores of the other people.
    judged
        How the marker does in this study.
    """
    reason = _refusal(study, name, person, judged)
    if reason:
        return Probability(reason=reason)
    classes = study.classes(person)
    trained = study.trained_on.get(name, frozenset())
    people = [str(one) for one in classes.index if one in others.index and one not in trained]
    outcome, values = classes.loc[people].to_numpy(dtype=float), others.loc[people].to_numpy(dtype=float)
    smaller = int(min((outcome == 1).sum(), (outcome == 0).sum()))
    settings = study.settings
    if len(people) < settings.minimum_people or smaller < settings.minimum_class:
        reason = (
            f"{len(people)} other people with score and outcome, {smaller} in the smaller class; "
            f"{settings.minimum_people} and {settings.minimum_class} are needed"
        )
        return Probability(reason=reason)
    try:
        return _recalibrated(study, person, score, people, outcome, values)
    except ModelError as error:
        return Probability(reason=error.reason)


def _refusal(study: Study, name: str, person: str, judged: Judgement) -> str:
    """Return why a score may not become a probability, by what is known before anything is fitted."""
    if not study.class_outcome:
        return "the study's primary outcome is no class"
    if person in study.trained_on.get(name, frozenset()):
        return "the marker was trained on this person"
    if judged.verdict and judged.verdict != SURVIVES:
        return f"the marker does not survive in this study ({judged.verdict})"
    if judged.metric != "auc":
        return "the marker was not judged on the class outcome in this study"
    if not judged.low > 0.5:
        return "in this study the score does not tell persistent from recovered people beyond chance"
    return ""


def _recalibrated(
    study: Study, person: str, score: float, people: Sequence[str], outcome: np.ndarray, values: np.ndarray
) -> Probability:
    sites = study.sites.reindex(list(people)).to_numpy(dtype=object)
    counted = {
        site
        for site in set(sites)
        if min((outcome[sites == site] == 1).sum(), (outcome[sites == site] == 0).sum()) >= _SITE_CLASS
    }
    own = str(study.sites[person])
    if len(set(sites)) > 1 and own not in counted:
        return Probability(
            reason=f"fewer than {_SITE_CLASS} people of each class at the person's site, whose base rate "
            "the probability needs"
        )
    kept = np.array([site in counted or len(set(sites)) == 1 for site in sites], dtype=bool)
    sites, outcome, values = sites[kept], outcome[kept], values[kept]
    center, scale = float(values.mean()), float(values.std())
    if not scale > 0:
        return Probability(reason="the score does not vary in this study")
    levels = sorted({str(site) for site in sites} - {own})
    dummies = [(sites == level).astype(float) for level in levels]  # the person's site is the reference
    matrix = np.column_stack([np.ones(len(values)), (values - center) / scale, *dummies])
    fitted = fit_logistic(matrix, outcome, ("intercept", "score", *levels))
    row = np.concatenate([[1.0, (score - center) / scale], np.zeros(len(levels))])
    linear = float(row @ fitted.coefficients)
    half = 1.96 * math.sqrt(float(row @ np.linalg.inv(fitted.information) @ row))
    rate = float(outcome[sites == own].mean())
    return Probability(
        outcome=study.class_outcome,
        population=study.population,
        value=float(special.expit(linear)),
        low=float(special.expit(linear - half)),
        high=float(special.expit(linear + half)),
        n=len(values),
        persistent=int(outcome.sum()),
        base_rate=rate,
        elsewhere=tuple(elsewhere(linear, half, rate, other) for other in RATES),
    )


def elsewhere(linear: float, half: float, rate: float, other: float) -> Elsewhere:
    """Return the probability at another base rate.

    Parameters
    ----------
    linear, half
        Log odds here, and half the width of their interval.
    rate, other
        Base rate here and there.

    Examples
    --------
    >>> round(elsewhere(0.0, 0.0, 0.5, 0.2).probability, 6)
    0.2
    """
    moved = linear + float(special.logit(other)) - float(special.logit(rate))
    ends = [float(special.expit(moved + step)) for step in (0.0, -half, half)]
    return Elsewhere(other, *ends)
