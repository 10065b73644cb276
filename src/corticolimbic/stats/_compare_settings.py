"""What the comparison over people can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings


class CompareSettings(Settings):
    """Which features are compared, adjusted for what."""

    statistic: Statistic = Field(
        default="pearson",
        description="Estimator of connectivity whose edges are tested; declared before the run.",
    )
    covariates: tuple[str, ...] = Field(
        default=(),
        description="Columns of the participants table to adjust for; measured:mean_fd and measured:censored_share "
        "are what this package measured. The site is always in the model where there is more than one.",
    )
    minimum_people: int = Field(
        default=10, ge=4, description="A feature that fewer people have is not tested."
    )
