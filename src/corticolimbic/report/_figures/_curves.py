"""Curves on a panel: probabilities across, something of each population upwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._legend import Entry, draw_legend, legend_height
from corticolimbic.report._figures._scale import draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import MUTED, RULE
from corticolimbic.report._sheet import SMALL, Sheet, fit

PANEL = 470
_HEIGHT = 240


@dataclass(frozen=True)
class Curve:
    """One curve: its points, intervals at them (NaN where none), and how it is drawn."""

    points: tuple[tuple[Number, Number, Number, Number], ...]
    color: str
    shape: str = ""
    width: Number = 2.0
    dashed: bool = False


def draw_curves(
    sheet: Sheet,
    curves: Sequence[Curve],
    legend: Sequence[Entry],
    words: tuple[str, str],
    *,
    diagonal: bool = False,
    least: Number = -math.inf,
) -> None:
    """Draw the curves; ``words`` name the axes, ``least`` cuts what falls far below."""
    across_name, upwards_name = words
    top = legend_height(legend, sheet.width) + 28
    bottom = top + _HEIGHT
    sheet.start(bottom + 46)
    draw_legend(sheet, legend, 0, 0, sheet.width)
    points = [point for curve in curves for point in curve.points]
    across = scale_over([x for x, *_ in points], 52, sheet.width - 12, anchors=(0.0,), ticks=5)
    heights = [max(end, least) for _, *ends in points for end in ends if math.isfinite(end)]
    anchors = (across.low, across.high) if diagonal else (0.0,)
    upwards = scale_over(heights, bottom, top, anchors=anchors, ticks=5)
    sheet.text(0, top - 15, fit(upwards_name, sheet.width, SMALL), color=MUTED, size=SMALL)
    draw_axis(sheet, across, [(top, bottom)], across_name)
    for value in upwards.ticks():
        y = upwards(value)
        sheet.line([across.start, across.end], [y, y], color=RULE)
        sheet.text(across.start - 6, y, upwards.label(value), color=MUTED, size=SMALL, align="right")
    if diagonal:
        ends = (across.low, across.high)
        sheet.line([across(x) for x in ends], [upwards(x) for x in ends], color=MUTED, dashed=True)
    for curve in curves:
        drawn = [point for point in curve.points if math.isfinite(point[1]) and point[1] >= least]
        if len(drawn) > 1:
            xs, ys = [across(point[0]) for point in drawn], [upwards(point[1]) for point in drawn]
            sheet.line(xs, ys, color=curve.color, width=curve.width, dashed=curve.dashed)
        for x, y, low, high in drawn if curve.shape else ():
            if math.isfinite(low) and math.isfinite(high):
                sheet.line([across(x)] * 2, [upwards(low), upwards(high)], color=curve.color, width=1.2)
            sheet.marks([across(x)], [upwards(y)], shape=curve.shape, color=curve.color, size=7)
