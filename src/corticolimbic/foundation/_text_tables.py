"""Text tables as hospitals and scanners write them: any common encoding, cells kept as the strings they are."""

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
_COLUMN_LIMIT = 100_000


@dataclass(frozen=True)
class TextTable:
    """A table of strings.

    Parameters
    ----------
    columns
        Distinct names.
    rows
        One tuple of cells a row, each as long as ``columns``.
    problems
        What was tolerated while reading (encoding, line ends), without the person concerned.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
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
        text, notes = _decode(read_bytes(path, limit=limit), label)
    except InputError as error:
        raise InputError(error.problem.code, file=label, found=error.problem.found) from error
    if not text.strip():
        raise InputError("CL111", file=label, found="no text")
    delimiter = "," if ".csv" in path.suffixes[-2:] else "\t"
    lines = _split(text, delimiter, label)
    columns = _columns(lines[0], label)
    return TextTable(columns, _rows(lines[1:], len(columns), label), tuple(notes))


def _decode(data: bytes, label: str) -> tuple[str, list[Problem]]:
    notes = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
        notes.append(problem("CL106", file=label, found="a byte order mark"))
    else:
        encodings = ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding in {"utf-16", "gb18030"}:
            notes.append(problem("CL105", file=label, found=f"text decoded as {encoding.upper()}"))
        if "\0" in text:
            break
        if "\r" in text:
            notes.append(problem("CL106", file=label, found="carriage returns at line ends"))
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return unicodedata.normalize("NFC", text), notes
    raise InputError("CL104", file=label, found="bytes that are no text")


def _split(text: str, delimiter: str, label: str) -> list[list[str]]:
    try:
        if delimiter == "\t":  # BIDS: no quoting in TSV
            return [line.split("\t") for line in text.split("\n") if line.strip(" ")]
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise InputError("CL107", file=label, found=str(error)) from error


def _columns(cells: list[str], label: str) -> tuple[str, ...]:
    columns = tuple(cell.strip() for cell in cells)
    if len(columns) > _COLUMN_LIMIT:
        raise InputError("CL103", file=label, row=1, found=f"{len(columns):,} columns")
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise InputError("CL108", file=label, row=1, found=f"column {column!r} twice")
        seen.add(column)
    return columns


def _rows(lines: list[list[str]], width: int, label: str) -> tuple[tuple[str, ...], ...]:
    for number, cells in enumerate(lines, start=2):
        if len(cells) != width:
            raise InputError(
                "CL107", file=label, row=number, found=f"{len(cells)} cells", expected=f"{width} cells as in row 1"
            )
    return tuple(tuple(cell.strip() for cell in cells) for cells in lines)
