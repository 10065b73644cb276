"""What the models stand on: features, covariates and sites by key, and what a set of tests is called."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from corticolimbic.foundation import SettingsError
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._effect_rows import Found
from corticolimbic.stats._people_table import FEATURE_KEY, covariate
from corticolimbic.stats._questions import Contrast

SITE = "site"


def check_names(settings: CompareSettings, outcomes: pd.DataFrame, questions: tuple[Contrast, ...]) -> None:
    """Raise `SettingsError` where a covariate is what the program adds itself."""
    derived = sorted(set(settings.covariates) & set(outcomes["outcome"]))
    if derived:
        raise SettingsError(
            f"compare.covariates: {', '.join(derived)} is an outcome that this program derives; where it "
            "belongs in a model it is added, so take it off the list or rename your column"
        )
    if SITE in {*settings.covariates, *(question.outcome for question in questions)}:
        raise SettingsError(
            "compare: the site is always in the model; do not name it as covariate or outcome"
        )


def covariates(
    settings: CompareSettings,
    participants: pd.DataFrame,
    quality: pd.DataFrame,
    outcomes: pd.DataFrame,
    found: Found,
) -> dict[str, pd.Series]:
    """Return the declared covariates, and what the outcomes are adjusted for, by person."""
    columns = {}
    for name in dict.fromkeys((*settings.covariates, *settings.harmonise_columns)):
        if name in set(outcomes["outcome"]):
            continue
        columns[name], problems = covariate(name, participants, quality)
        found.problems += problems
    known = outcomes[outcomes["role"] == "covariate"]
    for name, rows in known.groupby("outcome"):
        columns[str(name)] = rows.set_index("participant_id")["value"]
    return columns


def by_task(table: pd.DataFrame) -> Iterator[tuple[tuple, list]]:
    """Yield the columns of each state, acquisition and atlas: they are never pooled."""
    grouping = FEATURE_KEY[: FEATURE_KEY.index("measure")]
    groups: dict[tuple, list] = {}
    for column in table.columns:
        groups.setdefault(tuple(column[: len(grouping)]), []).append(column)
    yield from groups.items()


def place_of(population: str, task: tuple, question: Contrast) -> str:
    """Name a set of tests: q is adjusted within it, so no two sets share a name."""
    state, acquisition, space, atlas, _ = task
    detail = [f"acq {acquisition}"] * (acquisition != "n/a") + [f"space {space}"] * (space != "n/a")
    return ", ".join([question.outcome, population, f"task {state}", atlas, *detail])
