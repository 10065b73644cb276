"""One visit of each person: every feature against the outcome by least squares, population by population."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._association import Effects, association
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import Design, LeftOut, aligned, design
from corticolimbic.stats._effect_rows import Found, baseline_effects, ranked
from corticolimbic.stats._further_columns import further_columns
from corticolimbic.stats._harmonised import harmonised
from corticolimbic.stats._imputed_covariates import imputed_model
from corticolimbic.stats._joined_tables import SITE, place_of
from corticolimbic.stats._questions import Contrast
from corticolimbic.stats._refusals import ModelError


def baseline_model(
    population: str,
    task: tuple,
    values: pd.DataFrame,
    sites: pd.Series,
    question: Contrast,
    covariates: Mapping[str, pd.Series],
    primary: frozenset[str],
    settings: CompareSettings,
    found: Found,
) -> None:
    """Add what the people of a population say to one question in one state."""
    names = (*settings.covariates, *question.adjusted_for)
    people = pd.DataFrame(index=[person for person in sites.index if person in values.index])
    people[question.outcome] = question.values.reindex(people.index)
    for name in names:
        people[name] = covariates[name].reindex(people.index)
    people[SITE] = sites.reindex(people.index)
    place = place_of(population, task, question)
    kept = {
        name: covariates[name].reindex(people.index)
        for name in settings.harmonise_columns
        if name in covariates
    }
    ready = harmonised(values, people.assign(**kept), place, settings, found)
    if ready is None:
        return
    imputed = None
    try:
        if settings.missing_covariates == "impute" and not people.empty:
            imputed = imputed_model(
                people,
                question.outcome,
                names,
                ready.values,
                lambda completed: _design(completed, question, names),
                settings,
            )
        if imputed is not None:
            model, effects, notes = imputed
            found.notes += [f"{place}: {note}" for note in notes]
        else:
            model = _design(people, question, names)
            effects = association(
                aligned(ready.values, model),
                model,
                minimum_people=settings.minimum_people,
                standard_errors=settings.standard_errors,
            )
    except ModelError as error:
        found.problems.append(problem("CL602", found=f"{place}: {error.reason}"))
        return
    found.notes += [f"{place}: {note}" for note in model.notes]
    found.problems += [_left_out(item, question.outcome) for item in model.left_out]
    found.problems += _alone(effects, place)
    families = np.array([f"{rank}: {place}" for rank in ranked(values, primary)])
    further, problems = further_columns(
        effects, aligned(ready.values, model), model, families, settings, place
    )
    found.problems += problems
    effects = replace(effects, model=ready.said(effects.model))
    baseline_effects(population, values, effects, primary, place, found, further)


def _design(people: pd.DataFrame, question: Contrast, names: tuple[str, ...]) -> Design:
    if people.empty:
        raise ModelError("nobody of this population has a measured edge")
    unknown = [
        name for name in (question.outcome, *names) if (people[name].isna() | (people[name] == "")).all()
    ]
    if unknown:
        raise ModelError(f"nobody has a value of {', '.join(unknown)}", tuple(unknown))
    site = SITE if people[SITE].nunique() > 1 else None
    return design(people, question.outcome, names, site, reference=question.reference)


def _left_out(item: LeftOut, outcome: str) -> Problem:
    if item.kind == "alone":
        code = "CL601"
    else:
        lacks = item.reason.removeprefix("missing: ").split(", ")
        code = "CL308" if outcome in lacks else "CL310"
    return problem(code, participant_id=str(item.person), found=item.reason)


def _alone(effects: Effects, place: str) -> list[Problem]:
    """Name who is in the model, but alone among those who have a feature."""
    counts = Counter(str(person) for people in effects.alone for person in people)
    return [
        problem("CL601", participant_id=person, found=f"alone among those who have {n} of the edges: {place}")
        for person, n in sorted(counts.items())
    ]
