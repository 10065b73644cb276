"""What the comparison with published findings can be told."""

from __future__ import annotations

from collections import Counter

from pydantic import Field, model_validator

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
    variables: dict[str, tuple[str, ...]] = Field(
        default={
            "pain_intensity": ("pain", "intensity", "baseline_pain", "vas", "nrs"),
            "pain_duration": ("duration",),
            "catastrophising": ("catastrophizing", "pcs"),
            "negative_affect": ("panas_negative",),
            "affective_pain": ("mpq_affective",),
        },
        description="Variables of the study that stand for those whose slopes were published.",
    )
    population: str = Field(
        default="",
        description="Population that is counted; empty: the first of the effects. The others keep theirs.",
    )
    smallest_difference: float = Field(
        default=0.2, gt=0, description="Smallest Hedges g of interest: absent means an interval within it."
    )
    smallest_correlation: float = Field(
        default=0.1, gt=0, lt=1, description="Smallest correlation of interest."
    )
    smallest_change: float = Field(
        default=0.2,
        gt=0,
        description="Smallest change of interest, in standard deviations of one visit per unit of time.",
    )

    @model_validator(mode="after")
    def _one_role_each(self) -> AgreementSettings:
        for name, known in (("groups", self.groups), ("states", self.states)):
            labels = Counter(label.casefold() for role in known.values() for label in set(role))
            twice = sorted(label for label, n in labels.items() if n > 1)
            if twice:
                raise ValueError(f"{name}: {', '.join(twice)} stands for more than one of {', '.join(known)}")
        return self
