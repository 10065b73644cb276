"""Colours of the figures: neutrals that the page re-colours, and colours that read on any paper."""

from __future__ import annotations

import math

from corticolimbic.report._numbers import Number

INK = "#1d2329"
MUTED = "#5b6570"
RULE = "#d5d8d3"
PAPER = "#ffffff"
SHADE = "#f1f2ee"
QUIET = "#8a929b"
BLUE = "#2f74b5"
ORANGE = "#c2620e"
GREEN = "#1f8a70"
PURPLE = "#8d5fb8"

VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    SHADE: "var(--shade)",
    QUIET: "var(--quiet)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    GREEN: "var(--green)",
    PURPLE: "var(--purple)",
}
"""What the page puts in place of each fixed colour, so that one figure serves light, dark and print."""

GROUPS = ((BLUE, "o"), (ORANGE, "D"), (GREEN, "s"), (PURPLE, "^"))
"""Colour and marker shape of the first, second, ... population: told apart by shape as well as by colour."""

_LOW, _MIDDLE, _HIGH = (0x2F, 0x74, 0xB5), (0xA3, 0xA8, 0xAD), (0xC2, 0x62, 0x0E)


def group_style(position: int) -> tuple[str, str]:
    """Return colour and marker of a population by its position."""
    return GROUPS[position % len(GROUPS)]


def diverging(value: Number, largest: Number) -> str:
    """Return the colour of a signed value: blue below 0, grey at 0, orange above.

    The grey middle, unlike white, shows on light and on dark paper; blue and orange stay apart for every
    common colour blindness.
    """
    if not math.isfinite(value) or largest <= 0:
        return QUIET
    share = max(-1.0, min(1.0, value / largest))
    end = _HIGH if share > 0 else _LOW
    mixed = (round(middle + (far - middle) * abs(share)) for middle, far in zip(_MIDDLE, end, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
