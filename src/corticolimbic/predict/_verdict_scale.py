"""Bounds of the smallest effect of interest, on the scale of the metric and on that of the association."""

from __future__ import annotations

import math
from dataclasses import dataclass

from corticolimbic.predict._verdict_figures import Figures, Interval
from corticolimbic.predict._verdict_settings import VerdictSettings


@dataclass(frozen=True)
class Scale:
    """Where effects are too small to matter.

    Parameters
    ----------
    low, high
        Bounds of the metric: 1 - 0.60 and 0.60 for an AUC.
    association
        Bound of the association, either side of 0.
    """

    low: float
    high: float
    association: float

    def negligible(self, interval: Interval) -> bool:
        """Tell whether an interval of the metric lies wholly between the bounds."""
        return interval.known and self.low < interval.low and interval.high < self.high

    def negligible_association(self, interval: Interval) -> bool:
        """Tell whether an interval of the association does."""
        return interval.known and -self.association < interval.low and interval.high < self.association


def scale_of(figures: Figures, settings: VerdictSettings) -> Scale:
    r"""Return the bounds for a marker's outcome.

    An AUC is put on the scale of the log odds ratio per SD by :math:`d = \sqrt 2\,\Phi^{-1}(AUC)`: with two
    normal classes of equal spread the log odds ratio per within-class SD is d.
    """
    from scipy.special import ndtri

    if figures.metric == "auc":
        least = settings.smallest_auc
        return Scale(1 - least, least, math.sqrt(2) * float(ndtri(least)))
    least = settings.smallest_correlation
    return Scale(-least, least, least)
