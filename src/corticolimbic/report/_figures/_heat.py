"""A table of shares as shaded cells: rows by site, columns by visit or month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import BLUE, INK, MUTED, RULE
from corticolimbic.report._sheet import FONT, SMALL, Pixels, Sheet, fit, text_width, wrap

_ROW = 28
_HEAD = 40
_TITLE = 26
_GAP = 16
_COLUMN = 50


@dataclass(frozen=True)
class HeatCell:
    """One cell: a share, NaN where nothing was due, and what it says when pointed at."""

    share: Number
    tip: str


@dataclass(frozen=True)
class HeatPanel:
    """One block: its title, the names of its columns and rows, and its cells by row.

    Where its columns are too many for the sheet, a block that ``breaks`` goes on below; of any other the last
    columns are shown.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[HeatCell, ...], ...]
    breaks: bool = False


def draw_heat(sheet: Sheet, panels: Sequence[HeatPanel]) -> None:
    """Draw the panels below each other."""
    blocks = [block for panel in panels for block in _blocks(panel, sheet.width)]
    heights = [_TITLE * bool(block.title) + _HEAD + _ROW * len(block.rows) + _GAP for block in blocks]
    sheet.start(sum(heights))
    y: Pixels = 0
    for block, height in zip(blocks, heights, strict=True):
        if block.title:
            sheet.text(0, y + 10, fit(block.title, sheet.width), bold=True)
        _panel(sheet, block, y + _TITLE * bool(block.title))
        y += height


def _blocks(panel: HeatPanel, width: Pixels) -> list[HeatPanel]:
    """Return the panel in pieces that fit; only the first has the title."""
    room = max(1, int((width - _gutter(width, panel.rows)) / _COLUMN))
    count = len(panel.columns)
    if count <= room:
        return [panel]
    if not panel.breaks:
        return [_piece(panel, count - room, count, panel.title)]
    starts = range(0, count, room)
    return [_piece(panel, start, start + room, "" if start else panel.title) for start in starts]


def _piece(panel: HeatPanel, start: int, end: int, title: str) -> HeatPanel:
    cells = tuple(row[start:end] for row in panel.cells)
    return replace(panel, title=title, columns=panel.columns[start:end], cells=cells)


def _gutter(width: Pixels, rows: Sequence[str]) -> Pixels:
    longest = max((text_width(name, FONT) for name in rows), default=0)
    return min(longest + 12, width * 0.34)


def _panel(sheet: Sheet, panel: HeatPanel, top: Pixels) -> None:
    gutter = _gutter(sheet.width, panel.rows)
    room = min(120, (sheet.width - gutter) / max(1, len(panel.columns)))
    for place, name in enumerate(panel.columns):
        x = gutter + room * (place + 0.5)
        lines = wrap(name, room - 8, SMALL, lines=2)
        for number, words in enumerate(lines):
            y = top + _HEAD - 10 - 15 * (len(lines) - 1 - number)
            sheet.text(x, y, words, color=MUTED, size=SMALL, align="center")
    for row, (name, cells) in enumerate(zip(panel.rows, panel.cells, strict=True)):
        y = top + _HEAD + _ROW * row
        sheet.text(0, y + _ROW / 2, fit(name, gutter - 8), bold=row == 0)
        for place, cell in enumerate(cells):
            _cell(sheet, cell, gutter + room * place, y, room)


def _cell(sheet: Sheet, cell: HeatCell, x: Pixels, y: Pixels, room: Pixels) -> None:
    known = math.isfinite(cell.share)
    # Paper to blue: the words stay readable on either end, on light and on dark paper.
    fill = f"{BLUE}{round(12 + 130 * cell.share):02x}" if known else "none"
    sheet.box(x + 1, y + 1, room - 2, _ROW - 2, fill=fill, edge=RULE, radius=2, tip=cell.tip)
    words = f"{100 * cell.share:.0f}" if known else "·"
    sheet.text(x + room / 2, y + _ROW / 2, words, color=INK if known else MUTED, size=SMALL, align="center")
