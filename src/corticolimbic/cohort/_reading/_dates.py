"""Dates as people and spreadsheets write them; what could mean two days is never guessed at."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime

_ORDINAL = date(1970, 1, 1).toordinal()
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_BASES = {1900: date(1899, 12, 30).toordinal(), 1904: date(1904, 1, 1).toordinal()}
_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_MONTH_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ](\d{4})")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: place for place, name in enumerate(_NAMES, 1)}
_FIRST_YEAR, _LAST_YEAR = 1880, 2199


@dataclass(frozen=True)
class ReadDate:
    """A date as days since 1970-01-01 with the share of the day, or why there is none.

    Parameters
    ----------
    days
        NaN where it cannot be read.
    code, expected
        Problem, empty where none.
    declared
        Whether a declaration was needed to read it.
    """

    days: float
    code: str = ""
    expected: str = ""
    declared: bool = False

    @property
    def iso(self) -> str:
        """The day as year-month-day; empty where there is none."""
        return "" if math.isnan(self.days) else date.fromordinal(math.floor(self.days) + _ORDINAL).isoformat()


def read_date(cell: str, *, order: str = "", excel: int = 0) -> ReadDate:
    """Read one cell that should hold a date.

    Parameters
    ----------
    cell
        As written, not empty.
    order
        ``dmy`` or ``mdy`` for dates with the year last; empty where not declared.
    excel
        First year of a spreadsheet's day numbers, 1900 or 1904; 0 where not declared.
    """
    try:  # nearly all cells are of this form
        moment = datetime.fromisoformat(cell) if cell[4:5] == "-" else None
    except ValueError:
        moment = None
    if moment is not None:
        return _day(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    if found := _YEAR_FIRST.fullmatch(cell):
        return _day(*(int(part or 0) for part in found.groups()))
    if found := _YEAR_LAST.fullmatch(cell):
        return _year_last([int(part or 0) for part in found.groups()], order)
    if (found := _MONTH_NAMED.fullmatch(cell)) and found[2].lower() in _MONTHS:
        return _day(int(found[3]), _MONTHS[found[2].lower()], int(found[1]))
    if _SERIAL.fullmatch(cell):
        if not excel:
            return ReadDate(math.nan, "CL320")
        return ReadDate(float(cell) + _BASES[excel] - _ORDINAL, declared=True)
    return ReadDate(math.nan, "CL319")


def _year_last(parts: list[int], order: str) -> ReadDate:
    first, second, year, *time = parts
    if order:
        day, month = (first, second) if order == "dmy" else (second, first)
        read = _day(year, month, day, *time)
        return ReadDate(read.days, read.code, read.expected, declared=not read.code)
    if first == second or first > 12 >= second:
        return _day(year, second, first, *time)
    if second > 12 >= first:
        return _day(year, first, second, *time)
    return ReadDate(math.nan, "CL319", "the order of day and month declared in date_order (dmy or mdy)")


def _day(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> ReadDate:
    try:
        ordinal = date(year, month, day).toordinal()
    except ValueError:
        return ReadDate(math.nan, "CL319", "a day of the calendar")
    if not _FIRST_YEAR <= year <= _LAST_YEAR or hour > 23 or minute > 59 or second > 59:
        return ReadDate(math.nan, "CL319", f"a year from {_FIRST_YEAR} to {_LAST_YEAR} and a time of the day")
    return ReadDate(ordinal - _ORDINAL + (hour * 3600 + minute * 60 + second) / 86400)
