"""What the predicting room can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.foundation import Settings
from corticolimbic.predict._judging_settings import JudgingSettings


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


class PredictSettings(Settings):
    """Which published markers to apply, and how to judge them."""

    markers: tuple[MarkerUse, ...] = Field(default=(), description="Markers to score and judge.")
    state_tasks: dict[str, tuple[str, ...]] = Field(
        default={"rest": ("rest", "resting"), "rating": ("rating", "sp")},
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
    age_column: str = Field(
        default="age", description="Column of the participants table with the age, for the baselines."
    )
    sex_column: str = Field(
        default="sex", description="Column of the participants table with the sex, for the baselines."
    )
    folds: int = Field(default=5, ge=2, description="Folds in which baselines are judged inside centres.")
    repeats: int = Field(default=20, ge=1, description="How often people are dealt to these folds anew.")
