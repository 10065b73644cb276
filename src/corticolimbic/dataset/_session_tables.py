"""Reading what was recorded by session: ``sub-X/sub-X_sessions.tsv`` and ``sessions.tsv`` at the root."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import InputError, Problem, problem, read_text_table

_ROOT_FILE = "sessions.tsv"
_Row = tuple[str, str, str, int, dict[str, str]]


@dataclass(frozen=True)
class SessionTables:
    """Everything written by session, as strings.

    Parameters
    ----------
    table
        One row a participant and session, sorted: ``participant_id``, ``session_id`` (with prefixes), then
        every column of any file in the order met; a missing cell is ``""``.
    problems
        What was found.
    files
        The files read, relative to the dataset.
    places
        File and row of each row of ``table``.
    """

    table: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    places: tuple[tuple[str, int], ...] = ()


def read_sessions_tables(root: Path) -> SessionTables:
    """Read the sessions tables of a dataset; every defect becomes a problem, none an error."""
    problems: list[Problem] = []
    files = list(_files(root, problems))
    rows = [row for name, participant in files for row in _rows(root, name, participant, problems)]
    kept = _unique(rows, problems)
    columns = list(dict.fromkeys(column for row in kept for column in row[4]))
    kept = sorted(kept, key=_key)
    cells = [[row[0], row[1], *(row[4].get(column, "") for column in columns)] for row in kept]
    names = pd.Index(["participant_id", "session_id", *columns], dtype="str")
    table = pd.DataFrame(cells, columns=names, dtype="str")
    return SessionTables(
        table,
        tuple(sorted(set(problems))),
        tuple(name for name, _ in files),
        tuple((row[2], row[3]) for row in kept),
    )


def _key(row: _Row) -> tuple[str, str]:
    return row[0], row[1]


def _files(root: Path, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Yield each table with the participant whom its name says; empty for the one of all."""
    try:
        folders = sorted(entry.name for entry in os.scandir(root) if entry.name.startswith("sub-"))
    except OSError:
        return
    if os.path.lexists(root / _ROOT_FILE):
        yield _ROOT_FILE, ""
    for folder in folders:
        if not (root / folder).is_dir() or (root / folder).is_symlink():
            continue
        try:
            names = sorted(entry.name for entry in os.scandir(root / folder) if _is_table(entry.name))
        except OSError as error:
            problems.append(problem("CL101", file=folder, found=error.strerror or str(error)))
            continue
        participant = unicodedata.normalize("NFC", folder)
        for name in names:
            said = unicodedata.normalize("NFC", name.removesuffix("_sessions.tsv"))
            if said == participant and prefixed(participant, "sub-"):
                yield f"{folder}/{name}", participant
            else:
                found = f"{said} in the name of a file in folder {participant}"
                problems.append(problem("CL115", file=f"{folder}/{name}", found=found))


def _is_table(name: str) -> bool:
    return name.endswith("_sessions.tsv") and not name.startswith(".")


def _rows(root: Path, file: str, participant: str, problems: list[Problem]) -> Iterator[_Row]:
    try:
        table = unquoted(read_text_table(within(root, file), name=file), file)
    except InputError as error:
        problems.append(error.about(participant))
        return
    problems += [replace(item, participant_id=participant) for item in table.problems]
    person, session = (key_column(table.columns, key) for key in ("participant_id", "session_id"))
    if session is None or (person is None and not participant):
        found = shown_columns(table.columns)
        problems.append(problem("CL313", participant_id=participant, file=file, row=1, found=found))
        return
    keys = (session,) if person is None else (session, person)
    names, places = named_columns(table, keys, file, problems)
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if not any(cells):
            continue
        who = participant if person is None else prefixed(cells[person], "sub-")
        when = prefixed(cells[session], "ses-")
        if who is None or (participant and who != participant):
            found = f"participant_id {cells[person or 0][:60]!r}"
            problems.append(problem("CL315", participant_id=participant, file=file, row=number, found=found))
        elif when is None:
            found = f"session_id {cells[session][:60]!r}"
            problems.append(problem("CL313", participant_id=who, file=file, row=number, found=found))
        else:
            content = {name: clean(cells[place]) for name, place in zip(names, places, strict=True)}
            yield who, when, file, number, content


def _unique(rows: list[_Row], problems: list[Problem]) -> list[_Row]:
    """Return one row a session; sessions with differing rows are set aside, all of their rows."""
    first: dict[tuple[str, str], _Row] = {}
    aside: set[tuple[str, str]] = set()
    for row in rows:
        person, session, file, number, content = row
        known = first.setdefault((person, session), row)
        if known is row:
            continue
        code = "CL304" if known[4] == content else "CL313"
        if code == "CL313":
            aside.add((person, session))
        found = f"the session of {known[2]}, row {known[3]} again"
        problems.append(
            problem(code, participant_id=person, session_id=session, file=file, row=number, found=found)
        )
    return [row for key, row in first.items() if key not in aside]
