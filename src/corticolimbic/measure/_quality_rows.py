"""Rows of a run's quality, and its grade."""

from __future__ import annotations

import math

import numpy as np

from corticolimbic.circuit import split_side
from corticolimbic.foundation import Definition
from corticolimbic.measure._circuit_series import define
from corticolimbic.measure._global_signal import global_signal_share
from corticolimbic.measure._measured_run import ALGORITHM, MeasuredRun, MeasuredSession
from corticolimbic.measure._quality_rules import Measured, Rule, grade, rules
from corticolimbic.measure._region_nodes import RegionNodes, region_nodes
from corticolimbic.measure._settings import MeasureSettings

_WHOLE = "WholeBrain"


def store_grade(
    run: MeasuredRun, settings: MeasureSettings, tables: MeasuredSession, *, refused: str
) -> None:
    """Store what is known of a run's quality and the grade that the rules give it.

    Parameters
    ----------
    run, settings
        Whose, and by which limits.
    tables
        Added to.
    refused
        Reason in ``qc`` where the run's connectivity is not estimated, else empty.
    """
    regions = _regions(run, settings)
    values = _whole_brain(run, settings, refused, tables)
    values |= _by_region(run, settings, regions, tables)
    in_force = rules({item.rule: (item.amber, item.red) for item in settings.quality_limits})
    found = grade(in_force, values)
    tables.features.append(
        run.row(
            measure="quality",
            target=_WHOLE,
            statistic="grade",
            definition=define(
                _definition(
                    "quality",
                    run,
                    settings,
                    min_coverage=settings.min_coverage,
                    rules=_plain(in_force),
                ),
                tables,
            ),
            value=float(found.value),
            unit="grade",
            coverage=_known(run),
            qc=found.qc,
        )
    )


def _regions(run: MeasuredRun, settings: MeasureSettings) -> dict[str, RegionNodes]:
    """Return the circuit's regions without side, and those that have but one."""
    if run.atlas is None:
        return {}
    members = run.atlas.members()
    chosen = {
        name: nodes
        for name, nodes in members.items()
        if split_side(name)[0] not in members or not split_side(name)[1]
    }
    return region_nodes(run.usable, run.coverage, run.nodes, chosen, settings.min_coverage)


def _whole_brain(
    run: MeasuredRun, settings: MeasureSettings, refused: str, tables: MeasuredSession
) -> dict[str, Measured]:
    placed = run.usable & run.placed
    shared = float("nan") if refused else global_signal_share(run.series, placed)
    tables.features.append(
        run.row(
            measure="max_fd",
            target=_WHOLE,
            statistic="max",
            definition=define(Definition("max_fd", ALGORITHM, {"over": "all volumes"}), tables),
            value=run.max_fd,
            unit="mm",
            coverage=1.0,
            qc="ok" if math.isfinite(run.max_fd) else "no framewise displacement",
        )
    )
    rows = []
    if run.tsnr is not None:
        rows.append(("tsnr", "mean", run.brain_tsnr, "ratio", "not known"))
    rows.append(
        ("global_signal_share", "share", shared, "share", refused or "fewer than 2 nodes with a series")
    )
    for measure, statistic, value, unit, lacking in rows:
        tables.features.append(
            run.row(
                measure=measure,
                target=_WHOLE,
                statistic=statistic,
                definition=define(_definition(measure, run, settings), tables),
                value=value,
                unit=unit,
                coverage=_known(run),
                qc="ok" if math.isfinite(value) else lacking,
                **run.voxels(range(len(run.nodes))),
            )
        )
    return {
        "mean_fd": Measured(run.mean_fd),
        "max_fd": Measured(run.max_fd),
        "censored_share": Measured(run.censored),
        "dof": Measured(run.dof),
        "brain_tsnr": Measured(run.brain_tsnr),
        "global_signal_share": Measured(shared),
    }


def _by_region(
    run: MeasuredRun, settings: MeasureSettings, regions: dict[str, RegionNodes], tables: MeasuredSession
) -> dict[str, Measured]:
    """Store coverage and signal-to-noise ratio of each region; return the worst of both."""
    if not regions:
        return {}
    ratios = {name: _ratio(run, nodes) for name, nodes in regions.items()}
    keys = {
        measure: define(_definition(measure, run, settings, min_coverage=settings.min_coverage), tables)
        for measure in (("coverage", "tsnr") if run.tsnr is not None else ("coverage",))
    }
    for name, nodes in regions.items():
        rows = [("coverage", "share", nodes.coverage, "share")]
        if run.tsnr is not None:
            rows.append(("tsnr", "mean", ratios[name], "ratio"))
        for measure, statistic, value, unit in rows:
            tables.features.append(
                run.row(
                    measure=measure,
                    target=name,
                    statistic=statistic,
                    definition=keys[measure],
                    value=value,
                    unit=unit,
                    coverage=nodes.coverage,
                    qc=nodes.reason or ("ok" if math.isfinite(value) else f"no voxel in {name}"),
                    **(run.voxels(nodes.present) if nodes.present else {}),
                )
            )
    return {
        "region_tsnr": _least(ratios),
        "region_coverage": _least({name: nodes.coverage for name, nodes in regions.items()}),
        "lost_regions": Measured(sum(bool(nodes.reason) for nodes in regions.values()) / len(regions)),
    }


def _ratio(run: MeasuredRun, nodes: RegionNodes) -> float:
    """Return a region's signal-to-noise ratio: the mean over its nodes by their voxels."""
    if run.tsnr is None or run.n_voxels is None:
        return float("nan")
    at = list(nodes.present)
    known = np.isfinite(run.tsnr[at])
    weights = run.n_voxels[at][known]
    return float(np.average(run.tsnr[at][known], weights=weights)) if weights.sum() > 0 else float("nan")


def _least(values: dict[str, float]) -> Measured:
    known = {name: value for name, value in values.items() if math.isfinite(value)}
    if not known:
        return Measured(float("nan"))
    name = min(known, key=lambda item: (known[item], item))
    return Measured(known[name], name)


def _known(run: MeasuredRun) -> float:
    return float(run.usable.mean()) if len(run.usable) else 0.0


def _definition(measure: str, run: MeasuredRun, settings: MeasureSettings, **how: object) -> Definition:
    values = {"fd_threshold": settings.fd_threshold, **run.how, **how}
    hashed = run.atlas.hash if run.atlas is not None else ""
    return Definition(measure, ALGORITHM, values, run.key["atlas"], hashed)


def _plain(in_force: tuple[Rule, ...]) -> list[list[object]]:
    """Return the limits as JSON values: name, side, amber, red."""
    return [
        [rule.name, rule.side, *(None if math.isnan(limit) else limit for limit in (rule.amber, rule.red))]
        for rule in in_force
    ]
