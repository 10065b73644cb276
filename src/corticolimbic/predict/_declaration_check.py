"""A run held against what was declared before it: every deviation by name, and one verdict a marker."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from corticolimbic.predict._declaration import Criterion, Declaration
from corticolimbic.predict._declared_metrics import OUT_OF_FOLD
from corticolimbic.predict._judged import ALL_SITES, IN_SAMPLE
from corticolimbic.predict._out_of_fold import K_FOLD, LEAVE_ONE_CENTRE_OUT

RegisteredVerdict = Literal["confirmed", "not confirmed", "inconclusive", "deviated"]
DeviationKind = Literal[
    "marker", "outcome", "population", "setting", "algorithm", "seen before", "dated before", "training"
]


@dataclass(frozen=True)
class Deviation:
    """One thing that is not as declared.

    Parameters
    ----------
    kind
        What it concerns.
    name
        The setting, step or marker.
    declared, found
        What was declared and what the run has, as text; empty where a side has nothing.
    """

    kind: DeviationKind
    name: str
    declared: str
    found: str

    def __str__(self) -> str:
        """Return the deviation as a line of text."""
        sides = f"declared {self.declared or 'nothing'}, found {self.found or 'nothing'}"
        return f"{self.kind}, {self.name}: {sides}"


@dataclass(frozen=True)
class ScoredRun:
    """What a run says of itself, as far as a declaration asks.

    Parameters
    ----------
    markers
        Marker id to the hash of the file that was applied; empty where the run does not say.
    settings
        By dotted name, as in a declaration.
    algorithms
        Step to integer.
    evaluation
        Schema ``evaluation``.
    people
        Marker id to the people whom its external figures rest on.
    dates
        Person to the date of the visit that was scored, as far as it is known.
    training
        Marker id to how many of the population trained it, and so were set apart.
    """

    markers: Mapping[str, str]
    settings: Mapping[str, Any]
    algorithms: Mapping[str, int]
    evaluation: pd.DataFrame
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    training: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """The declared metric in the run; NaN and 0 where it has none."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    site: str = ""


@dataclass(frozen=True)
class Checked:
    """What became of one declared marker.

    Parameters
    ----------
    marker
        Its id.
    verdict
        ``confirmed``: as declared, and the interval lies wholly beyond the bound. ``not confirmed``: as
        declared, enough people, and it does not. ``inconclusive``: as declared, but too few people, or no
        figure. ``deviated``: not as declared, whatever the figure.
    figure
        The declared metric.
    deviations
        All of them.
    n_dated, n_people
        People whose date is known, and all whom the figure rests on.
    n_training
        People who trained the marker and were set apart.
    """

    marker: str
    verdict: RegisteredVerdict
    figure: Figure
    deviations: tuple[Deviation, ...]
    n_dated: int
    n_people: int
    n_training: int


def check_declaration(declaration: Declaration, run: ScoredRun) -> tuple[Checked, ...]:
    """Hold a run against a declaration.

    Parameters
    ----------
    declaration
        As `read_declaration` returns it.
    run
        What was done.
    """
    shared = (*_settings(declaration.settings, run.settings), *_algorithms(declaration, run))
    return tuple(_check(item.id, item.sha256, declaration, run, shared) for item in declaration.markers)


def _check(
    marker: str, sha256: str, declaration: Declaration, run: ScoredRun, shared: tuple[Deviation, ...]
) -> Checked:
    people = run.people.get(marker, frozenset())
    found = run.markers.get(marker, "")
    own = () if found == sha256 else (Deviation("marker", marker, sha256[:12], found[:12]),)
    deviations = (
        *own,
        *shared,
        *_earlier(marker, people, declaration, run),
        *_trained(marker, declaration, run),
    )
    figure = _figure(marker, declaration, run.evaluation)
    return Checked(
        marker=marker,
        verdict=registered_verdict(
            declaration.criterion, declaration.minimum_people, figure, deviated=bool(deviations)
        ),
        figure=figure,
        deviations=deviations,
        n_dated=sum(person in run.dates for person in people),
        n_people=len(people),
        n_training=run.training.get(marker, 0),
    )


def registered_verdict(
    criterion: Criterion, minimum_people: int, figure: Figure, *, deviated: bool
) -> RegisteredVerdict:
    """Return the verdict of a figure by the declared criterion.

    Parameters
    ----------
    criterion
        What counts as confirmed.
    minimum_people
        Below it nothing is concluded, whatever the interval: one may not stop when it looks good.
    figure
        The declared metric in the run.
    deviated
        Whether anything is not as declared.

    Examples
    --------
    >>> rule = Criterion(metric="auc", null=0.5, bound=0.5, scheme="external")
    >>> registered_verdict(rule, 50, Figure(0.66, 0.55, 0.76, 120), deviated=False)
    'confirmed'
    """
    if deviated:
        return "deviated"
    greater = criterion.direction == "greater"
    end = figure.low if greater else figure.high
    if figure.n < minimum_people or not math.isfinite(end):
        return "inconclusive"
    beyond = end > criterion.bound if greater else end < criterion.bound
    return "confirmed" if beyond else "not confirmed"


def _settings(declared: Mapping[str, Any], found: Mapping[str, Any]) -> list[Deviation]:
    """Return every setting that differs; a name that only one side has counts, as the other has a default."""
    deviations = []
    for name in sorted({*declared, *found}):
        first, second = (_text(side[name]) if name in side else "" for side in (declared, found))
        if first != second:
            deviations.append(Deviation(_kind(name), name, first, second))
    return deviations


def _kind(name: str) -> DeviationKind:
    if name.startswith("cohort.outcome."):
        return "outcome"
    return "population" if name.startswith("cohort.populations") else "setting"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _algorithms(declaration: Declaration, run: ScoredRun) -> list[Deviation]:
    names = sorted(declaration.algorithms)
    pairs = [(name, str(declaration.algorithms[name]), str(run.algorithms.get(name, ""))) for name in names]
    return [Deviation("algorithm", name, first, second) for name, first, second in pairs if first != second]


def _earlier(
    marker: str, people: frozenset[str], declaration: Declaration, run: ScoredRun
) -> list[Deviation]:
    """Return who had been scored, or had been seen, before the declaration was made."""
    known = set(declaration.seen)
    again = sorted(person for person in people if declaration.seen_hash(person) in known)
    limit = declaration.declared.date()
    before = sorted(person for person in people if person in run.dates and run.dates[person] <= limit)
    found = [Deviation("seen before", marker, "nobody", _named(again))] if again else []
    if before:
        told = f"visits after {limit.isoformat()}"
        found.append(Deviation("dated before", marker, told, _named(before)))
    return found


def _trained(marker: str, declaration: Declaration, run: ScoredRun) -> list[Deviation]:
    """Return a deviation where everybody judged had trained the marker."""
    rows = _rows(marker, declaration, run.evaluation)
    if len(rows) and (rows["scheme"] == IN_SAMPLE).all():
        return [Deviation("training", marker, "people whom it never saw", "only people who trained it")]
    return []


def _named(people: list[str]) -> str:
    shown = ", ".join(people[:5])
    return f"{len(people)} people ({shown}{', ...' if len(people) > 5 else ''})"


def _rows(marker: str, declaration: Declaration, evaluation: pd.DataFrame) -> pd.DataFrame:
    return evaluation[
        (evaluation["name"] == marker)
        & (evaluation["kind"] == "marker")
        & (evaluation["outcome"] == declaration.outcome.name)
        & (evaluation["population"] == declaration.population.name)
        & (evaluation["metric"] == declaration.criterion.metric)
    ]


def _figure(marker: str, declaration: Declaration, evaluation: pd.DataFrame) -> Figure:
    """Return the figure over all external sites, or of the only one."""
    rows = _rows(marker, declaration, evaluation)
    scheme = declaration.criterion.scheme
    if scheme == OUT_OF_FOLD:
        scheme = next((one for one in (LEAVE_ONE_CENTRE_OUT, K_FOLD) if (rows["scheme"] == one).any()), "")
    rows = rows[rows["scheme"] == scheme]
    whole = rows[rows["site"] == ALL_SITES]
    chosen = whole if len(whole) else rows
    if len(chosen) != 1:  # several sites that nobody combined: none of them is the declared figure
        return Figure()
    row = chosen.iloc[0]
    return Figure(
        float(row["value"]), float(row["ci_low"]), float(row["ci_high"]), int(row["n"]), str(row["site"])
    )
