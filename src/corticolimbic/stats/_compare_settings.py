"""What the comparison over people can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.stats._linear import StandardErrors

_MADE = frozenset({"group", "time", "pain", "motion", "censored_share", "baseline_pain"})


class VisitsSettings(Settings):
    """The analysis over all visits: a mixed model of each feature (METHODS M-5)."""

    visits: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="auto: where at least minimum_people people have features at two visits or more.",
    )
    time_unit: Literal["days", "months", "years"] = Field(
        default="years", description="Unit of time: effects of time are per unit."
    )
    time_column: str | None = Field(
        default=None,
        description="Variable of the visits with the time since baseline, in time_unit; null: the day of "
        "the visit as the cohort knows it, else the schedule's, else the session's label (ses-month06).",
    )
    random: Literal["auto", "intercept", "intercept and slope"] = Field(
        default="auto",
        description="How people differ: in level, or also in course. auto: in course where half the people "
        "have three visits or more and there are more than two visits a person.",
    )
    terms: tuple[str, ...] = Field(
        default=("group", "time", "group:time", "motion"),
        description="Fixed effects beside compare.covariates and the site: group, time, group:time, motion "
        "(of the visit), pain (at the visit), baseline_pain, or a column of the participants or sessions "
        "tables. Numbers that vary within people are split into person mean and deviation.",
    )
    group_column: str | None = Field(
        default=None,
        description="Column of the participants table with the groups of a study that has controls: compared "
        "over everyone measured, beside the outcome's classes.",
    )
    group_reference: str | None = Field(
        default=None, description="Cell of group_column that others are compared with (control)."
    )
    pain_column: str | None = Field(
        default=None,
        description="Pain at the visit, as a time-varying covariate; null: the outcome's pain_column.",
    )
    minimum_people: int | None = Field(
        default=None, ge=4, description="As compare.minimum_people, for models over visits; null: the same."
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the dataset's tables that the terms name, without what the models make themselves."""
        parts = dict.fromkeys(part for term in self.terms for part in term.split(":"))
        return tuple(part for part in parts if part not in _MADE)

    @model_validator(mode="after")
    def _terms_stand_alone(self) -> VisitsSettings:
        """Refuse an interaction without the terms that it is made of, and a term that stands twice."""
        if len(set(self.terms)) < len(self.terms):
            raise ValueError("terms: each term once")
        for term in self.terms:
            parts = term.split(":")
            lacking = [part for part in parts if part not in self.terms]
            if lacking or len(set(parts)) < len(parts):
                raise ValueError(f"terms: {term} needs each of its columns among the terms, once and alone")
        if "site" in self.terms:
            raise ValueError("terms: the site is always in the model")
        return self


class CompareSettings(Settings):
    """Which features are compared, adjusted for what."""

    statistic: Statistic = Field(
        default="pearson",
        description="Estimator of connectivity whose edges are tested; declared before the run.",
    )
    covariates: tuple[str, ...] = Field(
        default=(),
        description="Columns of the participants table to adjust for; measured:mean_fd and "
        "measured:censored_share are what this package measured. The site is always in the model where there "
        "is more than one.",
    )
    standard_errors: StandardErrors = Field(
        default="hc2",
        description="Errors that need no equal variances: hc2 with Bell and McCaffrey's degrees of freedom, "
        "whose tests stay close to 5 % from 30 people, or hc3 with people minus columns, which is too "
        "cautious below about 120.",
    )
    minimum_people: int = Field(
        default=10, ge=4, description="A feature that fewer people have is not tested."
    )
    longitudinal: VisitsSettings = Field(
        default=VisitsSettings(), description="What is asked of all visits together."
    )
