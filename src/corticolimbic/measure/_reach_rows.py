"""Rows of how far connectivity reaches: degree of the circuit's regions, extent of the hippocampus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.circuit import cortex_nodes, split_side
from corticolimbic.features import Target
from corticolimbic.foundation import hash_json
from corticolimbic.measure._circuit_series import CircuitSeries, define
from corticolimbic.measure._measured_run import MeasuredSession
from corticolimbic.measure._reach import (
    EXTENT_LEVELS,
    FEWEST_NODES,
    degree,
    density_threshold,
    extent,
    strength,
)

_HIPPOCAMPUS = frozenset({"Hip", "aHip", "pHip"})
_CORTEX = "cortex"
"""Name of all of the cortex among the networks."""


def store_degree(
    circuit: CircuitSeries,
    r: Float[np.ndarray, "regions nodes"],
    matrix: Float[np.ndarray, "nodes nodes"],
    tables: MeasuredSession,
) -> None:
    """Store each region's degree and strength among the atlas' other nodes, and the threshold that it took.

    Parameters
    ----------
    circuit
        The run.
    r
        As `node_correlations` returns it.
    matrix
        Pearson correlations of the nodes.
    tables
        Added to.
    """
    tissue = circuit.run.placed
    threshold = density_threshold(matrix[np.ix_(tissue, tissue)], circuit.settings.degree_density)
    how = {
        "density": circuit.settings.degree_density,
        "threshold": "smallest positive correlation among the strongest share of pairs of nodes",
        "nodes": _listed(circuit, tissue),
        "fewest_nodes": FEWEST_NODES,
    }
    share = circuit.definition("degree", tuple(circuit.members), **how)
    mean = circuit.definition("degree", tuple(circuit.members), threshold="none", nodes=how["nodes"])
    keys = {"share": define(share, tables), "strength": define(mean, tables)}
    known = "ok" if np.isfinite(threshold) else "no two nodes with a series"
    tables.features.append(
        circuit.run.row(
            measure="degree",
            target="WholeBrain",
            statistic="threshold",
            definition=keys["share"],
            value=threshold,
            unit="r",
            coverage=_share(circuit.run.usable, tissue),
            qc=known,
        )
    )
    measured: dict[str, Callable[[np.ndarray], float]] = {
        "share": partial(degree, threshold=threshold),
        "strength": strength,
    }
    units = {"share": "share", "strength": "z"}
    for name in circuit.members:
        others = tissue.copy()
        others[sorted(circuit.regions.members[name])] = False
        _store(circuit, "degree", name, name, others, r, measured, units, keys, tables)


def store_extent(
    circuit: CircuitSeries, r: Float[np.ndarray, "regions nodes"], tables: MeasuredSession
) -> None:
    """Store over which share of the cortex the hippocampus is connected, and its mean |z| with the cortex.

    Parameters
    ----------
    circuit, r, tables
        As for `store_degree`.
    """
    names = frozenset(cortex_nodes(circuit.atlas))
    seeds = [name for name in circuit.members if split_side(name)[0] in _HIPPOCAMPUS]
    if not names or not seeds:
        return
    cortex = np.array([name in names for name in circuit.run.nodes], dtype=bool)
    measured: dict[str, Callable[[np.ndarray], float]] = {
        f"share_{level:g}": partial(extent, level=level) for level in EXTENT_LEVELS
    }
    measured["mean_abs_z"] = partial(strength, absolute=True)
    units = {statistic: "z" if statistic == "mean_abs_z" else "share" for statistic in measured}
    key = define(
        circuit.definition(
            "fc_extent",
            tuple(seeds),
            levels=list(EXTENT_LEVELS),
            nodes=_listed(circuit, cortex),
            fewest_nodes=FEWEST_NODES,
        ),
        tables,
    )
    keys = dict.fromkeys(measured, key)
    for name in seeds:
        target = str(Target("seed", (name, _CORTEX)))
        _store(circuit, "fc_extent", name, target, cortex, r, measured, units, keys, tables)


def _store(
    circuit: CircuitSeries,
    measure: str,
    region: str,
    target: str,
    among: Bool[np.ndarray, " nodes"],
    r: Float[np.ndarray, "regions nodes"],
    measured: dict[str, Callable[[np.ndarray], float]],
    units: dict[str, str],
    keys: dict[str, str],
    tables: MeasuredSession,
) -> None:
    run = circuit.run
    covered = _share(run.usable, among)
    reason = circuit.lost(region) or _too_few(circuit, among, covered)
    values = r[list(circuit.members).index(region), among & run.usable]
    for statistic, function in measured.items():
        value = float("nan") if reason else function(values)
        tables.features.append(
            run.row(
                measure=measure,
                target=target,
                statistic=statistic,
                definition=keys[statistic],
                value=value,
                unit=units[statistic],
                coverage=min(circuit.regions.coverage[region], covered),
                qc=reason or ("ok" if np.isfinite(value) else "a node has the region's very series"),
                **circuit.voxels(region),
            )
        )


def _too_few(circuit: CircuitSeries, among: np.ndarray, covered: float) -> str:
    n = int((among & circuit.run.usable).sum())
    if n < FEWEST_NODES:
        return f"{n} other nodes with a series, fewer than {FEWEST_NODES}"
    if covered < circuit.settings.min_coverage:
        return f"{covered:.0%} of the nodes have a series, below {circuit.settings.min_coverage:.0%}"
    return ""


def _share(usable: np.ndarray, among: np.ndarray) -> float:
    return float(usable[among].mean()) if among.any() else 0.0


def _listed(circuit: CircuitSeries, among: np.ndarray) -> dict[str, object]:
    """Return how many nodes, and a hash of their sorted names: the same whatever the order of the input."""
    names = sorted(name for name, inside in zip(circuit.run.nodes, among.tolist(), strict=True) if inside)
    return {"n": len(names), "hash": hash_json(names)[:12]}
