"""The bounds that verdicts on markers rest on, each with its reason."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.foundation import Settings


class VerdictSettings(Settings):
    """When a published predictor counts as surviving, explained, absent or undecided in this cohort."""

    alpha: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Largest q, over all named markers judged against one outcome in one population, at "
        "which a marker may survive: a dozen markers tested at 0.05 each would leave one by chance alone.",
    )
    smallest_auc: float = Field(
        default=0.60,
        gt=0.5,
        lt=1,
        description="Smallest AUC of interest; an interval wholly between 1 minus this and this is absence. "
        "At 0.60 a person with the outcome stands above one without it six times in ten, Hedges g 0.36; "
        "what was published is 0.65 to 0.85.",
    )
    smallest_correlation: float = Field(
        default=0.18,
        gt=0,
        lt=1,
        description="Smallest correlation of interest with a continuous outcome: the r of two equal groups "
        "whose AUC is 0.60.",
    )
    explained_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of the association that a covariate must take away before it may count as the "
        "explanation; less is what any two correlated measures do to each other.",
    )
    kept_share: float = Field(
        default=2 / 3,
        gt=0,
        le=1,
        description="Share of the association that must stand given the covariates for a marker to survive. "
        "Between this and the explained share the data do not tell: motion is never measured fully, and what "
        "it leaves unexplained looks like the marker's own.",
    )
    threshold_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of the other thresholds of the outcome at which a marker must hold to survive, "
        "and at which it must have fallen away to count as holding at one threshold only.",
    )
    minimum_people: int = Field(
        default=40,
        ge=4,
        description="Fewest people with score and outcome for a verdict: the coverage of the interval of an "
        "AUC is checked from 40 people on (METHODS M-9).",
    )
    minimum_class: int = Field(
        default=10,
        ge=2,
        description="Fewest people of each class: where one class holds a handful, DeLong's interval can "
        "shrink to nothing by chance.",
    )
