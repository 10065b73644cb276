"""Completed tables, that every later analysis can use one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy import special

from corticolimbic.cohort import wilson
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._rubin import Pooled, pool

Derive = Callable[[pd.DataFrame], pd.DataFrame]
"""Adds columns to a completed table that are made from its ratings."""


@dataclass(frozen=True, eq=False)
class Imputed:
    """A table completed several times over; iterating gives the completed tables.

    Parameters
    ----------
    original
        The table as it was.
    columns
        Columns that were imputed.
    values
        Completed values of these columns, in their units.
    missing
        Which of them were missing.
    trace
        Mean of the imputed values after each iteration; chains that have settled move without a trend.
    derivations
        What is made of each completed table, in order.

    Examples
    --------
    >>> from corticolimbic.stats import ChainedEquations
    >>> table = pd.DataFrame({"baseline": np.arange(40) % 8 + 1.0, "month 6": np.arange(40) % 7 + 0.0})
    >>> table.loc[:9, "month 6"] = np.nan
    >>> made = ChainedEquations({"baseline": "pmm", "month 6": "residual"}, imputations=5).fit(table).imputed_
    >>> made = made.derive(lambda one: one.assign(chronic=one["month 6"] > 0.8 * one["baseline"]))
    >>> [int(one["month 6"].notna().sum()) for one in made]
    [40, 40, 40, 40, 40]
    >>> made.pooled_share("chronic").imputations
    5
    """

    original: pd.DataFrame
    columns: tuple[str, ...]
    values: Float[np.ndarray, "imputations people columns"]
    missing: Bool[np.ndarray, "people columns"]
    trace: Float[np.ndarray, "iterations imputations columns"]
    derivations: tuple[Derive, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (self.table(at) for at in range(len(self)))

    def table(self, at: int) -> pd.DataFrame:
        """Return one completed table, with the original's rows and columns and what is derived."""
        completed = pd.DataFrame(self.values[at], index=self.original.index, columns=list(self.columns))
        others = self.original.drop(columns=list(self.columns))
        whole = pd.concat([others, completed], axis=1)[list(self.original.columns)]
        for derive in self.derivations:
            whole = derive(whole)
            if not whole.index.equals(self.original.index):
                raise ModelError("a derivation changed the rows of the table; it may only add columns")
        return whole

    def derive(self, derive: Derive) -> Imputed:
        """Return the same tables with columns made after imputing, so that a class agrees with its ratings.

        Parameters
        ----------
        derive
            Takes a completed table and returns it with more columns.
        """
        return replace(self, derivations=(*self.derivations, derive))

    def shifted(
        self,
        delta: float,
        columns: Sequence[str],
        bounds: tuple[float, float] | None = None,
        who: Bool[np.ndarray, " people"] | None = None,
    ) -> Imputed:
        """Return the tables with imputed values (never observed ones) moved by an amount.

        Parameters
        ----------
        delta
            Added to each imputed value, in the unit of the columns; above 0 who was lost had more pain than
            the model says.
        columns
            Imputed columns that are moved.
        bounds
            Ends of the scale, at which values stop.
        who
            People whose values are moved; everybody where None.
        """
        unknown = sorted(set(columns) - set(self.columns))
        if unknown:
            raise ModelError(f"{', '.join(unknown)} was not imputed and cannot be shifted", tuple(unknown))
        chosen = self.missing & np.isin(self.columns, list(columns))
        if who is not None:
            chosen = chosen & who[:, None]
        moved = self.values + delta
        if bounds is not None:
            moved = np.clip(moved, *bounds)
        return replace(self, values=np.where(chosen, moved, self.values))

    def pooled(
        self,
        analysis: Callable[[pd.DataFrame], tuple[float, float]],
        df_complete: int | float = np.inf,
        level: float = 0.95,
    ) -> Pooled:
        """Run an analysis on every completed table and pool it.

        Parameters
        ----------
        analysis
            Returns an estimate and its variance.
        df_complete, level
            See `pool`.
        """
        found = np.array([analysis(table) for table in self], dtype=float)
        return pool(found[:, 0], found[:, 1], df_complete, level)

    def pooled_mean(self, column: str, level: float = 0.95) -> Pooled:
        """Return the pooled mean of a column; people without a value of it in a table do not count there."""
        columns = [table[column].to_numpy(dtype=float, na_value=np.nan) for table in self]
        sizes = np.array([(~np.isnan(values)).sum() for values in columns])
        if sizes.min() < 2:
            raise ModelError(f"fewer than two people have {column.strip()}; a mean needs two", (column,))
        means = np.array([np.nanmean(values) for values in columns])
        variances = np.array([np.nanvar(values, ddof=1) for values in columns]) / sizes
        return pool(means, variances, float(sizes.min() - 1), level)

    def pooled_share(self, column: str, level: float = 0.95) -> Pooled:
        r"""Return the pooled share of a column of 0 and 1, its interval made on the logit scale.

        The interval is :math:`\mathrm{logit}\,\bar p \pm t_\nu \sqrt T / (\bar p (1 - \bar p))`, turned back.
        Where the share is 0 or 1 in all tables there is no variance, and the interval is Wilson's.

        Parameters
        ----------
        column
            0, 1, or missing where a person is outside the question.
        level
            Coverage of the interval.
        """
        columns = [table[column].to_numpy(dtype=float, na_value=np.nan) for table in self]
        known = [values[~np.isnan(values)] for values in columns]
        if not all(np.isin(values, (0.0, 1.0)).all() for values in known):
            raise ModelError(f"{column} holds other values than 0 and 1: a share has no meaning", (column,))
        sizes = np.array([values.size for values in known])
        if sizes.min() < 2:
            raise ModelError(f"fewer than two people have {column.strip()}; a share needs two", (column,))
        shares = np.array([values.mean() for values in known])
        # With a half added to both sides: shares of 0 and 1 have no variance of their own.
        smooth = (
            (shares * sizes + 0.5) / (sizes + 1) if shares.min() in (0, 1) or shares.max() == 1 else shares
        )
        found = pool(shares, smooth * (1 - smooth) / sizes, float(sizes.min() - 1), level)
        if found.estimate in (0.0, 1.0):
            low, high = wilson(found.estimate * sizes.min(), sizes.min(), level)
            return replace(found, ci_low=low, ci_high=high)
        half = (found.ci_high - found.estimate) / (found.estimate * (1 - found.estimate))
        middle = special.logit(found.estimate)
        low, high = (float(special.expit(middle + sign * half)) for sign in (-1, 1))
        return replace(found, ci_low=low, ci_high=high)
