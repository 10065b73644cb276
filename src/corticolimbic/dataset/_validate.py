"""Every problem of a dataset at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from corticolimbic.dataset._bold import check_volumes, read_bold_header
from corticolimbic.dataset._cifti import check_grayordinates, read_cifti_header
from corticolimbic.dataset._confounds import read_confounds
from corticolimbic.dataset._description import read_description
from corticolimbic.dataset._join import check_join
from corticolimbic.dataset._mask import read_mask
from corticolimbic.dataset._motion import read_motion
from corticolimbic.dataset._participants import Participants, read_participants
from corticolimbic.dataset._runs import AnyRun, BoldRun, CiftiRun, ImageRun, SeriesRun
from corticolimbic.dataset._scan import scan
from corticolimbic.dataset._series import read_series
from corticolimbic.dataset._session_tables import read_sessions_tables
from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.dataset._structure_files import StructureSession
from corticolimbic.dataset._structure_read import read_structure
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, parallel_map, problem, read_json


def validate(
    root: Path,
    settings: DatasetSettings | None = None,
    *,
    n_jobs: int = 1,
    people: Participants | None = None,
    supplied: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Read every file of a dataset and return all that is wrong with it, sorted; never stops at the first.

    Parameters
    ----------
    root
        Folder of the dataset.
    settings
        Which tasks, segmentations and spaces are asked for.
    n_jobs
        Processes that read runs.
    people
        The people, where clinical sources say who they are; by default those of participants.tsv.
    supplied
        Everyone with features that others computed, who needs no files.
    """
    settings = settings or DatasetSettings()
    found = scan(root, settings, optional=bool(supplied))
    people = people or read_participants(root)
    problems = [
        *found.problems,
        *people.problems,
        *check_join(found, people, settings, supplied),
        *read_sessions_tables(root).problems,
        *read_description(root).problems,
    ]
    readable = 0
    for _, (used, rows) in parallel_map(partial(_check_run, root, settings), found.runs, n_jobs=n_jobs):
        readable += used
        problems += rows
    for _, (used, rows) in parallel_map(partial(_check_structure, root), found.structure, n_jobs=n_jobs):
        readable += used
        problems += rows
    if (found.runs or found.structure) and not readable:
        structure = f" and structure of {len(found.structure)} sessions" if found.structure else ""
        problems.append(
            problem("CL802", found=f"{len(found.runs)} runs{structure}, none of which can be read")
        )
    return tuple(sorted(set(problems)))


def _check_structure(root: Path, session: StructureSession) -> tuple[bool, list[Problem]]:
    """Read every file of a session's structure; return whether one can be read, and what is wrong."""
    problems: list[Problem] = []
    readable = False
    for file in session.files:
        try:
            problems += (item for _, table in read_structure(root, file) for item in table.problems)
            readable = True
        except InputError as error:
            problems.append(error.about(file.participant_id, file.session_id))
    return readable, problems


def _check_run(root: Path, settings: DatasetSettings, run: AnyRun) -> tuple[bool, list[Problem]]:
    """Read one run; return whether its signal can be read, and what is wrong."""
    if isinstance(run, BoldRun):
        return _check_bold(root, settings, run)
    if isinstance(run, CiftiRun):
        return _check_cifti(root, settings, run)
    try:
        series = read_series(root, run)
    except InputError as error:
        return False, [error.about(run.participant_id, run.session_id)]
    return True, [*series.problems, *_check_motion(root, run, len(series.values))]


def _check_bold(root: Path, settings: DatasetSettings, run: BoldRun) -> tuple[bool, list[Problem]]:
    """Read an image to its end, its mask, its confounds and their sidecar."""
    who = run.participant_id, run.session_id
    try:
        header = read_bold_header(root, run, repetition_time=settings.repetition_time)
        check_volumes(root, run)
    except InputError as error:
        return False, [error.about(*who)]
    problems = list(header.problems)
    try:
        if run.mask is not None:
            read_mask(root, run, header)
    except InputError as error:
        problems.append(error.about(*who))
    return True, [*problems, *_check_confounds(root, run, header.n_volumes)]


def _check_cifti(root: Path, settings: DatasetSettings, run: CiftiRun) -> tuple[bool, list[Problem]]:
    """Read a CIFTI file to its end, its confounds and their sidecar."""
    try:
        header = read_cifti_header(root, run, repetition_time=settings.repetition_time)
        check_grayordinates(root, run)
    except InputError as error:
        return False, [error.about(run.participant_id, run.session_id)]
    return True, [*header.problems, *_check_confounds(root, run, header.n_volumes)]


def _check_confounds(root: Path, run: ImageRun, n_volumes: int) -> Iterator[Problem]:
    who = run.participant_id, run.session_id
    try:
        if run.confounds is not None:
            yield from read_confounds(root, run, n_volumes).problems
    except InputError as error:
        yield error.about(*who)
    if run.confounds_sidecar is not None:
        try:
            read_json(within(root, run.confounds_sidecar))
        except InputError as error:
            yield replace(error.about(*who), file=run.confounds_sidecar)


def _check_motion(root: Path, run: SeriesRun, n_volumes: int) -> Iterator[Problem]:
    if run.motion is None:
        who = {"participant_id": run.participant_id, "session_id": run.session_id}
        found = "no *_motion.tsv; the run can only be used without censoring"
        yield problem("CL206", file=run.series, found=found, severity="info", **who)
        return
    try:
        yield from read_motion(root, run, n_volumes).problems
    except InputError as error:
        yield error.about(run.participant_id, run.session_id)
