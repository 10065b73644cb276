"""Text tables as hospitals and scanners write them: any common encoding, cells kept as strings."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from corticolimbic.foundation._errors import InputError
from corticolimbic.foundation._files import TABLE_LIMIT, read_bytes
from corticolimbic.foundation._problems import Problem, problem

MISSING_CELLS = frozenset({"", "n/a", "N/A", "NA", "na", "NaN", "nan", "NAN"})
"""Cells that mean "no value" (BIDS writes ``n/a``)."""
COLUMN_LIMIT = 100_000
"""Most columns of a table."""
CELL_LIMIT = 20_000_000
"""Most cells of a table, so that the strings of a damaged one do not fill the memory."""


@dataclass(frozen=True)
class TextTable:
    """A table of strings.

    Parameters
    ----------
    columns
        Distinct names.
    rows
        One tuple of cells a row, each as long as ``columns``.
    numbers
        Place of each row in the file as a person counts it: the header is row 1, blank lines count.
    problems
        What was tolerated while reading (encoding, line ends), without the person concerned.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()

    def column(self, name: str) -> tuple[str, ...]:
        """Return the cells of one column."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)


def read_text_table(path: Path, *, name: str = "", limit: int = TABLE_LIMIT) -> TextTable:
    """Read a ``.tsv`` or ``.csv`` table, compressed or not, as strings.

    Parameters
    ----------
    path
        The file; ``.csv`` (or ``.csv.gz``) is split at commas, everything else at tabs.
    name
        How problems name the file; its last part by default.
    limit
        Largest size in bytes after decompression.

    Raises
    ------
    InputError
        CL101 to CL104, CL107 (ragged), CL108 (repeated column) or CL111 (empty).
    """
    label = name or path.name
    try:
        text, notes = decode_text(read_bytes(path, limit=limit), label)
    except InputError as error:
        raise InputError(error.problem.code, file=label, found=error.problem.found) from error
    if not text.strip():
        raise InputError("CL111", file=label, found="no text")
    delimiter = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
    if text.count(delimiter) + text.count("\n") > CELL_LIMIT:
        raise InputError("CL103", file=label, found=f"more than {CELL_LIMIT:,} cells")
    (first, header), *lines = _split(text, delimiter, label)
    columns = _columns(header, first, label)
    return TextTable(
        columns, _rows(lines, len(columns), label), tuple(number for number, _ in lines), tuple(notes)
    )


def decode_text(data: bytes, label: str, *, encoding: str = "") -> tuple[str, list[Problem]]:
    r"""Return bytes as NFC text with ``\n`` line ends, and notes on what was tolerated.

    Parameters
    ----------
    data
        Content of a file.
    label
        How problems name the file.
    encoding
        Encoding that is known; by default UTF-8, with UTF-16 by its mark, else GB18030.

    Raises
    ------
    InputError
        CL104 where the bytes are no text.
    """
    notes = []
    if encoding:
        encodings = ["utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
        notes.append(problem("CL106", file=label, found="a byte order mark"))
    else:
        encodings = ["utf-8", "gb18030"]
    for trial in encodings:
        try:
            text = data.decode(trial)
        except (UnicodeDecodeError, LookupError):
            continue
        if trial in {"utf-16", "gb18030"}:
            notes.append(problem("CL105", file=label, found=f"text decoded as {trial.upper()}"))
        if "\0" in text:
            break
        if "\r" in text:
            notes.append(problem("CL106", file=label, found="carriage returns at line ends"))
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return unicodedata.normalize("NFC", text), notes
    raise InputError("CL104", file=label, found="bytes that are no text")


def _split(text: str, delimiter: str, label: str) -> list[tuple[int, list[str]]]:
    """Return rows of cells with the line that each begins on (in CSV: ends on).

    Blank lines hold no row, except inside a table of one column, where each is an empty cell.
    """
    if delimiter == "\t":  # BIDS: no quoting in TSV
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1)]
        full = [place for place, (_, line) in enumerate(lines) if line.strip(" ")]
        kept = lines[full[0] : full[-1] + 1]
        if any("\t" in line for _, line in kept):
            kept = [(number, line) for number, line in kept if line.strip(" ")]
        return [(number, line.split("\t")) for number, line in kept]
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise InputError("CL107", file=label, row=reader.line_num, found=str(error)) from error


def _columns(cells: list[str], number: int, label: str) -> tuple[str, ...]:
    columns = tuple(cell.strip() for cell in cells)
    if len(columns) > COLUMN_LIMIT:
        raise InputError("CL103", file=label, row=number, found=f"{len(columns):,} columns")
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            found = f"column {column!r} twice" if column else "two columns without a name"
            raise InputError("CL108", file=label, row=number, found=found)
        seen.add(column)
    return columns


def _rows(lines: list[tuple[int, list[str]]], width: int, label: str) -> tuple[tuple[str, ...], ...]:
    for number, cells in lines:
        if len(cells) != width:
            expected = f"{width} cells as in the header"
            raise InputError("CL107", file=label, row=number, found=f"{len(cells)} cells", expected=expected)
    return tuple(tuple(cell.strip() for cell in cells) for _, cells in lines)
