"""REDCap's data dictionary: what each field holds, on which form, and under which condition it is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corticolimbic.cohort._reading._field import Field
from corticolimbic.cohort._reading._grid import read_grid
from corticolimbic.cohort._source_settings import Source
from corticolimbic.foundation import InputError

_NAMES = {
    "field_name": ("variable / field name", "field_name"),
    "form_name": ("form name", "form_name"),
    "field_type": ("field type", "field_type"),
    "field_label": ("field label", "field_label"),
    "choices": (
        "choices, calculations, or slider labels",
        "choices or calculations",
        "select_choices_or_calculations",
    ),
    "note": ("field note", "field_note"),
    "validation": (
        "text validation type or show slider number",
        "text_validation_type_or_show_slider_number",
    ),
    "low": ("text validation min", "text_validation_min"),
    "high": ("text validation max", "text_validation_max"),
    "identifier": ("identifier?", "identifier"),
    "shown_if": ("branching logic (show field only if...)", "branching_logic"),
}
"""Columns as the program and as its API name them."""
_NEEDED = ("field_name", "form_name", "field_type")
_CHOICES = frozenset({"radio", "dropdown", "checkbox"})
_NO_DATA = frozenset({"descriptive", "file", "signature"})
_TAGS = re.compile(r"<[^>]*>")
_UNITS = frozenset(
    {"kg", "lb", "cm", "in", "m", "mm", "mg", "h", "min", "d", "years", "kPa", "°C", "mmHg", "N"}
)


@dataclass(frozen=True)
class Entry:
    """One row of the dictionary."""

    field: Field
    label: str
    type: str
    date: bool = False


@dataclass(frozen=True)
class Dictionary:
    """All fields of a project in the order of its forms.

    Parameters
    ----------
    entries
        Field name to its entry; the first is the record's id.
    files
        The file read.
    """

    entries: Mapping[str, Entry]
    file: str

    @property
    def forms(self) -> tuple[str, ...]:
        """Names of the forms in order."""
        return tuple(dict.fromkeys(entry.field.form for entry in self.entries.values()))


def read_dictionary(path: Path, name: str, source: Source) -> Dictionary:
    """Read a data dictionary (CSV as REDCap writes it, or metadata of its API).

    Raises
    ------
    InputError
        CL318 where it lacks a column, or a field has choices that cannot be read.
    """
    grid = read_grid(path, name=name, delimiter=",")
    places = {column.casefold(): place for place, column in enumerate(grid.columns)}
    found = {
        key: next((places[column] for column in names if column in places), None)
        for key, names in _NAMES.items()
    }
    lacking = [_NAMES[key][0] for key in _NEEDED if found[key] is None]
    if lacking:
        raise InputError("CL318", file=name, row=1, found=f"no column {', '.join(lacking)}")
    cells = {
        key: grid.coded(place).texts().tolist() if place is not None else [""] * len(grid.numbers)
        for key, place in found.items()
    }
    entries = {}
    for row in range(len(grid.numbers)):
        values = {key: column[row] for key, column in cells.items()}
        if values["field_name"] and values["field_type"] not in _NO_DATA:
            entries[values["field_name"]] = _entry(values, source, name, int(grid.numbers[row]))
    if not entries:
        raise InputError("CL318", file=name, row=1, found="no fields")
    return Dictionary(entries, name)


def _entry(values: Mapping[str, str], source: Source, file: str, row: int) -> Entry:
    name, kind = values["field_name"], values["field_type"]
    validation = values["validation"]
    choices: dict[str, str] = {}
    if kind in _CHOICES:
        choices = _choices(values["choices"], file, row)
    elif kind == "yesno":
        choices = {"1": "Yes", "0": "No"}
    elif kind == "truefalse":
        choices = {"1": "True", "0": "False"}
    low, high = source.ranges.get(name, (math.nan, math.nan))
    if math.isnan(low):
        low, high = _limit(values["low"], -math.inf), _limit(values["high"], math.inf)
        if kind == "slider" and math.isinf(low) and math.isinf(high):
            low, high = 0.0, 100.0  # REDCap's own ends
    read_as = _kind(kind, validation, bool(choices))
    note = values["note"].strip(" .()[]")
    unit = source.units.get(name, note if note in _UNITS else "")
    field = Field(
        name,
        read_as,
        unit,
        low,
        high,
        choices,
        form=values["form_name"],
        shown_if=values["shown_if"],
        identifier=values["identifier"].casefold() == "y",
        decimal="," if validation.endswith("comma_decimal") and source.decimal == "." else "",
    )
    return Entry(field, _TAGS.sub("", values["field_label"]).strip(), kind, read_as == "date")


def _kind(kind: str, validation: str, has_choices: bool) -> str:  # noqa: FBT001
    if kind == "checkbox":
        return "tick"
    if has_choices:
        return "choice"
    if validation.startswith(("date", "datetime")):
        return "date"
    if validation == "integer":
        return "integer"
    if kind in {"calc", "slider"} or validation.startswith("number"):
        return "number"
    return "text"


def _choices(text: str, file: str, row: int) -> dict[str, str]:
    """Read ``1, None | 2, Mild``; also rows of lines, as REDCap shows them."""
    choices = {}
    for part in re.split(r"\||\n", text):
        if not part.strip():
            continue
        code, comma, label = part.partition(",")
        if not comma:
            raise InputError("CL318", file=file, row=row, found=f"choices without codes: {part[:60]!r}")
        choices[code.strip()] = _TAGS.sub("", label).strip()
    return choices


def _limit(cell: str, absent: float) -> float:
    try:
        value = float(cell.replace(",", ".")) if cell else absent
    except ValueError:  # a date, or another field in brackets
        return absent
    return absent if math.isnan(value) else value


def read_designations(path: Path, name: str) -> frozenset[tuple[str, str]]:
    """Return which form belongs to which event: pairs of unique event name and form.

    Raises
    ------
    InputError
        CL318 where the columns unique_event_name and form are not there.
    """
    grid = read_grid(path, name=name, delimiter=",")
    wanted = ("unique_event_name", "form")
    if any(column not in grid.columns for column in wanted):
        raise InputError("CL318", file=name, row=1, found=f"columns {', '.join(grid.columns[:6])}")
    events, forms = (grid.coded(grid.columns.index(column)).texts().tolist() for column in wanted)
    return frozenset(zip(events, forms, strict=True))
