"""A marker's scores joined with outcome, site, population and training, by key."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from corticolimbic.foundation import InputError, SettingsError
from corticolimbic.predict._covariates import NO_COVARIATES, Covariates
from corticolimbic.predict._settings import MarkerUse

ALL_SITES = "all external sites"
EXTERNAL, IN_SAMPLE = "external", "in-sample"
MINIMUM_PEOPLE = 4
"""Fewer people have no interval."""


@dataclass(frozen=True)
class Judged:
    """One marker against one outcome.

    Parameters
    ----------
    people
        One row a person with score and outcome: columns score, outcome, site, training (bool); indexed by
        participant_id.
    populations
        Schema ``populations``.
    training_mean
        Mean outcome of the training people; NaN where unknown.
    covariates
        What the association is held against.
    """

    people: pd.DataFrame
    populations: pd.DataFrame
    training_mean: float
    covariates: Covariates = field(default=NO_COVARIATES)

    def members(self, population: str) -> pd.DataFrame:
        """Return the rows of ``people`` that belong to a population."""
        rows = self.populations[
            (self.populations["population"] == population) & (self.populations["member"] == 1)
        ]
        return self.people[self.people.index.isin(rows["participant_id"])]


def gather(
    scores: pd.Series,
    outcome: pd.Series,
    participants: pd.DataFrame,
    populations: pd.DataFrame,
    use: MarkerUse,
    covariates: Covariates = NO_COVARIATES,
) -> Judged:
    """Join scores, outcomes, sites and training by participant.

    Parameters
    ----------
    scores, outcome
        Indexed by participant_id.
    participants
        Strings, indexed by participant_id.
    populations
        Schema ``populations``.
    use
        Who the training people are.
    covariates
        What the association is to be held against.

    Raises
    ------
    InputError
        CL716 where scores or outcomes are no numbers.
    SettingsError
        Where the settings name a column, a cell or a population of the training people that is not there:
        they would be judged as if the marker had never seen them.
    """
    _refuse_text(scores, "predict/scores.tsv, column score")
    _refuse_text(outcome, "cohort/outcomes.parquet, column value")
    sites = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
    people = pd.DataFrame({"score": scores, "outcome": outcome.reindex(scores.index)}).dropna()
    people["site"] = sites.reindex(people.index).fillna("n/a")
    people["training"] = False
    mean = float("nan") if use.training_mean is None else use.training_mean
    if use.training is not None:
        trained = _trained(participants, populations, use)
        people["training"] = people.index.isin(trained)
        kept = populations[
            (populations["population"] == use.training.population) & (populations["member"] == 1)
        ]
        reference = outcome[outcome.index.isin(trained) & outcome.index.isin(kept["participant_id"])].dropna()
        mean = float(reference.mean()) if len(reference) and use.training_mean is None else mean
    return Judged(people, populations, mean, covariates)


def _refuse_text(values: pd.Series, place: str) -> None:
    if values.empty or (pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)):
        return
    file, _, column = place.partition(", ")
    text = next((repr(cell)[:40] for cell in values if isinstance(cell, str)), str(values.dtype))
    raise InputError("CL716", file=file, found=f"{column} holds {text}")


def _trained(participants: pd.DataFrame, populations: pd.DataFrame, use: MarkerUse) -> pd.Index:
    training = use.training
    if training is None:
        return pd.Index([])
    place = f"predict.markers, {use.id}, training"
    if training.column not in participants.columns:
        raise SettingsError(f"{place}: participants.tsv has no column {training.column!r}")
    cells = participants[training.column].astype(str).str.strip()
    trained = participants.index[cells == training.equals.strip()]
    if trained.empty:
        has = ", ".join(sorted(set(cells))[:10])
        raise SettingsError(
            f"{place}: nobody has {training.column} = {training.equals!r}; the cells are {has}. Where the "
            "training people are not in this dataset, leave training out"
        )
    if training.population not in set(populations["population"]):
        has = ", ".join(dict.fromkeys(populations["population"]))
        raise SettingsError(f"{place}: no population is named {training.population!r}; there are {has}")
    return trained
