"""What a scan finds of structure: files of volumes and thickness, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NO_SESSION = "ses-none"
"""Session of files that name none."""
NOT_GIVEN = "n/a"
"""Label of an entity that a file name lacks."""
Hemisphere = Literal["", "L", "R"]
StructureKind = Literal["stats", "volumes", "table", "first", "cat"]
AS_GIVEN, LONGITUDINAL = "as-given", "longitudinal"


@dataclass(frozen=True, order=True)
class StructureFile:
    """A file with volumes or thickness of one person's session, or of many people.

    Parameters
    ----------
    participant_id, session_id
        With prefix; ``ses-none`` where the folder or file names no session.
    path
        Relative to the dataset, as on disk.
    kind
        How it is read: ``stats`` (FreeSurfer and FastSurfer), ``volumes`` (subfields: a name and a number a
        line), ``table`` (people in rows), ``first`` (fslstats), ``cat`` (CAT12's XML).
    atlas
        Of the labels; empty where only the content tells.
    hemisphere
        Of the whole file; empty where the labels tell.
    acq, run
        Labels as written; ``n/a`` where absent.
    stream
        ``longitudinal`` where FreeSurfer's longitudinal stream made it: never pooled with the other.
    row
        Of a table of many people: its first cell, as written.
    analysis
        Which images and which version of the method made it (``T1 v21`` of subfields), as the name says.
    """

    participant_id: str
    session_id: str
    path: str
    kind: StructureKind
    atlas: str = ""
    hemisphere: Hemisphere = ""
    acq: str = NOT_GIVEN
    run: str = NOT_GIVEN
    stream: str = AS_GIVEN
    row: str = ""
    analysis: str = ""


@dataclass(frozen=True)
class StructureSession:
    """The structure files of one person's session, sorted; the unit of work."""

    participant_id: str
    session_id: str
    files: tuple[StructureFile, ...]
