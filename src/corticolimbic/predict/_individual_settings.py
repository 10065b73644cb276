"""What the individual pages can be told."""

from __future__ import annotations

from pydantic import Field, model_validator

from corticolimbic.foundation import Settings


class IndividualSettings(Settings):
    """Whom one person is held against, and when a number about one person is allowed."""

    pages: bool = Field(
        default=False,
        description="Let `run` write the page of every person too. Off: only `corticolimbic person` writes "
        "them, for the people named, as pages of single people are nobody's by default.",
    )
    controls_column: str | None = Field(
        default=None,
        description="Column of the participants table that marks the controls; null: "
        "compare.relative_reference.column, else compare.longitudinal.group_column.",
    )
    controls_value: str | None = Field(
        default=None, description="Cell of that column in the rows of controls, for example control."
    )
    minimum_controls: int = Field(
        default=20,
        ge=5,
        description="With fewer other controls a feature of the person has no position.",
    )
    minimum_people: int = Field(
        default=100,
        ge=20,
        description="With fewer other people of known class a score is not turned into a probability.",
    )
    minimum_class: int = Field(
        default=30,
        ge=5,
        description="Nor with fewer than this in the smaller class.",
    )
    minimum_repeated: int = Field(
        default=20,
        ge=3,
        description="Fewer people with a repeated score do not tell its reliability; a published ICC "
        "is used.",
    )

    @model_validator(mode="after")
    def _column_and_value(self) -> IndividualSettings:
        """Refuse a column without its value, and a value without its column."""
        if (self.controls_column is None) != (self.controls_value is None):
            raise ValueError("controls_column and controls_value go together")
        return self
