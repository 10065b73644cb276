"""CovBat: after ComBat, sites are also harmonised in how features vary together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from corticolimbic.stats._combat import ComBat, FittedComBat
from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True)
class CovBat:
    """Harmonisation of mean, spread and covariance (Chen et al. 2022, Hum Brain Mapp 43:1179).

    Residuals of ComBat are turned into principal components; what sites add and multiply in the leading ones
    is taken away without shrinkage, and the components are turned back.

    Parameters
    ----------
    combat
        The first step.
    share
        Leading components are those that together explain more than this share of the residuals' variance.

    Notes
    -----
    Residuals are brought to a variance of 1 first, as the authors' program does by default. Features that
    somebody learnt from lacks, or that do not vary, get the first step alone. A value missing in new people
    counts as its expectation where components are formed, and stays missing.
    """

    combat: ComBat = field(default_factory=ComBat)
    share: float = 0.95

    def fit(self, values: pd.DataFrame, people: pd.DataFrame) -> FittedCovBat:
        """Learn both steps; arguments and errors are those of `ComBat.fit`."""
        if not 0 < self.share < 1:
            raise ModelError("the share of variance must lie between 0 and 1")
        first = self.combat.fit(values, people)
        residuals = first.residuals(values, people)
        gone = {item.person for item in first.left_out}
        learnt = residuals.loc[[key for key in residuals.index if key not in gone]]
        table = learnt.to_numpy()
        used = np.isfinite(table).all(axis=0)
        if used.sum() < 2:
            raise ModelError("covariance needs two features that everybody has; use ComBat")
        centre, spread = table[:, used].mean(axis=0), table[:, used].std(axis=0, ddof=1)
        standard = (table[:, used] - centre) / spread
        _, singular, rows = np.linalg.svd(standard, full_matrices=False)
        explained = np.cumsum(singular**2) / (singular**2).sum()
        n_leading = int(np.argmax(explained > self.share)) + 1
        axes = rows[:n_leading]
        scores = pd.DataFrame(standard @ axes.T, index=learnt.index)
        plain = replace(self.combat, keep=(), smooth=(), eb=False)
        return FittedCovBat(self, first, plain.fit(scores, people), used, centre, spread, axes)


@dataclass(frozen=True, eq=False)
class FittedCovBat:
    """What `CovBat` learnt.

    Parameters
    ----------
    settings
        What was asked for.
    first
        The first step.
    scores
        The step on the leading components.
    used
        Which features stand in the components.
    centre, spread
        Of their residuals.
    axes
        The leading components, orthonormal.
    """

    settings: CovBat
    first: FittedComBat
    scores: FittedComBat
    used: Bool[np.ndarray, " features"]
    centre: Float[np.ndarray, " used"]
    spread: Float[np.ndarray, " used"]
    axes: Float[np.ndarray, "components used"]

    def transform(self, values: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """Return harmonised values; arguments and errors are those of `FittedComBat.transform`."""
        values = self.first.chosen(values)
        out = self.first.transform(values, people)
        residuals = self.first.residuals(values, people).to_numpy()[:, self.used]
        standard = np.nan_to_num((residuals - self.centre) / self.spread)
        scores = pd.DataFrame(standard @ self.axes.T, index=values.index)
        moved = (self.scores.transform(scores, people) - scores).to_numpy() @ self.axes
        changed = out.to_numpy(copy=True)
        changed[:, self.used] += moved * self.spread * self.first.sd[self.used]
        return pd.DataFrame(changed, index=out.index, columns=out.columns)
