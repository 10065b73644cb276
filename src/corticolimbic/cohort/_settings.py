"""What the cohort room can be told: sites, outcomes and populations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from corticolimbic.cohort._condition import Condition
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.cohort._source_settings import Source
from corticolimbic.cohort._trajectory_settings import TrajectorySettings
from corticolimbic.foundation import Settings


class Rule(Condition):
    """One condition on a person; exactly one of ``column`` and ``measured``, and at least one bound."""

    column: str | None = Field(default=None, description="Column of the participants table.")
    measured: Literal["mean_fd", "censored_share"] | None = Field(
        default=None,
        description="A quantity that this package measured, averaged over the runs of the baseline session.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Rule:
        if (self.column is None) == (self.measured is None):
            raise ValueError("a rule names either a column or a measured quantity")
        return self

    @property
    def words(self) -> str:
        """The rule in words."""
        return self._in_words(self.column or self.measured or "")


class Population(Settings):
    """A named set of people: everyone measured, with an outcome, who meets all rules."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="Key in the tables.")
    label: str = Field(default="", description="Name for people; the key where empty.")
    description: str = Field(default="", description="Who these people are and why, in a sentence.")
    rules: tuple[Rule, ...] = Field(default=(), description="All must hold.")
    eligibility: bool = Field(
        default=True,
        description="Whether only people who were eligible (cohort.trajectories.eligibility) belong to it; "
        "false for what a publication kept by rules of its own.",
    )


class Outcome(Settings):
    """What is to be predicted or compared (METHODS M-1)."""

    family: Literal["none", "column", "relative", "absolute"] = Field(
        default="none",
        description="none: measure only. column: a column of the participants table. relative: persistent if "
        "pain fell by less than a share of its baseline. absolute: persistent if final pain is at least a "
        "level (after surgery).",
    )
    column: str | None = Field(default=None, description="Family column: the column.")
    positive: str | None = Field(
        default=None,
        description="Family column, two groups: the cell that counts as 1 (for example persistent); null for "
        "a number.",
    )
    negative: str | None = Field(
        default=None, description="Family column, two groups: the cell that counts as 0."
    )
    label: str = Field(default="", description="Name of the outcome for people.")
    unit: str = Field(
        default="", description="Unit of a numeric outcome, or of the pain ratings (NRS where empty)."
    )
    pain_column: str | None = Field(
        default=None,
        description="Families relative and absolute: pain rating in the sessions tables; after surgery the "
        "pain at the surgical site.",
    )
    before_column: str | None = Field(
        default=None,
        description="Family absolute: pain before surgery, where it is another variable than pain_column.",
    )
    baseline_session: str | None = Field(
        default=None, description="Families relative and absolute: first session, ses-LABEL."
    )
    final_session: str | None = Field(
        default=None,
        description="Families relative and absolute: last session, ses-LABEL; or else final_day.",
    )
    final_day: float | None = Field(
        default=None,
        gt=0,
        description="In place of final_session: the day whose nearest rating is the final pain.",
    )
    final_window: tuple[float, float] = Field(
        default=(-30.0, 30.0),
        description="With final_day: how many days before (negative) and after it a rating may lie.",
    )
    ties: Literal["earlier", "later", "mean"] = Field(
        default="later",
        description="With final_day: which of two ratings as near to it counts, the one before or after, or "
        "their mean.",
    )
    scale: tuple[float, float] = Field(
        default=(0.0, 10.0),
        description="Families relative and absolute: ends of the rating scale; declared, never guessed.",
    )
    threshold: float = Field(
        default=0.20,
        gt=0,
        lt=1,
        description="Family relative: persistent if pain fell by less than this share.",
    )
    beside: tuple[float, ...] = Field(
        default=(0.30,), description="Family relative: thresholds reported beside the first, as sensitivity."
    )
    floor: float = Field(
        default=1.0,
        ge=0,
        description="Family relative: below this baseline pain a percentage has no meaning, and the outcome "
        "is missing with that reason. Family absolute: for the change in per cent only.",
    )
    level: float = Field(
        default=4.0,
        gt=0,
        le=10,
        description="Family absolute: persistent if final pain is at least this, NRS 0-10 whatever the scale "
        "(moderate pain begins at 4: Gerbershagen 2011).",
    )
    levels_beside: tuple[float, ...] = Field(
        default=(3.0,),
        description="Family absolute: levels reported beside the first, as sensitivity, NRS 0-10.",
    )
    levels_sweep: tuple[float, ...] = Field(
        default=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),
        description="Family absolute: levels of the sweep, NRS 0-10.",
    )
    increase: float | None = Field(
        default=None,
        description="Family absolute: final pain must also exceed the pain before surgery by at least this, "
        "NRS 0-10 (new or increased pain: Werner & Kongsgaard 2014); null: it need not.",
    )
    surgical_site_column: str | None = Field(
        default=None,
        description="Family absolute: variable of the final visit that says whether the pain is at the "
        "surgical site; null: pain_column asks for it already.",
    )
    surgical_site_value: str = Field(
        default="yes",
        description="Family absolute: the cell of surgical_site_column that means it is.",
    )

    @property
    def of_ratings(self) -> bool:
        """Whether it is derived from pain ratings."""
        return self.family in {"relative", "absolute"}

    @model_validator(mode="after")
    def _complete(self) -> Outcome:
        if self.family == "column" and not self.column:
            raise ValueError("the family column needs the name of the column")
        if (self.positive is None) != (self.negative is None):
            raise ValueError("two groups need both positive and negative")
        if self.of_ratings:
            if not (self.pain_column and self.baseline_session):
                raise ValueError(f"the family {self.family} needs pain_column, baseline_session and "
                                 "final_session or final_day")  # fmt: skip
            if (self.final_session is None) == (self.final_day is None):
                raise ValueError(f"the family {self.family} needs one of final_session and final_day")
        if not all(0 < share < 1 for share in self.beside):
            raise ValueError("the thresholds beside the first are shares between 0 and 1")
        if self.scale[0] >= self.scale[1]:
            raise ValueError("the scale's first end must be below its second")
        if self.final_window[0] > 0 or self.final_window[1] < 0:
            raise ValueError("the final window goes from a day before (negative or 0) to a day after")
        if not all(0 < level <= 10 for level in (*self.levels_beside, *self.levels_sweep)):
            raise ValueError("levels are ratings above 0 and up to 10, NRS")
        return self


class CohortSettings(Settings):
    """Who the people are, what happened to them, and which of them an analysis is about."""

    site_column: str = Field(
        default="site", description="Column of the participants table that names the site."
    )
    scanner_column: str = Field(
        default="scanner", description="Column of the sessions or participants tables that names the scanner."
    )
    software_column: str = Field(
        default="software_version",
        description="Column of the sessions or participants tables with the scanner's software version.",
    )
    sources: tuple[Source, ...] = Field(
        default=(),
        description="Clinical tables beside participants.tsv and the sessions tables; else these alone.",
    )
    adapter: Literal["none", "openpain", "a2cps"] = Field(
        default="none",
        description="A study whose own way of writing tables is known: openpain (OpenPain subacute "
        "longitudinal study) or a2cps (Acute to Chronic Pain Signatures).",
    )
    day_zero: str | None = Field(
        default=None,
        description="Variable with each person's day zero (surgery, onset); by default the first visit.",
    )
    scoring: ScoringSettings = Field(
        default=ScoringSettings(),
        description="How questionnaires are scored. A score can be named wherever a column is: phq9_total, "
        "shaps_franken_total.",
    )
    outcome: Outcome = Field(default=Outcome(), description="What is to be predicted or compared.")
    trajectories: TrajectorySettings = Field(
        default=TrajectorySettings(), description="Pain over time, and who was eligible."
    )
    populations: tuple[Population, ...] = Field(
        default=(
            Population(
                name="eligible",
                label="everyone eligible",
                description="Everyone measured who has an outcome.",
            ),
        ),
        min_length=1,
        description="Sets of people for which every analysis is done, side by side (METHODS M-2): what a "
        "publication kept, and everyone eligible by stated rules.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> CohortSettings:
        names = [population.name for population in self.populations]
        if len(set(names)) != len(names):
            raise ValueError("populations need distinct names")
        return self
