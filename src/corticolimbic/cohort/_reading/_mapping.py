"""The mapping of a plain table: which column is which variable, at which visit, in which unit and range."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import Field as Setting
from pydantic import model_validator

from corticolimbic.cohort._reading._field import Field
from corticolimbic.cohort._source_settings import SESSION_PATTERN, Meaning
from corticolimbic.foundation import Settings, SettingsError, read_text_table, read_yaml


class MappedColumn(Settings):
    """What one column of a plain table holds."""

    variable: str = Setting(default="", description="Name of the variable; the column's own where empty.")
    session: str | None = Setting(
        default=None,
        pattern=SESSION_PATTERN,
        description="Session of this column (tables with one column a visit).",
    )
    instance: str | None = Setting(default=None, description="Repeat of this column within its session.")
    day: float | None = Setting(default=None, description="Planned day of this column after day zero.")
    unit: str = Setting(default="", description="Unit of the numbers, for instance NRS, kg or years.")
    low: float | None = Setting(default=None, description="Smallest value that can be.")
    high: float | None = Setting(default=None, description="Largest value that can be.")
    kind: str = Setting(
        default="",
        pattern="^(|text|number|integer|date|choice)$",
        description="text, number, integer, date or choice; by default number where range or unit is given.",
    )
    levels: dict[str, float | str] = Setting(
        default={}, description="Cells that can be, each with its number or its meaning."
    )
    missing: dict[str, Meaning] = Setting(
        default={}, description="Cells of this column that stand for a missing value, and why it is missing."
    )

    def field(self, column: str) -> Field:
        """Return the declaration as a field."""
        ranged = self.low is not None or self.high is not None or bool(self.unit)
        kind = self.kind or ("choice" if self.levels else "number" if ranged else "text")
        numbers = {code: float(value) for code, value in self.levels.items() if not isinstance(value, str)}
        return Field(
            self.variable or column,
            kind,
            self.unit,
            -math.inf if self.low is None else self.low,
            math.inf if self.high is None else self.high,
            {code: str(value) for code, value in self.levels.items()},
            numbers,
            dict(self.missing),
        )


class Mapping(Settings):
    """What the columns of a plain table hold; columns that are not named are not used."""

    columns: dict[str, MappedColumn] = Setting(min_length=1, description="Column to what it holds.")
    id: str | None = Setting(default=None, description="Column of ids.")
    session: str | None = Setting(default=None, description="Column of sessions.")
    instance: str | None = Setting(default=None, description="Column that tells rows of a session apart.")
    date: str | None = Setting(default=None, description="Column with the date of the row.")
    day: str | None = Setting(default=None, description="Column with the day of the row after day zero.")
    site: str | None = Setting(default=None, description="Column that names the site.")
    long_names: str | None = Setting(
        default=None, description="Long tables: column that names the variable of each row."
    )
    long_values: str | None = Setting(
        default=None, description="Long tables: column that holds the value of each row."
    )

    @model_validator(mode="after")
    def _pairs(self) -> Mapping:
        if (self.long_names is None) != (self.long_values is None):
            raise ValueError("a long table needs both long_names and long_values")
        return self


_KEYS = ("id", "session", "instance", "date", "day", "site", "long_names", "long_values")


def read_mapping(path: Path, name: str) -> Mapping:
    """Read a mapping from YAML, or from a table: column, role, variable, session, unit, low, high.

    Raises
    ------
    SettingsError
        Where it cannot be read or names something that does not exist.
    """
    if path.suffix.lower() in {".tsv", ".csv"}:
        return Mapping.from_mapping(_from_table(path, name), source=f"mapping {name}")
    return Mapping.from_mapping(read_yaml(path, what="mapping"), source=f"mapping {name}")


def _from_table(path: Path, name: str) -> dict[str, object]:
    table = read_text_table(path, name=name)
    if "column" not in table.columns:
        raise SettingsError(f"mapping {name}: no column named column")
    values: dict[str, object] = {}
    columns: dict[str, object] = {}
    for row in table.rows:
        cells = {key: cell for key, cell in zip(table.columns, row, strict=True) if cell and cell != "n/a"}
        column, role = cells.pop("column", ""), cells.pop("role", "")
        if role in _KEYS:
            values[role] = column
        elif column:
            columns[column] = cells
    return {**values, "columns": columns}
