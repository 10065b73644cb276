"""In which of the four phases people are: read from their dynamics, not from their labels."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64

from corticolimbic.foundation import SettingsError
from corticolimbic.theory._fixed_points import fixed_points
from corticolimbic.theory._integrate import Course, follow
from corticolimbic.theory._people import People
from corticolimbic.theory._theories import Theory
from corticolimbic.theory._theories import theory as named_theory

PHASES = ("predisposition", "injury", "transition", "maintenance")
"""The four phases in their order; codes are places in it."""
PHASE_OUTPUTS = (
    "pain",
    "nociception",
    "memory_drive",
    "opponent_drive",
    "coupling",
    "value",
    "memory",
    "antireward",
    "reward",
    "pituitary",
    "adrenal",
)
"""What a course must have kept for its phases to be told."""
_STATES = PHASE_OUTPUTS[4:]


def self_sustaining(
    people: People, course: Course, theory: Theory | str = "full", *, settle_days: int = 1096
) -> Bool[np.ndarray, "people times"]:
    """Tell whose pain would stay if all input, fluctuation and treatment ended at that time.

    The state is in the basin of the upper fixed point: followed without input and noise for ``settle_days``,
    pain ends above the separatrix. Nobody without an upper fixed point is followed.

    Parameters
    ----------
    people
        Who, in the order of the course.
    course
        With :data:`PHASE_OUTPUTS`.
    theory
        Parts at work, or the name of a theory.
    settle_days
        How long.

    Raises
    ------
    SettingsError
        Where course and people do not belong together, or outputs are missing.
    """
    _belong(people, course)
    points = fixed_points(people, theory)
    who, when = np.nonzero(np.repeat(points.bistable[:, None], len(course.days), axis=1))
    stays = np.zeros((len(people), len(course.days)), dtype=bool)
    if len(who):
        start = {name: np.ascontiguousarray(course.of(name)[who, when]) for name in _STATES}
        ended = follow(
            people.take(who).unhurt(), days=settle_days, at=[settle_days], theory=theory, start=start
        )
        stays[who, when] = ended.values[:, 0, 0] > points.separatrix[who]
    return stays


def phases(
    people: People,
    course: Course,
    theory: Theory | str = "full",
    *,
    floor: float = 0.05,
    settle_days: int = 1096,
) -> Int64[np.ndarray, "people times"]:
    """Return the phase of each person at each time, as a place in :data:`PHASES`.

    *Predisposition*: no pain, and none that would hold itself (whoever recovered is there again). Of people
    in pain, two questions: is most of the drive central (memory, opponents), and would pain stay without
    input (:func:`self_sustaining`)? *Injury* is neither, *transition* one of the two, *maintenance* both.

    Parameters
    ----------
    people, course, theory, settle_days
        As in :func:`self_sustaining`.
    floor
        Pain below which there is none, from 0 to 1.

    Raises
    ------
    SettingsError
        As there, and where the floor is impossible.
    """
    if not 0 < floor < 1:
        raise SettingsError(f"the floor of pain lies between 0 and 1, not at {floor}")
    part = named_theory(theory) if isinstance(theory, str) else theory
    stays = self_sustaining(people, course, part, settle_days=settle_days)
    central = course.of("memory_drive") + course.of("opponent_drive") > course.of("nociception")
    there = (course.of("pain") >= floor) | stays
    return np.where(there, 1 + stays.astype(np.int64) + central, 0)


def _belong(people: People, course: Course) -> None:
    missing = [name for name in PHASE_OUTPUTS if name not in course.outputs]
    if missing:
        raise SettingsError(f"phases need a course that kept {', '.join(missing)} too")
    if not np.array_equal(people.person, course.person):
        raise SettingsError("people and course do not belong together")
