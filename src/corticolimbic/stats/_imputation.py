"""Multiple imputation by chained equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from corticolimbic.stats._covariate_coding import CovariateCoding, covariate_coding
from corticolimbic.stats._imputation_draws import Drawn, ImputationMethod, draw_equation
from corticolimbic.stats._imputed import Imputed
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Numbers, read_term


@dataclass(frozen=True, eq=False)
class _Chain:
    """What was learnt from one set of people (all, or those of a site).

    Parameters
    ----------
    coding
        Of the complete predictors.
    center, scale
        Mean and standard deviation of the known values, by which columns are scaled as predictors.
    known
        Known values of each column, from which chains start.
    equations
        For each iteration and column (None where the column was complete) the parameters drawn.
    """

    coding: CovariateCoding
    center: Float[np.ndarray, " columns"]
    scale: Float[np.ndarray, " columns"]
    known: tuple[np.ndarray, ...]
    equations: tuple[tuple[Drawn | None, ...], ...]


@dataclass(eq=False)
class ChainedEquations:
    """Multiple imputation by chained equations, visits as columns of their own.

    Each incomplete column in turn is explained by all the others and the predictors, and its missing values
    are drawn; this is repeated, the columns with fewest gaps first (van Buuren, Boshuizen & Knook 1999, Stat
    Med 18:681; van Buuren 2018, Flexible Imputation of Missing Data). The completed tables tell the truth on
    average if, given the columns in the model, who is lost does not depend on what was lost (missing at
    random), and the equations are right. Outcomes are derived after imputing (`Imputed.derive`).

    Parameters
    ----------
    methods
        Column to method: ``residual`` (local residual draws) or ``pmm`` (predictive mean matching) for
        ratings, which stay on their scale; ``normal`` for unbounded numbers; ``logistic`` for 0 and 1.
        Complete columns may be listed too; they explain.
    predictors
        Complete columns that explain: covariates, auxiliary variables.
    site
        Column of sites, read as names; it explains like a predictor.
    by_site
        Whether each site is imputed by itself, with equations of its own.
    imputations, iterations
        Completed tables, and rounds of the chain before each is taken.
    donors
        Candidates of ``residual`` and ``pmm``, of which one is drawn.
    seed
        Of the random stream; the same seed gives the same tables to the bit.

    Attributes
    ----------
    imputed_
        The people fitted on, completed.
    columns_
        Names of the columns with a method.
    constant_
        Predictors set aside because they do not vary.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first = rng.normal(5, 1, 300)
    >>> later = first + rng.normal(0, 1, 300)
    >>> lost = rng.random(300) < 1 / (1 + np.exp(5 - first))
    >>> table = pd.DataFrame({"first": first, "later": np.where(lost, np.nan, later)})
    >>> made = ChainedEquations({"first": "normal", "later": "normal"}).fit(table).imputed_
    >>> round(float(table["later"].mean()), 1), round(made.pooled_mean("later").estimate, 1)
    (4.5, 4.9)
    """

    methods: Mapping[str, ImputationMethod]
    predictors: tuple[str, ...] = ()
    site: str | None = None
    by_site: bool = False
    imputations: int = 20
    iterations: int = 10
    donors: int = 10
    seed: int = 0

    def fit(self, table: pd.DataFrame) -> ChainedEquations:
        """Run the chains.

        Parameters
        ----------
        table
            One row a person, index without repeats.

        Raises
        ------
        ModelError
            A column is unknown, no number, known of nobody or the same for everybody; a predictor has gaps;
            an equation has as many columns as people who inform it; a site is not known of someone.
        """
        self._check(table)
        self.columns_ = tuple(self.methods)
        values = _numbers(table, self.methods)
        missing = np.isnan(values)
        rng = np.random.default_rng([self.seed, 0])
        completed = np.empty((self.imputations, *values.shape))
        trace = np.full((self.iterations, self.imputations, values.shape[1]), np.nan)
        self._chains: dict[str, _Chain] = {}  # by site; one without a name where sites are imputed together
        constant: list[str] = []
        for name, rows in self._groups(table):
            chain, completed[:, rows], part = self._learn(table.iloc[rows], values[rows], name, rng)
            self._chains[name] = chain
            constant += chain.coding.constant
            lost = missing[rows].sum(axis=0)
            share = np.divide(lost, missing.sum(axis=0), out=np.zeros(len(lost)), where=lost > 0)
            weighted = np.where(lost > 0, part * share, 0.0)
            trace = np.where(np.isnan(trace), weighted, trace + weighted)
        trace[..., ~missing.any(axis=0)] = np.nan
        self.constant_ = tuple(dict.fromkeys(constant))
        self.imputed_ = Imputed(table, self.columns_, completed, missing, trace)
        return self

    def transform(self, table: pd.DataFrame) -> Imputed:
        """Complete other people by the equations learnt, as for the held-out part of a fold.

        Parameters
        ----------
        table
            Its columns as those of the table fitted on; people without any gap are returned as they are.
        """
        values = _numbers(table, self.methods)
        rng = np.random.default_rng([self.seed, 1])
        completed = np.empty((self.imputations, *values.shape))
        for name, rows in self._groups(table):
            if name not in self._chains:
                raise ModelError(f"{self.site} {name} was not among the sites learnt from", (str(self.site),))
            chain = self._chains[name]
            fixed = _fixed(chain.coding, table.iloc[rows])
            completed[:, rows] = self._run(chain, values[rows], fixed, rng)
        trace = np.full((self.iterations, self.imputations, values.shape[1]), np.nan)
        return Imputed(table, self.columns_, completed, np.isnan(values), trace)

    def _check(self, table: pd.DataFrame) -> None:
        if not table.index.is_unique:
            raise ModelError("people stand more than once in the table")
        if not self.methods or self.imputations < 2 or self.iterations < 1 or self.donors < 1:
            raise ModelError("imputation needs a column, two imputations, an iteration and a donor at least")
        if self.by_site and self.site is None:
            raise ModelError("imputing by site needs the name of the column of sites")
        explains = {*self.predictors, *((self.site,) if self.site is not None else ())}
        both = tuple(sorted(explains & set(self.methods)))
        if both:
            raise ModelError(f"{', '.join(both)} is both imputed and a predictor; name it once", both)

    def _groups(self, table: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
        if not self.by_site or self.site is None:
            return [("", np.arange(len(table)))]
        names = table[self.site]
        if names.isna().any():
            raise ModelError(
                f"{self.site} is not known of everybody; give them a site of their own", (self.site,)
            )
        texts = names.astype(str).to_numpy()
        return [(name, np.flatnonzero(texts == name)) for name in sorted(set(texts))]

    def _learn(
        self, table: pd.DataFrame, values: np.ndarray, group: str, rng: np.random.Generator
    ) -> tuple[_Chain, np.ndarray, np.ndarray]:
        place = f" at {self.site} {group}" if group else ""
        coding = covariate_coding(table, self.predictors, None if self.by_site else self.site)
        fixed = _fixed(coding, table)
        missing = np.isnan(values)
        known = tuple(values[~missing[:, at], at] for at in range(values.shape[1]))
        self._refuse(known, missing, fixed, place)
        center = np.array([part.mean() for part in known])
        scale = np.array([part.std() or 1.0 for part in known])
        now = _started(values, known, self.imputations, rng)
        rounds, trace = [], np.full((self.iterations, self.imputations, values.shape[1]), np.nan)
        for turn in range(self.iterations):
            equations: list[Drawn | None] = [None] * values.shape[1]
            for at in _order(missing):
                gone = missing[:, at]
                matrix = _matrix(now, fixed, center, scale, at)
                method = self.methods[self.columns_[at]]
                drawn = draw_equation(method, matrix[:, ~gone], known[at], self.donors, rng)
                now[:, gone, at] = drawn.fill(matrix[:, gone], rng)
                equations[at] = drawn
                trace[turn, :, at] = now[:, gone, at].mean(axis=1)
            rounds.append(tuple(equations))
        return _Chain(coding, center, scale, known, tuple(rounds)), now, trace

    def _run(
        self, chain: _Chain, values: np.ndarray, fixed: np.ndarray, rng: np.random.Generator
    ) -> Float[np.ndarray, "imputations people columns"]:
        missing = np.isnan(values)
        complete = [name for at, name in enumerate(self.columns_) if missing[:, at].any()
                    and chain.equations[0][at] is None]  # fmt: skip
        if complete:
            raise ModelError(
                f"{', '.join(complete)} had no gap among the people learnt from, so no equation fills one",
                tuple(complete),
            )
        now = _started(values, chain.known, self.imputations, rng)
        for equations in chain.equations:
            for at in _order(missing):
                gone, drawn = missing[:, at], equations[at]
                if drawn is not None:
                    matrix = _matrix(now[:, gone], fixed[gone], chain.center, chain.scale, at)
                    now[:, gone, at] = drawn.fill(matrix, rng)
        return now

    def _refuse(
        self, known: tuple[np.ndarray, ...], missing: Bool[np.ndarray, "people columns"], fixed: np.ndarray,
        place: str,
    ) -> None:  # fmt: skip
        columns = 1 + fixed.shape[1] + len(known) - 1
        for name, values, gone in zip(self.columns_, known, missing.T, strict=True):
            if values.size == 0:
                raise ModelError(
                    f"nobody has a value of {name}{place}: there is nothing to impute from", (name,)
                )
            if not gone.any():
                continue
            if np.ptp(values) == 0:
                raise ModelError(
                    f"{name} is {values[0]:g} for everybody who has it{place}: no model explains it", (name,)
                )
            if self.methods[name] == "logistic" and not np.isin(values, (0.0, 1.0)).all():
                raise ModelError(f"{name} holds other values than 0 and 1; impute it as a number", (name,))
            if values.size <= columns + 1:
                raise ModelError(
                    f"{values.size} people have {name}{place}, and its equation has {columns} columns; name "
                    "fewer covariates",
                    (name,),
                )


def _numbers(table: pd.DataFrame, methods: Mapping[str, ImputationMethod]) -> np.ndarray:
    unknown = tuple(name for name in methods if name not in table.columns)
    if unknown:
        raise ModelError(f"the table has no column {', '.join(map(repr, unknown))}", unknown)
    columns = []
    for name in methods:
        column = table[name]
        if isinstance(column, pd.Series) and column.isna().all():
            columns.append(np.full(len(table), np.nan))
            continue
        if isinstance(column, pd.Series) and pd.api.types.is_bool_dtype(column.dtype):
            column = column.astype("Float64")
        term = read_term(table.assign(**{name: column}), name)
        if not isinstance(term, Numbers):
            raise ModelError(
                f"{name} is text; only numbers, and classes written as 0 and 1, are imputed", (name,)
            )
        columns.append(term.values)
    return np.column_stack(columns)


def _fixed(coding: CovariateCoding, table: pd.DataFrame) -> np.ndarray:
    """Return the columns of the complete predictors, refusing gaps."""
    matrix = coding.matrix(table)
    if np.isnan(matrix).any():
        gaps = np.isnan(matrix).any(axis=0)
        names = tuple(
            sorted({name.partition("[")[0] for name, gap in zip(coding.columns, gaps, strict=True) if gap})
        )
        raise ModelError(
            f"{', '.join(names)} is not known of {int(np.isnan(matrix).any(axis=1).sum())} people; impute it "
            "too, or set these people aside",
            names,
        )
    return matrix


def _order(missing: np.ndarray) -> list[int]:
    """Return the columns that have gaps, those with fewest first, in their own order where equal."""
    gaps = missing.sum(axis=0)
    return [int(at) for at in np.argsort(gaps, kind="stable") if gaps[at]]


def _started(
    values: np.ndarray, known: tuple[np.ndarray, ...], imputations: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the table for each imputation, gaps filled by known values drawn at random."""
    now = np.repeat(values[None], imputations, axis=0)
    for at, pool in enumerate(known):
        gone = np.isnan(values[:, at])
        if gone.any():
            now[:, gone, at] = rng.choice(pool, size=(imputations, int(gone.sum())))
    return now


def _matrix(
    now: np.ndarray, fixed: np.ndarray, center: np.ndarray, scale: np.ndarray, at: int
) -> Float[np.ndarray, "imputations people columns"]:
    """Return the columns that explain one column: ones, predictors, all other columns scaled."""
    m, n, _ = now.shape
    others = (np.delete(now, at, axis=2) - np.delete(center, at)) / np.delete(scale, at)
    shared = np.broadcast_to(np.column_stack([np.ones(n), fixed]), (m, n, 1 + fixed.shape[1]))
    return np.concatenate([shared, others], axis=2)
