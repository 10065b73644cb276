"""Reading statistics as FreeSurfer and FastSurfer write them: a header of facts, and a row for each label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from corticolimbic.dataset._structure_files import StructureFile
from corticolimbic.dataset._structure_numbers import Numbers
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, decode_text, problem, read_bytes

LIMIT = 20_000_000
"""Bytes of a file of statistics; they have some ten thousand."""
COLUMNS = {
    "Volume_mm3": "volume",
    "GrayVol": "volume",
    "SurfArea": "area",
    "ThickAvg": "thickness",
    "NVoxels": "n",
    "NumVert": "n",
}
"""Column of a file to the measure that it holds, in mm, mm^2 or mm^3; ``n`` counts voxels or vertices."""
UNITS = {"volume": "mm3", "area": "mm2", "thickness": "mm"}
_SCALES = {
    "mm^3": ("volume", 1.0),
    "mm3": ("volume", 1.0),
    "cm^3": ("volume", 1e3),
    "ml": ("volume", 1e3),
    "mm^2": ("area", 1.0),
    "cm^2": ("area", 1e2),
    "mm": ("thickness", 1.0),
    "unitless": ("count", 1.0),
}
_CORTEX = {"NumVert": "n", "WhiteSurfArea": "area", "MeanThickness": "thickness"}
_ID = re.compile(r"\$Id: \S+,v (\S+) \S+")


@dataclass(frozen=True)
class StructureTable:
    """What one file says of one person's structure.

    Parameters
    ----------
    software, version
        What made it, as the file says; ``not stated`` where it does not.
    labels
        Label to measure to value (mm, mm^2, mm^3, or a count ``n`` of voxels or vertices). What belongs to
        the whole brain or hemisphere stands under its FreeSurfer name after ``#``, for instance ``#eTIV``.
    problems
        What was tolerated, and which values cannot be used (those are not among ``labels``).
    unusable
        Label and measure to the reason why a value of the file is left out.
    """

    software: str
    version: str
    labels: dict[str, dict[str, float]]
    problems: tuple[Problem, ...] = ()
    unusable: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass
class _Parsed:
    facts: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    labels: dict[str, dict[str, float]] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    units: list[str] = field(default_factory=list)


def read_stats(root: Path, file: StructureFile) -> StructureTable:
    """Read a file of statistics (``aseg.stats``, ``lh.aparc.stats`` and their like).

    Parameters
    ----------
    root
        Folder of the dataset.
    file
        From `scan`.

    Raises
    ------
    InputError
        CL261 (no ``# ColHeaders``, or not those of statistics), CL262 (cut short), CL275 (of the other
        hemisphere), and those of `read_bytes` and `decode_text`.
    """
    text, notes = decode_text(read_bytes(within(root, file.path), limit=LIMIT), file.path)
    found = _Parsed()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("#"):
            _header(line, found)
        elif line.strip():
            _row(line.split(), number, file, found)
    _check(text, file, found)
    problems = [*notes, *_tolerated(file, found)]
    software, version = _provenance(found.facts)
    told = tuple(
        replace(item, file=file.path, participant_id=file.participant_id, session_id=file.session_id)
        for item in problems
    )
    return StructureTable(software, version, found.labels, told, found.numbers.unusable)


def _header(line: str, found: _Parsed) -> None:
    words = line[1:].split()
    if not words:
        return
    if words[0] == "ColHeaders":
        found.columns = words[1:]
    elif words[0] == "Measure":
        _whole(line.partition("Measure")[2], found)
    elif words[0] == "TableCol":
        if len(words) > 3 and words[2] == "Units" and words[3] in {"cm^3", "ml", "cm^2"}:
            found.units.append(" ".join(words))
    else:
        found.facts.setdefault(words[0], " ".join(words[1:]))


def _whole(text: str, found: _Parsed) -> None:
    """Keep a value of the whole brain: ``Cortex, CortexVol, Total cortical gray ..., 544199.26, mm^3``."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 4:
        return
    name, cell, unit = parts[1], parts[-2], parts[-1]
    if len(parts) > 5 and cell.isdigit() and re.fullmatch(r"[+-]?[0-9]+", parts[-3]):
        cell, found.numbers.commas = f"{parts[-3]}.{cell}", found.numbers.commas + 1
    measure, scale = _SCALES.get(unit.casefold(), ("", 1.0))
    if name in _CORTEX:  # of ?h.aparc.stats
        label, measure = "#Cortex", _CORTEX[name]
    else:
        label = f"#{name}"
    if not measure:
        found.units.append(f"{name} in {unit!r}")
        return
    value, reason = found.numbers.value(cell)
    if reason:
        found.numbers.unusable[label, measure] = reason
    else:
        found.labels.setdefault(label, {})[measure] = value * scale


def _row(cells: list[str], number: int, file: StructureFile, found: _Parsed) -> None:
    columns = found.columns
    if not columns:
        raise InputError("CL261", file=file.path, row=number, found="a row before any # ColHeaders")
    if len(cells) != len(columns):
        code = "CL262" if len(cells) < len(columns) else "CL261"
        raise InputError(code, file=file.path, row=number, found=f"{len(cells)} of {len(columns)} cells")
    if "StructName" not in columns:
        raise InputError("CL261", file=file.path, found="columns " + ", ".join(columns[:6]))
    label = cells[columns.index("StructName")]
    if label in found.labels:
        raise InputError("CL261", file=file.path, row=number, found=f"the label {label!r} twice")
    values = found.labels[label] = {}
    for name, cell in zip(columns, cells, strict=True):
        measure = COLUMNS.get(name)
        if measure is None:
            continue
        value, reason = found.numbers.value(cell)
        if reason:
            found.numbers.unusable[label, measure] = reason
        else:
            values[measure] = value


def _check(text: str, file: StructureFile, found: _Parsed) -> None:
    """Raise where the file is not whole, or contradicts its name."""
    if not found.columns:
        raise InputError("CL261", file=file.path, found="no # ColHeaders" if text.strip() else "no text")
    measured = [name for name in found.columns if COLUMNS.get(name, "n") != "n"]
    if not measured:
        raise InputError("CL261", file=file.path, found="columns " + ", ".join(found.columns[:8]))
    rows = sum(not label.startswith("#") for label in found.labels)
    said = found.facts.get("NRows", "").strip()
    if not rows:
        raise InputError("CL262", file=file.path, found="no row")
    if said.isdigit() and int(said) != rows:
        raise InputError("CL262", file=file.path, found=f"{rows} of {said} rows")
    hemisphere = {"lh": "L", "rh": "R"}.get(found.facts.get("hemi", ""), "")
    if hemisphere and file.hemisphere and hemisphere != file.hemisphere:
        raise InputError("CL275", file=file.path, found=f"# hemi {found.facts['hemi']}")


def _tolerated(file: StructureFile, found: _Parsed) -> Iterator[Problem]:
    if found.numbers.commas:
        yield problem("CL265", found=f"{found.numbers.commas} numbers with a decimal comma")
    for name in found.units:
        yield problem("CL269", found=name)
    subject = found.facts.get("subjectname", "")
    if subject and not _same(subject, file):
        yield problem("CL274", found=f"subjectname {subject[:60]}")


def _same(subject: str, file: StructureFile) -> bool:
    """Tell whether the header's name is that of the folder, its template's, or holds the label."""
    label = file.participant_id.removeprefix("sub-").casefold()
    digits = label.lstrip("0")
    return label in subject.casefold() or (bool(digits) and digits.isdigit() and digits in subject)


def _provenance(facts: dict[str, str]) -> tuple[str, str]:
    """Return what made a file, and its version: a release, or the revision of the program in old ones."""
    if "FastSurfer_version" in facts:
        return "FastSurfer", facts["FastSurfer_version"]
    program = facts.get("generating_program", "")
    if program.endswith("segstats.py"):
        return "FastSurfer", "not stated"
    version = facts.get("cvs_version", "")
    revision = _ID.search(version)
    if revision is not None:
        version = f"{program or 'program'} {revision[1]}"
    build = facts.get("BUILDSTAMP", "") or facts.get("build_stamp", "")
    known = version or build or program
    return ("FreeSurfer", version or build or "not stated") if known else ("not stated", "not stated")
