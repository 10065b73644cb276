"""What resampling found: p values of each feature, and of the largest statistic of its family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import Problem, problem
from corticolimbic.stats._draws import smallest_p
from corticolimbic.stats._studentised import comparable

_EQUAL = 1e-8  # relative: statistics that differ by less are the same rearrangement, up to rounding
_EXCEEDANCES = 250


@dataclass(frozen=True, eq=False)
class Resampled:
    """Tests by rearrangement; NaN with a reason where none could be made.

    Parameters
    ----------
    statistic
        Contrast over its robust error, as observed.
    p
        Two-sided p of each feature: (b + 1) / (m + 1), with b of m draws at least as far from 0.
    p_fwe
        The same of the largest statistic in the feature's family: the chance of one as large anywhere in the
        family if nothing were there.
    smallest_p
        Smallest p possible with these draws and people.
    n_draws
        m.
    reason
        Empty, or why the feature was not tested.
    method
        What was rearranged, and how.
    """

    statistic: Float[np.ndarray, " features"]
    p: Float[np.ndarray, " features"]
    p_fwe: Float[np.ndarray, " features"]
    smallest_p: float
    n_draws: int
    reason: tuple[str, ...]
    method: str


class Tally:
    """Counts of draws beyond what was observed, filled as draws come.

    Statistics of features with other degrees of freedom are compared as normal deviates of the same tail.
    """

    def __init__(self, family: Sequence[str] | np.ndarray | None, n_features: int, n_draws: int) -> None:
        names = [""] * n_features if family is None else [str(name) for name in family]
        if len(names) != n_features:
            raise ValueError(f"{n_features} features, but {len(names)} families")
        self.names, self.family = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
        self.largest = np.full((self.names.size, n_draws), -np.inf)
        self.beyond = np.zeros(n_features, dtype=np.int64)
        self.statistic = np.full(n_features, np.nan)
        self.df = np.ones(n_features)
        self.reason = [""] * n_features
        self.log_possible = np.inf

    def refuse(self, features: np.ndarray, reason: str) -> None:
        """Give features a reason and no result."""
        for feature in features:
            self.reason[feature] = reason

    def take(
        self,
        features: np.ndarray,
        observed: np.ndarray,
        df: float,
        drawn: Iterator[tuple[slice, slice, np.ndarray]],
        log_possible: float,
    ) -> None:
        """Count the draws of features that share people and degrees of freedom."""
        self.statistic[features], self.df[features] = observed, df
        self.log_possible = min(self.log_possible, log_possible)
        bar = np.abs(observed) * (1 - _EQUAL)
        family = self.family[features]
        for draws, some, statistics in drawn:
            size = np.abs(statistics)
            self.beyond[features[some]] += (size >= bar[some]).sum(axis=0)
            here = family[some]
            for code in np.unique(here):
                members = size if (here == code).all() else size[:, here == code]
                now = comparable(members.max(axis=1), df)
                self.largest[code, draws] = np.maximum(self.largest[code, draws], now)

    def result(self, method: str, *, tail: bool) -> Resampled:
        """Return p values."""
        n_draws = self.largest.shape[1]
        done = ~np.isnan(self.statistic)
        p, p_fwe = np.full((2, done.size), np.nan)
        p[done] = (self.beyond[done] + 1) / (n_draws + 1)
        deviate = comparable(self.statistic, self.df)
        for code in range(self.names.size):
            members = np.flatnonzero(done & (self.family == code))
            ordered = np.sort(self.largest[code])
            below = np.searchsorted(ordered, deviate[members] * (1 - _EQUAL))
            p_fwe[members] = (n_draws - below + 1) / (n_draws + 1)
            if tail and members.size:
                p_fwe[members] = _smoothed(p_fwe[members], deviate[members], ordered)
        return Resampled(
            statistic=self.statistic,
            p=p,
            p_fwe=p_fwe,
            smallest_p=smallest_p(n_draws, self.log_possible),
            n_draws=n_draws,
            reason=tuple(self.reason),
            method=method,
        )


def _smoothed(p: np.ndarray, deviate: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Return p with those beyond the threshold read off a generalised Pareto tail.

    The 250 largest draws are fitted by moments, ten fewer at a time until Cramer and von Mises' test finds
    no fault (Knijnenburg et al. 2009, Bioinformatics 25:i161; Winkler et al. 2016, NeuroImage 141:502). Where
    none fits, p stays as counted. Tails that end (a shape below 0) are not let in: fitted to so few draws
    they gave p 70 times too small. The deviates of a largest statistic fall off faster than the exponential
    that takes their place, so p errs on the large side.
    """
    from scipy import stats

    for count in range(min(_EXCEEDANCES, ordered.size // 4), 9, -10):
        threshold = (ordered[-count] + ordered[-count - 1]) / 2
        excess = ordered[-count:] - threshold
        mean, variance = float(excess.mean()), float(excess.var(ddof=1))
        if variance <= 0:
            return p
        ratio = min(mean**2 / variance, 1.0)
        tail = stats.genpareto((1 - ratio) / 2, scale=mean * (ratio + 1) / 2)
        if stats.cramervonmises(excess, tail.cdf).pvalue > 0.05:
            read = count / ordered.size * tail.sf(deviate - threshold)
            return np.where((deviate > threshold) & (read > 0), read, p)
    return p


def resampling_problems(found: Resampled, place: str, level: float = 0.05) -> list[Problem]:
    """Return what is to be known of the tests: too few draws (CL627), features not tested (CL628).

    Parameters
    ----------
    found
        The tests.
    place
        Which set of tests this is.
    level
        Error rate that the tests are read at.

    Examples
    --------
    >>> import numpy as np
    >>> nothing = np.full(1, np.nan)
    >>> found = Resampled(nothing, nothing, nothing, 0.1, 9, ("the feature does not vary",), "permutation")
    >>> [one.code for one in resampling_problems(found, "rest")]
    ['CL627', 'CL628']
    """
    problems = []
    if found.smallest_p > level:
        words = f"{place}: {found.n_draws} draws; the smallest p possible is {found.smallest_p:.3g}"
        problems.append(problem("CL627", found=words))
    for reason in sorted(set(found.reason) - {""}):
        problems.append(problem("CL628", found=f"{place}: {reason}; {found.reason.count(reason)} features"))
    return problems
