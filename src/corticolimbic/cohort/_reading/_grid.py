"""Large text tables, column by column: each column as its distinct cells and a code for each row."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64, Shaped

from corticolimbic.foundation import (
    COLUMN_LIMIT,
    TABLE_LIMIT,
    InputError,
    Problem,
    SettingsError,
    decode_text,
    problem,
    read_bytes,
)

GRID_LIMIT = 400_000_000
"""Most cells of a grid: columns are stored as codes, so that more fit than into a table of strings."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\n")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Coded:
    """One column: what its cells can be, and which of them each row has.

    Parameters
    ----------
    kinds
        Cells that occur, without blanks around them; one may stand here twice.
    codes
        Place in ``kinds`` for each row.
    """

    kinds: tuple[str, ...]
    codes: Int32[np.ndarray, "rows"]

    def spread(self, values: Shaped[np.ndarray, "kinds"]) -> Shaped[np.ndarray, "rows"]:
        """Return for each row what ``values`` gives for its kind of cell."""
        return values[self.codes]

    def texts(self) -> Shaped[np.ndarray, "rows"]:
        """Return the cells of all rows, as objects."""
        return self.spread(objects(self.kinds))

    def filled(self) -> Shaped[np.ndarray, "rows"]:
        """Return which rows have a cell that is not empty."""
        return self.spread(np.array([bool(kind) for kind in self.kinds], dtype=bool))


@dataclass(frozen=True)
class Grid:
    """A table of strings, stored by column.

    Parameters
    ----------
    columns
        Names as in the header.
    cells
        One arrow array of strings a column.
    numbers
        Place of each row in the file as a person counts it: the header is row 1, blank lines count.
    problems
        What was tolerated while reading.
    """

    columns: tuple[str, ...]
    cells: tuple[Any, ...]
    numbers: Int64[np.ndarray, "rows"]
    problems: tuple[Problem, ...] = ()

    def coded(self, place: int) -> Coded:
        """Return one column by its place."""
        encoded = self.cells[place].dictionary_encode()
        kinds = tuple(_bare(kind) for kind in encoded.dictionary.to_pylist())
        return Coded(kinds, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False))


def objects(values: tuple[str, ...] | list[str]) -> Shaped[np.ndarray, "values"]:
    """Return strings as an array of objects."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def read_grid(
    path: Path,
    *,
    name: str = "",
    delimiter: str = "",
    encoding: str = "",
    repeated: bool = False,
    limit: int = TABLE_LIMIT,
) -> Grid:
    """Read a large text table, compressed or not.

    Parameters
    ----------
    path
        The file.
    name
        How problems name it; its last part by default.
    delimiter
        Sign between cells; by default the tab in ``.tsv``, else the one of comma, semicolon and tab that the
        header holds.
    encoding
        Encoding that is known; see `decode_text`.
    repeated
        Whether column names may repeat (exports with labels).
    limit
        Largest size in bytes after decompression.

    Raises
    ------
    InputError
        CL101 to CL104, CL107 (ragged), CL108 (repeated column) or CL111 (empty).
    SettingsError
        Where the header holds several of the signs that separate cells, and none is declared.
    """
    label = name or path.name
    try:
        text, notes = decode_text(read_bytes(path, limit=limit), label, encoding=encoding)
    except InputError as error:
        raise InputError(error.problem.code, file=label, found=error.problem.found) from error
    start, marked = 0, _SEPARATOR_LINE.match(text)
    if marked:  # a first line "sep=;" tells spreadsheets how to split
        start, delimiter = marked.end(), delimiter or marked[1]
    while text.startswith("\n", start):
        start += 1
    if not text[start:].strip():
        raise InputError("CL111", file=label, found="no text")
    sign = delimiter or _delimiter(text[start : _line_end(text, start)], path, label)
    header, body = _header(text, start, sign, label)
    columns = _columns(header, text[:body].count("\n"), label, repeated=repeated)
    cells, count = _parse(text[body:], len(columns), sign, label, text[:body].count("\n"))
    numbers = _numbers(text[body:], sign, count) + text[:body].count("\n")
    if any('"' in column[:1] for column in header):
        notes.append(problem("CL106", file=label, found="quotes around cells, which were taken away"))
    return Grid(columns, cells, numbers, tuple(notes))


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _delimiter(header: str, path: Path, label: str) -> str:
    if path.name.removesuffix(".gz").endswith(".tsv"):
        return "\t"
    outside = re.sub(r'"[^"]*"', "", header)
    there = [sign for sign in _DELIMITERS if sign in outside]
    if len(there) > 1:
        shown = ", ".join(repr(sign) for sign in there)
        raise SettingsError(f"{label}: the header holds {shown}; declare the delimiter of this source")
    return there[0] if there else ","


def _quoted(sign: str) -> bool:
    return sign != "\t"  # BIDS: no quoting in TSV


def _header(text: str, start: int, sign: str, label: str) -> tuple[list[str], int]:
    """Return the header's cells and where the rows begin; a quoted name may hold line ends."""
    if not _quoted(sign):
        end = _line_end(text, start)
        return text[start:end].split(sign), min(end + 1, len(text))
    stream = io.StringIO(text[start:], newline="")
    taken: list[str] = []

    def lines() -> Any:
        for line in stream:
            taken.append(line)
            yield line

    try:
        cells = next(csv.reader(lines(), delimiter=sign, strict=True))
    except csv.Error as error:
        raise InputError("CL107", file=label, row=1, found=str(error)) from error
    return cells, start + sum(map(len, taken))


def _columns(cells: list[str], row: int, label: str, *, repeated: bool) -> tuple[str, ...]:
    columns = tuple(_bare(cell) for cell in cells)
    if len(columns) > COLUMN_LIMIT:
        raise InputError("CL103", file=label, row=row, found=f"{len(columns):,} columns")
    if not repeated and len(set(columns)) < len(columns):
        twice = next(name for place, name in enumerate(columns) if name in columns[:place])
        found = f"column {twice!r} twice" if twice else "two columns without a name"
        raise InputError("CL108", file=label, row=max(row, 1), found=found)
    return columns


def _bare(cell: str) -> str:
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"').strip()
    return cell


def _parse(body: str, width: int, sign: str, label: str, before: int) -> tuple[tuple[Any, ...], int]:
    import pyarrow as pa
    from pyarrow import csv as arrow

    if (body.count("\n") + 1) * width > GRID_LIMIT:
        raise InputError("CL103", file=label, found=f"more than {GRID_LIMIT:,} cells")
    names = [str(place) for place in range(width)]
    if not body.strip("\n"):
        return tuple(pa.array([], pa.string()) for _ in names), 0
    if _quoted(sign) and body.count('"') % 2:
        raise InputError("CL107", file=label, found="a quote that is not closed")
    data = body.encode("utf-8", "surrogatepass")
    if width == 1 and not _quoted(sign):
        data = data.replace(b"\t", b" ")
    try:
        table = arrow.read_csv(
            io.BytesIO(data),
            arrow.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
            arrow.ParseOptions(
                delimiter=sign,
                quote_char='"' if _quoted(sign) else False,
                newlines_in_values=_quoted(sign) and '"' in body,
            ),
            arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _ragged(body, width, sign, label, before, str(error)) from error
    return tuple(column.combine_chunks() for column in table.columns), table.num_rows


def _ragged(body: str, width: int, sign: str, label: str, before: int, said: str) -> InputError:
    """Say which row has too many or too few cells."""
    if not _quoted(sign):
        body = body.replace('"', " ")
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=sign)
    try:
        for cells in reader:
            if cells and len(cells) != width:
                return InputError(
                    "CL107",
                    file=label,
                    row=before + reader.line_num,
                    found=f"{len(cells)} cells",
                    expected=f"{width} cells as in the header",
                )
    except csv.Error as error:
        said = str(error)
    return InputError("CL107", file=label, found=said)


def _numbers(body: str, sign: str, count: int) -> Int64[np.ndarray, "rows"]:
    """Return the line of each row in the body, from 1; a cell may hold line ends, and blank lines count."""
    lines = body.split("\n")
    full = np.flatnonzero([bool(line) for line in lines]) + 1
    if len(full) == count:
        return full.astype(np.int64)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=sign)
    ends = [reader.line_num for cells in reader if cells]
    return np.array(ends if len(ends) == count else range(1, count + 1), dtype=np.int64)
