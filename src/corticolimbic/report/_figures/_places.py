"""Where the regions of the circuit are drawn: as in the head, pushed apart until no two names touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corticolimbic.report._records_circuit import Region
from corticolimbic.report._sheet import FONT, Pixels, text_width

PILL = 24
_AIR = 7
_SHIFT = 9.0
"""How far, in mm, the left and the right twin of a region stand from where both would."""


@dataclass
class Pill:
    """A region's name in a box, by its centre, in pixels."""

    region: Region
    x: Pixels
    y: Pixels
    width: Pixels

    def overlap(self, other: Pill, air: Pixels = 0.0) -> tuple[Pixels, Pixels]:
        """Return by how much two boxes overlap across and down (both positive: they do)."""
        across = (self.width + other.width) / 2 + air - abs(self.x - other.x)
        down = PILL + air - abs(self.y - other.y)
        return across, down


def place(
    regions: Sequence[Region], width: Pixels, height: Pixels, *, size: int = FONT
) -> tuple[list[Pill], Pixels]:
    """Return the boxes and the height that they needed.

    Parameters
    ----------
    regions
        Regions with MNI coordinates; those without stand in a line at the bottom.
    width, height
        Room in pixels; the height grows where the boxes do not fit.
    size
        Size of the names in pixels.
    """
    flat = [_project(region) for region in regions]
    known = [point for point in flat if point is not None]
    lows = [min((point[axis] for point in known), default=0.0) for axis in (0, 1)]
    spans = [max((point[axis] for point in known), default=1.0) - lows[axis] or 1.0 for axis in (0, 1)]
    widths = [min(width - 4, text_width(region.id, size) + 18) for region in regions]
    needed = sum((wide + _AIR) * (PILL + _AIR) for wide in widths) / max(width, 1)
    height = max(height, needed * 1.4)
    for _ in range(12):
        pills = []
        for number, (region, point, wide) in enumerate(zip(regions, flat, widths, strict=True)):
            share = (
                [0.5, 1.0] if point is None else [(point[axis] - lows[axis]) / spans[axis] for axis in (0, 1)]
            )
            # A hair's breadth apart by number, so that equal places can be pushed apart.
            x = wide / 2 + share[0] * (width - wide) + 0.01 * number
            pills.append(Pill(region, x, PILL / 2 + share[1] * (height - PILL), wide))
        if _separate(pills, width, height):
            return pills, height
        height *= 1.25
    return pills, height


def _project(region: Region) -> tuple[Pixels, Pixels] | None:
    """Return the place on paper: seen from the right side, front at the right, left twins shifted back."""
    if not all(math.isfinite(value) for value in (region.x, region.y, region.z)):
        return None
    shift = {"L": -_SHIFT, "R": _SHIFT}.get(region.side, 0.0)
    return region.y + shift, -region.z - 0.4 * shift


def _separate(pills: list[Pill], width: Pixels, height: Pixels) -> bool:
    for _ in range(600):
        moved = False
        for number, one in enumerate(pills):
            for two in pills[number + 1 :]:
                across, down = one.overlap(two, _AIR)
                if across <= 0 or down <= 0:
                    continue
                moved = True
                _push(one, two, across, down)
        for pill in pills:
            pill.x = min(max(pill.x, pill.width / 2 + 1), width - pill.width / 2 - 1)
            pill.y = min(max(pill.y, PILL / 2 + 1), height - PILL / 2 - 1)
        if not moved:
            return True
    return not any(
        min(one.overlap(two, 1)) > 0 for number, one in enumerate(pills) for two in pills[number + 1 :]
    )


def _push(one: Pill, two: Pill, across: Pixels, down: Pixels) -> None:
    if down <= across:
        sign = 1 if two.y >= one.y else -1
        one.y -= sign * (down / 2 + 0.01)
        two.y += sign * (down / 2 + 0.01)
    else:
        sign = 1 if two.x >= one.x else -1
        one.x -= sign * (across / 2 + 0.01)
        two.x += sign * (across / 2 + 0.01)
