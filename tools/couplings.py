"""Regenerate the rows of the circuit's couplings that come from the reference connectome.

    python tools/couplings.py [SHARED_DATA]

reads ``connectome-enigma`` in the folder of real data (default: ``$CORTICOLIMBIC_SHARED_DATA``, else
``../shared/data``) and rewrites ``src/corticolimbic/theory/tables/couplings.tsv``. Rows whose source does not
name this script are kept as they stand; the others are made again by this rule:

1. Nodes are mapped to regions of the connectome by the column ``connectome`` of ``nodes.tsv``; a node of one
   hemisphere to the region of that side, a node without side to both. Figures of a pair of nodes are means
   over all pairs of their regions and over the mirrored pair, so that left and right halves are alike.
2. *Function* is the group's Fisher z. Deep nuclei are measured with little signal, which lowers z (z of the
   two accumbens is 0.04). Their figures are divided by the root of a signal share, such that their two halves
   reach ``HOMOTOPIC_Z``: Spearman's correction, the homotopic pair being the measure of reliability. Tuned.
3. Two nodes within one region (parts of the insula, hippocampus, thalamus; mPFC and what it holds) are given
   ``WITHIN_REGION_Z``, and across the midline the homotopic z times that. These rows are assumptions. Tuned.
4. A pair may be coupled where *structure* (the group's log streamline count) is above 0, or where both nodes
   are in one region or its mirror.
5. Couplings are at least 0 and symmetric, and are found so that the correlations of BOLD (canonical response,
   closed form) of these nodes come as close as they can to tanh(z) on the pairs that may be coupled. Each
   round moves every coupling by ``PACE`` times what its correlation lacks.

The connectome: HCP group data as distributed with the ENIGMA toolbox (Larivière 2021 Nat Methods 18:698;
BSD-3), negative correlations set to zero, Desikan-Killiany cortex and 14 deep regions. Only figures are kept.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.theory import COUPLING_COLUMNS, CircuitNode, Network, bold_correlation, circuit_nodes

HOMOTOPIC_Z = 0.6
WITHIN_REGION_Z = 0.7
PACE = 0.05
ROUNDS = 1000
DEEP = ("accumb", "caud", "put", "amyg", "hippo", "thal")
TABLE = Path(__file__).parents[1] / "src" / "corticolimbic" / "theory" / "tables" / "couplings.tsv"
_RULE = "rule in tools/couplings.py"
_SOURCES = {
    "connectome": f"HCP group connectome of the ENIGMA toolbox (Larivière 2021); {_RULE}",
    "assumption": f"assumed: the connectome does not tell these two apart; tuned; {_RULE}",
}
_MIRROR = {"L": "R", "R": "L"}


@dataclass(frozen=True)
class Pair:
    """Figures of two nodes: z to reach, z as published, log streamline count; may they couple, and why."""

    z: float
    function: float
    structure: float
    allowed: bool
    kind: Literal["connectome", "assumption"]


@dataclass(frozen=True)
class Connectome:
    """Group figures by region, and the root of each region's signal share."""

    function: Float[np.ndarray, "regions regions"]
    structure: Float[np.ndarray, "regions regions"]
    place: dict[str, int]

    @classmethod
    def read(cls, folder: Path) -> Connectome:
        """Read the four files."""
        labels = (folder / "funcLabels_with_sctx.csv").read_text(encoding="utf-8").strip().split(",")
        return cls(
            function=np.loadtxt(folder / "funcMatrix_with_sctx.csv", delimiter=","),
            structure=np.loadtxt(folder / "strucMatrix_with_sctx.csv", delimiter=","),
            place={label: place for place, label in enumerate(labels)},
        )

    def at(self, side: str, region: str) -> int:
        """Return the row of a region of one side; deep regions are named without underscore."""
        return self.place[f"{side}{region}" if region in DEEP else f"{side}_{region}"]

    def root_of_signal(self, region: str) -> float:
        """Return the factor by which a region's correlations are lowered."""
        if region not in DEEP:
            return 1.0
        homotopic = self.function[self.at("L", region), self.at("R", region)]
        return float(np.sqrt(min(1.0, homotopic / HOMOTOPIC_Z)))

    def pair(self, first: CircuitNode, second: CircuitNode) -> Pair:
        """Return the figures of two nodes."""
        one, other = first.connectome.split(";"), second.connectome.split(";")
        if first.side and second.side:
            sides = [(first.side, second.side), (_MIRROR[first.side], _MIRROR[second.side])]
        else:
            sides = [(p, q) for p in "LR" for q in "LR"]
        joined = [(p, a, q, b) for p, q in sides for a in one for b in other if (p, a) != (q, b)]
        places = [(self.at(p, a), self.at(q, b)) for p, a, q, b in joined]
        function = [float(self.function[place]) for place in places]
        corrected = [
            z / (self.root_of_signal(a) * self.root_of_signal(b))
            for z, (_, a, _, b) in zip(function, joined, strict=True)
        ]
        structure = _mean([float(self.structure[place]) for place in places])
        across = bool(first.side and second.side and first.side != second.side)
        homotopic = across and first.name[:-2] == second.name[:-2]
        if homotopic or not set(one) & set(other):
            allowed = homotopic or structure > 0
            return Pair(_mean(corrected), _mean(function), structure, allowed, "connectome")
        z = WITHIN_REGION_Z * (_mean(corrected) if across else 1.0)
        return Pair(z, float("nan"), float("nan"), allowed=True, kind="assumption")


def connectome_rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows that follow from the files in a folder."""
    connectome = Connectome.read(folder)
    nodes = [node for node in circuit_nodes() if node.connectome]
    pairs = {
        (i, j): connectome.pair(nodes[i], nodes[j])
        for j in range(len(nodes))
        for i in range(j + 1, len(nodes))
    }
    target, allowed = np.eye(len(nodes)), np.zeros((len(nodes), len(nodes)), dtype=bool)
    for (i, j), pair in pairs.items():
        target[i, j] = target[j, i] = np.tanh(pair.z)
        allowed[i, j] = allowed[j, i] = pair.allowed
    weights = fitted(nodes, target, allowed)
    rows = []
    for (i, j), pair in pairs.items():
        value = f"{weights[i, j]:.4f}"
        if float(value) > 0:
            ends = (nodes[j].name, nodes[i].name)
            figures = (_cell(pair.function), _cell(pair.structure))
            cells = (*ends, "symmetric", value, pair.kind, *figures, _SOURCES[pair.kind])
            rows.append(dict(zip(COUPLING_COLUMNS, cells, strict=True)))
    return rows


def fitted(
    nodes: list[CircuitNode],
    target: Float[np.ndarray, "nodes nodes"],
    allowed: Bool[np.ndarray, "nodes nodes"],
) -> Float[np.ndarray, "nodes nodes"]:
    """Return couplings whose BOLD correlations come close to a target."""
    names = tuple(node.name for node in nodes)
    rates = 1.0 / np.array([node.time_constant_s for node in nodes])
    weights = np.zeros_like(target)
    for _ in range(ROUNDS):
        network = Network(names, rates[:, None] * (weights - np.eye(len(nodes))), np.diag(2.0 * rates))
        lacking = target - bold_correlation(network)
        weights = np.clip(weights + PACE * lacking * allowed, 0.0, None)
    return weights


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table as they stand."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _cell(figure: float) -> str:
    return f"{figure:.3f}" if np.isfinite(figure) else "n/a"


def main(arguments: list[str]) -> None:
    """Rewrite the table."""
    beside = Path(__file__).parents[1] / ".." / "shared" / "data"
    shared = arguments[0] if arguments else os.environ.get("CORTICOLIMBIC_SHARED_DATA", beside)
    kept = [row for row in read_table(TABLE) if _RULE not in row["source"]]
    rows = connectome_rows(Path(shared) / "connectome-enigma") + kept
    lines = ["\t".join(row[column] for column in COUPLING_COLUMNS) for row in rows]
    lines.insert(0, "\t".join(COUPLING_COLUMNS))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows, {len(kept)} of them kept as they stood, in {TABLE}")


if __name__ == "__main__":
    main(sys.argv[1:])
