"""The scatter of one site: outcome across, score upwards, the populations told apart by shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import INK, MUTED, RULE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width, wrap

PANEL = 312
_TOP = 48


@dataclass(frozen=True)
class Spot:
    """One person: outcome and score, the look of their populations, a name where it is needed."""

    outcome: Number
    score: Number
    color: str
    shape: str
    tip: str
    name: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Axes:
    """What the axes say and span; ``classes`` name the outcome's classes 0, 1, ... where it has some."""

    outcome: str
    score: str
    outcomes: tuple[Number, ...]
    scores: tuple[Number, ...]
    classes: tuple[str, ...] = ()


def draw_scatter(sheet: Sheet, title: str, spots: Sequence[Spot], axes: Axes) -> None:
    """Draw one site; every site's panel has the same scales."""
    labels = wrap(axes.outcome, sheet.width - 62, SMALL, lines=2)
    height = 308 + 16 * len(labels)
    sheet.start(height)
    bottom = 272.0
    across = scale_over(axes.outcomes, 50, sheet.width - 12, anchors=(), ticks=5)
    upwards = scale_over(axes.scores, bottom, _TOP, anchors=(), ticks=8)
    sheet.text(0, 11, fit(title, sheet.width), bold=True)
    if axes.classes:
        across = Scale(-0.6, len(axes.classes) - 0.4, 50, sheet.width - 12, 1)
        for place, name in enumerate(axes.classes):
            room = (across.end - across.start) / len(axes.classes)
            sheet.text(
                across(place), bottom + 13, fit(name, room, SMALL), color=MUTED, size=SMALL, align="center"
            )
    else:
        draw_axis(sheet, across, [(_TOP, bottom)], "")
    for number, label in enumerate(labels):
        middle = (across.start + across.end) / 2
        sheet.text(middle, bottom + 33 + 16 * number, label, color=MUTED, size=SMALL, align="center")
    sheet.text(0, _TOP - 19, fit(axes.score, sheet.width, SMALL), color=MUTED, size=SMALL)
    for value in upwards.ticks():
        y = upwards(value)
        sheet.line([across.start, across.end], [y, y], color=RULE)
        sheet.text(across.start - 6, y, upwards.label(value), color=MUTED, size=SMALL, align="right")
    placed: list[tuple[Pixels, Pixels, Pixels, Pixels]] = []
    drawn = [spot for spot in spots if math.isfinite(spot.outcome) and math.isfinite(spot.score)]
    for number, spot in enumerate(drawn):
        shift = ((number * 0.618034) % 1.0 - 0.5) * 0.5 if axes.classes else 0.0
        x, y = across(spot.outcome + shift), upwards(spot.score)
        size = 7.5 if spot.shape == "D" else 8.5
        sheet.marks(
            [x],
            [y],
            shape=spot.shape,
            color=spot.color,
            size=size,
            tip=spot.tip,
            hollow=spot.hollow,
            alpha=0.9,
        )
        placed.append((x - 5, y - 5, x + 5, y + 5))
    for number, spot in enumerate(drawn):
        if spot.name and not axes.classes:
            _name(sheet, spot, across(spot.outcome), upwards(spot.score), placed, number)


def _name(
    sheet: Sheet,
    spot: Spot,
    x: Pixels,
    y: Pixels,
    taken: list[tuple[Pixels, Pixels, Pixels, Pixels]],
    own: int,
) -> None:
    """Write a name beside its mark, where it covers least of what is drawn already."""
    words = fit(spot.name, 110, 11)
    width = text_width(words, 11)
    corners = [
        (x + 7, y - 7),
        (x - 7 - width, y - 7),
        (x - width / 2, y - 21),
        (x - width / 2, y + 8),
        (x + 7, y - 19),
        (x + 7, y + 5),
        (x - 7 - width, y - 19),
        (x - 7 - width, y + 5),
    ]
    boxes = [(left, top, left + width, top + 13) for left, top in corners]
    usable = [box for box in boxes if box[0] >= 46 and box[2] <= sheet.width] or boxes
    others = [box for place, box in enumerate(taken) if place != own]
    best = min(usable, key=lambda box: sum(_overlap(box, other) for other in others))
    sheet.text(best[0], (best[1] + best[3]) / 2, words, color=INK, size=11)
    taken.append(best)


def _overlap(
    one: tuple[Pixels, Pixels, Pixels, Pixels], two: tuple[Pixels, Pixels, Pixels, Pixels]
) -> Pixels:
    across = min(one[2], two[2]) - max(one[0], two[0])
    down = min(one[3], two[3]) - max(one[1], two[1])
    return across * down if across > 0 and down > 0 else 0.0
