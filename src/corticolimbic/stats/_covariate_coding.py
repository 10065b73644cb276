"""Covariates as columns of numbers, learnt from some people and applied to others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.stats._model_matrix import collinear
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Levels, Numbers, Term, read_levels, read_term


@dataclass(frozen=True)
class _Coded:
    """One covariate: mean and standard deviation of a number, or the names of levels, the reference first."""

    name: str
    levels: tuple[str, ...]
    mean: float = 0.0
    sd: float = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{self.name}[{level}]" for level in self.levels[1:]) if self.levels else (self.name,)


@dataclass(frozen=True)
class CovariateCoding:
    """How covariates become columns: numbers in standard deviations from the mean, levels as 0 and 1.

    Parameters
    ----------
    coded
        What was learnt of each covariate that varies.
    site
        The covariate that is always read as names, or None.
    constant
        Covariates set aside because they do not vary.
    """

    coded: tuple[_Coded, ...]
    site: str | None
    constant: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns; a level is written ``column[level]``."""
        return tuple(name for one in self.coded for name in one.columns)

    def matrix(self, table: pd.DataFrame) -> Float[np.ndarray, "people columns"]:
        """Return the columns of these people, NaN where a covariate is missing.

        Raises
        ------
        ModelError
            A level was not among the people from whom the coding was learnt, or text stands for numbers.
        """
        parts = [_column(one, _read(table, one.name, self.site)) for one in self.coded]
        return np.concatenate([np.empty((len(table), 0)), *parts], axis=1)


def covariate_coding(
    table: pd.DataFrame, covariates: tuple[str, ...], site: str | None = None
) -> CovariateCoding:
    """Learn how to code the covariates of these people.

    Raises
    ------
    ModelError
        A covariate is unknown, named twice or missing for everyone, or covariates repeat each other.
    """
    names = (*covariates, *((site,) if site is not None else ()))
    unknown = tuple(name for name in names if name not in table.columns)
    if unknown:
        raise ModelError(f"the table has no column {', '.join(map(repr, unknown))}", unknown)
    twice = tuple(sorted({name for name in names if names.count(name) > 1}))
    if twice:
        raise ModelError(f"{', '.join(twice)} is asked for more than once", twice)
    coded, constant = [], []
    for name in names:
        term = _read(table, name, site)
        if term.missing.all():
            raise ModelError(f"nobody has a value of {name}; take it off the list of covariates", (name,))
        one = _learn(term)
        if one is None:
            constant.append(name)
        else:
            coded.append(one)
    found = CovariateCoding(tuple(coded), site, tuple(constant))
    matrix = found.matrix(table)
    known = matrix[~np.isnan(matrix).any(axis=1)]
    if len(known) == 0:
        raise ModelError(f"nobody has a value of every one of {', '.join(names)}", names)
    varies = np.ptp(known, axis=0) > 0 if known.size else np.zeros(0, dtype=bool)
    whole = np.column_stack([np.ones(len(known)), known[:, varies]])
    kept = tuple(name for name, does in zip(found.columns, varies, strict=True) if does)
    if at_fault := collinear(("intercept", *kept), whole):
        raise ModelError(f"covariates repeat each other: {', '.join(at_fault)}; drop one of them", at_fault)
    return found


def _read(table: pd.DataFrame, name: str, site: str | None) -> Term:
    return read_levels(table, name) if name == site else read_term(table, name)


def _learn(term: Term) -> _Coded | None:
    """Return the coding of a term, or None where it does not vary."""
    known = term.take(np.flatnonzero(~term.missing))
    if not known.coded()[0]:
        return None
    if isinstance(known, Levels):
        return _Coded(term.name, tuple(known.levels))
    return _Coded(term.name, (), float(known.values.mean()), float(known.values.std()))


def _column(one: _Coded, term: Term) -> np.ndarray:
    if term.missing.all():
        return np.full((term.missing.size, len(one.columns)), np.nan)
    if isinstance(term, Numbers):
        _refuse_mixture(one, is_text=False)
        return (term.values[:, None] - one.mean) / one.sd
    _refuse_mixture(one, is_text=True)
    new = sorted({term.levels[code] for code in np.unique(term.codes[~term.missing])} - set(one.levels))
    if new:
        raise ModelError(
            f"{one.name} has the level {', '.join(new)}, which nobody had from whom the model was learnt",
            (one.name,),
        )
    place = np.array([one.levels.index(level) for level in term.levels])
    columns = (place[term.codes][:, None] == np.arange(1, len(one.levels))).astype(float)
    columns[term.missing] = np.nan
    return columns


def _refuse_mixture(one: _Coded, *, is_text: bool) -> None:
    if is_text != bool(one.levels):
        raise ModelError(
            f"{one.name} is text in one table and numbers in the other; write it alike in both", (one.name,)
        )
