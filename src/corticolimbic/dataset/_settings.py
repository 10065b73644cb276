"""What the user says about the dataset."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.foundation import Settings


class DatasetSettings(Settings):
    """Which files of the dataset to read, and what they do not say themselves."""

    tasks: tuple[str, ...] = Field(
        default=(),
        description="BIDS task labels to read, for instance [rest]; empty reads every task.",
    )
    segmentations: tuple[str, ...] = Field(
        default=(),
        description="Labels after seg- in the names of the series to read; empty reads every segmentation.",
    )
    spaces: tuple[str, ...] = Field(
        default=("MNI152NLin2009cAsym", "MNI152NLin6Asym"),
        min_length=1,
        description="Labels after space- of the images to read, preferred first; each run is read in one. "
        "fsLR stands for CIFTI files (*_bold.dtseries.nii), which the default does not read.",
    )
    structure: bool = Field(
        default=True,
        description="Read volumes and thickness that others measured: FreeSurfer, FastSurfer, SynthSeg, "
        "CAT12, FIRST.",
    )
    structure_atlases: tuple[str, ...] = Field(
        default=(),
        description="Segmentations and parcellations of structure to read, for instance [aseg, DK]; empty "
        "reads every one that is known.",
    )
    repetition_time: float | None = Field(
        default=None,
        gt=0,
        description="Repetition time in seconds, for runs whose sidecar states none.",
    )
    allow_missing_imaging: bool = Field(
        default=False,
        description="Accept people in the participants table who have no runs (not imaged, or not yet).",
    )
