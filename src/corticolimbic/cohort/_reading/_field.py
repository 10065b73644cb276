"""What a column is declared to hold, and what each kind of its cells is therefore read as."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int8, Shaped

from corticolimbic.cohort._reading._dates import ReadDate, read_date
from corticolimbic.cohort._reading._grid import Coded
from corticolimbic.cohort._source_settings import Source
from corticolimbic.cohort._visits import number
from corticolimbic.foundation import MISSING_CELLS

MEANINGS = ("", "not asked", "refused", "lost", "unknown")
"""Why a value is missing, by its code in arrays; the first: it is not."""
NOT_ASKED, REFUSED, LOST, UNKNOWN = 1, 2, 3, 4
BLANK = -1
"""Code of an empty cell, whose meaning depends on the row."""
FORMULA = re.compile(r"[=@\t\r]|\+(?!ve\b)[A-Za-z(|]|-\S*[(|!]")
"""How text begins that a spreadsheet would run; "- none" and "+ve" are remarks."""


@dataclass(frozen=True)
class Field:
    """One variable as its dictionary, mapping or JSON declares it.

    Parameters
    ----------
    variable
        Name in the table of visits.
    kind
        text: anything; number, integer; choice: one of ``choices``; date; tick: a checkbox.
    unit
        Declared unit.
    low, high
        Declared range; infinite where none.
    choices
        Code to label.
    values
        Code to number, where the code is not the number itself.
    missing
        Cell to why it is missing.
    form
        Form that it stands on; empty where the table has none.
    shown_if
        Branching logic; empty where always shown.
    identifier
        Whether it tells who the person is.
    decimal
        Decimal sign of this field; empty: that of the source.
    """

    variable: str
    kind: str = "text"
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    shown_if: str = ""
    identifier: bool = False
    decimal: str = ""

    @property
    def range_words(self) -> str:
        """The range in words; empty where none."""
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        if math.isinf(self.high):
            return f"{self.low:g} or more"
        return f"at most {self.high:g}" if math.isinf(self.low) else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Cell:
    """What one kind of cell is read as: a value, a missing one, or a fault."""

    value: str = ""
    number: float = math.nan
    missing: int = 0
    code: str = ""
    expected: str = ""
    declared: bool = False


@dataclass(frozen=True)
class Interpreted:
    """All kinds of cells of a column as they are read, in the order of ``Coded.kinds``."""

    cells: tuple[Cell, ...]
    value: Shaped[np.ndarray, "kinds"]
    number: Float[np.ndarray, "kinds"]
    missing: Int8[np.ndarray, "kinds"]

    @property
    def faulty(self) -> Shaped[np.ndarray, "kinds"]:
        """Which kinds are a problem."""
        return np.array([bool(cell.code) for cell in self.cells], dtype=bool)


def interpret(coded: Coded, what: Field, source: Source) -> Interpreted:
    """Read every kind of cell of a column once.

    Parameters
    ----------
    coded
        The column.
    what
        What it is declared to hold.
    source
        Decimal sign, dates, labels, missing cells.
    """
    reader = _reader(what, source)
    labels = {label: code for code, label in what.choices.items()} if source.labels else {}
    cells = tuple(_cell(kind, what, source, reader, labels) for kind in coded.kinds)
    value = np.empty(len(cells), dtype=object)
    value[:] = [cell.value for cell in cells]
    return Interpreted(
        cells,
        value,
        np.array([cell.number for cell in cells], dtype=float),
        np.array([cell.missing for cell in cells], dtype=np.int8),
    )


def _cell(
    kind: str, what: Field, source: Source, reader: Callable[[str], Cell], labels: Mapping[str, str]
) -> Cell:
    if not kind:
        return Cell(missing=BLANK)
    code = labels.get(kind, kind)
    meaning = what.missing.get(kind) or source.missing.get(kind)
    if meaning and code not in what.choices:
        return Cell(missing=MEANINGS.index(meaning))
    if kind in MISSING_CELLS and code not in what.choices:
        return Cell(missing=UNKNOWN)
    return reader(code)


def _reader(what: Field, source: Source) -> Callable[[str], Cell]:
    if what.kind in {"choice", "tick"}:
        return lambda cell: _choice(cell, what)
    if what.kind == "date":
        return lambda cell: _date(cell, source)
    if what.kind in {"number", "integer"}:
        return lambda cell: _number(cell, what, source)
    return lambda cell: _text(cell, source)


def _fault(code: str, expected: str = "") -> Cell:
    return Cell(missing=UNKNOWN, code=code, expected=expected)


def as_number(cell: str, decimal: str) -> float:
    """Return the number in a cell with the declared decimal sign; raise ``ValueError`` where it is none."""
    if decimal == ",":
        if "." in cell:  # 1.234,5: whether the point groups thousands is not said
            raise ValueError(cell)
        cell = cell.replace(",", ".")
    return number(cell)


def _choice(cell: str, what: Field) -> Cell:
    if what.choices and cell not in what.choices:
        return _fault("CL323", _few(what.choices))
    try:
        value = what.values.get(cell, math.nan) if what.values else number(cell)
    except ValueError:
        value = math.nan
    return Cell(_harmless(cell), value)


def _few(choices: Mapping[str, str]) -> str:
    shown = ", ".join(list(choices)[:12])
    return f"one of {shown}" + (", ..." if len(choices) > 12 else "")


def _date(cell: str, source: Source) -> Cell:
    if FORMULA.match(cell):
        return _fault("CL322")
    read: ReadDate = read_date(cell, order=source.date_order, excel=source.excel_dates)
    if read.code:
        return _fault(read.code, read.expected)
    whole = read.days == math.floor(read.days)
    return Cell(read.iso if whole else f"{read.iso} {_clock(read.days)}", declared=read.declared)


def _clock(days: float) -> str:
    minutes = round((days - math.floor(days)) * 1440)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _number(cell: str, what: Field, source: Source) -> Cell:
    try:
        value = as_number(cell, what.decimal or source.decimal)
    except ValueError:
        if FORMULA.match(cell):
            return _fault("CL322")
        comma = cell.replace(",", ".", 1).replace("-", "", 1).replace(".", "", 1).isdigit() and "," in cell
        return _fault("CL307", "a number; declare decimal: ',' where commas are decimal" if comma else "")
    if what.kind == "integer" and value % 1:
        return _fault("CL307", "a whole number")
    if not what.low <= value <= what.high:
        return Cell("", value, UNKNOWN, "CL312", what.range_words)
    return Cell(cell, value, declared=source.decimal == "," and "," in cell)


def _text(cell: str, source: Source) -> Cell:
    try:
        return Cell(cell, as_number(cell, source.decimal))
    except ValueError:
        if FORMULA.match(cell):
            return Cell(_harmless(cell), code="CL322")
        return Cell(_harmless(cell))


def _harmless(cell: str) -> str:
    """Return text that no spreadsheet will run."""
    if cell[:1] in "=+-@\t\r" and FORMULA.match(cell):
        return "'" + cell
    return cell
