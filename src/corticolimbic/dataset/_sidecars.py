"""Reading what the sidecars of a run state."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from corticolimbic.dataset._runs import ImageRun, SeriesRun
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, problem, read_json


def repetition_time(root: Path, run: SeriesRun | ImageRun) -> tuple[float | None, list[Problem]]:
    """Return the time that the nearest sidecar states (the sampling frequency serves too)."""
    seconds, _, problems = stated_time(root, run)
    return seconds, problems


def stated_time(root: Path, run: SeriesRun | ImageRun) -> tuple[float | None, str, list[Problem]]:
    """Return the repetition time that the nearest sidecar states, that sidecar's name, and what was wrong."""
    problems = []
    for name in run.sidecars:
        try:
            content = read_json(within(root, name))
        except InputError as error:
            problems.append(replace(error.problem, file=name))
            continue
        for key in ("RepetitionTime", "SamplingFrequency"):
            value = _positive(content.get(key))
            if value is not None:
                return (value if key == "RepetitionTime" else 1 / value), name, problems
            if key == "RepetitionTime" and key in content:
                problems.append(problem("CL215", file=name, found=f"{key} {_shown(content[key])}"))
    return None, "", problems


def _shown(value: Any) -> str:
    return (
        repr(value)
        if isinstance(value, (str, int, float)) or value is None
        else f"of type {type(value).__name__}"
    )


def _positive(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and 1e-6 < seconds < 1e6 else None
