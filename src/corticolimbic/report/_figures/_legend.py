"""A legend of marks with their words, broken into lines where the sheet is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._palette import MUTED
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width


@dataclass(frozen=True)
class Entry:
    """One mark and what it stands for."""

    label: str
    color: str
    shape: str
    hollow: bool = False


def legend_height(entries: Sequence[Entry], width: Pixels) -> Pixels:
    """Return the height that the legend takes at this width."""
    return 20 * len(_lines(entries, width)) + 8 if entries else 0


def draw_legend(sheet: Sheet, entries: Sequence[Entry], x: Pixels, y: Pixels, width: Pixels) -> None:
    """Draw the legend with its upper left corner at x, y."""
    for number, line in enumerate(_lines(entries, width)):
        place, middle = x, y + 10 + 20 * number
        for entry in line:
            sheet.marks(
                [place + 6], [middle], shape=entry.shape, color=entry.color, hollow=entry.hollow, size=9
            )
            words = fit(entry.label, width - 24, SMALL)
            sheet.text(place + 17, middle, words, color=MUTED, size=SMALL)
            place += _width(entry)


def _width(entry: Entry) -> Pixels:
    return 17 + text_width(entry.label, SMALL) + 16


def _lines(entries: Sequence[Entry], width: Pixels) -> list[list[Entry]]:
    lines: list[list[Entry]] = []
    used = 0.0
    for entry in entries:
        if lines and used + _width(entry) <= width:
            lines[-1].append(entry)
            used += _width(entry)
        else:
            lines.append([entry])
            used = _width(entry)
    return lines
