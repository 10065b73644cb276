"""What a registered validation came to, as typed records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corticolimbic.report import _lenient as read


@dataclass(frozen=True)
class Departure:
    """One thing that is not as declared; an empty side has nothing."""

    kind: str
    name: str
    declared: str
    found: str


@dataclass(frozen=True)
class Held:
    """One declared marker: its verdict, the declared figure, and what departs from the declaration."""

    marker: str
    verdict: str
    value: float
    low: float
    high: float
    n: int
    site: str
    departures: tuple[Departure, ...]
    n_dated: int
    n_people: int
    n_training: int


@dataclass(frozen=True)
class Registered:
    """A declaration and what became of it.

    Parameters
    ----------
    sha256, declared, deposited, package
        The declaration's hash, time, place and version.
    outcome, population, metric, direction, bound, expected, minimum_people
        What was declared.
    held
        One for each marker.
    """

    sha256: str
    declared: str
    deposited: str
    package: str
    outcome: str
    population: str
    metric: str
    direction: str
    bound: float
    expected: float
    minimum_people: int
    held: tuple[Held, ...]

    @classmethod
    def read(cls, value: Any) -> Registered:
        """Read ``predict/registered.json``."""
        top = read.mapping(value)
        said = read.mapping(top.get("declaration"))
        rule = read.mapping(said.get("criterion"))
        plain = ("sha256", "declared", "deposited", "package", "outcome", "population")
        return cls(
            **{name: read.text(said.get(name), 1000) for name in plain},
            metric=read.text(rule.get("metric")),
            direction=read.text(rule.get("direction")),
            bound=read.number(rule.get("bound")),
            expected=read.number(rule.get("expected")),
            minimum_people=read.count(said.get("minimum_people")),
            held=tuple(_held(item) for item in read.objects(top.get("results"))),
        )


def _held(item: dict[str, Any]) -> Held:
    figure = read.mapping(item.get("figure"))
    return Held(
        marker=read.text(item.get("marker")),
        verdict=read.text(item.get("verdict")),
        value=read.number(figure.get("value")),
        low=read.number(figure.get("low")),
        high=read.number(figure.get("high")),
        n=read.count(figure.get("n")),
        site=read.text(figure.get("site")),
        departures=tuple(
            Departure(*(read.text(row.get(name)) for name in ("kind", "name", "declared", "found")))
            for row in read.objects(item.get("deviations"))
        ),
        n_dated=read.count(item.get("n_dated")),
        n_people=read.count(item.get("n_people")),
        n_training=read.count(item.get("n_training")),
    )
