"""The circuit: regions as in the head, edges by the sign and size of mean connectivity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._places import PILL, Pill, place
from corticolimbic.report._numbers import Number, decimal
from corticolimbic.report._palette import INK, MUTED, PAPER, QUIET, diverging
from corticolimbic.report._records_circuit import Link, Region
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width

_TITLE = 34
_FOOT = 96


@dataclass(frozen=True)
class CircuitWords:
    """What is written on the drawing."""

    title: str
    front: str
    back: str
    unit: str
    primary: str
    missing: str


@dataclass(frozen=True)
class Drawn:
    """An edge ready to draw: its mean (NaN where not measured) and what a pointer resting on it says."""

    link: Link
    mean: Number
    tip: str


def draw_circuit(
    sheet: Sheet, regions: Sequence[Region], edges: Sequence[Drawn], largest: Number, words: CircuitWords
) -> None:
    """Draw one population; ``largest`` is the mean that the ends of the colour scale stand for."""
    pills, height = place(regions, sheet.width - 4, _room(len(regions), sheet))
    sheet.start(_TITLE + 18 + height + 18 + _FOOT)
    sheet.text(0, 11, fit(words.title, sheet.width), bold=True)
    top = _TITLE + 18
    for pill in pills:
        pill.x += 2
        pill.y += top
    _directions(sheet, words, top)
    at = {pill.region.id: pill for pill in pills}
    for edge in sorted(
        edges, key=lambda edge: (edge.link.primary, abs(edge.mean) if math.isfinite(edge.mean) else -1)
    ):
        _edge(sheet, edge, at, largest)
    ends = {end for edge in edges if edge.link.primary for end in (edge.link.a, edge.link.b)}
    for pill in pills:
        strong = pill.region.id in ends
        sheet.box(
            pill.x - pill.width / 2,
            pill.y - PILL / 2,
            pill.width,
            PILL,
            fill=PAPER,
            radius=PILL / 2,
            edge=INK if strong else QUIET,
            line=1.4 if strong else 1,
            tip=pill.region.name,
        )
        sheet.text(pill.x, pill.y, fit(pill.region.id, pill.width - 8), align="center")
    _key(sheet, largest, words, top + height + 34)


def _room(regions: int, sheet: Sheet) -> Pixels:
    """Return the height that this many names read well in."""
    return min(620.0, 300.0 + 5.0 * regions) if not sheet.compact else min(760.0, 300.0 + 8.0 * regions)


def _directions(sheet: Sheet, words: CircuitWords, top: Pixels) -> None:
    sheet.text(0, top - 11, words.back, color=MUTED, size=SMALL)
    sheet.text(sheet.width, top - 11, words.front, color=MUTED, size=SMALL, align="right")


def _edge(sheet: Sheet, edge: Drawn, at: Mapping[str, Pill], largest: Number) -> None:
    one, two = at.get(edge.link.a), at.get(edge.link.b)
    if one is None or two is None:
        return
    start, end = (one.x, one.y), (two.x, two.y)
    # A slight bend, always to the same side, keeps edges on one line apart.
    bend = (
        (start[0] + end[0]) / 2 + (end[1] - start[1]) * 0.12,
        (start[1] + end[1]) / 2 - (end[0] - start[0]) * 0.12,
    )
    if not math.isfinite(edge.mean):
        sheet.curve(start, bend, end, color=QUIET, width=1, dashed=True, tip=edge.tip)
        return
    width = _width(edge.mean, largest)
    if edge.link.primary:
        sheet.curve(start, bend, end, color=INK, width=width + 2.8)
    sheet.curve(
        start,
        bend,
        end,
        color=diverging(edge.mean, largest),
        width=width,
        tip=edge.tip,
        alpha=1.0 if edge.link.primary else 0.7,
    )


def _width(mean: Number, largest: Number) -> Pixels:
    return 1.2 + 6 * min(1.0, abs(mean) / largest)


def _key(sheet: Sheet, largest: Number, words: CircuitWords, y: Pixels) -> None:
    room = min(sheet.width - 44, 260)
    start, steps = 20.0, 40
    wide = room / steps
    for step in range(steps):
        value = largest * (2 * (step + 0.5) / steps - 1)
        thick = _width(value, largest)
        sheet.box(
            start + step * wide, y - thick / 2, wide + 0.4, thick, fill=diverging(value, largest), radius=0
        )
    for value in (-largest, 0.0, largest):
        x = start + room * (value + largest) / (2 * largest)
        sheet.text(x, y + 15, decimal(value), color=MUTED, size=SMALL, align="center")
    sheet.text(0, y - 16, fit(words.unit, sheet.width, SMALL), color=MUTED, size=SMALL)
    y += 40
    sheet.line([4, 26], [y, y], color=INK, width=6.8)
    sheet.line([4, 26], [y, y], color=diverging(largest, largest), width=4)
    sheet.text(36, y, words.primary, color=MUTED, size=SMALL)
    x = 36 + text_width(words.primary, SMALL) + 14
    if words.missing:
        sheet.line([x, x + 24], [y, y], color=QUIET, dashed=True)
        sheet.text(x + 32, y, words.missing, color=MUTED, size=SMALL)
