"""Findings: the signed claims of the review, one a row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.evidence._shipped import Row, entries, shipped, text

State = Literal["rest", "rating", "evoked", "task", "structure", "not_imaging", "unstated"]
Direction = Literal["increase", "decrease", "positive_corr", "negative_corr", "none", "unspecified"]
_CODE = re.compile(r"\bC(?:0[1-9]|1[0-7])\b")


@dataclass(frozen=True)
class Finding:
    """One claim.

    Parameters
    ----------
    id
        ``F001`` and on.
    section, kind
        Where the review says it, and of what kind it is.
    region_or_edge
        What it is about, in the review's words; None where nothing is named.
        ``corticolimbic.circuit.resolve`` understands it.
    measure, measure_term
        What was measured, in words and as a term.
    condition, contrast, direction, timing, number
        Who, against whom, which way, when, how much.
    ref
        Reference numbers of the review; None for its own summary.
    note
        What must be known; codes ``Cxx`` name contradictions.
    testable
        Whether a cohort could test it.
    state
        State in which it was measured; states are never pooled.
    cohort
        Papers of one cohort are one vote (METHODS M-7).
    resolvable
        What the row is about: region, edge, module, network, tract or not_imaging.
    """

    id: str
    section: str
    kind: str
    region_or_edge: str | None
    measure: str
    condition: str | None
    contrast: str | None
    direction: Direction
    timing: str | None
    number: str | None
    ref: str | None
    note: str | None
    testable: bool
    measure_term: str
    state: State
    cohort: tuple[str, ...]
    resolvable: str

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Codes of the review's contradictions that the note names (``C01`` to ``C17``), without repeats."""
        return tuple(dict.fromkeys(_CODE.findall(self.note or "")))

    @property
    def disputed(self) -> bool:
        """Whether the claim is contradicted, by the review itself or by the source that it cites."""
        return bool(self.contradictions) or "CONTRADICTED" in (self.note or "")


@cache
def findings() -> tuple[Finding, ...]:
    """Return every finding, in the order of the table."""
    return tuple(_finding(row) for row in shipped("findings"))


def _finding(row: Row) -> Finding:
    about = row["region_or_edge"]
    return Finding(
        id=row["id"],
        section=row["section"],
        kind=row["kind"],
        region_or_edge=None if about == "-" else about,
        measure=row["measure"],
        condition=_named(row["condition"]),
        contrast=text(row["contrast"]),
        direction=row["direction"],  # type: ignore[arg-type]
        timing=text(row["timing"]),
        number=text(row["number"]),
        ref=text(row["ref"]),
        note=text(row["note"]),
        testable=row["testable"] == "yes",
        measure_term=row["measure_term"],
        state=row["state"],  # type: ignore[arg-type]
        cohort=entries(row["cohort"]),
        resolvable=row["resolvable"],
    )


def _named(cell: str) -> str | None:
    return None if cell in {"", "-"} else cell
