"""A marker recalibrated on other centres and tested on one that took no part (METHODS M-3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._judged import Judged
from corticolimbic.predict._nuisance_model import NuisanceModel
from corticolimbic.predict._out_of_fold import LEAVE_ONE_CENTRE_OUT, NO_SITE, OUTCOME, SITE, centre_by_centre
from corticolimbic.predict._out_of_fold_rows import centre_rows
from corticolimbic.predict._settings import PredictSettings
from corticolimbic.stats import ModelError


def judge_recalibrated(
    name: str,
    outcome: str,
    judged: Judged,
    rng: np.random.Generator,
    settings: PredictSettings,
    *,
    classes: bool,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Judge a marker centre by centre: recalibrated (intercept, slope) on the others, tested on the one.

    People who trained the marker are neither tested nor recalibrated on: their scores fit them too well. A
    slope that comes out with the opposite sign on the other centres turns the correlation round.

    Parameters
    ----------
    name, outcome
        Of the marker, and of what it is judged against.
    judged
        People with score and outcome, as `gather` returns them.
    rng
        Random stream of the bootstrap.
    settings
        Bootstrap samples.
    classes
        Whether the outcome is a class.

    Returns
    -------
    evaluation
        Schema ``evaluation``, kind marker, scheme leave-one-centre-out; empty with fewer than two centres
        that the marker never saw.
    problems
        CL770 where the recalibration cannot be fitted.
    """
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for population in dict.fromkeys(judged.populations["population"]):
        members = judged.members(population)
        members = members.loc[~members["training"], [SITE, "score", OUTCOME]]
        if members.loc[members[SITE] != NO_SITE, SITE].nunique() < 2:
            continue
        where = {"name": name, "kind": "marker", "outcome": outcome, "population": population,
                 "scheme": LEAVE_ONE_CENTRE_OUT}  # fmt: skip
        try:
            found = centre_by_centre(members, NuisanceModel(("score",), classes))
        except ModelError as refusal:
            told = f"{name}, {outcome}, {population}, {LEAVE_ONE_CENTRE_OUT}: {refusal.reason}"
            problems.append(problem("CL770", found=told))
            continue
        rows += centre_rows(where, found, rng, settings.resamples, classes=classes)
    return schema("evaluation").table(rows), problems
