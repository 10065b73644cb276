"""A sheet to draw on: matplotlib with one unit a CSS pixel, y downwards, the origin at the upper left."""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from corticolimbic.foundation import one_line
from corticolimbic.report._numbers import Number
from corticolimbic.report._palette import INK, PAPER

Pixels = int | float
"""A length or a place on the sheet, in CSS pixels."""
FONT = 13
"""Size of ordinary text in pixels."""
SMALL = 12

_SETTINGS = {
    # Text stays text: it can be searched, read aloud and shown in the reader's own fonts, and is a tenth of
    # the size of outlines. Widths are computed for DejaVu Sans, which is wider than any system font.
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a region's name is a dollar
    "font.family": ["DejaVu Sans"],
    "path.simplify": False,
}


@dataclass
class Sheet:
    """One drawing under way.

    Parameters
    ----------
    width
        Width in pixels.
    compact
        Drawn for a narrow screen.
    """

    width: int
    compact: bool
    height: int = 0
    tips: dict[str, str] = field(default_factory=dict)
    _axes: Any = None
    _figure: Any = None

    def start(self, height: Pixels) -> None:
        """Begin a drawing of this height in pixels."""
        from matplotlib.figure import Figure

        self.height = max(20, round(height))
        self._figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, self.width)
        self._axes.set_ylim(self.height, 0)

    def text(
        self,
        x: Pixels,
        y: Pixels,
        words: str,
        *,
        color: str = INK,
        size: int = FONT,
        align: str = "left",
        bold: bool = False,
        valign: str = "center",
    ) -> None:
        """Write one line of text."""
        weight = "bold" if bold else "normal"
        self._axes.text(
            x, y, one_line(words, 400), color=color, size=size, ha=align, va=valign, weight=weight
        )

    def line(
        self,
        xs: Sequence[Pixels],
        ys: Sequence[Pixels],
        *,
        color: str = INK,
        width: Pixels = 1.0,
        dashed: bool = False,
        tip: str = "",
    ) -> None:
        """Draw a line through points."""
        style = (0, (4, 3)) if dashed else "-"
        self._trace(xs, ys, tip, color=color, lw=width, ls=style, solid_capstyle="round")

    def curve(
        self,
        start: tuple[Pixels, Pixels],
        bend: tuple[Pixels, Pixels],
        end: tuple[Pixels, Pixels],
        *,
        color: str,
        width: Pixels,
        dashed: bool = False,
        alpha: Number = 1.0,
        tip: str = "",
    ) -> None:
        """Draw a quadratic curve."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        path = Path([start, bend, end], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        style = (0, (3, 3)) if dashed else "-"
        patch = PathPatch(
            path,
            fill=False,
            edgecolor=color,
            lw=width,
            ls=style,
            alpha=alpha,
            clip_on=False,
            capstyle="round",
        )
        self._tip(self._axes.add_patch(patch), tip)

    def box(
        self,
        x: Pixels,
        y: Pixels,
        width: Pixels,
        height: Pixels,
        *,
        fill: str = "none",
        edge: str = "none",
        dashed: bool = False,
        radius: Pixels = 4,
        line: Pixels = 1,
        tip: str = "",
    ) -> None:
        """Draw a rectangle with round corners; x and y are its upper left corner."""
        from matplotlib.patches import FancyBboxPatch, Rectangle

        style = (0, (4, 3)) if dashed else "-"
        common: dict[str, Any] = {
            "facecolor": fill,
            "edgecolor": edge,
            "lw": line,
            "ls": style,
            "clip_on": False,
        }
        if radius:
            shape = f"round,pad=0,rounding_size={min(radius, height / 2, width / 2)}"
            patch: Any = FancyBboxPatch((x, y), width, height, boxstyle=shape, **common)
        else:
            patch = Rectangle((x, y), width, height, **common)
        self._tip(self._axes.add_patch(patch), tip)

    def area(self, xs: Sequence[Pixels], ys: Sequence[Pixels], *, color: str) -> None:
        """Fill a polygon."""
        self._axes.fill(xs, ys, facecolor=color, edgecolor="none", clip_on=False)

    def marks(
        self,
        xs: Sequence[Pixels],
        ys: Sequence[Pixels],
        *,
        shape: str = "o",
        color: str = INK,
        size: Pixels = 8,
        hollow: bool = False,
        fill: str = PAPER,
        alpha: Number = 1.0,
        tip: str = "",
    ) -> None:
        """Draw marks; ``size`` is the diameter in pixels."""
        face = fill if hollow else color
        edge = 1.5 if hollow or shape == "x" else 0
        look = {"marker": shape, "ms": size, "mfc": face, "mec": color, "mew": edge, "alpha": alpha}
        self._trace(xs, ys, tip, ls="none", **look)

    def _trace(self, xs: Sequence[Pixels], ys: Sequence[Pixels], tip: str, **look: Any) -> None:
        from matplotlib.lines import Line2D

        made = Line2D(xs, ys, clip_on=False, **look)
        # Not through `plot`, which works out limits that a sheet of fixed size has no use for.
        self._tip(self._axes.add_artist(made), tip)

    def _tip(self, artist: Any, tip: str) -> None:
        if tip:
            name = f"tip{len(self.tips)}"
            artist.set_gid(name)
            self.tips[name] = tip

    def svg(self) -> bytes:
        """Return the drawing; equal drawings give equal bytes (no date, fixed salt for ids)."""
        target = io.BytesIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        self._figure.savefig(target, format="svg", metadata=nothing, transparent=True)
        return target.getvalue()


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Fix every setting that a drawing depends on, whatever the user's own matplotlib settings are."""
    import matplotlib.style

    with (
        matplotlib.style.context(["default", {**_SETTINGS, "svg.hashsalt": name}]),
        warnings.catch_warnings(),
    ):
        # The reader's browser has the glyph even where the font we measure with has not.
        warnings.filterwarnings("ignore", message=".*missing from.*font.*")
        yield


def text_width(words: str, size: int = FONT) -> Pixels:
    """Return a safe estimate of a text's width in pixels, for any proportional font."""
    wide = sum(1 for character in words if unicodedata.east_asian_width(character) in "WF")
    return size * (0.6 * (len(words) - wide) + 1.05 * wide)


def fit(words: str, width: Pixels, size: int = FONT) -> str:
    """Return the text, shortened with an ellipsis where it is wider than ``width`` pixels."""
    while words and text_width(words, size) > width:
        words = words[:-2].rstrip() + "…" if len(words) > 2 else ""
    return words


def wrap(words: str, width: Pixels, size: int = FONT, lines: int = 3) -> list[str]:
    """Break text into lines of at most ``width`` pixels, at most ``lines`` of them."""
    broken: list[str] = []
    for word in words.split():
        if broken and text_width(f"{broken[-1]} {word}", size) <= width:
            broken[-1] += f" {word}"
        else:
            broken.append(word)
    kept = [fit(line, width, size) for line in broken[:lines]]
    if len(broken) > lines:
        kept[-1] = fit(kept[-1] + " …", width, size) if not kept[-1].endswith("…") else kept[-1]
    return kept
