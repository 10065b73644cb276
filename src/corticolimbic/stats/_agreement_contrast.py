"""From the words of a contrast to what it compares: two groups, change over time, or a slope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DIFFERENCE = re.compile(r"[^:]+: (?P<first>.+) - (?P<second>.+)")
_SLOPE = re.compile(r"slope of (?P<variable>.+)")
_PART = re.compile(r"(?P<variable>.+)\[(?P<part>person mean|deviation)\]")
_LEVEL = {"person mean": "between", "deviation": "within"}
_WORSE = "final_pain"
"""More of it, adjusted for baseline, is what persistence means."""


@dataclass(frozen=True)
class Read:
    """A contrast as read; ``first`` and ``second`` are roles, or empty."""

    kind: str
    first: str = ""
    second: str = ""
    variable: str = ""
    level: str = ""


def read_contrast(text: str, groups: Mapping[str, tuple[str, ...]]) -> Read | None:
    """Return what a contrast of the effects table compares, or None where its words are not known."""
    if found := _DIFFERENCE.fullmatch(text):
        first, second = (_role(found[name], groups) for name in ("first", "second"))
        return Read("group", first, second) if first and second else None
    if found := _PART.fullmatch(text):
        return Read("slope", variable=found["variable"], level=_LEVEL[found["part"]])
    if found := _SLOPE.fullmatch(text):
        if found["variable"] == _WORSE:
            return Read("group", "persistent", "recovering")
        return Read("slope", variable=found["variable"], level="between")
    return None


def sign_towards(read: Read, kind: str, first: str, second: str, variable: str, level: str) -> int:
    """Return 1 where the contrast is the claim's, -1 where its groups are swapped, 0 where it is another."""
    if read.kind != kind:
        return 0
    if kind == "slope":
        return int((read.variable, read.level) == (variable, level))
    if (read.first, read.second) == (first, second):
        return 1
    return -1 if (read.second, read.first) == (first, second) else 0


def _role(label: str, groups: Mapping[str, tuple[str, ...]]) -> str:
    folded = label.strip().casefold()
    return next((role for role, labels in groups.items() if folded in map(str.casefold, labels)), "")
