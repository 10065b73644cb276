"""What makes pain persistent, as a line over first pain that final pain must reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.cohort._absolute_outcome import level_name, levels
from corticolimbic.cohort._relative_outcome import threshold_name, thresholds
from corticolimbic.cohort._settings import Outcome


@dataclass(frozen=True)
class Criterion:
    """Pain persists where final pain is at least ``share`` times first pain plus ``above``.

    Parameters
    ----------
    share
        Of first pain: 1 minus the threshold of the relative rule, 0 for the absolute rule.
    above
        Added to it: the level of the absolute rule, 0 for the relative rule, NRS.
    rise
        Where given, final pain must also exceed first pain by this, NRS.
    """

    share: float = 0.0
    above: float = 0.0
    rise: float | None = None

    @classmethod
    def relative(cls, threshold: float) -> Criterion:
        """Return the rule that pain fell by less than a share of the first."""
        return cls(share=1.0 - threshold)

    @classmethod
    def absolute(cls, level: float, rise: float | None = None) -> Criterion:
        """Return the rule that final pain is at least a level, and rose by so much."""
        return cls(above=level, rise=rise)

    def line(self, first: Float[np.ndarray, " *node"]) -> Float[np.ndarray, " *node"]:
        """Return the final pain from which on pain persists, for each first pain."""
        line = self.share * first + self.above
        return line if self.rise is None else np.maximum(line, first + self.rise)


def criteria(settings: Outcome) -> dict[str, Criterion]:
    """Return the rule of each class outcome by its name, the primary one first.

    An outcome that is a study's own column has no rule over ratings; the relative rule at the declared
    threshold then stands for it.
    """
    if settings.family == "absolute":
        return {level_name(level): Criterion.absolute(level, settings.increase) for level in levels(settings)}
    if settings.family == "relative":
        return {threshold_name(share): Criterion.relative(share) for share in thresholds(settings)}
    return {threshold_name(settings.threshold): Criterion.relative(settings.threshold)}
