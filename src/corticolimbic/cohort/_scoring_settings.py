"""What the scoring of instruments can be told: versions, options, coding, missing items, files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from corticolimbic.cohort._instruments import instruments, options
from corticolimbic.cohort._missing_items import GeneralRule
from corticolimbic.foundation import Settings


class ScoringSettings(Settings):
    """How questionnaires are scored (METHODS M-13)."""

    instruments: tuple[str, ...] = Field(
        default=(),
        description="Keys of the instruments to score (phq9, pcs, ...); empty: every one whose items are in "
        "the tables.",
    )
    versions: dict[str, str] = Field(
        default={},
        description="Instrument to version where an instrument has several (shaps: franken); otherwise all "
        "versions are scored side by side, each in rows of its own.",
    )
    options: dict[str, dict[str, str]] = Field(
        default={},
        description="Instrument to option to choice where sources or codings differ (psqi: {edges: lcbc}); "
        "the manual lists them with their defaults.",
    )
    coded_from: dict[str, int] = Field(
        default={},
        description="Instrument to the lowest answer code in the data, where it is not the form's (odi: 1 "
        "for sections stored as 1 to 6). Declared, never guessed.",
    )
    missing: GeneralRule = Field(
        default="own",
        description="Missing items. own: the instrument's own rule, else all items are needed. a2cps_29: "
        "besides, the 29 % rule of A2CPS for scales without a rule. complete: nothing is ever prorated.",
    )
    missing_by_instrument: dict[str, GeneralRule] = Field(
        default={}, description="Instrument to another choice of the rule for missing items."
    )
    out_of_range: Literal["refuse", "missing"] = Field(
        default="refuse",
        description="An answer outside the form's range. refuse: the subscale is not scored. missing: the "
        "answer counts as missing. It is a row of problems.tsv in both cases.",
    )
    prefixes: dict[str, str] = Field(
        default={},
        description="A study's prefix of variables to the key of the instrument (tsk: tsk17 for tsk_1, "
        "tsk_2, ...).",
    )
    mapping: str | None = Field(
        default=None,
        description="Table (TSV or CSV) with columns variable, instrument and item, for variables named "
        "otherwise; in a run, named as the path of a source is (dataset:PATH lies in the dataset).",
    )
    norms: tuple[str, ...] = Field(
        default=(),
        description="Tables with columns instrument, subscale, raw and t: no T-score is given without one.",
    )
    rules: str | None = Field(
        default=None,
        description="Table of a study's own subscales; their scores are marked user-supplied.",
    )
    opioid_factors: Literal["cdc_2022", "pre_2022"] = Field(
        default="cdc_2022", description="Table of factors from opioid dose to morphine milligram equivalents."
    )
    empty_forms: bool = Field(
        default=False,
        description="Whether forms without a single answer leave rows too (status missing); those with a "
        "recorded reason other than not asked always do.",
    )

    @field_validator("versions", "options", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return _texts(value)  # YAML reads 2016 and 1 as numbers

    @model_validator(mode="after")
    def _known(self) -> ScoringSettings:
        versions: dict[str, list[str]] = {}
        for item in instruments():
            versions.setdefault(item.key, []).append(item.choice)
        named = [("versions", name) for name in self.versions] + [("options", name) for name in self.options]
        for field, name in named:
            if name not in versions:
                raise ValueError(
                    f"{field}: no instrument has the key {name!r}; keys are {', '.join(versions)}"
                )
        for name, version in self.versions.items():
            if version not in versions[name]:
                known = ", ".join(filter(None, versions[name])) or "one version only"
                raise ValueError(f"versions: {name} has no version {version!r}; it has {known}")
        for name, chosen in self.options.items():
            for option, choice in chosen.items():
                choices = [item.choice for item in options() if (item.key, item.name) == (name, option)]
                if choice not in choices:
                    asked = sorted({item.name for item in options() if item.key == name})
                    has = (
                        f"{option} takes {', '.join(choices)}"
                        if choices
                        else f"options are {', '.join(asked)}"
                    )
                    raise ValueError(f"options: {name}: {option}: {choice} is no choice; {has or 'none'}")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The files named, as written."""
        named = (self.mapping, *self.norms, self.rules)
        return tuple(name for name in named if name is not None)

    @property
    def chosen_options(self) -> tuple[tuple[str, str, str], ...]:
        """The options as (instrument, option, choice), sorted."""
        return tuple(
            sorted(
                (key, option, choice)
                for key, chosen in self.options.items()
                for option, choice in chosen.items()
            )
        )


def _texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
