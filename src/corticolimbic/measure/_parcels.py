"""The atlases by which images are measured: spheres by name, label images by file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from corticolimbic.circuit import (
    Atlas,
    GrayordinateLabels,
    LabelImage,
    RegionWeights,
    atlas,
    grayordinate_labels,
    label_image,
    region_weights,
)
from corticolimbic.foundation import SettingsError, hash_bytes, hash_json
from corticolimbic.measure._settings import LabelImageSettings, MeasureSettings

_DENSE_LABELS = ".dlabel.nii"
_SEGMENTATION = re.compile(r"(?:seg|atlas)-([A-Za-z0-9]+)")


@dataclass(frozen=True, eq=False)
class Parcels:
    """Regions that can be put on any grid.

    Parameters
    ----------
    name
        As in the column ``atlas``.
    drawn
        Spheres, an image of labels, CIFTI's structures, or labels of grayordinates.
    atlas
        What its nodes mean for the circuit; None where no map is known.
    radius
        Radius of every sphere in mm instead of the nodes' own.
    hash
        Changes whenever a measured value could.
    """

    name: str
    drawn: Atlas | LabelImage | GrayordinateLabels
    atlas: Atlas | None
    radius: float | None
    hash: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be known beside the space."""
        unnamed = () if isinstance(self.drawn, Atlas) else self.drawn.unnamed
        return (f"labels without a name, not measured: {', '.join(map(str, unnamed))}",) if unnamed else ()

    @property
    def on_grayordinates(self) -> bool:
        """Whether the regions are vertices and voxels of CIFTI files, not places on a grid."""
        if isinstance(self.drawn, Atlas):
            return self.drawn.kind == "structures"
        return isinstance(self.drawn, GrayordinateLabels)


def read_parcels(settings: MeasureSettings) -> tuple[Parcels, ...]:
    """Return the atlases that the settings name for images; label images are read once a process.

    Raises
    ------
    SettingsError
        An unknown atlas, one without spheres, or a name that stands twice.
    InputError
        Where a label image or its table cannot be used.
    """
    spheres = tuple(_drawn(name, settings.radius_mm) for name in settings.atlases)
    labels = tuple(_labels(item, _stamp(item)) for item in settings.label_images)
    names = [item.name for item in (*spheres, *labels)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"measure: atlas {twice[0]} stands twice; give a label image a name of its own")
    return (*spheres, *labels)


def grid_weights(
    parcels: Parcels,
    shape: tuple[int, int, int],
    affine: np.ndarray,
    space: str,
    allow_space_mismatch: tuple[str, ...],
) -> RegionWeights:
    """Return the weights of an atlas on a grid, those of the last few grids from memory.

    Parameters
    ----------
    parcels
        From `read_parcels`.
    shape, affine, space
        The image's grid: voxels along each axis, voxel indices to mm, name of the space.
    allow_space_mismatch
        Spaces whose label images may be used on images in another space.

    Raises
    ------
    SpaceMismatchError
        See `corticolimbic.circuit.region_weights`.
    """
    return _weights(parcels, shape, affine.tobytes(), space, allow_space_mismatch)


@lru_cache(maxsize=16)
def _weights(
    parcels: Parcels,
    shape: tuple[int, int, int],
    affine: bytes,
    space: str,
    allow_space_mismatch: tuple[str, ...],
) -> RegionWeights:
    if isinstance(parcels.drawn, GrayordinateLabels):
        raise TypeError(f"{parcels.name} is a parcellation of grayordinates")
    place = np.frombuffer(affine, dtype=np.float64).reshape(4, 4)
    return region_weights(
        parcels.drawn, shape, place, space, radius=parcels.radius, allow_space_mismatch=allow_space_mismatch
    )


@lru_cache(maxsize=16)
def _drawn(name: str, radius: float | None) -> Parcels:
    found = atlas(name)
    if found.kind == "structures":
        return Parcels(found.name, found, found, None, found.hash)
    if found.kind != "spheres":
        raise SettingsError(
            f"measure.atlases: {found.name} has no spheres; name its image under measure.label_images"
        )
    return Parcels(found.name, found, found, radius, found.hash)


@lru_cache(maxsize=16)
def _labels(item: LabelImageSettings, stamp: tuple[tuple[int, int], ...]) -> Parcels:
    """Read a label image; ``stamp`` (sizes and times of its files) has it read again after a change."""
    known = atlas(item.atlas) if item.atlas is not None else None
    image: LabelImage | GrayordinateLabels
    content: list[Any]
    if item.path.name.endswith(_DENSE_LABELS):
        if item.threshold is not None:
            raise SettingsError(f"{item.path.name}: a threshold belongs to maps of probabilities")
        image = grayordinate_labels(item.path, item.table, atlas=known, space=item.space or "")
        content = [image.grayordinates.hash, hash_bytes(image.values.tobytes()), image.space]
    else:
        image = label_image(
            item.path, item.table, atlas=known, space=item.space or "", threshold=item.threshold
        )
        content = [
            hash_bytes(image.data.tobytes()),
            list(image.data.shape),
            image.affine.tolist(),
            image.space,
        ]
    labels = sorted(image.labels.items())
    entity = _SEGMENTATION.search(item.path.name)
    own = entity[1] if entity else item.path.name.partition(".")[0]
    name = item.name or (known.name if known else own)
    return Parcels(name, image, known, None, hash_json([content, labels]))


def _stamp(item: LabelImageSettings) -> tuple[tuple[int, int], ...]:
    return tuple(_size_and_time(path) for path in (item.path, item.table) if path is not None)


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return (-1, -1)  # reading it says what is wrong
    return about.st_size, about.st_mtime_ns
