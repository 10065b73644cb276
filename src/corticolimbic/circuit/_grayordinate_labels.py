"""Parcellations of grayordinates: CIFTI's dense label files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int

from corticolimbic.circuit._atlas import Atlas
from corticolimbic.circuit._atlas import atlas as find_atlas
from corticolimbic.circuit._cifti_file import CiftiLayout, read_cifti_layout
from corticolimbic.circuit._cifti_xml import CiftiSeries
from corticolimbic.circuit._grayordinates import Grayordinates
from corticolimbic.circuit._label_image import space_of, whole_numbers
from corticolimbic.circuit._label_table import read_label_table, refuse_repeated
from corticolimbic.foundation import InputError

FSLR = "fsLR"
"""Space of CIFTI's surfaces in file names."""
_BYTES = 2**28
"""Most bytes of a file of labels."""


@dataclass(frozen=True, eq=False)
class GrayordinateLabels:
    """A parcellation of vertices and voxels.

    Parameters
    ----------
    values
        Key of each grayordinate, 0 for none.
    grayordinates
        Which vertex or voxel each value belongs to.
    space
        As the file name says it, for instance ``fsLR``; empty where it does not.
    labels
        Key to name; names are distinct.
    unnamed
        Keys among the values that have no name; they are not measured.
    file
        Name of the file, for messages.
    """

    values: Int[np.ndarray, " grayordinates"]
    grayordinates: Grayordinates
    space: str
    labels: dict[int, str]
    unnamed: tuple[int, ...] = field(default=(), kw_only=True)
    file: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        refuse_repeated(list(self.labels.values()), self.file)
        if len(self.values) != self.grayordinates.size:
            found = f"{len(self.values)} values for {self.grayordinates.size} grayordinates"
            raise InputError("CL249", file=self.file, found=found)


def grayordinate_labels(
    path: Path, table_path: Path | None = None, *, atlas: Atlas | str | None = None, space: str = ""
) -> GrayordinateLabels:
    """Read a dense label file (``.dlabel.nii``) of one map.

    Parameters
    ----------
    path
        The file.
    table_path
        Names by key instead of the file's own.
    atlas
        Atlas whose nodes the labels must be, by key and name.
    space
        Name of the space; by default what the file name says (``space-LABEL``, ``fs_LR``).

    Raises
    ------
    InputError
        CL403 where it is no usable parcellation, and those of `read_cifti_layout`.
    """
    layout, raw = _read(path)
    if isinstance(layout.columns, CiftiSeries) or layout.n_columns != 1:
        shown = "a series" if isinstance(layout.columns, CiftiSeries) else f"{layout.n_columns} maps"
        found = f"{shown}, where one map of labels is expected"
        remedy = "take the map out of the file (wb_command -cifti-merge ... -column N)"
        raise InputError("CL403", file=path.name, found=found, remedy=remedy)
    own = {key: name for key, name in layout.columns[0].labels.items() if key != 0 and name}
    labels = own if table_path is None else read_label_table(table_path)
    labels = {key: name for key, name in labels.items() if key != 0}
    if atlas is not None:
        _check_names(labels, find_atlas(atlas) if isinstance(atlas, str) else atlas, path.name)
    values = whole_numbers(raw, path.name)
    present = np.unique(values)
    stated = space or space_of(path.name) or (FSLR if "fs_LR" in path.name else "")
    unnamed = tuple(int(key) for key in present if key != 0 and int(key) not in labels)
    return GrayordinateLabels(values, layout.grayordinates, stated, labels, unnamed=unnamed, file=path.name)


def _check_names(labels: dict[int, str], atlas: Atlas, file: str) -> None:
    named = {node.index: node.name for node in atlas.nodes if node.index is not None}
    strange = sorted(item for item in labels.items() if item[1] != named.get(item[0]))
    if strange:
        key, name = strange[0]
        raise InputError(
            "CL403",
            file=file,
            found=f"label {key} is {name!r}; in atlas {atlas.name} it is {named.get(key, 'absent')!r}",
            expected=f"the labels of atlas {atlas.name}",
            remedy="give the atlas' name of each key in a table (table: of the label image)",
        )


def _read(path: Path) -> tuple[CiftiLayout, np.ndarray]:
    try:
        size = path.stat().st_size
        if size > _BYTES:
            raise InputError("CL103", file=path.name, found=f"{size:,} bytes")
        with path.open("rb") as stream:
            layout = read_cifti_layout(stream.read, size, path.name)
            data = stream.read(layout.n_rows * layout.row_bytes)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        found = getattr(error, "strerror", None) or str(error)
        raise InputError("CL101", file=path.name, found=found) from error
    stored = np.frombuffer(data, dtype=layout.dtype)
    if layout.slope is None or layout.inter is None:
        return layout, stored
    with np.errstate(all="ignore"):
        return layout, stored.astype(np.float64) * layout.slope + layout.inter
