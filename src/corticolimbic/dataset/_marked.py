"""Leaving out runs that a study's reviewers marked as unusable."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from corticolimbic.dataset._runs import Scan


def without_runs(scan: Scan, marked: Collection[tuple[str, str, str, str]]) -> Scan:
    """Return a scan without the runs named; sessions that are left with none go too.

    Parameters
    ----------
    scan
        From `scan`.
    marked
        participant_id, session_id, task and run of each; ``run-1`` and ``run-01`` are the same run, and a run
        without number is ``n/a``.
    """
    if not marked:
        return scan
    unusable = {(person, session, task, _plain(run)) for person, session, task, run in marked}
    sessions = []
    for session in scan.sessions:
        kept = tuple(
            run
            for run in session.runs
            if (run.participant_id, run.session_id, run.task, _plain(run.run)) not in unusable
        )
        if kept:
            sessions.append(replace(session, runs=kept))
    return replace(scan, sessions=tuple(sessions))


def _plain(run: str) -> str:
    return run.lstrip("0") or "0" if run.isdecimal() else run
