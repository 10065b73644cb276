"""What a scan finds: runs, grouped by session."""

from __future__ import annotations

from dataclasses import dataclass

from corticolimbic.foundation import Problem

NO_SESSION = "ses-none"
"""Session of files that name none."""
NOT_GIVEN = "n/a"
"""Label of an entity that a file name lacks."""


@dataclass(frozen=True, order=True)
class SeriesRun:
    """One run's region series, with the files that belong to it.

    Parameters
    ----------
    participant_id, session_id
        With prefix; ``ses-none`` where the name has no session.
    task, run, acq, space
        Labels as written (``01`` stays ``01``), NFC-normalised; ``n/a`` where absent.
    atlas
        Label after ``seg-``.
    series
        Path of the table relative to the dataset, as on disk.
    motion
        Path of the motion table, or None.
    sidecars
        Paths of the JSON files that apply by BIDS inheritance, nearest first.
    """

    participant_id: str
    session_id: str
    task: str
    run: str
    acq: str
    space: str
    atlas: str
    series: str
    motion: str | None = None
    sidecars: tuple[str, ...] = ()

    @property
    def sidecar(self) -> str | None:
        """The nearest JSON file, or None."""
        return self.sidecars[0] if self.sidecars else None

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that reading this run touches: series, motion, sidecars."""
        return (self.series, *([self.motion] if self.motion else []), *self.sidecars)


@dataclass(frozen=True)
class SessionFiles:
    """The runs of one person's session, sorted; a session is the unit of work."""

    participant_id: str
    session_id: str
    runs: tuple[SeriesRun, ...]


@dataclass(frozen=True)
class Scan:
    """What a dataset holds.

    Parameters
    ----------
    sessions
        Sorted by participant and session.
    problems
        What was found wrong with names, links and folders; nothing was opened yet.
    participants_seen
        Everyone with a series file, also one that was set aside; sorted.
    """

    sessions: tuple[SessionFiles, ...]
    problems: tuple[Problem, ...]
    participants_seen: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[SeriesRun, ...]:
        """All runs in order."""
        return tuple(run for session in self.sessions for run in session.runs)
