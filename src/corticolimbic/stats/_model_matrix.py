"""The matrix of a model for some of its people: who informs it, and whether it can be solved."""

from __future__ import annotations

import numpy as np

from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._terms import Levels, Term

INTERCEPT = "intercept"


def without_lone(
    terms: list[Term] | tuple[Term, ...], rows: np.ndarray, site: str | None
) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Set aside people who are the only one of their level; repeated, as each leaves gaps elsewhere.

    Their dummy column would fit them exactly: they carry no information, and robust errors are undefined for
    them. The tested groups are left alone here (a group of one is a refusal, not a person to drop).
    """
    gone: list[tuple[int, str]] = []
    found = True
    while found and rows.size:
        found = False
        for term in terms[1:]:
            if not isinstance(term, Levels):
                continue
            here = term.take(rows)
            lone = here.alone()
            if len(here.levels) > 1 and lone.any():
                kind = "alone at site" if term.name == site else f"alone with {term.name}"
                gone += [
                    (int(rows[at]), f"{kind}: {here.levels[here.codes[at]]}") for at in np.flatnonzero(lone)
                ]
                rows = rows[~lone]
                found = True
    return rows, gone


def coded(terms: tuple[Term, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return names and columns of the matrix of these terms, the intercept first."""
    parts = [term.coded() for term in terms]
    n_people = terms[0].missing.size
    names = (INTERCEPT, *(name for part, _ in parts for name in part))
    return names, np.column_stack([np.ones(n_people), *(columns for _, columns in parts)])


def refuse(terms: tuple[Term, ...], columns: tuple[str, ...], matrix: np.ndarray, site: str | None) -> None:
    """Raise `ModelError` where the tested column cannot be estimated from this matrix."""
    tested = terms[0]
    n_people, n_columns = matrix.shape
    if not tested.coded()[0]:
        raise ModelError(f"{tested.name} does not vary among the {n_people} people", (tested.name,))
    if n_people <= n_columns:
        raise ModelError(
            f"{n_people} people are too few for {n_columns} columns: {', '.join(columns)}", columns
        )
    at_fault = collinear(columns, matrix)
    if not at_fault:
        return
    fixed_by_site = site is not None and any(name.startswith(f"{site}[") for name in at_fault)
    if fixed_by_site and columns[1] in at_fault and isinstance(tested, Levels):
        raise ModelError(
            f"{tested.name} cannot be told apart from {site}: the groups do not mix within sites", at_fault
        )
    raise ModelError(f"columns repeat each other: {', '.join(at_fault)}; drop one of them", at_fault)


def collinear(columns: tuple[str, ...], matrix: np.ndarray) -> tuple[str, ...]:
    """Return the names of columns (the intercept aside) that are linear combinations of others."""
    scaled = matrix / np.linalg.norm(matrix, axis=0)
    _, singular, rows = np.linalg.svd(scaled, full_matrices=False)
    null = rows[singular < 1e-10 * singular[0]]
    share = np.sqrt((null**2).sum(axis=0)) if null.size else np.zeros(len(columns))
    return tuple(name for name, part in zip(columns, share, strict=True) if part > 1e-6 and name != INTERCEPT)
