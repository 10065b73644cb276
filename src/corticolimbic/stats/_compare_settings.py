"""What the comparison over people can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings
from corticolimbic.stats._linear import StandardErrors
from corticolimbic.stats._permutation import Blocks


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
    permutations: int = Field(
        default=0,
        ge=0,
        description="Rearrangements for family-wise p (p_fwe) by the largest statistic of each family: "
        "permutation where people are exchangeable, wild bootstrap over visits. 0: none; 9999 is usual, and "
        "fewer than 19 cannot reach 5 %.",
    )
    permutation_blocks: Blocks = Field(
        default="site",
        description="site: people change places within their site; none: all with all.",
    )
    seed: int = Field(
        default=20210420,
        ge=0,
        description="Of the rearrangements; each set of tests has a stream of its own.",
    )
    smallest_effect: float | None = Field(
        default=None,
        gt=0,
        le=5,
        description="Smallest effect of interest, in standard deviations between groups (0.2, say); slopes "
        "are held against the correlation that it is between groups of equal size. Gives p_equivalence; "
        "without it equivalence is not tested.",
    )
