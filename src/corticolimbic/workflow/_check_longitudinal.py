"""Whether what is asked of all visits names columns that exist, before anything is measured."""

from __future__ import annotations

import pandas as pd

from corticolimbic.cohort import text_column
from corticolimbic.foundation import SettingsError
from corticolimbic.stats import VisitsSettings

_PLACE = "compare.longitudinal"


def check_longitudinal(asked: VisitsSettings, people: pd.DataFrame, visits: pd.DataFrame) -> None:
    """Raise where a column of `compare.longitudinal` does not exist.

    Parameters
    ----------
    asked
        What is asked of all visits; nothing is checked where that is switched off.
    people
        Participants table: strings, indexed by participant_id.
    visits
        Schema ``visits``: every clinical value.

    Raises
    ------
    SettingsError
        Naming the setting, the column and those that there are.
    """
    if asked.visits == "off":
        return
    variables = sorted(set(visits.loc[visits["session_id"] != "ses-none", "variable"].astype(str)))
    for setting, name in (("time_column", asked.time_column), ("pain_column", asked.pain_column)):
        if name is not None and name not in variables:
            raise SettingsError(
                f"{_PLACE}.{setting}: no visit has a variable {name!r}; "
                f"the visits have {', '.join(variables) or 'none'}"
            )
    columns = [str(name) for name in people.columns]
    unknown = [name for name in asked.columns if name not in variables and name not in columns]
    if unknown:
        setting = "weight_covariates" if set(unknown) <= set(asked.weight_covariates or ()) else "terms"
        raise SettingsError(
            f"{_PLACE}.{setting}: neither the visits nor participants.tsv have "
            f"{', '.join(map(repr, unknown))}; "
            f"the visits have {', '.join(variables) or 'none'}; participants.tsv has {', '.join(columns)}"
        )
    if asked.group_column is None:
        if asked.group_reference is not None:
            raise SettingsError(f"{_PLACE}.group_reference is named without {_PLACE}.group_column")
        return
    if asked.group_column not in columns:
        raise SettingsError(
            f"{_PLACE}.group_column: participants.tsv has no column {asked.group_column!r}; "
            f"its columns are {', '.join(columns)}"
        )
    groups = sorted(set(text_column(people, asked.group_column)) - {""})
    if asked.group_reference is not None and asked.group_reference not in groups:
        raise SettingsError(
            f"{_PLACE}.group_reference: no cell of {asked.group_column} is {asked.group_reference!r}; "
            f"its cells are {', '.join(groups[:10]) or 'empty'}"
        )
