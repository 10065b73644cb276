"""What the simulator can be told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from corticolimbic.foundation import Settings


class PlantedEffect(Settings):
    """One coupling that differs between people, over time, or with pain."""

    start: str = Field(description="Node of the circuit's network from which the coupling goes.")
    end: str = Field(description="Node to which it goes; the way back changes alike.")
    change: float = Field(
        description="Added to the base coupling in people whose pain persists, without unit."
    )
    change_per_year: float = Field(
        default=0.0, description="Added in people whose pain persists for each year since the first visit."
    )
    pain_between: float = Field(
        default=0.0,
        description="Added for each point by which a person's mean pain over the visits lies above 4 of 10.",
    )
    pain_within: float = Field(
        default=0.0,
        description="Added for each point by which pain at a visit lies above the person's own mean.",
    )


class SimulateSettings(Settings):
    """A virtual study: who takes part, where they are scanned, what differs, and what disturbs."""

    people: int = Field(default=36, ge=2, le=100_000, description="People in the study.")
    sites: int = Field(default=3, ge=1, le=26, description="Centres, each with one scanner.")
    visits: int = Field(
        default=2, ge=1, le=13, description="Visits with imaging, spread evenly over twelve months."
    )
    months: tuple[int, ...] = Field(
        default=(),
        max_length=13,
        description="Months of the visits with imaging, the first of them 0, up to 36; empty: spread evenly "
        "over twelve months. Pain stays as it is at twelve months.",
    )
    seed: int = Field(
        default=20211104, ge=0, description="Seed of every random stream; the default was chosen beforehand."
    )
    images: bool = Field(
        default=True, description="Write BOLD images; otherwise the cleaned series of the atlas coordinates."
    )
    volumes: int = Field(default=150, ge=50, le=5_000, description="Volumes of a run.")
    repetition_time: float = Field(
        default=2.0, ge=0.3, le=10, description="Seconds between volumes, at every site."
    )
    grid_mm: float = Field(default=4.0, ge=1, le=12, description="Edge of a voxel in mm.")
    space: Literal["MNI152NLin2009cAsym", "MNI152NLin6Asym"] = Field(
        default="MNI152NLin2009cAsym", description="Space that the images are said to be in."
    )
    planted: tuple[PlantedEffect, ...] = Field(
        default=(
            PlantedEffect(start="NAc_L", end="mPFC", change=0.12),
            PlantedEffect(start="NAc_R", end="mPFC", change=0.12),
        ),
        description="Couplings that differ between groups. The defaults are tuned: with them the group "
        "difference of NAc--mPFC is about d = 1.5 as the declared pipeline measures it.",
    )
    effect: bool = Field(
        default=True, description="Plant the difference; without it all nuisances stay (a null cohort)."
    )
    between_people: float = Field(
        default=0.02, ge=0, le=0.2, description="Standard deviation over people of the planted couplings."
    )
    between_slopes: float = Field(
        default=0.0,
        ge=0,
        le=0.1,
        description="Standard deviation over people of the planted couplings' own change in a year.",
    )
    visit_deviation: tuple[float, ...] = Field(
        default=(),
        description="Standard deviation of the planted couplings from visit to visit, one a visit with "
        "imaging (the last stands for those that follow): repeated measures are not equally precise.",
    )
    pain_fluctuation: float = Field(
        default=0.0,
        ge=0,
        le=3,
        description="Standard deviation of true pain around a person's course, from visit to visit, in "
        "points of 10.",
    )
    controls: float = Field(
        default=0.0, ge=0, le=0.8, description="Share of people without pain, in whom nothing is planted."
    )
    persistent_share: float = Field(
        default=0.5, gt=0, lt=1, description="Share of people whose pain persists."
    )
    site_outcome: float = Field(
        default=0.1,
        ge=0,
        le=0.4,
        description="How far that share differs between the first and the last site.",
    )
    site_gain: float = Field(
        default=0.1, ge=0, le=0.9, description="Relative difference in brightness from one site to the next."
    )
    site_noise: float = Field(
        default=0.1, ge=0, le=2, description="Relative increase of scanner noise from one site to the next."
    )
    site_smoothness: float = Field(
        default=0.1, ge=0, le=2, description="Relative increase of smoothness from one site to the next."
    )
    signal_percent: float = Field(
        default=0.6,
        gt=0,
        le=10,
        description="Standard deviation of the neural signal in percent of the mean.",
    )
    noise_percent: float = Field(
        default=0.8,
        ge=0,
        le=50,
        description="Standard deviation of scanner noise in a voxel, in percent, first site.",
    )
    smoothness_mm: float = Field(
        default=6.0,
        ge=0,
        le=20,
        description="Smoothness of scanner noise, first site: full width at half maximum.",
    )
    edge_mm: float = Field(
        default=4.0, gt=0, le=20, description="Softness of the edges of the territories, first site."
    )
    displacement_mm: tuple[float, float] = Field(
        default=(2.0, 4.0),
        description="Least and largest displacement of a person's regions from the atlas' spheres.",
    )
    dropout: float = Field(
        default=0.4,
        ge=0,
        le=0.9,
        description="Share of signal lost in the middle of the orbitofrontal dropout; less in "
        "NAc and amygdala.",
    )
    physiology_percent: float = Field(
        default=0.5, ge=0, le=10, description="Standard deviation of physiological noise in percent."
    )
    motion_mm: float = Field(
        default=0.12,
        ge=0,
        le=5,
        description="Median over people of mean framewise displacement in mm, in those who recover.",
    )
    motion_group: float = Field(
        default=0.25, ge=-2, le=2, description="Log ratio of motion in people whose pain persists."
    )
    motion_per_year: float = Field(
        default=0.0,
        ge=-1,
        le=1,
        description="Change of log motion in a year, in people whose pain persists.",
    )
    motion_percent: float = Field(
        default=0.8,
        ge=0,
        le=50,
        description="Change of the signal in percent for each mm of framewise displacement.",
    )
    loss: float = Field(
        default=0.08,
        ge=0,
        lt=1,
        description="Share of people lost before the last visit, of those with pain 4 of 10.",
    )
    loss_pain: float = Field(
        default=0.3,
        ge=-2,
        le=2,
        description="Log odds ratio of loss for each point of final pain: not at random.",
    )
    rating_error: float = Field(
        default=0.8,
        ge=0,
        le=5,
        description="Standard deviation from day to day of a pain rating, in points of 10.",
    )

    @model_validator(mode="after")
    def _possible(self) -> SimulateSettings:
        low, high = self.displacement_mm
        if not 0 <= low <= high <= 20:
            raise ValueError("displacement_mm runs from a smaller to a larger number between 0 and 20 mm")
        if self.sites > self.people:
            raise ValueError(f"{self.sites} sites need at least as many people, not {self.people}")
        if self.months and (
            self.months[0] != 0 or list(self.months) != sorted(set(self.months)) or self.months[-1] > 36
        ):
            raise ValueError("months run from 0 upwards, each once, up to 36")
        if any(not 0 <= value <= 0.1 for value in self.visit_deviation):
            raise ValueError("visit_deviation holds numbers between 0 and 0.1")
        return self

    @property
    def longitudinal(self) -> bool:
        """Whether couplings differ between the visits of a person, or with pain."""
        planted = any(item.change_per_year or item.pain_between or item.pain_within for item in self.planted)
        return (planted and self.effect) or self.between_slopes > 0 or any(self.visit_deviation)

    def told(self) -> dict[str, Any]:
        """Return the settings as plain values, without what came later and is at its default."""
        found = self.plain()
        for name in _LATER:
            if getattr(self, name) == type(self).model_fields[name].default:
                del found[name]
        for item in found["planted"]:
            for name in _LATER_PLANTED:
                if not item[name]:
                    del item[name]
        return found


_LATER = (
    "months",
    "between_slopes",
    "visit_deviation",
    "pain_fluctuation",
    "controls",
    "motion_per_year",
)
_LATER_PLANTED = ("change_per_year", "pain_between", "pain_within")
