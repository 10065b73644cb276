"""What some columns say about the person or the row: birth, sex, site, date."""

from __future__ import annotations

import math
import re

import numpy as np
from jaxtyping import Float, Int64

from corticolimbic.cohort._reading._dates import read_date
from corticolimbic.cohort._reading._field import Field, Interpreted, as_number
from corticolimbic.cohort._reading._grid import Coded
from corticolimbic.cohort._reading._sheet import Answers, Sheet
from corticolimbic.cohort._source_settings import Source
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.foundation import MISSING_CELLS

_YEAR = re.compile(r"(1[89]|2[01])\d\d")
_YEARS = (1880, 2199)


def days_of(coded: Coded, source: Source) -> Float[np.ndarray, "kinds"]:
    """Return the date of each kind of cell as days since 1970-01-01, NaN where it is none.

    Parameters
    ----------
    coded
        A column of dates (or of years, which count from their first day).
    source
        Order of day and month, spreadsheets' days.
    """
    days = []
    for kind in coded.kinds:
        if not kind or kind in MISSING_CELLS or kind in source.missing:
            days.append(math.nan)
        elif _YEAR.fullmatch(kind):
            days.append(read_date(f"{kind}-01-01").days)
        else:
            days.append(read_date(kind, order=source.date_order, excel=source.excel_dates).days)
    return np.array(days, dtype=float)


def put_people(
    sheet: Sheet,
    what: Field,
    coded: Coded,
    read: Interpreted,
    rows: Int64[np.ndarray, "answers"],
    source: Source,
) -> None:
    """Note birth and sex of the person in the rows given, where the field is one of them.

    A row that says it twice and differently is a problem (CL329); what came first stands.
    """
    if what.variable in source.birth:
        days = days_of(coded, source)[coded.codes[rows]]
        before = sheet.birth[rows]
        years, known = years_of(days), ~np.isnan(before) & ~np.isnan(days)
        differs = known & (years != years_of(before))
        sheet.birth[rows] = np.where(np.isnan(before), days, before)
    elif what.variable in source.sex:
        said = read.value[coded.codes[rows]]
        before = sheet.sex[rows]
        differs = (before != "") & (said != "") & (before != said)
        sheet.sex[rows] = np.where(before == "", said, before)
    else:
        return
    for row in rows[differs.astype(bool)]:
        sheet.say("CL329", int(row), f"{what.variable} differs from another field of the row")


def years_of(days: Float[np.ndarray, "days"]) -> Int64[np.ndarray, "days"]:
    """Return the years of days since 1970-01-01; 0 where unknown."""
    known = ~np.isnan(days)
    dates = np.datetime64("1970-01-01") + np.floor(np.where(known, days, 0)).astype("timedelta64[D]")
    return np.where(known, dates.astype("datetime64[Y]").astype(np.int64) + 1970, 0).astype(np.int64)


def put_sites(sheet: Sheet, coded: Coded, source: Source) -> None:
    """Give each row its site and each person the variable ``site``; a code not in the list is a problem."""
    kinds = np.empty(len(coded.kinds), dtype=object)
    kinds[:] = ["" if kind in MISSING_CELLS or kind in source.missing else kind for kind in coded.kinds]
    sheet.site = kinds[coded.codes]
    if source.sites:
        allowed = np.array([kind in {"", *source.sites} for kind in kinds], dtype=bool)
        for row in np.flatnonzero(~allowed[coded.codes] & sheet.alive):
            expected = f"one of {', '.join(source.sites)}"
            sheet.say("CL327", int(row), f"site {coded.kinds[coded.codes[row]]!r}", expected=expected)
        kinds[~allowed] = ""
        sheet.site = kinds[coded.codes]
    first: dict[str, int] = {}
    for row in np.flatnonzero(sheet.alive & (sheet.site != "")):
        first.setdefault(str(sheet.person[row]), int(row))
    places = np.array(sorted(first.values()), dtype=np.int64)
    sheet.answers.append(
        Answers(
            "site",
            "",
            places,
            sheet.site[places],
            np.array([_number(cell) for cell in sheet.site[places]], dtype=float),
            np.zeros(len(places), dtype=np.int8),
            session=NO_SESSION,
            instance="n/a",
        )
    )


def _number(cell: str) -> float:
    try:
        return as_number(cell, ".")
    except ValueError:
        return math.nan
