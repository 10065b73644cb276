"""The circuit as a network: its nodes and base couplings, from the tables of this room."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from corticolimbic.circuit import region, split_side
from corticolimbic.foundation import SettingsError
from corticolimbic.theory._network import Network

COUPLING_COLUMNS = ("from", "to", "direction", "value", "kind", "function_z", "structure", "source")


@dataclass(frozen=True)
class CircuitNode:
    """One node of the circuit's network.

    Parameters
    ----------
    name
        Id of a region of the circuit, with ``_L`` or ``_R`` where the hemispheres are told apart.
    time_constant_s
        Time constant of its activity on its own, in s; 0.5 in every node, which is assumed.
    connectome
        Regions of the reference connectome that stand for it, joined by ``;``, or nothing.
    note
        What to know.
    """

    name: str
    time_constant_s: float
    connectome: str
    note: str

    @property
    def side(self) -> str:
        """``L``, ``R``, or nothing."""
        return split_side(self.name)[1]


@dataclass(frozen=True)
class Coupling:
    """One base coupling of the circuit. Couplings of the same pair add up.

    Parameters
    ----------
    start, end
        Nodes from which and to which activity goes.
    direction
        ``directed``, or ``symmetric``: both ways.
    value
        Without unit: share of the activity of ``start`` that drives ``end``.
    kind
        ``connectome``, or ``assumption``.
    function_z, structure
        Figures of the reference connectome: Fisher z as published, log streamline count; NaN if none.
    source
        Where it comes from; says so where the value was tuned.
    """

    start: str
    end: str
    direction: Literal["directed", "symmetric"]
    value: float
    kind: Literal["connectome", "assumption"]
    function_z: float
    structure: float
    source: str


@cache
def circuit_nodes() -> tuple[CircuitNode, ...]:
    """Return the nodes of the circuit's network, in its order."""
    return tuple(
        CircuitNode(
            name=_region_of_the_circuit(row["node"]),
            time_constant_s=float(row["time_constant_s"]),
            connectome=row["connectome"],
            note=row["note"],
        )
        for row in _rows("nodes")
    )


@cache
def circuit_couplings() -> tuple[Coupling, ...]:
    """Return the circuit's base couplings."""
    return tuple(
        Coupling(
            start=row["from"],
            end=row["to"],
            direction=row["direction"],  # type: ignore[arg-type]
            value=float(row["value"]),
            kind=row["kind"],  # type: ignore[arg-type]
            function_z=_figure(row["function_z"]),
            structure=_figure(row["structure"]),
            source=row["source"],
        )
        for row in _rows("couplings")
    )


def circuit_network(couplings: Iterable[Coupling] | None = None) -> Network:
    """Return the circuit as a linear stochastic network.

    Each node follows ``tau dx = (-x + sum of coupling times source) dt + sqrt(2 tau) dW``: alone, it has a
    variance of 1.

    Parameters
    ----------
    couplings
        Base couplings, or None for the table of this package.

    Returns
    -------
    Network
        One network of :func:`circuit_nodes`.

    Raises
    ------
    SettingsError
        Where a coupling names no node.
    UnstableNetworkError
        Where the couplings are too strong together.
    """
    nodes = circuit_nodes()
    place = {node.name: index for index, node in enumerate(nodes)}
    weights = np.zeros((len(nodes), len(nodes)))
    for coupling in circuit_couplings() if couplings is None else couplings:
        for name in (coupling.start, coupling.end):
            if name not in place:
                raise SettingsError(f"a coupling names {name!r}, which is no node of the circuit's network")
        start, end = place[coupling.start], place[coupling.end]
        weights[end, start] += coupling.value
        if coupling.direction == "symmetric":
            weights[start, end] += coupling.value
    tau = np.array([node.time_constant_s for node in nodes])
    return Network(tuple(place), (weights - np.eye(len(nodes))) / tau[:, None], np.diag(2.0 / tau))


def changed(
    network: Network,
    couplings: Mapping[tuple[str, str], float],
    *,
    direction: Literal["directed", "symmetric"] = "symmetric",
) -> Network:
    """Return a network in which some couplings have another value.

    Parameters
    ----------
    network
        One network, or a stack of them.
    couplings
        New values without unit (those of :attr:`Network.weights`), by pair of nodes.
    direction
        ``symmetric`` sets both ways of each pair; ``directed`` only that from the first to the second.

    Examples
    --------
    >>> stronger = changed(circuit_network(), {("NAc_R", "mPFC"): 0.1})
    >>> float(stronger.weights[stronger.index("mPFC"), stronger.index("NAc_R")].round(12))
    0.1
    """
    matrix = network.coupling.copy()
    rates = 1.0 / network.time_constants
    for (start, end), value in couplings.items():
        i, j = network.index(end), network.index(start)
        if i == j:
            raise SettingsError(f"{start!r} to itself is a time constant, no coupling")
        matrix[..., i, j] = value * rates[..., i]
        if direction == "symmetric":
            matrix[..., j, i] = value * rates[..., j]
    return Network(network.names, matrix, network.noise)


def _region_of_the_circuit(name: str) -> str:
    region(name)
    return name


def _figure(cell: str) -> float:
    return float("nan") if cell == "n/a" else float(cell)


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    place = files(__package__).joinpath("tables", f"{name}.tsv")
    lines = place.read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
