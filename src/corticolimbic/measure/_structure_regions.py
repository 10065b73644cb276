"""From the labels of an atlas to regions: sums of volumes and areas, weighted means of thickness."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from corticolimbic.foundation import shipped_rows
from corticolimbic.measure._structure_map import UNSIDED, StructureAtlas

Labels = dict[str, dict[str, dict[str, float]]]
"""Hemisphere of the file (empty: of no one) to label to measure to value."""
_WORDS = {"L": "left", "R": "right", "M": ""}
_MEASURES = ("volume", "area", "thickness")


@dataclass(frozen=True)
class RegionValue:
    """One number of a region.

    Parameters
    ----------
    measure, target, statistic
        As in the table of features.
    value
        In mm, mm^2 or mm^3, or a count; NaN where ``qc`` says why.
    coverage
        Share of the region's labels that have a value.
    n_voxels
        Voxels behind it, -1 where unknown.
    qc
        ``ok``, or why the value is missing or doubtful.
    why
        Code of the problem that says so, or empty.
    about
        What that problem names.
    """

    measure: str
    target: str
    statistic: str
    value: float
    coverage: float = 1.0
    n_voxels: int = -1
    qc: str = "ok"
    why: str = ""
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Side:
    """A region in one hemisphere, or in both where the file says it of both."""

    value: float
    area: float
    n: float
    coverage: float
    qc: str
    why: str
    about: tuple[str, ...]


def region_values(
    atlas: StructureAtlas, labels: Labels, unusable: Mapping[tuple[str, str, str], str]
) -> Iterator[RegionValue]:
    """Yield every region of an atlas: left, right and both, by every measure that the files hold.

    Parameters
    ----------
    atlas
        Labels of each region.
    labels
        What the files say.
    unusable
        Hemisphere of the file, label and measure to why a value was left out.
    """
    stated = _stated(labels)
    for region, sides in atlas.parts.items():
        whole = all(name.startswith("#") for parts in sides.values() for names in parts for name in names)
        for measure in _measures_of(atlas, sides, labels) if whole else stated:
            made = {
                side: _side(atlas, side, parts, measure, labels, unusable) for side, parts in sides.items()
            }
            statistic = "mean" if measure == "thickness" else "total" if whole else "sum"
            for side in ("L", "R"):
                if side in made:
                    yield _told(f"{region}_{side}", region, measure, statistic, made[side])
            if UNSIDED in made:
                yield _told(region, region, measure, statistic, made[UNSIDED])
            elif len(made) == 2:
                yield _told(region, "", measure, statistic, _both(measure, made["L"], made["R"]))


def euler_values(labels: Labels) -> Iterator[RegionValue]:
    """Yield holes of the surfaces and the Euler number (2 - 2 holes a hemisphere), where the file has them.

    Rosen et al. 2018, NeuroImage 169:407: the Euler number stands for the quality of the image.
    """
    for here in labels.values():
        counts = {side: here.get(f"#{hemi}SurfaceHoles", {}).get("count") for hemi, side in _HEMIS}
        known = {side: count for side, count in counts.items() if count is not None}
        for side, count in known.items():
            yield RegionValue("surface_holes", f"Cortex_{side}", "total", count)
            yield RegionValue("euler", f"Cortex_{side}", "total", 2 - 2 * count)
        if len(known) == 2:
            yield RegionValue("surface_holes", "Cortex", "total", sum(known.values()))
            yield RegionValue("euler", "Cortex", "total", 4 - 2 * sum(known.values()))


_HEMIS = (("lh", "L"), ("rh", "R"))


def _stated(labels: Labels) -> tuple[str, ...]:
    """Return the measures that any label of the files has."""
    known = {
        measure
        for here in labels.values()
        for label, values in here.items()
        if not label.startswith("#")
        for measure in values
    }
    return tuple(measure for measure in _MEASURES if measure in known)


def _measures_of(
    atlas: StructureAtlas, sides: Mapping[str, tuple[tuple[str, ...], ...]], labels: Labels
) -> tuple[str, ...]:
    """Return the measures of what is said of whole hemispheres or brains."""
    names = {name for parts in sides.values() for alternatives in parts for name in alternatives}
    known = {measure for here in labels.values() for name in names for measure in here.get(name, {})}
    found = tuple(measure for measure in _MEASURES if measure in known)
    return found or (("thickness", "area") if atlas.by_file else ("volume",))


def _side(
    atlas: StructureAtlas,
    side: str,
    parts: tuple[tuple[str, ...], ...],
    measure: str,
    labels: Labels,
    unusable: Mapping[tuple[str, str, str], str],
) -> _Side:
    place = side if atlas.by_file else ""
    here = labels.get(place)
    nothing = math.nan, math.nan, math.nan
    if here is None:
        words = f"no file of the {_WORDS[side]} hemisphere"
        return _Side(*nothing, 0.0, words, "CL263", (words,))
    values, areas, counts, lost, why = [], [], [], [], ""
    for names in parts:
        name = next((name for name in names if name in here), "")
        cells = here.get(name, {})
        if measure in cells and not (cells[measure] == 0 and not name.startswith("#")):
            values.append(cells[measure])
            areas.append(cells.get("area", math.nan))
            counts.append(cells.get("n", math.nan))
            continue
        asked = ((place, other, measure) for other in names)
        reason = next((unusable[key] for key in asked if key in unusable), "")
        of_side = f"{_WORDS[side]} " if atlas.by_file else ""
        if measure in cells or reason:
            lost.append(f"{measure} of {of_side}{name or names[0]} is {reason or '0'}")
            why = "CL264"
        else:
            lost.append(f"no {measure} of {of_side}{name or names[0].lstrip('#')}")
            why = why or "CL263"
    coverage = len(values) / len(parts)
    if lost:
        return _Side(*nothing, coverage, "; ".join(lost), why, tuple(lost))
    value, area, reason = _combined(measure, values, areas)
    n = math.nan if atlas.by_file else sum(counts)
    about = (reason,) * bool(reason)
    return _Side(value, area, n, coverage, reason or "ok", "CL263" if reason else "", about)


def _combined(measure: str, values: list[float], areas: list[float]) -> tuple[float, float, str]:
    """Return the sum, or the mean weighted by area; with the area, and why there is none."""
    area = sum(areas)
    if measure != "thickness":
        return sum(values), area, ""
    if len(values) == 1:
        return values[0], area, ""
    if not math.isfinite(area):
        return math.nan, area, "no areas to weigh thickness by"
    return sum(v * a for v, a in zip(values, areas, strict=True)) / area, area, ""


def _both(measure: str, left: _Side, right: _Side) -> _Side:
    coverage = (left.coverage + right.coverage) / 2
    lost = [f"{_WORDS[name]}: {side.qc}" for name, side in (("L", left), ("R", right)) if side.qc != "ok"]
    if lost:  # the sides have told it
        return _Side(math.nan, math.nan, math.nan, coverage, "; ".join(lost), "", ())
    value, area, reason = _combined(measure, [left.value, right.value], [left.area, right.area])
    about = (reason,) * bool(reason)
    return _Side(value, area, left.n + right.n, coverage, reason or "ok", "CL263" if reason else "", about)


def _told(target: str, limited: str, measure: str, statistic: str, side: _Side) -> RegionValue:
    n = -1 if measure != "volume" or not math.isfinite(side.n) else int(side.n)
    low, high = _limits().get((limited, measure), (0.0, math.inf))
    qc, why, about = side.qc, side.why, side.about
    if side.value < low or side.value > high:
        qc = f"doubtful: outside {low:g} to {high:g}"
        why, about = "CL268", (f"{target} {measure} {side.value:g}",)
    return RegionValue(measure, target, statistic, side.value, side.coverage, n, qc, why, about)


@cache
def _limits() -> dict[tuple[str, str], tuple[float, float]]:
    rows = shipped_rows("corticolimbic.measure", "structure_limits")
    return {(row["region"], row["measure"]): (float(row["low"]), float(row["high"])) for row in rows}
