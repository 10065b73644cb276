"""A run that comes as volumes or grayordinates: one pass over its file, its confounds removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from corticolimbic.dataset import (
    BoldRun,
    CiftiRun,
    Confounds,
    ImageRun,
    read_confounds,
)
from corticolimbic.foundation import InputError, Problem, hash_json, inside, read_json
from corticolimbic.measure._censoring import keep_volumes, mean_displacement
from corticolimbic.measure._confounds import Nuisance, strategy_confounds, strategy_parameters
from corticolimbic.measure._connectivity import standardise
from corticolimbic.measure._fluctuating import percent_signal
from corticolimbic.measure._measured_run import MeasuredRun
from corticolimbic.measure._nuisance import regress_out
from corticolimbic.measure._parcels import Parcels
from corticolimbic.measure._region_series import RegionSignals
from corticolimbic.measure._settings import MeasureSettings
from corticolimbic.measure._signal_source import SignalSource, signal_source


def measure_bold_run(
    root: Path,
    run: BoldRun | CiftiRun,
    settings: MeasureSettings,
    parcels: Sequence[Parcels],
    *,
    inputs: Mapping[str, str],
    repetition_time: float | None,
    problems: list[Problem],
) -> list[MeasuredRun]:
    """Read an image and clean its regions' series: by every atlas in one pass.

    Volumes are dropped if the strategy drops them (non-steady state under every strategy, motion under
    scrubbing) or if the head moved more than ``fd_threshold``. Confounds are then removed by least squares in
    the kept volumes.

    Parameters
    ----------
    root, run, settings, parcels
        What is measured, and how.
    inputs
        Relative path to hash of content.
    repetition_time
        Seconds, where the sidecars state none.
    problems
        Added to.

    Returns
    -------
    list of MeasuredRun
        One for each atlas that may be used in the run's space; several atlases share volumes and regressors.

    Raises
    ------
    InputError
        Where the run cannot be used.
    """
    source = signal_source(root, run, settings, repetition_time=repetition_time, problems=problems)
    nuisance, displacement = _nuisance(root, run, settings, source.n_volumes, problems)
    chosen = source.chosen(parcels, problems)
    if not chosen:
        return []
    keep = nuisance.keep.copy()
    if settings.fd_threshold is not None and displacement is not None:
        keep &= keep_volumes(displacement, settings.fd_threshold)
    confounds = nuisance.kept(keep, run.confounds or run.bold)
    signals = source.region_signals([item for _, item in chosen], counted=nuisance.keep, keep_voxels=False)
    found = signals.regions
    together = np.hstack([item.values for item in found])[keep]
    cleaned, rank = regress_out(together, confounds)
    fluctuating = percent_signal(together, keep, nuisance, confounds) if settings.fluctuations else None
    sidecar = run.confounds_sidecar if settings.strategy == "compcor" else None
    files = (*source.files, run.confounds, sidecar)
    hashed = hash_json({name: inputs[name] for name in files if name and name in inputs})[:12]
    mean_fd = float("nan") if displacement is None else mean_displacement(displacement)
    ends = np.cumsum([len(item.names) for item in found])
    measured = []
    for (item, _), one_atlas, end in zip(chosen, found, ends.tolist(), strict=True):
        columns = slice(end - len(one_atlas.names), end)
        one = _measured(run, source, settings, item, one_atlas, cleaned[:, columns], rank, mean_fd, hashed)
        if fluctuating is not None:
            one = replace(one, fluctuating=fluctuating.of(columns))
        problems += one.losses(run)
        measured.append(one)
    return measured


def _nuisance(
    root: Path, run: ImageRun, settings: MeasureSettings, n_volumes: int, problems: list[Problem]
) -> tuple[Nuisance, Float64[np.ndarray, " volumes"] | None]:
    """Return the confounds, and the framewise displacement where it is known."""
    if run.confounds is None and settings.strategy == "none":
        if settings.fd_threshold is not None:
            found = "no confounds, and with them no framewise displacement"
            remedy = "add the confounds, or set measure.fd_threshold to null"
            raise InputError("CL206", file=run.bold, found=found, remedy=remedy)
        return Nuisance((), np.zeros((n_volumes, 0)), np.ones(n_volumes, dtype=bool)), None
    confounds: Confounds = read_confounds(root, run, n_volumes)
    displacement = confounds.framewise_displacement
    file = run.confounds or run.bold
    if displacement is None and settings.fd_threshold is not None:
        raise InputError("CL205", file=file, found="confounds without it; set measure.fd_threshold to null")
    problems += confounds.problems
    described = _described(root, run) if settings.strategy == "compcor" else {}
    return strategy_confounds(
        confounds.table, settings.strategy, file=file, described=described
    ), displacement


def _described(root: Path, run: ImageRun) -> dict[str, Any]:
    if run.confounds_sidecar is None:
        found = "strategy compcor: no JSON file beside the confounds, which says what the components are"
        raise InputError("CL236", file=run.confounds or run.bold, found=found)
    try:
        return dict(read_json(inside(root, run.confounds_sidecar)))
    except InputError as error:
        raise InputError(error.problem.code, file=run.confounds_sidecar, found=error.problem.found) from error


def _measured(
    run: ImageRun,
    source: SignalSource,
    settings: MeasureSettings,
    parcels: Parcels,
    signals: RegionSignals,
    cleaned: Float64[np.ndarray, "volumes regions"],
    rank: int,
    mean_fd: float,
    inputs: str,
) -> MeasuredRun:
    scarce = signals.coverage < settings.min_coverage
    series, usable = standardise(np.where(scarce | (signals.n_voxels == 0), np.nan, cleaned))
    threshold = "" if settings.fd_threshold is None else f", FD <= {settings.fd_threshold:g} mm"
    strategy = {"strategy": settings.strategy, **strategy_parameters(settings.strategy)}
    key = {
        "participant_id": run.participant_id,
        "session_id": run.session_id,
        "task": run.task,
        "run": run.run,
        "acq": run.acq,
        "space": run.space,
        "atlas": parcels.name,
        "strategy": settings.strategy + threshold,
    }
    how = {
        **{f"nuisance_{name}" if name != "strategy" else name: value for name, value in strategy.items()},
        "usable_signal": settings.usable_signal,
        "min_coverage": settings.min_coverage,
        "radius_mm": parcels.radius,
        "parcels": parcels.hash[:12],
        "space": run.space,
        "notes": [*signals.notes, *parcels.notes],
        **source.how,
    }
    return MeasuredRun(
        key=key,
        file=run.bold,
        nodes=signals.names,
        series=series,
        usable=usable,
        coverage=signals.coverage,
        atlas=parcels.atlas,
        n_before=source.n_volumes,
        rank=rank,
        mean_fd=mean_fd,
        inputs=inputs,
        n_voxels=signals.n_voxels,
        min_coverage=settings.min_coverage,
        repetition_time=source.repetition_time,
        how=how,
        censored_how={name: value for name, value in how.items() if "strategy" in name or "nuisance" in name},
    )
