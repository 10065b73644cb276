"""Whose run a file name says it is, and what happens where two files say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from corticolimbic.dataset._names import FileName
from corticolimbic.dataset._runs import NO_SESSION, NOT_GIVEN
from corticolimbic.foundation import Problem, problem


def ids(name: FileName) -> tuple[str, str]:
    """Return participant and session, with prefix."""
    session = name.entities.get("ses")
    return f"sub-{name.entities['sub']}", f"ses-{session}" if session else NO_SESSION


def run_key(name: FileName) -> tuple[str, str, str, str, str, str]:
    """Return participant, session, task, run, acquisition and space, by which tables are joined."""
    task, run, acq, space = (name.entities.get(key, NOT_GIVEN) for key in ("task", "run", "acq", "space"))
    return *ids(name), task, run, acq, space


def segmentation(name: FileName) -> str:
    """Return the label of the segmentation (``atlas-`` is an older way to say it)."""
    return name.entities.get("seg") or name.entities.get("atlas", NOT_GIVEN)


def alone(names: Iterable[FileName], problems: list[Problem]) -> Iterator[FileName]:
    """Yield the files that are the only ones to claim their run; the others become problems."""
    claims: dict[tuple[str, ...], list[FileName]] = defaultdict(list)
    for name in names:
        claims[*run_key(name), segmentation(name)].append(name)
    for (participant, session, *_), claimants in claims.items():
        if len(claimants) == 1:
            yield claimants[0]
            continue
        for name in claimants:
            others = ", ".join(other.path for other in claimants if other is not name)
            problems.append(
                problem(
                    "CL113",
                    participant_id=participant,
                    session_id=session,
                    file=name.path,
                    found=f"the same run in {others}",
                )
            )
