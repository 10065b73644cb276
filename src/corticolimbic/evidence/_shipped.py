"""The tables that this room ships, and how their cells become numbers."""

from __future__ import annotations

from corticolimbic.foundation import Row as Row
from corticolimbic.foundation import shipped_rows


def shipped(name: str) -> tuple[Row, ...]:
    """Return the rows of a table of this room."""
    return shipped_rows("corticolimbic.evidence", name)


def text(cell: str) -> str | None:
    """Return the cell, None where it is empty."""
    return cell or None


def number(cell: str) -> float | None:
    """Return a number, None for an empty cell."""
    return float(cell) if cell else None


def whole(cell: str) -> int | None:
    """Return a whole number, None for an empty cell."""
    return int(cell) if cell else None


def entries(cell: str) -> tuple[str, ...]:
    """Return the entries of a cell that lists them with ``;``."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())
