"""Which nodes make up a region of the circuit in a run, and whether they are enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class RegionNodes:
    """The nodes of one region.

    Parameters
    ----------
    present
        Positions of its nodes among the columns of the input.
    good
        Those with signal.
    coverage
        Share of the region with signal.
    reason
        Why they are not enough, or empty.
    """

    present: tuple[int, ...]
    good: tuple[int, ...]
    coverage: float
    reason: str


def region_nodes(
    usable: Bool[np.ndarray, " nodes"],
    share: Float[np.ndarray, " nodes"],
    nodes: Sequence[str],
    members: Mapping[str, tuple[str, ...]],
    min_coverage: float,
) -> dict[str, RegionNodes]:
    """Find each region's nodes by name.

    Parameters
    ----------
    usable
        Which nodes have a series.
    share
        Share of each node with signal.
    nodes
        Names of the columns.
    members
        Circuit region to the names of its nodes.
    min_coverage
        Smallest coverage of a region that is measured.
    """
    place = {name: position for position, name in enumerate(nodes)}
    found = {}
    for region, names in members.items():
        present = tuple(place[name] for name in names if name in place)
        good = tuple(position for position in present if usable[position])
        held = list(good or present)  # of a region that is lost, say how much of it is there
        coverage = float(share[held].sum()) / len(names) if names else 0.0
        reason = ""
        if not present:
            reason = f"no column for {region}"
        elif not good and not 0 < coverage < min_coverage:
            reason = f"no signal in {region}"
        elif coverage < min_coverage:
            reason = f"coverage of {region} is {coverage:.2f}, below {min_coverage:g}"
        found[region] = RegionNodes(present, good, coverage, reason)
    return found
