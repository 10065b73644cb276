"""Schemas of the tables: names, types, units and meanings as data, and the checks that hold tables to them."""

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


class SchemaError(CorticolimbicError):
    """A table does not have the form that its schema declares."""


@dataclass(frozen=True)
class Column:
    """One column of a table: name, type (string, int, float, list<float32>), meaning, unit, part of the key."""

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
        """Return the table with columns ordered and typed; raise `SchemaError` where it is not of this form."""
        missing = [name for name in self.names if name not in table.columns]
        unknown = [name for name in table.columns if name not in self.names]
        if missing or unknown:
            raise SchemaError(f"table {self.name}: missing {missing}, unknown {unknown}")
        typed = pd.DataFrame({column.name: _typed(table[column.name], column, self.name) for column in self.columns})
        repeated = typed.duplicated(self.key) if self.key else pd.Series(dtype=bool)
        if repeated.any():
            first = typed.loc[repeated, self.key].iloc[0].to_dict()
            raise SchemaError(f"table {self.name}: {int(repeated.sum())} repeated key(s), the first {first}")
        return typed


def _typed(values: pd.Series, column: Column, table: str) -> pd.Series:
    if column.type.startswith("list"):
        return values.astype(object)
    filled = values.astype(object).where(values.notna(), _EMPTY[column.type])
    try:
        if column.type == "string":
            return filled.map(str).astype(object)
        return filled.astype("int64" if column.type == "int" else "float64")
    except (TypeError, ValueError) as error:
        raise SchemaError(f"table {table}, column {column.name}: {error}") from error


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
    return tuple(sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json")))
