"""Rates if those who were lost fared worse, or better, than the model says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from corticolimbic.stats._imputed import Imputed
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._rubin import Pooled, pool

EVERYBODY = "all"


@dataclass(frozen=True)
class DeltaRate:
    """The share with the outcome if imputed ratings are shifted.

    Parameters
    ----------
    delta
        Shift of the imputed ratings, in their unit.
    group
        ``all``, a level of the column by which people are told apart, or ``B - A`` for the difference between
        the two levels of one that has two.
    pooled
        Share or difference of shares, over imputations.
    tips
        Whether the conclusion differs from that without a shift: for a share, the interval no longer holds
        the share at delta 0; for a difference, whether the interval holds 0 is no longer the same.
    """

    delta: float
    group: str
    pooled: Pooled
    tips: bool


def delta_rates(
    imputed: Imputed,
    outcome: str,
    columns: Sequence[str],
    deltas: Sequence[float],
    bounds: tuple[float, float] | None = None,
    by: str | None = None,
    level: float = 0.95,
) -> tuple[DeltaRate, ...]:
    """Return the share with the outcome for each shift of the imputed ratings (tipping-point analysis).

    Missing not at random cannot be tested, so it is asked how far the lost would have to be off for the
    conclusion to change (delta adjustment: van Buuren 2018, section 3.8; Cro et al. 2020, Stat Med 39:2815).
    Ratings are shifted after imputation; the outcome is derived from the shifted ones.

    Parameters
    ----------
    imputed
        With a derivation that makes the outcome.
    outcome
        Derived column of 0 and 1.
    columns
        Imputed columns that are shifted, such as the last visit's rating.
    deltas
        Shifts; 0 is added if it is not among them.
    bounds
        Ends of the scale.
    by
        Column of groups (arm, site): a share for each, and the difference where there are two.
    level
        Coverage of the intervals.

    Returns
    -------
    tuple of DeltaRate
        By rising delta; everybody, the groups, then the difference.
    """
    grid = sorted({0.0, *map(float, deltas)})
    if not np.isfinite(grid).all():
        raise ModelError("every shift must be a finite number")
    unshifted = _rates(imputed, outcome, by, level)
    found = []
    for delta in grid:
        rates = (
            unshifted if delta == 0 else _rates(imputed.shifted(delta, columns, bounds), outcome, by, level)
        )
        for group, pooled in rates:
            found.append(DeltaRate(delta, group, pooled, _tips(pooled, dict(unshifted)[group], group)))
    return tuple(found)


def _tips(now: Pooled, then: Pooled, group: str) -> bool:
    if " - " in group:
        return (now.ci_low <= 0 <= now.ci_high) != (then.ci_low <= 0 <= then.ci_high)
    return not now.ci_low <= then.estimate <= now.ci_high


def _rates(imputed: Imputed, outcome: str, by: str | None, level: float) -> list[tuple[str, Pooled]]:
    rates = [(EVERYBODY, imputed.pooled_share(outcome, level))]
    if by is None:
        return rates
    groups = imputed.original[by]
    levels = sorted({str(level) for level in groups.dropna()})
    tables = [table[outcome].to_numpy(dtype=float, na_value=np.nan) for table in imputed]
    member = {name: (groups.astype(str) == name).to_numpy() & groups.notna().to_numpy() for name in levels}
    for name in levels:
        rates.append((name, _within(imputed, outcome, member[name]).pooled_share(outcome, level)))
    if len(levels) == 2:
        rates.append(
            (f"{levels[1]} - {levels[0]}", _difference(tables, member[levels[1]], member[levels[0]], level))
        )
    return rates


def _within(imputed: Imputed, outcome: str, member: np.ndarray) -> Imputed:
    """Return the tables with the outcome of a group's people only."""

    def only(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(**{outcome: table[outcome].astype(float).where(member)})

    return imputed.derive(only)


def _difference(tables: Sequence[np.ndarray], second: np.ndarray, first: np.ndarray, level: float) -> Pooled:
    estimates, variances, smallest = [], [], np.inf
    for values in tables:
        parts = [values[member & ~np.isnan(values)] for member in (second, first)]
        sizes = [part.size for part in parts]
        if min(sizes) < 2:
            raise ModelError("a group has fewer than two people with an outcome: no difference")
        shares = [(part.sum() + 0.5) / (part.size + 1) for part in parts]  # variance where a share is 0 or 1
        estimates.append(parts[0].mean() - parts[1].mean())
        variances.append(sum(p * (1 - p) / n for p, n in zip(shares, sizes, strict=True)))
        smallest = min(smallest, sum(sizes) - 2)
    return pool(np.array(estimates), np.array(variances), float(smallest), level)
