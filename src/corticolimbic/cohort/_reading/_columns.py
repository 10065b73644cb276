"""Which field each column of a REDCap export is, by name or by label."""

from __future__ import annotations

from dataclasses import dataclass, replace

from corticolimbic.cohort._reading._dictionary import Dictionary, Entry
from corticolimbic.cohort._reading._field import Field
from corticolimbic.cohort._reading._grid import Coded, Grid
from corticolimbic.cohort._source_settings import Source

_OWN = {
    "redcap_event_name": ("redcap_event_name", "Event Name"),
    "redcap_repeat_instrument": ("redcap_repeat_instrument", "Repeat Instrument"),
    "redcap_repeat_instance": ("redcap_repeat_instance", "Repeat Instance"),
    "redcap_data_access_group": ("redcap_data_access_group", "Data Access Group"),
    "redcap_survey_identifier": ("redcap_survey_identifier", "Survey Identifier"),
}
"""Columns that REDCap adds, by name and by label."""
_STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_TICKED = {"1": "Checked", "0": "Unchecked"}


@dataclass(frozen=True)
class Column:
    """One column with its field.

    Parameters
    ----------
    name
        Name as in a raw export.
    field
        What it holds.
    coded
        Its cells.
    role
        field, tick, missing (the checkbox of a missing data code), complete, timestamp or own (of REDCap).
    beside
        Checkboxes of missing data codes of the same field.
    """

    name: str
    field: Field
    coded: Coded
    role: str = "field"
    beside: tuple[Column, ...] = ()


@dataclass(frozen=True)
class _Expected:
    """A column that the dictionary promises."""

    name: str
    label: str
    field: Field
    role: str


def match_columns(
    grid: Grid, book: Dictionary | None, source: Source
) -> tuple[dict[str, Column], tuple[str, ...]]:
    """Return the columns by raw name, and those that nothing explains.

    Labels may repeat ("Complete?"): they are matched in the order of the dictionary, as exports have it.

    Parameters
    ----------
    grid
        The export.
    book
        The dictionary; without it every column is text, a number where it is one.
    source
        Missing data codes, and whether the export has labels.
    """
    own = {name: key for key, names in _OWN.items() for name in names}
    expected = list(_expected(book, source)) if book else []
    by_name = {item.name: item for item in expected}
    found: dict[str, Column] = {}
    unknown: list[str] = []
    pointer = 0
    for place, header in enumerate(grid.columns):
        item = None
        if header in own and own[header] not in found:
            name = own[header]
            item = _Expected(name, header, Field(name), "own")
        elif header in by_name:
            item = by_name[header]
        elif source.labels and book is not None:
            at = next((at for at in range(pointer, len(expected)) if expected[at].label == header), None)
            if at is not None:
                item, pointer = expected[at], at + 1
        elif book is None and header:
            item = _bare(header)
        if item is None or item.name in found:
            unknown.append(header or f"column {place + 1} without a name")
            continue
        found[item.name] = Column(item.name, item.field, grid.coded(place), item.role)
    return _with_codes_beside(found), tuple(unknown)


def _bare(header: str) -> _Expected:
    """Return what a column is where there is no dictionary: text, or a checkbox by its name."""
    if "___" in header:
        return _Expected(header, header, Field(header, "tick", choices=_TICKED), "tick")
    if header.endswith("_complete"):
        return _Expected(header, header, Field(header, "choice", choices=_STATUS), "complete")
    if header.endswith("_timestamp"):
        return _Expected(header, header, Field(header, "date"), "timestamp")
    return _Expected(header, header, Field(header), "field")


def _expected(book: Dictionary, source: Source) -> list[_Expected]:
    """Return all columns of an export in order, form by form."""
    columns: list[_Expected] = []
    entries = list(book.entries.items())
    for place, (name, entry) in enumerate(entries):
        form = entry.field.form
        if place == 0 or entries[place - 1][1].field.form != form:
            stamp = Field(f"{form}_timestamp", "date", form=form)
            columns.append(_Expected(stamp.variable, "Survey Timestamp", stamp, "timestamp"))
        columns += _of_entry(name, entry, source)
        if place == len(entries) - 1 or entries[place + 1][1].field.form != form:
            status = Field(f"{form}_complete", "choice", choices=_STATUS, form=form)
            columns.append(_Expected(status.variable, "Complete?", status, "complete"))
    return columns


def _of_entry(name: str, entry: Entry, source: Source) -> list[_Expected]:
    if entry.type != "checkbox":
        return [_Expected(name, entry.label, entry.field, "field")]
    made = []
    for code, label in entry.field.choices.items():
        column = f"{name}___{_suffix(code)}"
        header = f"{entry.label} (choice={label})"
        made.append(_Expected(column, header, replace(entry.field, variable=column, choices=_TICKED), "tick"))
    for code, meaning in source.missing.items():
        column = f"{name}___{_suffix(code)}"
        what = replace(entry.field, variable=column, choices=_TICKED, missing={"1": meaning})
        made.append(_Expected(column, f"{entry.label} (choice={code})", what, "missing"))
    return made


def _suffix(code: str) -> str:
    """Return a choice's code as REDCap writes it in a column's name (-1 becomes _1)."""
    return code.lower().replace("-", "_")


def _with_codes_beside(columns: dict[str, Column]) -> dict[str, Column]:
    beside: dict[str, list[Column]] = {}
    for column in columns.values():
        if column.role == "missing":
            beside.setdefault(column.name.partition("___")[0], []).append(column)
    if not beside:
        return columns
    return {
        name: replace(column, beside=tuple(beside.get(name.partition("___")[0], ())))
        if column.role == "tick"
        else column
        for name, column in columns.items()
    }
