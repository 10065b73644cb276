"""Definitions: what exactly a stored number is, under an identifier that changes when the number could."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from corticolimbic.foundation._files import hash_json


@dataclass(frozen=True)
class Definition:
    """How a measure was computed.

    Parameters
    ----------
    measure
        Name of the measure, as in the ``measure`` column.
    algorithm
        Integer bumped whenever a golden value changes.
    settings
        The settings that the measure reads, as JSON values.
    atlas
        Name of the atlas, or empty.
    atlas_hash
        Hash of the atlas' names and places, or empty.
    """

    measure: str
    algorithm: int
    settings: dict[str, Any] = field(default_factory=dict)
    atlas: str = ""
    atlas_hash: str = ""

    @property
    def id(self) -> str:
        """Identifier: the measure's name and twelve hexadecimal digits of the hash of everything else."""
        return f"{self.measure}-{hash_json(asdict(self))[:12]}"

    def plain(self) -> dict[str, Any]:
        """Return the definition as JSON values."""
        return asdict(self)
