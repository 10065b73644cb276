"""What was published beside what was measured: a mark, words and an interval for each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._legend import Entry, draw_legend, legend_height
from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import BLUE, GREEN, INK, MUTED, ORANGE, QUIET, RULE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit

_ROW, _COMPACT, _INTERVAL, _HEAD = 40, 60, 42, 28
SIGNS = {"+": ("^", ORANGE), "-": ("v", BLUE), "0": ("s", MUTED), "?": ("o", QUIET)}
"""Mark and colour of a published sign; told apart by shape as well as by colour."""
OWN = GREEN


@dataclass(frozen=True)
class Bar:
    """A value with its interval; NaN where there is none."""

    value: Number = math.nan
    low: Number = math.nan
    high: Number = math.nan

    @property
    def known(self) -> bool:
        """Whether there is something to draw."""
        return math.isfinite(self.value)


@dataclass(frozen=True)
class PublishedRow:
    """One row.

    Parameters
    ----------
    label, note
        What it is about, and in small under it.
    signs
        Published signs, the one with most cohorts first.
    words, detail
        Of the published side: cohorts, and whether it is disputed.
    published
        Verified effect.
    own
        Effect of this study.
    own_words, verdict
        Effect in words, or that it was not measured; and how it agrees.
    """

    label: str
    note: str
    signs: tuple[str, ...]
    words: str
    detail: str
    published: Bar
    own: Bar
    own_words: str
    verdict: str = ""

    @property
    def drawn(self) -> bool:
        """Whether anything of the row stands on the axis."""
        return self.published.known or self.own.known


@dataclass(frozen=True)
class Heads:
    """Names of the columns and of the axis."""

    published: str
    own: str
    axis: str


def draw_published(sheet: Sheet, rows: Sequence[PublishedRow], legend: Sequence[Entry], heads: Heads) -> None:
    """Draw the rows; on a narrow sheet the words of a row stand above its interval."""
    top = legend_height(legend, sheet.width) + 4 + (0 if sheet.compact else _HEAD)
    heights = [_height(row, compact=sheet.compact) for row in rows]
    bottom = top + sum(heights) + 4
    sheet.start(bottom + 46)
    ends = [end for row in rows for bar in (row.published, row.own) for end in (bar.value, bar.low, bar.high)]
    left, right = (14.0, sheet.width - 14.0) if sheet.compact else (550.0, sheet.width - 196.0)
    scale = scale_over(ends, left, right, anchors=(-0.5, 0.0, 0.5), ticks=4 if sheet.compact else 5)
    draw_legend(sheet, legend, 0, 0, sheet.width)
    tops = [top + sum(heights[:place]) for place in range(len(rows))]
    bands = [(top, bottom)]
    if sheet.compact:
        ended = zip(tops, heights, rows, strict=True)
        drawn = [y + height for y, height, row in ended if row.drawn]
        bands = [(y - _INTERVAL + 2, y - 6) for y in drawn]
        bands.append((bottom, bottom))
    draw_axis(sheet, scale, bands, heads.axis)
    if not sheet.compact:
        sheet.text(_WORDS - 20, top - 14, heads.published, color=MUTED, size=SMALL, bold=True)
        sheet.text(left, top - 14, heads.own, color=MUTED, size=SMALL, bold=True)
    for y, row in zip(tops, rows, strict=True):
        if y > top:
            sheet.line([0, sheet.width], [y, y], color=RULE, width=0.8)
        (_narrow if sheet.compact else _wide)(sheet, row, scale, y)


_WORDS = 330


def _height(row: PublishedRow, *, compact: bool) -> Pixels:
    if not compact:
        return _ROW
    return _COMPACT + (16 if row.own.known else 0) + (_INTERVAL if row.drawn else 6)


def _wide(sheet: Sheet, row: PublishedRow, scale: Scale, y: Pixels) -> None:
    middle = y + _ROW / 2
    _two(sheet, 0, y, row.label, row.note, 304)
    _signs(sheet, row.signs, _WORDS - 12, middle)
    _two(sheet, _WORDS + 12, y, row.words, row.detail, 190, bold=False)
    _bars(sheet, row, scale, middle)
    at = middle - 8 if row.verdict else middle
    words = fit(row.own_words, 180, SMALL)
    sheet.text(sheet.width, at, words, color=_tone(row), size=SMALL, align="right")
    if row.verdict:
        sheet.text(sheet.width, middle + 8, row.verdict, color=MUTED, size=SMALL, align="right")


def _narrow(sheet: Sheet, row: PublishedRow, scale: Scale, y: Pixels) -> None:
    sheet.text(0, y + 13, fit(row.label, sheet.width), bold=True)
    sheet.text(0, y + 30, fit(row.note, sheet.width, SMALL), color=MUTED, size=SMALL)
    _signs(sheet, row.signs, 12, y + 47)
    own = "" if row.own.known else row.own_words
    published = " · ".join(filter(None, (row.words, row.detail, own)))
    sheet.text(32, y + 47, fit(published, sheet.width - 34, SMALL), size=SMALL, color=MUTED)
    if row.own.known:
        words = " · ".join(filter(None, (row.own_words, row.verdict)))
        sheet.text(0, y + 64, fit(words, sheet.width, SMALL), color=INK, size=SMALL)
    if row.drawn:
        _bars(sheet, row, scale, y + _COMPACT + (16 if row.own.known else 0) + 14)


def _two(
    sheet: Sheet, x: Pixels, y: Pixels, first: str, second: str, room: Pixels, *, bold: bool = True
) -> None:
    middle = y + _ROW / 2
    size = SMALL + 1 if bold else SMALL
    sheet.text(x, middle - 8 if second else middle, fit(first, room, size), bold=bold, size=size)
    if second:
        sheet.text(x, middle + 8, fit(second, room, SMALL), color=MUTED, size=SMALL)


def _signs(sheet: Sheet, signs: Sequence[str], x: Pixels, y: Pixels) -> None:
    for place, sign in enumerate(signs[:2]):
        shape, color = SIGNS.get(sign, SIGNS["?"])
        at = x + 13 * place - (6.5 if len(signs) > 1 else 0)
        sheet.marks([at], [y], shape=shape, color=color, size=10, hollow=sign == "?")


def _bars(sheet: Sheet, row: PublishedRow, scale: Scale, y: Pixels) -> None:
    both = row.published.known and row.own.known
    for bar, color, shape, hollow, shift in (
        (row.published, MUTED, "D", True, -5),
        (row.own, OWN, "o", False, 5),
    ):
        if not bar.known:
            continue
        at = y + (shift if both else 0)
        if math.isfinite(bar.low) and math.isfinite(bar.high):
            ends = [scale(bar.low), scale(bar.high)]
            sheet.line(ends, [at, at], color=color, width=2, dashed=hollow)
        sheet.marks([scale(bar.value)], [at], shape=shape, color=color, hollow=hollow, size=8)


def _tone(row: PublishedRow) -> str:
    return INK if row.own.known else QUIET
