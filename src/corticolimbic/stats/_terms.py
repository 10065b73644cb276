"""Terms of a model: columns of a table of people, coded as numbers for any subset of the people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from corticolimbic.stats._refusals import ModelError

_MISSING_TEXT = frozenset({"", "n/a", "nan", "NaN", "NA", "N/A", "<NA>"})


@dataclass(frozen=True, eq=False)
class Numbers:
    """A continuous term.

    Parameters
    ----------
    name
        Column of the table.
    values
        One number a person, NaN where missing, in the column's unit.
    """

    name: str
    values: Float[np.ndarray, " people"]

    @property
    def missing(self) -> np.ndarray:
        """Whether each person lacks a value."""
        return np.isnan(self.values)

    def take(self, rows: np.ndarray) -> Numbers:
        """Return the term of some people."""
        return Numbers(self.name, self.values[rows])

    def coded(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return column names and columns: the centred values, or nothing where they do not vary."""
        if self.values.size == 0 or not _varies(self.values):
            return (), np.empty((self.values.size, 0))
        return (self.name,), (self.values - self.values.mean())[:, None]


@dataclass(frozen=True, eq=False)
class Levels:
    """A term of named levels.

    Parameters
    ----------
    name
        Column of the table.
    codes
        Position in ``levels`` of each person's level, -1 where missing.
    levels
        Names, the reference level first.
    """

    name: str
    codes: Int[np.ndarray, " people"]
    levels: tuple[str, ...]

    @property
    def missing(self) -> np.ndarray:
        """Whether each person lacks a level."""
        return self.codes < 0

    def take(self, rows: np.ndarray) -> Levels:
        """Return the term of some people, with only the levels that they have, reference first.

        The reference stays where it is present; else the most frequent level left takes its place.
        """
        codes = self.codes[rows]
        counts = Counter(codes[codes >= 0].tolist())
        present = sorted(counts, key=lambda code: (code != 0, -counts[code], self.levels[code]))
        if 0 in counts:
            present = sorted(counts)
        new = np.full(len(self.levels) + 1, -1)
        new[present] = np.arange(len(present))
        return Levels(self.name, new[codes], tuple(self.levels[code] for code in present))

    def coded(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return names and columns of 0 and 1, one for each level but the reference."""
        names = tuple(f"{self.name}[{level}]" for level in self.levels[1:])
        return names, (self.codes[:, None] == np.arange(1, max(len(self.levels), 1))).astype(float)

    def alone(self) -> np.ndarray:
        """Whether each person is the only one with their level."""
        counts = np.bincount(self.codes, minlength=len(self.levels))
        return counts[self.codes] == 1


Term = Numbers | Levels


def read_term(table: pd.DataFrame, name: str, reference: str | None = None) -> Term:
    """Read a column: numbers as they are; text, categories and booleans as levels.

    The reference level is the one named, else the most frequent, ties in alphabetical order.
    """
    column = table[name]
    if not isinstance(column, pd.Series):
        raise ModelError(f"column {name!r} stands more than once in the table", columns=(name,))
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        return _levels(column, name, reference)
    if pd.api.types.is_complex_dtype(column.dtype):
        raise ModelError(f"column {name!r} holds complex numbers", columns=(name,))
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise ModelError(f"column {name!r} holds infinite values; mend them or make them missing", (name,))
    return Numbers(name, values)


def read_levels(table: pd.DataFrame, name: str, reference: str | None = None) -> Levels:
    """Read a column as names, whatever its type: sites called 1, 2, 3 are sites, not an amount."""
    column = table[name]
    if not isinstance(column, pd.Series):
        raise ModelError(f"column {name!r} stands more than once in the table", columns=(name,))
    return _levels(column.astype("category"), name, reference)


def _levels(column: pd.Series, name: str, reference: str | None) -> Levels:
    missing = column.isna().to_numpy()
    texts = ["" if gone else str(cell) for cell, gone in zip(column.tolist(), missing, strict=True)]
    texts = ["" if text.strip() in _MISSING_TEXT else text for text in texts]
    counts = Counter(text for text in texts if text)
    ordered = sorted(counts, key=lambda level: (-counts[level], level))
    declared = isinstance(column.dtype, pd.CategoricalDtype)
    if not declared and len(ordered) > 2 and all(_is_number(level) for level in ordered):
        raise ModelError(
            f"column {name!r} is text that holds numbers; convert it to numbers, "
            "or to a categorical if its numbers are names",
            columns=(name,),
        )
    if reference is not None:
        if reference not in counts:
            known = ", ".join(ordered) or "none"
            raise ModelError(f"column {name!r} has no level {reference!r}; its levels are {known}", (name,))
        ordered.remove(reference)
        ordered.insert(0, reference)
    place = {level: code for code, level in enumerate(ordered)}
    return Levels(name, np.array([place.get(text, -1) for text in texts], dtype=np.int64), tuple(ordered))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _varies(values: np.ndarray) -> bool:
    """Whether numbers differ by more than the rounding of their size."""
    return bool(np.ptp(values) > 64 * np.finfo(float).eps * np.abs(values).max())
