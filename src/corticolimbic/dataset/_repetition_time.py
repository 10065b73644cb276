"""The repetition time of an image: stated in up to three places, in seconds or it is refused."""

from __future__ import annotations

import math
from pathlib import Path

from corticolimbic.dataset._runs import ImageRun
from corticolimbic.dataset._sidecars import stated_time
from corticolimbic.foundation import InputError, Problem, problem

SHORTEST, LONGEST = 0.05, 60.0
"""Seconds between which a repetition time is believed; milliseconds lie above."""
_AGREE = 0.01
"""Relative difference up to which two statements agree (headers round)."""


def bold_repetition_time(
    root: Path, run: ImageRun, in_header: float, given: float | None
) -> tuple[float, list[Problem]]:
    """Return the repetition time in seconds, and what was noted.

    The sidecars come first, then the caller's, then the header's.

    Parameters
    ----------
    root, run
        Where the sidecars are.
    in_header
        Seconds by the header's time step and units; 0 or NaN where it states none.
    given
        What the user says of runs whose sidecar states none.

    Raises
    ------
    InputError
        CL224 (stated nowhere), CL225 (no time in seconds).
    """
    time, source, notes = stated_time(root, run)
    if time is None:
        time, source = (in_header, run.bold) if given is None else (given, "")
    if not math.isfinite(time) or time <= 0:
        raise InputError("CL224", file=run.bold, found=f"no sidecar with it, and a time step of {time:g}")
    words = not_seconds(time)
    if words:
        where = {run.bold: " in the header", "": " in the settings"}.get(source, "")
        raise InputError("CL225", file=source or run.bold, found=words.replace(" ", f"{where} ", 1))
    if in_header > 0 and not math.isclose(in_header, time, rel_tol=_AGREE):
        found = f"{time:g} s is used; the header says {in_header:g} s"
        notes.append(problem("CL226", file=run.bold, found=found))
    return time, notes


def not_seconds(time: float) -> str:
    """Say what is wrong with a repetition time that can be none in seconds; empty where nothing is.

    Parameters
    ----------
    time
        As stated.
    """
    if SHORTEST <= time <= LONGEST:
        return ""
    guess = (
        "milliseconds?" if SHORTEST <= time / 1000 <= LONGEST else f"not between {SHORTEST:g} and {LONGEST:g}"
    )
    return f"{time:g} ({guess})"
