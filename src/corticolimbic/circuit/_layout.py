"""Where to draw the circuit's regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from corticolimbic.circuit._shipped import shipped


@dataclass(frozen=True)
class Place:
    """Position of a region for drawing, not for measuring.

    Parameters
    ----------
    region
        Id without side.
    x, y, z
        In mm, MNI.
    side
        ``L``, ``R``, or ``M`` for the midline.
    """

    region: str
    x: float
    y: float
    z: float
    side: Literal["L", "R", "M"]


def layout() -> tuple[Place, ...]:
    """Return a position for every region that the circuit's edges, or their stand-ins, can end in.

    The spheres of the atlas ``coordinates``, then regions that have no sphere there.
    """
    return tuple(
        Place(
            region=row["region"],
            x=float(row["x"]),
            y=float(row["y"]),
            z=float(row["z"]),
            side="M" if row["side"] == "B" else row["side"],  # type: ignore[arg-type]
        )
        for row in shipped("coordinates")
        if row["atlas"] in {"coordinates", "layout"}
    )
