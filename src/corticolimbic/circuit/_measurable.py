"""What an atlas can measure of the circuit: edges, stand-ins under their own names, missing regions."""

from __future__ import annotations

from dataclasses import replace

from corticolimbic.circuit._atlas import Atlas, atlas
from corticolimbic.circuit._edges import CircuitEdge, edge_target, edges
from corticolimbic.circuit._regions import regions, split_side

_NOT_THE_REGION = frozenset({"contains", "within"})


def measurable_edges(parcels: Atlas | str) -> tuple[CircuitEdge, ...]:
    """Return the edges of the circuit that an atlas can measure.

    An edge whose region is missing is replaced by a stand-in where the atlas has a merged label, a piece,
    or one hemisphere of it; the stand-in carries the name of what is measured and says for what it stands
    (METHODS M-14). A stand-in whose target is an edge of the circuit anyway is that edge.

    Parameters
    ----------
    parcels
        An atlas, or its name.

    Returns
    -------
    tuple of CircuitEdge
        The circuit's own edges first, in the order of `edges`, then stand-ins. Both ends of every edge are
        keys of ``parcels.members()``.
    """
    chosen = atlas(parcels) if isinstance(parcels, str) else parcels
    measured = chosen.members()
    own = [edge for edge in edges() if all(end in measured for end in edge.ends)]
    taken = {edge.target for edge in own}
    stand_ins: dict[str, CircuitEdge] = {}
    for edge in edges():
        if edge.target in taken:
            continue
        first, second = (_stand_ins(end, chosen, measured) for end in edge.ends)
        for one in first:
            for other in second:
                target = edge_target(one, other)
                if target in taken or one == other:
                    continue
                before = stand_ins.get(target)
                stand_ins[target] = _merge(before, edge) if before else _replaced(edge, target)
    return (*own, *stand_ins.values())


def missing_regions(parcels: Atlas | str) -> tuple[str, ...]:
    """Return the regions at the ends of the circuit's edges that an atlas cannot measure.

    Ids without side; a region of which one hemisphere, a piece or a merged label is there is missing too,
    its stand-in is in `measurable_edges`.
    """
    chosen = atlas(parcels) if isinstance(parcels, str) else parcels
    measured = chosen.members()
    needed = {split_side(end)[0] for edge in edges() for end in edge.ends}
    return tuple(item.id for item in regions() if item.id in needed and item.id not in measured)


def _stand_ins(end: str, chosen: Atlas, measured: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the region itself if it is measured, else what stands in for it; nothing for one hemisphere."""
    if end in measured:
        return (end,)
    if split_side(end)[1]:
        return ()
    sided = tuple(name for name in (f"{end}_L", f"{end}_R") if name in measured)
    if sided:
        return sided
    nodes = {row.node for row in chosen.mappings if row.region == end and row.relation in _NOT_THE_REGION}
    return tuple(sorted(name for name, made_of in measured.items() if nodes and set(made_of) == nodes))


def _replaced(edge: CircuitEdge, target: str) -> CircuitEdge:
    return replace(edge, target=target, stands_in_for=edge.target)


def _merge(before: CircuitEdge, edge: CircuitEdge) -> CircuitEdge:
    return replace(
        before,
        primary=before.primary or edge.primary,
        findings=tuple(dict.fromkeys((*before.findings, *edge.findings))),
        stands_in_for=f"{before.stands_in_for};{edge.target}",
    )
