"""What can be declared about pain over time: which ratings, when, and what counts as recovery."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from corticolimbic.cohort._condition import Condition
from corticolimbic.foundation import Settings


class RatingVariable(Settings):
    """One variable of the visits table that holds pain ratings."""

    variable: str = Field(min_length=1, description="Name of the variable.")
    scale: tuple[float, float] = Field(
        default=(0.0, 10.0),
        description="Ends of its scale, 0 and 10 or 0 and 100; declared, never guessed.",
    )

    @model_validator(mode="after")
    def _rising(self) -> RatingVariable:
        if self.scale[0] >= self.scale[1]:
            raise ValueError("the scale's first end must be below its second")
        return self


class PlannedVisit(Settings):
    """One visit as planned: where a rating has no day of its own, it takes this one."""

    session: str = Field(pattern=r"^ses-[A-Za-z0-9]+$", description="Its session, ses-LABEL.")
    day: float = Field(description="Planned day after the first visit.")
    before: float = Field(default=0.0, ge=0, description="Days by which the visit may be early.")
    after: float = Field(default=0.0, ge=0, description="Days by which the visit may be late.")
    label: str = Field(default="", description="Name for people; the session where empty.")

    @property
    def words(self) -> str:
        """The visit's name for people."""
        return self.label or self.session


class StageBounds(Settings):
    """Stages of pain by its duration (the review: acute 0-7 days; subacute 4-12 weeks; chronic after)."""

    acute_days: float = Field(
        default=7.0, gt=0, description="Acute up to this many days (source: the review's ref. 119)."
    )
    early_days: float = Field(
        default=28.0, gt=0, description="Early below this many days, subacute from then on (4 weeks)."
    )
    chronic_days: float = Field(
        default=84.0,
        gt=0,
        description="Chronic from this many days on (12 weeks; ICD-11 says 3 months).",
    )

    @model_validator(mode="after")
    def _in_order(self) -> StageBounds:
        if not self.acute_days < self.early_days < self.chronic_days:
            raise ValueError("the bounds of the stages must rise")
        return self


class EligibilityRule(Condition):
    """One condition on a person when they came in, over any variable of the visits table."""

    variable: str = Field(min_length=1, description="Variable of the visits table.")
    session: str | None = Field(
        default=None,
        description="Session that it is read from; null: the person's own value, else that of the baseline "
        "session.",
    )
    source: str = Field(default="", description="Where the rule comes from: protocol, paper, assumed.")
    when_missing: Literal["fails", "holds"] = Field(
        default="fails",
        description="What a missing value means; who fails for it is counted under a reason of its own.",
    )

    @property
    def words(self) -> str:
        """The rule in words."""
        return self._in_words(self.variable)


class Measurement(Settings):
    """How a rating differs from the pain of that time (METHODS M-1)."""

    day_to_day_sd: float = Field(
        default=1.2,
        gt=0,
        description="Standard deviation of one rating about the person's level, NRS 0-10 (source: METHODS "
        "M-1).",
    )
    minimum_people: int = Field(
        default=20,
        ge=3,
        description="With fewer people rated at both ends nothing is learned from the study about how pain "
        "is spread, and every level is taken as equally likely.",
    )


class RecoveryRule(Settings):
    """What counts as recovery from pain."""

    level: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="Recovered at or below this rating, NRS 0-10 (source: PACE, Williams 2014: 0 or 1).",
    )
    sustained: int = Field(
        default=1,
        ge=1,
        description="How many rated days in a row must be at or below the level (PACE: 7 days of a diary; 1 "
        "where people are rated at visits months apart: assumed).",
    )
    unconfirmed: Literal["censored", "event"] = Field(
        default="censored",
        description="A run at or below the level that follow-up cuts short before it is long enough: the "
        "person is censored before it, or it counts.",
    )


class ClassRules(Settings):
    """Rules of the five courses of pain that Downie et al. 2016 (Pain 157:225) found in 1,585 people."""

    rapid_by: float = Field(
        default=14.0, gt=0, description="Rapid: recovered by this day (source: Downie 2016, week 2)."
    )
    by_week_12: float = Field(
        default=84.0, gt=0, description="Recovered by this day (source: Downie 2016, week 12)."
    )
    grace: float = Field(
        default=14.0,
        ge=0,
        description="Days by which a visit may miss week 12: recovery is accepted so much later, and the "
        "last rating so much earlier (assumed).",
    )
    fell: float = Field(
        default=0.30,
        gt=0,
        lt=1,
        description="Incomplete: not recovered, but the last pain is lower than the first by at least this "
        "share (source: IMMPACT, Dworkin 2008, 30 % is a moderate improvement).",
    )
    swing: float = Field(
        default=3.3,
        gt=0,
        description="Fluctuating: pain fell and rose again, each by at least this much, NRS (source: 1.96 "
        "times the square root of 2 times the day-to-day SD of 1.2, the smallest real difference).",
    )
    minimum_ratings: int = Field(
        default=3, ge=2, description="Not classifiable with fewer rated days (assumed)."
    )

    @model_validator(mode="after")
    def _in_order(self) -> ClassRules:
        if self.rapid_by >= self.by_week_12:
            raise ValueError("rapid_by must come before by_week_12")
        return self


class TrajectorySettings(Settings):
    """Pain over time: ratings, schedule, stage, eligibility, recovery and classes."""

    ratings: tuple[RatingVariable, ...] = Field(
        default=(),
        description="Variables that hold pain ratings, at visits and in diaries; where empty, the outcome's "
        "pain_column with its scale.",
    )
    day_variable: str | None = Field(
        default=None,
        description="Variable of the visits table that holds the day of a visit; null: the table's own day, "
        "else the schedule's.",
    )
    schedule: tuple[PlannedVisit, ...] = Field(
        default=(), description="Visits as planned, for their days, the completeness and the flow."
    )
    date_variable: str | None = Field(
        default=None,
        description="Variable that holds the date of a visit (YYYY-MM-DD), for completeness by month.",
    )
    not_done: dict[str, str] = Field(
        default={},
        description="Variable to the cell that says that a visit did not take place (visit_mode: none), "
        "where such visits have a row; by default any value shows that it did.",
    )
    complete_variables: tuple[str, ...] = Field(
        default=(),
        description="Variables whose completeness is counted; where empty, the pain ratings.",
    )
    duration_variable: str | None = Field(
        default=None, description="Variable that holds how long the pain had lasted when the person came in."
    )
    duration_unit: Literal["days", "weeks", "months", "years"] = Field(
        default="weeks", description="Unit of the duration; declared, never guessed."
    )
    stages: StageBounds = Field(default=StageBounds(), description="Stages of pain by its duration.")
    eligibility: tuple[EligibilityRule, ...] = Field(
        default=(), description="Who was eligible; all rules must hold."
    )
    enrolment: tuple[EligibilityRule, ...] = Field(
        default=(),
        description="Who of the eligible was enrolled (by consent, say); all rules must hold.",
    )
    measurement: Measurement = Field(default=Measurement(), description="The error of a single rating.")
    recovery: RecoveryRule = Field(default=RecoveryRule(), description="What counts as recovery.")
    classes: ClassRules = Field(default=ClassRules(), description="The rules of the five courses.")

    @model_validator(mode="after")
    def _distinct(self) -> TrajectorySettings:
        sessions = [visit.session for visit in self.schedule]
        if len(set(sessions)) != len(sessions):
            raise ValueError("the schedule names a session twice")
        names = [rating.variable for rating in self.ratings]
        if len(set(names)) != len(names):
            raise ValueError("ratings names a variable twice")
        return self
