"""The tables that this room ships, and how their cells become numbers."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def shipped(name: str) -> tuple[Row, ...]:
    """Return the rows of ``tables/NAME.tsv``, keyed by column; cells are the strings they are."""
    place = files(__package__).joinpath("tables", f"{name}.tsv")
    lines = place.read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


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
