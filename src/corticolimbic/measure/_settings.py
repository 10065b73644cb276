"""What the measuring room can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.measure._confounds import Strategy

FluctuationMap = Literal["alff", "falff", "slow5", "slow4", "power_012_020"]


class LabelImageSettings(Settings):
    """One parcellation on a grid, for measuring images."""

    path: Path = Field(
        description="NIfTI file of labels, or for grayordinates a CIFTI file of one map of labels "
        "(.dlabel.nii), absolute or relative to the folder in which the command is started.",
    )
    table: Path | None = Field(
        default=None,
        description="Table with the name of each label; not needed where the atlas, or the .dlabel.nii "
        "file itself, names them.",
    )
    atlas: str | None = Field(
        default=None,
        description="Known atlas that names the labels and says which regions of the circuit they make up.",
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        description="Name in the column atlas; by default the known atlas', else the label after seg- or "
        "atlas- in the file name, else the file name.",
    )
    space: str | None = Field(
        default=None,
        description="Space of the image, for instance MNI152NLin6Asym; by default what the file name says, "
        "else the known atlas' own.",
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        description="For files with one map of probabilities a label, and needed there: smallest value at "
        "which a voxel takes its most probable label.",
    )


class MeasureSettings(Settings):
    """How images become region series, and region series connectivity."""

    statistics: tuple[Statistic, ...] = Field(
        default=("pearson", "ledoit_wolf", "partial"),
        min_length=1,
        description="Estimators of connectivity: pearson (empirical covariance), ledoit_wolf (correlation "
        "of the shrunk covariance), partial (partial correlation from the shrunk precision).",
    )
    fd_threshold: float | None = Field(
        default=0.5,
        gt=0,
        description="Volumes with a framewise displacement above this many millimetres are dropped; null "
        "switches censoring off, and runs without a motion table can then be measured.",
    )
    min_coverage: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Smallest share of a region's nodes with signal; below it the region's edges are "
        "missing, with the reason. In images also the smallest share of a node's voxels with "
        "usable signal.",
    )
    allow_low_dof: bool = Field(
        default=False,
        description="Measure runs with fewer than 15 degrees of freedom all the same; the page says so.",
    )
    circuit_edges: bool = Field(
        default=True,
        description="Measure the circuit's edges where the atlas has a map onto the circuit. Matrices are "
        "stored either way.",
    )
    fluctuations: bool = Field(
        default=True,
        description="Measure how strongly the circuit's regions fluctuate (ALFF, fALFF, slow-5, slow-4, "
        "power at 0.12-0.20 Hz) where the atlas has a map onto the circuit.",
    )
    atlases: tuple[str, ...] = Field(
        default=("coordinates",),
        description="Sets of spheres, by name, from which the series of BOLD images are taken; "
        "CiftiStructures for CIFTI files.",
    )
    label_images: tuple[LabelImageSettings, ...] = Field(
        default=(),
        description="Label images from which the series of BOLD images are taken, beside the spheres, in "
        "one pass.",
    )
    radius_mm: float | None = Field(
        default=None,
        gt=0,
        description="Radius of every sphere in mm; null takes each sphere's own.",
    )
    strategy: Strategy = Field(
        default="simple",
        description="Confounds removed from the series of BOLD images, by nilearn's names: simple (24 "
        "motion parameters, white matter, CSF, slow drifts), scrubbing (the same with 8 tissue "
        "regressors, without volumes that moved), compcor (24 motion parameters, anatomical "
        "components, slow drifts), ica_aroma (images that ICA-AROMA denoised, with white "
        "matter, CSF, slow drifts), none.",
    )
    smoothing_fwhm: float | None = Field(
        default=None,
        gt=0,
        le=20,
        description="Full width at half maximum, in mm, of a Gaussian by which images are smoothed before "
        "regions are averaged; null does not smooth. Maps of voxels are not smoothed.",
    )
    fluctuation_maps: tuple[FluctuationMap, ...] = Field(
        default=(),
        description="Measures of fluctuation that are written as maps of voxels (NIfTI), beside the regions: "
        "alff, falff, slow5, slow4, power_012_020. Images only.",
    )
    seed_maps: tuple[str, ...] = Field(
        default=(),
        description="Seeds whose correlation with every voxel is written as a map (NIfTI): regions of the "
        "circuit, for instance NAc or mPFC_L, or nodes of an atlas by name. Images only.",
    )
    allow_space_mismatch: tuple[str, ...] = Field(
        default=(),
        description="Spaces whose label images may be used on images in another space.",
    )
    usable_signal: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Voxels whose mean is at most this share of the brain's median have no usable signal "
        "and lower the coverage; 0 for images whose mean was removed. The default is an "
        "assumption: deep regions far from the coils often have half the median's signal, "
        "voxels in the dropout above the sinuses hardly any.",
    )
