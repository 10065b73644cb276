"""Whether the settings fit the dataset's tables, asked before anything is measured."""

from __future__ import annotations

import pandas as pd

from corticolimbic.cohort import (
    check_named_variables,
    outcomes,
    pain_ratings,
    sites,
    text_column,
)
from corticolimbic.workflow._check_longitudinal import check_longitudinal
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._marker_files import markers_used
from corticolimbic.workflow._step import Found

_MEASURED = "measured:"


def check_settings(config: Config, found: Found, visits: pd.DataFrame) -> None:
    """Raise where a later step would stop at a column that does not exist: better now than after hours.

    Parameters
    ----------
    config
        All settings.
    found
        What a look at the dataset's tables found.
    visits
        Every clinical value, diaries and scores included.

    Raises
    ------
    SettingsError
        Naming the column and those that there are, an unusable outcome, or an unknown marker.
    """
    used = markers_used(config.predict)
    if not found.participants.usable or not found.sessions_with_features:
        return
    people = found.participants.table
    check_named_variables(visits, config.cohort.trajectories)
    ratings, _ = pain_ratings(visits, sites(people, config.cohort), config.cohort)
    outcomes(people, found.sessions.table, config.cohort.outcome, ratings)
    rules = (rule for population in config.cohort.populations for rule in population.rules)
    trained = (use.training.column for _, use in used if use.training is not None)
    reference = config.predict.reference
    marked = (reference.column,) if reference is not None and reference.column is not None else ()
    lost = config.attrition
    named = (
        *lost.covariates,
        *lost.auxiliary,
        *((lost.delta_by,) if lost.delta_by not in {None, lost.site} else ()),
        *(rule.column for rule in rules if rule.column is not None),
        *(
            name
            for name in (*config.compare.covariates, *config.compare.structure_terms)
            if not name.startswith(_MEASURED)
        ),
        *trained,
        *marked,
    )
    for name in named:
        text_column(people, name)
    check_longitudinal(config.compare.longitudinal, people, visits)
