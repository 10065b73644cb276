"""Where one person stands: a row for each number, two intervals on it, a shaded band for what is usual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._scale import Scale, draw_axis
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import BLUE, INK, MUTED, QUIET, RULE, SHADE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width

_ROW, _NAME = 26, 19
_FOOT = 46


@dataclass(frozen=True)
class Placed:
    """One row.

    Parameters
    ----------
    label
        Name.
    value
        Where the mark stands.
    low, high
        The strong interval.
    far_low, far_high
        The thin interval; NaN draws none.
    words
        At the right.
    quiet
        Drawn hollow and grey.
    """

    label: str
    value: Number
    low: Number
    high: Number
    far_low: Number
    far_high: Number
    words: str
    quiet: bool = False


def draw_placed(
    sheet: Sheet,
    rows: Sequence[Placed],
    axis: str,
    ends: tuple[Number, Number, Number],
    band: tuple[Number, Number],
) -> None:
    """Draw the rows on one scale.

    Parameters
    ----------
    sheet
        Where.
    rows
        From top to bottom.
    axis
        Name of the scale.
    ends
        Its ends and its step; what lies beyond is kept at the edge.
    band
        What is shaded.
    """
    words = min(
        max((text_width(row.words, SMALL) for row in rows), default=0) + 12,
        sheet.width * (0.5 if sheet.compact else 0.34),
    )
    gutter = 0.0 if sheet.compact else _gutter(rows)
    height = _ROW + (_NAME if sheet.compact else 0)
    bottom = 6 + height * len(rows)
    sheet.start(bottom + _FOOT)
    scale = Scale(ends[0], ends[1], gutter + 14, sheet.width - words - 14, ends[2])
    left, right = scale(band[0]), scale(band[1])
    bands = (
        [(6 + height * place + _NAME + 1, 6 + height * (place + 1)) for place in range(len(rows))]
        if sheet.compact
        else [(6, bottom)]
    )
    for top, low in bands:
        sheet.box(left, top, right - left, low - top, fill=SHADE, radius=0)
    draw_axis(sheet, scale, bands, axis)
    for place, row in enumerate(rows):
        top = 6 + height * place
        if place:
            sheet.line([0, sheet.width], [top, top], color=RULE, width=0.6)
        _draw(sheet, row, scale, top, gutter, words)


def _gutter(rows: Sequence[Placed]) -> Pixels:
    return min(430.0, max((text_width(row.label) for row in rows), default=0) + 8)


def _draw(sheet: Sheet, row: Placed, scale: Scale, top: Pixels, gutter: Pixels, words: Pixels) -> None:
    color = QUIET if row.quiet else BLUE
    y = top + _ROW / 2 + (_NAME if sheet.compact else 0)
    if sheet.compact:
        sheet.text(0, top + 12, fit(row.label, sheet.width), bold=True)
    else:
        sheet.text(0, y, fit(row.label, gutter))
    for low, high, width in ((row.far_low, row.far_high, 1.2), (row.low, row.high, 4.0)):
        if math.isfinite(low) and math.isfinite(high):
            sheet.line([scale(low), scale(high)], [y, y], color=color, width=width)
    if math.isfinite(row.value):
        sheet.marks([scale(row.value)], [y], color=color, hollow=row.quiet, size=9)
    shown = fit(row.words, words, SMALL)
    sheet.text(sheet.width, y, shown, color=MUTED if row.quiet else INK, size=SMALL, align="right")
