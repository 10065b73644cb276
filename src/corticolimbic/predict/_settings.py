"""What the predicting room can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from corticolimbic.foundation import Settings
from corticolimbic.predict._judging_settings import JudgingSettings
from corticolimbic.stats import RelativeReference


class TrainingPeople(Settings):
    """Which people of this dataset a marker was trained on: they are judged apart, as in-sample."""

    column: str = Field(description="Column of the participants table.")
    equals: str = Field(description="Cell of the people who were in the training set.")
    population: str = Field(
        description="Population whose members among them were really used; their mean outcome is the "
        "reference of skill."
    )


class MarkerUse(Settings):
    """One published marker and how this dataset relates to it."""

    id: str = Field(description="Marker id, as in `corticolimbic markers list`.")
    training: TrainingPeople | None = Field(
        default=None, description="People of this dataset whom the marker was trained on, if any."
    )
    training_mean: float | None = Field(
        default=None,
        description="Mean outcome of the marker's training people, in the outcome's unit, where they are not "
        "in this dataset. Without it and without training people, skill is not computed.",
    )
    predicts_outcome: bool = Field(
        default=True,
        description="The marker predicts this very outcome in its unit, so that skill can be judged. Switch "
        "off where only a correlation makes sense.",
    )


class MarkerWeights(Settings):
    """Weights of a marker that its authors give out themselves: a table, or an image with maps for it."""

    marker: str = Field(description="Marker id, as in `corticolimbic markers list`.")
    file: str = Field(
        min_length=1,
        description="Table (.tsv or .csv: target, weight and where there are any center and scale; a row "
        "intercept) or NIfTI image of weights; dataset:PATH inside the dataset, or a path.",
    )
    atlas: str = Field(
        default="",
        description="Atlas whose features a table of weights belongs to; empty: the one that there is.",
    )
    space: str = Field(
        default="",
        description="Space of an image of weights, for instance MNI152NLin6Asym; empty: what its name says.",
    )
    maps: str = Field(
        default="",
        description="Pattern of the maps that an image of weights is applied to, below the dataset, for "
        "instance derivatives/glm/sub-*/**/*_space-MNI152NLin6Asym_stat-effect_statmap.nii.gz; who and when "
        "is read from the entities in the names.",
    )
    maps_space: str = Field(
        default="", description="Space of maps whose names do not say it; empty: such maps are refused."
    )
    minimum_coverage: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Smallest share of the weights' voxels at which a map must have a value.",
    )


class PredictSettings(Settings):
    """Which published markers to apply, and how to judge them."""

    markers: Literal["all"] | tuple[MarkerUse, ...] = Field(
        default=(), description="Markers to score and judge; all takes every marker that there is."
    )
    uses: tuple[MarkerUse, ...] = Field(
        default=(),
        description="How this dataset relates to some of the markers, where all are asked for; in a list of "
        "markers it stands there.",
    )
    marker_files: tuple[str, ...] = Field(
        default=(),
        description="Marker files of your own (JSON): dataset:PATH inside the dataset, or a path beside the "
        "file with the settings.",
    )
    weights: tuple[MarkerWeights, ...] = Field(
        default=(), description="Weights that you supply, for markers whose authors give them out themselves."
    )
    reference: RelativeReference | None = Field(
        default=None,
        description="Whom relative markers (hub disruption, normative volumes) are relative to; null: they "
        "are not computed.",
    )
    atlas: str | None = Field(
        default=None,
        description="Atlas of inputs for which a marker accepts any, where the data have several.",
    )
    state_tasks: dict[str, tuple[str, ...]] = Field(
        default={
            "rest": ("rest", "resting"),
            "rating": ("rating", "sp"),
            "evoked": ("heat", "cuff", "pain"),
            "task": (),
        },
        description="BIDS task labels that count as each state. A marker is only scored on its own state: "
        "rest, rating and evoked runs are never pooled.",
    )
    judging: JudgingSettings = Field(
        default=JudgingSettings(), description="What markers are held against, and how people are left out."
    )
    resamples: int = Field(
        default=5000, ge=200, description="Bootstrap samples of the intervals of skill and Brier score."
    )
    seed: int = Field(default=20201103, ge=0, description="Seed of the bootstrap.")

    @property
    def named_uses(self) -> tuple[MarkerUse, ...]:
        """What the settings say of single markers, whichever way all are asked for."""
        return self.uses if self.markers == "all" else self.markers
