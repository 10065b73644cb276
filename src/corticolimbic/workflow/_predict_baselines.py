"""Beside the markers: what site, motion, age and sex or baseline pain alone predict, centre by centre."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from corticolimbic.foundation import Problem
from corticolimbic.predict import (
    Marker,
    MarkerUse,
    gather,
    judge_baselines,
    judge_recalibrated,
    nuisances,
    person_scores,
)
from corticolimbic.stats import baseline_rows, measured_quality
from corticolimbic.workflow._cohort_step import baseline_session
from corticolimbic.workflow._config import Config

_STREAM = 1
"""Of the seed: the markers' own intervals do not depend on what stands beside them."""


def judged_beside(
    config: Config,
    scored: Sequence[tuple[Marker, MarkerUse, pd.DataFrame]],
    features: pd.DataFrame,
    participants: pd.DataFrame,
    populations: pd.DataFrame,
    outcomes: pd.DataFrame,
) -> tuple[list[pd.DataFrame], list[Problem]]:
    """Judge the baselines, and the markers recalibrated, by leaving centres out.

    Parameters
    ----------
    config
        All settings.
    scored
        Each marker, its use, and its scores, schema ``scores``.
    features, populations, outcomes
        As their schemas say.
    participants
        Strings, indexed by participant_id.
    """
    settings, session = config.predict, baseline_session(config)
    rng = np.random.default_rng([settings.seed, _STREAM])
    quality = measured_quality(baseline_rows(features, session))
    pain = outcomes[outcomes["outcome"] == "baseline_pain"].set_index("participant_id")["value"]
    table = nuisances(participants, populations, quality, pain, settings)
    evaluations: list[pd.DataFrame] = []
    problems: list[Problem] = []
    primary = outcomes[outcomes["role"] == "primary"]
    for name, rows in primary.groupby("outcome", sort=True):
        values = rows.set_index("participant_id")["value"]
        classes = bool((rows["label"] != "").any())
        judged = {
            item.id: gather(person_scores(scores, session, item.over), values, participants, populations, use)
            for item, use, scores in scored
        }
        made = [
            judge_recalibrated(marker, str(name), one, rng, settings, classes=classes)
            for marker, one in judged.items()
        ]
        made.append(
            judge_baselines(
                str(name), values, table, populations, rng, settings, classes=classes, judged=judged
            )
        )
        evaluations += [evaluation for evaluation, _ in made]
        problems += [item for _, trouble in made for item in trouble]
    return evaluations, problems
