"""Maps of voxels as NIfTI files with a JSON file beside each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int

from corticolimbic.foundation import atomic_path, write_json


@dataclass(frozen=True)
class VoxelMap:
    """One value for each voxel of a mask.

    Parameters
    ----------
    name
        File name without extension; entities in BIDS order.
    values
        NaN where a voxel has none.
    places
        Voxels on the grid, x varying fastest.
    shape, affine
        The grid; voxel indices to mm.
    about
        What the JSON file says.
    """

    name: str
    values: Float32[np.ndarray, " voxels"]
    places: Int[np.ndarray, " voxels"]
    shape: tuple[int, int, int]
    affine: Float64[np.ndarray, "4 4"]
    about: Mapping[str, Any]

    def volume(self) -> Float32[np.ndarray, "x y z"]:
        """Return the map on its grid, NaN outside the mask."""
        flat = np.full(int(np.prod(self.shape)), np.nan, dtype=np.float32)
        flat[self.places] = self.values
        return flat.reshape(self.shape, order="F")


def write_map(found: VoxelMap, folder: Path) -> tuple[str, str]:
    """Write a map as float32 NIfTI in MNI millimetres, and its JSON file; equal content gives equal bytes.

    Parameters
    ----------
    found
        The map.
    folder
        Made where it does not exist.

    Returns
    -------
    tuple of str
        Names of image and JSON file in the folder.
    """
    from isal import igzip
    from nibabel import Nifti1Image

    image = Nifti1Image(found.volume(), found.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(found.affine, code="mni")
    image.set_qform(found.affine, code="mni")
    named, beside = f"{found.name}.nii.gz", f"{found.name}.json"
    with atomic_path(folder / named) as temporary:
        temporary.write_bytes(igzip.compress(image.to_bytes(), compresslevel=2, mtime=0))
    write_json(folder / beside, dict(found.about))
    return named, beside
