"""Modules, networks, seeds and tracts that the findings name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from corticolimbic.circuit._shipped import shipped, split


@dataclass(frozen=True)
class Module:
    """A named set of regions whose mutual connections are counted together; target ``module:ID``."""

    id: str
    members: tuple[str, ...]
    note: str
    findings: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Network:
    """A large network or term map, with the circuit's regions in it; not a parcellation of the network."""

    id: str
    name: str
    name_zh: str
    members: tuple[str, ...]
    note: str
    findings: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Seed:
    """A region whose connectivity with whole modules and networks is measured."""

    region: str
    note: str
    findings: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Tract:
    """A white-matter tract; ``hemispheres`` as in `Region`."""

    id: str
    name: str
    name_zh: str
    hemispheres: str
    note: str
    findings: tuple[str, ...]
    source: str


@cache
def modules() -> tuple[Module, ...]:
    """Return the modules."""
    return tuple(
        Module(row["id"], split(row["members"]), row["note"], split(row["findings"]), row["source"])
        for row in shipped("modules")
    )


@cache
def networks() -> tuple[Network, ...]:
    """Return the networks and term sets."""
    return tuple(
        Network(**{**row, "members": split(row["members"]), "findings": split(row["findings"])})  # type: ignore[arg-type]
        for row in shipped("networks")
    )


@cache
def seeds() -> tuple[Seed, ...]:
    """Return the seeds."""
    return tuple(
        Seed(row["region"], row["note"], split(row["findings"]), row["source"]) for row in shipped("seeds")
    )


@cache
def tracts() -> tuple[Tract, ...]:
    """Return the tracts."""
    return tuple(Tract(**{**row, "findings": split(row["findings"])}) for row in shipped("tracts"))  # type: ignore[arg-type]
