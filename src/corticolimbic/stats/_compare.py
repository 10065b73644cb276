"""Every circuit edge against the outcome, in every population, state by state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem
from corticolimbic.stats._baseline_models import baseline_model
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._effect_rows import Found, declared_families
from corticolimbic.stats._harmonised import declared_harmonisation, site_rows
from corticolimbic.stats._joined_tables import by_task, check_names, covariates
from corticolimbic.stats._people_table import connectivity_table
from corticolimbic.stats._questions import contrasts
from corticolimbic.stats._relative_rows import RelativeRows, relative_rows
from corticolimbic.stats._structure_table import (
    head_size,
    structure_models,
    structure_people,
    structure_table,
    with_head_size,
)
from corticolimbic.stats._visit_models import visit_models
from corticolimbic.stats._visit_tables import VisitTables


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Parameters
    ----------
    effects
        Schema ``effects``.
    declared
        What was tested, as written to ``compare/declared.json``.
    problems
        People and features left out, models that could not be estimated.
    relative
        Relative measures, as ``settings.relative`` asks for; its rows are ``compare/relative.parquet``.
    harmonisation
        Schema ``harmonisation``: site effects before and after, none where nothing was harmonised.
    structure
        Schema ``structure``: everybody's volumes and thickness that were compared.
    """

    effects: pd.DataFrame
    declared: dict[str, Any]
    problems: tuple[Problem, ...]
    relative: RelativeRows
    harmonisation: pd.DataFrame = field(default_factory=lambda: schema("harmonisation").table([]))
    structure: pd.DataFrame = field(default_factory=lambda: schema("structure").table([]))


def compare(
    baseline: pd.DataFrame,
    quality: pd.DataFrame,
    participants: pd.DataFrame,
    outcomes: pd.DataFrame,
    populations: pd.DataFrame,
    primary: frozenset[str],
    settings: CompareSettings,
    visits: VisitTables | None = None,
) -> Comparison:
    """Test every circuit edge against the outcome.

    Parameters
    ----------
    baseline
        Schema ``features``, rows of the baseline session: circuit edges, quality and structure.
    quality
        Measured mean_fd and censored_share, indexed by participant_id.
    participants
        Strings, indexed by participant_id.
    outcomes, populations
        Schemas of these names.
    primary
        Targets that form the primary family; all others are exploratory (METHODS M-5).
    settings
        Estimator and covariates.
    visits
        All visits, for the models over time; None: one visit of each person alone.
    """
    table = connectivity_table(baseline, settings.statistic)
    found = Found()
    sites_of = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
    structure = structure_table(baseline, settings.structure)
    quality = quality.assign(icv=head_size(baseline).reindex(quality.index))
    relative = relative_rows(
        _side_by_side(table, structure),
        with_head_size(participants, baseline),
        sites_of,
        settings.relative,
        settings.relative_reference,
    )
    table = _side_by_side(table, relative.table)
    found.problems += relative.problems
    columns = covariates(settings, participants, quality, outcomes, found)
    questions = contrasts(outcomes)
    check_names(settings, outcomes, questions)
    for name in dict.fromkeys(populations["population"]):
        members = populations[(populations["population"] == name) & (populations["member"] == 1)]
        sites = members.set_index("participant_id")["site"]
        for question in questions:
            for task, chosen in by_task(table):
                values = table[chosen]
                baseline_model(name, task, values, sites, question, columns, primary, settings, found)
    structure_models(
        structure, baseline, participants, quality, populations, questions, columns, settings, found
    )
    over_visits: dict[str, Any] = {"done": False, "why": "no visits were given"}
    if visits is not None:
        derived = {name: column for name, column in columns.items() if name not in settings.covariates}
        over_visits = visit_models(
            visits, participants, populations, questions, derived, primary, settings, found
        )
    effects = schema("effects").table(found.rows)
    declared = {
        "outcome": questions[0].outcome if questions else "",
        "contrasts": [question.outcome for question in questions],
        "covariates": list(settings.covariates),
        "structure": {
            "features": list(settings.structure),
            "terms": list(settings.structure_terms),
            "head_size": settings.head_size,
        },
        "statistic": settings.statistic,
        "standard_errors": settings.standard_errors,
        "minimum_people": settings.minimum_people,
        "missing_covariates": settings.missing_covariates,
        "visits": over_visits,
        "harmonised": declared_harmonisation(settings),
        "families": declared_families(effects),
        "notes": sorted(set(found.notes)),
    }
    people = structure_people(structure, relative.table, baseline, participants, settings)
    problems = tuple(sorted(set(found.problems)))
    return Comparison(effects, declared, problems, relative, site_rows(found), people)


def _side_by_side(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Join two tables of people; one without columns holds nobody that counts."""
    if not len(first.columns) or not len(second.columns):
        return second if len(second.columns) else first
    return pd.concat([first, second], axis=1)
