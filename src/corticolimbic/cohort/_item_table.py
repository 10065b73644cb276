"""Answers to questionnaires as one table of numbers, from a wide frame or from visits in long form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.cohort._instruments import subscales
from corticolimbic.cohort._item_names import KEY, item_names, unclaimed
from corticolimbic.cohort._reading._sheet import NO_INSTANCE
from corticolimbic.cohort._scoring_files import ScoringFiles
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.cohort._visits import NO_SESSION, number
from corticolimbic.foundation import Problem, SettingsError, problem

_CLOCKS = frozenset({"psqi_1", "psqi_3"})
"""Items that are times of day; ``23:30`` is read as 23.5."""
_NOT_ASKED = ["not asked", "not_asked"]
"""Reasons after which a form is not missing: it was never due."""
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])(?::[0-5][0-9](?:\.0+)?)?")


@dataclass(frozen=True)
class ItemTable:
    """Answers of all people, visits and repeats.

    Parameters
    ----------
    people
        Columns participant_id, session_id and instance, sorted, each row once.
    answers
        One row as in ``people``, one column a variable; NaN where missing.
    variables
        ``<instrument key>_<item>``.
    names
        What the study calls each variable.
    reasons
        Why a form is missing, where that was recorded, by (row, instrument key).
    problems
        Cells that could not be read.
    """

    people: pd.DataFrame
    answers: Float[np.ndarray, "rows items"]
    variables: tuple[str, ...]
    names: Mapping[str, str]
    reasons: Mapping[tuple[int, str], str]
    problems: tuple[Problem, ...]


def from_wide(responses: pd.DataFrame, settings: ScoringSettings, files: ScoringFiles) -> ItemTable:
    """Return the answers of a frame with one column an item.

    Parameters
    ----------
    responses
        Columns participant_id, session_id and instance (both optional), and items as numbers (or texts that
        are numbers); other columns are left alone.
    settings, files
        How items are named.

    Raises
    ------
    SettingsError
        Where participant_id is missing, or rows repeat.
    """
    if "participant_id" not in responses.columns:
        raise SettingsError("responses need a column participant_id")
    people = pd.DataFrame(
        {
            "participant_id": _texts(responses["participant_id"]),
            "session_id": _texts(responses["session_id"]) if "session_id" in responses else NO_SESSION,
            "instance": _texts(responses["instance"]) if "instance" in responses else "",
        },
        columns=KEY,
    )
    repeated = people.duplicated(KEY)
    if repeated.any():
        first = " ".join(people.loc[repeated].iloc[0])
        raise SettingsError(
            f"{int(repeated.sum())} row(s) repeat a person's visit, the first {first}; number repeats in a "
            "column instance"
        )
    named = item_names(
        [str(name) for name in responses.columns if name not in KEY], settings, files, files.rules
    )
    order = np.lexsort([people[name].astype(str) for name in reversed(KEY)])
    people = people.iloc[order].reset_index(drop=True)
    columns: list[np.ndarray] = []
    problems = unclaimed(map(str, responses.columns), named)
    for own, variable in named.items():
        values, odd = _numbers(responses[own].iloc[order], variable, own, people)
        columns.append(values)
        problems += odd
    answers = np.column_stack(columns) if columns else np.zeros((len(people), 0))
    variables = tuple(named.values())
    return ItemTable(people, answers, variables, {v: k for k, v in named.items()}, {}, tuple(problems))


def _texts(cells: pd.Series) -> np.ndarray:
    """Return cells as strings; 1.0 is "1", missing is empty."""
    if pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all():
        cells = cells.astype("Int64")
    return np.asarray(cells.astype(object).where(cells.notna(), "").map(str), dtype=object)


def _instances(cells: pd.Series) -> np.ndarray:
    """Return which repeat each row is, empty where the form is not repeated (n/a in the visits table)."""
    texts = _texts(cells)
    return np.where(texts == NO_INSTANCE, "", texts)


def _numbers(
    cells: pd.Series, variable: str, own: str, people: pd.DataFrame
) -> tuple[np.ndarray, list[Problem]]:
    """Return a column as numbers, and a problem for each cell that is none."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        values = cells.astype("float64").to_numpy(na_value=np.nan, copy=True)
        odd = np.isinf(values)
        texts = values
    else:
        texts = np.asarray(cells.astype(object).where(cells.notna(), ""), dtype=object)
        values = np.asarray([_number(cell, variable) for cell in texts], dtype=float)
        odd = np.isinf(values)
    values[odd] = np.nan
    return values, [
        _no_number(people.iloc[row], f"{own} = {str(texts[row])[:40]!r}") for row in np.nonzero(odd)[0]
    ]


def _number(cell: object, variable: str) -> float:
    """Return a cell as a number, NaN where missing, infinite where it is another text."""
    if isinstance(cell, str):
        clock = _CLOCK.fullmatch(cell.strip()) if variable in _CLOCKS else None
        if clock:
            return int(clock[1]) + int(clock[2]) / 60
        try:
            return number(cell)
        except ValueError:
            return math.inf
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.inf
    return value


def _no_number(who: pd.Series, found: str) -> Problem:
    return problem(
        "CL361",
        participant_id=str(who["participant_id"]),
        session_id=str(who["session_id"]),
        found=found + in_instance(who),
    )


def in_instance(who: pd.Series) -> str:
    """Return which repeat of a form a row is, in words; empty where the form is not repeated."""
    return f" (instance {who['instance']})" if who["instance"] else ""


def from_visits(visits: pd.DataFrame, settings: ScoringSettings, files: ScoringFiles) -> ItemTable:
    """Return the answers that stand in a visits table.

    Parameters
    ----------
    visits
        Columns participant_id, session_id, variable, value and number; instance and missing (why a cell is
        empty) where there are.
    settings, files
        How items are named.
    """
    codes, columns = pd.factorize(visits["variable"])
    named = item_names([str(name) for name in columns], settings, files, files.rules)
    wanted = np.asarray([str(name) in named for name in columns], dtype=bool)
    rows = visits[wanted[codes]] if len(visits) else visits
    place = {name: index for index, name in enumerate(named)}
    column = np.asarray([place.get(str(name), -1) for name in columns], dtype=np.int64)[codes][wanted[codes]]
    keys = rows[["participant_id", "session_id"]].assign(
        instance=_instances(rows["instance"]) if "instance" in rows else ""
    )
    people, row = _people(keys)
    values, problems = _long_numbers(rows, column, list(named.items()), keys)
    problems += unclaimed(map(str, columns), named)
    answers = np.full((len(people), len(named)), np.nan)
    problems += _repeated(row, column, values, list(named), people)
    answers[row, column] = values
    reasons: dict[tuple[int, str], str] = {}
    if "missing" in rows.columns:
        told = _texts(rows["missing"])
        keyed = [_key_of(variable, files) for variable in named.values()]
        for at in np.nonzero((told != "") & ~np.isin(told, _NOT_ASKED))[0]:
            reasons.setdefault((int(row[at]), keyed[column[at]]), str(told[at]))
    return ItemTable(
        people,
        answers,
        tuple(named.values()),
        {variable: own for own, variable in named.items()},
        reasons,
        tuple(problems),
    )


def _people(keys: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return distinct keys, sorted, and the row of each in them."""
    if not len(keys):
        return pd.DataFrame(columns=KEY, dtype=object), np.zeros(0, dtype=np.int64)
    levels, code = [], np.zeros(len(keys), dtype=np.int64)
    for name in KEY:
        own, values = pd.factorize(keys[name].astype(object), sort=True)
        code = code * len(values) + own
        levels.append(np.asarray(values, dtype=object))
    distinct, row = np.unique(code, return_inverse=True)
    columns: dict[str, np.ndarray] = {}
    for name, level in zip(reversed(KEY), reversed(levels), strict=True):
        distinct, own = np.divmod(distinct, len(level))
        columns[name] = level[own]
    return pd.DataFrame({name: columns[name] for name in KEY}), row


def _key_of(variable: str, files: ScoringFiles) -> str:
    keys = {subscale.key for subscale in (*subscales(), *files.rules)}
    keys |= {key for key, _ in files.mapping.values()}
    return max((key for key in keys if variable.startswith(key + "_")), key=len, default="")


def _long_numbers(
    rows: pd.DataFrame, column: np.ndarray, named: list[tuple[str, str]], keys: pd.DataFrame
) -> tuple[np.ndarray, list[Problem]]:
    values = rows["number"].to_numpy(dtype=float, copy=True)
    # Texts are looked at only where there is no number: most cells have one.
    unread = np.nonzero(np.isnan(values))[0]
    texts = _texts(rows["value"].iloc[unread])
    told = (
        _texts(rows["missing"].iloc[unread]) if "missing" in rows else np.full(len(unread), "", dtype=object)
    )
    problems = []
    for at, text, reason in zip(unread, texts, told, strict=True):
        if text == "":
            continue
        own, variable = named[column[at]]
        values[at] = _number(text, variable)
        if math.isinf(values[at]) and not reason:  # a code for missing (refused, lost) is no wrong cell
            problems.append(_no_number(keys.iloc[at], f"{own} = {text[:40]!r}"))
    values[np.isinf(values)] = np.nan
    return values, problems


def _repeated(
    row: np.ndarray, column: np.ndarray, values: np.ndarray, own: list[str], people: pd.DataFrame
) -> list[Problem]:
    """Set items that stand twice with different answers aside, in place; return a problem for each."""
    cell = row * max(len(own), 1) + column
    order = np.argsort(cell, kind="stable")
    same = np.zeros(len(cell), dtype=bool)
    same[1:] = cell[order][1:] == cell[order][:-1]
    problems = []
    for twice in np.unique(cell[order][same]):
        places = np.nonzero(cell == twice)[0]
        known = values[places][~np.isnan(values[places])]
        if len(set(known)) > 1:
            who = people.iloc[int(row[places[0]])]
            values[places] = np.nan
            problems.append(
                problem(
                    "CL362",
                    participant_id=str(who["participant_id"]),
                    session_id=str(who["session_id"]),
                    found=f"{own[column[places[0]]]} = {' and '.join(f'{value:g}' for value in known)}",
                )
            )
        elif len(known):
            values[places] = known[0]
    return problems
