"""How markers are judged: covariates, folds, cut-offs."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.foundation import Settings


class JudgingSettings(Settings):
    """What markers are held against, and how people are left out."""

    age_column: str = Field(
        default="age", description="Column of the participants or sessions tables with the age, in years."
    )
    sex_column: str = Field(
        default="sex", description="Column of the participants or sessions tables with the sex."
    )
    medication_columns: tuple[str, ...] = Field(
        default=(),
        description="Columns of the participants or sessions tables that say what people take (a dose, or "
        "yes and no); none: no association given medication.",
    )
    baseline_pain_column: str | None = Field(
        default=None,
        description="Column with the pain at baseline, where the outcome is not derived from ratings; null: "
        "the outcome's own baseline pain.",
    )
    minimum_centre: int = Field(
        default=10,
        ge=4,
        description="People a centre needs to count as one: with two such centres, models are judged by "
        "leaving out one centre at a time, else by stratified folds.",
    )
    folds: int = Field(default=5, ge=2, description="Stratified folds; fewer where a class is smaller.")
    repeats: int = Field(default=10, ge=1, description="How often people are dealt out to the folds anew.")
    specificity: float = Field(
        default=0.80,
        gt=0,
        lt=1,
        description="Specificity at which a cut-off is set on the training folds, where none was published.",
    )
