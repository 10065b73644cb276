"""Label images: whole numbers on a grid, with names by key and a space that is stated."""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.circuit._atlas import Atlas
from corticolimbic.circuit._atlas import atlas as find_atlas
from corticolimbic.circuit._label_table import read_label_table, refuse_repeated
from corticolimbic.foundation import InputError, SettingsError

_BYTES = 2**31
"""Largest image read, in bytes after decompression (Harvard-Oxford at 1 mm has 526 million)."""
_SPACE = re.compile(r"space-([A-Za-z0-9]+)|(MNI152NLin[0-9A-Za-z]+?)(?=[_.]|$)")


@dataclass(frozen=True)
class LabelImage:
    """A parcellation on a grid.

    Parameters
    ----------
    data
        Whole numbers, 0 for background.
    affine
        Voxel indices to mm.
    space
        Name of the space, e.g. ``MNI152NLin6Asym``.
    labels
        Value to name; names are distinct; values need not be contiguous.
    unnamed
        Values in the image that have no name; they are not measured.
    file
        Name of the file, for messages.
    """

    data: Int[np.ndarray, "x y z"]
    affine: Float[np.ndarray, "4 4"]
    space: str
    labels: dict[int, str]
    unnamed: tuple[int, ...] = field(default=(), kw_only=True)
    file: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        check_affine(self.affine, self.file)
        refuse_repeated(list(self.labels.values()), self.file)
        if 0 in self.labels:
            raise InputError("CL403", file=self.file, found="a name for 0, which is background")


def label_image(
    path: Path,
    table_path: Path | None = None,
    *,
    atlas: Atlas | str | None = None,
    space: str = "",
    threshold: float | int | None = None,
) -> LabelImage:
    """Read a label image.

    Parameters
    ----------
    path
        NIfTI file; 3-D whole numbers, or 4-D with one map of probabilities for each label.
    table_path
        Names by value (see `read_label_table`); with ``atlas`` given as well, both must agree.
    atlas
        Atlas whose nodes name the values.
    space
        Name of the space; by default what the file name says (``space-LABEL``, ``...2009cAsym...``), else the
        atlas' own.
    threshold
        For 4-D files only, and needed there: each voxel takes the label with the largest value if that is
        at least ``threshold`` (in the units of the file; the first label wins a tie); label values are the
        volume's number, counted from 1.

    Raises
    ------
    InputError
        CL403 where the image is no usable parcellation, CL101 or CL102 where it cannot be read.
    SettingsError
        Where neither a table nor an atlas is given.
    """
    chosen = find_atlas(atlas) if isinstance(atlas, str) else atlas
    labels = _names(path, table_path, chosen, four_d=threshold is not None)
    raw, affine = _read(path)
    data = whole_numbers(raw, path.name) if raw.ndim == 3 else _most_probable(raw, threshold, path.name)
    present = np.unique(data)
    return LabelImage(
        data=data,
        affine=affine,
        space=space or space_of(path.name) or (chosen.space if chosen else ""),
        labels=labels,
        unnamed=tuple(int(value) for value in present if value != 0 and int(value) not in labels),
        file=path.name,
    )


def check_affine(affine: np.ndarray, file: str) -> None:
    """Refuse an affine that is not finite or cannot be inverted (CL403)."""
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise InputError("CL403", file=file, found="an affine that is not finite or not invertible")


def _names(path: Path, table_path: Path | None, atlas: Atlas | None, *, four_d: bool) -> dict[int, str]:
    named = {node.index: node.name for node in atlas.nodes if node.index is not None} if atlas else {}
    if table_path is None:
        if not named:
            raise SettingsError(f"{path.name}: name its labels by a table or by an atlas with a label image")
        return named
    table = read_label_table(table_path)
    if four_d and 0 in table:  # such tables count volumes from 0; 0 is background in a label image
        table = {index + 1: name for index, name in table.items()}
    if atlas is not None and table != named:
        wrong = sorted(set(table.items()) ^ set(named.items()))[0]
        raise InputError(
            "CL403",
            file=table_path.name,
            found=f"label {wrong[0]} {wrong[1]!r} in only one of table and atlas",
            expected=f"the labels of atlas {atlas.name}",
        )
    return table


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        image = nibabel.load(path)
        if math.prod(image.shape) * image.get_data_dtype().itemsize > _BYTES:
            raise InputError(
                "CL103", file=path.name, found=f"an image of {' x '.join(map(str, image.shape))}"
            )
        if len(image.shape) not in {3, 4}:
            raise InputError("CL403", file=path.name, found=f"{len(image.shape)} dimensions")
        affine = np.asarray(image.affine, dtype=np.float64)
        check_affine(affine, path.name)
        raw = np.asarray(image.dataobj)
    except (EOFError, zlib.error) as error:
        raise InputError("CL102", file=path.name, found=str(error)) from error
    except ImageFileError as error:
        raise InputError("CL403", file=path.name, found=str(error)) from error
    except (OSError, ValueError) as error:
        raise InputError("CL101", file=path.name, found=str(error)) from error
    return (raw[..., 0] if raw.ndim == 4 and raw.shape[3] == 1 else raw), affine


def whole_numbers(raw: np.ndarray, file: str) -> np.ndarray:
    """Return values as int32; refuse fractions, negative values and those beyond the type (CL403)."""
    floating = not np.issubdtype(raw.dtype, np.integer)
    if floating and not (np.isfinite(raw).all() and np.array_equal(raw, np.rint(raw))):
        raise InputError("CL403", file=file, found="values that are no whole numbers")
    if raw.size and (raw.min() < 0 or raw.max() > np.iinfo(np.int32).max):
        raise InputError("CL403", file=file, found="label values out of range")
    return raw.astype(np.int32)


def _most_probable(raw: np.ndarray, threshold: float | int | None, file: str) -> np.ndarray:
    if threshold is None or not threshold > 0:
        raise InputError(
            "CL403",
            file=file,
            found="a 4-D file of probabilities without a threshold above 0",
            remedy="give threshold",
        )
    best = np.zeros(raw.shape[:3], dtype=np.int32)
    highest = np.full(raw.shape[:3], -np.inf)
    for volume in range(raw.shape[3]):
        values = raw[..., volume]
        better = (values >= threshold) & (values > highest)
        best[better] = volume + 1
        highest[better] = values[better]
    return best


def space_of(name: str) -> str:
    """Return the space that a file name states, or nothing."""
    found = _SPACE.search(name)
    if found:
        return found[1] or found[2]
    return "MNI152NLin2009cAsym" if "2009cAsym" in name else ""
