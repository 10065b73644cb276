"""Schemas of the tables: names, types, units and meanings as data, and the checks against them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.foundation import CorticolimbicError

_EMPTY = {"string": "", "float": np.nan, "int": -1}
_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float"})
_INFERRED = {"string": frozenset({"string"}), "int": _NUMBERS, "float": _NUMBERS}
"""Types that cells may have, as pandas infers them."""


class SchemaError(CorticolimbicError):
    """A table does not have the form that its schema declares."""


@dataclass(frozen=True)
class Column:
    """One column: name, type (string, int, float, list<float32>), meaning, unit, part of the key."""

    name: str
    type: str
    description: str
    unit: str = ""
    key: bool = False


@dataclass(frozen=True)
class Schema:
    """The form of one table.

    Parameters
    ----------
    name
        Name of the table.
    title
        What a row is.
    schema_version
        Bumped when a column changes its name, type or meaning.
    format
        ``parquet`` or ``tsv``.
    columns
        In the order in which they are written.
    """

    name: str
    title: str
    schema_version: int
    format: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> list[str]:
        """Names of the columns that identify a row."""
        return [column.name for column in self.columns if column.key]

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return [column.name for column in self.columns]

    def table(self, rows: list[dict[str, Any]]) -> pd.DataFrame:
        """Return rows as a table of this form, columns ordered and typed, missing cells filled.

        Raises
        ------
        SchemaError
            On a column that the schema does not know, a value of another type, or a repeated key.
        """
        unknown = sorted({name for row in rows for name in row} - set(self.names))
        if unknown:
            raise SchemaError(f"table {self.name}: no such column(s): {', '.join(unknown)}")
        data = {column.name: [row.get(column.name) for row in rows] for column in self.columns}
        return self.check(pd.DataFrame(data, columns=self.names))

    def check(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table, columns ordered and typed; raise `SchemaError` where it is not of this form."""
        missing = [name for name in self.names if name not in table.columns]
        unknown = [name for name in table.columns if name not in self.names]
        twice = sorted(set(table.columns[table.columns.duplicated()]))
        if missing or unknown or twice:
            raise SchemaError(f"table {self.name}: missing {missing}, unknown {unknown}, twice {twice}")
        typed = pd.DataFrame(
            {column.name: _typed(table[column.name], column, self.name) for column in self.columns}
        )
        repeated = typed.duplicated(self.key) if self.key else pd.Series(dtype=bool)
        if repeated.any():
            first = typed.loc[repeated, self.key].iloc[0].to_dict()
            raise SchemaError(f"table {self.name}: {int(repeated.sum())} repeated key(s), the first {first}")
        return typed


def _typed(values: pd.Series, column: Column, table: str) -> pd.Series:
    try:
        if column.type.startswith("list"):
            return pd.Series(
                [_vector(cell) for cell in values], index=values.index, name=values.name, dtype=object
            )
        _refuse_other_types(values, column.type)
        known = values.notna()
        filled = values.astype(object)
        filled = filled if known.all() else filled.where(known, _EMPTY[column.type])
        return filled.astype({"string": object, "int": "int64", "float": "float64"}[column.type])
    except (TypeError, ValueError, OverflowError) as error:
        raise SchemaError(f"table {table}, column {column.name}: {error}") from error


def _refuse_other_types(values: pd.Series, kind: str) -> None:
    """Raise ``TypeError`` on cells of another type: text is never read as a number, nor 1.5 as 1."""
    if not values.notna().any():
        return  # nothing to refuse, whatever type an empty column happens to have
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found not in {"empty", *_INFERRED[kind]}:
        shown = str(values.dropna().iloc[0])[:40]
        raise TypeError(f"expected {kind}, found {found} (such as {shown!r})")
    if kind == "int" and found != "integer":
        numbers = values.dropna().astype(float)
        if not (numbers % 1 == 0).all():
            raise TypeError(f"expected whole numbers, found {numbers[numbers % 1 != 0].iloc[0]}")


def _vector(cell: Any) -> Any:
    """Return a cell of a list column as it is, an empty list where it is missing."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return np.zeros(0, dtype=np.float32)
    numbers = np.asarray(cell)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iuf"):
        raise TypeError(f"expected a list of numbers, found {type(cell).__name__} {str(cell)[:40]!r}")
    return numbers


@cache
def schema(name: str) -> Schema:
    """Return the schema of a table by name (see `schema_names`)."""
    if name not in schema_names():
        raise SchemaError(f"no table is named {name!r}; there are {', '.join(schema_names())}")
    raw = json.loads(files(__package__).joinpath("schemas", f"{name}.json").read_text(encoding="utf-8"))
    columns = tuple(Column(**column) for column in raw.pop("columns"))
    return Schema(columns=columns, **raw)


@cache
def schema_names() -> tuple[str, ...]:
    """Return the names of all tables."""
    folder = files(__package__).joinpath("schemas")
    return tuple(
        sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))
    )
