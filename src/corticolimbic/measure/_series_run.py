"""A run that comes as a table of region series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64

from corticolimbic.circuit import Atlas
from corticolimbic.dataset import RegionSeries, SeriesRun, not_seconds, read_motion, read_series
from corticolimbic.foundation import InputError, Problem, hash_json
from corticolimbic.measure._censoring import HeadMotion
from corticolimbic.measure._cleaning import Cleaning, cleaning
from corticolimbic.measure._connectivity import standardise
from corticolimbic.measure._covariance import spread_as_given
from corticolimbic.measure._denoised import censoring_how, censoring_rule, filter_how, strategy_label
from corticolimbic.measure._fluctuating import as_given
from corticolimbic.measure._measured_run import MeasuredRun, about
from corticolimbic.measure._settings import MeasureSettings


def measure_series_run(
    root: Path,
    run: SeriesRun,
    settings: MeasureSettings,
    atlas: Atlas | None,
    *,
    inputs: Mapping[str, str],
    repetition_time: float | None,
    problems: list[Problem],
) -> MeasuredRun:
    """Read a table of region series, drop volumes, and remove nuisance signals and frequencies if asked for.

    Parameters
    ----------
    root, run, settings
        What is measured, and how.
    atlas
        Of the run's segmentation, None where no map onto the circuit is known.
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
    data = read_series(root, run)
    problems += [_with_person(item, run) for item in data.problems]
    time = _repetition_time(data, run, settings, repetition_time, problems)
    motion = _motion(root, run, settings, len(data.values), problems)
    allowed = np.arange(len(data.values)) >= (settings.dummy_scans or 0)
    keep = censoring_rule(settings).keep(motion, allowed)
    nodes, values, nuisance = _split(data, run, settings, keep)
    cleaner = _cleaner(run, settings, nuisance, keep, time)
    cleaned = values[keep] if cleaner is None else cleaner.apply(values)
    series, usable = standardise(cleaned)
    files = {name: inputs[name] for name in (run.series, run.motion) if name and name in inputs}
    removed = {"nuisance_regions": list(settings.nuisance_regions)} if settings.nuisance_regions else {}
    minus = f" - {' - '.join(settings.nuisance_regions)}" if settings.nuisance_regions else ""
    key = {
        "participant_id": run.participant_id,
        "session_id": run.session_id,
        "task": run.task,
        "run": run.run,
        "acq": run.acq,
        "space": run.space,
        "atlas": run.atlas,
        "strategy": strategy_label(f"as-given{minus}", settings),
    }
    measured = MeasuredRun(
        key=key,
        file=run.series,
        nodes=nodes,
        series=series,
        usable=usable,
        coverage=usable.astype(np.float64),
        atlas=atlas,
        n_before=len(data.values),
        rank=1 if cleaner is None else cleaner.rank,
        mean_fd=motion.mean_displacement,
        inputs=hash_json(files)[:12],
        repetition_time=time,
        how={**removed, **censoring_how(settings), **filter_how(settings, drifts=False)},
        censored_how=censoring_how(settings),
        fluctuating=as_given(values, keep, nuisance) if settings.fluctuations else None,
        cleaning=cleaner,
        volumes=np.flatnonzero(keep),
        spread=spread_as_given(cleaned),
        basis=None if cleaner is None else cleaner.basis,
        max_fd=motion.largest_displacement,
    )
    if cleaner is not None and cleaner.doubt:
        problems.append(about(run, "CL243", found=cleaner.doubt))
    problems += measured.losses(run)
    problems += _strangers(run, measured.nodes, atlas)
    return measured


def _repetition_time(
    data: RegionSeries,
    run: SeriesRun,
    settings: MeasureSettings,
    given: float | None,
    problems: list[Problem],
) -> float | None:
    """Return seconds between volumes; what can be none in seconds counts as unknown, and is told."""
    time = data.repetition_time if data.repetition_time is not None else given
    wrong = not_seconds(time) if time is not None else ""
    if not wrong:
        return time
    if settings.band_hz is not None:
        raise InputError("CL225", file=run.series, found=wrong)
    problems.append(about(run, "CL225", found=f"{wrong}; no frequency is measured", severity="info"))
    return None


def _motion(
    root: Path, run: SeriesRun, settings: MeasureSettings, volumes: int, problems: list[Problem]
) -> HeadMotion:
    """Read what the thresholds look at."""
    if not run.motion:
        if settings.fd_threshold is not None:
            raise InputError("CL206", file=run.series, found="no motion table with the same entities")
        if settings.dvars_threshold is not None:
            raise InputError("CL239", file=run.series, found="no motion table with the same entities")
        return HeadMotion()
    motion = read_motion(root, run, volumes, std_dvars=settings.dvars_threshold is not None)
    problems += [_with_person(item, run) for item in motion.problems]
    return HeadMotion(motion.framewise_displacement, motion.std_dvars)


def _split(
    data: RegionSeries, run: SeriesRun, settings: MeasureSettings, keep: Bool[np.ndarray, " volumes"]
) -> tuple[tuple[str, ...], Float64[np.ndarray, "volumes nodes"], Float64[np.ndarray, "volumes signals"]]:
    """Return names and values of the nodes, and the values of the nuisance signals.

    Raises
    ------
    InputError
        CL240 where a nuisance signal is no column, or is not known in every kept volume.
    """
    place = {name: at for at, name in enumerate(data.regions)}
    absent = [name for name in settings.nuisance_regions if name not in place]
    if absent:
        raise InputError("CL240", file=run.series, row=1, found=f"no column {', '.join(absent)}")
    removed = [place[name] for name in settings.nuisance_regions]
    nuisance = data.values[:, removed]
    gaps = ~np.isfinite(nuisance[keep]).all(axis=0)
    if gaps.any():
        names = [name for name, gap in zip(settings.nuisance_regions, gaps, strict=True) if gap]
        raise InputError("CL240", file=run.series, found=f"missing values in {', '.join(names)}")
    left = [at for at in range(len(data.regions)) if at not in removed]
    if not left:
        raise InputError("CL240", file=run.series, row=1, found="every column is a nuisance signal")
    return tuple(data.regions[at] for at in left), data.values[:, left], nuisance


def _cleaner(
    run: SeriesRun,
    settings: MeasureSettings,
    nuisance: Float64[np.ndarray, "volumes signals"],
    keep: Bool[np.ndarray, " volumes"],
    repetition_time: float | None,
) -> Cleaning | None:
    """Return the operator for every series of the run, None where volumes are dropped and no more."""
    if settings.band_hz is None and not settings.nuisance_regions:
        return None
    return cleaning(nuisance, keep, repetition_time=repetition_time, band=settings.band_hz, file=run.series)


def _with_person(item: Problem, run: SeriesRun) -> Problem:
    return replace(item, participant_id=run.participant_id, session_id=run.session_id)


def _strangers(run: SeriesRun, columns: Sequence[str], atlas: Atlas | None) -> Iterator[Problem]:
    known = {node.name for node in atlas.nodes} if atlas is not None else set(columns)
    unknown = [name for name in columns if name not in known]
    if unknown:
        yield about(run, "CL209", found=f"{len(unknown)} column(s): {', '.join(unknown)}")
