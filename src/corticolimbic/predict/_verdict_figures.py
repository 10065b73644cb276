"""What a verdict on one marker rests on, taken from the tables of the judging."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from corticolimbic.predict._judged import ALL_SITES, EXTERNAL, IN_SAMPLE

COVARIATES = {
    "age+sex": "age and sex",
    "motion": "motion",
    "site": "site",
    "medication": "medication",
    "baseline_pain": "baseline pain",
}
"""Covariates whose association the judging holds a marker against, and what people call them."""
TOGETHER = "all"
_CLASS, _CONTINUOUS = "auc", "pearson_r"


@dataclass(frozen=True)
class MarkerFacts:
    """What a verdict must know of a marker beside its figures.

    Parameters
    ----------
    id
        Marker id.
    role
        prognostic, state or susceptibility.
    sign
        +1 where a higher score was published to mean the worse outcome, -1 where a lower one, 0 not stated.
    needs
        Inputs that the user must supply.
    """

    id: str
    role: str = "prognostic"
    sign: int = 0
    needs: tuple[str, ...] = ()

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> MarkerFacts:
        """Read one object of ``predict/markers.json``."""
        return cls(
            str(card["id"]),
            str(card.get("role") or "prognostic"),
            int(card.get("sign") or 0),
            tuple(map(str, card.get("needs") or ())),
        )


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval, oriented: above no effect is as published."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    n: int = -1

    @property
    def known(self) -> bool:
        """Whether the estimate has an interval that is more than a point."""
        return all(map(math.isfinite, (self.value, self.low, self.high))) and self.high > self.low


@dataclass(frozen=True)
class Figures:
    """The figures of one marker against one primary outcome in one population.

    Parameters
    ----------
    marker, outcome, population
        What they are of.
    metric
        auc, or pearson_r for a continuous outcome; empty where nothing was judged.
    own
        Within sites, combined over them.
    pooled
        Over all people, ignoring site; unknown where it was not made.
    crude
        Association without covariates: log odds ratio per SD, or partial r.
    given
        The same given each covariate, and given all of them (``all``).
    sweep
        AUC at the other thresholds of the outcome.
    ceiling
        AUC that a perfect marker would reach against this outcome; NaN where it is not known.
    fewest
        People of the smaller class; -1 for a continuous outcome.
    computed
        Whether anybody has a score.
    scored
        People with a score, in this population.
    in_sample
        Whether people who trained the marker were judged.
    status
        Why there is no score, where there is none.
    q, family
        p corrected over the named markers, and how many they are.
    """

    marker: MarkerFacts
    outcome: str
    population: str
    metric: str = ""
    own: Interval = field(default_factory=Interval)
    pooled: Interval = field(default_factory=Interval)
    crude: Interval = field(default_factory=Interval)
    given: Mapping[str, Interval] = field(default_factory=dict)
    sweep: Mapping[str, Interval] = field(default_factory=dict)
    ceiling: float = math.nan
    fewest: int = -1
    computed: bool = False
    scored: int = 0
    in_sample: bool = False
    status: str = ""
    q: float = math.nan
    family: int = 0

    @property
    def none(self) -> float:
        """The value of ``own`` that is no effect."""
        return 0.5 if self.metric == _CLASS else 0.0

    @property
    def tested(self) -> bool:
        """Whether the marker counts among the tests of its family: a prediction was published and made."""
        return self.marker.role != "state" and self.marker.sign != 0 and math.isfinite(self.own.p)

    @property
    def adjusted(self) -> Interval:
        """Given all covariates that the cohort has."""
        return self.given.get(TOGETHER, Interval())

    @property
    def held_against(self) -> tuple[str, ...]:
        """Covariates that the cohort has."""
        return tuple(name for name in COVARIATES if name in self.given and self.given[name].known)


def figures(
    marker: MarkerFacts,
    outcome: str,
    population: str,
    judged: pd.DataFrame,
    thresholds: tuple[str, ...] = (),
) -> Figures:
    """Return the figures that the evaluation table has.

    Parameters
    ----------
    marker
        The marker.
    outcome, population
        Which of its judgements.
    judged
        Rows of the marker, schema ``evaluation``.
    thresholds
        Outcomes that are the same rule at another threshold.
    """
    here = judged[(judged["outcome"] == outcome) & (judged["population"] == population)]
    external = here[here["scheme"] == EXTERNAL]
    metric = next((name for name in (_CLASS, _CONTINUOUS) if (external["metric"] == name).any()), "")
    found = {str(name): _combined(rows) for name, rows in external.groupby("metric", sort=False)}
    given = {
        name.partition("|")[2]: interval
        for name, interval in found.items()
        if name.startswith("association|")
    }
    swept = judged[(judged["population"] == population) & (judged["scheme"] == EXTERNAL)]
    swept = swept[swept["metric"] == _CLASS]
    sweep = {name: _combined(swept[swept["outcome"] == name]) for name in thresholds}
    return Figures(
        marker,
        outcome,
        population,
        metric,
        own=found.get(metric, Interval()),
        pooled=found.get("auc_pooled", Interval()),
        crude=found.get("association", Interval()),
        given=given,
        sweep={name: interval for name, interval in sweep.items() if interval.known},
        ceiling=found.get("auc_ceiling", Interval()).value,
        in_sample=bool((here["scheme"] == IN_SAMPLE).any()),
    )


def _combined(rows: pd.DataFrame) -> Interval:
    """Return the row over all sites, or that of the only site."""
    over = rows[rows["site"] == ALL_SITES]
    chosen = over if len(over) else rows
    if len(chosen) != 1:
        return Interval()
    row = chosen.iloc[0]
    value, low, high, p = (float(row[name]) for name in ("value", "ci_low", "ci_high", "p"))
    return Interval(value, low, high, p, int(row["n"]))
