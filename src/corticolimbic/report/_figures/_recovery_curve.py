"""Time to recovery: the share not yet recovered, its interval as a band, and how many are still followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._figures._legend import Entry, draw_legend, legend_height
from corticolimbic.report._figures._scale import Scale, draw_axis, scale_over
from corticolimbic.report._numbers import Number, whole
from corticolimbic.report._palette import BLUE, INK, MUTED, ORANGE, QUIET, RULE
from corticolimbic.report._sheet import SMALL, Sheet, fit

_HEIGHT = 250


@dataclass(frozen=True)
class Drop:
    """One row of a curve: the share holds from ``day`` on; the one before held up to ``day_from``."""

    day_from: Number
    day: Number
    survival: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class CurveWords:
    """What the figure says."""

    upwards: str
    across: str
    at_risk: str
    seen: str
    bracketed: str
    sites: str


def draw_recovery(
    sheet: Sheet,
    seen: Sequence[Drop],
    bracketed: Sequence[Drop],
    sites: Sequence[tuple[str, Sequence[Drop]]],
    followed: Sequence[Number],
    words: CurveWords,
) -> None:
    """Draw the step curve with its band, the bracketed curve, each site's steps, and the numbers at risk.

    ``followed`` holds, for each person, the day of recovery or the last day without it.
    """
    end = max(followed, default=1.0)
    entries = [Entry(words.seen, BLUE, "s"), Entry(words.bracketed, ORANGE, "D")]
    entries += [Entry(words.sites, QUIET, "o")] if len(sites) > 1 else []
    top = 26 + legend_height(entries, sheet.width)
    bottom = top + _HEIGHT
    sheet.start(bottom + 84)
    sheet.text(0, 9, fit(words.upwards, sheet.width, SMALL), color=MUTED, size=SMALL)
    draw_legend(sheet, entries, 0, 18, sheet.width)
    across = scale_over([end], 46, sheet.width - 16, ticks=4 if sheet.compact else 8)
    upwards = Scale(0, 1, bottom, top, 0.25)
    _band(sheet, seen, across, upwards, end)
    draw_axis(sheet, across, [(top, bottom)], "")
    for value in upwards.ticks():
        y = upwards(value)
        sheet.line([across.start, across.end], [y, y], color=RULE)
        label = f"{100 * value:.0f} %"
        sheet.text(across.start - 6, y, label, color=MUTED, size=SMALL, align="right")
    if len(sites) > 1:
        for name, drops in sites:
            _steps(sheet, drops, across, upwards, end, QUIET, 1.0, tip=name)
    _slopes(sheet, bracketed, across, upwards, end)
    _steps(sheet, seen, across, upwards, end, BLUE, 2.4)
    sheet.text((across.start + across.end) / 2, bottom + 33, fit(words.across, sheet.width, SMALL),
               color=MUTED, size=SMALL, align="center")  # fmt: skip
    sheet.text(0, bottom + 54, fit(words.at_risk, sheet.width, SMALL), color=MUTED, size=SMALL)
    for day in across.ticks():
        if day <= end:
            count = whole(sum(1 for last in followed if last >= day))
            sheet.text(across(day), bottom + 72, count, color=INK, size=SMALL, align="center")


def _points(drops: Sequence[Drop], name: str, end: Number) -> tuple[list[Number], list[Number]]:
    """Return the corners of a step curve up to its end."""
    days: list[Number] = []
    shares: list[Number] = []
    for drop in drops:
        if days:
            days.append(drop.day)
            shares.append(shares[-1])
        days.append(drop.day)
        shares.append(getattr(drop, name))
    return [*days, end], [*shares, shares[-1]]


def _steps(
    sheet: Sheet, drops: Sequence[Drop], across: Scale, upwards: Scale, end: Number, color: str,
    width: Number, tip: str = "",
) -> None:  # fmt: skip
    if drops:
        days, shares = _points(drops, "survival", end)
        xs, ys = [across(day) for day in days], [upwards(share) for share in shares]
        sheet.line(xs, ys, color=color, width=width, tip=tip)


def _band(sheet: Sheet, drops: Sequence[Drop], across: Scale, upwards: Scale, end: Number) -> None:
    if not drops:
        return
    days, low = _points(drops, "low", end)
    _, high = _points(drops, "high", end)
    xs = [across(day) for day in days]
    sheet.area([*xs, *reversed(xs)], [upwards(v) for v in low] + [upwards(v) for v in reversed(high)],
               color=f"{BLUE}2e")  # fmt: skip


def _slopes(sheet: Sheet, drops: Sequence[Drop], across: Scale, upwards: Scale, end: Number) -> None:
    """Draw the bracketed curve: level where it is determined, dashed where the data do not say."""
    before = None
    for drop in drops:
        if before is not None:
            level = upwards(before.survival)
            sheet.line([across(before.day), across(drop.day_from)], [level, level], color=ORANGE, width=1.8)
            sheet.line(
                [across(drop.day_from), across(drop.day)],
                [level, upwards(drop.survival)],
                color=ORANGE,
                width=1.8,
                dashed=True,
            )
        before = drop
    if before is not None:
        sheet.line([across(before.day), across(end)], [upwards(before.survival)] * 2, color=ORANGE, width=1.8)
