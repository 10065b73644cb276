"""Finding files of volumes and thickness, by the folders that FreeSurfer, FastSurfer and others make."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from corticolimbic.dataset._settings import DatasetSettings
from corticolimbic.dataset._structure_exports import read_export
from corticolimbic.dataset._structure_files import StructureFile, StructureSession
from corticolimbic.dataset._structure_names import is_template, row_owner, stats_file, template_of
from corticolimbic.foundation import InputError, Problem, problem


def structure_sessions(
    root: Path, paths: Iterable[str], settings: DatasetSettings, problems: list[Problem]
) -> tuple[StructureSession, ...]:
    """Return the structure files among those that a walk found, by person and session.

    Parameters
    ----------
    root
        Folder of the dataset.
    paths
        Relative to it, those that may hold structure (see `is_structure`).
    settings
        Whether structure is read, and by which parcellations.
    problems
        Added to.
    """
    if not settings.structure:
        return ()
    files = _without_twins(_files(root, [path for path in paths if not is_template(path)], problems))
    asked = settings.structure_atlases
    files = [file for file in files if not asked or not file.atlas or file.atlas in asked]
    grouped: dict[tuple[str, str], list[StructureFile]] = defaultdict(list)
    for file in files:
        grouped[file.participant_id, file.session_id].append(file)
    return tuple(StructureSession(*who, tuple(sorted(grouped[who]))) for who in sorted(grouped))


def _files(root: Path, paths: list[str], problems: list[Problem]) -> Iterator[StructureFile]:
    templates = {template_of(path) for path in paths} - {""}
    told: set[str] = set()
    for path in paths:
        owner = _folder(path)
        if owner in templates:
            if owner not in told:
                found = f"{owner}, the template of the longitudinal stream"
                problems.append(problem("CL273", file=path, found=found))
            told.add(owner)
            continue
        try:
            file = stats_file(path)
        except ValueError as error:
            problems.append(problem("CL260", file=path, found=str(error)))
            continue
        if file is not None:
            yield file
        elif _TABLE.search(path):
            yield from _people(root, path, problems)


def _people(root: Path, path: str, problems: list[Problem]) -> Iterator[StructureFile]:
    """Yield a file for each row of a table of people; a person who stands twice is set aside."""
    try:
        export = read_export(root, path)
    except InputError as error:
        problems.append(error.problem)
        return
    problems += export.problems
    found: dict[tuple[str, ...], list[StructureFile]] = defaultdict(list)
    for cell, _, row in export.rows:
        try:
            owner = row_owner(path, cell)
        except ValueError as error:
            problems.append(problem("CL260", file=path, row=row, found=str(error)))
            continue
        file = StructureFile(
            owner.participant_id,
            owner.session_id,
            path,
            "table",
            export.atlas,
            export.hemisphere,
            owner.acq,
            owner.run,
            owner.stream,
            cell,
        )
        found[owner.participant_id, owner.session_id, owner.acq, owner.run, owner.stream].append(file)
    for who, files in found.items():
        if len(files) == 1:
            yield files[0]
            continue
        rows = ", ".join(file.row[:60] for file in files)
        problems.append(
            problem("CL270", participant_id=who[0], session_id=who[1], file=path, found=f"rows {rows}")
        )


_TABLE = re.compile(r"\.(tsv|csv|txt|dat)$", re.IGNORECASE)


def _folder(path: str) -> str:
    """Return the folder of a person that holds ``stats`` or ``mri``."""
    parts = path.split("/")
    return parts[-3] if len(parts) > 2 and parts[-2] in {"stats", "mri"} else ""


def _without_twins(files: Iterable[StructureFile]) -> list[StructureFile]:
    """Leave out statistics of subfields that stand beside the text file which says the same."""
    listed = list(files)
    key = {
        file: (
            *(file.participant_id, file.session_id, file.acq, file.run, file.stream),
            *(file.atlas, file.hemisphere, file.analysis),
        )
        for file in listed
    }
    texts = {key[file] for file in listed if file.kind == "volumes"}
    return [file for file in listed if not (file.kind == "stats" and file.analysis and key[file] in texts)]
