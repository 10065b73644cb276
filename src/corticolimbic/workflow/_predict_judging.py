"""The judging part of step predict: scores against outcomes, and what site or motion alone tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from corticolimbic.evidence import effects as published
from corticolimbic.features import read_table, schema, write_table
from corticolimbic.foundation import Problem, write_json
from corticolimbic.predict import (
    Candidate,
    Evaluation,
    Marker,
    MarkerUse,
    covariates_of,
    differences,
    evaluate,
    gather,
    person_scores,
    questions,
)
from corticolimbic.stats import TTest, baseline_rows, measured_quality, original_test
from corticolimbic.workflow._clinical import People
from corticolimbic.workflow._cohort_step import baseline_session
from corticolimbic.workflow._predict_baselines import judged_beside
from corticolimbic.workflow._step import Context

JUDGING_INPUTS = (
    "cohort/outcomes.parquet",
    "cohort/populations.parquet",
    "cohort/misclassification.parquet",
)
"""What judging reads beside the scores."""
JUDGING_OUTPUTS = ("predict/evaluation.tsv", "predict/curves.tsv", "predict/differences.json")
_OF_CLASSES = frozenset({"t", "d", "auc"})


@dataclass(frozen=True)
class Scored:
    """One marker's scores.

    Parameters
    ----------
    item, use
        The marker, and how this dataset relates to it.
    scores
        Schema ``scores``.
    """

    item: Marker
    use: MarkerUse
    scores: pd.DataFrame


def judge_scores(
    context: Context, scored: Sequence[Scored], features: pd.DataFrame, read: People
) -> list[Problem]:
    """Judge all scores, write what comes of it (`JUDGING_OUTPUTS`), and return what could not be judged.

    Parameters
    ----------
    context
        Where, and the settings.
    scored
        Scores of each marker that was asked for.
    features
        Schema ``features`` of everybody, for motion.
    read
        The clinical tables.
    """
    settings, session = context.config.predict, baseline_session(context.config)
    people = read.participants.table
    outcomes, populations, wrong = (
        read_table(path.split("/")[1].split(".")[0], context.out / path) for path in JUDGING_INPUTS
    )
    quality = measured_quality(baseline_rows(features, session))
    covariates = covariates_of(people, read.sessions.table, quality, outcomes, settings.judging, session)
    evaluations: list[Evaluation] = []
    unlike: list[dict[str, Any]] = []
    asked = questions(outcomes, wrong)
    for item in scored:
        known = item.item
        values = person_scores(item.scores, session, known.over)
        for question, outcome in asked:
            judged = gather(values, outcome, people, populations, item.use, covariates)
            if judged.people.empty:
                continue
            evaluations.append(evaluate(candidate(known), question, judged, item.use, settings))
            if not question.is_class:
                unlike += differences(known.id, question.outcome, judged)
    marked = [(item.item, item.use, item.scores) for item in scored]
    beside, trouble = judged_beside(context.config, marked, features, people, populations, outcomes)
    table = stacked([*(one.table for one in evaluations), *beside], "evaluation")
    table = table.drop_duplicates(schema("evaluation").key, ignore_index=True)  # recalibrated above already
    write_table(table, "evaluation", context.out / JUDGING_OUTPUTS[0])
    write_table(
        stacked([one.curves for one in evaluations], "curves"), "curves", context.out / JUDGING_OUTPUTS[1]
    )
    write_json(context.out / JUDGING_OUTPUTS[2], unlike)
    return [*(found for one in evaluations for found in one.problems), *trouble]


def candidate(item: Marker) -> Candidate:
    """Return a marker as what is judged: its direction, cut-off and verified effects.

    Parameters
    ----------
    item
        The marker.
    """
    originals = [
        (of_class, test, words)
        for of_class in (True, False)
        for test, words in _originals(item, of_class=of_class)[:1]
    ]
    return Candidate(item.id, "marker", item.sign, item.cut_off, tuple(originals))


def _originals(item: Marker, *, of_class: bool) -> list[tuple[TTest, str]]:
    """Return the t tests of the marker's verified effects, in its own direction."""
    by_id = {effect.id: effect for effect in published()}
    found = []
    for one in item.verified:
        effect = by_id.get(one.effect or "")
        if effect is None or not effect.verified or effect.value is None or effect.n_total is None:
            continue
        kinds = _OF_CLASSES if of_class else {"r"}
        if effect.effect_type not in kinds:
            continue
        size = effect.value if effect.effect_type == "auc" else abs(effect.value)
        test = original_test(effect.effect_type, size, effect.n_total)
        if test is not None:
            found.append(
                (test, f"{effect.id}, {effect.effect_type} = {effect.value:g}, n = {effect.n_total}")
            )
    return found


def stacked(tables: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """Return tables of one schema as one; without a row, the schema's empty table.

    Parameters
    ----------
    tables, name
        The tables, and the name of their schema.
    """
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else schema(name).table([])
