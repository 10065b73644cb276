"""The forest: an estimate with its interval for each row, populations beside each other within a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from corticolimbic.report._figures._legend import Entry, draw_legend, legend_height
from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import INK, MUTED, QUIET, RULE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width

_LINE = 22


@dataclass(frozen=True)
class Estimate:
    """One estimate: where it stands, how it is drawn, and the words to its right."""

    value: Number
    low: Number
    high: Number
    color: str
    shape: str
    words: str
    quiet: bool = False


@dataclass(frozen=True)
class ForestRow:
    """One row: its name, what is added to it in small, and its estimates."""

    label: str
    note: str = ""
    estimates: tuple[Estimate, ...] = field(default_factory=tuple)


def draw_forest(
    sheet: Sheet, rows: Sequence[ForestRow], legend: Sequence[Entry], axis: str, none: Number = 0.0
) -> None:
    """Draw the forest; on a narrow sheet each row's name stands above its estimates.

    ``none`` is the value of no effect, which is always on the axis.
    """
    words = max((text_width(item.words, SMALL) for row in rows for item in row.estimates), default=0) + 10
    gutter = 0.0 if sheet.compact else _gutter(rows)
    words = min(words, sheet.width * 0.52)
    top = legend_height(legend, sheet.width) + 6
    heights = [_height(row, sheet.compact) for row in rows]
    bottom = top + sum(heights) + 4
    sheet.start(bottom + 46)
    ends = [end for row in rows for item in row.estimates for end in (item.value, item.low, item.high)]
    right, ticks = sheet.width - words - 14, 4 if sheet.compact else 7
    scale = scale_over(ends, gutter + 14, right, anchors=(none,), ticks=ticks)
    draw_legend(sheet, legend, 0, 0, sheet.width)
    bands = _bands(rows, heights, top, compact=sheet.compact)
    draw_axis(sheet, scale, bands, axis)
    for start, end in bands if none else ():
        sheet.line([scale(none)] * 2, [start, end], color=MUTED, width=1.2)
    y = top
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if number:
            sheet.line([0, sheet.width], [y, y], color=RULE, width=0.8)
        _draw_row(sheet, row, scale, y, gutter, words)
        y += height


def _bands(
    rows: Sequence[ForestRow], heights: Sequence[Pixels], top: Pixels, *, compact: bool
) -> list[tuple[Pixels, Pixels]]:
    """Return where the grid is drawn: throughout, or beside the estimates where names stand above them."""
    if not compact:
        return [(top, top + sum(heights) + 4)]
    bands = []
    for row, height in zip(rows, heights, strict=True):
        bands.append((top + _head(row) + 2, top + height - 3))
        top += height
    return bands


def _head(row: ForestRow) -> Pixels:
    return 20 + (17 if row.note else 0)


def _gutter(rows: Sequence[ForestRow]) -> Pixels:
    longest = max((max(text_width(row.label), text_width(row.note, SMALL)) for row in rows), default=0)
    return min(300.0, longest + 8)


def _height(row: ForestRow, compact: bool) -> Pixels:  # noqa: FBT001 - private, one caller
    lines = max(1, len(row.estimates)) * _LINE
    if compact:
        return lines + 12 + _head(row)
    return max(lines, _head(row)) + 12


def _draw_row(sheet: Sheet, row: ForestRow, scale: Scale, y: Pixels, gutter: Pixels, words: Pixels) -> None:
    room = sheet.width if sheet.compact else gutter
    block = _head(row)
    height = _height(row, sheet.compact)
    first = y + 16 if sheet.compact else y + (height - block) / 2 + 11
    sheet.text(0, first, fit(row.label, room), bold=True)
    if row.note:
        sheet.text(0, first + 17, fit(row.note, room, SMALL), color=MUTED, size=SMALL)
    start = y + block + 6 if sheet.compact else y + (height - _LINE * len(row.estimates)) / 2
    for number, item in enumerate(row.estimates):
        _draw_estimate(sheet, item, scale, start + _LINE * (number + 0.5), words)


def _draw_estimate(sheet: Sheet, item: Estimate, scale: Scale, y: Pixels, words: Pixels) -> None:
    color = QUIET if item.quiet else item.color
    if math.isfinite(item.low) and math.isfinite(item.high):
        sheet.line([scale(item.low), scale(item.high)], [y, y], color=color, width=2, dashed=item.quiet)
    if math.isfinite(item.value):
        size = 8 if item.shape == "D" else 9
        sheet.marks([scale(item.value)], [y], shape=item.shape, color=color, hollow=item.quiet, size=size)
    text = fit(item.words, words, SMALL)
    sheet.text(sheet.width, y, text, color=MUTED if item.quiet else INK, size=SMALL, align="right")
