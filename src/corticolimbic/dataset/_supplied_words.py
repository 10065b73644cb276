"""Whether what a supplied feature is called is registered: measure, target, statistic and unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from corticolimbic.features import Measure, TargetError, known_target, measure, measures
from corticolimbic.foundation import Problem, SettingsError, problem

NEEDED = ("measure", "target", "value")
_Refused = tuple[str, str, str]
"""Code of the problem, what was found, and a remedy of its own."""


@dataclass(frozen=True)
class Called:
    """A feature by registered names."""

    measure: Measure
    target: str
    statistic: str
    unit: str


@dataclass
class Words:
    """Names as one table writes them, each combination looked up once.

    Parameters
    ----------
    file
        The table, as problems name it.
    """

    file: str
    _known: dict[tuple[str, ...], Called | _Refused] = field(default_factory=dict)
    _refused: dict[_Refused, tuple[int | str, int]] = field(default_factory=dict)

    def called(
        self, name: str, target: str, statistic: str, unit: str, atlas: str, row: int | str
    ) -> Called | None:
        """Return the feature, or None, having noted why it cannot be used and where it first stands."""
        key = (name, target, statistic, unit, atlas)
        if key not in self._known:
            self._known[key] = _look_up(*key)
        found = self._known[key]
        if isinstance(found, Called):
            return found
        first, count = self._refused.get(found, (row, 0))
        self._refused[found] = (first, count + 1)
        return None

    def problems(self) -> list[Problem]:
        """Return one problem for each name that could not be used, with the first row and their number."""
        return [
            problem(code, file=self.file, row=row, found=f"{found} ({_rows(count)})", remedy=remedy)
            for (code, found, remedy), (row, count) in self._refused.items()
        ]


def _look_up(name: str, target: str, statistic: str, unit: str, atlas: str) -> Called | _Refused:
    try:
        known = measure(name)
    except SettingsError as error:
        return "CL281", str(error), ""
    if not known.supplied:
        found = f"measure {name!r}, which describes images that are read here"
        return "CL281", found, "leave the rows out"
    if statistic and statistic not in known.statistics:
        found = f"statistic {statistic[:40]!r} of {name}; there are {', '.join(known.statistics)}"
        return "CL281", found, ""
    if unit and unit not in known.units:
        found = f"unit {unit[:40]!r} of {name}; there are {', '.join(known.units)}"
        return "CL287", found, ""
    try:
        resolved = str(known_target(target, atlas))
    except TargetError as error:
        return "CL282", str(error), ""
    return Called(known, resolved, statistic or known.statistics[0], unit or known.units[0])


def _rows(count: int) -> str:
    return f"{count} value(s)"


def registered() -> str:
    """Return the names of all measures that may be supplied, for people."""
    return ", ".join(name for name, item in measures().items() if item.supplied)
