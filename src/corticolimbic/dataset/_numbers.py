"""Numbers in text, read strictly: what Python's ``float`` takes, without its liberties, and nothing else."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import CELL_LIMIT, COLUMN_LIMIT, MISSING_CELLS

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_PLAIN = b"0123456789+-.eE\t\n"


def number(cell: str) -> float:
    """Return the number in a cell; NaN where it is missing, infinity where it says so or overflows.

    Raises
    ------
    ValueError
        Where the cell is text: no underscores, no digits of other scripts, no decimal comma, no quotes.
    """
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if cell in MISSING_CELLS:
        return math.nan
    if _INFINITE.fullmatch(cell):
        return float(cell)
    raise ValueError(explain(cell))


def explain(cell: str) -> str:
    """Return a cell that is no number as found, with a guess at the cause."""
    shown = repr(cell[:60])
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", cell):
        return f"{shown} (a decimal comma?)"
    if cell[:1] in {'"', "'"}:
        return f"{shown} (quotes have no place in a TSV)"
    if "," in cell or ";" in cell:
        return f"{shown} (columns separated by {',' if ',' in cell else ';'} instead of tabs?)"
    return shown


def plain_table(data: bytes) -> tuple[tuple[str, ...], Float[np.ndarray, "rows columns"]] | None:
    r"""Read a clean table of finite numbers fast; None where anything at all needs explaining.

    Clean means: a header of distinct, bare names, then only digits, signs, points, exponents, tabs and
    ``\n``, every row complete. What is accepted here is read to the same bits by the explaining path (a
    test compares).
    """
    head, _, body = data.partition(b"\n")
    columns = _plain_header(head)
    if columns is None or body.translate(None, _PLAIN):
        return None
    if len(columns) > COLUMN_LIMIT or body.count(b"\t") + body.count(b"\n") > CELL_LIMIT:
        return None
    lines = body.rstrip(b"\n").split(b"\n") if body.strip(b"\n") else []
    values = np.empty((len(lines), len(columns)))
    try:
        for place, line in enumerate(lines):
            row = list(map(float, line.split(b"\t")))
            if len(row) != len(columns):
                return None
            values[place] = row
    except ValueError:
        return None
    return (columns, values) if lines and np.isfinite(values).all() else None


def _plain_header(head: bytes) -> tuple[str, ...] | None:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return None
    columns = tuple(unicodedata.normalize("NFC", text).split("\t"))
    bare = all(name.isprintable() and name == name.strip() for name in columns)
    if not (bare and all(columns)) or len(set(columns)) < len(columns):
        return None
    return None if '"' in text or "'" in text or text.startswith("\ufeff") or headless(columns) else columns


def headless(columns: Sequence[str]) -> bool:
    """Tell whether a first row holds measurements: all cells are numbers, and not all of them whole.

    Whole numbers are names (label values of an atlas).
    """
    if not all(_NUMBER.fullmatch(name) or name in MISSING_CELLS for name in columns):
        return False
    return any(_NUMBER.fullmatch(name) and not name.isdigit() for name in columns)
