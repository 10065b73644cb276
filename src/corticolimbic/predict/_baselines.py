"""What site, motion, age and sex, or baseline pain alone tell of an outcome: models fitted in folds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem
from corticolimbic.predict._covariates import Covariates
from corticolimbic.predict._evaluate import Evaluation, stream
from corticolimbic.predict._fold_plan import fold_plan, k_folds
from corticolimbic.predict._judge_folds import losses
from corticolimbic.predict._judged import ALL_SITES, MINIMUM_PEOPLE, gather
from corticolimbic.predict._question import Candidate, Question
from corticolimbic.predict._sample import Numbers, Row, Sample, averaged, sample
from corticolimbic.predict._settings import MarkerUse, PredictSettings
from corticolimbic.stats import (
    Folds,
    Recalibration,
    auc,
    combine_auc,
    meta_correlation,
    out_of_fold,
    pearson,
    skill_of_losses,
)

BASELINES: dict[str, tuple[str, ...]] = {
    "baseline: site": ("site",),
    "baseline: motion": ("motion",),
    "baseline: age-sex": ("age", "sex"),
    "baseline: baseline pain": ("baseline_pain",),
}


def baselines(
    question: Question,
    values: pd.Series,
    participants: pd.DataFrame,
    populations: pd.DataFrame,
    covariates: Covariates,
    settings: PredictSettings,
) -> Evaluation:
    """Judge what is no marker: how far one comes with site, motion, age and sex, or baseline pain.

    Each is a model that was fitted without the people whom it predicts. The site cannot be carried to a
    centre that was left out, so it is judged by stratified folds. Of a class: AUC within sites (or within
    folds) and Brier skill; of a number: r within sites and Q2. Predictions of several folds are never ordered
    as one.

    Parameters
    ----------
    question, values
        The outcome, and its value by participant.
    participants, populations
        As for `gather`.
    covariates
        Of everybody.
    settings
        How people are left out; seed and number of bootstrap samples.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    known = values.dropna()
    none = MarkerUse(id="none")
    judged = gather(pd.Series(0.0, known.index), known, participants, populations, none, covariates)
    for name, wanted in BASELINES.items():
        for population in dict.fromkeys(populations["population"]):
            people = sample(Candidate(name, "baseline"), question, judged, population)
            matrix = people.covariates.matrix(wanted)
            if not matrix.shape[1] or len(people.people) < MINIMUM_PEOPLE or np.ptp(people.outcome) == 0:
                continue
            rng = stream(settings, name, question.outcome, population)
            plan = k_folds if wanted == ("site",) else fold_plan
            folds, trouble = plan(people, settings.judging, rng, is_class=question.is_class)
            problems += trouble
            if folds is not None:
                rows += _rows(people, folds, matrix, wanted, question, rng, settings.resamples)
    return Evaluation(
        schema("evaluation").table(rows), schema("curves").table([]), tuple(sorted(set(problems)))
    )


def _rows(
    people: Sample,
    folds: Folds,
    matrix: np.ndarray,
    wanted: tuple[str, ...],
    question: Question,
    rng: np.random.Generator,
    resamples: int,
) -> list[Row]:
    outcome, model = people.outcome, Recalibration(question.is_class)
    predicted = out_of_fold(model, matrix, outcome, folds).predicted
    nothing = out_of_fold(model, np.empty((outcome.size, 0)), outcome, folds).predicted
    if not np.isfinite(predicted).any():
        return []
    lacking = people.covariates.lacking(wanted)
    note = f"without {', '.join(lacking)}, which is lacking" if lacking else ""
    own, base = losses(predicted, outcome), losses(nothing, outcome)
    metric = "brier_skill_prevalence" if question.is_class else "q2"
    value = skill_of_losses(own, base, rng, resamples=resamples)
    rows = [people.row(metric, value, scheme=folds.scheme, note=note)]
    if wanted == ("site",):
        return rows
    return rows + _within(people, folds, predicted, note, is_class=question.is_class)


def _within(people: Sample, folds: Folds, predicted: np.ndarray, note: str, *, is_class: bool) -> list[Row]:
    """Return AUC or r within what one model predicted, of each centre and combined."""
    metric = "auc" if is_class else "pearson_r"
    rows: list[Row] = []
    repeats: list[Numbers] = []
    for values, place in zip(predicted, folds.place, strict=True):
        known = [(place == number) & np.isfinite(values) for number in range(len(folds.names))]
        usable = [
            (name, here)
            for name, here in zip(folds.names, known, strict=True)
            if here.sum() >= MINIMUM_PEOPLE
        ]
        found: dict[str, Numbers] = {}
        if is_class:
            areas = {name: auc(values[here], people.outcome[here]) for name, here in usable}
            repeats.append(combine_auc(list(areas.values())))
            found.update(areas)
        else:
            rs = {name: pearson(values[here], people.outcome[here]) for name, here in usable}
            sizes = np.array([one.n for one in rs.values()], dtype=np.int64)
            repeats.append(meta_correlation(np.array([one.value for one in rs.values()], dtype=float), sizes))
            found.update(rs)
        if folds.scheme == "leave-one-centre-out" and people.site == ALL_SITES:
            rows += [
                people.row(metric, one, scheme=folds.scheme, site=name, note=note)
                for name, one in found.items()
            ]
    return [*rows, people.row(metric, averaged(repeats), scheme=folds.scheme, note=note)]
