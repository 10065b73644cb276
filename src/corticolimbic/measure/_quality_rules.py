"""Rules of quality as a table, and the grade that they give: flags, which drop nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from corticolimbic.foundation import shipped_rows

GREEN, AMBER, RED = 0, 1, 2
GRADES = ("green", "amber", "red")
"""Names of the grades, by number."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    name
        Key.
    side
        Whether values ``above`` or ``below`` the limits fire.
    amber, red
        Limits; NaN for none. A value on the limit does not fire.
    unit
        Of the limits.
    source, note
        Where they come from; ``assumed`` where from nowhere.
    """

    name: str
    side: Literal["above", "below"]
    amber: float
    red: float
    unit: str
    source: str
    note: str

    def grade(self, value: float) -> int:
        """Return the grade of a value; a value that is not known (NaN) fires nothing."""
        sign = 1.0 if self.side == "above" else -1.0
        for grade, limit in ((RED, self.red), (AMBER, self.amber)):
            if sign * value > sign * limit:  # false where either is NaN
                return grade
        return GREEN


@dataclass(frozen=True)
class Grade:
    """What the rules say of one run: the worst grade, and which rules gave it or a milder one."""

    value: int
    reasons: tuple[str, ...]

    @property
    def qc(self) -> str:
        """The reasons as one text, ``ok`` where there are none."""
        return "; ".join(self.reasons) or "ok"


@dataclass(frozen=True)
class Measured:
    """A value that a rule looks at, and where it was found (a region, for the worst of many)."""

    value: float
    where: str = ""


def rules(limits: Mapping[str, tuple[float | None, float | None]] | None = None) -> tuple[Rule, ...]:
    """Return the rules that are in force.

    Parameters
    ----------
    limits
        Name of a rule to its limits (amber, red) instead of those of the table; None for no such limit.
    """
    own = limits or {}
    return tuple(
        replace(rule, amber=_limit(own[rule.name][0]), red=_limit(own[rule.name][1]))
        if rule.name in own
        else rule
        for rule in _shipped()
    )


def rule_names() -> tuple[str, ...]:
    """Return the names of the rules."""
    return tuple(rule.name for rule in _shipped())


def grade(in_force: Iterable[Rule], values: Mapping[str, Measured]) -> Grade:
    """Hold a run's values against the rules.

    Parameters
    ----------
    in_force
        From `rules`.
    values
        Name of a rule to its value; rules without a value fire nothing.
    """
    fired: list[tuple[int, str]] = []
    for rule in in_force:
        found = values.get(rule.name, Measured(math.nan))
        level = rule.grade(found.value)
        if level > GREEN:
            limit = rule.red if level == RED else rule.amber
            unit = f" {rule.unit}" if rule.unit not in {"", "ratio", "share"} else ""
            where = f" ({found.where})" if found.where else ""
            fired.append(
                (level, f"{GRADES[level]}: {rule.name} {found.value:.3g}{where} {rule.side} {limit:g}{unit}")
            )
    fired.sort(key=lambda item: -item[0])
    return Grade(max((level for level, _ in fired), default=GREEN), tuple(text for _, text in fired))


def _limit(value: float | None) -> float:
    return math.nan if value is None else value


@cache
def _shipped() -> tuple[Rule, ...]:
    rows = shipped_rows("corticolimbic.measure", "quality_rules")
    return tuple(
        Rule(
            name=row["rule"],
            side=row["side"],  # type: ignore[arg-type]
            amber=float(row["amber"] or math.nan),
            red=float(row["red"] or math.nan),
            unit=row["unit"],
            source=row["source"],
            note=row["note"],
        )
        for row in rows
    )
