"""Pain of one person over visits: one line on the whole scale of the rating."""

from __future__ import annotations

from collections.abc import Sequence

from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import BLUE, MUTED, RULE
from corticolimbic.report._sheet import SMALL, Sheet, fit

_TOP, _HEIGHT, _FOOT = 26, 120, 44


def draw_own_course(
    sheet: Sheet, days: Sequence[Number], ratings: Sequence[Number], upwards: str, across: str
) -> None:
    """Draw ratings (0 to 10) over days."""
    sheet.start(_TOP + _HEIGHT + _FOOT)
    sheet.text(0, 9, fit(upwards, sheet.width, SMALL), color=MUTED, size=SMALL)
    top, bottom = _TOP, _TOP + _HEIGHT
    over = scale_over(days, 26, sheet.width - 14, ticks=4 if sheet.compact else 8)
    up = Scale(0, max(10.0, *ratings), bottom, top, 5)
    draw_axis(sheet, over, [(top, bottom)], across)
    for value in up.ticks():
        y = up(value)
        sheet.line([over.start, over.end], [y, y], color=RULE)
        sheet.text(over.start - 6, y, up.label(value), color=MUTED, size=SMALL, align="right")
    xs, ys = [over(day) for day in days], [up(value) for value in ratings]
    if len(xs) > 1:
        sheet.line(xs, ys, color=BLUE, width=2.2)
    sheet.marks(xs, ys, color=BLUE, size=8)
