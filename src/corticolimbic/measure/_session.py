"""One person's session: images or region series in, rows of the tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from corticolimbic.circuit import Atlas
from corticolimbic.dataset import AnyRun, ImageRun, SessionFiles
from corticolimbic.foundation import InputError, LowDofError
from corticolimbic.measure._bold_run import MeasuredImage, measure_bold_run
from corticolimbic.measure._censoring import DOF_REFUSE, DOF_WARN
from corticolimbic.measure._circuit_series import CircuitSeries
from corticolimbic.measure._connectivity import connectivity
from corticolimbic.measure._fluctuation_rows import store_fluctuations
from corticolimbic.measure._group_rows import store_groups, store_phase_locking
from corticolimbic.measure._measured_run import MeasuredRun, MeasuredSession, about
from corticolimbic.measure._parcels import Parcels, read_parcels
from corticolimbic.measure._precision_rows import store_precision
from corticolimbic.measure._quality_rows import store_grade
from corticolimbic.measure._reach import node_correlations
from corticolimbic.measure._reach_rows import store_degree, store_extent
from corticolimbic.measure._rows import (
    REFUSED,
    NodeTargets,
    store_circuit,
    store_matrices,
    store_node_targets,
    store_quality,
    store_series,
)
from corticolimbic.measure._series_run import measure_series_run
from corticolimbic.measure._settings import MeasureSettings


def measure_session(
    root: Path,
    session: SessionFiles,
    settings: MeasureSettings,
    *,
    atlases: Mapping[str, Atlas | None] | None = None,
    asked_for: Sequence[NodeTargets] = (),
    inputs: Mapping[str, str] | None = None,
    repetition_time: float | None = None,
) -> MeasuredSession:
    """Measure every run of a session; a run that cannot be used becomes a problem and the rest goes on.

    Parameters
    ----------
    root
        The dataset's folder.
    session
        The session's files, paths relative to ``root``.
    settings
        How to measure; for images also by which atlases.
    atlases
        For region series: name of each run's segmentation to its atlas; None where no map onto the circuit is
        known.
    asked_for
        Edges between nodes of an atlas, beside the circuit's.
    inputs
        Relative path to hash of content, for the column ``inputs``.
    repetition_time
        Seconds, for runs whose sidecars state none (``dataset.repetition_time``).

    Returns
    -------
    MeasuredSession
        Rows of the schemas ``features``, ``series`` and ``matrices``.

    Raises
    ------
    SettingsError, InputError
        Where images are to be measured by atlases that cannot be read (see `read_parcels`).
    """
    tables = MeasuredSession()
    images = any(isinstance(run, ImageRun) for run in session.runs)
    parcels = read_parcels(settings) if images else ()
    known = atlases or {}
    for run in session.runs:
        try:
            image = _measure(root, run, settings, parcels, known, inputs or {}, repetition_time, tables)
            measured = image.runs
            _gate(measured, run, settings, tables)
        except InputError as error:
            tables.problems.append(error.about(session.participant_id, session.session_id))
            continue
        for one in measured:
            _store(one, run, settings, asked_for, tables)
        for made in image.maps:
            tables.maps += made.maps
            tables.definitions |= {item.id: item.plain() for item in made.definitions}
        tables.n_runs += bool(measured)
    return tables


def _measure(
    root: Path,
    run: AnyRun,
    settings: MeasureSettings,
    parcels: Sequence[Parcels],
    atlases: Mapping[str, Atlas | None],
    inputs: Mapping[str, str],
    repetition_time: float | None,
    tables: MeasuredSession,
) -> MeasuredImage:
    if isinstance(run, ImageRun):
        return measure_bold_run(
            root,
            run,
            settings,
            parcels,
            inputs=inputs,
            repetition_time=repetition_time,
            problems=tables.problems,
        )
    one = measure_series_run(
        root,
        run,
        settings,
        atlases.get(run.atlas),
        inputs=inputs,
        repetition_time=repetition_time,
        problems=tables.problems,
    )
    return MeasuredImage([one])


def _gate(
    measured: Sequence[MeasuredRun],
    files: AnyRun,
    settings: MeasureSettings,
    tables: MeasuredSession,
) -> None:
    """Store the run's quality, and refuse it where too little is left (METHODS M-10)."""
    refused = [
        run for run in measured if run.dof < DOF_REFUSE and not (settings.allow_low_dof and run.dof >= 1)
    ]
    for run in measured:
        store_quality(run, settings, tables, refused=bool(refused))
        if settings.quality:
            store_grade(run, settings, tables, refused=REFUSED if refused else "")
    if refused:
        raise LowDofError("CL211", file=refused[0].file, found=refused[0].arithmetic)
    if measured and measured[0].dof < DOF_WARN:  # the same for every atlas of a run
        tables.problems.append(about(files, "CL212", found=measured[0].arithmetic))


def _store(
    run: MeasuredRun,
    files: AnyRun,
    settings: MeasureSettings,
    asked_for: Sequence[NodeTargets],
    tables: MeasuredSession,
) -> None:
    if run.atlas is None and settings.circuit_edges:
        tables.problems.append(about(files, "CL210", found=f"seg-{run.key['atlas']}"))
    store_series(run, tables)
    matrices = store_matrices(run, settings, tables, asked_for)
    store_node_targets(run, matrices, asked_for, tables, settings)
    if run.atlas is not None and settings.circuit_edges:
        store_circuit(run, run.atlas, settings, tables)
    store_fluctuations(run, settings, tables)
    if run.atlas is not None:
        _store_derived(CircuitSeries.of(run, run.atlas, settings), matrices.get("pearson"), tables)


def _store_derived(
    circuit: CircuitSeries, pearson: Float[np.ndarray, "nodes nodes"] | None, tables: MeasuredSession
) -> None:
    """Store what is made of the regions' mean series beside the edges themselves."""
    run, settings = circuit.run, circuit.settings
    if settings.circuit_edges:
        store_precision(circuit, tables)
    if settings.modules:
        store_groups(circuit, tables)
    if settings.phase_locking:
        store_phase_locking(circuit, tables)
    if settings.degree or settings.extent:
        reach = node_correlations(circuit.regions, run.series, run.usable)
        if settings.degree:
            matrix = connectivity(run.series, run.usable, "pearson") if pearson is None else pearson
            store_degree(circuit, reach, matrix, tables)
        if settings.extent:
            store_extent(circuit, reach, tables)
