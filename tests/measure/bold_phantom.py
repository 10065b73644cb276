"""Images in which region k holds the signal of number k: a value under a wrong name is a wrong value."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from dataset.synthetic_bold import confounds, mask_image, write_confounds
from measure.phantom import VOLUMES, signal

from corticolimbic.circuit import Atlas
from corticolimbic.dataset import BoldRun, SessionFiles

SPACE = "MNI152NLin6Asym"
BASE = 1000.0
"""Signal of a region of number 0."""
LOUD = 20.0
"""Waves stand out of the rounding of float32."""


def affine(matrix: np.ndarray, centre: tuple[float, float, float], shape: tuple[int, int, int]) -> np.ndarray:
    """Return the affine that turns voxel steps into mm and puts the grid's middle at ``centre``."""
    middle = (np.array(shape) - 1) / 2
    return nibabel.affines.from_matvec(matrix, np.array(centre) - matrix @ middle)


TURN = nibabel.eulerangles.euler2mat(0.2, -0.15, 0.1)
MATRICES = {
    "upright": np.diag([3.0, 3.0, 3.0]),
    "flipped": np.diag([-3.0, 3.0, 3.0]),
    "axes swapped": np.array([[0.0, 0.0, -3.0], [3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]),
    "oblique": TURN @ np.diag([-2.9, 3.1, 3.05]),
}
ENCODINGS = {
    "float64": ("<f8", None),
    "float32": ("<f4", None),
    "scaled int16": ("<i2", 0.05),
    "big-endian int16": (">i2", 0.05),
    "big-endian float32": (">f4", None),
}


def painted(numbers: np.ndarray, volumes: int = VOLUMES) -> np.ndarray:
    """Return x by y by z by volumes: voxels of region k hold its wave around BASE + k, the others noise."""
    values = np.empty((*numbers.shape, volumes))
    noise = np.random.default_rng(5).standard_normal((*numbers.shape, volumes))
    values[...] = BASE + 30 * noise
    for number in np.unique(numbers[numbers > 0]).tolist():
        values[numbers == number] = BASE + number + LOUD * (signal(number, volumes) - number)
    return values


def sphere_numbers(
    atlas: Atlas, code: Mapping[str, int], shape: tuple[int, int, int], place: np.ndarray
) -> np.ndarray:
    """Return which sphere's number each voxel holds; where spheres overlap the last one wins."""
    where = nibabel.affines.apply_affine(place, np.stack(np.indices(shape), axis=-1))
    numbers = np.zeros(shape, dtype=int)
    for node in atlas.nodes:
        near = np.linalg.norm(where - [node.x, node.y, node.z], axis=-1) <= node.radius + 3.5
        numbers[near] = code[node.name]
    return numbers


def write_bold(
    root: Path,
    values: np.ndarray,
    place: np.ndarray,
    *,
    space: str = SPACE,
    encoding: str = "float32",
    mask: np.ndarray | None = None,
    table: pd.DataFrame | None = None,
    run: str = "1",
    repetition_time: float = 2.0,
    compressed: bool = True,
) -> BoldRun:
    """Write one run of sub-01 with what belongs to it, and return it; ``table`` is that of the confounds."""
    folder = "sub-01/func/"
    (root / folder).mkdir(parents=True, exist_ok=True)
    stem = f"sub-01_task-rest_run-{run}"
    kind, slope = ENCODINGS[encoding]
    header = nibabel.Nifti1Header(endianness=kind[0])
    header.set_data_dtype(np.dtype(kind))
    header.set_xyzt_units("mm", "sec")
    if slope is not None:
        header.set_slope_inter(slope, BASE)
        stored = np.rint((values - BASE) / slope).astype(kind)
    else:
        stored = values.astype(kind)
    image = nibabel.Nifti1Image(stored, None, header)
    image.set_sform(place, code=4)
    image.set_qform(None, code=0)
    image.header["pixdim"][4] = repetition_time
    data = bytearray(image.to_bytes())
    if slope is not None:  # to_bytes of integer data leaves the header's scaling unset
        at = np.frombuffer(bytes(data[112:120]), dtype=f"{kind[0]}f4").copy()
        at[:] = slope, BASE
        data[112:120] = at.tobytes()
    bold = f"{folder}{stem}_space-{space}_desc-preproc_bold.nii" + (".gz" if compressed else "")
    (root / bold).write_bytes(gzip.compress(bytes(data), 1) if compressed else bytes(data))
    names: dict[str, str | None] = {"mask": None, "confounds": None, "confounds_sidecar": None}
    if mask is not None:
        names["mask"] = f"{folder}{stem}_space-{space}_desc-brain_mask.nii.gz"
        (root / names["mask"]).write_bytes(gzip.compress(mask_image(mask, place).to_bytes(), 1))
    if table is not None:
        names["confounds"] = f"{folder}{stem}_desc-confounds_timeseries.tsv"
        names["confounds_sidecar"] = f"{folder}{stem}_desc-confounds_timeseries.json"
        write_confounds(root / names["confounds"], table)
    return BoldRun("sub-01", "ses-none", "rest", run, "n/a", space, bold, **names)


def still(volumes: int = VOLUMES, seed: int = 3) -> pd.DataFrame:
    """Return confounds of a head that hardly moves."""
    return confounds(volumes, np.random.default_rng(seed), head_motion=0.005)


def session(*runs: BoldRun) -> SessionFiles:
    """Return the session of these runs."""
    return SessionFiles("sub-01", "ses-none", runs)
