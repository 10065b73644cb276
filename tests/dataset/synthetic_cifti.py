"""Small CIFTI files, and trees of fMRIPrep's with them, written by nibabel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import nibabel
import numpy as np
from dataset.synthetic_bold import confounds, write_confounds
from nibabel import cifti2

GRID = (14, 14, 14)
PLACE = np.array([[-2.0, 0, 0, 14], [0, 2, 0, -14], [0, 0, 2, -14], [0, 0, 0, 1]])
VERTICES = {"CORTEX_LEFT": 60, "CORTEX_RIGHT": 60}
"""Vertices of the whole surfaces; one in six is the medial wall."""
VOXELS = {
    "ACCUMBENS_LEFT": 4, "ACCUMBENS_RIGHT": 5, "AMYGDALA_LEFT": 7, "AMYGDALA_RIGHT": 8, "BRAIN_STEM": 20,
    "CAUDATE_LEFT": 9, "CAUDATE_RIGHT": 10, "CEREBELLUM_LEFT": 11, "CEREBELLUM_RIGHT": 12,
    "DIENCEPHALON_VENTRAL_LEFT": 6, "DIENCEPHALON_VENTRAL_RIGHT": 6, "HIPPOCAMPUS_LEFT": 8,
    "HIPPOCAMPUS_RIGHT": 9, "PALLIDUM_LEFT": 3, "PALLIDUM_RIGHT": 3, "PUTAMEN_LEFT": 10,
    "PUTAMEN_RIGHT": 11, "THALAMUS_LEFT": 12, "THALAMUS_RIGHT": 13,
}  # fmt: skip
STRUCTURES = (*VERTICES, *VOXELS)
Axis = cifti2.BrainModelAxis
Signal = Callable[[str, str], np.ndarray]
"""Participant and session (labels without prefix, "" for no session) to volumes by grayordinates."""


def brain_axis(
    order: Sequence[str] = STRUCTURES,
    *,
    grid: tuple[int, int, int] = GRID,
    place: np.ndarray = PLACE,
    vertices: Mapping[str, int] = VERTICES,
) -> Axis:
    """Return brain models in an order; a structure's vertices and voxels are the same in every order."""
    pieces = []
    taken = np.random.default_rng(17).permutation(int(np.prod(GRID)))
    starts = dict(zip(VOXELS, np.cumsum([0, *VOXELS.values()]).tolist(), strict=False))
    for name in order:
        if name in VERTICES:
            whole = np.arange(vertices[name])
            used = whole[whole % 6 != 2]
            pieces.append(Axis.from_surface(used, vertices[name], name=f"CIFTI_STRUCTURE_{name}"))
        else:
            own = np.sort(taken[starts[name] : starts[name] + VOXELS[name]])
            voxels = np.stack(np.unravel_index(own, GRID), axis=1)
            full = f"CIFTI_STRUCTURE_{name}"
            names = np.array([full] * len(voxels), dtype=object)
            pieces.append(Axis(names, voxel=voxels, affine=place, volume_shape=grid))
    axis = pieces[0]
    for piece in pieces[1:]:
        axis = axis + piece
    return axis


def series_image(
    values: np.ndarray, axis: Axis, step: float = 2.0, unit: str = "SECOND", dtype: str = "float32"
) -> cifti2.Cifti2Image:
    """Return volumes by grayordinates as an image."""
    series = cifti2.SeriesAxis(0, step, len(values), unit)
    image = cifti2.Cifti2Image(values.astype(dtype), (series, axis))
    image.update_headers()
    image.nifti_header.set_intent("ConnDenseSeries")
    return image


def write_dtseries(
    path: Path, values: np.ndarray, axis: Axis, step: float = 2.0, unit: str = "SECOND"
) -> None:
    """Write a series of grayordinates."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(series_image(values, axis, step, unit), path)


def write_dlabel(path: Path, keys: np.ndarray, axis: Axis, names: Mapping[int, str]) -> None:
    """Write labels: one map, or several (maps by grayordinates)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    maps = np.atleast_2d(keys)
    table = {0: ("???", (0, 0, 0, 0))} | {key: (name, (1, 0, 0, 1)) for key, name in names.items()}
    labels = cifti2.LabelAxis([f"map {number}" for number in range(len(maps))], [table] * len(maps))
    image = cifti2.Cifti2Image(maps.astype(np.float32), (labels, axis))
    image.update_headers()
    image.nifti_header.set_intent("ConnDenseLabel")
    nibabel.save(image, path)


def noise(axis: Axis, n_volumes: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise of standard deviation 10 around 1000."""
    return 1000 + 10 * rng.standard_normal((n_volumes, len(axis)))


def write_cifti_tree(
    root: Path,
    people: Sequence[str],
    n_volumes: int,
    rng: np.random.Generator,
    *,
    axis: Axis | None = None,
    sessions: Sequence[str] = ("",),
    density: str = "91k",
    repetition_time: float = 2.0,
    signal: Signal | None = None,
    head_motion: float = 0.005,
) -> Path:
    """Write a tree as ``fmriprep --cifti-output`` leaves it, without its volumes, and return its root."""
    axis = axis or brain_axis()
    root.mkdir(parents=True, exist_ok=True)
    description = {
        "Name": "Synthetic CIFTI", "BIDSVersion": "1.9.0", "DatasetType": "derivative", "License": "CC0",
        "GeneratedBy": [{"Name": "fMRIPrep", "Version": "24.1.1"}], "HowToAcknowledge": "Made for a test",
    }  # fmt: skip
    (root / "dataset_description.json").write_text(json.dumps(description), encoding="utf-8")
    rows = ["participant_id\tsite\tage\tsex\tpain_sensitivity"]
    for place, label in enumerate(people):
        site, age, sex = ("north", "south")[place % 2], rng.integers(20, 60), rng.choice(["F", "M"])
        rows.append(f"sub-{label}\t{site}\t{age}\t{sex}\t{rng.normal():.4f}")
        for session in sessions:
            stem = f"sub-{label}" + (f"_ses-{session}" if session else "")
            folder = root / stem.replace("_", "/") / "func"
            values = signal(label, session) if signal else noise(axis, n_volumes, rng)
            first = f"{stem}_task-rest"
            bold = folder / f"{first}_space-fsLR_den-{density}_bold.dtseries.nii"
            write_dtseries(bold, values, axis, repetition_time)
            sidecar = {"RepetitionTime": repetition_time, "TaskName": "rest", "grayordinates": density}
            (folder / f"{first}_space-fsLR_den-{density}_bold.json").write_text(json.dumps(sidecar))
            table = confounds(n_volumes, rng, head_motion=head_motion)
            write_confounds(folder / f"{first}_desc-confounds_timeseries.tsv", table)
    (root / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root
