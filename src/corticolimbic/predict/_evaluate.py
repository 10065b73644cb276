"""A candidate against one outcome, whole: rows of the evaluation and of the curves."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._curves import probability_rows, roc_rows
from corticolimbic.predict._fold_plan import fold_plan
from corticolimbic.predict._judge import judge
from corticolimbic.predict._judge_association import association_rows
from corticolimbic.predict._judge_classes import NOT_STATED, class_rows
from corticolimbic.predict._judge_folds import class_fold_rows, number_fold_rows, predictions
from corticolimbic.predict._judged import Judged
from corticolimbic.predict._question import Candidate, Question
from corticolimbic.predict._sample import Row, Sample, sample
from corticolimbic.predict._settings import MarkerUse, PredictSettings


@dataclass(frozen=True)
class Evaluation:
    """What came of judging.

    Parameters
    ----------
    table
        Schema ``evaluation``.
    curves
        Schema ``curves``.
    problems
        Who or what could not be judged, and why.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    problems: tuple[Problem, ...]


def stream(settings: PredictSettings, *place: str) -> np.random.Generator:
    """Return a random stream of its own for a place: what else is judged makes no difference to it."""
    return np.random.default_rng([settings.seed, zlib.crc32(" | ".join(place).encode())])


def evaluate(
    candidate: Candidate, question: Question, judged: Judged, use: MarkerUse, settings: PredictSettings
) -> Evaluation:
    """Judge a fixed score against one outcome, in every population, by site and over them (METHODS M-2, M-3).

    Of a class: the AUC within sites; of a number: correlations within sites, and skill. Of the primary
    outcomes also what is told in the manual's page on judging: association given covariates, what the score
    adds to baseline pain, and, after recalibration in the folds, Brier score, calibration, accuracy at a
    cut-off and net benefit. The same whatever the order of the people.

    Parameters
    ----------
    candidate
        What is judged.
    question
        The outcome.
    judged
        People with score and outcome, as `gather` returns them.
    use
        Whether the marker predicts this outcome in its unit.
    settings
        How people are left out; seed and number of bootstrap samples.

    Returns
    -------
    Evaluation
    """
    rows: list[Row] = []
    curves: list[Row] = []
    problems: list[Problem] = []
    if not question.is_class:
        rng = stream(settings, candidate.name, question.outcome)
        table, found = judge(
            candidate.name,
            question.outcome,
            judged,
            use,
            rng,
            resamples=settings.resamples,
            kind=candidate.kind,
            turn=candidate.turn,
        )
        rows += table.to_dict("records")
        problems += found
    for population in dict.fromkeys(judged.populations["population"]):
        people = sample(candidate, question, judged, population)
        rng = stream(settings, candidate.name, question.outcome, population)
        for part in (_auc, _further):
            made = part(candidate, question, judged, people, settings, rng)
            rows += made[0]
            curves += made[1]
            problems += made[2]
    return Evaluation(
        schema("evaluation").table(rows),
        schema("curves").table(curves),
        tuple(sorted(set(problems))),
    )


Made = tuple[list[Row], list[Row], list[Problem]]


def _auc(
    candidate: Candidate,
    question: Question,
    judged: Judged,
    people: Sample,
    settings: PredictSettings,
    rng: np.random.Generator,
) -> Made:
    members = judged.members(people.common["population"])
    if not question.is_class or members.empty:
        return [], [], []
    if members["outcome"].nunique() < 2:
        return [], [], [problem("CL717", found=f"{people.name}: {len(members)} people of one class")]
    trained = members[members["training"]]
    trained = trained.assign(score=trained["score"] * candidate.turn)
    rows, problems = class_rows(people, question, trained, "" if candidate.sign else NOT_STATED)
    return rows, roc_rows(people) if question.whole else [], problems


def _further(
    candidate: Candidate,
    question: Question,
    judged: Judged,
    people: Sample,
    settings: PredictSettings,
    rng: np.random.Generator,
) -> Made:
    outcome = people.outcome
    if not question.whole or outcome.size < 4 or np.ptp(outcome) == 0:
        return [], [], []
    rows, problems = association_rows(people, candidate, question)
    folds, trouble = fold_plan(people, settings.judging, rng, is_class=question.is_class)
    problems += trouble
    if folds is None:
        return rows, [], problems
    found, trouble = predictions(people, folds, is_class=question.is_class)
    problems += trouble
    if not np.isfinite(found.marker).any():
        return rows, [], problems
    if not question.is_class:
        return [*rows, *number_fold_rows(people, folds, found, rng, settings.resamples)], [], problems
    rows += class_fold_rows(people, folds, found, candidate, settings.judging, rng, settings.resamples)
    return rows, probability_rows(people, folds, found), problems
