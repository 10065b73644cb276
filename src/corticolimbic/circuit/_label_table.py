"""Tables that name the labels of an image: BIDS, Melbourne, FSL/Workbench and plain CSV, read by key."""

from __future__ import annotations

from pathlib import Path

from corticolimbic.foundation import InputError, read_bytes, read_text_table

_INDEX = ("index", "region_index", "value", "label_index")
_NAME = ("name", "region_name", "label", "label_name")
_LIMIT = 4 * 2**20


def read_label_table(path: Path) -> dict[int, str]:
    """Read which value of a label image has which name.

    Parameters
    ----------
    path
        A ``.tsv`` or ``.csv`` with a column of indices and one of names (BIDS ``dseg.tsv``); or a ``.txt``:
        either pairs of lines, name and then ``index R G B A`` (Workbench), or one name a line, where the
        line number is the index (Melbourne subcortex).

    Returns
    -------
    dict
        Index to name. The order of rows means nothing.

    Raises
    ------
    InputError
        CL403 where an index or a name stands twice or the columns are missing, and those of reading.
    """
    pairs = _lines(path) if path.suffix == ".txt" else _columns(path)
    names: dict[int, str] = {}
    for index, name in pairs:
        if index in names:
            raise InputError("CL403", file=path.name, found=f"index {index} twice in the table of labels")
        names[index] = name
    refuse_repeated(list(names.values()), path.name)
    return names


def refuse_repeated(names: list[str], file: str) -> None:
    """Refuse names that stand twice: identity travels by name.

    Raises
    ------
    InputError
        CL403, naming the first one.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(
                "CL403", file=file, found=f"label name {name!r} twice", expected="distinct label names"
            )
        seen.add(name)


def _columns(path: Path) -> list[tuple[int, str]]:
    table = read_text_table(path)
    places = {column.casefold(): column for column in table.columns}
    index = next((places[key] for key in _INDEX if key in places), None)
    name = next((places[key] for key in _NAME if key in places), None)
    if index is None or name is None:
        raise InputError("CL403", file=path.name, found="no columns index and name in the table of labels")
    rows = zip(table.column(index), table.column(name), strict=True)
    return [(_whole(cell, path.name, row), text) for row, (cell, text) in enumerate(rows, start=2)]


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = read_bytes(path, limit=_LIMIT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("CL104", file=path.name, found="bytes that are no UTF-8 text") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and len(lines) % 2 == 0 and all(_colour_line(line) for line in lines[1::2]):
        firsts = (line.split()[0] for line in lines[1::2])
        return [
            (_whole(first, path.name, 2 * k + 2), name)
            for k, (first, name) in enumerate(zip(firsts, lines[::2], strict=True))
        ]
    return list(enumerate(lines, start=1))


def _colour_line(line: str) -> bool:
    cells = line.split()
    return len(cells) == 5 and all(cell.isdecimal() for cell in cells)


def _whole(cell: str, file: str, row: int) -> int:
    try:
        value = int(cell)
    except ValueError as error:
        raise InputError("CL403", file=file, row=row, found=f"index {cell!r}, no whole number") from error
    if value < 0:
        raise InputError("CL403", file=file, row=row, found=f"index {value}, below zero")
    return value
