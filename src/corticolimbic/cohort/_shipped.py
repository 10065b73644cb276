"""The tables that this room ships, as rows of strings."""

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


def split(cell: str, sign: str = ",") -> tuple[str, ...]:
    """Return the entries of a cell that lists them."""
    return tuple(part.strip() for part in cell.split(sign) if part.strip())
