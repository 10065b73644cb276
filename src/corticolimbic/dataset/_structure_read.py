"""Reading any file of structure that a scan found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corticolimbic.dataset._structure_cat12 import read_cat12
from corticolimbic.dataset._structure_exports import read_table_row
from corticolimbic.dataset._structure_files import StructureFile
from corticolimbic.dataset._structure_lists import read_first, read_volumes
from corticolimbic.dataset._structure_stats import StructureTable, read_stats


def read_structure(root: Path, file: StructureFile) -> Iterator[tuple[StructureFile, StructureTable]]:
    """Read what a file says of one person's session.

    Parameters
    ----------
    root
        Folder of the dataset.
    file
        From `scan`.

    Yields
    ------
    tuple
        The file, with atlas and hemisphere where only its content tells them, and what it says.

    Raises
    ------
    InputError
        CL261 (not understood), CL262 (cut short), CL275 (of the other hemisphere), and those of reading text.
    """
    if file.kind == "table":
        yield file, read_table_row(root, file)
    elif file.kind == "volumes":
        yield file, read_volumes(root, file)
    elif file.kind == "first":
        yield file, read_first(root, file)
    elif file.kind == "cat":
        yield file, read_cat12(root, file)
    else:
        yield file, read_stats(root, file)
