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
_ROW = 46


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
    bottom = 8 + _ROW * len(strips)
    sheet.start(bottom + 46)
    values = [value for strip in strips for value in strip.known]
    scale = scale_over(values, gutter + 8, sheet.width - 14, ticks=4 if sheet.compact else 6)
    draw_axis(sheet, scale, [(4, bottom)], axis)
    crowded = len(values) > DOTS
    for number, strip in enumerate(strips):
        y = 8 + _ROW * (number + 0.5)
        sheet.text(0, y - 7, fit(strip.label, gutter), bold=True)
        sheet.text(0, y + 9, f"n {len(strip.known)}", color=MUTED, size=SMALL)
        (_columns if crowded else _dots)(sheet, strip, scale, y)
        if strip.known:
            x = scale(median(strip.known))
            sheet.line([x, x], [y - 16, y + 16], color=INK, width=2.5)


def _dots(sheet: Sheet, strip: Strip, scale: Scale, y: Pixels) -> None:
    for values, hollow in ((strip.values, False), (strip.aside, True)):
        known = [value for value in values if math.isfinite(value)]
        if known:
            xs = [scale(value) for value in known]
            ys = [y + _spread(place) for place in range(len(known))]
            color = QUIET if hollow else BLUE
            sheet.marks(xs, ys, color=color, size=7, hollow=hollow, alpha=1 if hollow else 0.75)


def _spread(place: int) -> Pixels:
    """Return a vertical offset that looks even without being random (golden-ratio sequence)."""
    return ((place * 0.618034) % 1.0 - 0.5) * 22


def _columns(sheet: Sheet, strip: Strip, scale: Scale, y: Pixels) -> None:
    bins = 40
    counts = [0] * bins
    for value in strip.known:
        share = (scale(value) - scale.start) / (scale.end - scale.start)
        counts[min(bins - 1, int(share * bins))] += 1
    tallest = max(counts, default=0)
    wide = (scale.end - scale.start) / bins
    for place, count in enumerate(counts):
        if count:
            high = 30 * count / tallest
            sheet.box(scale.start + place * wide, y + 15 - high, wide - 1, high, fill=BLUE, radius=0)
