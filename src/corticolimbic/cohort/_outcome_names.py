"""What the primary outcomes will be called, known from the settings before there is any data."""

from __future__ import annotations

from corticolimbic.cohort._absolute_outcome import level_name
from corticolimbic.cohort._relative_outcome import threshold_name
from corticolimbic.cohort._settings import Outcome


def primary_outcomes(settings: Outcome) -> dict[str, bool]:
    """Return the name of each primary outcome, and whether it is a class; empty where none is asked for.

    Examples
    --------
    >>> from corticolimbic.cohort import Outcome
    >>> primary_outcomes(Outcome(family="column", column="pain_sensitivity"))
    {'pain_sensitivity': False}
    """
    if settings.family == "column":
        return {settings.column or "": settings.positive is not None}
    if not settings.of_ratings:
        return {}
    relative = settings.family == "relative"
    name = threshold_name(settings.threshold) if relative else level_name(settings.level)
    return {name: True, "final_pain": False}
