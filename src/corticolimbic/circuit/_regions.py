"""Regions of the circuit: names in two languages, groups, parts, and merged regions under their own names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.circuit._shipped import shipped, split
from corticolimbic.foundation import SettingsError

Hemispheres = Literal["both", "midline"]
_SIDED = re.compile(r"(?P<region>.+)_(?P<side>[LR])")


@dataclass(frozen=True)
class Region:
    """One region of the circuit.

    Parameters
    ----------
    id
        Letters and digits; ``_L`` and ``_R`` are added for one hemisphere, no suffix means both.
    name, name_zh
        What it is called in English and Chinese.
    group
        ``prefrontal``, ``reward``, ``limbic``, ``midbrain``, ``brainstem``, ``pain``, ``default``, ``whole``.
    hemispheres
        ``both`` (told apart by suffix where an atlas does) or ``midline``.
    parent
        Id of the region that this one is a part of, or empty.
    contains
        Ids of the regions that a merged region holds among other tissue. A merged region is never called
        by the name of what it contains (METHODS M-14).
    note, source
        Where it comes from, and what to know.
    """

    id: str
    name: str
    name_zh: str
    group: str
    hemispheres: Hemispheres
    parent: str
    contains: tuple[str, ...]
    note: str
    source: str


@cache
def _by_id() -> dict[str, Region]:
    rows = shipped("regions")
    return {row["id"]: Region(**{**row, "contains": split(row["contains"])}) for row in rows}  # type: ignore[arg-type]


def regions() -> tuple[Region, ...]:
    """Return every region, in the order of the table."""
    return tuple(_by_id().values())


def region(name: str) -> Region:
    """Return one region; ``NAc_L`` and ``NAc_R`` give ``NAc``.

    Raises
    ------
    SettingsError
        Where no region has this id, or a midline region is asked for by side.
    """
    base, side = split_side(name)
    found = _by_id().get(base)
    if found is None or (side and found.hemispheres == "midline"):
        raise SettingsError(f"{name!r} is no region of the circuit; see corticolimbic.circuit.regions()")
    return found


def is_region(name: str) -> bool:
    """Say whether a text is the id of a region, with or without side."""
    base, side = split_side(name)
    found = _by_id().get(base)
    return found is not None and not (side and found.hemispheres == "midline")


def split_side(name: str) -> tuple[str, str]:
    """Return the id without side, and ``L``, ``R`` or nothing."""
    match = _SIDED.fullmatch(name)
    return (match["region"], match["side"]) if match else (name, "")
