"""REDCap exports, raw or labelled: events, repeats, checkboxes, access groups, and what was not asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int8

from corticolimbic.cohort._reading._branching import NotRead, Reference, shown
from corticolimbic.cohort._reading._columns import Column, match_columns
from corticolimbic.cohort._reading._dictionary import (
    Dictionary,
    read_designations,
    read_dictionary,
)
from corticolimbic.cohort._reading._field import MEANINGS, NOT_ASKED, UNKNOWN, Field, Interpreted, interpret
from corticolimbic.cohort._reading._grid import read_grid
from corticolimbic.cohort._reading._identity import identify, put_persons, set_aside_repeated
from corticolimbic.cohort._reading._roles import days_of, put_people, put_sites
from corticolimbic.cohort._reading._sheet import NO_INSTANCE, Sheet, declared_notes, empty_sheet
from corticolimbic.cohort._reading._unit_mix import mixed_units
from corticolimbic.cohort._source_settings import Meaning, Source
from corticolimbic.cohort._visits import NO_SESSION
from corticolimbic.foundation import InputError, SettingsError, problem

MISSING_CODES: Mapping[str, Meaning] = {
    "NASK": "not asked",
    "NA": "not asked",
    "NP": "not asked",
    "REF": "refused",
    "LOST": "lost",
    "LTFU": "lost",
    "UNK": "unknown",
    "ASKU": "unknown",
    "NI": "unknown",
    "INV": "unknown",
    "NAV": "unknown",
    "NAVU": "unknown",
    "MSK": "unknown",
}
"""REDCap's suggested missing data codes (and those in use for refusal and loss) with what they mean here."""
_EVENT, _INSTRUMENT, _INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
_GROUP = "redcap_data_access_group"


@dataclass
class _Export:
    """What is known of the rows of an export while its fields are read."""

    sheet: Sheet
    source: Source
    columns: Mapping[str, Column]
    id_name: str
    event: np.ndarray
    designated: frozenset[tuple[str, str]] | None
    filled: dict[str, Bool[np.ndarray, "rows"]] = field(default_factory=dict)
    asked: dict[str, Bool[np.ndarray, "rows"]] = field(default_factory=dict)
    logic: dict[str, Bool[np.ndarray, "rows"] | None] = field(default_factory=dict)


def read_redcap(
    path: Path,
    source: Source,
    *,
    name: str,
    dictionary: Path | None,
    designations: Path | None,
    known: tuple[str, ...] = (),
) -> Sheet:
    """Read an export of records.

    Parameters
    ----------
    path, dictionary, designations
        The files.
    source
        What was declared.
    name
        How problems name the export.
    known
        Participants of the dataset.

    Raises
    ------
    InputError
        CL318 where the export has no column of ids, and those of `read_grid`.
    """
    source = source.model_copy(update={"missing": {**MISSING_CODES, **source.missing}})
    grid = read_grid(
        path, name=name, delimiter=source.delimiter, encoding=source.encoding, repeated=source.labels
    )
    book = read_dictionary(dictionary, source.dictionary or "", source) if dictionary else None
    columns, unknown = match_columns(grid, book, source)
    sheet = empty_sheet(name, grid.numbers)
    sheet.problems += grid.problems
    if unknown:
        shown_names = ", ".join(unknown[:10]) + (
            f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        )
        sheet.problems.append(problem("CL335", file=name, row=1, found=shown_names))
    id_name = source.id_column or (next(iter(book.entries)) if book else grid.columns[0])
    if id_name not in columns:
        raise InputError("CL318", file=name, row=1, found=f"no column {id_name!r} of ids")
    every = [column.coded for column in columns.values()]
    empty = ~np.any([column.filled() for column in every], axis=0) if every else np.ones(0, dtype=bool)
    ids = identify(columns[id_name].coded, digits=source.id_digits, prefix=source.id_prefix, known=known)
    put_persons(sheet, columns[id_name].coded, ids, empty_rows=empty)
    if ids.padded:
        sheet.problems.append(problem("CL337", file=name, found=f"{ids.padded} ids given their zeros back"))
    event = _put_sessions(sheet, columns, source)
    _put_instances(sheet, columns, book)
    set_aside_repeated(sheet, every)
    pairs = read_designations(designations, source.designations or "") if designations else None
    export = _Export(sheet, source, columns, id_name, event, pairs)
    group = columns.get(source.site_column or _GROUP)
    if group is not None:
        put_sites(sheet, group.coded, source)
    _put_dates(export)
    skipped = {id_name, _EVENT, _INSTRUMENT, _INSTANCE, _GROUP, source.site_column or _GROUP}
    left_out = []
    for column in columns.values():
        if column.name in skipped or column.role in {"timestamp", "missing"}:
            continue
        if column.field.identifier and source.identifiers == "leave out":
            left_out.append(column.name)
        _read_field(export, column)
    if left_out:
        sheet.problems.append(problem("CL343", file=name, found=", ".join(left_out[:20])))
    return sheet


def _put_sessions(sheet: Sheet, columns: Mapping[str, Column], source: Source) -> np.ndarray:
    """Give each row its session; return its event's name."""
    n_rows = len(sheet.numbers)
    event = columns.get(_EVENT)
    if event is None:
        sheet.session[:] = source.session or NO_SESSION
        return np.full(n_rows, "", dtype=object)
    sessions = [_session(kind, source) for kind in event.coded.kinds]
    _check_events(event.coded.kinds, sessions, source)
    texts = np.empty(len(sessions), dtype=object)
    texts[:] = sessions
    sheet.session = texts[event.coded.codes]
    for row in np.flatnonzero((sheet.session == "") & sheet.alive):
        sheet.say("CL333", int(row), f"event {event.coded.kinds[event.coded.codes[row]]!r}")
        sheet.person[row] = ""
    return event.coded.texts()


def _session(event: str, source: Source) -> str:
    if event in source.events:
        return source.events[event]
    if source.events or not event:
        return ""
    label = re.sub(r"_arm_\d+[a-z]?$|\s*\(Arm \d+.*\)$", "", event)
    return "ses-" + "".join(sign for sign in label if sign.isalnum())


def _check_events(events: tuple[str, ...], sessions: list[str], source: Source) -> None:
    by_session: dict[str, str] = {}
    for event, session in zip(events, sessions, strict=True):
        first = by_session.setdefault(session, event)
        if session not in {"", NO_SESSION} and first != event and not source.events:
            raise SettingsError(
                f"{source.path}: events {first!r} and {event!r} are both {session}; declare events"
            )


def _put_instances(sheet: Sheet, columns: Mapping[str, Column], book: Dictionary | None) -> None:
    instrument, instance = columns.get(_INSTRUMENT), columns.get(_INSTANCE)
    if instrument is not None:
        known = set(book.forms) if book else set()
        titles = {form.replace("_", " ").casefold(): form for form in known}
        names = [
            kind if not kind or kind in known else titles.get(kind.casefold(), kind)
            for kind in instrument.coded.kinds
        ]
        texts = np.empty(len(names), dtype=object)
        texts[:] = names
        sheet.form = texts[instrument.coded.codes]
    if instance is not None:
        texts = np.empty(len(instance.coded.kinds), dtype=object)
        texts[:] = [kind or NO_INSTANCE for kind in instance.coded.kinds]
        sheet.instance = texts[instance.coded.codes]


def _asked(export: _Export, form: str) -> Bool[np.ndarray, "rows"]:
    """Return the rows in which a form could be filled."""
    if form in export.asked:
        return export.asked[form]
    sheet = export.sheet
    if export.designated is not None:
        codes, kinds = pd.factorize(export.event)
        belongs = np.array([(kind, form) in export.designated for kind in kinds], dtype=bool)
        repeats = bool((sheet.form == form).any())
        visit = (sheet.form == "") & belongs[codes]
        rows = (sheet.form == form) & belongs[codes]
        rows = rows | (visit & _touched(export, form) if repeats else visit)
    else:
        rows = (sheet.form == form) | ((sheet.form == "") & _touched(export, form))
    export.asked[form] = rows & sheet.alive
    return export.asked[form]


def _touched(export: _Export, form: str) -> Bool[np.ndarray, "rows"]:
    """Return the rows in which anything of a form is filled; unticked boxes and status 0 are defaults."""
    if form not in export.filled:
        rows = np.zeros(len(export.sheet.numbers), dtype=bool)
        for column in export.columns.values():
            if column.field.form == form and column.role != "timestamp" and column.name != export.id_name:
                rows |= _filled(column)
        export.filled[form] = rows
    return export.filled[form]


def _filled(column: Column) -> Bool[np.ndarray, "rows"]:
    empty = {"", "0", "Unchecked", "Incomplete"} if column.role in {"tick", "complete", "missing"} else {""}
    return column.coded.spread(np.array([kind not in empty for kind in column.coded.kinds], dtype=bool))


def _read_field(export: _Export, column: Column) -> None:
    sheet, what = export.sheet, column.field
    # Without a dictionary, which form a field is on is not known: its blank cells say nothing.
    asked = _asked(export, what.form) if what.form else _filled(column) & sheet.alive
    read = interpret(column.coded, what, export.source)
    if column.role != "complete" and what.form:
        stray = _filled(column) & ~asked & sheet.alive
        for row in np.flatnonzero(stray):
            event = f" in {export.event[row]}" if export.event[row] else ""
            repeat = f", repeat of {sheet.form[row]}" if sheet.form[row] else ""
            sheet.say("CL331", int(row), f"{what.variable} (form {what.form}){event}{repeat}")
    if column.role == "tick":  # of a form that nobody touched, 0 is no answer
        asked = asked & _touched(export, what.form)
    rows = np.flatnonzero(asked)
    if what.identifier and export.source.identifiers == "leave out":
        put_people(sheet, what, column.coded, read, rows, export.source)
        return
    blank = _blank(export, column, rows)
    answers = sheet.add(what, column.coded, read, rows, blank=blank)
    put_people(sheet, what, column.coded, read, rows, export.source)
    sheet.problems += declared_notes(sheet, what, column.coded, read)
    mixed_units(sheet, what, answers, read, column.coded)


def _blank(export: _Export, column: Column, rows: np.ndarray) -> Int8[np.ndarray, "answers"]:
    """Return why a blank cell of a field is blank in each of the rows given."""
    blank = np.full(len(rows), UNKNOWN, dtype=np.int8)
    if column.field.shown_if:
        visible = _visible(export, column.field.shown_if, column.field)
        if visible is not None:
            blank[~visible[rows]] = NOT_ASKED
    for other in column.beside:  # name___nask: the whole checkbox field is missing for that reason
        meaning = other.field.missing.get("1", "")
        ticked = other.coded.spread(np.array([kind in {"1", "Checked"} for kind in other.coded.kinds]))
        if meaning:
            blank[ticked[rows]] = MEANINGS.index(meaning)
    return blank


def _visible(export: _Export, logic: str, what: Field) -> Bool[np.ndarray, "rows"] | None:
    if logic not in export.logic:
        try:
            export.logic[logic] = shown(
                logic, lambda reference: _look(export, reference), len(export.sheet.numbers)
            )
        except NotRead:
            found = f"{what.variable}: {logic}"
            export.sheet.problems.append(problem("CL334", file=export.sheet.file, found=found))
            export.logic[logic] = None
    return export.logic[logic]


def _look(export: _Export, reference: Reference) -> np.ndarray:
    """Return a field's cells for all rows: of the row itself, of its visit, or of another event."""
    column = export.columns.get(reference.field)
    if column is None:
        raise NotRead(reference.field)
    read: Interpreted = interpret(column.coded, column.field, export.source)
    cells = read.value[column.coded.codes]
    if column.role == "tick":
        cells = np.where(cells == "", "0", cells)
    own = export.sheet.form == column.field.form
    if reference.event:
        return _of_visit(export, cells, reference.event)
    return np.where(own | (export.sheet.form == ""), cells, _of_visit(export, cells, ""))


def _of_visit(export: _Export, cells: np.ndarray, event: str) -> np.ndarray:
    """Return the cells of the person's own row of the visit (no repeat), in the event named or the same."""
    sheet = export.sheet
    visit = (sheet.form == "") & sheet.alive
    if event:
        visit &= export.event == event
        keys = sheet.person
    else:
        keys = sheet.person + "\n" + export.event
    index = pd.Series(cells[visit], index=keys[visit])
    index = index[~index.index.duplicated()]
    return index.reindex(keys).fillna("").to_numpy(dtype=object)


def _put_dates(export: _Export) -> None:
    """Give each row its date: the repeating form's own field, the visit's, or the survey's time stamp."""
    sheet, source, columns = export.sheet, export.source, export.columns
    for form, name in source.dates.items():
        if name not in columns:
            raise SettingsError(f"{sheet.file}: dates: no field {name!r} for form {form!r}")
        _date_rows(export, columns[name], sheet.form == form)
    if source.date_column is not None:
        if source.date_column not in columns:
            raise SettingsError(f"{sheet.file}: no field {source.date_column!r}, which date_column names")
        _date_rows(export, columns[source.date_column], sheet.form == "")
    for column in columns.values():
        if column.role == "timestamp":
            _date_rows(export, column, (sheet.form == column.field.form) | (sheet.form == ""))


def _date_rows(export: _Export, column: Column, rows: Bool[np.ndarray, "rows"]) -> None:
    days = column.coded.spread(days_of(column.coded, export.source))
    sheet = export.sheet
    sheet.date = np.where(rows & np.isnan(sheet.date), days, sheet.date)
