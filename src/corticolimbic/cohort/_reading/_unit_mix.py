"""Values in another unit than the declared one: a site on a scale of 0-100, a person weighed in pounds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from corticolimbic.cohort._reading._field import UNKNOWN, Field, Interpreted
from corticolimbic.cohort._reading._grid import Coded
from corticolimbic.cohort._reading._sheet import Answers, Sheet

LEAST = 3
"""Fewest values beyond the scale that show a site to use another one; fewer are single slips."""
_TENFOLD = 10.0
_OTHER_UNIT = {"kg": ("lb", 2.20462), "lb": ("kg", 1 / 2.20462), "cm": ("in", 1 / 2.54), "m": ("cm", 100.0)}
_NEAR = 0.12
"""Largest relative distance from the ratio of two units: medians of a person's other visits vary."""


def mixed_units(sheet: Sheet, what: Field, answers: Answers, read: Interpreted, coded: Coded) -> None:
    """Find values of another unit among the answers of one variable; they become missing.

    A scale that begins at 0 is used tenfold by a site where at least three values, and at least half of those
    above 0, lie beyond its end but not beyond ten times its end: what of the site lies within the scale may
    then be tenfold too, so that all but 0 are set aside. A weight or length is in another unit where a
    person's value differs from the median of that person's others (at least two) by the ratio of the units.

    Parameters
    ----------
    sheet
        Where problems are added.
    what, answers, read, coded
        The variable.
    """
    if what.low == 0 and math.isfinite(what.high) and what.high > 0 and what.kind in {"number", "integer"}:
        _tenfold(sheet, what, answers, read.number[coded.codes[answers.rows]])
    elif what.unit in _OTHER_UNIT:
        _by_person(sheet, what, answers)


def _tenfold(sheet: Sheet, what: Field, answers: Answers, written: Float[np.ndarray, "answers"]) -> None:
    beyond = (written > what.high) & (written <= what.high * _TENFOLD)
    if beyond.sum() < LEAST:
        return
    sites = sheet.site[answers.rows]
    for site in sorted(set(sites[beyond].tolist())):
        here = (sites == site) & (written > 0)
        many = int((beyond & here).sum())
        if many < LEAST or many * 2 < int(here.sum()):
            continue
        first = int(answers.rows[np.flatnonzero(beyond & here)[0]])
        numbers = {int(sheet.numbers[row]) for row in answers.rows[beyond & here]}
        where = f" at site {site}" if site else ""
        _withdraw(sheet, what, numbers, "CL312")
        sheet.say(
            "CL330",
            first,
            f"{what.variable}{where}: {many} values up to {np.nanmax(written[beyond & here]):g}",
            expected=what.range_words,
        )
        _forget(answers, here)


def _withdraw(sheet: Sheet, what: Field, numbers: set[int], code: str) -> None:
    """Take back the single problems that a common cause explains."""
    rows = {str(number) for number in numbers}
    start = f"{what.variable} = "
    sheet.problems[:] = [
        item
        for item in sheet.problems
        if not (item.code == code and item.row in rows and item.found.startswith(start))
    ]


def _by_person(sheet: Sheet, what: Field, answers: Answers) -> None:
    other, ratio = _OTHER_UNIT[what.unit]
    known = np.flatnonzero(~np.isnan(answers.number))
    table = pd.DataFrame({"person": sheet.person[answers.rows[known]], "number": answers.number[known]})
    by_person = table.groupby("person")["number"]
    far = max(ratio, 1 / ratio) * (1 - _NEAR)
    spread = by_person.transform("max") / by_person.transform("min").clip(lower=1e-9)
    suspect = (by_person.transform("size") >= 3) & (spread >= far)
    for _, group in table[suspect.to_numpy()].groupby("person"):
        values = group["number"].to_numpy()
        for place, value in zip(group.index, values, strict=True):
            rest = np.median(values[group.index != place])
            if rest > 0 and abs(value / rest / ratio - 1) <= _NEAR:
                found = f"{what.variable} = {value:g}, and {rest:g} at other visits: perhaps {other}"
                sheet.say("CL330", int(answers.rows[known[place]]), found, expected=f"values in {what.unit}")
                _forget(answers, np.arange(len(answers.rows)) == known[place])


def _forget(answers: Answers, which: Bool[np.ndarray, "answers"]) -> None:
    answers.value[which] = ""
    answers.number[which] = np.nan
    answers.missing[which] = UNKNOWN
