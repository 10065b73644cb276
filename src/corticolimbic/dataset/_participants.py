"""Reading the participants table; identity travels by key, never by position."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from corticolimbic.dataset._keyed_tables import (
    clean,
    key_column,
    named_columns,
    prefixed,
    shown_columns,
    unquoted,
)
from corticolimbic.dataset._names import BIDS_LABEL
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import (
    InputError,
    Problem,
    TextTable,
    problem,
    read_text_table,
)

FILE = "participants.tsv"
_KEY = "participant_id"


@dataclass(frozen=True)
class Participants:
    """The participants table as strings.

    Parameters
    ----------
    ids
        Everyone in ``table``, sorted, with the prefix ``sub-``.
    columns
        Names of the other columns, in the file's order.
    table
        Strings, indexed by participant_id; a missing cell is ``""``. What a column means is settled in the
        room ``cohort``.
    problems
        What was found.
    set_aside
        People with several differing rows: in no row of ``table``.
    usable
        False where there is no table, or none that can be read.
    rows
        Row of the file for each of ``ids``.
    """

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    table: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    set_aside: tuple[str, ...] = ()
    usable: bool = True
    rows: tuple[int, ...] = ()


@dataclass
class _Rows:
    """Rows by participant, each with its place in the file."""

    cells: dict[str, list[tuple[int, tuple[str, ...]]]] = field(default_factory=lambda: defaultdict(list))
    without_prefix: list[tuple[int, str]] = field(default_factory=list)


def read_participants(root: Path) -> Participants:
    """Read ``participants.tsv`` of a dataset; every defect becomes a problem, none an error."""
    try:
        if not os.path.lexists(root / FILE):
            return _none(problem("CL301", file=FILE, found=_instead(root)))
        table = unquoted(read_text_table(within(root, FILE), name=FILE), FILE)
    except InputError as error:
        return _none(error.problem)
    place = key_column(table.columns, _KEY)
    if place is None:
        return _none(problem("CL302", file=FILE, row=1, found=shown_columns(table.columns)))
    problems = list(table.problems)
    names, kept = named_columns(table, (place,), FILE, problems)
    rows = _by_person(table, place, problems)
    unique = dict(_unique(rows, kept, problems))
    index = pd.Index(sorted(unique), name=_KEY, dtype="str")
    cells = [unique[person] for person in sorted(unique)]
    frame = pd.DataFrame(cells, index=index, columns=pd.Index(names, dtype="str"), dtype="str")
    return Participants(
        ids=tuple(sorted(unique)),
        columns=names,
        table=frame,
        problems=tuple(sorted(set(problems))),
        set_aside=tuple(sorted(set(rows.cells) - set(unique))),
        rows=tuple(rows.cells[person][0][0] for person in sorted(unique)),
    )


def _none(row: Problem) -> Participants:
    return Participants(
        (), (), pd.DataFrame(index=pd.Index([], name=_KEY, dtype="str")), (row,), usable=False
    )


def _instead(root: Path) -> str:
    try:
        others = sorted(
            path.name for path in root.iterdir() if path.name.casefold().startswith("participants.")
        )
    except OSError:
        others = []
    others = [name for name in others if not name.endswith(".json")]
    return f"no {FILE}, but {', '.join(others)}" if others else f"no {FILE}"


def _by_person(table: TextTable, place: int, problems: list[Problem]) -> _Rows:
    rows = _Rows()
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if not any(cells):
            continue  # spreadsheets leave rows of nothing but tabs
        identity = prefixed(cells[place], "sub-")
        if identity is None:
            problems.append(
                problem("CL315", file=FILE, row=number, found=f"participant_id {cells[place][:60]!r}")
            )
            continue
        if not cells[place].startswith("sub-"):
            rows.without_prefix.append((number, cells[place]))
        if not BIDS_LABEL.fullmatch(identity.removeprefix("sub-")):
            problems.append(problem("CL112", participant_id=identity, file=FILE, row=number, found=identity))
        rows.cells[identity].append((number, cells))
    if rows.without_prefix:
        number, identity = rows.without_prefix[0]
        found = f"{len(rows.without_prefix)} ids without sub-, the first {identity!r}"
        problems.append(problem("CL311", file=FILE, row=number, found=found))
    return rows


def _unique(
    rows: _Rows, columns: tuple[int, ...], problems: list[Problem]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the named cells of everyone whose rows agree; name every repetition."""
    for person, own in rows.cells.items():
        distinct = {tuple(clean(cells[column]) for column in columns) for _, cells in own}
        code = "CL303" if len(distinct) > 1 else "CL304"
        for number, _ in own[1:]:
            found = f"the participant of row {own[0][0]} again"
            problems.append(problem(code, participant_id=person, file=FILE, row=number, found=found))
        if len(distinct) == 1:
            yield person, distinct.pop()
