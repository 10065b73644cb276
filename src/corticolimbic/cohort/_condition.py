"""One condition on a person: what a value must equal, reach or not exceed."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from corticolimbic.foundation import Settings


class Condition(Settings):
    """At least one bound on one value; who inherits says which value."""

    equals: str | float | None = Field(default=None, description="The cell must equal this text or number.")
    at_most: float | None = Field(default=None, description="The number must not exceed this.")
    at_least: float | None = Field(default=None, description="The number must reach this.")
    label: str = Field(default="", description="Words for the flow figure; made from the rule where empty.")

    @field_validator("equals", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        if isinstance(value, bool):  # YAML reads yes, no, on and off as true and false
            raise ValueError("write a text in quotes ('yes'), or a number")
        return value

    @model_validator(mode="after")
    def _bounded(self) -> Condition:
        if self.equals is None and self.at_most is None and self.at_least is None:
            raise ValueError("a rule needs equals, at_most or at_least")
        return self

    def _in_words(self, subject: str) -> str:
        if self.label:
            return self.label
        bounds = [(" = ", self.equals), (" ≤ ", self.at_most), (" ≥ ", self.at_least)]
        return subject + " and".join(
            f"{sign}{bound:g}" if isinstance(bound, float) else f"{sign}{bound}"
            for sign, bound in bounds
            if bound is not None
        )
