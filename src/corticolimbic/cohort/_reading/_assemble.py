"""From sheets to one long table, sorted by key; what two sheets say differently is set aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from corticolimbic.cohort._reading._field import MEANINGS, UNKNOWN
from corticolimbic.cohort._reading._sheet import Sheet
from corticolimbic.features import schema
from corticolimbic.foundation import Problem, problem

_MEANINGS = np.array(MEANINGS, dtype=object)


class _Names:
    """Distinct texts of a key column over all sheets, and their places in sorted order."""

    def __init__(self, texts: set[str]) -> None:
        self.sorted = sorted(texts)
        self.place = {text: place for place, text in enumerate(self.sorted)}

    def codes(self, cells: np.ndarray) -> np.ndarray:
        """Return the place of each cell."""
        codes, kinds = pd.factorize(cells)
        return np.array([self.place[kind] for kind in kinds], dtype=np.int64)[codes] if len(cells) else codes

    def texts(self, codes: np.ndarray) -> np.ndarray:
        """Return the texts of places."""
        array = np.empty(len(self.sorted), dtype=object)
        array[:] = self.sorted
        return array[codes]


def visits_of(sheets: Sequence[Sheet], zero: pd.Series) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Return all answers of all sheets in long form (schema ``visits``).

    Parameters
    ----------
    sheets
        As read and checked.
    zero
        Day zero of each participant as days since 1970-01-01, indexed by participant_id; NaN where unknown.

    Returns
    -------
    tuple
        The table, and where sheets disagree (CL336).
    """
    kept = [
        (place, sheet, answer, own)
        for place, sheet in enumerate(sheets)
        for answer in sheet.answers
        for own in [sheet.alive[answer.rows]]
    ]
    persons = _Names({text for sheet in sheets for text in set(sheet.person.tolist())})
    sessions = _Names(
        {text for sheet in sheets for text in set(sheet.session.tolist())}
        | {answer.session for _, _, answer, _ in kept}
    )
    instances = _Names(
        {text for sheet in sheets for text in set(sheet.instance.tolist())}
        | {answer.instance for _, _, answer, _ in kept}
    )
    variables = _Names({answer.variable for _, _, answer, _ in kept})
    known = [
        (
            persons.codes(sheet.person),
            sessions.codes(sheet.session),
            instances.codes(sheet.instance),
            _days(sheet, zero),
        )
        for sheet in sheets
    ]
    parts: dict[str, list[np.ndarray]] = {
        name: [] for name in ("key", "value", "number", "day", "missing", "file", "row")
    }
    for place, sheet, answer, own in kept:
        rows = answer.rows[own]
        person, session, instance, day = (column[rows] for column in known[place])
        if answer.session:
            session = np.full(len(rows), sessions.place[answer.session])
        if answer.instance:
            instance = np.full(len(rows), instances.place[answer.instance])
        key = (person * len(sessions.sorted) + session) * len(variables.sorted)
        key = (key + variables.place[answer.variable]) * len(instances.sorted) + instance
        parts["key"].append(key)
        parts["value"].append(answer.value[own])
        parts["number"].append(answer.number[own])
        parts["day"].append(np.full(len(rows), answer.day) if answer.day == answer.day else day)
        parts["missing"].append(answer.missing[own])
        parts["file"].append(np.full(len(rows), place, dtype=np.int32))
        parts["row"].append(sheet.numbers[rows])
    if not parts["key"]:
        return schema("visits").table([]), ()
    whole = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    order = np.argsort(whole["key"], kind="stable")
    whole = {name: array[order] for name, array in whole.items()}
    whole, twice = _one_each(whole)
    rest, instance = np.divmod(whole["key"], len(instances.sorted))
    rest, variable = np.divmod(rest, len(variables.sorted))
    person, session = np.divmod(rest, len(sessions.sorted))
    files = np.empty(len(sheets), dtype=object)
    files[:] = [sheet.file for sheet in sheets]
    columns: dict[str, np.ndarray] = {
        "participant_id": persons.texts(person),
        "session_id": sessions.texts(session),
        "variable": variables.texts(variable),
        "instance": instances.texts(instance),
        "value": whole["value"],
        "number": whole["number"],
        "day": whole["day"],
        "missing": _MEANINGS[whole["missing"]],
        "source": files[whole["file"]],
        "row": whole["row"],
    }
    # Told the type, pandas does not turn the objects into strings of its own and back.
    table = pd.DataFrame({name: pd.Series(array, dtype=array.dtype) for name, array in columns.items()})
    problems = tuple(
        problem(
            "CL336",
            participant_id=str(row["participant_id"]),
            session_id=str(row["session_id"]),
            file=str(files[other]),
            row=int(number),
            found=f"{row['variable']} differs from {row['source']}, row {row['row']}",
        )
        for place, other, number in twice
        for row in [table.iloc[place]]
    )
    return schema("visits").check(table), problems


def _days(sheet: Sheet, zero: pd.Series) -> np.ndarray:
    """Return days since zero: what the table states, else the difference of dates."""
    if np.isnan(sheet.date).all() or zero.empty:
        return sheet.day
    start = zero.reindex(pd.Index(sheet.person)).to_numpy(dtype=float)
    difference = sheet.date - np.floor(start)
    return np.where(np.isnan(sheet.day), difference, sheet.day)


def _one_each(
    whole: dict[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], list[tuple[int, int, int]]]:
    """Return one answer each key; where several differ, a missing one, and (place, other file, its row)."""
    first = np.ones(len(whole["key"]), dtype=bool)
    first[1:] = np.diff(whole["key"]) != 0
    if first.all():
        return whole, []
    group = np.cumsum(first) - 1
    one = {name: array[first].copy() for name, array in whole.items()}
    twice: dict[int, tuple[int, int]] = {}
    for place in np.flatnonzero(~first):
        at = int(group[place])
        said, now = one["value"][at], whole["value"][place]
        if not said and at not in twice:  # a value fills what another table lacks
            if now:
                for name, array in one.items():
                    array[at] = whole[name][place]
        elif now and now != said:
            twice.setdefault(at, (int(whole["file"][place]), int(whole["row"][place])))
    for at in twice:
        one["value"][at], one["number"][at], one["missing"][at] = "", np.nan, UNKNOWN
    return one, [(at, *where) for at, where in sorted(twice.items())]
