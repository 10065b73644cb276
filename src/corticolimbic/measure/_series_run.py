"""A run that comes as a table of region series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from corticolimbic.circuit import Atlas
from corticolimbic.dataset import SeriesRun, read_motion, read_series
from corticolimbic.foundation import InputError, Problem, hash_json
from corticolimbic.measure._censoring import keep_volumes, largest_displacement, mean_displacement
from corticolimbic.measure._connectivity import standardise
from corticolimbic.measure._covariance import spread_as_given
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
    """Read and censor a table of region series.

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
    volumes = len(data.values)
    keep, mean_fd, max_fd = np.ones(volumes, dtype=bool), float("nan"), float("nan")
    if run.motion:
        motion = read_motion(root, run, volumes)
        problems += [_with_person(item, run) for item in motion.problems]
        displacement = motion.framewise_displacement
        mean_fd, max_fd = mean_displacement(displacement), largest_displacement(displacement)
        if settings.fd_threshold is not None:
            keep = keep_volumes(displacement, settings.fd_threshold)
    elif settings.fd_threshold is not None:
        raise InputError("CL206", file=run.series, found="no motion table with the same entities")
    series, usable = standardise(data.values[keep])
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
    measured = MeasuredRun(
        key=key,
        file=run.series,
        nodes=data.regions,
        series=series,
        usable=usable,
        coverage=usable.astype(np.float64),
        atlas=atlas,
        n_before=volumes,
        rank=1,
        mean_fd=mean_fd,
        inputs=hash_json(files)[:12],
        repetition_time=data.repetition_time if data.repetition_time is not None else repetition_time,
        fluctuating=as_given(data.values, keep) if settings.fluctuations else None,
        volumes=np.flatnonzero(keep),
        spread=spread_as_given(data.values[keep]),
        max_fd=max_fd,
    )
    problems += measured.losses(run)
    problems += _strangers(run, measured.nodes, atlas)
    return measured


def _with_person(item: Problem, run: SeriesRun) -> Problem:
    return replace(item, participant_id=run.participant_id, session_id=run.session_id)


def _strangers(run: SeriesRun, columns: Sequence[str], atlas: Atlas | None) -> Iterator[Problem]:
    known = {node.name for node in atlas.nodes} if atlas is not None else set(columns)
    unknown = [name for name in columns if name not in known]
    if unknown:
        yield about(run, "CL209", found=f"{len(unknown)} column(s): {', '.join(unknown)}")
