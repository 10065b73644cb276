"""The circuit's edges: pairs of regions to measure, and which of them the longitudinal findings name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from corticolimbic.circuit._shipped import shipped, split


@dataclass(frozen=True)
class CircuitEdge:
    """One undirected edge of the circuit.

    Parameters
    ----------
    target
        The two region ids, sorted, as ``A--B``.
    primary
        Whether the edge belongs to the primary family of tests (METHODS M-5).
    findings
        Ids of the findings (``F...``) and effects (``E...``) behind it.
    note, source
        What is known, and where from.
    stands_in_for
        Target of the circuit's edge that an atlas cannot measure and this one replaces, under its own name
        (METHODS M-14); several are joined by ``;``; empty for the circuit's own edges.
    """

    target: str
    primary: bool
    findings: tuple[str, ...]
    note: str
    source: str
    stands_in_for: str = ""

    @property
    def ends(self) -> tuple[str, str]:
        """The two region ids."""
        first, _, second = self.target.partition("--")
        return first, second


def edge_target(first: str, second: str) -> str:
    """Return the target of the edge between two regions, ids sorted."""
    return "--".join(sorted((first, second)))


@cache
def edges() -> tuple[CircuitEdge, ...]:
    """Return the circuit's edges, primary ones first, in the order of the table."""
    return tuple(
        CircuitEdge(
            target=row["edge"],
            primary=row["primary"] == "1",
            findings=split(row["evidence"]),
            note=row["note"],
            source=row["source"],
        )
        for row in shipped("edges")
    )
