"""The tables that this room ships, as rows of strings."""

from __future__ import annotations

from corticolimbic.foundation import Row as Row
from corticolimbic.foundation import shipped_rows


def shipped(name: str) -> tuple[Row, ...]:
    """Return the rows of a table of this room."""
    return shipped_rows("corticolimbic.circuit", name)


def split(cell: str) -> tuple[str, ...]:
    """Return the entries of a cell that lists them with ``;``."""
    return tuple(part for part in cell.split(";") if part)
