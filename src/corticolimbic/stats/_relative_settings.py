"""Which relative measures are compared, and to whom people are relative."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from corticolimbic.foundation import Settings

RelativeMeasure = Literal["hub_disruption", "z_normative", "head_size"]


class RelativeReference(Settings):
    """Whom relative measures are relative to, and what they take into account."""

    column: str | None = Field(
        default=None,
        description="Column of the participants table that marks the reference, for example group; null "
        "takes everybody, each scored against the others.",
    )
    value: str | None = Field(
        default=None,
        description="Cell of that column in the rows of the reference, for example control.",
    )
    age: str = Field(default="age", description="Column of age in years, for z_normative.")
    covariates: tuple[str, ...] = Field(
        default=("sex",),
        description="Columns that z_normative takes into account beside age and site, for example sex and "
        "measured:icv (intracranial volume).",
    )
    density: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Share of each person's measured edges, the strongest, that make the degrees of "
        "hub_disruption.",
    )
