"""The files that belong to a series: its motion table and the sidecars that apply to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from corticolimbic.dataset._names import FileName
from corticolimbic.foundation import Problem, problem

_OF_SERIES = ("seg", "atlas", "stat")
_OF_SPACE = ("space", "cohort", "res", "den")


class Companions:
    """Motion tables and sidecars of a dataset, indexed so that each series finds its own."""

    def __init__(self, sidecars: Iterable[FileName], motion: Iterable[FileName]) -> None:
        self._motion: dict[frozenset, list[str]] = defaultdict(list)
        self._sidecars: dict[tuple[str, str], list[FileName]] = defaultdict(list)
        for name in motion:
            self._motion[name.without()].append(name.path)
        for name in sidecars:
            self._sidecars[name.folder, name.entities.get("sub", "")].append(name)

    def motion(self, series: FileName) -> tuple[str | None, Problem | None]:
        """Return the motion table with the series' entities, except those of segmentation and space.

        The most alike wins: with the same space first, then without, then without ``desc``. Of several
        equal ones, the one beside the series is taken; if that does not settle it, none is, and the
        problem says so.
        """
        dropped: tuple[str, ...] = _OF_SERIES
        for more in ((), _OF_SPACE, ("desc",)):
            dropped += more
            paths = self._motion.get(series.without(*dropped), [])
            beside = [path for path in paths if path.rpartition("/")[0] == series.folder]
            choice = beside or paths
            if len(choice) == 1:
                return choice[0], None
            if choice:
                found = "several motion tables for one series: " + ", ".join(sorted(choice))
                return None, problem("CL113", file=series.path, found=found)
        return None, None

    def sidecars(self, series: FileName) -> tuple[str, ...]:
        """Return the JSON files whose entities the series shares, from its folder up to the root."""
        own = series.without()
        folder, chosen = series.folder, list[str]()
        while True:
            names = self._sidecars.get((folder, series.entities["sub"]), [])
            names = names + self._sidecars.get((folder, ""), [])
            fitting = [name for name in names if name.without() <= own]
            fitting.sort(key=lambda name: (-len(name.pairs), name.path))
            chosen += [name.path for name in fitting]
            if not folder:
                return tuple(chosen)
            folder = folder.rpartition("/")[0]
