"""Tables of many people: asegstats2table, aparcstats2table, SynthSeg, exports of CAT12 and FIRST."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from corticolimbic.dataset._structure_files import Hemisphere, StructureFile
from corticolimbic.dataset._structure_numbers import Numbers
from corticolimbic.dataset._structure_stats import StructureTable
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, decode_text, read_bytes

_SURFACE = re.compile(
    r"(?P<hemi>lh|rh)\.(?P<atlas>[\w.+]+?)\.(?P<measure>thickness|area|volume|\w+)", re.IGNORECASE
)
_ATLASES = {
    "aparc": "DK",
    "aparc.DKTatlas": "DKT",
    "aparc.DKTatlas40": "DKT",
    "aparc.DKTatlas.mapped": "DKT",
    "aparc.a2009s": "Destrieux",
    "BA_exvivo": "BA_exvivo",
}
_HINTS = (
    ("Left-Hippocampus", "aseg", "FreeSurfer", 1.0),
    ("left hippocampus", "SynthSeg", "SynthSeg", 1.0),
    ("L_Hipp", "FIRST", "FSL FIRST", 1.0),
    ("Left Hippocampus", "neuromorphometrics", "CAT12", 1000.0),
)
"""A label that only one program writes, its atlas, the program, and its unit in mm^3."""
_WHOLE = {"EstimatedTotalIntraCranialVol": "eTIV", "IntraCranialVol": "ICV"}
_HOLES = "SurfaceHoles"
_TOTALS = ("Vol", "eTIV", "ICV", "VolNotVent", _HOLES)
_CORTEX = {"MeanThickness", "WhiteSurfArea"}
_MEASURES = ("thickness", "area", "volume")


@dataclass(frozen=True)
class Export:
    """A table of people as read: what its columns are, and its cells.

    Parameters
    ----------
    atlas, hemisphere, software, measure, scale
        Of all values; ``scale`` takes them to mm, mm^2 or mm^3.
    labels
        Of the columns after the first.
    rows
        First cell of each row, its cells, and its place in the file.
    problems
        What was tolerated while reading the text.
    """

    atlas: str
    hemisphere: Hemisphere
    software: str
    measure: str
    scale: float
    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], int], ...]
    problems: tuple[Problem, ...] = ()

    @cached_property
    def places(self) -> dict[str, tuple[tuple[str, ...], int]]:
        """Cells and place of each row by its first cell."""
        return {name: (cells, place) for name, cells, place in self.rows}


def read_export(root: Path, path: str) -> Export:
    """Read a table with people in rows, or in columns (``--transpose``); once in a process.

    Raises
    ------
    InputError
        CL271 (not such a table), CL262 (a row cut short), and those of reading text.
    """
    place = within(root, path)
    try:
        status = place.stat()
    except OSError as error:
        raise InputError("CL101", file=path, found=error.strerror or str(error)) from error
    return _read(place, path, status.st_size, status.st_mtime_ns)


def read_table_row(root: Path, file: StructureFile) -> StructureTable:
    """Read one person's row of a table of many.

    Parameters
    ----------
    root
        Folder of the dataset.
    file
        From `scan`, with the row's first cell.

    Raises
    ------
    InputError
        CL262 (the row is cut short), CL261 (a label twice), and those of `read_export`.
    """
    export = read_export(root, file.path)
    cells, number = export.places[file.row]
    if len(cells) != len(export.labels):
        found = f"{len(cells)} of {len(export.labels)} cells of {file.row[:40]}"
        raise InputError("CL262", file=file.path, row=number, found=found)
    labels: dict[str, dict[str, float]] = {}
    numbers = Numbers()
    for label, cell in zip(export.labels, cells, strict=True):
        if label:
            measure = export.measure
            if label.startswith("#") and label != "#Cortex":
                measure = "count" if label.endswith(_HOLES) else "volume"
            numbers.keep(labels, label, measure, cell, number, file.path, scale=export.scale)
    told = tuple(
        replace(item, file=file.path, participant_id=file.participant_id, session_id=file.session_id)
        for item in numbers.problems()
    )
    return StructureTable(export.software, "not stated", labels, told, numbers.unusable)


@lru_cache(maxsize=32)
def _read(place: Path, path: str, size: int, changed: int) -> Export:
    try:
        text, notes = decode_text(read_bytes(place), path)
    except InputError as error:
        raise InputError(error.problem.code, file=path, found=error.problem.found) from error
    rows = [(number, cells) for number, cells in enumerate(_cells(text), start=1) if any(cells)]
    if len(rows) < 2 or len(rows[0][1]) < 2:
        raise InputError("CL271", file=path, found="no table of people and labels")
    header = rows[0][1]
    told = _columns(header, path)
    if told is None:  # people in columns
        width = len(header)
        turned = [(1, [header[0], *(cells[0] for _, cells in rows[1:])])]
        if all(len(cells) == width for _, cells in rows):
            turned += [
                (1, [header[place], *(cells[place] for _, cells in rows[1:])]) for place in range(1, width)
            ]
        rows, told = turned, _columns(turned[0][1], path)
    if told is None or len(rows) < 2:
        raise InputError("CL271", file=path, found="columns " + ", ".join(header[:5]))
    atlas, hemisphere, software, measure, scale = told
    labels = tuple(_label(name.strip(), hemisphere, measure) for name in rows[0][1][1:])
    people = tuple((cells[0].strip(), tuple(map(str.strip, cells[1:])), row) for row, cells in rows[1:])
    return Export(atlas, hemisphere, software, measure, scale, labels, people, tuple(notes))


def _cells(text: str) -> list[list[str]]:
    head = text.lstrip("\n").split("\n", 1)[0]
    delimiter = next((mark for mark in "\t;," if mark in head), "")
    if not delimiter:
        return [line.split() for line in text.split("\n")]
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def _columns(header: list[str], path: str) -> tuple[str, Hemisphere, str, str, float] | None:
    first, names = header[0].strip(), {name.strip() for name in header[1:]}
    found = _SURFACE.fullmatch(first)
    if found is not None and found["atlas"] in _ATLASES:
        if found["measure"] not in _MEASURES:
            raise InputError("CL271", file=path, found=f"{found['measure']}, which is not used")
        hemisphere: Hemisphere = "L" if found["hemi"] == "lh" else "R"
        if any(name.startswith(f"{found['hemi']}_") for name in names):
            return _ATLASES[found["atlas"]], hemisphere, "FreeSurfer", found["measure"], 1.0
        return None
    for hint, atlas, software, scale in _HINTS:
        if hint in names or hint.replace("-", "_") in names:
            return atlas, "", software, "volume", scale
    return None


def _label(name: str, hemisphere: Hemisphere, measure: str) -> str:
    """Return a column's label as the statistics call it; empty for one that is not used."""
    hemi = {"L": "lh", "R": "rh"}.get(hemisphere, "")
    if not hemi:
        bare = _WHOLE.get(name, name)
        return f"#{bare}" if bare.endswith(_TOTALS) else name
    if not name.startswith(f"{hemi}_"):
        return ""  # eTIV and the brain's volume stand in aseg's own table
    bare = name.removeprefix(f"{hemi}_").removesuffix(f"_{measure}")
    return "#Cortex" if bare in _CORTEX else bare
