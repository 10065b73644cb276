"""Whether the variables that the settings name are there."""

from __future__ import annotations

import pandas as pd

from corticolimbic.cohort._trajectory_settings import TrajectorySettings
from corticolimbic.foundation import SettingsError

_SHOWN = 20


def check_named_variables(visits: pd.DataFrame, settings: TrajectorySettings) -> None:
    """Raise where a variable that the settings name is nowhere in the visits table: a misspelling, mostly.

    Parameters
    ----------
    visits
        Long table of clinical values.
    settings
        Pain over time.

    Raises
    ------
    SettingsError
        Naming the variable, the setting, and the variables that there are.
    """
    named: dict[str, list[str | None]] = {
        "ratings": [*(item.variable for item in settings.ratings)],
        "day_variable": [settings.day_variable],
        "date_variable": [settings.date_variable],
        "not_done": list(settings.not_done),
        "complete_variables": list(settings.complete_variables),
        "duration_variable": [settings.duration_variable],
        "eligibility": [*(rule.variable for rule in settings.eligibility)],
        "enrolment": [*(rule.variable for rule in settings.enrolment)],
    }
    there = set(map(str, visits["variable"].unique()))
    for setting, variables in named.items():
        for variable in variables:
            if variable is not None and variable not in there:
                has = ", ".join(sorted(there)[:_SHOWN]) or "none"
                has += ", ..." if len(there) > _SHOWN else ""
                raise SettingsError(
                    f"cohort.trajectories.{setting}: there is no variable {variable!r} in the clinical "
                    f"tables; their columns are {has}"
                )
