"""The measures that a table of features may name: what each is, and which units and bounds it has."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from functools import cache

from corticolimbic.foundation import SettingsError, shipped_rows


@dataclass(frozen=True)
class Measure:
    """One registered measure.

    Parameters
    ----------
    name
        As in the column ``measure``.
    units
        Units that it may have; the first is meant where none is said.
    statistics
        Estimators that it may have; the first is meant where none is said.
    kind
        ``connectivity``, ``fluctuation``, ``activity``, ``structure``, ``diffusion`` or ``quality``.
    low, high
        Smallest and largest possible value, infinite where there is none. A share has its own bounds, 0 and
        1.
    supplied
        Whether a table of others may bring it. What describes the images that are read here it may not.
    description
        What it is.
    """

    name: str
    units: tuple[str, ...]
    statistics: tuple[str, ...]
    kind: str
    low: float
    high: float
    supplied: bool
    description: str

    def bounds(self, unit: str) -> tuple[float, float]:
        """Return the smallest and largest possible value in a unit."""
        if unit == "share":
            return 0.0, 1.0
        return (self.low, self.high) if unit == self.units[0] else (-math.inf, math.inf)


@cache
def measures() -> dict[str, Measure]:
    """Return every registered measure by name, in the order of the table.

    Examples
    --------
    >>> measures()["volume"].units
    ('mm3',)
    """
    return {
        row["name"]: Measure(
            row["name"],
            tuple(row["units"].split(";")),
            tuple(row["statistics"].split(";")),
            row["kind"],
            float(row["low"] or -math.inf),
            float(row["high"] or math.inf),
            row["supplied"] == "yes",
            row["description"],
        )
        for row in shipped_rows("corticolimbic.features", "measures")
    }


def measure(name: str) -> Measure:
    """Return a registered measure.

    Parameters
    ----------
    name
        As in the column ``measure``.

    Raises
    ------
    SettingsError
        Where no measure has this name; the message says which are near.
    """
    known = measures()
    if name not in known:
        near = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.4)
        hint = f"near are {', '.join(near)}" if near else f"there are {', '.join(known)}"
        raise SettingsError(f"{name[:60]!r} is no registered measure; {hint}")
    return known[name]
