"""One session's volumes and thickness: labels of every atlas become the circuit's regions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from corticolimbic.dataset import StructureFile, StructureSession, StructureTable, read_structure
from corticolimbic.foundation import Definition, InputError, Problem, hash_json, problem
from corticolimbic.measure._structure_map import atlas_hash, structure_atlases
from corticolimbic.measure._structure_regions import Labels, RegionValue, euler_values, region_values

STRUCTURE_ALGORITHM = 1
"""Bumped whenever a golden value of the measures of structure changes."""
STRUCTURE_MEASURES = ("volume", "area", "thickness")
"""Measures of the brain's structure, as in the table of features."""
UNITS = {"volume": "mm3", "area": "mm2", "thickness": "mm", "surface_holes": "count", "euler": "count"}
_RULES = {
    "volume": "sum over labels, and over hemispheres",
    "area": "sum over labels, and over hemispheres",
    "thickness": "mean over labels, and over hemispheres, weighted by area",
    "surface_holes": "holes of the surfaces before they were fixed",
    "euler": "2 - 2 holes for each hemisphere",
}
_KEY = itemgetter("run", "acq", "atlas", "strategy", "measure", "target", "statistic", "definition")
"""What identifies a row within a session."""
_DIFFER = "two files disagree"
_UNKNOWN = " not stated"
_FOLDERS = ("stats", "mri", "label", "report")
"""Folders of one person inside which programs sort their files."""


@dataclass
class MeasuredStructure:
    """What measuring one session's structure leaves.

    Parameters
    ----------
    features
        Rows of the schema ``features``.
    definitions
        Entries of ``definitions.json``.
    problems
        What could not be used, and what was tolerated.
    n_files
        Files that were read.
    versions
        Atlas to what made it (software and version), for the whole study to be compared.
    """

    features: list[dict[str, Any]] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    n_files: int = 0
    versions: dict[str, str] = field(default_factory=dict)


@dataclass
class _Group:
    """Files of one atlas that belong together: hemispheres, and measures in files of their own."""

    first: StructureFile
    labels: Labels = field(default_factory=dict)
    versions: dict[str, None] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    unusable: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def add(self, file: StructureFile, table: StructureTable) -> None:
        self.versions[f"{table.software} {table.version}"] = None
        self.files.append(file.path)
        here = self.labels.setdefault(file.hemisphere, {})
        for label, values in table.labels.items():
            here.setdefault(label, {}).update(values)
        for (label, measure), why in table.unusable.items():
            self.unusable[file.hemisphere, label, measure] = why

    @property
    def made_by(self) -> str:
        return " and ".join(self.known_versions)

    @property
    def known_versions(self) -> list[str]:
        """What made the files; a version that one file does not state is that of the others."""
        stated = {name.removesuffix(_UNKNOWN) for name in self.versions if not name.endswith(_UNKNOWN)}
        kept = [
            name
            for name in self.versions
            if not (
                name.endswith(_UNKNOWN)
                and any(other.startswith(name.removesuffix(_UNKNOWN)) for other in stated)
            )
        ]
        return sorted(kept)


def measure_structure(
    root: Path,
    session: StructureSession,
    *,
    inputs: Mapping[str, str] | None = None,
    reader: Callable[[Path, StructureFile], Iterable[tuple[StructureFile, StructureTable]]] | None = None,
) -> MeasuredStructure:
    """Return volumes, areas and thickness of the circuit's regions from what others measured.

    A file that cannot be read becomes a problem and the rest goes on. Volumes and areas are summed over a
    region's labels and over hemispheres; thickness is averaged with the labels' areas as weights. Where one
    hemisphere lacks a label neither it nor the sum has a value, and ``qc`` says why.

    Parameters
    ----------
    root
        Folder of the dataset.
    session
        From `scan`.
    inputs
        Relative path to hash of content, for the column ``inputs``.
    reader
        Reads one file; by default `read_structure`.
    """
    made = MeasuredStructure()
    hashes = inputs or {}
    groups: dict[tuple[str, ...], _Group] = {}
    for file in session.files:
        try:
            tables = list((reader or read_structure)(root, file))
        except InputError as error:
            made.problems.append(error.about(session.participant_id, session.session_id))
            continue
        made.n_files += 1
        for one, table in tables:
            made.problems += table.problems
            if one.atlas not in structure_atlases():
                continue
            folder = _place(file)
            key = (folder, one.atlas, one.acq, one.run, one.stream, one.analysis)
            groups.setdefault(key, _Group(one)).add(one, table)
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for group in groups.values():
        for row in _rows(group, hashes, made):
            rows[_KEY(row)].append(row)
    made.features = [_one(same, made) for same in rows.values()]
    made.problems = list(dict.fromkeys(made.problems))
    return made


def _place(file: StructureFile) -> str:
    """Return the folder whose files belong together."""
    folder = file.path.rpartition("/")[0]
    above, _, last = folder.rpartition("/")
    return above if last in _FOLDERS else folder


def _rows(group: _Group, hashes: Mapping[str, str], made: MeasuredStructure) -> Iterator[dict[str, Any]]:
    file = group.first
    atlas = structure_atlases()[file.atlas]
    if len(group.known_versions) > 1:
        made.problems.append(_about(file, "CL266", f"{file.atlas}: {group.made_by} in one session"))
    made.versions[f"{file.atlas}, {file.stream}"] = group.made_by
    found = [
        *region_values(atlas, group.labels, group.unusable),
        *euler_values(group.labels),
    ]
    made.problems += _losses(file, found)
    files = {name: hashes[name] for name in group.files if name in hashes}
    common = {
        "participant_id": file.participant_id,
        "session_id": file.session_id,
        "task": "n/a",
        "run": file.run,
        "acq": file.acq,
        "space": "n/a",
        "atlas": file.atlas,
        "strategy": file.stream,
        "inputs": hash_json(files)[:12],
    }
    ids = {}
    for measure in dict.fromkeys(item.measure for item in found):
        ids[measure], plain = _defined(measure, file.atlas, group.made_by, file.stream, file.analysis)
        made.definitions[ids[measure]] = plain
    for item in found:
        yield {
            **common,
            "measure": item.measure,
            "target": item.target,
            "statistic": item.statistic,
            "definition": ids[item.measure],
            "value": item.value,
            "unit": UNITS[item.measure],
            "coverage": item.coverage,
            "n_voxels": item.n_voxels,
            "n_volumes": 1,
            "qc": item.qc,
        }


@cache
def _defined(
    measure: str, atlas: str, made_by: str, stream: str, analysis: str
) -> tuple[str, dict[str, Any]]:
    known = structure_atlases()[atlas]
    settings = {
        "made_by": made_by,
        "stream": stream,
        "analysis": analysis,
        "rule": _RULES[measure],
        "labels": known.plain,
        "stands_in_for": dict(known.stands_in_for),
    }
    definition = Definition(measure, STRUCTURE_ALGORITHM, settings, atlas, atlas_hash(atlas))
    return definition.id, definition.plain()


def _losses(file: StructureFile, found: Iterable[RegionValue]) -> Iterator[Problem]:
    """Say once for each session and atlas what is missing, cannot be used, or is hard to believe."""
    words: dict[str, dict[str, None]] = {"CL263": {}, "CL264": {}, "CL268": {}}
    for item in found:
        if item.why:
            words[item.why].update(dict.fromkeys(item.about))
    for code, reasons in words.items():
        if reasons:
            listed = list(reasons)
            more = f", and {len(listed) - 12} more" if len(listed) > 12 else ""
            yield _about(file, code, f"{file.atlas}: {'; '.join(listed[:12])}{more}")


def _about(file: StructureFile, code: str, found: str) -> Problem:
    made = problem(code, participant_id=file.participant_id, session_id=file.session_id, found=found)
    return replace(made, file=file.path)


def _one(rows: list[dict[str, Any]], made: MeasuredStructure) -> dict[str, Any]:
    """Return the row of a key; without a value where two files say different things."""
    first = rows[0]
    values = [row["value"] for row in rows if math.isfinite(row["value"])]
    if len(rows) == 1 or not values:
        return first
    if all(math.isclose(value, values[0], rel_tol=1e-9) for value in values):
        return next(row for row in rows if math.isfinite(row["value"]))
    found = f"{first['atlas']}, {len(rows)} files of one session with different values"
    made.problems.append(
        problem("CL267", participant_id=first["participant_id"], session_id=first["session_id"], found=found)
    )
    return {**first, "value": math.nan, "qc": _DIFFER}
