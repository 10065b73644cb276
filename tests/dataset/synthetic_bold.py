"""A small valid tree of fMRIPrep's derivatives, made in a moment, for any test that needs images."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd

SPACE = "MNI152NLin2009cAsym"
AFFINE = np.array([[-4.0, 0, 0, 10], [0, 4, 0, -20], [0, 0, 4, -8], [0, 0, 0, 1]])
"""A small grid of 4 mm, first axis flipped, as many templates have it."""
MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
TISSUES = ("csf", "white_matter", "global_signal")
Signal = Callable[[str, str, str], np.ndarray]
"""Participant, session and task (labels without prefix, "" for no session) to x by y by z by volumes."""


def write_fmriprep(
    root: Path,
    people: int | Sequence[str],
    shape: tuple[int, int, int],
    affine: np.ndarray,
    n_volumes: int,
    rng: np.random.Generator,
    *,
    sessions: Sequence[str] = (),
    tasks: Sequence[str] = ("rest",),
    runs: Sequence[str] = (),
    spaces: Sequence[str] = (SPACE,),
    sites: Sequence[str] = ("north", "south"),
    repetition_time: float = 2.0,
    dtype: str = "int16",
    extension: str = ".nii.gz",
    signal: Signal | None = None,
    mask: np.ndarray | None = None,
    head_motion: float = 0.02,
    aroma: bool = False,
) -> Path:
    """Write a tree as ``fmriprep`` leaves it and return its root.

    Parameters
    ----------
    people
        Their number (sub-001, sub-002, ...), or their labels without the prefix.
    shape, affine
        Grid of every image.
    sessions, tasks, runs, spaces, sites
        Labels without prefix; people are dealt to sites in turn.
    dtype
        Of the images as stored; ``int16`` is scaled (scl_slope, scl_inter), as fMRIPrep leaves it.
    signal
        Values of a run; by default 1000 inside the mask with noise of standard deviation 10, 0 outside.
    mask
        Inside of the head; by default an ellipsoid that fills the grid.
    head_motion
        Standard deviation of the steps of the head, in mm (a hundredth of it in radians).
    aroma
        Also write ``aroma_motion_*`` columns and the smoothed, denoised image that nilearn's strategy
        ``ica_aroma`` reads.
    """
    labels = [f"{number + 1:03d}" for number in range(people)] if isinstance(people, int) else list(people)
    root.mkdir(parents=True, exist_ok=True)
    inside = ellipsoid(shape) if mask is None else mask
    description = {
        "Name": "Synthetic fMRIPrep",
        "BIDSVersion": "1.9.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "fMRIPrep", "Version": "24.1.1"}],
        "License": "CC0",
        "HowToAcknowledge": "Made for a test",
    }
    (root / "dataset_description.json").write_text(json.dumps(description), encoding="utf-8")
    rows = ["participant_id\tsite\tage\tsex\tpain_sensitivity"]
    for place, label in enumerate(labels):
        site, age, sex = sites[place % len(sites)], rng.integers(20, 60), rng.choice(["F", "M"])
        rows.append(f"sub-{label}\t{site}\t{age}\t{sex}\t{rng.normal():.4f}")
        for session in sessions or [""]:
            stem = f"sub-{label}" + (f"_ses-{session}" if session else "")
            folder = root / stem.replace("_", "/") / "func"
            folder.mkdir(parents=True, exist_ok=True)
            for task in tasks:
                for run in runs or [""]:
                    values = (
                        signal(label, session, task) if signal else _noise(inside, n_volumes, rng)
                    ).astype(np.float64)
                    name = f"{stem}_task-{task}" + (f"_run-{run}" if run else "")
                    table = confounds(n_volumes, rng, head_motion=head_motion, aroma=aroma)
                    write_confounds(folder / f"{name}_desc-confounds_timeseries.tsv", table)
                    for space in spaces:
                        first = folder / f"{name}_space-{space}"
                        image = bold_image(values, affine, dtype, repetition_time)
                        write_image(Path(f"{first}_desc-preproc_bold{extension}"), image)
                        write_sidecar(Path(f"{first}_desc-preproc_bold.json"), task, repetition_time)
                        write_image(Path(f"{first}_desc-brain_mask{extension}"), mask_image(inside, affine))
                        if aroma:
                            write_image(Path(f"{first}_desc-smoothAROMAnonaggr_bold{extension}"), image)
    (root / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


def ellipsoid(shape: tuple[int, int, int]) -> np.ndarray:
    """Return the voxels of an ellipsoid that touches the sides of the grid."""
    axes = np.meshgrid(
        *(np.linspace(-1, 1, length) if length > 1 else [0] for length in shape), indexing="ij"
    )
    return sum(axis**2 for axis in axes) <= 1.0 + 1e-9


def _noise(inside: np.ndarray, n_volumes: int, rng: np.random.Generator) -> np.ndarray:
    values = 1000 + 10 * rng.standard_normal((*inside.shape, n_volumes))
    return values * inside[..., None]


def bold_image(
    values: np.ndarray, affine: np.ndarray, dtype: str = "float32", repetition_time: float = 2.0
) -> nibabel.Nifti1Image:
    """Return a NIfTI-1 image with sform, qform, and time step; int16 is scaled over its whole range."""
    image = nibabel.Nifti1Image(values, affine)
    image.set_sform(affine, code=4)
    image.set_qform(affine, code=4)
    image.header.set_data_dtype(dtype)
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = repetition_time
    return image


def mask_image(inside: np.ndarray, affine: np.ndarray) -> nibabel.Nifti1Image:
    """Return a mask as fMRIPrep writes it."""
    image = nibabel.Nifti1Image(inside.astype(np.uint8), affine)
    image.set_sform(affine, code=4)
    image.set_qform(affine, code=4)
    return image


def write_image(path: Path, image: nibabel.Nifti1Image) -> None:
    """Write an image, compressed where the name ends in .gz (the same bytes for the same image)."""
    data = image.to_bytes()
    path.write_bytes(gzip.compress(data, compresslevel=1, mtime=0) if path.suffix == ".gz" else data)


def write_sidecar(path: Path, task: str, repetition_time: float) -> None:
    """Write the JSON file of a preprocessed image."""
    content = {"RepetitionTime": repetition_time, "SkullStripped": False, "TaskName": task}
    path.write_text(json.dumps(content), encoding="utf-8")


def confounds(
    n_volumes: int,
    rng: np.random.Generator,
    *,
    head_motion: float = 0.02,
    n_components: int = 6,
    n_cosines: int = 3,
    aroma: bool = False,
) -> pd.DataFrame:
    """Return a table with fMRIPrep's columns; NaN in the first row of derivatives.

    The head walks at random; framewise displacement is Power's (rotations on a sphere of 50 mm) of that
    walk. Cosines are the discrete cosine basis, components and tissue signals are noise.
    """
    steps = rng.standard_normal((n_volumes, 6)) * head_motion * np.array([1, 1, 1, 0.01, 0.01, 0.01])
    walk = np.cumsum(steps, axis=0)
    columns: dict[str, np.ndarray] = {}
    for place, name in enumerate(TISSUES):
        columns |= _expanded(name, 500 + 100 * place + rng.standard_normal(n_volumes))
    columns["csf_wm"] = 600 + rng.standard_normal(n_volumes)
    columns["tcompcor"] = 700 + rng.standard_normal(n_volumes)
    for name, spread, centre in (("std_dvars", 0.1, 1.0), ("dvars", 2.0, 20.0), ("rmsd", 0.01, 0.05)):
        columns[name] = np.concatenate([[np.nan], centre + spread * rng.standard_normal(n_volumes - 1)])
    moved = np.abs(np.diff(walk, axis=0)) @ np.array([1, 1, 1, 50, 50, 50])
    columns["framewise_displacement"] = np.concatenate([[np.nan], moved])
    for prefix in "tacw":
        for place in range(n_components):
            columns[f"{prefix}_comp_cor_{place:02d}"] = rng.standard_normal(n_volumes) / np.sqrt(n_volumes)
    moments = (np.arange(n_volumes) + 0.5) * np.pi / n_volumes
    for place in range(n_cosines):
        columns[f"cosine{place:02d}"] = np.cos((place + 1) * moments) * np.sqrt(2 / n_volumes)
    for place, name in enumerate(MOTION):
        columns |= _expanded(name, walk[:, place])
    for place in range(4 if aroma else 0):
        columns[f"aroma_motion_{place + 1:02d}"] = rng.standard_normal(n_volumes)
    return pd.DataFrame(columns)


def _expanded(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    slope = np.concatenate([[np.nan], np.diff(values)])
    return {
        name: values,
        f"{name}_derivative1": slope,
        f"{name}_derivative1_power2": slope**2,
        f"{name}_power2": values**2,
    }


def write_confounds(path: Path, table: pd.DataFrame) -> None:
    """Write a table of confounds as fMRIPrep does, and the JSON file that describes its components."""
    table.to_csv(path, sep="\t", na_rep="n/a", index=False)
    masks = {"t": "", "a": "combined", "c": "CSF", "w": "WM"}
    about = {}
    for name in table.columns:
        if "_comp_cor_" in name:
            about[name] = {
                "Method": "tCompCor" if name[0] == "t" else "aCompCor",
                "Retained": True,
                "SingularValue": 10.0,
                "VarianceExplained": 0.05,
                "CumulativeVarianceExplained": 0.5,
            } | ({"Mask": masks[name[0]]} if masks[name[0]] else {})
        elif name.startswith("aroma_motion_"):
            about[name] = {"MotionNoise": True, "TotalVarianceExplained": 0.01}
    path.with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")
