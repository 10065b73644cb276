"""What the JSON files of a results folder say, as typed records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corticolimbic.report import _lenient as read


@dataclass(frozen=True)
class Removal:
    """People set aside for one reason."""

    reason: str
    code: str
    n: int

    @classmethod
    def all_of(cls, value: Any) -> tuple[Removal, ...]:
        """Read the list of one stage or population."""
        return tuple(
            cls(read.text(item.get("reason")), read.text(item.get("code")), read.count(item.get("n")))
            for item in read.objects(value)
        )


@dataclass(frozen=True)
class Group:
    """A counted group of people: a stage of the flow, or a population.

    Parameters
    ----------
    name, label, description
        How it is called.
    n
        People; -1 where not said.
    by_site
        People by site.
    removed
        Who did not reach it.
    """

    name: str
    label: str
    description: str
    n: int
    by_site: dict[str, int]
    removed: tuple[Removal, ...]

    @classmethod
    def read(cls, item: dict[str, Any]) -> Group:
        """Read one group."""
        name = read.text(item.get("name") or item.get("id"))
        return cls(
            name=name,
            label=read.text(item.get("label")) or name,
            description=read.text(item.get("description")),
            n=read.count(item.get("n")),
            by_site=read.counts(item.get("by_site")),
            removed=Removal.all_of(item.get("removed")),
        )


@dataclass(frozen=True)
class Variant:
    """One threshold of the outcome: how many of how many people are persistent."""

    outcome: str
    n: int
    persistent: int


@dataclass(frozen=True)
class Outcome:
    """The outcome that people are compared by; ``threshold`` (a share) and ``level`` (NRS) may be NaN."""

    name: str
    family: str
    unit: str
    label: str
    description: str
    threshold: float
    level: float
    sweep: tuple[Variant, ...]


@dataclass(frozen=True)
class Flow:
    """Who came in: stages in order, who was seen at each visit, the populations, and the outcome."""

    stages: tuple[Group, ...]
    visits: tuple[Group, ...]
    populations: tuple[Group, ...]
    outcome: Outcome

    @classmethod
    def read(cls, value: Any) -> Flow:
        """Read ``cohort/flow.json``."""
        top = read.mapping(value)
        outcome = read.mapping(top.get("outcome"))
        parts = {
            name: read.text(outcome.get(name)) for name in ("name", "family", "unit", "label", "description")
        }
        return cls(
            stages=tuple(Group.read(item) for item in read.objects(top.get("stages"))),
            visits=tuple(Group.read(item) for item in read.objects(top.get("visits"))),
            populations=tuple(Group.read(item) for item in read.objects(top.get("populations"))),
            outcome=Outcome(
                **parts,
                threshold=read.number(outcome.get("threshold")),
                level=read.number(outcome.get("level")),
                sweep=_sweep(outcome),
            ),
        )


def _sweep(outcome: dict[str, Any]) -> tuple[Variant, ...]:
    rows = read.objects(outcome.get("sweep"))
    return tuple(
        Variant(read.text(row.get("outcome")), read.count(row.get("n")), read.count(row.get("persistent")))
        for row in rows
    )


@dataclass(frozen=True)
class Family:
    """A family of tests."""

    name: str
    description: str
    n_tests: int


@dataclass(frozen=True)
class Declared:
    """What was declared before the comparison ran."""

    outcome: str
    contrasts: tuple[str, ...]
    covariates: tuple[str, ...]
    statistic: str
    families: tuple[Family, ...]
    minimum_people: int
    notes: tuple[str, ...]

    @classmethod
    def read(cls, value: Any) -> Declared:
        """Read ``compare/declared.json``."""
        top = read.mapping(value)
        return cls(
            outcome=read.text(top.get("outcome")),
            contrasts=read.texts(top.get("contrasts") or top.get("contrast")),
            covariates=read.texts(top.get("covariates")),
            statistic=read.text(top.get("statistic")),
            families=tuple(
                Family(
                    read.text(item.get("name")),
                    read.text(item.get("description")),
                    read.count(item.get("n_tests")),
                )
                for item in read.objects(top.get("families"))
            ),
            minimum_people=read.count(top.get("minimum_people")),
            notes=read.texts(top.get("notes")),
        )
