"""What a scan finds: runs, grouped by session."""

from __future__ import annotations

from dataclasses import dataclass, field

from corticolimbic.dataset._structure_files import NO_SESSION as NO_SESSION
from corticolimbic.dataset._structure_files import NOT_GIVEN as NOT_GIVEN
from corticolimbic.dataset._structure_files import StructureSession
from corticolimbic.foundation import Problem


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


@dataclass(frozen=True, order=True)
class ImageRun:
    """What a run has whether its preprocessed signal comes as volumes or as grayordinates.

    Parameters
    ----------
    participant_id, session_id, task, run, acq, space
        As in `SeriesRun`.
    bold
        Path of the image relative to the dataset, as on disk.
    confounds, confounds_sidecar
        Paths of fMRIPrep's table of confounds beside the image, and of the JSON file of the same name, or
        None.
    sidecars
        Paths of the JSON files that apply to the image by BIDS inheritance, nearest first.
    """

    participant_id: str
    session_id: str
    task: str
    run: str
    acq: str
    space: str
    bold: str
    confounds: str | None = field(default=None, kw_only=True)
    confounds_sidecar: str | None = field(default=None, kw_only=True)
    sidecars: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def sidecar(self) -> str | None:
        """The nearest JSON file, or None."""
        return self.sidecars[0] if self.sidecars else None

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that reading this run may touch."""
        named = (self.bold, self.confounds, self.confounds_sidecar)
        return (*(name for name in named if name), *self.sidecars)


@dataclass(frozen=True, order=True)
class BoldRun(ImageRun):
    """One run's preprocessed BOLD image in the space that is measured, with the files that belong to it.

    Parameters
    ----------
    participant_id, session_id, task, run, acq, space, bold, confounds, confounds_sidecar, sidecars
        As in `ImageRun`.
    mask
        Path of the brain mask with the same entities, space and resolution, or None.
    aroma
        Path of the image that ICA-AROMA denoised (``desc-smoothAROMAnonaggr``) in the same space, or None.
    """

    mask: str | None = field(default=None, kw_only=True)
    aroma: str | None = field(default=None, kw_only=True)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that reading this run may touch: images, mask, confounds, sidecars."""
        named = (self.bold, self.mask, self.confounds, self.confounds_sidecar, self.aroma)
        return (*(name for name in named if name), *self.sidecars)


@dataclass(frozen=True, order=True)
class CiftiRun(ImageRun):
    """One run's preprocessed signal on grayordinates: vertices of the cortex, voxels below it.

    Parameters
    ----------
    participant_id, session_id, task, run, acq, space, bold, confounds, confounds_sidecar, sidecars
        As in `ImageRun`; ``bold`` ends in ``.dtseries.nii``.
    density
        Label after ``den-``, for instance ``91k``; ``n/a`` where absent.
    """

    density: str = field(default=NOT_GIVEN, kw_only=True)


AnyRun = SeriesRun | BoldRun | CiftiRun
"""Whatever is measured."""


@dataclass(frozen=True)
class SessionFiles:
    """The runs of one person's session, region series first, sorted; a session is the unit of work."""

    participant_id: str
    session_id: str
    runs: tuple[AnyRun, ...]


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
        Everyone with a series, a preprocessed image or structure, also one that was set aside; sorted.
    structure
        Sessions with files of volumes or thickness, sorted.
    """

    sessions: tuple[SessionFiles, ...]
    problems: tuple[Problem, ...]
    participants_seen: tuple[str, ...] = ()
    structure: tuple[StructureSession, ...] = ()

    @property
    def runs(self) -> tuple[AnyRun, ...]:
        """All runs in order."""
        return tuple(run for session in self.sessions for run in session.runs)

    @property
    def n_sessions(self) -> int:
        """Sessions with runs or structure."""
        files: tuple[SessionFiles | StructureSession, ...] = (*self.sessions, *self.structure)
        return len({(session.participant_id, session.session_id) for session in files})
