"""Terms of a model over people's visits: what varies within people is split; interactions are products."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.stats._model_matrix import INTERCEPT, collinear
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Levels, Numbers, Term, read_term

MEAN, DEVIATION = "person mean", "deviation"


def read_visit_term(
    table: pd.DataFrame, name: str, person: Int[np.ndarray, " rows"], reference: str | None
) -> tuple[Term, ...]:
    """Read a column over visits.

    Text, booleans, categories and numbers that are only 0 and 1 are levels, the first in alphabetical order
    the reference unless another is named. Other numbers that vary within a person become two terms: the mean
    over all the person's rows that have a value, and the deviation from it (METHODS M-5).
    """
    term = read_term(table, name)
    if isinstance(term, Levels) or set(np.unique(term.values[~term.missing])) == {0.0, 1.0}:
        if isinstance(term, Numbers):
            codes = np.where(term.missing, -1, np.nan_to_num(term.values)).astype(np.int64)
            term = Levels(name, codes, ("0", "1"))
        return (_reordered(term, reference or min(term.levels, default="")),)
    if reference is not None:
        raise ModelError(f"{name} is continuous and has no reference group {reference!r}", (name,))
    return _split(term, person)


def between_people(term: Term, person: Int[np.ndarray, " rows"]) -> bool:
    """Whether nobody has two values of the term."""
    values = term.values if isinstance(term, Numbers) else term.codes.astype(float)
    known = ~term.missing & (person >= 0)
    by_person = pd.Series(values[known]).groupby(person[known])
    spread = (by_person.max() - by_person.min()).to_numpy()
    size = np.abs(values[known]).max(initial=0.0)
    return bool((spread <= 64 * np.finfo(float).eps * size).all())


def coded_visits(
    effects: tuple[str, ...], terms: Mapping[str, tuple[Term, ...]]
) -> tuple[tuple[str, ...], Float[np.ndarray, "rows columns"], tuple[str, ...]]:
    """Return names and columns of the effects, the intercept first, and the effects that left none.

    Parameters
    ----------
    effects
        Names of columns, or of two or more joined by ``:``.
    terms
        What each column was read as, without missing values; time is not centred here.
    """
    parts = {name: _columns(several) for name, several in terms.items()}
    n_rows = next(iter(terms.values()))[0].missing.size
    names, columns, empty = [INTERCEPT], [np.ones(n_rows)], []
    for effect in effects:
        found = list(product(*(parts[name] for name in effect.split(":"))))
        names += [":".join(name for name, _ in one) for one in found]
        columns += [np.prod([column for _, column in one], axis=0) for one in found]
        if not found:
            empty.append(effect)
    return tuple(names), np.column_stack(columns), tuple(empty)


def check_effects(effects: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that the effects are made of; an interaction needs its parts in the model."""
    repeated = tuple(sorted({one for one in effects if effects.count(one) > 1}))
    if repeated:
        raise ModelError(f"{', '.join(repeated)} is asked for more than once in the model", repeated)
    for effect in effects:
        parts = effect.split(":")
        lacking = tuple(part for part in parts if part not in effects)
        if lacking or len(set(parts)) < len(parts):
            raise ModelError(f"{effect} needs each of its columns in the model, once and also alone", lacking)
    return tuple(effect for effect in effects if ":" not in effect)


def refuse_visits(columns: tuple[str, ...], matrix: np.ndarray, site: str | None) -> None:
    """Raise `ModelError` where not every column can be estimated."""
    n_rows, n_columns = matrix.shape
    if n_rows <= n_columns:
        raise ModelError(
            f"{n_rows} visits are too few for {n_columns} columns: {', '.join(columns)}", columns
        )
    at_fault = collinear(columns, matrix)
    if not at_fault:
        return
    others = [name for name in at_fault if site is not None and not name.startswith(f"{site}[")]
    if others and len(others) < len(at_fault) and all("[" in name for name in others):
        groups = ", ".join(dict.fromkeys(name.partition("[")[0] for name in others))
        raise ModelError(
            f"{groups} cannot be told apart from {site}: the groups do not mix within sites", at_fault
        )
    raise ModelError(f"columns repeat each other: {', '.join(at_fault)}; drop one of them", at_fault)


def _split(term: Numbers, person: np.ndarray) -> tuple[Term, ...]:
    if between_people(term, person):
        return (term,)
    mean = pd.Series(term.values).groupby(person).transform("mean").to_numpy()
    return (
        Numbers(f"{term.name}[{MEAN}]", np.where(term.missing, np.nan, mean)),
        Numbers(f"{term.name}[{DEVIATION}]", term.values - mean),
    )


def _reordered(term: Levels, reference: str) -> Levels:
    if not term.levels:
        return term
    if reference not in term.levels:
        raise ModelError(
            f"{term.name} has no level {reference!r}; it has {', '.join(term.levels)}", (term.name,)
        )
    levels = (reference, *sorted(set(term.levels) - {reference}))
    place = np.array([levels.index(level) for level in term.levels] + [-1])
    return Levels(term.name, place[term.codes], levels)


def _columns(terms: tuple[Term, ...]) -> list[tuple[str, np.ndarray]]:
    """Return each column of a term with its name; nothing where it does not vary."""
    found = []
    for term in terms:
        names, columns = term.coded()
        if isinstance(term, Numbers) and names:  # as they are: what is centred was centred before
            columns = term.values[:, None]
        found += list(zip(names, columns.T, strict=True))
    return found
