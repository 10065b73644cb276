"""What the measuring room can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.measure._confounds import Strategy
from corticolimbic.measure._quality_rules import rule_names

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


class QualityLimitSettings(Settings):
    """Limits of one rule of quality, instead of those that are shipped."""

    rule: str = Field(description="Name of the rule, as in the table measure/tables/quality_rules.tsv.")
    amber: float | None = Field(
        default=None, description="Beyond this value the run is amber; null for no such limit."
    )
    red: float | None = Field(
        default=None, description="Beyond this value the run is red; null for no such limit."
    )

    @field_validator("rule")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in rule_names():
            raise ValueError(f"no such rule; there are {', '.join(rule_names())}")
        return value


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
        "matter, CSF, slow drifts), none; simple_gsr, scrubbing_gsr, compcor_gsr, ica_aroma_gsr (with the "
        "global signal); temporal_compcor (24 motion parameters, temporal components, slow drifts); 24P "
        "(motion, its derivatives and their squares, slow drifts); 36P (24P with white matter, CSF and "
        "global signal, their derivatives and squares); ica_aroma_aggressive (all of the noise components, "
        "from the preprocessed image). See denoising.md.",
    )
    band_hz: tuple[float | None, float | None] | None = Field(
        default=None,
        description="Lowest and highest frequency in Hz that connectivity is measured in, for instance "
        "[0.01, 0.1]; null in the place of a bound leaves it open, null for both applies no filter. "
        "Fluctuations are measured before it.",
    )
    dvars_threshold: float | None = Field(
        default=None,
        gt=0,
        description="Volumes with standardised DVARS (std_dvars) above this are dropped; null looks at "
        "displacement alone.",
    )
    censor_before: int = Field(
        default=0,
        ge=0,
        description="Volumes that are dropped before each volume above one of the two thresholds.",
    )
    censor_after: int = Field(
        default=0,
        ge=0,
        description="Volumes that are dropped after each volume above one of the two thresholds.",
    )
    min_segment: int = Field(
        default=0,
        ge=0,
        description="Kept volumes that stand in a row of fewer than this are dropped too.",
    )
    dummy_scans: int | None = Field(
        default=None,
        ge=0,
        description="First volumes of each run that are dropped, whatever is flagged; null drops those that "
        "the confounds flag as non-steady state.",
    )
    nuisance_regions: tuple[str, ...] = Field(
        default=(),
        description="Columns of the tables of region series that are nuisance signals (white matter, "
        "ventricles): removed from the others by least squares, and no nodes themselves.",
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
    covariances: bool = Field(
        default=True,
        description="Store the covariance of the cleaned series of every node, for tangent space, beside the "
        "matrices of correlations.",
    )
    standard_errors: bool = Field(
        default=True,
        description="Store the standard error of Fisher z of each edge's Pearson correlation, which counts "
        "autocorrelation.",
    )
    split_half: bool = Field(
        default=True,
        description="Store each edge's Pearson correlation in both halves of the run, for reliability within "
        "the run.",
    )
    modules: bool = Field(
        default=True,
        description="Measure mean connectivity within modules and networks, of seeds with them, and between "
        "networks.",
    )
    degree: bool = Field(
        default=True,
        description="Measure with which share of the atlas' nodes each region of the circuit is connected, "
        "and its mean Fisher z with them.",
    )
    degree_density: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Share of all pairs of nodes that counts as connected for the degree: the strongest "
        "positive ones.",
    )
    extent: bool = Field(
        default=True,
        description="Measure over which share of the cortex the hippocampus is connected, where the atlas "
        "has the cortex.",
    )
    phase_locking: bool = Field(
        default=True,
        description="Measure the phase locking of the default mode network with the other networks.",
    )
    phase_band: tuple[float, float] = Field(
        default=(0.027, 0.073),
        description="Band of phase locking in Hz: a phase needs a narrow one. The default is slow-4.",
    )
    quality: bool = Field(
        default=True,
        description="Store the quality of each run (largest displacement, temporal signal-to-noise ratio, "
        "coverage, share of the global signal) and its grade: green, amber or red. Grades drop "
        "nothing.",
    )
    quality_limits: tuple[QualityLimitSettings, ...] = Field(
        default=(),
        description="Limits of the rules of quality instead of those that are shipped.",
    )

    @field_validator("band_hz")
    @classmethod
    def _a_band(
        cls: type[MeasureSettings], band: tuple[float | None, float | None] | None
    ) -> tuple[float | None, float | None] | None:
        if band is None:
            return band
        low, high = band
        if low is None and high is None:
            raise ValueError("a band needs a bound; for no filter write null instead of [null, null]")
        if any(bound is not None and bound <= 0 for bound in band):
            raise ValueError("bounds are above 0 Hz; for an open bound write null")
        if low is not None and high is not None and low >= high:
            raise ValueError("the first bound must lie below the second; frequencies in Hz, lowest first")
        return band

    @field_validator("nuisance_regions")
    @classmethod
    def _names(cls: type[MeasureSettings], names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in names):
            raise ValueError("a name is empty")
        if len(set(names)) < len(names):
            raise ValueError("a name stands twice")
        return names

    @field_validator("phase_band")
    @classmethod
    def _a_narrow_band(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] < value[1]:
            raise ValueError("expected two frequencies in Hz above 0, the lower one first")
        return value

    @field_validator("quality_limits")
    @classmethod
    def _each_rule_once(cls, value: tuple[QualityLimitSettings, ...]) -> tuple[QualityLimitSettings, ...]:
        names = [item.rule for item in value]
        if len(set(names)) < len(names):
            raise ValueError("a rule stands twice")
        return value
