"""How well a marker does: by site and population, training people apart (METHODS M-2, M-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, SettingsError, problem
from corticolimbic.predict._settings import MarkerUse
from corticolimbic.stats import Estimate, MetaCorrelation, meta_correlation, pearson, skill, spearman

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
    """

    people: pd.DataFrame
    populations: pd.DataFrame
    training_mean: float

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

    Raises
    ------
    SettingsError
        Where the settings name a column, a cell or a population of the training people that is not there:
        they would be judged as if the marker had never seen them.
    """
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
    return Judged(people, populations, mean)


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


def judge(
    name: str, outcome: str, judged: Judged, use: MarkerUse, rng: np.random.Generator, *, resamples: int
) -> tuple[pd.DataFrame, list[Problem]]:
    """Evaluate a marker in every population and site.

    Correlations are made within sites and combined over the external sites by random-effects meta-analysis;
    people of different sites are never pooled into one correlation. Skill is 1 - SSE/SSE(training mean); over
    all external sites it sums the errors of their people. People who trained the marker get no p.

    Parameters
    ----------
    name, outcome
        Of the marker, and of what it is judged against.
    judged
        People with score and outcome, as `gather` returns them.
    use
        Whether the marker predicts this outcome in its unit.
    rng
        Random stream of the bootstrap.
    resamples
        Bootstrap samples of the interval of skill.

    Returns
    -------
    evaluation
        Schema ``evaluation``.
    problems
        CL702 for sites with too few people.
    """
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for population in dict.fromkeys(judged.populations["population"]):
        members = judged.members(population)
        common = {"name": name, "kind": "marker", "outcome": outcome, "population": population}
        external: dict[str, Estimate] = {}
        for (site, training), people in members.groupby(["site", "training"], sort=True):
            if len(people) < MINIMUM_PEOPLE:
                problems.append(problem("CL702", found=f"{name}, {population}, {site}: {len(people)} people"))
                continue
            estimates = _estimates(people, judged.training_mean, use, rng, resamples)
            where = {**common, "site": site, "scheme": IN_SAMPLE if training else EXTERNAL}
            known = {name: replace(item, p=np.nan) if training else item for name, item in estimates.items()}
            rows += [_row(where, metric, estimate) for metric, estimate in known.items()]
            if not training:
                external[str(site)] = estimates["pearson_r"]
        if len(external) > 1:
            where = {**common, "site": ALL_SITES, "scheme": EXTERNAL}
            people = members[~members["training"] & members["site"].isin(external)]
            rows += _combined(where, list(external.values()), people, judged, use, rng, resamples)
    return schema("evaluation").table(rows), problems


def _estimates(
    people: pd.DataFrame, training_mean: float, use: MarkerUse, rng: np.random.Generator, resamples: int
) -> dict[str, Estimate]:
    observed, predicted = people["outcome"].to_numpy(dtype=float), people["score"].to_numpy(dtype=float)
    estimates = {"pearson_r": pearson(predicted, observed), "spearman_rho": spearman(predicted, observed)}
    if use.predicts_outcome and np.isfinite(training_mean):
        estimates["skill"] = skill(observed, predicted, training_mean, rng, resamples=resamples)
    return estimates


def _combined(
    where: dict[str, str],
    external: Sequence[Estimate],
    people: pd.DataFrame,
    judged: Judged,
    use: MarkerUse,
    rng: np.random.Generator,
    resamples: int,
) -> list[dict[str, Any]]:
    values, numbers = np.array([item.value for item in external]), np.array([item.n for item in external])
    combined = meta_correlation(values, numbers)  # leaves out sites whose scores or outcomes do not vary
    rows = [_row(where, "pearson_r", combined)]
    if use.predicts_outcome and np.isfinite(judged.training_mean):
        observed, predicted = people["outcome"].to_numpy(dtype=float), people["score"].to_numpy(dtype=float)
        rows.append(
            _row(where, "skill", skill(observed, predicted, judged.training_mean, rng, resamples=resamples))
        )
    return rows


def _row(where: dict[str, str], metric: str, estimate: Estimate | MetaCorrelation) -> dict[str, Any]:
    return {
        **where,
        "metric": metric,
        "value": estimate.value,
        "ci_low": estimate.ci_low,
        "ci_high": estimate.ci_high,
        "p": estimate.p,
        "n": estimate.n,
    }


def differences(name: str, outcome: str, judged: Judged) -> list[dict[str, Any]]:
    """Say whom the difference between populations rests on, for every external site where it exists.

    Parameters
    ----------
    name, outcome
        Of the marker and what it was judged against.
    judged
        As `gather` returns it.

    Returns
    -------
    list
        As written to ``predict/differences.json``: r and n in both populations, and each person who is in
        only one of them, with the rule that set them apart and, for those in the larger set, its r without
        them.
    """
    names = list(dict.fromkeys(judged.populations["population"]))
    found = []
    for first, second in ((names[0], other) for other in names[1:]):
        sets = {population: judged.members(population) for population in (first, second)}
        external = pd.concat(sets.values())
        for site in sorted(set(external.loc[~external["training"], "site"])):
            here = {population: _at_site(people, site) for population, people in sets.items()}
            only = {
                first: sorted(set(here[first].index) - set(here[second].index)),
                second: sorted(set(here[second].index) - set(here[first].index)),
            }
            if any(only.values()):
                found.append(_difference(name, outcome, site, here, only, judged))
    return found


def _at_site(people: pd.DataFrame, site: str) -> pd.DataFrame:
    return people[(people["site"] == site) & ~people["training"]]


def _difference(
    name: str,
    outcome: str,
    site: str,
    here: dict[str, pd.DataFrame],
    only: dict[str, list[str]],
    judged: Judged,
) -> dict[str, Any]:
    names = list(here)
    table = judged.populations.set_index(["participant_id", "population"])["reason"]
    everyone = pd.concat(here.values())
    larger = max(here.values(), key=len)
    everyone = everyone[~everyone.index.duplicated()]
    people = [
        {
            "participant_id": person,
            "in": [population for population in names if person in here[population].index],
            "score": float(everyone.loc[person, "score"]),
            "outcome": float(everyone.loc[person, "outcome"]),
            "reason": "; ".join(
                table.get((person, population), "")
                for population in names
                if person not in here[population].index
            ),
            "r_without": _r(larger.drop(index=person)) if person in larger.index else None,
        }
        for person in sorted({person for group in only.values() for person in group})
    ]
    return {
        "marker": name,
        "outcome": outcome,
        "site": site,
        "populations": names,
        "value": {population: _r(rows) for population, rows in here.items()},
        "n": {population: len(rows) for population, rows in here.items()},
        "only_in": only,
        "people": people,
    }


def _r(people: pd.DataFrame) -> float | None:
    value = pearson(people["score"].to_numpy(dtype=float), people["outcome"].to_numpy(dtype=float)).value
    return float(value) if np.isfinite(value) else None
