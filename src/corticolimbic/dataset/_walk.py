"""A bounded walk through a dataset that never leaves it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corticolimbic.dataset._structure_names import STRUCTURE_NAME
from corticolimbic.foundation import Problem, inside, problem

DEPTH_LIMIT = 12
"""Folders below the root that are entered, one inside the other."""
ENTRY_LIMIT = 5_000_000
"""Files and folders looked at before the walk stops."""
_WANTED = re.compile(
    r".*_(timeseries\.(tsv|csv|txt|tsv\.\w+|csv\.\w+|json)|motion\.tsv(\.gz)?"
    r"|desc-confounds_regressors\.(tsv|json)|desc-brain_mask\.nii(\.gz)?|bold\.json"
    r"|(space|desc)-.*_bold\.(nii(\.gz)?|dtseries\.nii(\.gz)?|func\.gii))"
    rf"|{STRUCTURE_NAME}",
    re.IGNORECASE | re.DOTALL,
)
"""Series, motion, confounds, masks, sidecars, and images that are not raw (they name space or desc),
and volumes and thickness."""


@dataclass
class Walk:
    """Paths of files that may be runs or belong to one, and what was wrong on the way."""

    paths: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def walk(root: Path) -> Walk:
    """Look through a dataset, in sorted order, without following links to folders.

    Hidden files and folders are passed over. Links to files are kept where their target lies inside the
    dataset (as git-annex makes them).
    """
    result = Walk()
    base = os.path.realpath(root)
    folders = [("", 0)]
    left = ENTRY_LIMIT
    while folders:
        folder, depth = folders.pop()
        deeper = []
        for entry in _entries(base, folder, result):
            left -= 1
            if left < 0:
                found = f"more than {ENTRY_LIMIT:,} files and folders"
                result.problems.append(problem("CL116", file=folder or ".", found=found))
                return result
            path = f"{folder}/{entry.name}" if folder else entry.name
            if _look(entry, path, base, result):
                deeper.append((path, depth + 1))
        if deeper and depth >= DEPTH_LIMIT:
            result.problems.append(
                problem("CL116", file=folder, found=f"folders more than {DEPTH_LIMIT} deep")
            )
        else:
            folders.extend(reversed(deeper))
    return result


def within(root: Path, name: str) -> Path:
    """Return the path of a file of the dataset, by its own name, once it is known to lie inside.

    A link keeps its name, since the file it points to (git-annex) may have no extension to be read by.

    Raises
    ------
    InputError
        CL110 where the path, after links are followed, leaves the dataset.
    """
    inside(root, name)
    return root / name


def _entries(base: str, folder: str, result: Walk) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(os.path.join(base, folder)) as listing:  # noqa: PTH118 - scandir works on strings
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        result.problems.append(problem("CL101", file=folder or ".", found=error.strerror or str(error)))
        return
    yield from (entry for entry in entries if not entry.name.startswith("."))


def _look(entry: os.DirEntry[str], path: str, base: str, result: Walk) -> bool:
    """Sort one entry into the result; return whether it is a folder to enter."""
    wanted = _WANTED.fullmatch(entry.name) is not None
    try:
        kind = _kind(entry, base)
    except OSError as error:
        kind = error.strerror or str(error)
    if kind in {"folder", "file"} and not _is_text(entry.name):
        if wanted or kind == "folder":
            result.problems.append(problem("CL114", file=path, found="a name that is not UTF-8"))
    elif kind == "outside":
        result.problems.append(problem("CL110", file=path, found="a link that points outside the dataset"))
    elif kind == "folder link":
        found = "a link to a folder of the dataset; the folder is read in its own place"
        result.problems.append(problem("CL110", file=path, found=found, severity="info"))
    elif kind == "folder" and not wanted:
        return True
    elif wanted and kind == "file":
        result.paths.append(path)
    elif wanted:
        result.problems.append(problem("CL101", file=path, found=f"{kind}, where a file is expected"))
    return False


def _kind(entry: os.DirEntry[str], base: str) -> str:
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if not (target == base or target.startswith(base.rstrip(os.sep) + os.sep)):
            return "outside" if _matters(entry) else "other"
        if entry.is_dir():
            return "folder link"
        return "file" if entry.is_file() else "a broken link"
    if entry.is_dir():
        return "folder"
    return "file" if entry.is_file() else "a pipe, socket or device"


def _matters(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() or _WANTED.fullmatch(entry.name) is not None


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
