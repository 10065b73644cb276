"""What tables joined by key have in common: ids, key columns, missing cells, quotes."""

from __future__ import annotations

from collections.abc import Iterable

from corticolimbic.dataset._names import usable_label
from corticolimbic.foundation import MISSING_CELLS, InputError, Problem, TextTable, problem


def prefixed(cell: str, prefix: str) -> str | None:
    """Return an id with its prefix (in whatever case it was written); None where it cannot serve as one."""
    label = cell[len(prefix) :] if cell[: len(prefix)].casefold() == prefix else cell
    return f"{prefix}{label}" if usable_label(label) and cell not in MISSING_CELLS else None


def clean(cell: str) -> str:
    """Return a cell with every way to say "missing" as the empty string."""
    return "" if cell in MISSING_CELLS else cell


def key_column(columns: Iterable[str], key: str) -> int | None:
    """Return the place of a key column, in whatever case and with blank or underscore; None without one."""
    for place, name in enumerate(columns):
        if name.casefold().replace(" ", "_") == key:
            return place
    return None


def shown_columns(columns: tuple[str, ...]) -> str:
    """Describe the columns found, and the usual reason why they are not those expected."""
    text = "columns " + ", ".join(columns[:6])
    if len(columns) == 1 and ("," in columns[0] or ";" in columns[0]):
        text = f"one column, {columns[0][:60]!r}: the cells are separated by commas or semicolons, not tabs"
    return text


def named_columns(
    table: TextTable, keys: tuple[int, ...], file: str, problems: list[Problem]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return names and places of the columns that are neither keys nor nameless."""
    places = [place for place in range(len(table.columns)) if place not in keys]
    kept = tuple(place for place in places if table.columns[place])
    if len(kept) < len(places):
        column = table.columns.index("") + 1
        problems.append(problem("CL117", file=file, row=1, found=f"column {column} has no name"))
    return tuple(table.columns[place] for place in kept), kept


def unquoted(table: TextTable, file: str) -> TextTable:
    """Take away the quotes that R and spreadsheets write around text cells, and note it.

    Raises
    ------
    InputError
        CL108 where two names become one.
    """
    columns, *rows = (tuple(map(_bare, cells)) for cells in (table.columns, *table.rows))
    if columns == table.columns and tuple(rows) == table.rows:
        return table
    if len(set(columns)) < len(columns):
        raise InputError("CL108", file=file, row=1, found="one column name with and without quotes")
    note = problem("CL106", file=file, found="quotes around cells, which were taken away")
    return TextTable(columns, tuple(rows), table.numbers, (*table.problems, note))


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"').strip() if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
