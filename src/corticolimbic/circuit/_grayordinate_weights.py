"""From atlases to sparse weights on grayordinates."""

from __future__ import annotations

import numpy as np

from corticolimbic.circuit._atlas import Atlas
from corticolimbic.circuit._grayordinate_labels import GrayordinateLabels
from corticolimbic.circuit._grayordinates import Grayordinates
from corticolimbic.circuit._weights import RegionWeights, mean_matrix, rows_of
from corticolimbic.foundation import SettingsError, SpaceMismatchError


def grayordinate_weights(
    parcels: Atlas | GrayordinateLabels,
    grayordinates: Grayordinates,
    space: str,
    *,
    allow_space_mismatch: tuple[str, ...] = (),
) -> RegionWeights:
    """Build mean weights of every region on the grayordinates of a file.

    Parameters
    ----------
    parcels
        An atlas of CIFTI's own structures, or a parcellation (`grayordinate_labels`).
    grayordinates
        Of the data.
    space
        Of the data, for instance ``fsLR``.
    allow_space_mismatch
        Names of spaces of parcellations that may be used on data in another space.

    Returns
    -------
    RegionWeights
        Columns are the data's grayordinates in their order; ``n_voxels`` counts them. ``coverage`` is the
        share of a parcel's grayordinates that the data have; of a structure 1, or 0 where it is absent.

    Raises
    ------
    SpaceMismatchError
        CL402 where the parcellation's name says another space, CL252 where surfaces or grids differ.
    SettingsError
        Where the atlas is not one of structures.
    """
    if isinstance(parcels, Atlas):
        return _structures(parcels, grayordinates)
    notes: tuple[str, ...] = ()
    if parcels.space != space:
        if parcels.space and parcels.space not in allow_space_mismatch:
            found = f"labels in {parcels.space}, data in {space or 'an unnamed space'}"
            raise SpaceMismatchError("CL402", file=parcels.file, found=found)
        how = "as allowed" if parcels.space else "as its vertices and voxels allow"
        notes = (f"labels in {parcels.space or 'an unnamed space'} used in {space}, {how}",)
    keys = np.array(list(parcels.labels), dtype=np.int64)
    row = rows_of(parcels.values, keys, np.argsort(keys))
    place = grayordinates.find(parcels.grayordinates)
    there = (row >= 0) & (place >= 0)
    total = np.bincount(row[row >= 0], minlength=keys.size)
    n_voxels = np.bincount(row[there], minlength=keys.size)
    return RegionWeights(
        names=tuple(parcels.labels.values()),
        matrix=mean_matrix(row[there], place[there], n_voxels, grayordinates.size),
        n_voxels=n_voxels,
        coverage=n_voxels / np.maximum(total, 1),
        notes=notes,
    )


def _structures(parcels: Atlas, grayordinates: Grayordinates) -> RegionWeights:
    if parcels.kind != "structures":
        raise SettingsError(f"atlas {parcels.name} has none of CIFTI's structures")
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    number = {node.name: row for row, node in enumerate(parcels.nodes)}
    for model in grayordinates.models:
        if model.structure in number:
            columns.append(np.arange(model.places.start, model.places.stop))
            rows.append(np.full(len(model.indices), number[model.structure]))
    place = np.concatenate(rows)
    n_voxels = np.bincount(place, minlength=len(number))
    return RegionWeights(
        names=tuple(number),
        matrix=mean_matrix(place, np.concatenate(columns), n_voxels, grayordinates.size),
        n_voxels=n_voxels,
        coverage=(n_voxels > 0).astype(np.float64),
    )
