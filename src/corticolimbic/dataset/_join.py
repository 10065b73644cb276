"""Joining people in the table to people with files."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from corticolimbic.dataset._participants import FILE, Participants
from corticolimbic.dataset._runs import Scan
from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.foundation import Problem, problem


def check_join(
    scan: Scan, participants: Participants, settings: DatasetSettings, supplied: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Return who is in the table without files (CL305) and who has files without a row (CL306).

    People whose rows contradict each other (CL303), and everyone where there is no usable table, are not
    named again.

    Parameters
    ----------
    scan
        From `scan`: everyone with a series counts, also with one that was set aside.
    participants
        From `read_participants`.
    settings
        ``allow_missing_imaging`` leaves CL305 out.
    supplied
        Everyone with features that others computed, who needs no files.
    """
    return tuple(sorted(_unmatched(scan, participants, settings, supplied))) if participants.usable else ()


def _unmatched(
    scan: Scan, participants: Participants, settings: DatasetSettings, supplied: Collection[str]
) -> Iterator[Problem]:
    seen = set(scan.participants_seen)
    if not settings.allow_missing_imaging:
        for person in sorted(set(participants.ids) - seen - set(supplied)):
            yield problem("CL305", participant_id=person, file=FILE, found=f"no series of {person}")
    for person in sorted(seen - set(participants.ids) - set(participants.set_aside)):
        yield problem("CL306", participant_id=person, file=FILE, found=f"no row of {person}")
