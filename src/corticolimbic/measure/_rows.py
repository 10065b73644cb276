"""Rows of the tables from one cleaned run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.circuit import Atlas, measurable_edges
from corticolimbic.features import Statistic, Target
from corticolimbic.foundation import Definition, hash_json
from corticolimbic.measure._circuit_edges import UNDEFINED, edge_values, region_means
from corticolimbic.measure._connectivity import connectivity
from corticolimbic.measure._covariance import covariance
from corticolimbic.measure._measured_run import ALGORITHM, MeasuredRun, MeasuredSession
from corticolimbic.measure._settings import MeasureSettings

REFUSED = "refused: too few degrees of freedom"
"""Reason in ``qc`` of a run whose motion is known, but whose connectivity is not estimated."""


@dataclass(frozen=True)
class NodeTargets:
    """Edges between an atlas' own nodes that somebody (a marker) asks for.

    Parameters
    ----------
    atlas
        Name of the atlas.
    statistic
        Estimator, over all columns of the input.
    targets
        ``A--B`` by the atlas' node names.
    """

    atlas: str
    statistic: Statistic
    targets: tuple[str, ...]


def store_quality(
    run: MeasuredRun, settings: MeasureSettings, tables: MeasuredSession, *, refused: bool
) -> None:
    """Store motion and censoring, also of a run that is refused."""
    values = {"fd_threshold": settings.fd_threshold, **run.censored_how}
    definition = Definition("motion", ALGORITHM, values)
    tables.definitions[definition.id] = definition.plain()
    for measure, statistic, value, unit in (
        ("mean_fd", "mean", run.mean_fd, "mm"),
        ("censored_share", "share", run.censored, "share"),
    ):
        known = "ok" if np.isfinite(value) else "no framewise displacement"
        tables.features.append(
            run.row(
                measure=measure,
                target="WholeBrain",
                statistic=statistic,
                definition=definition.id,
                value=value,
                unit=unit,
                coverage=1.0,
                qc=REFUSED if refused else known,
            )
        )


def store_series(run: MeasuredRun, tables: MeasuredSession) -> None:
    """Store the cleaned series of every node."""
    for position, name in enumerate(run.nodes):
        tables.series.append(
            {
                **run.key,
                "region": name,
                "position": position,
                "coverage": float(run.coverage[position]),
                "values": run.series[:, position].astype(np.float32),
            }
        )


def _node_definition(run: MeasuredRun, statistic: str, settings: MeasureSettings) -> Definition:
    values = {"statistic": statistic, "fd_threshold": settings.fd_threshold, "nodes": list(run.nodes)}
    return Definition("fc", ALGORITHM, {**values, **run.how}, run.key["atlas"])


def store_matrices(
    run: MeasuredRun, settings: MeasureSettings, tables: MeasuredSession, asked_for: Sequence[NodeTargets]
) -> dict[Statistic, Float[np.ndarray, "nodes nodes"]]:
    """Store and return the matrix of every estimator that is asked for."""
    wanted = [*settings.statistics, *(item.statistic for item in asked_for if item.atlas == run.key["atlas"])]
    upper = np.triu_indices(len(run.nodes), k=1)
    matrices: dict[Statistic, Float[np.ndarray, "nodes nodes"]] = {}
    for statistic in dict.fromkeys(wanted):
        matrices[statistic] = connectivity(run.series, run.usable, statistic)
        definition = _node_definition(run, statistic, settings)
        tables.definitions[definition.id] = definition.plain()
        tables.matrices.append(
            {
                **run.key,
                "statistic": statistic,
                "definition": definition.id,
                "nodes_id": hash_json(list(run.nodes))[:12],
                "n_nodes": len(run.nodes),
                "n_volumes": len(run.series),
                "upper": matrices[statistic][upper].astype(np.float32),
                "unit": "r",
            }
        )
    if settings.covariances and run.spread is not None:
        _store_covariance(run, run.spread, settings, tables)
    return matrices


def _store_covariance(
    run: MeasuredRun, spread: Float[np.ndarray, " nodes"], settings: MeasureSettings, tables: MeasuredSession
) -> None:
    """Store the covariance of every node, with its diagonal."""
    matrix = covariance(run.series, run.usable, spread)
    definition = _node_definition(run, "covariance", settings)
    tables.definitions[definition.id] = definition.plain()
    tables.matrices.append(
        {
            **run.key,
            "statistic": "covariance",
            "definition": definition.id,
            "nodes_id": hash_json(list(run.nodes))[:12],
            "n_nodes": len(run.nodes),
            "n_volumes": len(run.series),
            "upper": matrix[np.triu_indices(len(run.nodes), k=1)].astype(np.float32),
            "diagonal": np.diag(matrix).astype(np.float32),
            "unit": f"{run.signal_unit}^2",
        }
    )


def store_node_targets(
    run: MeasuredRun,
    matrices: Mapping[Statistic, Float[np.ndarray, "nodes nodes"]],
    asked_for: Sequence[NodeTargets],
    tables: MeasuredSession,
    settings: MeasureSettings,
) -> None:
    """Store the edges between nodes that are asked for."""
    place = {name: position for position, name in enumerate(run.nodes)}
    for item in asked_for:
        if item.atlas != run.key["atlas"]:
            continue
        definition = _node_definition(run, item.statistic, settings).id
        for target in item.targets:
            first, second = Target.parse(target).names
            absent = [name for name in (first, second) if name not in place]
            voxels: dict[str, int] = {}
            if absent:
                value, coverage, qc = float("nan"), 0.0, f"no column {' and '.join(absent)}"
            else:
                ends = place[first], place[second]
                value = float(matrices[item.statistic][ends])
                known = "ok" if np.isfinite(value) else UNDEFINED
                coverage, qc = float(min(run.coverage[list(ends)])), run.why_not(ends) or known
                voxels = run.voxels(*([end] for end in ends))
            tables.features.append(
                run.row(
                    measure="fc",
                    target=target,
                    statistic=item.statistic,
                    definition=definition,
                    value=value,
                    unit="r",
                    coverage=coverage,
                    qc=qc,
                    **voxels,
                )
            )


def store_circuit(run: MeasuredRun, atlas: Atlas, settings: MeasureSettings, tables: MeasuredSession) -> None:
    """Store the circuit's edges that the atlas can measure."""
    edges = [(edge.target, *edge.ends) for edge in measurable_edges(atlas)]
    ends = {name for _, first, second in edges for name in (first, second)}
    members = {name: nodes for name, nodes in atlas.members().items() if name in ends}
    regions = region_means(
        run.series, run.usable, run.nodes, members, settings.min_coverage, coverage=run.coverage
    )
    values = {
        "fd_threshold": settings.fd_threshold,
        "min_coverage": settings.min_coverage,
        "regions": {name: list(nodes) for name, nodes in sorted(members.items())},
        **run.how,
    }
    ids = {}
    for statistic in settings.statistics:
        definition = Definition(
            "fc", ALGORITHM, {**values, "statistic": statistic}, run.key["atlas"], atlas.hash
        )
        ids[statistic] = definition.id
        tables.definitions[definition.id] = definition.plain()
    voxels = {
        target: run.voxels(*(sorted(regions.members[name]) for name in pair)) for target, *pair in edges
    }
    for item in edge_values(regions, edges, settings.statistics):
        tables.features.append(
            run.row(
                measure="fc",
                target=item.target,
                statistic=item.statistic,
                definition=ids[item.statistic],
                value=item.value,
                unit="r",
                coverage=item.coverage,
                qc=item.qc,
                **voxels[item.target],
            )
        )
