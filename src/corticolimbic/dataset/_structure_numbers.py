"""Volumes, areas and thickness in text: kept, or left out with the reason."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from corticolimbic.foundation import MISSING_CELLS, InputError, Problem, problem

_LARGEST = 1e9
"""In mm, mm^2, mm^3 or a count: a cubic metre."""
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


@dataclass
class Numbers:
    """Reads numbers of one file and remembers what was wrong.

    Parameters
    ----------
    unusable
        Label and measure to why a value was left out.
    commas
        Numbers with a decimal comma.
    """

    unusable: dict[tuple[str, str], str] = field(default_factory=dict)
    commas: int = 0

    def value(self, cell: str) -> tuple[float, str]:
        """Return a number, or NaN and why it cannot be used."""
        if _COMMA.fullmatch(cell):
            cell, self.commas = cell.replace(",", "."), self.commas + 1
        try:
            value = float(cell) if "_" not in cell else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            words = "missing" if cell in MISSING_CELLS else f"{cell[:40]!r}, which is no finite number"
            return math.nan, words
        if not 0 <= value <= _LARGEST:
            return math.nan, f"{cell[:40]}, {'below 0' if value < 0 else 'more than a head can hold'}"
        return value, ""

    def keep(
        self,
        labels: dict[str, dict[str, float]],
        label: str,
        measure: str,
        cell: str,
        row: int,
        file: str,
        *,
        scale: float = 1.0,
        repeated: bool = False,
    ) -> None:
        """Put a value among the labels, or its reason among the unusable.

        Raises
        ------
        InputError
            CL261 where the label has the measure already.
        """
        known = labels.setdefault(label, {})
        if (measure in known or (label, measure) in self.unusable) and not repeated:
            raise InputError("CL261", file=file, row=row, found=f"the label {label!r} twice")
        value, reason = self.value(cell)
        if reason:
            self.unusable[label, measure] = reason
        else:
            known[measure] = value * scale

    def problems(self) -> Iterator[Problem]:
        """Yield what was tolerated."""
        if self.commas:
            yield problem("CL265", found=f"{self.commas} numbers with a decimal comma")
