"""Which published predictors survive in this cohort: one verdict a marker, primary outcome and population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem
from corticolimbic.predict._judged import ALL_SITES, EXTERNAL
from corticolimbic.predict._verdict_figures import COVARIATES, Figures, MarkerFacts, figures
from corticolimbic.predict._verdict_rules import thresholds, verdict
from corticolimbic.predict._verdict_settings import VerdictSettings
from corticolimbic.predict._verdict_words import covariates
from corticolimbic.stats import false_discovery

_KIND = "marker"


@dataclass(frozen=True)
class _Asked:
    """One primary outcome: its classes where it has them, and the same rule at other thresholds."""

    name: str
    classes: pd.Series
    thresholds: tuple[str, ...]


def verdicts(
    evaluation: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    populations: pd.DataFrame,
    markers: Sequence[MarkerFacts],
    settings: VerdictSettings,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Give every marker its verdict against every primary outcome in every population.

    The first of `VERDICT_RULES` that holds decides; q is Benjamini and Hochberg's over the markers that
    published a direction and are no state markers, within one outcome and population.

    Parameters
    ----------
    evaluation, scores, outcomes, populations
        Tables of these schemas.
    markers
        The named markers, each once.
    settings
        The bounds.

    Returns
    -------
    verdicts
        Schema ``verdicts``; empty where there is no primary outcome or no population.
    problems
        CL720 for covariates that no marker could be held against.
    """
    judged = evaluation[evaluation["kind"] == _KIND]
    by_marker = {str(name): rows for name, rows in judged.groupby("name", sort=False)}
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for asked in _asked(outcomes):
        for population in dict.fromkeys(populations["population"]):
            members = populations[(populations["population"] == population) & (populations["member"] == 1)]
            found = []
            for item in markers:
                mine = by_marker.get(item.id, judged.iloc[:0])
                one = figures(item, asked.name, population, mine, asked.thresholds)
                found.append(_with_people(one, scores[scores["marker"] == item.id], mine, members, asked))
            found = _with_q(found)
            rows += [_row(one, settings) for one in found]
            problems += _lacking(found)
    return schema("verdicts").table(rows), problems


def _asked(outcomes: pd.DataFrame) -> list[_Asked]:
    primary = outcomes[outcomes["role"] == "primary"]
    asked = []
    for name, rows in primary.groupby("outcome", sort=True):
        classes = rows[rows["label"] != ""].set_index("participant_id")["value"]
        same = outcomes[
            (outcomes["family"] == rows["family"].iloc[0]) & outcomes["role"].isin(["sweep", "sensitivity"])
        ]
        others = dict.fromkeys(same["outcome"]) if len(classes) else {}
        asked.append(_Asked(str(name), classes, tuple(others)))
    return asked


def _with_people(
    found: Figures,
    scores: pd.DataFrame,
    judged: pd.DataFrame,
    members: pd.DataFrame,
    asked: _Asked,
) -> Figures:
    """Add who has a score, how many the smaller class holds, and why nobody has one."""
    good = scores[(scores["status"] == "ok") & np.isfinite(scores["score"])]
    people = members[members["participant_id"].isin(good["participant_id"])]
    failed = scores.loc[scores["status"] != "ok", "status"]
    status = str(failed.mode().iloc[0]) if len(failed) else ""
    found = replace(found, computed=len(good) > 0, scored=len(people), status=status)
    if not len(asked.classes):
        return found
    sites = set(judged.loc[judged["scheme"] == EXTERNAL, "site"]) - {ALL_SITES}
    here = people[people["site"].isin(sites)] if sites else people
    values = asked.classes.reindex(here["participant_id"]).dropna()
    fewest = int(min((values == 1).sum(), (values == 0).sum()))
    return replace(found, fewest=fewest)


def _with_q(found: list[Figures]) -> list[Figures]:
    p = np.array([one.own.p if one.tested else np.nan for one in found], dtype=float)
    q = false_discovery(p, ["named markers"] * len(found)) if len(found) else p
    family = int(np.isfinite(p).sum())
    return [replace(one, q=float(value), family=family) for one, value in zip(found, q, strict=True)]


def _row(found: Figures, settings: VerdictSettings) -> dict[str, Any]:
    name, why = verdict(found, settings)
    standing, fallen = thresholds(found, settings) if found.own.known else (0, 0)
    row: dict[str, Any] = {
        "marker": found.marker.id,
        "outcome": found.outcome,
        "population": found.population,
        "role": found.marker.role,
        "verdict": name,
        "why": why,
        "metric": found.metric,
        "p": found.own.p,
        "q": found.q,
        "family_size": found.family,
        "held_against": ", ".join(found.held_against),
        "ceiling": found.ceiling,
        "n": found.own.n,
        "n_scored": found.scored,
        "n_smaller_class": found.fewest,
        "n_thresholds": len(found.sweep),
        "n_standing": standing,
        "n_fallen": fallen,
    }
    for prefix, interval in (
        ("", found.own),
        ("pooled_", found.pooled),
        ("crude_", found.crude),
        ("adjusted_", found.adjusted),
    ):
        row[f"{prefix}value"] = interval.value
        row[f"{prefix}ci_low"], row[f"{prefix}ci_high"] = interval.low, interval.high
    return row


def _lacking(found: list[Figures]) -> list[Problem]:
    """Name the covariates that no judged marker of an outcome could be held against."""
    judged = [one for one in found if one.own.known]
    if not judged:
        return []
    lacking = [name for name in COVARIATES if not any(name in one.held_against for one in judged)]
    if not lacking:
        return []
    where = f"{judged[0].outcome}, {judged[0].population}"
    return [problem("CL720", found=f"{where}: {covariates(lacking)}")]
