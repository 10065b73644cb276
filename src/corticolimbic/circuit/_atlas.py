"""Atlases: their nodes by name, and which nodes make up each region of the circuit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.circuit._regions import region, split_side
from corticolimbic.circuit._shipped import Row, shipped, split
from corticolimbic.foundation import SettingsError, hash_json

AtlasKind = Literal["spheres", "labels", "series", "structures"]
Side = Literal["L", "R", "B"]
Relation = Literal["equal", "part", "contains", "within"]


@dataclass(frozen=True)
class Node:
    """One node of an atlas.

    Parameters
    ----------
    name
        Unique in the atlas; the key by which everything is joined.
    side
        ``L``, ``R``, or ``B`` for both hemispheres or the midline (by the voxels, not by the name).
    index
        Value of the label image, or None for spheres and for series without voxels (global signal).
    x, y, z
        Centre in mm of the atlas' space, or None.
    radius
        Default radius in mm of a sphere, or None.
    source
        Where a sphere's coordinate comes from.
    """

    name: str
    side: Side
    index: int | None = None
    x: float | None = None
    y: float | None = None
    z: float | None = None
    radius: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Mapping:
    """One row of an atlas' map onto the circuit.

    ``equal``: the node is the region as this atlas draws it. ``part``: the region is made of these nodes.
    ``contains``: the node holds the region and other tissue. ``within``: the node covers a piece of the
    region and the rest is not told apart. Only the first two make a node stand for the region.
    """

    region: str
    node: str
    relation: Relation
    note: str
    source: str


@dataclass(frozen=True)
class Atlas:
    """An atlas.

    Parameters
    ----------
    name
        As in `atlas_names`.
    kind
        ``spheres`` at coordinates, ``labels`` of an image, ``series`` without voxels, or ``structures`` that
        CIFTI files name themselves.
    space
        Space of the node centres (``MNI152`` where publications say no more).
    spaces
        Spaces in which the label image is distributed.
    nodes
        In the order of the table; joined by name, never by position.
    mappings
        Rows that say how nodes relate to the circuit.
    title, citation, licence, note
        About the atlas.
    """

    name: str
    kind: AtlasKind
    space: str
    spaces: tuple[str, ...]
    nodes: tuple[Node, ...]
    mappings: tuple[Mapping, ...]
    title: str = ""
    citation: str = ""
    licence: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        names = [node.name for node in self.nodes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SettingsError(f"atlas {self.name}: node name {twice[0]!r} stands twice")
        known = set(names)
        for row in self.mappings:
            region(row.region)
            if row.node not in known:
                raise SettingsError(f"atlas {self.name}: the map names {row.node!r}, which is no node")

    @property
    def hash(self) -> str:
        """SHA-256 of nodes, centres, radii and map: changes whenever a measured value could."""
        nodes = [
            [node.name, node.side, node.index, node.x, node.y, node.z, node.radius] for node in self.nodes
        ]
        rows = sorted([row.region, row.node, row.relation] for row in self.mappings)
        return hash_json([self.name, self.kind, self.space, sorted(map(str, nodes)), rows])

    def node(self, name: str) -> Node:
        """Return a node by name.

        Raises
        ------
        SettingsError
            Where the atlas has no such node.
        """
        for item in self.nodes:
            if item.name == name:
                return item
        raise SettingsError(f"{name!r} is no node of atlas {self.name}")

    def members(self) -> dict[str, tuple[str, ...]]:
        """Return which nodes make up each region of the circuit that the atlas can measure.

        Returns
        -------
        dict
            Region id to node names. The id without suffix is there only if both hemispheres are covered,
            ``_L`` and ``_R`` only where the atlas tells them apart. Regions that the atlas merges with
            others, or has no label for, are absent: see `measurable_edges` and `missing_regions`.
        """
        sides = {node.name: node.side for node in self.nodes}
        parts: dict[str, list[str]] = {}
        for row in self.mappings:
            if row.relation in {"equal", "part"}:
                parts.setdefault(row.region, []).append(row.node)
        found: dict[str, tuple[str, ...]] = {}
        for name, nodes in parts.items():
            left = tuple(node for node in nodes if sides[node] == "L")
            right = tuple(node for node in nodes if sides[node] == "R")
            shared = tuple(node for node in nodes if sides[node] == "B")
            if shared or (left and right):
                found[name] = tuple(nodes)
            if not shared:
                if left:
                    found[f"{name}_L"] = left
                if right:
                    found[f"{name}_R"] = right
        return found

    def relation(self, name: str) -> Relation | None:
        """Return how the atlas' nodes relate to a region (see `Mapping`), or None where it has no such node.

        A region with rows of several kinds gives the one that makes it measurable.
        """
        base, _ = split_side(name)
        kinds = {row.relation for row in self.mappings if row.region == base}
        if name not in self.members():
            kinds -= {"equal", "part"}
        for kind in ("equal", "part", "contains", "within"):
            if kind in kinds:
                return kind
        return None


def atlas_names() -> tuple[str, ...]:
    """Return the names of the atlases that ship with a map onto the circuit."""
    return tuple(row["name"] for row in shipped("atlases"))


def atlas(name: str) -> Atlas:
    """Return an atlas by name, alias, or BIDS ``seg`` label.

    Raises
    ------
    SettingsError
        Naming the atlases there are.
    """
    found = _by_key().get(name.casefold())
    if found is None:
        raise SettingsError(f"{name!r} is no known atlas; known are {', '.join(atlas_names())}")
    return _build(found)


@cache
def _by_key() -> dict[str, str]:
    keys = {}
    for row in shipped("atlases"):
        for key in (row["name"], *split(row["aliases"])):
            keys[key.casefold()] = row["name"]
    return keys


@cache
def _build(name: str) -> Atlas:
    row = next(row for row in shipped("atlases") if row["name"] == name)
    rows = tuple(
        Mapping(item["region"], item["label"], item["relation"], item["note"], item["source"])  # type: ignore[arg-type]
        for item in shipped(f"maps/{name}")
    )
    if row["kind"] == "spheres":
        spheres = [item for item in shipped("coordinates") if item["atlas"] == name]
        nodes = tuple(_sphere(item) for item in spheres)
        own = tuple(
            Mapping(item["region"], item["node"], "equal", "a sphere, not the whole region", item["source"])
            for item in spheres
        )
        rows = own + rows
    else:
        nodes = tuple(_label(item) for item in shipped(f"nodes/{name}"))
    return Atlas(
        name=name,
        kind=row["kind"],  # type: ignore[arg-type]
        space=row["space"],
        spaces=split(row["spaces"]),
        nodes=nodes,
        mappings=rows,
        title=row["title"],
        citation=row["citation"],
        licence=row["licence"],
        note=row["note"],
    )


def _sphere(row: Row) -> Node:
    return Node(
        name=row["node"],
        side=row["side"],  # type: ignore[arg-type]
        x=float(row["x"]),
        y=float(row["y"]),
        z=float(row["z"]),
        radius=float(row["radius"]),
        source=row["source"],
    )


def _label(row: Row) -> Node:
    if not row["index"]:
        return Node(name=row["label"], side=row["side"])  # type: ignore[arg-type]
    return Node(
        name=row["label"],
        side=row["side"],  # type: ignore[arg-type]
        index=int(row["index"]),
        x=float(row["x"]),
        y=float(row["y"]),
        z=float(row["z"]),
    )
