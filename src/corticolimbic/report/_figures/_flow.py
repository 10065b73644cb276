"""The flow of people: stages downwards, who was set aside at the side, populations at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._palette import INK, MUTED, PAPER, QUIET, RULE, SHADE
from corticolimbic.report._sheet import FONT, SMALL, Pixels, Sheet, wrap

_LINE = 18
_PAD = 10
_GAP = 26
_BETWEEN = 24
_RAIL = 30


@dataclass(frozen=True)
class FlowBox:
    """One box: a bold first line, then lines; what left before it was reached; its colour mark.

    A box that is ``aside_of`` something counts people of an earlier box without setting any aside, as a visit
    does; the words are the title of what stands beside it.
    """

    title: str
    lines: tuple[str, ...]
    aside: tuple[str, ...] = ()
    color: str = ""
    aside_of: str = ""


def draw_flow(sheet: Sheet, stages: Sequence[FlowBox], ends: Sequence[FlowBox], aside_title: str) -> None:
    """Draw the flow; on a narrow sheet everything stands in one column."""
    main = sheet.width - 2 if sheet.compact else (sheet.width - 2 - _BETWEEN) / 2
    side = sheet.width - 32 if sheet.compact else sheet.width - main - _BETWEEN - 2
    plan = _Plan(main, side, aside_title, compact=sheet.compact)
    placed = [plan.stage(box, first=number == 0) for number, box in enumerate(stages)]
    columns = 1 if sheet.compact else max(1, min(len(ends), 2))
    room = (
        sheet.width - 2 - _RAIL if sheet.compact else (sheet.width - 2 - _BETWEEN * (columns - 1)) / columns
    )
    finals = [_Text(box, room, aside_title, asides_inside=True) for box in ends]
    rows = [finals[start : start + columns] for start in range(0, len(finals), columns)]
    rows_height = sum(max(item.height for item in row) + 16 for row in rows)
    sheet.start(sum(item.height for item in placed) + (_GAP + rows_height if ends else 0) + 6)
    y = 1.0
    for item in placed:
        y = item.draw(sheet, y)
    if ends and stages:
        if sheet.compact:
            _rail(sheet, rows, y)
        else:
            _branches(sheet, 1 + main / 2, y, columns, room)
    _draw_ends(sheet, rows, y + _GAP, room)


def _rail(sheet: Sheet, rows: Sequence[Sequence[_Text]], y: Pixels) -> None:
    """Draw, on a narrow sheet, one line down the side with an arrow into each population."""
    trunk, place = 14.0, y + _GAP
    for row in rows:
        middle = place + 19
        sheet.line([trunk, 1 + _RAIL - 4], [middle, middle], color=QUIET)
        sheet.area([_RAIL - 6, _RAIL - 6, _RAIL], [middle - 4, middle + 4, middle], color=QUIET)
        place += row[0].height + 16
    sheet.line([trunk, trunk], [y, middle], color=QUIET)


def _branches(sheet: Sheet, trunk: Pixels, y: Pixels, columns: int, room: Pixels) -> None:
    middle = y + _GAP / 2
    centres = [1 + room / 2 + column * (room + _BETWEEN) for column in range(columns)]
    sheet.line([trunk, trunk], [y, middle], color=QUIET)
    sheet.line([min([trunk, *centres]), max([trunk, *centres])], [middle, middle], color=QUIET)
    for centre in centres:
        _arrow(sheet, centre, middle, y + _GAP)


def _draw_ends(sheet: Sheet, rows: Sequence[Sequence[_Text]], y: Pixels, room: Pixels) -> None:
    for row in rows:
        height = max(item.height for item in row)
        for column, item in enumerate(row):
            x = 1 + _RAIL if sheet.compact else 1 + column * (room + _BETWEEN)
            sheet.box(x, y, room, height, fill=PAPER, edge=item.box.color or INK, line=1.6)
            item.draw(sheet, x, y)
        y += height + 16


def _arrow(sheet: Sheet, x: Pixels, top: Pixels, bottom: Pixels) -> None:
    sheet.line([x, x], [top, bottom - 4], color=QUIET)
    sheet.area([x - 4, x + 4, x], [bottom - 7, bottom - 7, bottom - 1], color=QUIET)


@dataclass(frozen=True)
class _Plan:
    main: Pixels
    side: Pixels
    aside_title: str
    compact: bool

    def stage(self, box: FlowBox, *, first: bool) -> _Stage:
        aside = _Aside(box.aside, self.side, box.aside_of or self.aside_title)
        return _Stage(_Text(box, self.main, ""), aside, self, first)


class _Text:
    """The lines of a box, broken to its width."""

    def __init__(self, box: FlowBox, room: Pixels, aside_title: str, *, asides_inside: bool = False) -> None:
        self.box = box
        width = room - 2 * _PAD
        self.title = wrap(box.title, width / 1.08, FONT, lines=3)
        self.lines = [(line, INK) for text in box.lines for line in wrap(text, width, SMALL, lines=4)]
        if asides_inside and box.aside:
            quiet = [aside_title, *box.aside]
            self.lines += [(line, MUTED) for text in quiet for line in wrap(text, width, SMALL, lines=3)]
        self.height = 2 * _PAD + _LINE * (len(self.title) + len(self.lines))

    def draw(self, sheet: Sheet, x: Pixels, y: Pixels) -> None:
        y += _PAD + _LINE / 2
        for line in self.title:
            sheet.text(x + _PAD, y, line, bold=True)
            y += _LINE
        for line, color in self.lines:
            sheet.text(x + _PAD, y, line, color=color, size=SMALL)
            y += _LINE


class _Aside:
    """Who was set aside before a stage."""

    def __init__(self, reasons: Sequence[str], room: Pixels, title: str) -> None:
        self.room = room
        texts = [title, *reasons] if reasons else []
        self.lines = [line for text in texts for line in wrap(text, room - 2 * _PAD, SMALL, lines=3)]
        self.height = 2 * _PAD + _LINE * len(self.lines) if self.lines else 0

    def draw(self, sheet: Sheet, x: Pixels, y: Pixels) -> None:
        sheet.box(x, y, self.room, self.height, fill=SHADE, edge=RULE, dashed=True)
        for number, line in enumerate(self.lines):
            color = INK if number == 0 else MUTED
            sheet.text(x + _PAD, y + _PAD + _LINE * (number + 0.5), line, color=color, size=SMALL)


class _Stage:
    """A stage with the arrow into it and the box beside the arrow."""

    def __init__(self, text: _Text, aside: _Aside, plan: _Plan, first: bool) -> None:  # noqa: FBT001
        self.text, self.aside, self.plan, self.first = text, aside, plan, first
        gap = 0 if first else _GAP
        if aside.height:
            gap = max(_GAP, aside.height + 20)
        self.gap = gap
        self.height = gap + text.height

    def draw(self, sheet: Sheet, y: Pixels) -> Pixels:
        """Draw and return where the next one begins."""
        if self.gap:
            trunk = 14 if self.plan.compact else 1 + self.plan.main / 2
            _arrow(sheet, trunk, y, y + self.gap)
            if self.aside.height:
                x = 31 if self.plan.compact else self.plan.main + _BETWEEN + 1
                middle = y + self.gap / 2
                sheet.line([trunk, x], [middle, middle], color=QUIET, dashed=True)
                self.aside.draw(sheet, x, middle - self.aside.height / 2)
        top = y + self.gap
        fill = SHADE if self.text.box.aside_of else PAPER
        sheet.box(1, top, self.plan.main, self.text.height, fill=fill, edge=MUTED)
        self.text.draw(sheet, 1, top)
        return top + self.text.height
