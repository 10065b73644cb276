"""Baselines: what site, motion, age and sex, or baseline pain alone predict of an outcome (METHODS M-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.predict._judged import Judged
from corticolimbic.predict._nuisance_model import NuisanceModel
from corticolimbic.predict._out_of_fold import (
    K_FOLD,
    LEAVE_ONE_CENTRE_OUT,
    NO_SITE,
    OUTCOME,
    SITE,
    centre_by_centre,
    fold_by_fold,
)
from corticolimbic.predict._out_of_fold_rows import centre_rows, external_sites_of, fold_rows, whole_rows
from corticolimbic.predict._settings import PredictSettings
from corticolimbic.stats import ModelError, covariate

MOTION, AGE, SEX, BASELINE_PAIN = "mean_fd", "age", "sex", "baseline_pain"
BASELINES: dict[str, tuple[str, ...]] = {
    "site": (SITE,),
    "motion": (MOTION,),
    "age-sex": (AGE, SEX),
    "baseline pain": (BASELINE_PAIN,),
    "all nuisances": (SITE, MOTION, AGE, SEX),
}
"""Name of each baseline to its columns."""


def nuisances(
    participants: pd.DataFrame,
    populations: pd.DataFrame,
    quality: pd.DataFrame,
    baseline_pain: pd.Series,
    settings: PredictSettings,
) -> pd.DataFrame:
    """Return site, motion, age, sex and baseline pain of everybody, as far as there are any.

    Parameters
    ----------
    participants
        Strings, indexed by participant_id.
    populations
        Schema ``populations``: says the site of each.
    quality
        Of the baseline session, as `corticolimbic.stats.measured_quality` returns it.
    baseline_pain
        Indexed by participant_id; empty where there is none.
    settings
        Names of the columns.

    Returns
    -------
    DataFrame
        Indexed by participant_id; a column that nobody has is left out, missing cells are NaN.
    """
    sites = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
    found: dict[str, pd.Series] = {SITE: sites.reindex(participants.index).fillna(NO_SITE)}
    found[MOTION] = quality[MOTION].reindex(participants.index)
    for name, column in ((AGE, settings.judging.age_column), (SEX, settings.judging.sex_column)):
        try:
            cells = covariate(column, participants, quality)[0]
        except SettingsError:  # no such column: the baseline that needs it says so
            continue
        found[name] = cells.where(cells != "")
    found[BASELINE_PAIN] = baseline_pain.reindex(participants.index)
    table = pd.DataFrame(found, index=participants.index)
    return table.loc[:, table.notna().any()]


def judge_baselines(
    outcome: str,
    values: pd.Series,
    table: pd.DataFrame,
    populations: pd.DataFrame,
    rng: np.random.Generator,
    settings: PredictSettings,
    *,
    classes: bool,
    judged: Mapping[str, Judged] | None = None,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Judge what is no marker in every population: centre by centre, and by folds inside centres.

    Everybody of the population who has the outcome and the baseline's columns is predicted by models that
    were fitted without them. Where a marker had training people in this dataset, the same predictions are
    judged once more on the people whom it never saw, so that both stand on the same people.

    Parameters
    ----------
    outcome
        Name of the outcome.
    values
        Outcome, indexed by participant_id; 0 or 1 for a class.
    table
        As `nuisances` returns it.
    populations
        Schema ``populations``.
    rng
        Random stream of folds and bootstrap.
    settings
        Folds, repeats and bootstrap samples.
    classes
        Whether the outcome is a class.
    judged
        Marker to its people with score and outcome, as `gather` returns them.

    Returns
    -------
    evaluation
        Schema ``evaluation``, kind baseline. Continuous outcomes: ``q2`` and, within centres, ``pearson_r``;
        over all centres ``pearson_r_pooled`` beside them, an artefact for weak models. Classes:
        ``brier_skill_prevalence``, ``auc`` and ``auc_pooled``. By folds there is no r: a fold holds too few
        people of a centre.
    problems
        CL770 for a baseline that cannot be fitted, CL771 for one that lacks a column.
    """
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    people = table.assign(**{OUTCOME: values.reindex(table.index).astype(float)})
    for name, columns in BASELINES.items():
        lacking = [column for column in columns if column not in table.columns]
        if lacking:
            if name != "baseline pain":  # many outcomes have none
                problems.append(problem("CL771", found=f"{name}: nobody has {', '.join(lacking)}"))
            continue
        complete = people[[*dict.fromkeys((SITE, *columns)), OUTCOME]].dropna()
        for population in dict.fromkeys(populations["population"]):
            members = complete[complete.index.isin(_members(populations, population))]
            where = {"name": f"baseline: {name}", "kind": "baseline", "outcome": outcome,
                     "population": population}  # fmt: skip
            others = _unseen(judged or {}, population)
            model = NuisanceModel(columns, classes)
            made, reasons = _schemes(where, members, model, others, rng, settings)
            rows += made
            problems += [
                problem("CL770", found=f"{name}, {outcome}, {population}, {reason}") for reason in reasons
            ]
    return schema("evaluation").table(rows), problems


def _schemes(
    where: dict[str, str],
    members: pd.DataFrame,
    model: NuisanceModel,
    others: Mapping[str, pd.Index],
    rng: np.random.Generator,
    settings: PredictSettings,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of both schemes, and why a scheme has none."""
    rows: list[dict[str, Any]] = []
    reasons = []
    try:
        found = centre_by_centre(members, model)
    except ModelError as refusal:
        if members[SITE].nunique() > 1:  # one centre is no fault
            reasons.append(f"{LEAVE_ONE_CENTRE_OUT}: {refusal.reason}")
    else:
        here = {**where, "scheme": LEAVE_ONE_CENTRE_OUT}
        rows += centre_rows(here, found, rng, settings.resamples, classes=model.classes)
        for marker, ids in others.items():
            part = found.of(found.people.index.isin(ids))
            where_of = {**here, "site": external_sites_of(marker)}
            rows += whole_rows(where_of, part, rng, settings.resamples, classes=model.classes)
    try:
        judging = settings.judging
        found = fold_by_fold(members, model, rng, folds=judging.folds, repeats=judging.repeats)
    except ModelError as refusal:
        reasons.append(f"{K_FOLD}: {refusal.reason}")
    else:
        rows += fold_rows({**where, "scheme": K_FOLD}, found, classes=model.classes)
    return rows, reasons


def _members(populations: pd.DataFrame, population: str) -> pd.Series:
    rows = populations[(populations["population"] == population) & (populations["member"] == 1)]
    return rows["participant_id"]


def _unseen(judged: Mapping[str, Judged], population: str) -> dict[str, pd.Index]:
    """Return the people whom each marker never saw, for markers that have training people here."""
    found = {}
    for name, one in judged.items():
        members = one.members(population)
        if members["training"].any() and not members["training"].all():
            found[name] = members.index[~members["training"]]
    return found
