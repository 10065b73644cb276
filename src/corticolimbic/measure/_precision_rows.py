"""Rows of how precise each edge of the circuit is."""

from __future__ import annotations

import numpy as np

from corticolimbic.circuit import measurable_edges
from corticolimbic.measure._censoring import DOF_REFUSE
from corticolimbic.measure._circuit_series import CircuitSeries, define
from corticolimbic.measure._edge_precision import half_correlations, standard_errors
from corticolimbic.measure._measured_run import MeasuredSession

PRECISION = "fc_precision"
"""Measure of these rows: not ``fc``, so that whoever asks for connectivity gets nothing else."""
_HALVES = ("pearson_half1", "pearson_half2")


def store_precision(circuit: CircuitSeries, tables: MeasuredSession) -> None:
    """Store the standard error of Fisher z of each edge, and its correlation in each half of the run.

    Both belong to the Pearson correlation. Halves are those of the kept volumes; their regions' series are
    those of the whole run, so that only the volumes differ. Reliability over halves (METHODS M-4) is the
    ICC of the two rows of one edge over people; it is that of half a run (Spearman-Brown gives the whole).
    """
    edges = [(edge.target, *edge.ends) for edge in measurable_edges(circuit.atlas)]
    members = circuit.regions.members
    shared = {target for target, first, second in edges if members[first] & members[second]}
    place = circuit.place
    pairs = np.array([[place[first], place[second]] for _, first, second in edges], dtype=np.int64)
    pairs = pairs.reshape(-1, 2)
    reasons = [
        f"{first} and {second} share nodes in this atlas" if target in shared else circuit.lost(first, second)
        for target, first, second in edges
    ]
    if circuit.settings.standard_errors:
        _store_errors(circuit, edges, pairs, reasons, tables)
    if circuit.settings.split_half:
        _store_halves(circuit, edges, pairs, reasons, tables)


def _store_errors(
    circuit: CircuitSeries,
    edges: list[tuple[str, str, str]],
    pairs: np.ndarray,
    reasons: list[str],
    tables: MeasuredSession,
) -> None:
    run = circuit.run
    unknown = "" if run.places is not None else "not known which volumes were dropped"
    values = np.full(len(edges), np.nan)
    if run.places is not None and len(edges):
        values = standard_errors(circuit.regions.series, run.places, pairs, run.basis)
    key = define(
        circuit.definition(
            PRECISION,
            tuple(dict.fromkeys(name for _, *ends in edges for name in ends)),
            statistic="pearson_se",
            effective_volumes="Bartlett; autocovariances of 2 sqrt(N) lags by the root of Tukey's window, "
            "corrected for what was regressed out (Worsley 2002); gaps kept",
        ),
        tables,
    )
    for (target, *ends), value, reason in zip(edges, values.tolist(), reasons, strict=True):
        reason = reason or unknown or ("" if np.isfinite(value) else "no more than 3 effective volumes")
        tables.features.append(
            run.row(
                measure=PRECISION,
                target=target,
                statistic="pearson_se",
                definition=key,
                value=float("nan") if reason else value,
                unit="z",
                coverage=min(circuit.regions.coverage[name] for name in ends),
                qc=reason or "ok",
                **circuit.voxels(*ends),
            )
        )


def _store_halves(
    circuit: CircuitSeries,
    edges: list[tuple[str, str, str]],
    pairs: np.ndarray,
    reasons: list[str],
    tables: MeasuredSession,
) -> None:
    run = circuit.run
    n = len(run.series)
    sizes = (n // 2, n - n // 2)
    both = half_correlations(circuit.regions.series, pairs)
    ends_of_edges = tuple(dict.fromkeys(name for _, *ends in edges for name in ends))
    for statistic, size, values in zip(_HALVES, sizes, both, strict=True):
        dof = run.dof * size / n if n else 0.0
        few = dof < DOF_REFUSE and not circuit.settings.allow_low_dof
        short = f"{dof:.0f} degrees of freedom in half of the run, fewer than {DOF_REFUSE}" if few else ""
        key = define(
            circuit.definition(
                PRECISION,
                ends_of_edges,
                statistic=statistic,
                half="of the kept volumes; an odd one in the second",
                series="as cleaned and averaged over the whole run",
            ),
            tables,
        )
        for (target, *ends), value, reason in zip(edges, values.tolist(), reasons, strict=True):
            reason = reason or short or ("" if np.isfinite(value) else "constant in this half")
            row = run.row(
                measure=PRECISION,
                target=target,
                statistic=statistic,
                definition=key,
                value=float("nan") if reason else value,
                unit="r",
                coverage=min(circuit.regions.coverage[name] for name in ends),
                qc=reason or "ok",
                **circuit.voxels(*ends),
            )
            tables.features.append({**row, "n_volumes": size, "dof": dof})
