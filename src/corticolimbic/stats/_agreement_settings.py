"""What the comparison with published findings can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.foundation import Settings


class AgreementSettings(Settings):
    """How effects are held against findings."""

    conditions: tuple[str, ...] = Field(
        default=(),
        description="Conditions of the patients (CBP, FM, SBP, ...). Empty: persistent against recovering "
        "people are taken as SBP, patients as chronic pain without a named condition.",
    )
    states: dict[str, tuple[str, ...]] = Field(
        default={"rest": ("rest", "resting"), "rating": ("rating", "sp"), "evoked": ("evoked", "pain")},
        description="BIDS task labels that count as each state; states are never pooled.",
    )
    groups: dict[str, tuple[str, ...]] = Field(
        default={
            "patients": ("patient", "patients"),
            "controls": ("control", "controls", "HC", "healthy"),
            "persistent": ("persistent", "SBPp"),
            "recovering": ("recovered", "recovering", "SBPr"),
        },
        description="Labels of the study's groups that stand for patients, controls, persistent and "
        "recovering people.",
    )
    smallest_difference: float = Field(
        default=0.2, gt=0, description="Smallest Hedges g of interest: absent means an interval within it."
    )
    smallest_correlation: float = Field(
        default=0.1, gt=0, lt=1, description="Smallest correlation of interest."
    )
