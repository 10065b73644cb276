"""Which labels of each atlas of structure make up which region of the circuit: a table of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from corticolimbic.foundation import hash_json, shipped_rows

UNSIDED = "M"
"""Side of a value that is of both hemispheres already, or of a midline region."""
_BY_FILE = "file"


@dataclass(frozen=True)
class StructureAtlas:
    """The labels of an atlas as parts of the circuit's regions.

    Parameters
    ----------
    name
        As in the column ``atlas``.
    parts
        Region to side (``L``, ``R`` or ``M``) to its labels, each with the other names it has had.
    by_file
        True where each hemisphere has a file of its own.
    stands_in_for
        Region that is no region of the circuit's findings to the one it lies nearest to (METHODS M-14).
    """

    name: str
    parts: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
    by_file: bool
    stands_in_for: Mapping[str, str]

    @property
    def plain(self) -> dict[str, Any]:
        """Labels by region and side, as JSON values."""
        return {
            region: {side: ["|".join(names) for names in labels] for side, labels in sides.items()}
            for region, sides in self.parts.items()
        }


@cache
def structure_atlases() -> Mapping[str, StructureAtlas]:
    """Return every atlas of structure by name."""
    parts: dict[str, dict[str, dict[str, tuple[tuple[str, ...], ...]]]] = {}
    by_file: dict[str, bool] = {}
    stands: dict[str, dict[str, str]] = {}
    for row in shipped_rows("corticolimbic.measure", "structure_labels"):
        name, region, side = row["atlas"], row["region"], row["side"]
        by_file[name] = by_file.get(name, False) or side == _BY_FILE
        sides = parts.setdefault(name, {}).setdefault(region, {})
        for one in ("L", "R") if side == _BY_FILE else (side,):
            sides[one] = (*sides.get(one, ()), tuple(row["label"].split("|")))
        if row["stands_in_for"]:
            stands.setdefault(name, {})[region] = row["stands_in_for"]
    return {name: StructureAtlas(name, parts[name], by_file[name], stands.get(name, {})) for name in parts}


@cache
def atlas_hash(name: str) -> str:
    """Return the hash of an atlas' labels and what they make up."""
    return hash_json(structure_atlases()[name].plain)[:12]
