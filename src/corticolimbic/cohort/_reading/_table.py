"""Plain tables, wide or long, and BIDS phenotype tables: every column by declaration."""

from __future__ import annotations

import math
from collections.abc import Collection
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

import numpy as np

from corticolimbic.cohort._reading._field import Field, interpret
from corticolimbic.cohort._reading._grid import Coded, Grid, read_grid
from corticolimbic.cohort._reading._identity import identify, put_persons, set_aside_repeated
from corticolimbic.cohort._reading._json import entry_of, read_tolerant_json
from corticolimbic.cohort._reading._mapping import Mapping, read_mapping
from corticolimbic.cohort._reading._roles import days_of, put_people, put_sites
from corticolimbic.cohort._reading._sheet import NO_INSTANCE, Sheet, declared_notes, empty_sheet
from corticolimbic.cohort._reading._unit_mix import mixed_units
from corticolimbic.cohort._source_settings import Source
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.foundation import MISSING_CELLS, InputError, problem


def read_table_source(
    path: Path, source: Source, *, name: str, mapping: Path, known: tuple[str, ...] = ()
) -> Sheet:
    """Read a plain table with its mapping.

    Parameters
    ----------
    path, mapping
        The files.
    source
        What was declared.
    name
        How problems name the table.
    known
        Participants of the dataset.

    Raises
    ------
    InputError
        CL318 where a column of the mapping is not in the table, and those of `read_grid`.
    """
    plan = read_mapping(mapping, source.mapping or "")
    grid = read_grid(path, name=name, delimiter=source.delimiter, encoding=source.encoding)
    keys = _Keys.of(source, plan, grid)
    fields = {column: plan.columns[column].field(column) for column in plan.columns}
    if plan.long_names is not None:
        return _read_long(grid, source, plan, keys, fields, name, known)
    needed = [*keys.named, *fields]
    lacking = [column for column in needed if column not in grid.columns]
    if lacking:
        found = f"no column {', '.join(lacking[:6])}; there are {', '.join(grid.columns[:12])}"
        raise InputError("CL318", file=name, row=1, found=found)
    sheet = _sheet(grid, source, keys, name, known, used=needed)
    unused = [column for column in grid.columns if column not in needed]
    if unused:
        more = f" and {len(unused) - 10} more" if len(unused) > 10 else ""
        sheet.problems.append(problem("CL335", file=name, row=1, found=", ".join(unused[:10]) + more))
    if keys.site and "site" not in {field.variable for field in fields.values()}:
        put_sites(sheet, grid.coded(grid.columns.index(keys.site)), source)
    for column, what in fields.items():
        one = plan.columns[column]
        session = one.session or ""
        _read_column(
            sheet,
            source,
            what,
            grid.coded(grid.columns.index(column)),
            session=session,
            instance=one.instance or "",
            day=math.nan if one.day is None else one.day,
        )
    return sheet


class _Keys:
    """Columns that say whom and when a row is about; None where the table has none."""

    def __init__(self, columns: MappingType[str, str | None]) -> None:
        self.id = columns["id"] or ""
        self.session, self.instance = columns["session"], columns["instance"]
        self.date, self.day, self.site = columns["date"], columns["day"], columns["site"]

    @classmethod
    def of(cls, source: Source, plan: Mapping | None, grid: Grid) -> _Keys:
        """Return the declared columns; the mapping's before the source's, then BIDS' own names."""
        lower = {name.casefold(): name for name in reversed(grid.columns)}
        told = {
            "id": source.id_column,
            "session": source.session_column,
            "instance": source.instance_column,
            "date": source.date_column,
            "day": source.day_column,
            "site": source.site_column,
        }
        if plan is not None:
            told = {key: getattr(plan, key) or value for key, value in told.items()}
        told["id"] = told["id"] or lower.get("participant_id", grid.columns[0])
        told["session"] = told["session"] or lower.get("session_id")
        if plan is None:
            told["instance"] = told["instance"] or lower.get("run_id")
            told["date"] = told["date"] or lower.get("acq_time")
        return cls(told)

    @property
    def named(self) -> list[str]:
        """The columns, those that there are."""
        every = (self.id, self.session, self.instance, self.date, self.day, self.site)
        return [name for name in every if name]


def _sheet(
    grid: Grid,
    source: Source,
    keys: _Keys,
    name: str,
    known: tuple[str, ...],
    *,
    form: np.ndarray | None = None,
    used: Collection[str] | None = None,
) -> Sheet:
    """Return the rows of a table with their persons, sessions, instances and dates.

    ``form`` is what else tells rows of one visit apart (in a long table, the variable); rows that agree in
    the columns ``used`` are one row twice.
    """
    sheet = empty_sheet(name, grid.numbers)
    sheet.problems += grid.problems
    every = [grid.coded(place) for place in range(len(grid.columns))]
    place = {column: coded for column, coded in zip(grid.columns, every, strict=True)}
    empty = ~np.any([column.filled() for column in every], axis=0)
    ids = identify(place[keys.id], digits=source.id_digits, prefix=source.id_prefix, known=known)
    put_persons(sheet, place[keys.id], ids, empty_rows=empty)
    if ids.padded:
        sheet.problems.append(problem("CL337", file=name, found=f"{ids.padded} ids given their zeros back"))
    _put_sessions(sheet, source, place.get(keys.session or ""))
    if keys.instance:
        kinds = place[keys.instance].kinds
        sheet.instance = _texts([kind or NO_INSTANCE for kind in kinds])[place[keys.instance].codes]
    if keys.date:
        sheet.date = place[keys.date].spread(days_of(place[keys.date], source))
        what = Field(keys.date, "date")
        read = interpret(place[keys.date], what, source)
        for row in np.flatnonzero(read.faulty[place[keys.date].codes] & sheet.alive):
            cell = read.cells[place[keys.date].codes[row]]
            shown = place[keys.date].kinds[place[keys.date].codes[row]]
            sheet.say(cell.code, int(row), f"{keys.date} = {shown!r}", expected=cell.expected)
        sheet.problems += declared_notes(sheet, what, place[keys.date], read)
    if keys.day:
        read = interpret(place[keys.day], Field(keys.day, "number"), source)
        sheet.day = read.number[place[keys.day].codes]
        for row in np.flatnonzero(read.faulty[place[keys.day].codes] & sheet.alive):
            shown = place[keys.day].kinds[place[keys.day].codes[row]]
            sheet.say("CL307", int(row), f"{keys.day} = {shown!r}")
    if form is not None:
        sheet.form = form
    elif keys.instance:  # rows told apart by a key are a diary's: no order, no windows
        sheet.form = np.where(sheet.instance == NO_INSTANCE, "", "diary").astype(object)
    content = every if used is None else [coded for column, coded in place.items() if column in used]
    set_aside_repeated(sheet, content)
    return sheet


def _texts(values: list[str]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _put_sessions(sheet: Sheet, source: Source, coded: Coded | None) -> None:
    if coded is None:
        sheet.session[:] = source.session or NO_SESSION
        return
    sessions = []
    for kind in coded.kinds:
        if kind in source.events:
            sessions.append(source.events[kind])
        elif kind in MISSING_CELLS:
            sessions.append(source.session or NO_SESSION)
        elif source.events:
            sessions.append("")
        else:
            label = "".join(sign for sign in kind.removeprefix("ses-") if sign.isalnum())
            sessions.append(f"ses-{label}" if label else "")
    sheet.session = _texts(sessions)[coded.codes]
    for row in np.flatnonzero((sheet.session == "") & sheet.alive):
        sheet.say("CL333", int(row), f"session {coded.kinds[coded.codes[row]]!r}")
        sheet.person[row] = ""


def _read_column(
    sheet: Sheet,
    source: Source,
    what: Field,
    coded: Coded,
    *,
    rows: np.ndarray | None = None,
    session: str = "",
    instance: str = "",
    day: float = math.nan,
) -> None:
    rows = np.flatnonzero(sheet.alive) if rows is None else rows
    read = interpret(coded, what, source)
    if what.identifier and source.identifiers == "leave out":
        put_people(sheet, what, coded, read, rows, source)
        return
    answers = sheet.add(what, coded, read, rows, session=session, instance=instance, day=day)
    put_people(sheet, what, coded, read, rows, source)
    sheet.problems += declared_notes(sheet, what, coded, read)
    mixed_units(sheet, what, answers, read, coded)


def _read_long(
    grid: Grid,
    source: Source,
    plan: Mapping,
    keys: _Keys,
    fields: dict[str, Field],
    name: str,
    known: tuple[str, ...],
) -> Sheet:
    """Read a table with one row a value."""
    needed = [*keys.named, str(plan.long_names), str(plan.long_values)]
    lacking = [column for column in needed if column not in grid.columns]
    if lacking:
        raise InputError("CL318", file=name, row=1, found=f"no column {', '.join(lacking)}")
    names = grid.coded(grid.columns.index(str(plan.long_names)))
    values = grid.coded(grid.columns.index(str(plan.long_values)))
    spoken = names.texts()
    made = _sheet(grid, source, keys, name, known, form=spoken, used=needed)
    unknown = sorted(set(spoken.tolist()) - set(fields) - {""})
    if unknown:
        made.problems.append(problem("CL335", file=name, row=1, found=", ".join(unknown[:10])))
    for column, what in fields.items():
        one = plan.columns[column]
        rows = np.flatnonzero(made.alive & (spoken == column))
        _read_column(
            made, source, what, values, rows=rows, session=one.session or "", instance=one.instance or ""
        )
    made.form[:] = ""
    return made


def read_phenotype(path: Path, source: Source, *, name: str, known: tuple[str, ...] = ()) -> Sheet:
    """Read one BIDS phenotype table with the JSON beside it.

    Parameters
    ----------
    path
        The ``.tsv`` file.
    source
        What was declared.
    name
        How problems name the table.
    known
        Participants of the dataset.

    Raises
    ------
    InputError
        CL318 where there is no column participant_id, and those of `read_grid`.
    """
    grid = read_grid(path, name=name, delimiter=source.delimiter, encoding=source.encoding)
    keys = _Keys.of(source, None, grid)
    if source.id_column is None and keys.id.casefold() != "participant_id":
        raise InputError(
            "CL318", file=name, row=1, found=f"no column participant_id in {', '.join(grid.columns[:6])}"
        )
    sheet = _sheet(grid, source, keys, name, known)
    if keys.site:
        put_sites(sheet, grid.coded(grid.columns.index(keys.site)), source)
    beside = path.with_name(path.name.removesuffix(".gz").removesuffix(".tsv") + ".json")
    said: dict[str, Any] = {}
    if beside.exists():
        said, notes = read_tolerant_json(beside, name.removesuffix(".gz").removesuffix(".tsv") + ".json")
        sheet.problems += notes
    for place, column in enumerate(grid.columns):
        if column and column not in {keys.id, keys.session, keys.instance, keys.day, keys.site}:
            what = phenotype_field(column, entry_of(said, column), source)
            _read_column(sheet, source, what, grid.coded(place))
    return sheet


def phenotype_field(column: str, said: object, source: Source) -> Field:
    """Return what a JSON sidecar declares of a column: Levels, Units, MissingValues, Minimum, Maximum."""
    entry = said if isinstance(said, dict) else {}
    levels = entry.get("Levels")
    levels = levels if isinstance(levels, dict) else {}
    low, high = source.ranges.get(
        column, (_limit(entry, "Minimum", -math.inf), _limit(entry, "Maximum", math.inf))
    )
    unit = source.units.get(column, str(entry.get("Units") or ""))
    missing = {str(cell): _meaning(str(words)) for cell, words in _missing_values(entry).items()}
    choices = {
        str(code): str(label.get("Description", "") if isinstance(label, dict) else label)
        for code, label in levels.items()
    }
    ranged = not (math.isinf(low) and math.isinf(high))
    # Sidecars often describe only the ends of a scale under Levels: with a range, they are no closed list.
    kind = "number" if ranged else "choice" if choices else "text"
    return Field(column, kind, unit, low, high, choices if kind == "choice" else {}, missing=missing)


def _limit(entry: MappingType[str, Any], key: str, absent: float) -> float:
    value = entry.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else absent


def _missing_values(entry: MappingType[str, Any]) -> MappingType[str, Any]:
    said = entry.get("MissingValues", {})
    if isinstance(said, dict):
        return said
    return dict.fromkeys(map(str, said), "unknown") if isinstance(said, list) else {str(said): "unknown"}


def _meaning(words: str) -> str:
    """Return why a value is missing from words of a sidecar; unknown where they say none of the reasons."""
    text = words.casefold()
    for sign, meaning in (
        ("refus", "refused"),
        ("declin", "refused"),
        ("not asked", "not asked"),
        ("not collected", "not asked"),
        ("not administered", "not asked"),
        ("not applicable", "not asked"),
        ("lost", "lost"),
        ("dropped out", "lost"),
        ("withdr", "lost"),
    ):
        if sign in text:
            return meaning
    return "unknown"
