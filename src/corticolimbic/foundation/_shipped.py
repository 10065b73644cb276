"""Tables that a room ships, as rows of strings."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def shipped_rows(package: str, name: str) -> tuple[Row, ...]:
    """Return the rows of ``tables/NAME.tsv`` in a package, keyed by column; cells are the strings they are.

    Parameters
    ----------
    package
        Dotted name of the room.
    name
        Of the table, with its folders and without its extension.
    """
    place = files(package).joinpath("tables", *f"{name}.tsv".split("/"))
    lines = place.read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
