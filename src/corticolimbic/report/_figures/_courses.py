"""Courses of pain: a panel for each class, thin lines for people, a strong one for their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import INK, MUTED, QUIET, RULE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, wrap

LINES = 60
"""People drawn in one panel; where there are more, every so many."""
_HEIGHT, _GAP = 190, 26
_HEAD = 44
_FOOT = 34


@dataclass(frozen=True)
class CourseLine:
    """Pain over days: days rising, ratings 0 to 10; ``low`` and ``high`` are the ends of an interval."""

    days: tuple[Number, ...]
    values: tuple[Number, ...]
    low: tuple[Number, ...] = ()
    high: tuple[Number, ...] = ()


@dataclass(frozen=True)
class CoursePanel:
    """One class: its name, a line under it, its people and their mean."""

    title: str
    note: str
    people: tuple[CourseLine, ...]
    mean: CourseLine
    color: str


def thinned(count: int) -> range:
    """Return the places of the people who are drawn, evenly spread over all."""
    return range(0, count, max(1, math.ceil(count / LINES)))


def draw_courses(sheet: Sheet, panels: Sequence[CoursePanel], upwards: str, across: str) -> None:
    """Draw the panels beside and below each other, all on the same scales."""
    columns = min(len(panels), 1 if sheet.compact and len(panels) == 1 else (2 if sheet.compact else 3))
    rows = math.ceil(len(panels) / columns)
    width = (sheet.width - _GAP * (columns - 1)) / columns
    tall = _HEAD + _HEIGHT + _FOOT
    sheet.start(20 + rows * tall + 22)
    sheet.text(0, 9, fit(upwards, sheet.width, SMALL), color=MUTED, size=SMALL)
    days = [day for panel in panels for line in (*panel.people, panel.mean) for day in line.days]
    for place, panel in enumerate(panels):
        left = (place % columns) * (width + _GAP)
        top = 20 + (place // columns) * tall
        _panel(sheet, panel, days, left, top, width)
    words = fit(across, sheet.width, SMALL)
    sheet.text(sheet.width / 2, 20 + rows * tall + 10, words, color=MUTED, size=SMALL, align="center")


def _panel(
    sheet: Sheet, panel: CoursePanel, days: Sequence[Number], left: Pixels, top: Pixels, width: Pixels
) -> None:
    sheet.text(left, top + 10, fit(panel.title, width), bold=True)
    for number, words in enumerate(wrap(panel.note, width, SMALL, lines=1)):
        sheet.text(left, top + 28 + 15 * number, words, color=MUTED, size=SMALL)
    across = scale_over(days, left + 24, left + width - 10, ticks=3 if width < 200 else 4)
    upwards = Scale(0, 10, top + _HEAD + _HEIGHT, top + _HEAD, 5)
    draw_axis(sheet, across, [(top + _HEAD, top + _HEAD + _HEIGHT)], "")
    for value in upwards.ticks():
        y = upwards(value)
        sheet.line([across.start, across.end], [y, y], color=RULE)
        sheet.text(across.start - 6, y, upwards.label(value), color=MUTED, size=SMALL, align="right")
    for place in thinned(len(panel.people)):
        line = panel.people[place]
        xs, ys = [across(day) for day in line.days], [upwards(value) for value in line.values]
        if len(xs) > 1:
            sheet.line(xs, ys, color=f"{QUIET}80", width=0.8)
        else:
            sheet.marks(xs, ys, color=f"{QUIET}80", size=3)
    _mean(sheet, panel, across, upwards)


def _mean(sheet: Sheet, panel: CoursePanel, across: Scale, upwards: Scale) -> None:
    mean = panel.mean
    if not mean.days:
        return
    xs, ys = [across(day) for day in mean.days], [upwards(value) for value in mean.values]
    for x, low, high in zip(xs, mean.low, mean.high, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            sheet.line([x, x], [upwards(low), upwards(high)], color=panel.color, width=2)
    sheet.line(xs, ys, color=panel.color or INK, width=2.6)
    sheet.marks(xs, ys, color=panel.color or INK, size=6)
