"""Commands of the theory room."""

from __future__ import annotations

import math
from argparse import Namespace

from corticolimbic.foundation import SettingsError

_DAYS_A_YEAR = 365.25
_AT_ONCE = 4096
_MOST_YEARS = 100.0


def theory(options: Namespace) -> int:
    """Follow simulated people and write a table of their states."""
    from corticolimbic.theory import CourseTable, draw_people, follow, preset, read_parameters
    from corticolimbic.theory import theory as named
    from corticolimbic.workflow import Progress

    if not (math.isfinite(options.years) and 0 < options.years <= _MOST_YEARS):
        raise SettingsError(f"--years is above 0 and at most {_MOST_YEARS:g}, not {options.years}")
    part = named(options.theory)
    if options.parameters is not None:
        parameters = read_parameters(options.parameters, theory=options.theory)
    else:
        parameters = preset(options.preset, theory=options.theory)
    outputs = tuple(name.strip() for name in options.outputs.split(","))
    path = options.out / "theory" / "courses.parquet"
    firsts = range(0, options.people, _AT_ONCE)
    progress = Progress(quiet=options.quiet)
    title = f"Following {options.people} people (blocks of {_AT_ONCE})"
    with CourseTable(path, parameters, part) as table, progress.count(title, len(firsts)) as advance:
        for first in firsts:
            n = min(_AT_ONCE, options.people - first)
            people = draw_people(parameters, n, options.seed, first=first)
            course = follow(
                people,
                days=round(options.years * _DAYS_A_YEAR),
                theory=part,
                outputs=outputs,
                noise=not options.no_noise,
                at=options.every,
                threads=options.jobs,
            )
            table.add(course)
            advance()
    print(f"{options.people} simulated people (theory {part.name}, parameters {parameters.digest}): {path}")
    return 0
