"""Reading lists of a label and its volume a line: FreeSurfer's subfields, and what fslstats says of FIRST."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from corticolimbic.dataset._structure_files import StructureFile
from corticolimbic.dataset._structure_numbers import Numbers
from corticolimbic.dataset._structure_stats import LIMIT, StructureTable
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, decode_text, read_bytes

_FIRST_NAME = re.compile(r"(?:^|[_.-])(?P<label>[LR]_(?:Accu|Amyg|Caud|Hipp|Pall|Puta|Thal)|BrStem)(?=[_.-])")
_SUBFIELDS_END = {"hippoSf": "Whole_hippocampus", "amygNuc": "Whole_amygdala"}


def read_volumes(root: Path, file: StructureFile) -> StructureTable:
    """Read ``lh.hippoSfVolumes-T1.v21.txt`` and its like: a label and mm^3 in each line.

    Raises
    ------
    InputError
        CL261 (a line is no label with a number), CL262 (the whole structure, which comes last, is missing).
    """
    lines, notes = _lines(root, file)
    labels: dict[str, dict[str, float]] = {}
    numbers = Numbers()
    for row, cells in lines:
        if len(cells) != 2:
            raise InputError("CL261", file=file.path, row=row, found=f"{len(cells)} cells in a line")
        numbers.keep(labels, cells[0], "volume", cells[1], row, file.path)
    if _SUBFIELDS_END[file.atlas] not in labels:
        raise InputError("CL262", file=file.path, found=f"no {_SUBFIELDS_END[file.atlas]}")
    told = [*notes, *numbers.problems()]
    return _table("FreeSurfer", file.analysis, file, labels, numbers, told)


def read_first(root: Path, file: StructureFile) -> StructureTable:
    """Read volumes of FIRST as ``fslstats ... -V`` prints them: label, voxels and mm^3 in each line.

    Labels are FIRST's names (``L_Hipp``) or numbers (``17``). A file of one line with two numbers has its
    label in its name.

    Raises
    ------
    InputError
        CL261 where a line is anything else.
    """
    lines, notes = _lines(root, file)
    labels: dict[str, dict[str, float]] = {}
    numbers = Numbers()
    named = _FIRST_NAME.search(file.path.rpartition("/")[2])
    for row, found in lines:
        cells = found
        if len(cells) == 2 and named is not None:
            cells = [named["label"], *cells]
        if len(cells) != 3:
            raise InputError("CL261", file=file.path, row=row, found=f"{len(cells)} cells in a line")
        label = cells[0].rstrip(":")
        numbers.keep(labels, label, "volume", cells[2], row, file.path)
        numbers.keep(labels, label, "n", cells[1], row, file.path, repeated=True)
    if not labels:
        raise InputError("CL261", file=file.path, found="no line")
    return _table("FSL FIRST", "not stated", file, labels, numbers, [*notes, *numbers.problems()])


def _lines(root: Path, file: StructureFile) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    text, notes = decode_text(read_bytes(within(root, file.path), limit=LIMIT), file.path)
    rows = ((row, line.split()) for row, line in enumerate(text.split("\n"), start=1))
    return [(row, cells) for row, cells in rows if cells and not cells[0].startswith("#")], notes


def _table(
    software: str,
    version: str,
    file: StructureFile,
    labels: dict[str, dict[str, float]],
    numbers: Numbers,
    notes: list[Problem],
) -> StructureTable:
    told = tuple(
        replace(item, file=file.path, participant_id=file.participant_id, session_id=file.session_id)
        for item in notes
    )
    return StructureTable(software, version, labels, told, numbers.unusable)
