"""What the comparison over people can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.stats._linear import StandardErrors


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
