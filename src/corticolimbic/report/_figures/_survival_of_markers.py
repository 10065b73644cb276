"""Markers at a glance: a row for each, grouped by verdict, with interval, ceiling and what was published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._legend import Entry, draw_legend, legend_height
from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, QUIET, RULE, SHADE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width, wrap

_NAME, _NOTE, _LINE, _HEAD, _AXIS = 18, 16, 36, 34, 46
_GUTTER, _WORDS = 330, 236
_STEP = _LINE + 18
"""Height of a judgement whose words stand above its mark."""


@dataclass(frozen=True)
class Glyph:
    """The mark of a verdict: told apart by shape as well as by colour."""

    shape: str
    color: str
    hollow: bool = False


EXPLAINED = Glyph("h", PURPLE, hollow=True)
GLYPHS = {
    "survives": Glyph("*", GREEN),
    "one threshold only": Glyph("d", ORANGE, hollow=True),
    "opposite": Glyph("v", BLUE),
    "absent": Glyph("_", MUTED, hollow=True),
    "inconclusive": Glyph("o", MUTED, hollow=True),
    "state marker": Glyph("P", MUTED),
}
OTHER = Glyph("x", QUIET)


def glyph(verdict: str) -> Glyph:
    """Return the mark of a verdict."""
    return GLYPHS.get(verdict, EXPLAINED if verdict.startswith("explained") else OTHER)


@dataclass(frozen=True)
class Judgement:
    """One marker in one population: figure, mark of the population, words, and verdict with its name."""

    value: Number
    low: Number
    high: Number
    color: str
    shape: str
    words: str
    verdict: str = ""
    verdict_name: str = ""


@dataclass(frozen=True)
class MarkerRow:
    """One marker: its name, notes in small, published values on the axis, and its judgements."""

    label: str
    notes: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    published: tuple[Number, ...] = ()


@dataclass(frozen=True)
class MarkerGroup:
    """The markers of one verdict."""

    verdict: str
    title: str
    rows: tuple[MarkerRow, ...]


@dataclass(frozen=True)
class Axis:
    """The axis: its name, the value of no effect, and the ceiling with its words (NaN where none)."""

    name: str
    none: Number
    ceiling: Number = math.nan
    ceiling_words: str = ""


def draw_survival(sheet: Sheet, groups: Sequence[MarkerGroup], legend: Sequence[Entry], axis: Axis) -> None:
    """Draw the groups under each other; on a narrow sheet each marker's words stand above its interval."""
    ceiling = math.isfinite(axis.ceiling)
    top = legend_height(legend, sheet.width) + (22 if ceiling else 6)
    layout = [(group, [_height(row, sheet) for row in group.rows]) for group in groups]
    total = sum(_HEAD + sum(heights) for _, heights in layout)
    sheet.start(top + total + 4 + _AXIS)
    left, right = (12, sheet.width - 12) if sheet.compact else (_GUTTER + 16, sheet.width - _WORDS - 14)
    ends = [
        end
        for group in groups
        for row in group.rows
        for one in row.judgements
        for end in (one.value, one.low, one.high)
    ]
    ends += [value for group in groups for row in group.rows for value in row.published]
    scale = scale_over(ends, left, right, anchors=(axis.none, axis.ceiling), ticks=4 if sheet.compact else 6)
    draw_legend(sheet, legend, 0, 0, sheet.width)
    bands, y = [], float(top)
    for group, heights in layout:
        y += _HEAD
        for row, height in zip(group.rows, heights, strict=True):
            bands += _bands(row, y, height, sheet)
            y += height
    draw_axis(sheet, scale, [*bands, (y + 4, y + 4)], axis.name)
    for start, end in bands:
        sheet.line([scale(axis.none)] * 2, [start, end], color=MUTED, width=1.2)
        if ceiling:
            sheet.line([scale(axis.ceiling)] * 2, [start, end], color=ORANGE, width=1.4, dashed=True)
    if ceiling:
        _ceiling_words(sheet, scale(axis.ceiling), top - 9, axis.ceiling_words)
    y = float(top)
    for group, heights in layout:
        _head(sheet, group, y)
        y += _HEAD
        for place, (row, height) in enumerate(zip(group.rows, heights, strict=True)):
            if place:
                sheet.line([0, sheet.width], [y, y], color=RULE, width=0.8)
            _row(sheet, row, scale, y, height)
            y += height


def _names(row: MarkerRow, sheet: Sheet) -> tuple[list[str], list[str]]:
    room = sheet.width if sheet.compact else _GUTTER
    return wrap(row.label, room, 13, lines=2), [
        line for note in row.notes for line in wrap(note, room, SMALL, lines=2)
    ]


def _text_height(row: MarkerRow, sheet: Sheet) -> Pixels:
    label, notes = _names(row, sheet)
    return _NAME * len(label) + _NOTE * len(notes)


def _height(row: MarkerRow, sheet: Sheet) -> Pixels:
    judged = len(row.judgements) * (_STEP if sheet.compact else _LINE)
    text = _text_height(row, sheet)
    return text + judged + 18 if sheet.compact else max(text, judged) + 14


def _bands(row: MarkerRow, y: Pixels, height: Pixels, sheet: Sheet) -> list[tuple[Pixels, Pixels]]:
    """Return where the grid is drawn: throughout, or under the words where these stand above the marks."""
    if not sheet.compact:
        return [(y, y + height)]
    first = y + 8 + _text_height(row, sheet) + 6
    words = 32 if any(one.verdict_name for one in row.judgements) else 19
    return [
        (first + place * _STEP + words, first + (place + 1) * _STEP - 2)
        for place in range(len(row.judgements))
    ]


def _head(sheet: Sheet, group: MarkerGroup, y: Pixels) -> None:
    mark = glyph(group.verdict)
    sheet.box(0, y + 4, sheet.width, _HEAD - 8, fill=SHADE)
    middle, start = y + _HEAD / 2, 8.0
    if group.verdict:
        sheet.marks(
            [14], [middle], shape=mark.shape, color=mark.color, hollow=mark.hollow, size=11, fill=SHADE
        )
        start = 28.0
    sheet.text(start, middle, fit(group.title, sheet.width - start), bold=True)


def _row(sheet: Sheet, row: MarkerRow, scale: Scale, y: Pixels, height: Pixels) -> None:
    label, notes = _names(row, sheet)
    text = _text_height(row, sheet)
    at = y + 8 if sheet.compact else y + (height - text) / 2
    for line in label:
        sheet.text(0, at + _NAME / 2, line, bold=True)
        at += _NAME
    for line in notes:
        sheet.text(0, at + _NOTE / 2, line, color=MUTED, size=SMALL)
        at += _NOTE
    step = _STEP if sheet.compact else _LINE
    start = at + 6 if sheet.compact else y + (height - step * len(row.judgements)) / 2
    for place, one in enumerate(row.judgements):
        _judgement(sheet, one, scale, start + place * step)
    middle = start + (step - 20 if sheet.compact else step / 2 - 11)  # above the first interval
    for value in row.published:
        sheet.marks([scale(value)], [middle], shape="D", color=MUTED, hollow=True, size=7)


def _judgement(sheet: Sheet, one: Judgement, scale: Scale, y: Pixels) -> None:
    middle = y + (_STEP - 9 if sheet.compact else _LINE / 2)
    if math.isfinite(one.low) and math.isfinite(one.high):
        sheet.line([scale(one.low), scale(one.high)], [middle, middle], color=one.color, width=2)
    if math.isfinite(one.value):
        sheet.marks([scale(one.value)], [middle], shape=one.shape, color=one.color, size=9)
    x = 0.0 if sheet.compact else float(sheet.width - _WORDS)
    room = sheet.width if sheet.compact else _WORDS
    first = y + 9
    sheet.marks([x + 6], [first], shape=one.shape, color=one.color, size=8)
    sheet.text(x + 17, first, fit(one.words, room - 17, SMALL), size=SMALL)
    if one.verdict_name:
        mark = glyph(one.verdict)
        sheet.marks([x + 6], [first + 17], shape=mark.shape, color=mark.color, hollow=mark.hollow, size=9)
        sheet.text(x + 17, first + 17, fit(one.verdict_name, room - 17, SMALL), color=INK, size=SMALL)


def _ceiling_words(sheet: Sheet, x: Pixels, y: Pixels, words: str) -> None:
    """Write the ceiling's name at its line, on whichever side it fits."""
    width = text_width(words, SMALL)
    place = min(max(x, width / 2), sheet.width - width / 2)
    sheet.text(place, y, fit(words, sheet.width, SMALL), color=ORANGE, size=SMALL, align="center")
