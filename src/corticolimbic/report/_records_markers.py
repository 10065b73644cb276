"""Published markers and what their performance rests on, as typed records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corticolimbic.report import _lenient as read


@dataclass(frozen=True)
class Published:
    """One published figure of a marker's performance."""

    what: str
    value: str
    n: int
    effect: str = ""


@dataclass(frozen=True)
class Marker:
    """A published marker."""

    id: str
    name: str
    citation: str
    doi: str
    state: str
    predicts: str
    target: str
    recipe: str
    population: str
    direction: str
    verified: tuple[Published, ...]
    failures: tuple[str, ...]
    needs: tuple[str, ...]
    status: str
    note: str

    @property
    def computable(self) -> bool:
        """Whether the marker could be scored here."""
        return not self.status.lower().startswith("not computable")

    @classmethod
    def read(cls, item: dict[str, Any]) -> Marker:
        """Read one object of ``predict/markers.json``."""
        plain = (
            "id",
            "name",
            "citation",
            "doi",
            "state",
            "predicts",
            "target",
            "recipe",
            "population",
            "direction",
            "status",
            "note",
        )
        return cls(
            **{field: read.text(item.get(field), 1000) for field in plain},
            verified=tuple(
                Published(
                    read.text(row.get("what")),
                    read.text(row.get("value")),
                    read.count(row.get("n")),
                    read.text(row.get("effect")),
                )
                for row in read.objects(item.get("verified"))
            ),
            failures=read.texts(item.get("failures")),
            needs=read.texts(item.get("needs")),
        )


@dataclass(frozen=True)
class Named:
    """A person on whom a difference rests; ``r_without`` is r of the larger set without them."""

    participant_id: str
    member_of: tuple[str, ...]
    score: float
    outcome: float
    reason: str
    r_without: float


@dataclass(frozen=True)
class Difference:
    """How a marker's performance differs between two populations of one site, and through whom."""

    marker: str
    outcome: str
    site: str
    populations: tuple[str, ...]
    value: dict[str, float]
    n: dict[str, int]
    people: tuple[Named, ...]
    explanation: str

    @classmethod
    def read(cls, item: dict[str, Any]) -> Difference:
        """Read one object of ``predict/differences.json``."""
        return cls(
            marker=read.text(item.get("marker")),
            outcome=read.text(item.get("outcome")),
            site=read.text(item.get("site")),
            populations=read.texts(item.get("populations")),
            value=read.numbers(item.get("value")),
            n=read.counts(item.get("n")),
            people=tuple(_named(row) for row in read.objects(item.get("people"))),
            explanation=read.text(item.get("explanation"), 2000),
        )


def _named(row: dict[str, Any]) -> Named:
    return Named(
        participant_id=read.text(row.get("participant_id")),
        member_of=read.texts(row.get("in")),
        score=read.number(row.get("score")),
        outcome=read.number(row.get("outcome")),
        reason=read.text(row.get("reason")),
        r_without=read.number(row.get("r_without")),
    )
