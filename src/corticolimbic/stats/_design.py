"""The design of a model over people: which columns explain a feature, for whom, and who is left out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.stats._model_matrix import coded, refuse, without_lone
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Levels, Numbers, Term, read_levels, read_term


@dataclass(frozen=True)
class LeftOut:
    """A person of the table who is not in the model.

    Parameters
    ----------
    person
        Index key of the row.
    reason
        ``missing: COLUMN, ...``, ``alone at site: NAME`` or ``alone with COLUMN: LEVEL``.
    kind
        ``missing`` (problem CL310, or CL308 for the tested column) or ``alone`` (CL601).
    """

    person: Hashable
    reason: str
    kind: Literal["missing", "alone"]


@dataclass(frozen=True, eq=False)
class Design:
    """A linear model of any feature: feature ~ tested + covariates + site.

    Parameters
    ----------
    tested
        Column whose effect is estimated.
    contrast
        What the estimate is: ``slope of PAIN`` or ``GROUP: B - A``.
    kind
        ``slope`` (feature units per unit of the tested column) or ``difference`` (feature units).
    people
        Index keys of the rows in the model, in the table's order. Rows of every array of values
        follow this order (see `aligned`).
    columns
        Names of the matrix' columns: ``intercept``, the tested column, covariates, sites; a level is written
        ``column[level]``. Column 1 is the tested one.
    matrix
        Intercept of ones, continuous columns centred on the mean of ``people``, levels as 0 and 1.
    terms
        Tested column, covariates and site, from which the matrix of any subset of the people is coded again.
    site
        Column of sites, or None.
    left_out
        Who is not in the model, and why.
    notes
        Covariates that left no column because they do not vary.
    """

    tested: str
    contrast: str
    kind: Literal["slope", "difference"]
    people: tuple[Hashable, ...]
    columns: tuple[str, ...]
    matrix: Float[np.ndarray, "people columns"]
    terms: tuple[Term, ...]
    site: str | None
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """Index keys of the rows: the people."""
        return self.people

    @property
    def formula(self) -> str:
        """The model in words: ``feature ~ pain + age + site``."""
        return "feature ~ " + " + ".join(term.name for term in self.terms if term.coded()[0])


def design(
    table: pd.DataFrame,
    tested: str,
    covariates: tuple[str, ...] = (),
    site: str | None = None,
    *,
    reference: str | None = None,
) -> Design:
    """Build the design of a model from a table with one row a person.

    Text, categorical and boolean columns are coded as levels (0 and 1, against the most frequent level, ties
    in alphabetical order); numbers are centred. The site column is always read as names.

    Parameters
    ----------
    table
        One row a person; the index identifies the person and may not repeat. Empty text and ``n/a`` are
        missing.
    tested
        A continuous column (its slope is estimated), or two groups: booleans, text with two levels, or
        numbers that are only 0 and 1 (their difference is estimated).
    covariates
        Columns to adjust for.
    site
        Column of sites, or None for a model without sites. People alone at their site are left out.
    reference
        Group that the other is compared with. By default the first in alphabetical order (0 and False before
        1 and True): the sign of a difference must not turn over with the numbers in the groups.

    Returns
    -------
    Design

    Raises
    ------
    ModelError
        A column is unknown or infinite, the index repeats, the tested column does not vary or has more
        than two groups, there are too few people, or the columns are collinear (``columns`` names those at
        fault; a group that is fixed by site is such a case).

    Examples
    --------
    >>> people = pd.DataFrame(
    ...     {"pain": [1.0, 2.0, 4.0, 3.0, 5.0, None], "sex": ["F", "M", "F", "F", "M", "F"]},
    ...     index=["sub-1", "sub-2", "sub-3", "sub-4", "sub-5", "sub-6"],
    ... )
    >>> model = design(people, "pain", ("sex",))
    >>> model.columns
    ('intercept', 'pain', 'sex[M]')
    >>> model.left_out
    (LeftOut(person='sub-6', reason='missing: pain', kind='missing'),)
    """
    names = (tested, *covariates) + ((site,) if site is not None else ())
    _check_table(table, names)
    terms: list[Term] = [_tested_term(table, tested, reference)]
    terms += [read_term(table, name) for name in covariates]
    if site is not None:
        terms.append(read_levels(table, site))
    people = tuple(table.index)
    missing = np.column_stack([term.missing for term in terms])
    left_out = [
        LeftOut(people[row], "missing: " + ", ".join(np.array(names)[missing[row]]), "missing")
        for row in np.flatnonzero(missing.any(axis=1))
    ]
    rows, alone = without_lone(terms, np.flatnonzero(~missing.any(axis=1)), site)
    left_out += [LeftOut(people[row], why, "alone") for row, why in alone]
    kept = tuple(term.take(rows) for term in terms)
    columns, matrix = coded(kept)
    refuse(kept, columns, matrix, site)
    return Design(
        tested=tested,
        contrast=_contrast(kept[0]),
        kind="difference" if isinstance(kept[0], Levels) else "slope",
        people=tuple(people[row] for row in rows),
        columns=columns,
        matrix=matrix,
        terms=kept,
        site=site,
        left_out=tuple(left_out),
        notes=tuple(f"{term.name}: does not vary" for term in kept[1:] if not term.coded()[0]),
    )


@runtime_checkable
class Keyed(Protocol):
    """A design whose rows are known by key: people, or visits."""

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """Index keys of the rows, in order."""


def aligned(features: pd.DataFrame, design: Keyed) -> Float[np.ndarray, "rows features"]:
    """Return features with one row for each person or visit of the design, joined by key, not by position.

    Parameters
    ----------
    features
        One row a person (or visit), one column a feature; those of the design who have no row get NaN.
    design
        The model, of people (`design`) or of visits (`visit_design`).

    Raises
    ------
    ModelError
        The index of ``features`` repeats a person (or visit).

    Examples
    --------
    >>> people = pd.DataFrame({"pain": [1.0, 2.0, 4.0, 3.0]}, index=["a", "b", "c", "d"])
    >>> fc = pd.DataFrame({"NAc--mPFC": [0.3, 0.1, 0.2]}, index=["c", "a", "b"])
    >>> aligned(fc, design(people, "pain")).ravel().tolist()
    [0.1, 0.2, 0.3, nan]
    """
    _check_index(features)
    return features.reindex(list(design.keys)).to_numpy(dtype=float, na_value=np.nan)


def _tested_term(table: pd.DataFrame, tested: str, reference: str | None) -> Term:
    term = read_term(table, tested)
    if isinstance(term, Numbers):
        if set(np.unique(term.values[~term.missing])) == {0.0, 1.0}:
            codes = np.where(term.missing, -1, np.nan_to_num(term.values)).astype(np.int64)
            term = Levels(tested, codes, ("0", "1"))
            reference = reference or "0"
        elif reference is not None:
            raise ModelError(f"{tested} is continuous and has no reference group {reference!r}", (tested,))
        else:
            return term
    if len(term.levels) != 2:
        found = ", ".join(term.levels[:5]) or "none"
        raise ModelError(
            f"{tested} has {len(term.levels)} groups ({found}); a difference needs two", (tested,)
        )
    reference = reference or min(term.levels)
    if reference not in term.levels:
        raise ModelError(f"{tested} has no group {reference!r}; it has {', '.join(term.levels)}", (tested,))
    if term.levels[0] == reference:
        return term
    return Levels(tested, np.where(term.missing, -1, 1 - term.codes), term.levels[::-1])


def _contrast(tested: Term) -> str:
    if isinstance(tested, Levels):
        return f"{tested.name}: {tested.levels[1]} - {tested.levels[0]}"
    return f"slope of {tested.name}"


def _check_table(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    _check_index(table)
    unknown = tuple(name for name in names if name not in table.columns)
    if unknown:
        raise ModelError(f"the table has no column {', '.join(map(repr, unknown))}", unknown)
    repeated = tuple(sorted({name for name in names if names.count(name) > 1}))
    if repeated:
        raise ModelError(f"{', '.join(repeated)} is asked for more than once in the model", repeated)


def _check_index(table: pd.DataFrame) -> None:
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()].unique().tolist()
        raise ModelError(f"people stand more than once in the table: {', '.join(map(str, twice[:5]))}")
