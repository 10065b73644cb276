"""What the simulated cohort of markers can be told."""

from __future__ import annotations

from pydantic import Field, model_validator

from corticolimbic.foundation import Settings


class MarkerCohortSettings(Settings):
    """A virtual study as tables, in which one published marker works, others seem to, and the rest do not."""

    people: int = Field(default=600, ge=12, le=100_000, description="People in the study, with controls.")
    sites: int = Field(
        default=6, ge=1, le=26, description="Centres; each is 0.75 times as large as the last."
    )
    seed: int = Field(
        default=20261125, ge=0, description="Seed of every random stream; the default was chosen beforehand."
    )
    effect: bool = Field(
        default=True,
        description="Let one marker work and one work on one threshold; without it all nuisances stay.",
    )
    controls: float = Field(default=0.12, ge=0, le=0.8, description="Share of healthy people without pain.")
    relief_percent: float = Field(
        default=20.0, ge=-20, le=80, description="Mean relief of pain after a year, in percent of the first."
    )
    relief_spread: float = Field(
        default=24.0, gt=0, le=60, description="Standard deviation of that relief within a site, in percent."
    )
    site_relief: float = Field(
        default=16.0,
        ge=0,
        le=40,
        description="How far the mean relief of the best and the worst site lies from that of all, percent.",
    )
    works: float = Field(
        default=0.42,
        ge=0,
        le=3,
        description="Change of the feature that works, in its standard deviations, for each standard "
        "deviation of relief.",
    )
    motion_outcome: float = Field(
        default=0.45, ge=-1, le=1, description="Correlation of log motion with how little pain falls."
    )
    motion_feature: float = Field(
        default=1.1,
        ge=0,
        le=5,
        description="Change of the feature that works only through motion, in its standard deviations, for "
        "0.06 mm of mean framewise displacement.",
    )
    motion_nuisance: float = Field(
        default=0.08, ge=0, le=3, description="The same for every other feature; half of it for structure."
    )
    site_feature: float = Field(
        default=1.8,
        ge=0,
        le=10,
        description="Shift of the feature that works only through site, between the middle and the site "
        "where pain falls least, in its standard deviations.",
    )
    site_nuisance: float = Field(
        default=0.3, ge=0, le=5, description="Standard deviation over sites of every other feature's shift."
    )
    threshold_feature: float = Field(
        default=1.3,
        ge=0,
        le=10,
        description="Shift of the feature that works on one threshold, in its standard deviations: up in "
        "people whose rated pain fell by 10 to 20 percent, down in those whose fell by 20 to 30.",
    )
    lacking_site: int | None = Field(
        default=2, ge=0, description="Number of the site that did not measure the accumbens; null: all did."
    )
    missing: float = Field(default=0.02, ge=0, lt=1, description="Share of single values that are missing.")
    loss: float = Field(
        default=0.1, ge=0, lt=1, description="Share of people lost before the last visit, at final pain 4."
    )
    loss_pain: float = Field(
        default=0.25, ge=-2, le=2, description="Log odds ratio of loss for each point of final pain."
    )
    motion_mm: float = Field(default=0.15, gt=0, le=2, description="Median mean framewise displacement, mm.")

    @model_validator(mode="after")
    def _possible(self) -> MarkerCohortSettings:
        if self.sites > self.people:
            raise ValueError(f"{self.sites} sites need at least as many people, not {self.people}")
        return self
