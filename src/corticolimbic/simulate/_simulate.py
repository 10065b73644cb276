"""A virtual study on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from corticolimbic.foundation import (
    parallel_map,
    write_text,
)
from corticolimbic.simulate._brain import brain
from corticolimbic.simulate._change_truth import write_change_truth
from corticolimbic.simulate._claim import claim
from corticolimbic.simulate._group_truth import write_group_truth
from corticolimbic.simulate._people import person
from corticolimbic.simulate._planted import check_planted
from corticolimbic.simulate._session import SessionWork, is_complete, write_session
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._study import (
    participants_header,
    participants_row,
    truth_header,
    truth_row,
    write_person,
    write_study,
)
from corticolimbic.simulate._truth import HOW

ALGORITHM = 1
"""Bumped whenever the same settings give another dataset."""


def simulate(
    out: Path,
    settings: SimulateSettings,
    *,
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a longitudinal multi-centre study of virtual people, with its truth.

    Files are those that fMRIPrep leaves (or tables of cleaned region series), a participants table, pain
    ratings by visit, a configuration, and ``truth/``. The same settings give the same files, whatever the
    number of processes (compressed images: on machines with the same compressor). Sessions that an earlier
    call with the same settings wrote are kept.

    Parameters
    ----------
    out
        Folder: new, empty, or of an earlier simulation with these settings.
    settings
        The study.
    n_jobs
        Processes; each holds one session at a time.
    progress
        Called with the numbers of sessions done and to do, at first and after each session.

    Returns
    -------
    Path
        The configuration for ``corticolimbic run``: ``out / "code" / "config.yaml"``.

    Raises
    ------
    SettingsError
        Where the settings make no stable network, or the folder holds something else.
    """
    check_planted(settings)
    mark = claim(out, {"settings": settings.told()}, ALGORITHM, HOW)
    config = write_study(out, settings)
    space = brain(settings.grid_mm, settings.space)
    work: list[SessionWork] = []
    rows, truths = [participants_header(settings)], [truth_header(settings)]
    for index in range(settings.people):
        one = person(settings, index)
        rows.append(participants_row(settings, one))
        truths.append(truth_row(settings, one))
        write_person(out, settings, one)
        work += [SessionWork(out, settings, one, month, space, mark) for month in one.months]
    write_text(out / "participants.tsv", "\n".join(rows) + "\n")
    write_text(out / "truth" / "people.tsv", "\n".join(truths) + "\n")
    todo = [item for item in work if not is_complete(item)]
    done = len(work) - len(todo)
    if progress is not None:
        progress(done, len(work))
    for _ in parallel_map(write_session, todo, n_jobs=n_jobs):
        done += 1
        if progress is not None:
            progress(done, len(work))
    write_group_truth(out, settings)
    if settings.longitudinal or settings.months:
        write_change_truth(out, settings)
    return config
