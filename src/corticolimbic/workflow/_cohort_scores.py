"""Scores of questionnaires in a run: made once with the clinical tables, seen by every later step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from corticolimbic.cohort import (
    Clinical,
    CohortSettings,
    placed_scoring,
    read_scoring_files,
    score_visits,
    with_scores,
)
from corticolimbic.features import schema, write_table
from corticolimbic.foundation import InputError, Problem
from corticolimbic.workflow._step import Context

SCORES = "cohort/instrument_scores.parquet"


def scored(clinical: Clinical, settings: CohortSettings, dataset: Path) -> tuple[Clinical, pd.DataFrame]:
    """Score every questionnaire of a study; return the clinical tables with the scores in them, and these.

    A file of scoring that cannot be used is a problem, as a source is: then nothing is scored.

    Parameters
    ----------
    clinical
        As read.
    settings
        How questionnaires are scored.
    dataset
        Folder of the dataset.
    """
    try:
        told = placed_scoring(settings, dataset)
        files = read_scoring_files(told, Path())
    except InputError as error:
        return _with(clinical, (error.problem,)), schema("instrument_scores").table([])
    made = score_visits(clinical.visits, told, files=files)
    clinical = _with(clinical, made.problems)
    if made.table.empty:
        return clinical, made.table
    return with_scores(clinical, made.table, settings, files), made.table


def _with(clinical: Clinical, problems: tuple[Problem, ...]) -> Clinical:
    return replace(clinical, problems=tuple(sorted({*clinical.problems, *problems})))


def write_scores(context: Context, scores: pd.DataFrame) -> tuple[str, ...]:
    """Write the scores where there are any; return the files written.

    Parameters
    ----------
    context
        Where.
    scores
        Schema ``instrument_scores``.
    """
    if scores.empty:
        return ()
    write_table(scores, "instrument_scores", context.out / SCORES)
    return (SCORES,)
