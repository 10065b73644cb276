"""A linear scale from values to pixels, with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corticolimbic.report._numbers import Number, decimal
from corticolimbic.report._palette import MUTED, RULE
from corticolimbic.report._sheet import SMALL, Pixels, Sheet, fit, text_width


@dataclass(frozen=True)
class Scale:
    """Values ``low`` to ``high`` on pixels ``start`` to ``end``, ticks every ``step``."""

    low: Number
    high: Number
    start: Pixels
    end: Pixels
    step: Number

    def __call__(self, value: Number) -> Pixels:
        """Return the pixel of a value, kept on the scale."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[Number]:
        """Return the round values on the scale."""
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [round(place * self.step, 12) for place in range(first, last + 1)]

    def label(self, value: Number) -> str:
        """Return a tick's text with as many decimals as the step needs."""
        return decimal(value, max(0, -math.floor(math.log10(self.step) + 1e-9)))


def scale_over(
    values: Iterable[Number],
    start: Pixels,
    end: Pixels,
    *,
    anchors: Iterable[Number] = (0.0,),
    ticks: int = 6,
) -> Scale:
    """Return a scale over all finite values and the anchors, widened to round numbers."""
    known = [value for value in (*values, *anchors) if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Scale(low, high, start, end, step)


def draw_axis(sheet: Sheet, scale: Scale, bands: Sequence[tuple[Pixels, Pixels]], label: str) -> None:
    """Draw grid lines through bands (top, bottom), and the ticks and the axis' name under the last."""
    bottom = bands[-1][1] if bands else 0.0
    for value in scale.ticks():
        x = scale(value)
        strong = value == 0 and scale.low < 0
        for top, low in bands:
            sheet.line([x, x], [top, low], color=MUTED if strong else RULE, width=1.2 if strong else 1)
        sheet.text(x, bottom + 13, scale.label(value), color=MUTED, size=SMALL, align="center")
    if label:
        words = fit(label, sheet.width, SMALL)
        half = text_width(words, SMALL) / 2
        middle = min(max((scale.start + scale.end) / 2, half), sheet.width - half)
        sheet.text(middle, bottom + 33, words, color=MUTED, size=SMALL, align="center")
