"""Strips: how a quantity is spread at each site, a dot for each session, or columns where there are many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import BLUE, INK, MUTED, QUIET
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width

DOTS = 600
"""From this many values on, columns are drawn in place of dots."""
_ROW, _LOW_ROW = 46, 26
_MANY = 12
"""From this many sites on, rows are low and name and n stand on one line."""


@dataclass(frozen=True)
class Strip:
    """The values of one site; ``aside`` are those of people in no population."""

    label: str
    values: tuple[Number, ...]
    aside: tuple[Number, ...] = ()

    @property
    def known(self) -> list[Number]:
        """All finite values."""
        return [value for value in (*self.values, *self.aside) if math.isfinite(value)]


def draw_strips(sheet: Sheet, strips: Sequence[Strip], axis: str) -> None:
    """Draw one row a site, the median as a bar."""
    longest = max((text_width(strip.label) for strip in strips), default=0)
    gutter = min(longest + 14, sheet.width * 0.32)
    many = len(strips) > _MANY
    row = _LOW_ROW if many else _ROW
    gutter += 34 if many else 0
    bottom = 8 + row * len(strips)
    sheet.start(bottom + 46)
    values = [value for strip in strips for value in strip.known]
    scale = scale_over(values, gutter + 8, sheet.width - 14, ticks=4 if sheet.compact else 6)
    draw_axis(sheet, scale, [(4, bottom)], axis)
    crowded = len(values) > DOTS
    half = 0.35 * row
    for number, strip in enumerate(strips):
        y = 8 + row * (number + 0.5)
        name_room = gutter - 44 if many else gutter
        sheet.text(0, y if many else y - 7, fit(strip.label, name_room), bold=True)
        align, x, place = ("right", gutter - 4, y) if many else ("left", 0, y + 9)
        sheet.text(x, place, f"n {len(strip.known)}", color=MUTED, size=SMALL, align=align)
        (_columns if crowded else _dots)(sheet, strip, scale, y, half)
        if strip.known:
            x = scale(median(strip.known))
            sheet.line([x, x], [y - half, y + half], color=INK, width=2.5)


def _dots(sheet: Sheet, strip: Strip, scale: Scale, y: Pixels, half: Pixels) -> None:
    for values, hollow in ((strip.values, False), (strip.aside, True)):
        known = [value for value in values if math.isfinite(value)]
        if known:
            xs = [scale(value) for value in known]
            ys = [y + 1.4 * half * _spread(place) for place in range(len(known))]
            color = QUIET if hollow else BLUE
            sheet.marks(xs, ys, color=color, size=7, hollow=hollow, alpha=1 if hollow else 0.75)


def _spread(place: int) -> Pixels:
    """Return an offset between -0.5 and 0.5 that looks even without being random (golden ratio)."""
    return (place * 0.618034) % 1.0 - 0.5


def _columns(sheet: Sheet, strip: Strip, scale: Scale, y: Pixels, half: Pixels) -> None:
    bins = 40
    counts = [0] * bins
    for value in strip.known:
        share = (scale(value) - scale.start) / (scale.end - scale.start)
        counts[min(bins - 1, int(share * bins))] += 1
    tallest = max(counts, default=0)
    wide = (scale.end - scale.start) / bins
    for place, count in enumerate(counts):
        if count:
            high = 2 * half * count / tallest
            sheet.box(scale.start + place * wide, y + half - high, wide - 1, high, fill=BLUE, radius=0)
