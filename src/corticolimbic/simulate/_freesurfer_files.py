"""Statistics of a simulated brain, in the forms that versions of FreeSurfer and FastSurfer write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from corticolimbic.foundation import write_text
from corticolimbic.simulate._anatomy import Anatomy

StatsVariant = Literal["5.1", "6.0", "7.4", "fastsurfer"]
"""Whose header: FreeSurfer 5.1 (ICV, thalamus "proper", a program's revision), 6.0, 7.4, or FastSurfer."""
_REVISION = {
    "5.1": "$Id: mri_segstats.c,v 1.75.2.2 2011/04/27 22:18:58 nicks Exp $",
    "6.0": "$Id: mri_segstats.c,v 1.121 2016/05/31 17:27:11 greve Exp $",
    "7.4": "7.4.1",
}
_SURFACE_REVISION = {
    "5.1": "$Id: mris_anatomical_stats.c,v 1.72 2011/03/02 00:04:26 nicks Exp $",
    "6.0": "$Id: mris_anatomical_stats.c,v 1.79 2016/03/14 15:15:34 greve Exp $",
    "7.4": "7.4.1",
    "fastsurfer": "7.3.2",
}
_SEGMENTATION = ["Index", "SegId", "NVoxels", "Volume_mm3", "StructName", "normMean"]
_SURFACE = ["StructName", "NumVert", "SurfArea", "GrayVol", "ThickAvg", "ThickStd"]


def aseg_text(
    anatomy: Anatomy,
    *,
    variant: StatsVariant = "7.4",
    subject: str = "sub-01",
    columns: tuple[str, ...] | None = None,
) -> str:
    r"""Return ``aseg.stats`` of a brain.

    Parameters
    ----------
    anatomy
        The truth.
    variant
        Whose header and labels.
    subject
        As in the header.
    columns
        Order of the columns; the program's own by default. Readers must go by ``# ColHeaders``.
    """
    volumes = {_renamed(name, variant): value for name, value in anatomy.volumes.items()}
    lines = ["# Title Segmentation Statistics ", "# "]
    if variant == "fastsurfer":
        lines += ["# generating_program segstats.py", "# FastSurfer_version 2.4.2"]
    else:
        lines += ["# generating_program mri_segstats", f"# cvs_version {_REVISION[variant]}"]
    lines += [f"# subjectname {subject}", *_whole(anatomy, variant), f"# NRows {len(volumes)} "]
    order = list(columns or _SEGMENTATION)
    lines += [f"# NTableCols {len(order)} ", "# ColHeaders  " + " ".join(order) + " "]
    for index, (name, value) in enumerate(volumes.items(), start=1):
        cells = {
            "Index": f"{index:3d}",
            "SegId": f"{index + 9:3d}",
            "NVoxels": f"{round(value):9d}",
            "Volume_mm3": f"{value:10.1f}",
            "StructName": f" {name:<30}",
            "normMean": f"{70 + index / 3:10.4f}",
        }
        lines.append(" ".join(cells[column] for column in order) + " ")
    return "\n".join(lines) + "\n"


def aparc_text(
    labels: Mapping[str, tuple[float, float]],
    hemisphere: Literal["lh", "rh"],
    *,
    variant: StatsVariant = "7.4",
    subject: str = "sub-01",
) -> str:
    """Return ``lh.aparc.stats`` or ``rh.aparc.stats`` of a cortex.

    Parameters
    ----------
    labels
        Label to area in mm^2 and thickness in mm; grey matter is their product.
    hemisphere
        Whose.
    variant, subject
        As for `aseg_text`.
    """
    total = sum(area for area, _ in labels.values())
    mean = sum(area * thick for area, thick in labels.values()) / total
    lines = [
        "# Table of FreeSurfer cortical parcellation anatomical statistics ",
        "# ",
        "# generating_program mris_anatomical_stats",
        f"# cvs_version {_SURFACE_REVISION[variant]}",
        f"# subjectname {subject}",
        f"# hemi {hemisphere}",
        f"# Measure Cortex, NumVert, Number of Vertices, {round(total * 1.5)}, unitless",
        f"# Measure Cortex, WhiteSurfArea, White Surface Total Area, {total:.6g}, mm^2",
        f"# Measure Cortex, MeanThickness, Mean Thickness, {mean:.6g}, mm",
        "# NTableCols 6",
        "# ColHeaders " + " ".join(_SURFACE),
    ]
    for name, (area, thick) in labels.items():
        grey = area * thick
        lines.append(f"{name:<40} {round(area * 1.5):5d} {area:6.0f} {grey:6.0f} {thick:6.3f} {0.5:.3f}")
    return "\n".join(lines) + "\n"


def write_freesurfer(
    subjects: Path, folder: str, anatomy: Anatomy, *, variant: StatsVariant = "7.4"
) -> tuple[Path, ...]:
    """Write ``stats/aseg.stats`` and the parcellations of both hemispheres, and return their paths.

    Parameters
    ----------
    subjects
        Folder of all people (SUBJECTS_DIR).
    folder
        Of the person or session: ``sub-01``, ``sub-01_ses-1``.
    anatomy
        The truth.
    variant
        Whose form.
    """
    stats = subjects / folder / "stats"
    mapped = ".DKTatlas.mapped" if variant == "fastsurfer" else ""
    texts = {
        "aseg.stats": aseg_text(anatomy, variant=variant, subject=folder),
        f"lh.aparc{mapped}.stats": aparc_text(anatomy.cortex["lh"], "lh", variant=variant, subject=folder),
        f"rh.aparc{mapped}.stats": aparc_text(anatomy.cortex["rh"], "rh", variant=variant, subject=folder),
    }
    for name, text in texts.items():
        write_text(stats / name, text)
    return tuple(stats / name for name in texts)


def _renamed(name: str, variant: StatsVariant) -> str:
    return f"{name}-Proper" if variant in {"5.1", "6.0"} and name.endswith("-Thalamus") else name


def _whole(anatomy: Anatomy, variant: StatsVariant) -> list[str]:
    grey = {
        hemisphere: sum(area * thick for area, thick in labels.values())
        for hemisphere, labels in anatomy.cortex.items()
    }
    white = 0.3 * anatomy.intracranial
    whole = sum(grey.values())
    brain = 0.75 * anatomy.intracranial
    head = anatomy.intracranial
    white_name = "Cortical" if variant == "5.1" else "Cerebral"
    lines = [
        _measure("lhCortex", "lhCortexVol", "Left hemisphere cortical gray matter volume", grey["lh"]),
        _measure("rhCortex", "rhCortexVol", "Right hemisphere cortical gray matter volume", grey["rh"]),
        _measure("Cortex", "CortexVol", "Total cortical gray matter volume", whole),
        _measure(
            f"{white_name}WhiteMatter",
            f"{white_name}WhiteMatterVol",
            "Total cerebral white matter volume",
            white,
        ),
        _measure("SubCortGray", "SubCortGrayVol", "Subcortical gray matter volume", 60_000.0),
        _measure("TotalGray", "TotalGrayVol", "Total gray matter volume", whole + 160_000.0),
    ]
    if variant == "5.1":
        return [*lines, _measure("IntraCranialVol", "ICV", "Intracranial Volume", head)]
    holes = [
        f"# Measure {name}, {name}, Number of defect holes prior to fixing, {n}, unitless"
        for name, n in (
            ("lhSurfaceHoles", anatomy.holes["lh"]),
            ("rhSurfaceHoles", anatomy.holes["rh"]),
            ("SurfaceHoles", sum(anatomy.holes.values())),
        )
    ]
    return [
        _measure(
            "BrainSegNotVent", "BrainSegVolNotVent", "Brain Segmentation Volume Without Ventricles", brain
        ),
        *lines,
        *holes,
        _measure("EstimatedTotalIntraCranialVol", "eTIV", "Estimated Total Intracranial Volume", head),
    ]


def _measure(first: str, second: str, words: str, value: float) -> str:
    return f"# Measure {first}, {second}, {words}, {value:.6f}, mm^3"
