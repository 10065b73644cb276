"""One person's session: region series in, rows of the tables out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.circuit import Atlas, measurable_edges
from corticolimbic.dataset import RegionSeries, SeriesRun, SessionFiles, read_motion, read_series
from corticolimbic.features import Statistic, Target
from corticolimbic.foundation import Definition, InputError, LowDofError, Problem, hash_json, problem
from corticolimbic.measure._censoring import DOF_REFUSE, DOF_WARN, keep_volumes, mean_displacement
from corticolimbic.measure._circuit_edges import UNDEFINED, edge_values, region_means
from corticolimbic.measure._connectivity import connectivity, standardise
from corticolimbic.measure._settings import MeasureSettings

ALGORITHM = 1
"""Bumped whenever a golden value of this room changes."""


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


@dataclass
class MeasuredSession:
    """What measuring one session leaves: rows by table, definitions and problems."""

    features: list[dict[str, Any]] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    matrices: list[dict[str, Any]] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    n_runs: int = 0


@dataclass(frozen=True)
class _Run:
    """One run after censoring: its key, the kept standardised series and its quality."""

    key: dict[str, str]
    nodes: tuple[str, ...]
    series: Float[np.ndarray, "volumes nodes"]
    usable: Bool[np.ndarray, " nodes"]
    mean_fd: float
    censored: float
    inputs: str

    @property
    def dof(self) -> float:
        return float(len(self.series) - 1)

    def row(self, **values: Any) -> dict[str, Any]:
        quality = {
            "n_volumes": len(self.series),
            "dof": self.dof,
            "mean_fd": self.mean_fd,
            "inputs": self.inputs,
        }
        return {**self.key, **quality, "qc": "ok", **values}


def measure_session(
    root: Path,
    session: SessionFiles,
    settings: MeasureSettings,
    *,
    atlases: Mapping[str, Atlas | None],
    asked_for: Sequence[NodeTargets] = (),
    inputs: Mapping[str, str] | None = None,
) -> MeasuredSession:
    """Measure every run of a session; a run that cannot be used becomes a problem and the rest goes on.

    Parameters
    ----------
    root
        The dataset's folder.
    session
        The session's files, paths relative to ``root``.
    settings
        How to measure.
    atlases
        Name of each run's segmentation to its atlas; None where no map onto the circuit is known.
    asked_for
        Edges between nodes of an atlas, beside the circuit's.
    inputs
        Relative path to hash of content, for the column ``inputs``.

    Returns
    -------
    MeasuredSession
        Rows of the schemas ``features``, ``series`` and ``matrices``.
    """
    tables = MeasuredSession()
    for run in session.runs:
        try:
            measured = _read_run(root, run, settings, inputs or {}, tables)
            _gate(measured, run, settings, tables)
        except InputError as error:
            tables.problems.append(error.about(session.participant_id, session.session_id))
            continue
        atlas = atlases.get(run.atlas)
        if atlas is None and settings.circuit_edges:
            tables.problems.append(_about(run, "CL210", found=f"seg-{run.atlas}"))
        tables.problems += _strangers(run, measured.nodes, atlas)
        _store_series(measured, tables)
        matrices = _store_matrices(measured, settings, tables, asked_for)
        _store_node_targets(measured, matrices, asked_for, tables, settings)
        if atlas is not None and settings.circuit_edges:
            _store_circuit(measured, atlas, settings, tables)
        tables.n_runs += 1
    return tables


def _about(run: SeriesRun, code: str, **words: Any) -> Problem:
    return problem(
        code, participant_id=run.participant_id, session_id=run.session_id, file=run.series, **words
    )


def _strangers(run: SeriesRun, columns: Sequence[str], atlas: Atlas | None) -> Iterator[Problem]:
    known = {node.name for node in atlas.nodes} if atlas is not None else set(columns)
    unknown = [name for name in columns if name not in known]
    if unknown:
        yield _about(run, "CL209", found=f"{len(unknown)} column(s): {', '.join(unknown)}")


def _read_run(
    root: Path, run: SeriesRun, settings: MeasureSettings, inputs: Mapping[str, str], tables: MeasuredSession
) -> _Run:
    data: RegionSeries = read_series(root, run)
    tables.problems += [_with_person(item, run) for item in data.problems]
    volumes = len(data.values)
    keep, mean_fd = np.ones(volumes, dtype=bool), float("nan")
    if run.motion:
        motion = read_motion(root, run, volumes)
        tables.problems += [_with_person(item, run) for item in motion.problems]
        displacement = motion.framewise_displacement
        mean_fd = mean_displacement(displacement)
        if settings.fd_threshold is not None:
            keep = keep_volumes(displacement, settings.fd_threshold)
    elif settings.fd_threshold is not None:
        raise InputError("CL206", file=run.series, found="no motion table with the same entities")
    series, usable = standardise(data.values[keep])
    lost = [name for name, good in zip(data.regions, usable, strict=True) if not good]
    if lost and len(series):
        tables.problems.append(_about(run, "CL203", found=f"{len(lost)} region(s): {', '.join(lost)}"))
    files = {name: inputs[name] for name in (run.series, run.motion) if name and name in inputs}
    key = {
        "participant_id": run.participant_id,
        "session_id": run.session_id,
        "task": run.task,
        "run": run.run,
        "acq": run.acq,
        "space": run.space,
        "atlas": run.atlas,
        "strategy": "as-given"
        if settings.fd_threshold is None
        else f"as-given, FD <= {settings.fd_threshold:g} mm",
    }
    return _Run(key, data.regions, series, usable, mean_fd, float(np.mean(~keep)), hash_json(files)[:12])


def _with_person(item: Problem, run: SeriesRun) -> Problem:
    from dataclasses import replace

    return replace(item, participant_id=run.participant_id, session_id=run.session_id)


def _gate(run: _Run, files: SeriesRun, settings: MeasureSettings, tables: MeasuredSession) -> None:
    """Store the run's quality, and refuse it where too little is left (METHODS M-10)."""
    refused = run.dof < DOF_REFUSE and not (settings.allow_low_dof and len(run.series) > 1)
    definition = Definition("motion", ALGORITHM, {"fd_threshold": settings.fd_threshold})
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
    left = f"{len(run.series)} volumes kept ({run.censored:.0%} censored) leave {max(run.dof, 0):.0f} degrees of freedom"
    if refused:
        raise LowDofError("CL211", file=files.series, found=left)
    if run.dof < DOF_WARN:
        tables.problems.append(_about(files, "CL212", found=left))


def _store_series(run: _Run, tables: MeasuredSession) -> None:
    for position, name in enumerate(run.nodes):
        tables.series.append(
            {
                **run.key,
                "region": name,
                "position": position,
                "coverage": float(run.usable[position]),
                "values": run.series[:, position].astype(np.float32),
            }
        )


def _node_definition(run: _Run, statistic: Statistic, settings: MeasureSettings) -> Definition:
    values = {"statistic": statistic, "fd_threshold": settings.fd_threshold, "nodes": list(run.nodes)}
    return Definition("fc", ALGORITHM, values, run.key["atlas"])


def _store_matrices(
    run: _Run, settings: MeasureSettings, tables: MeasuredSession, asked_for: Sequence[NodeTargets]
) -> dict[Statistic, Float[np.ndarray, "nodes nodes"]]:
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
            }
        )
    return matrices


def _store_node_targets(
    run: _Run,
    matrices: Mapping[Statistic, Float[np.ndarray, "nodes nodes"]],
    asked_for: Sequence[NodeTargets],
    tables: MeasuredSession,
    settings: MeasureSettings,
) -> None:
    place = {name: position for position, name in enumerate(run.nodes)}
    for item in asked_for:
        if item.atlas != run.key["atlas"]:
            continue
        definition = _node_definition(run, item.statistic, settings).id
        for target in item.targets:
            first, second = Target.parse(target).names
            absent = [name for name in (first, second) if name not in place]
            if absent:
                value, coverage, qc = float("nan"), 0.0, f"no column {' and '.join(absent)}"
            else:
                ends = place[first], place[second]
                value = float(matrices[item.statistic][ends])
                lost = [name for name in (first, second) if not run.usable[place[name]]]
                known = "ok" if np.isfinite(value) else UNDEFINED
                coverage, qc = float(not lost), f"no signal in {' and '.join(lost)}" if lost else known
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
                )
            )


def _store_circuit(run: _Run, atlas: Atlas, settings: MeasureSettings, tables: MeasuredSession) -> None:
    edges = [(edge.target, *edge.ends) for edge in measurable_edges(atlas)]
    ends = {name for _, first, second in edges for name in (first, second)}
    members = {name: nodes for name, nodes in atlas.members().items() if name in ends}
    regions = region_means(run.series, run.usable, run.nodes, members, settings.min_coverage)
    values = {
        "fd_threshold": settings.fd_threshold,
        "min_coverage": settings.min_coverage,
        "regions": {name: list(nodes) for name, nodes in sorted(members.items())},
    }
    ids = {}
    for statistic in settings.statistics:
        definition = Definition(
            "fc", ALGORITHM, {**values, "statistic": statistic}, run.key["atlas"], atlas.hash
        )
        ids[statistic] = definition.id
        tables.definitions[definition.id] = definition.plain()
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
            )
        )
