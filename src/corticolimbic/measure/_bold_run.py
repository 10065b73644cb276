"""A run that comes as volumes or grayordinates: one pass over its file, its confounds removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from corticolimbic.dataset import (
    BoldRun,
    CiftiRun,
    Confounds,
    ImageRun,
    read_confounds,
)
from corticolimbic.foundation import InputError, Problem, hash_json, inside, read_json
from corticolimbic.measure._censoring import HeadMotion
from corticolimbic.measure._cleaning import Cleaning, cleaning
from corticolimbic.measure._confounds import (
    Nuisance,
    needs_description,
    strategy_confounds,
    strategy_parameters,
)
from corticolimbic.measure._connectivity import standardise
from corticolimbic.measure._covariance import PERCENT, spread_percent
from corticolimbic.measure._denoised import censoring_how, censoring_rule, filter_how, strategy_label
from corticolimbic.measure._fluctuating import percent_signal
from corticolimbic.measure._map_files import MeasuredMaps, fluctuation_map_files, seed_map_files
from corticolimbic.measure._measured_run import MeasuredRun, about
from corticolimbic.measure._parcels import Parcels
from corticolimbic.measure._region_series import RegionSignals, RunSignals
from corticolimbic.measure._settings import MeasureSettings
from corticolimbic.measure._signal_source import SignalSource, VolumeSource, signal_source
from corticolimbic.measure._temporal_filter import check_band, without_drifts


@dataclass(frozen=True)
class MeasuredImage:
    """An image after cleaning.

    Parameters
    ----------
    runs
        One for each atlas that may be used in the run's space; several atlases share volumes and regressors.
    maps
        Maps of voxels that were asked for.
    """

    runs: list[MeasuredRun]
    maps: tuple[MeasuredMaps, ...] = ()


def measure_bold_run(
    root: Path,
    run: BoldRun | CiftiRun,
    settings: MeasureSettings,
    parcels: Sequence[Parcels],
    *,
    inputs: Mapping[str, str],
    repetition_time: float | None,
    problems: list[Problem],
) -> MeasuredImage:
    """Read an image and clean its regions' series: by every atlas in one pass.

    Volumes are dropped if the strategy drops them (non-steady state under every strategy, motion under
    scrubbing) or by the settings' rule on motion. What is done to the series in time, confounds and band, is
    one linear operator: see `cleaning`.

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

    Raises
    ------
    InputError
        Where the run cannot be used.
    """
    source = signal_source(root, run, settings, repetition_time=repetition_time, problems=problems)
    if settings.band_hz is not None:
        check_band(settings.band_hz, source.repetition_time, run.bold)
    nuisance, motion = _nuisance(root, run, settings, source.n_volumes, problems)
    chosen = source.chosen(parcels, problems)
    if not chosen:
        return MeasuredImage([])
    keep = censoring_rule(settings).keep(motion, nuisance.keep)
    confounds = nuisance.kept(keep, run.confounds or run.bold)
    cleaner = _cleaner(run, source, settings, nuisance, keep)
    if cleaner.doubt:
        problems.append(about(run, "CL243", found=cleaner.doubt))
    wants_maps = bool(settings.fluctuation_maps or settings.seed_maps)
    signals = source.region_signals([item for _, item in chosen], counted=keep, keep_voxels=wants_maps)
    found = signals.regions
    together = np.hstack([item.values for item in found])
    cleaned = cleaner.apply(together)
    fluctuating = percent_signal(together[keep], keep, nuisance, confounds) if settings.fluctuations else None
    sidecar = run.confounds_sidecar if needs_description(settings.strategy) else None
    files = (*source.files, run.confounds, sidecar)
    hashed = hash_json({name: inputs[name] for name in files if name and name in inputs})[:12]
    ends = np.cumsum([len(item.names) for item in found])
    measured = []
    for (item, _), one_atlas, end in zip(chosen, found, ends.tolist(), strict=True):
        columns = slice(end - len(one_atlas.names), end)
        one = _measured(
            run,
            source,
            settings,
            item,
            one_atlas,
            cleaned[:, columns],
            cleaner,
            motion.mean_displacement,
            hashed,
        )
        one = replace(
            one,
            fluctuating=fluctuating.of(columns) if fluctuating is not None else None,
            volumes=np.flatnonzero(keep),
            spread=spread_percent(cleaned[:, columns], one_atlas.values[keep]),
            signal_unit=PERCENT,
            basis=cleaner.basis,
            max_fd=motion.largest_displacement,
            tsnr=one_atlas.tsnr,
            brain_tsnr=signals.brain_tsnr,
        )
        problems += one.losses(run)
        measured.append(one)
    if not wants_maps or measured[0].dof < 1:
        return MeasuredImage(measured)
    fast = nuisance.without_drifts().values[keep]
    maps = _maps(run, source, settings, measured, signals, cleaner, fast)
    for made in maps:
        problems += made.problems
    return MeasuredImage(measured, maps)


def _maps(
    run: BoldRun | CiftiRun,
    source: SignalSource,
    settings: MeasureSettings,
    measured: Sequence[MeasuredRun],
    signals: RunSignals,
    cleaner: Cleaning,
    confounds: Float64[np.ndarray, "kept confounds"],
) -> tuple[MeasuredMaps, ...]:
    """Return the maps of voxels that the settings ask for."""
    if not isinstance(source, VolumeSource) or signals.voxels is None:
        found = "grayordinates; maps are made of volumes only"
        return (MeasuredMaps(problems=(about(run, "CL256", found=found),)),)
    header, voxels = source.header, signals.voxels
    volumes = np.flatnonzero(cleaner.keep)
    return (
        fluctuation_map_files(source.run, header, measured[0], voxels, volumes, confounds, settings),
        seed_map_files(source.run, header, measured, voxels, cleaner.operator, settings),
    )


def _cleaner(
    run: ImageRun,
    source: SignalSource,
    settings: MeasureSettings,
    nuisance: Nuisance,
    keep: Bool[np.ndarray, " volumes"],
) -> Cleaning:
    """Return the operator for every series of the run."""
    removed = nuisance.without_drifts() if without_drifts(settings.band_hz) else nuisance
    return cleaning(
        removed.values, keep, repetition_time=source.repetition_time, band=settings.band_hz, file=run.bold
    )


def _nuisance(
    root: Path, run: ImageRun, settings: MeasureSettings, n_volumes: int, problems: list[Problem]
) -> tuple[Nuisance, HeadMotion]:
    """Return the confounds, and what is known of motion."""
    if run.confounds is None and settings.strategy == "none":
        if settings.fd_threshold is not None:
            found = "no confounds, and with them no framewise displacement"
            remedy = "add the confounds, or set measure.fd_threshold to null"
            raise InputError("CL206", file=run.bold, found=found, remedy=remedy)
        if settings.dvars_threshold is not None:
            raise InputError("CL239", file=run.bold, found="no confounds, and with them no std_dvars")
        keep = np.arange(n_volumes) >= (settings.dummy_scans or 0)
        return Nuisance((), np.zeros((n_volumes, 0)), keep), HeadMotion()
    confounds: Confounds = read_confounds(root, run, n_volumes)
    displacement, dvars = confounds.framewise_displacement, confounds.std_dvars
    file = run.confounds or run.bold
    if displacement is None and settings.fd_threshold is not None:
        raise InputError("CL205", file=file, found="confounds without it; set measure.fd_threshold to null")
    if dvars is None and settings.dvars_threshold is not None:
        raise InputError("CL239", file=file, found="confounds without a column std_dvars")
    problems += confounds.problems
    described = _described(root, run, settings) if needs_description(settings.strategy) else {}
    nuisance = strategy_confounds(
        confounds.table,
        settings.strategy,
        file=file,
        described=described,
        dummy_scans=settings.dummy_scans,
    )
    return nuisance, HeadMotion(displacement, dvars)


def _described(root: Path, run: ImageRun, settings: MeasureSettings) -> dict[str, Any]:
    if run.confounds_sidecar is None:
        what = "no JSON file beside the confounds, which says what the components are"
        found = f"strategy {settings.strategy}: {what}"
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
    cleaner: Cleaning,
    mean_fd: float,
    inputs: str,
) -> MeasuredRun:
    scarce = signals.coverage < settings.min_coverage
    series, usable = standardise(np.where(scarce | (signals.n_voxels == 0), np.nan, cleaned))
    strategy = {"strategy": settings.strategy, **strategy_parameters(settings.strategy)}
    key = {
        "participant_id": run.participant_id,
        "session_id": run.session_id,
        "task": run.task,
        "run": run.run,
        "acq": run.acq,
        "space": run.space,
        "atlas": parcels.name,
        "strategy": strategy_label(settings.strategy, settings),
    }
    dropped = {
        **{f"nuisance_{name}" if name != "strategy" else name: value for name, value in strategy.items()},
        **censoring_how(settings),
    }
    how = {
        **dropped,
        **filter_how(settings, drifts=settings.strategy != "none"),
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
        rank=cleaner.rank,
        mean_fd=mean_fd,
        inputs=inputs,
        n_voxels=signals.n_voxels,
        min_coverage=settings.min_coverage,
        repetition_time=source.repetition_time,
        how=how,
        censored_how=dropped,
        cleaning=cleaner,
    )
