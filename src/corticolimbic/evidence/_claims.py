"""Claims: what each testable finding means as a contrast of people, and its panel of figure 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.evidence._shipped import entries, shipped, text


@dataclass(frozen=True)
class Claim:
    """How one testable finding is read.

    Parameters
    ----------
    finding
        Its id.
    panel
        Of the review's figure 1: ``a`` chronic pain, ``b`` chronic back pain, ``c`` chronification; or empty.
    targets
        Names as `corticolimbic.circuit.resolve` reads them; each is claimed. A side is named where it was.
    measure
        Measure of the feature tables that it is about; empty where none stands for it.
    kind
        ``group`` (first minus second group), ``change`` (over time in the first group, or the first minus the
        second), ``slope`` (on a variable), or empty.
    first, second
        ``patients``, ``controls``, ``persistent``, ``recovering``; empty where there is none.
    variable, level
        What a slope is on; ``between`` or ``within`` people.
    sign
        ``+``, ``-``, ``0`` (no difference) or ``?`` (not given), of the contrast as written here.
    timing
        As in the finding, or the visit that predicts.
    conditions
        Whom it is about; ``any`` where not stated.
    effect, effect_sign
        A verified effect of the same contrast, and whether its sign is that of the contrast.
    untestable
        Why no effect over people can test it; None where one can.
    """

    finding: str
    panel: Literal["", "a", "b", "c"]
    targets: tuple[str, ...]
    measure: str
    kind: Literal["", "group", "change", "slope"]
    first: str
    second: str
    variable: str
    level: str
    sign: Literal["+", "-", "0", "?"]
    timing: str
    conditions: tuple[str, ...]
    effect: str | None
    effect_sign: Literal["", "+", "-"]
    untestable: str | None


@cache
def claims() -> tuple[Claim, ...]:
    """Return the claim of every testable finding, in the order of the findings."""
    return tuple(
        Claim(
            finding=row["finding"],
            panel=row["panel"],  # type: ignore[arg-type]
            targets=entries(row["target"]),
            measure=row["measure"],
            kind=row["kind"],  # type: ignore[arg-type]
            first=row["first"],
            second=row["second"],
            variable=row["variable"],
            level=row["level"],
            sign=row["sign"],  # type: ignore[arg-type]
            timing=row["timing"],
            conditions=entries(row["condition"]),
            effect=text(row["effect"]),
            effect_sign=row["effect_sign"],  # type: ignore[arg-type]
            untestable=text(row["untestable"]),
        )
        for row in shipped("claims")
    )
