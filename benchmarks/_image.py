"""A preprocessed BOLD run on the 2 mm grid, made by a script: int16, gzip as nibabel writes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks._job import Size
from corticolimbic.circuit import Atlas, LabelImage, Node
from corticolimbic.dataset import BoldRun

SPACE = "MNI152NLin2009cAsym"
REPETITION_TIME = 2.0
BAND = (0.01, 0.1)
AFFINE = np.array([[2.0, 0, 0, -96], [0, 2, 0, -132], [0, 0, 2, -78], [0, 0, 0, 1]])
GRIDS: dict[Size, tuple[int, int, int]] = {"full": (97, 115, 97), "smoke": (33, 39, 33)}
PARCELS: dict[Size, int] = {"full": 432, "smoke": 40}
N_SPHERES, N_CONFOUNDS = 30, 36


@dataclass(frozen=True)
class Made:
    """What the jobs need of a run.

    Parameters
    ----------
    root, run
        The dataset's folder and the run in it.
    confounds
        Volumes by confounds.
    mask
        Inside the brain.
    parcels, spheres
        Atlases of our own.
    affine
        Voxel indices to mm.
    """

    root: Path
    run: BoldRun
    confounds: np.ndarray
    mask: np.ndarray
    parcels: LabelImage
    spheres: Atlas
    affine: np.ndarray


def made(size: Size, folder: Path, volumes: int = 300) -> Made:
    """Write the run where it is not there yet, and return it with its atlases.

    Outside the brain is nothing: a file full of noise would take longer to decompress and flatter us.
    """
    import nibabel

    grid = GRIDS[size]
    volumes = volumes if size == "full" else 120
    affine = AFFINE.copy()
    affine[:3, :3] *= GRIDS["full"][0] / grid[0]
    rng = np.random.default_rng(20261125)
    place = np.indices(grid).reshape(3, -1) / (np.array(grid)[:, None] - 1) - 0.5
    radius = np.linalg.norm(place / np.array([0.375, 0.385, 0.365])[:, None], axis=0).reshape(grid)
    mask = radius < 1
    parcels = _parcels(rng, mask & (radius > 0.6), PARCELS[size], affine)
    spheres = _spheres(rng, mask & (radius < 0.9), affine)
    confounds = np.cumsum(rng.normal(size=(volumes, N_CONFOUNDS)), axis=0)
    folder = folder / f"run-{volumes}"
    names = [
        f"sub-01_task-rest_space-{SPACE}_{rest}"
        for rest in ("desc-preproc_bold.nii.gz", "desc-brain_mask.nii.gz")
    ]
    if not (folder / names[0]).exists():
        folder.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(mask.astype(np.uint8), affine), folder / names[1])
        image = nibabel.Nifti1Image(_values(rng, mask, volumes, confounds), affine)
        image.header.set_xyzt_units("mm", "sec")
        image.header.set_zooms((*np.diag(affine)[:3], REPETITION_TIME))
        nibabel.save(image, folder / names[0])
    run = BoldRun("sub-01", "ses-none", "rest", "n/a", "n/a", SPACE, names[0], mask=names[1])
    return Made(folder, run, confounds, mask, parcels, spheres, affine)


def _values(rng: np.random.Generator, mask: np.ndarray, volumes: int, confounds: np.ndarray) -> np.ndarray:
    """Return noise of one percent around a level of each voxel's own, with some of the confounds in it."""
    values = np.zeros((*mask.shape, volumes), dtype=np.int16, order="F")
    flat = values.reshape(-1, volumes, order="F")
    inside = np.flatnonzero(mask.ravel(order="F"))
    level = rng.normal(9000, 1000, inside.size).astype(np.float32)
    mixing = rng.normal(0, 2, (2, inside.size)).astype(np.float32)
    for volume in range(volumes):
        noise = rng.standard_normal(inside.size, dtype=np.float32) * 90
        flat[inside, volume] = np.rint(level + noise + confounds[volume, :2].astype(np.float32) @ mixing)
    return values


def _parcels(rng: np.random.Generator, where: np.ndarray, count: int, affine: np.ndarray) -> LabelImage:
    """Cut the shell of the brain into pieces around random centres."""
    from scipy.spatial import cKDTree

    voxels = np.argwhere(where)
    centres = voxels[rng.choice(len(voxels), count, replace=False)]
    labels = np.zeros(where.shape, dtype=np.int32)
    labels[tuple(voxels.T)] = cKDTree(centres).query(voxels)[1] + 1
    return LabelImage(labels, affine, SPACE, {number: f"P{number:03d}" for number in range(1, count + 1)})


def _spheres(rng: np.random.Generator, where: np.ndarray, affine: np.ndarray) -> Atlas:
    voxels = np.argwhere(where)
    centres = voxels[rng.choice(len(voxels), N_SPHERES, replace=False)] @ affine[:3, :3].T + affine[:3, 3]
    nodes = tuple(
        Node(f"S{number:02d}", "B", None, *map(float, centre), 5.0, "made up")
        for number, centre in enumerate(centres, start=1)
    )
    return Atlas("made-up spheres", "spheres", "MNI152", (), nodes, ())
