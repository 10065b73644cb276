"""What needs a model that was fitted to other people: recalibrated probabilities, skill, increments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._judged import ALL_SITES
from corticolimbic.predict._judging_settings import JudgingSettings
from corticolimbic.predict._question import Candidate
from corticolimbic.predict._sample import Row, Sample, averaged
from corticolimbic.stats import (
    Accuracy,
    AucDifference,
    Folds,
    Recalibration,
    accuracy,
    auc_difference,
    calibration,
    combine_auc_differences,
    cut_off_at,
    mean_loss,
    out_of_fold,
    predictive_values,
    skill_of_losses,
)

PREVALENCES = (0.05, 0.20, 0.40, 0.60)
ELSEWHERE = "assumes the same sensitivity and specificity in another population"
_RECALIBRATED = "after recalibration in the other folds"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for people who were left out, one row a repeat.

    Parameters
    ----------
    marker
        Of the score alone.
    nothing
        Of the training people's base rate or mean.
    pain
        Of baseline pain alone; all NaN where it is lacking.
    both
        Of score and baseline pain.
    """

    marker: Float[np.ndarray, "repeats people"]
    nothing: Float[np.ndarray, "repeats people"]
    pain: Float[np.ndarray, "repeats people"]
    both: Float[np.ndarray, "repeats people"]


def predictions(sample: Sample, folds: Folds, *, is_class: bool) -> tuple[Predictions, list[Problem]]:
    """Fit the models in every fold; what could not be fitted is named (CL714)."""
    model, outcome = Recalibration(is_class), sample.outcome
    score, pain = sample.score[:, None], sample.covariates.matrix(("baseline_pain",))
    marker = out_of_fold(model, score, outcome, folds)
    nothing = out_of_fold(model, np.empty((outcome.size, 0)), outcome, folds)
    empty = np.full(folds.place.shape, np.nan)
    alone = both = empty
    if pain.shape[1]:
        alone = out_of_fold(model, pain, outcome, folds).predicted
        both = out_of_fold(model, np.column_stack([score, pain]), outcome, folds).predicted
    problems = [problem("CL714", found=f"{sample.name}, {why}") for why in marker.failures]
    return Predictions(marker.predicted, nothing.predicted, alone, both), problems


def losses(predicted: np.ndarray, outcome: np.ndarray) -> Float[np.ndarray, " people"]:
    """Return each person's squared error, its mean over repeats; NaN where a repeat has none."""
    return ((predicted - outcome) ** 2).mean(axis=0)


def class_fold_rows(
    sample: Sample,
    folds: Folds,
    found: Predictions,
    candidate: Candidate,
    settings: JudgingSettings,
    rng: np.random.Generator,
    resamples: int,
) -> list[Row]:
    """Return Brier score, skill, calibration, increment of the AUC, and accuracy at a cut-off.

    Parameters
    ----------
    sample, folds, found
        People, who was left out together, and the predictions.
    candidate
        With the published cut-off, where there is one.
    settings
        Specificity at which a cut-off is set in the training folds.
    rng, resamples
        Of the bootstrap.
    """
    outcome, scheme = sample.outcome, folds.scheme
    own, base, pain = (losses(one, outcome) for one in (found.marker, found.nothing, found.pain))
    whole = np.ones(outcome.size, dtype=bool)
    rows = [
        sample.row("brier", mean_loss(own, rng, resamples=resamples), scheme=scheme, note=_RECALIBRATED),
        sample.row(
            "brier_skill_prevalence",
            skill_of_losses(own, base, rng, resamples=resamples),
            scheme=scheme,
            note="against the base rate of the other folds",
        ),
        *_calibration(sample, folds, found, whole, sample.site),
    ]
    if np.isfinite(pain).any():
        rows.append(
            sample.row(
                "brier_skill_baseline_pain",
                skill_of_losses(own, pain, rng, resamples=resamples),
                scheme=scheme,
                note="against a model of baseline pain alone",
            )
        )
        rows.append(_increment(sample, folds, found))
    if sample.site == ALL_SITES and len(folds.place) == 1:
        for number, name in enumerate(folds.names):
            here = folds.place[0] == number
            if here.sum() >= settings.minimum_centre and np.isfinite(own[here]).any():
                brier = mean_loss(own[here], rng, resamples=resamples)
                rows.append(sample.row("brier", brier, scheme=scheme, site=name, note=_RECALIBRATED))
                rows += _calibration(sample, folds, found, here, name)
    return rows + _accuracy_rows(sample, folds, candidate, settings)


def _calibration(sample: Sample, folds: Folds, found: Predictions, here: np.ndarray, site: str) -> list[Row]:
    made = [
        calibration(predicted[here], sample.outcome[here], place[here])
        for predicted, place in zip(found.marker, folds.place, strict=True)
    ]
    note = f"{_RECALIBRATED}; p of its perfect value"
    return [
        sample.row(f"calibration_{name}", averaged(parts), scheme=folds.scheme, site=site, note=note)
        for name, parts in (
            ("intercept", [one.intercept for one in made]),
            ("slope", [one.slope for one in made]),
        )
    ]


def _increment(sample: Sample, folds: Folds, found: Predictions) -> Row:
    """Return the gain in AUC over baseline pain: within each fold that one model predicted, then combined."""
    combined = []
    for both, pain, place in zip(found.both, found.pain, folds.place, strict=True):
        parts: list[AucDifference] = []
        for number in np.unique(place):
            here = place == number
            parts.append(auc_difference(both[here], pain[here], sample.outcome[here]))
        combined.append(combine_auc_differences(parts))
    note = "marker and baseline pain against baseline pain alone, out of fold, within folds"
    return sample.row("auc_increment", averaged(combined), scheme=folds.scheme, note=note)


def _accuracy_rows(
    sample: Sample, folds: Folds, candidate: Candidate, settings: JudgingSettings
) -> list[Row]:
    score, outcome = sample.score, sample.outcome
    if candidate.cut_off is not None:
        cut = candidate.cut_off * candidate.turn
        called, known, scheme = score > cut, np.isfinite(score), "external"
        note = (
            f"score {'below' if candidate.turn < 0 else 'above'} the published cut-off {candidate.cut_off:g}"
        )
    else:
        called, known = _called(sample, folds, settings)
        scheme = folds.scheme
        note = f"cut-off set on the other folds at specificity {settings.specificity:g}"
    if not known.any():
        return []
    found: Accuracy = accuracy(called[known], outcome[known])
    rows = [
        sample.row("sensitivity", found.sensitivity, scheme=scheme, note=note),
        sample.row("specificity", found.specificity, scheme=scheme, note=note),
    ]
    for prevalence in PREVALENCES:
        for name, value in zip(("ppv", "npv"), predictive_values(found, prevalence), strict=True):
            metric = f"{name}_{round(100 * prevalence):02d}"
            rows.append(sample.row(metric, value, scheme=scheme, note=f"{ELSEWHERE}; {note}"))
    return rows


def _called(sample: Sample, folds: Folds, settings: JudgingSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return who is called persistent by a cut-off of the other folds, and who could be; the first repeat."""
    score, outcome, place = sample.score, sample.outcome, folds.place[0]
    called, known = np.zeros(score.size, dtype=bool), np.zeros(score.size, dtype=bool)
    for number in np.unique(place):
        here, train = place == number, place != number
        if (outcome[train] == 0).any():
            called[here] = score[here] > cut_off_at(score[train], outcome[train], settings.specificity)
            known[here] = True
    return called, known


def number_fold_rows(
    sample: Sample, folds: Folds, found: Predictions, rng: np.random.Generator, resamples: int
) -> list[Row]:
    """Return Q2, 1 - SSE/SSE(training mean) out of fold, of all people and of each centre left out."""
    own, base = losses(found.marker, sample.outcome), losses(found.nothing, sample.outcome)
    note = "score recalibrated in the other folds, against their mean"
    rows = [
        sample.row("q2", skill_of_losses(own, base, rng, resamples=resamples), scheme=folds.scheme, note=note)
    ]
    if sample.site == ALL_SITES and len(folds.place) == 1:
        for number, name in enumerate(folds.names):
            here = folds.place[0] == number
            if here.sum() >= 4:
                value = skill_of_losses(own[here], base[here], rng, resamples=resamples)
                rows.append(sample.row("q2", value, scheme=folds.scheme, site=name, note=note))
    return rows
