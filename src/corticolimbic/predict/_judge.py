"""How well a marker does: by site and population, training people apart (METHODS M-2, M-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._judged import ALL_SITES, EXTERNAL, IN_SAMPLE, MINIMUM_PEOPLE, Judged
from corticolimbic.predict._settings import MarkerUse
from corticolimbic.stats import Estimate, MetaCorrelation, meta_correlation, pearson, skill, spearman


def judge(
    name: str,
    outcome: str,
    judged: Judged,
    use: MarkerUse,
    rng: np.random.Generator,
    *,
    resamples: int,
    kind: str = "marker",
    turn: float = 1.0,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Evaluate a marker against a number in every population and site.

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
    kind
        marker or model.
    turn
        -1 where a lower score should mean a higher outcome: correlations are turned, skill is of the score as
        it is.

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
        common = {"name": name, "kind": kind, "outcome": outcome, "population": population}
        external: dict[str, Estimate] = {}
        for (site, training), people in members.groupby(["site", "training"], sort=True):
            if len(people) < MINIMUM_PEOPLE:
                problems.append(problem("CL702", found=f"{name}, {population}, {site}: {len(people)} people"))
                continue
            estimates = _estimates(people, judged.training_mean, use, rng, resamples, turn)
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
    people: pd.DataFrame,
    training_mean: float,
    use: MarkerUse,
    rng: np.random.Generator,
    resamples: int,
    turn: float,
) -> dict[str, Estimate]:
    observed, predicted = people["outcome"].to_numpy(dtype=float), people["score"].to_numpy(dtype=float)
    turned = turn * predicted
    estimates = {"pearson_r": pearson(turned, observed), "spearman_rho": spearman(turned, observed)}
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
