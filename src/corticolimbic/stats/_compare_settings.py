"""What the comparison over people can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.stats._linear import StandardErrors
from corticolimbic.stats._relative_settings import RelativeMeasure, RelativeReference


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
    relative: tuple[RelativeMeasure, ...] = Field(
        default=(),
        description="Relative measures tested beside the edges, a family of their own: hub_disruption, "
        "z_normative.",
    )
    relative_reference: RelativeReference = Field(
        default_factory=RelativeReference,
        description="Whom relative measures are relative to, and what they take into account.",
    )
