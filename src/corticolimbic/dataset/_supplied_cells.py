"""The values of one table of features that others computed, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corticolimbic.dataset._keyed_tables import (
    clean,
    key_column,
    named_columns,
    prefixed,
    shown_columns,
    unquoted,
)
from corticolimbic.dataset._names import usable_label
from corticolimbic.dataset._numbers import number
from corticolimbic.dataset._runs import NO_SESSION
from corticolimbic.dataset._supplied_settings import SuppliedColumn, SuppliedTable
from corticolimbic.dataset._supplied_words import NEEDED, Words, registered
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, TextTable, hash_file, problem, read_text_table

LABELS = ("task", "run", "acq", "space", "atlas", "strategy")
_NAMES = ("session_id", *LABELS, *NEEDED, "statistic", "unit", "qc")
_NONE = "n/a"


@dataclass
class SuppliedCells:
    """What one table says.

    Parameters
    ----------
    file, sha256
        Which table; the hash is empty where it cannot be read.
    source
        What computed the values.
    rows
        One dictionary a value: columns of schema ``features`` but for ``definition``, and ``row``.
    problems
        What was found.
    """

    file: str
    source: str
    sha256: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Value:
    """One cell with a value and everything that names it."""

    person: str
    session: str
    labels: dict[str, str]
    words: tuple[str, str, str, str]
    column: str
    cell: str
    qc: str
    row: int


def read_cells(root: Path, table: SuppliedTable, people: Collection[str] | None) -> SuppliedCells:
    """Read one table; every defect becomes a problem, none an error.

    Parameters
    ----------
    root
        Folder of the dataset.
    table
        The table and what its columns hold.
    people
        Everyone in the participants table; None where there is none, and everybody is taken.
    """
    cells = SuppliedCells(table.file, table.source)
    try:
        path = within(root, table.file)
        text = unquoted(read_text_table(path, name=table.file), table.file)
        cells.sha256 = hash_file(path)
        values = list(_values(text, table, cells.problems))
    except InputError as error:
        cells.problems.append(error.problem)
        return cells
    cells.problems += text.problems
    words = Words(table.file)
    unknown: dict[str, list[int]] = {}
    seen = set()
    for value in values:
        seen.add(value.person)
        if people is not None and value.person not in people:
            unknown.setdefault(value.person, []).append(value.row)
            continue
        row = _row(value, words, cells)
        if row is not None:
            cells.rows.append(row)
    cells.problems += words.problems()
    for person, rows in unknown.items():
        found = f"{person}, {len(rows)} value(s)"
        cells.problems.append(
            problem("CL285", participant_id=person, file=table.file, row=rows[0], found=found)
        )
    for person in sorted(set(people or ()) - seen):
        cells.problems.append(problem("CL286", participant_id=person, file=table.file, found="no row"))
    return cells


def _row(value: _Value, words: Words, cells: SuppliedCells) -> dict[str, Any] | None:
    """Return a value as a row of the features table, None where it cannot be used."""
    called = words.called(*value.words, value.labels["atlas"], value.row)
    if called is None:
        return None
    who: dict[str, Any] = {"participant_id": value.person, "session_id": value.session}
    where: dict[str, Any] = {**who, "file": cells.file, "row": value.row}
    try:
        found = number(value.cell)
    except ValueError as error:
        cells.problems.append(problem("CL283", found=f"column {value.column}: {error}", **where))
        return None
    low, high = called.measure.bounds(called.unit)
    if math.isinf(found):
        text = f"column {value.column}: {value.cell[:60]!r}"
        cells.problems.append(problem("CL283", found=text, **where))
        return None
    if found < low or found > high:
        text = f"column {value.column}: {value.cell[:60]} {called.unit}"
        ends = f"of at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"
        expected = f"{called.measure.name} {ends} {called.unit}"
        cells.problems.append(problem("CL288", found=text, expected=expected, **where))
        return None
    reason = value.qc or ("ok" if math.isfinite(found) else f"missing in {cells.file}")
    if reason == "ok" and math.isnan(found):
        reason = f"missing in {cells.file}"
    return {
        **who,
        **value.labels,
        "measure": called.measure.name,
        "target": called.target,
        "statistic": called.statistic,
        "value": found,
        "unit": called.unit,
        "qc": reason,
        "row": value.row,
    }


def _values(text: TextTable, table: SuppliedTable, problems: list[Problem]) -> Iterator[_Value]:
    """Yield every cell with a value.

    Raises
    ------
    InputError
        CL280 where the table lacks a column.
    """
    person = key_column(text.columns, "participant_id")
    if person is None:
        raise InputError("CL280", file=table.file, row=1, found=shown_columns(text.columns))
    places = {name: place for name in _NAMES if (place := key_column(text.columns, name)) is not None}
    wide = {name: text.columns.index(name) for name in table.columns if name in text.columns}
    _check_columns(text, table, person, places, wide, problems)
    bare: list[int] = []
    for line, cells in zip(text.numbers, text.rows, strict=True):
        if not any(cells):
            continue  # spreadsheets leave rows of nothing but delimiters
        who = prefixed(cells[person], "sub-")
        own = {name: clean(cells[place]) for name, place in places.items()}
        labels = {name: _label(own.get(name, ""), name) or getattr(table, name, "") for name in LABELS}
        wrong = [name for name, label in labels.items() if label and not usable_label(label)]
        if who is None:
            problems.append(
                problem("CL315", file=table.file, row=line, found=f"participant_id {cells[person][:60]!r}")
            )
            continue
        if wrong:
            found = f"{wrong[0]} {labels[wrong[0]][:60]!r}"
            problems.append(problem("CL289", participant_id=who, file=table.file, row=line, found=found))
            continue
        if not cells[person].startswith("sub-"):
            bare.append(line)
        for column, held, cell in _held(table, own, wide, cells):
            written = held.session or own.get("session_id", "") or table.session
            session = prefixed(written, "ses-") if written else NO_SESSION
            if session is None:
                found = f"session_id {written[:60]!r}"
                problems.append(problem("CL289", participant_id=who, file=table.file, row=line, found=found))
                continue
            named = {**labels, **({"task": _label(held.task, "task")} if held.task else {})}
            yield _Value(
                who,
                session,
                {name: label or _NONE for name, label in named.items()},
                (held.measure, held.target, held.statistic, held.unit),
                column,
                cell,
                "" if wide else own.get("qc", ""),
                line,
            )
    if bare:
        problems.append(
            problem("CL311", file=table.file, row=bare[0], found=f"{len(bare)} rows whose ids lack sub-")
        )


def _held(
    table: SuppliedTable, own: dict[str, str], wide: dict[str, int], cells: tuple[str, ...]
) -> Iterator[tuple[str, SuppliedColumn, str]]:
    """Yield the columns with values of one row, what each holds, and the cell."""
    if wide:
        for name, place in wide.items():
            yield name, table.columns[name], cells[place]
        return
    held = SuppliedColumn.model_construct(
        measure=own["measure"],
        target=own["target"],
        unit=own.get("unit", ""),
        statistic=own.get("statistic", ""),
        session="",
        task="",
    )
    yield "value", held, own["value"] or _NONE


def _check_columns(
    text: TextTable,
    table: SuppliedTable,
    person: int,
    places: dict[str, int],
    wide: dict[str, int],
    problems: list[Problem],
) -> None:
    """Refuse a table without a column that is needed; note the columns that nothing reads."""
    wanted = [*table.columns] if table.columns else [name for name in NEEDED if name not in places]
    lacking = [name for name in wanted if name not in text.columns and name not in places]
    if lacking:
        found = f"no column {', '.join(lacking[:5])}; {shown_columns(text.columns)}"
        remedy = f"measures are {registered()}" if "measure" in lacking else ""
        raise InputError("CL280", file=table.file, row=1, found=found, remedy=remedy)
    used = {person, *wide.values(), *(places.values() if not wide else _keys(places))}
    names, _ = named_columns(text, tuple(used), table.file, problems)
    if names:
        found = f"columns {', '.join(name[:40] for name in names[:10])}"
        problems.append(problem("CL335", file=table.file, row=1, found=found))


def _keys(places: dict[str, int]) -> list[int]:
    return [place for name, place in places.items() if name == "session_id" or name in LABELS]


def _label(cell: str, entity: str) -> str:
    """Return a label without its BIDS prefix."""
    return cell.removeprefix(f"{entity}-")
