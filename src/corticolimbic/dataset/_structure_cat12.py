"""Reading CAT12's XML: grey matter by region, and the size of the head."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from corticolimbic.dataset._structure_files import StructureFile
from corticolimbic.dataset._structure_names import CAT12_ATLAS
from corticolimbic.dataset._structure_numbers import Numbers
from corticolimbic.dataset._structure_stats import LIMIT, StructureTable
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, decode_text, read_bytes

_MM3 = 1000.0
"""CAT12 writes millilitres."""


def read_cat12(root: Path, file: StructureFile) -> StructureTable:
    """Read ``label/catROI_*.xml`` (grey matter of regions) or ``report/cat_*.xml`` (intracranial volume).

    Raises
    ------
    InputError
        CL261 (no XML of CAT12, no such atlas, names and values of different length), CL262 (cut short).
    """
    text, notes = decode_text(read_bytes(within(root, file.path), limit=LIMIT), file.path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError("CL261", file=file.path, found="an XML file with declarations of its own")
    try:
        tree = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - no entities, checked above
    except ET.ParseError as error:
        code = "CL262" if text.strip().startswith("<") else "CL261"
        raise InputError(code, file=file.path, found=str(error)) from error
    numbers = Numbers()
    name = file.path.rpartition("/")[2]
    labels = _regions(tree, file, numbers) if name.startswith("catROI_") else _whole(tree, file, numbers)
    version = _text(tree, "version_cat") or "not stated"
    revision = _text(tree, "revision_cat")
    told: list[Problem] = [*notes, *numbers.problems()]
    who = tuple(
        replace(item, file=file.path, participant_id=file.participant_id, session_id=file.session_id)
        for item in told
    )
    made = f"{version} r{revision}" if revision else version
    return StructureTable("CAT12", made, labels, who, numbers.unusable)


def _regions(tree: ET.Element, file: StructureFile, numbers: Numbers) -> dict[str, dict[str, float]]:
    atlas = tree.find(CAT12_ATLAS)
    if atlas is None:
        there = ", ".join(child.tag for child in tree)[:80]
        raise InputError("CL261", file=file.path, found=f"no {CAT12_ATLAS}; there are {there or 'none'}")
    names = [(item.text or "").strip() for item in atlas.findall("names/item")]
    cells = re.split(r"[;,\s]+", (_text(atlas, "Vgm") or "").strip("[] \n"))
    if len(names) != len(cells):
        raise InputError("CL261", file=file.path, found=f"{len(names)} names and {len(cells)} values of Vgm")
    labels: dict[str, dict[str, float]] = {}
    for name, cell in zip(names, cells, strict=True):
        numbers.keep(labels, name, "volume", cell, 0, file.path, scale=_MM3)
    return labels


def _whole(tree: ET.Element, file: StructureFile, numbers: Numbers) -> dict[str, dict[str, float]]:
    cell = _text(tree, "vol_TIV")
    if not cell:
        raise InputError("CL261", file=file.path, found="no vol_TIV")
    labels: dict[str, dict[str, float]] = {}
    numbers.keep(labels, "#vol_TIV", "volume", cell.strip("[] "), 0, file.path, scale=_MM3)
    return labels


def _text(tree: ET.Element, tag: str) -> str:
    found = next(tree.iter(tag), None)
    return (found.text or "").strip() if found is not None else ""
