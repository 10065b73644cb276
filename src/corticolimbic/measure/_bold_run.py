"""A run that comes as an image: one pass over its volumes, its confounds removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from corticolimbic.circuit import RegionWeights
from corticolimbic.dataset import (
    BoldHeader,
    BoldRun,
    Confounds,
    read_bold_header,
    read_confounds,
    read_mask,
)
from corticolimbic.foundation import InputError, Problem, SpaceMismatchError, hash_json, inside, read_json
from corticolimbic.measure._censoring import HeadMotion
from corticolimbic.measure._cleaning import Cleaning, cleaning
from corticolimbic.measure._confounds import (
    Nuisance,
    needs_description,
    reads_aroma,
    strategy_confounds,
    strategy_parameters,
)
from corticolimbic.measure._connectivity import standardise
from corticolimbic.measure._denoised import censoring_how, censoring_rule, filter_how, strategy_label
from corticolimbic.measure._fluctuating import percent_signal
from corticolimbic.measure._measured_run import MeasuredRun, about
from corticolimbic.measure._parcels import Parcels, grid_weights
from corticolimbic.measure._region_series import RegionSignals, region_series
from corticolimbic.measure._settings import MeasureSettings
from corticolimbic.measure._temporal_filter import check_band, without_drifts


def measure_bold_run(
    root: Path,
    run: BoldRun,
    settings: MeasureSettings,
    parcels: Sequence[Parcels],
    *,
    inputs: Mapping[str, str],
    repetition_time: float | None,
    problems: list[Problem],
) -> list[MeasuredRun]:
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

    Returns
    -------
    list of MeasuredRun
        One for each atlas that may be used in the run's space; several atlases share volumes and regressors.

    Raises
    ------
    InputError
        Where the run cannot be used.
    """
    image = _image(run, settings)
    header = read_bold_header(root, image, repetition_time=repetition_time)
    problems += header.problems
    if settings.band_hz is not None:
        check_band(settings.band_hz, header.repetition_time, run.bold)
    nuisance, motion = _nuisance(root, run, settings, header.n_volumes, problems)
    mask = _mask(root, run, header, problems)
    chosen = list(_on_grid(run, header, parcels, settings, problems))
    if not chosen:
        return []
    keep = censoring_rule(settings).keep(motion, nuisance.keep)
    confounds = nuisance.kept(keep, run.confounds or run.bold)
    cleaner = _cleaner(run, header, settings, nuisance, keep)
    if cleaner.doubt:
        problems.append(about(run, "CL243", found=cleaner.doubt))
    weights = [item for _, item in chosen]
    found = region_series(root, image, header, weights, mask=mask, usable_signal=settings.usable_signal)
    together = np.hstack([item.values for item in found])
    cleaned = cleaner.apply(together)
    fluctuating = percent_signal(together[keep], keep, nuisance, confounds) if settings.fluctuations else None
    sidecar = run.confounds_sidecar if needs_description(settings.strategy) else None
    files = (image.bold, run.mask, run.confounds, sidecar)
    hashed = hash_json({name: inputs[name] for name in files if name and name in inputs})[:12]
    mean_fd = motion.mean_displacement
    ends = np.cumsum([len(item.names) for item in found])
    measured = []
    for (item, _), signals, end in zip(chosen, found, ends.tolist(), strict=True):
        columns = slice(end - len(signals.names), end)
        one = _measured(run, header, settings, item, signals, cleaned[:, columns], cleaner, mean_fd, hashed)
        if fluctuating is not None:
            one = replace(one, fluctuating=fluctuating.of(columns))
        problems += one.losses(run)
        measured.append(one)
    return measured


def _image(run: BoldRun, settings: MeasureSettings) -> BoldRun:
    """Return the run with the image that the strategy is meant for."""
    if not reads_aroma(settings.strategy):
        return run
    if run.aroma is None:
        found = f"strategy {settings.strategy}: no *_desc-smoothAROMAnonaggr_bold.nii.gz in the run's space"
        remedy = "choose another measure.strategy, or have ICA-AROMA's image written beside the run"
        raise InputError("CL236", file=run.bold, found=found, remedy=remedy)
    return replace(run, bold=run.aroma)


def _cleaner(
    run: BoldRun,
    header: BoldHeader,
    settings: MeasureSettings,
    nuisance: Nuisance,
    keep: Bool[np.ndarray, " volumes"],
) -> Cleaning:
    """Return the operator for every series of the run."""
    removed = nuisance.without_drifts() if without_drifts(settings.band_hz) else nuisance
    return cleaning(
        removed.values, keep, repetition_time=header.repetition_time, band=settings.band_hz, file=run.bold
    )


def _nuisance(
    root: Path, run: BoldRun, settings: MeasureSettings, n_volumes: int, problems: list[Problem]
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


def _described(root: Path, run: BoldRun, settings: MeasureSettings) -> dict[str, Any]:
    if run.confounds_sidecar is None:
        what = "no JSON file beside the confounds, which says what the components are"
        found = f"strategy {settings.strategy}: {what}"
        raise InputError("CL236", file=run.confounds or run.bold, found=found)
    try:
        return dict(read_json(inside(root, run.confounds_sidecar)))
    except InputError as error:
        raise InputError(error.problem.code, file=run.confounds_sidecar, found=error.problem.found) from error


def _mask(
    root: Path, run: BoldRun, header: BoldHeader, problems: list[Problem]
) -> Bool[np.ndarray, "x y z"] | None:
    if run.mask is not None:
        return read_mask(root, run, header)
    found = (
        "no mask: every voxel of the grid counts; for the brain's median, those above a tenth of the range"
    )
    problems.append(about(run, "CL228", found=found))
    return None


def _on_grid(
    run: BoldRun,
    header: BoldHeader,
    parcels: Sequence[Parcels],
    settings: MeasureSettings,
    problems: list[Problem],
) -> Iterator[tuple[Parcels, RegionWeights]]:
    """Yield the atlases that may be used in the run's space, with their weights."""
    for item in parcels:
        try:
            yield (
                item,
                grid_weights(item, header.shape, header.affine, run.space, settings.allow_space_mismatch),
            )
        except SpaceMismatchError as error:
            problems.append(about(run, "CL402", found=f"{item.name}: {error.problem.found}"))


def _measured(
    run: BoldRun,
    header: BoldHeader,
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
    }
    return MeasuredRun(
        key=key,
        file=run.bold,
        nodes=signals.names,
        series=series,
        usable=usable,
        coverage=signals.coverage,
        atlas=parcels.atlas,
        n_before=header.n_volumes,
        rank=cleaner.rank,
        mean_fd=mean_fd,
        inputs=inputs,
        n_voxels=signals.n_voxels,
        min_coverage=settings.min_coverage,
        repetition_time=header.repetition_time,
        how=how,
        censored_how=dropped,
        cleaning=cleaner,
    )
