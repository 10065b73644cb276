"""The design of a model over people's visits: which columns explain a feature, and who made which visit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.stats._design import LeftOut
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Levels, Numbers, Term, read_levels
from corticolimbic.stats._visit_terms import (
    DEVIATION,
    check_effects,
    coded_visits,
    read_visit_term,
    refuse_visits,
)


@dataclass(frozen=True, eq=False)
class VisitDesign:
    """The fixed effects of any feature over people's visits, and whose visits they are.

    Parameters
    ----------
    keys
        Index keys of the rows in the model, sorted by person and time. Rows of every array of values follow
        this order (see `aligned`).
    person
        Position in ``people`` of each row's person.
    people
        Names of the people in the model.
    time
        Time of each row, in the column's unit, not centred.
    time_name
        Column of times.
    columns
        Names of the matrix' columns: ``intercept`` first; a level is written ``column[level]``, the two parts
        of a covariate that varies within people ``column[person mean]`` and ``column[deviation]``, an
        interaction ``group[patient]:time``.
    matrix
        Full rank. Times and deviations stand as they are, other numbers centred on the mean of the rows,
        levels as 0 and 1.
    effects
        The model's terms as they were asked for, and the site.
    site
        Column of sites, or None.
    site_codes
        Number of each row's site; all 0 without sites.
    left_out
        Rows that are not in the model, and why.
    notes
        Terms that left no column because they do not vary.
    """

    keys: tuple[Hashable, ...]
    person: Int[np.ndarray, " rows"]
    people: tuple[Hashable, ...]
    time: Float[np.ndarray, " rows"]
    time_name: str
    columns: tuple[str, ...]
    matrix: Float[np.ndarray, "rows columns"]
    effects: tuple[str, ...]
    site: str | None
    site_codes: Int[np.ndarray, " rows"]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def formula(self) -> str:
        """The fixed effects in words: ``feature ~ group + time + group:time``."""
        return "feature ~ " + (" + ".join(self.effects) or "1")


def visit_design(
    table: pd.DataFrame,
    person: str,
    time: str,
    effects: tuple[str, ...],
    site: str | None = None,
    *,
    references: Mapping[str, str] | None = None,
) -> VisitDesign:
    """Build the fixed effects of a model from a table with one row a visit.

    Numbers that vary within people, time aside, enter as the person's mean and the deviation from it: what
    tells people apart and what moves within one person may have opposite signs. The mean is taken over all
    the person's rows that have a value, so that it is the same for every feature.

    Parameters
    ----------
    table
        One row a visit; the index identifies it (``(participant_id, session_id)``, say) and may not repeat.
        Empty text and ``n/a`` are missing.
    person
        Column, or level of the index, that names the person.
    time
        Column of times, numbers whose 0 is where groups are compared and intercepts stand (time since
        baseline). It is never centred nor split.
    effects
        Columns, and interactions of columns written ``group:time``, whose columns must be there alone too.
    site
        Column of sites, or None for a model without sites.
    references
        Level that others are compared with, by column; by default the first in alphabetical order.

    Returns
    -------
    VisitDesign

    Raises
    ------
    ModelError
        A column is unknown or infinite, the index repeats, nobody has two visits, there are too few rows, or
        the columns are collinear (``columns`` names those at fault; a group that is fixed by site is such a
        case).

    Notes
    -----
    Somebody alone at a site stays: the site's column takes up their mean, their change still counts.

    Examples
    --------
    >>> visits = pd.DataFrame(
    ...     {
    ...         "person": ["a", "a", "b", "b", "c", "c"],
    ...         "year": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    ...         "pain": [4.0, 6.0, 1.0, 2.0, 7.0, 3.0],
    ...     }
    ... )
    >>> model = visit_design(visits, "person", "year", ("year", "pain"))
    >>> model.columns
    ('intercept', 'year', 'pain[person mean]', 'pain[deviation]')
    >>> model.matrix[:, 3].tolist()
    [-1.0, 1.0, -0.5, 0.5, 2.0, -2.0]
    """
    _check_index(table)
    asked = check_effects((*effects, site) if site is not None else effects)
    names = tuple(dict.fromkeys((*asked, time)))
    unknown = tuple(name for name in names if name not in table.columns)
    if unknown:
        raise ModelError(f"the table has no column {', '.join(map(repr, unknown))}", unknown)
    owners = _people(table, person)
    codes = pd.factorize(pd.Series(owners, dtype=object))[0].astype(np.int64)
    when = _numbers(table, time)
    references = references or {}
    foreign = tuple(sorted(set(references) - set(asked)))
    if foreign:
        raise ModelError(f"a reference is named for {', '.join(foreign)}, which the model lacks", foreign)
    where = read_levels(table, site) if site is not None else None
    read = {
        name: (where,)
        if where is not None and name == site
        else (when,)
        if name == time
        else read_visit_term(table, name, codes, references.get(name))
        for name in names
    }
    lacks = {name: np.any([term.missing for term in several], axis=0) for name, several in read.items()}
    lacks = {person: codes < 0, **lacks}
    missing = np.column_stack(list(lacks.values()))
    keys = tuple(table.index)
    left_out = tuple(
        LeftOut(keys[row], "missing: " + ", ".join(np.array(list(lacks))[missing[row]]), "missing")
        for row in np.flatnonzero(missing.any(axis=1))
    )
    rows = np.flatnonzero(~missing.any(axis=1))
    rows = rows[np.lexsort((when.values[rows], codes[rows]))]
    if rows.size == np.unique(codes[rows]).size:
        raise ModelError(
            f"none of the {rows.size} people has two visits; `association` takes one row a person"
        )
    kept = {
        name: tuple(_centred(term.take(rows), time) for term in several) for name, several in read.items()
    }
    model = (*effects, site) if site is not None else effects
    columns, matrix, empty = coded_visits(model, kept)
    refuse_visits(columns, matrix, site)
    own, position = np.unique(codes[rows], return_inverse=True)
    first = {code: name for code, name in zip(codes, owners, strict=True) if code >= 0}
    return VisitDesign(
        keys=tuple(keys[row] for row in rows),
        person=position.astype(np.int64),
        people=tuple(first[code] for code in own),
        time=when.values[rows],
        time_name=time,
        columns=columns,
        matrix=matrix,
        effects=tuple(effect for effect in model if effect not in empty),
        site=site,
        site_codes=where.take(rows).codes if where is not None else np.zeros(rows.size, dtype=np.int64),
        left_out=left_out,
        notes=tuple(f"{effect}: does not vary" for effect in empty),
    )


def _centred(term: Term, time: str) -> Term:
    if isinstance(term, Levels) or term.name == time or term.name.endswith(f"[{DEVIATION}]"):
        return term
    return Numbers(term.name, term.values - term.values.mean()) if term.values.size else term


def _numbers(table: pd.DataFrame, time: str) -> Numbers:
    column = table[time]
    if not isinstance(column, pd.Series) or not pd.api.types.is_numeric_dtype(column.dtype):
        raise ModelError(f"column {time!r} must hold numbers: times since baseline", (time,))
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise ModelError(f"column {time!r} holds infinite values; mend them or make them missing", (time,))
    return Numbers(time, values)


def _people(table: pd.DataFrame, person: str) -> list[Hashable]:
    if person in table.columns:
        column = table[person]
        if not isinstance(column, pd.Series):
            raise ModelError(f"column {person!r} stands more than once in the table", (person,))
        return [None if name == "" else name for name in column.astype(object).where(column.notna(), None)]
    if person in table.index.names:
        return list(table.index.get_level_values(person))
    raise ModelError(f"the table has no column and no index level {person!r}", (person,))


def _check_index(table: pd.DataFrame) -> None:
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()].unique().tolist()
        raise ModelError(f"visits stand more than once in the table: {', '.join(map(str, twice[:5]))}")
