"""From the words of a contrast to what it compares: two groups, change over time, or a slope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DIFFERENCE = re.compile(r"[^:]+: (?P<first>.+) - (?P<second>.+)")
_BY_TIME = re.compile(r"[^:]+ x time: (?P<first>.+) - (?P<second>.+), per [^,]+")
_CHANGE = re.compile(r"[^:]+: change per [^,]+, (?P<first>.+)")
_AT_ZERO = ", at time 0"
_SLOPE = re.compile(r"slope of (?P<variable>.+)")
_PARTS = (
    re.compile(r"(?P<variable>.+)\[(?P<part>person mean|deviation)\]"),
    re.compile(r"(?P<variable>.+) (?P<part>between|within) people \([^)]*\)(?:, in the model of .+)?"),
)
_LEVEL = {"person mean": "between", "deviation": "within", "between": "between", "within": "within"}
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


def read_contrast(
    text: str, groups: Mapping[str, tuple[str, ...]], variables: Mapping[str, tuple[str, ...]]
) -> Read | None:
    """Return what a contrast of the effects table compares, or None where its words are not known.

    Those of one visit and those over visits are read: a difference of groups (at time 0 too), of their
    change, the change of one group, and a slope between or within people.
    """
    for form, kind in ((_BY_TIME, "change"), (_CHANGE, "change"), (_DIFFERENCE, "group")):
        if found := form.fullmatch(text):
            labels = {name: label.removesuffix(_AT_ZERO) for name, label in found.groupdict().items()}
            roles = {name: _role(label, groups) for name, label in labels.items()}
            return Read(kind, **roles) if all(roles.values()) else None
    for form in _PARTS:
        if found := form.fullmatch(text):
            return Read("slope", variable=_role(found["variable"], variables), level=_LEVEL[found["part"]])
    if found := _SLOPE.fullmatch(text):
        if found["variable"] == _WORSE:
            return Read("group", "persistent", "recovering")
        return Read("slope", variable=_role(found["variable"], variables), level="between")
    return None


def labels_of(text: str) -> tuple[str, ...]:
    """Return the labels of groups that a contrast names."""
    for form in (_BY_TIME, _CHANGE, _DIFFERENCE):
        if found := form.fullmatch(text):
            return tuple(label.removesuffix(_AT_ZERO) for label in found.groupdict().values())
    return ()


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
    return next((role for role, labels in groups.items() if folded in map(str.casefold, (role, *labels))), "")
