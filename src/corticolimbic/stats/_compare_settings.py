"""What the comparison over people can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.stats._linear import StandardErrors
from corticolimbic.stats._people_table import STRUCTURE_UNITS
from corticolimbic.stats._permutation import Blocks
from corticolimbic.stats._relative_settings import RelativeMeasure, RelativeReference

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

    missing: Literal["likelihood", "weights"] = Field(
        default="likelihood",
        description="How visits that people missed are dealt with. likelihood: the mixed model, right where "
        "what it holds tells who is lost. weights: a GEE in which people seen stand for those lost, by the "
        "probability of having been seen until then.",
    )
    weight_covariates: tuple[str, ...] | None = Field(
        default=None,
        description="Columns that tell who is lost, as terms names them, beside the site; null: "
        "compare.covariates without what was measured, and baseline_pain where it is known.",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the dataset's tables that the terms name, without what the models make themselves."""
        parts = dict.fromkeys(part for term in self.terms for part in term.split(":"))
        parts |= dict.fromkeys(self.weight_covariates or ())
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
        if self.weight_covariates is not None and self.missing != "weights":
            raise ValueError("weight_covariates are for missing: weights")
        if "site" in (self.weight_covariates or ()):
            raise ValueError("weight_covariates: the site is among them where every site has people left")
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
    harmonise: Literal["none", "combat", "combat-gam", "covbat", "longitudinal"] = Field(
        default="none",
        description="Takes what sites add to features, and by what they multiply their spread, before the "
        "models: combat (Johnson 2007), combat-gam (a column kept as a curve), covbat (covariance too); "
        "longitudinal: all visits by longitudinal ComBat, one visit of each person by combat. The others "
        "leave all visits as they are.",
    )
    harmonise_keep: tuple[str, ...] | None = Field(
        default=None,
        description="Whose effects stay when one visit of each person is harmonised: columns as "
        "compare.covariates names them, or the outcome; null: all that the model holds. Over visits all that "
        "the model holds stays.",
    )
    harmonise_smooth: str | None = Field(
        default=None, description="Column that combat-gam keeps as a smooth curve: age."
    )
    missing_covariates: Literal["drop", "impute"] = Field(
        default="drop",
        description="Who lacks a covariate, in the models of one visit of each person. drop: is left out. "
        "impute: numbers and columns of two levels are imputed 20 times by chained equations and the models "
        "pooled; not with harmonise, permutations or smallest_effect.",
    )
    longitudinal: VisitsSettings = Field(
        default=VisitsSettings(), description="What is asked of all visits together."
    )
    structure: tuple[str, ...] = Field(
        default=("volume:NAc", "volume:Amy", "volume:Hip"),
        description="Volumes, areas and thickness that are tested, MEASURE:REGION, a family of their own; "
        "with _L or _R for one hemisphere. Those of the published predictors by default.",
    )
    structure_terms: tuple[str, ...] = Field(
        default=(),
        description="Columns whose own effects on these volumes are told, each given the others: [age, sex, "
        "measured:icv].",
    )
    head_size: Literal["covariate", "none"] = Field(
        default="covariate",
        description="covariate: models of volumes and areas hold intracranial volume (cm3) where it was "
        "measured; thickness never does.",
    )
    relative: tuple[RelativeMeasure, ...] = Field(
        default=(),
        description="Relative measures tested beside the edges, a family of their own: hub_disruption, "
        "z_normative (of the volumes too), head_size (volumes at the reference's average head).",
    )
    relative_reference: RelativeReference = Field(
        default_factory=RelativeReference,
        description="Whom relative measures are relative to, and what they take into account.",
    )
    permutations: int = Field(
        default=0,
        ge=0,
        description="Rearrangements for family-wise p (p_fwe) by the largest statistic of each family: "
        "permutation where people are exchangeable, wild bootstrap over visits. 0: none; 9999 is usual, and "
        "fewer than 19 cannot reach 5 %.",
    )
    permutation_blocks: Blocks = Field(
        default="site",
        description="site: people change places within their site; none: all with all.",
    )
    seed: int = Field(
        default=20210420,
        ge=0,
        description="Of the rearrangements; each set of tests has a stream of its own.",
    )
    smallest_effect: float | None = Field(
        default=None,
        gt=0,
        le=5,
        description="Smallest effect of interest, in standard deviations between groups (0.2, say); slopes "
        "are held against the correlation that it is between groups of equal size. Gives p_equivalence; "
        "without it equivalence is not tested.",
    )
    site_summaries: bool = Field(
        default=True,
        description="Write compare/site_summaries.tsv, each site's effects without its people, for pooling.",
    )
    site_name: str | None = Field(
        default=None,
        description="What this study's file calls it where the participants table has no column of sites.",
    )
    minimum_site_people: int = Field(
        default=10, ge=4, description="Numbers over fewer people are withheld from the site's file."
    )

    @property
    def harmonise_columns(self) -> tuple[str, ...]:
        """Columns that harmonisation asks for beside what the models hold."""
        if self.harmonise == "none":
            return ()
        asked = (*(self.harmonise_keep or ()), *filter(None, (self.harmonise_smooth,)))
        return tuple(name for name in dict.fromkeys(asked) if name not in self.covariates)

    @field_validator("structure")
    @classmethod
    def _a_measure_and_a_region(cls: type[CompareSettings], names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            measure, colon, target = name.partition(":")
            if not (colon and target and measure in STRUCTURE_UNITS):
                raise ValueError(f"{name!r}: expected volume:REGION, area:REGION or thickness:REGION")
        return names

    @model_validator(mode="after")
    def _imputed_alone(self) -> CompareSettings:
        if self.missing_covariates == "impute" and (
            self.harmonise != "none" or self.permutations or self.smallest_effect is not None
        ):
            raise ValueError(
                "missing_covariates: impute goes without harmonise, permutations, smallest_effect"
            )
        return self

    @model_validator(mode="after")
    def _smooth_is_of_combat_gam(self) -> CompareSettings:
        if (self.harmonise == "combat-gam") != (self.harmonise_smooth is not None):
            raise ValueError("combat-gam needs harmonise_smooth (age), and no other method takes it")
        return self
