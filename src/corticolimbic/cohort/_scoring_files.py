"""Files that tell scoring what it cannot know: names of variables, norm tables, a study's own rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corticolimbic.cohort._instruments import Subscale, parse, subscales
from corticolimbic.cohort._scoring_settings import ScoringSettings
from corticolimbic.foundation import InputError, TextTable, read_text_table

_OWN_FORMULAS = ("sum", "mean", "single", "count_at_least")
_OWN_MISSING = ("complete", "at_least", "a2cps", "none")


@dataclass(frozen=True)
class Norm:
    """T-scores of one subscale, as its norm table gives them.

    Parameters
    ----------
    key, subscale
        Instrument and name of the raw score.
    t
        T-score by raw score.
    source
        The file.
    """

    key: str
    subscale: str
    t: Mapping[float, float]
    source: str


@dataclass(frozen=True)
class ScoringFiles:
    """What the files named in the settings hold.

    Parameters
    ----------
    mapping
        Study's variable to (instrument key, item).
    norms
        Norm tables.
    rules
        A study's own subscales.
    """

    mapping: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    norms: tuple[Norm, ...] = ()
    rules: tuple[Subscale, ...] = ()


def read_scoring_files(settings: ScoringSettings, folder: Path) -> ScoringFiles:
    """Read the files that the settings name.

    Parameters
    ----------
    settings
        Names, relative to ``folder``.
    folder
        Where relative names start.

    Raises
    ------
    InputError
        CL368 mapping, CL369 norm table or CL370 rules that cannot be used, with file and row.
    """
    return ScoringFiles(
        mapping=read_mapping(folder / settings.mapping) if settings.mapping else {},
        norms=tuple(norm for name in settings.norms for norm in read_norms(folder / name)),
        rules=read_rules(folder / settings.rules) if settings.rules else (),
    )


def read_mapping(path: Path) -> dict[str, tuple[str, str]]:
    """Read a table with columns variable, instrument and item; see `read_scoring_files`."""
    table = _columns(path, ("variable", "instrument", "item"), "CL368")
    found: dict[str, tuple[str, str]] = {}
    taken: dict[tuple[str, str], str] = {}
    for number, (variable, key, item) in table:
        place = (key.casefold(), item.casefold())
        if not (variable and key and item):
            raise InputError("CL368", file=path.name, row=number, found="an empty cell")
        if variable in found or place in taken:
            found_twice = variable if variable in found else f"{key} {item}"
            raise InputError("CL368", file=path.name, row=number, found=f"{found_twice} twice")
        found[variable], taken[place] = place, variable
    return found


def read_norms(path: Path) -> tuple[Norm, ...]:
    """Read a table with columns instrument, subscale, raw and t; see `read_scoring_files`."""
    known = {(subscale.key, subscale.name) for subscale in subscales()}
    tables: dict[tuple[str, str], dict[float, float]] = {}
    for number, (key, name, raw, t) in _columns(path, ("instrument", "subscale", "raw", "t"), "CL369"):
        place = (key.casefold(), name)
        if place not in known:
            names = ", ".join(repr(other) for its, other in sorted(known) if its == place[0]) or "none"
            found = f"{key} {name!r}; its subscales are {names}"
            raise InputError("CL369", file=path.name, row=number, found=found)
        try:
            values = float(raw), float(t)
        except ValueError:
            values = math.nan, math.nan
        if not all(math.isfinite(value) for value in values):
            raise InputError("CL369", file=path.name, row=number, found=f"raw {raw!r}, t {t!r}")
        if values[0] in tables.setdefault(place, {}):
            raise InputError("CL369", file=path.name, row=number, found=f"raw {raw} twice")
        tables[place][values[0]] = values[1]
    return tuple(Norm(key, name, table, path.name) for (key, name), table in tables.items())


def read_rules(path: Path) -> tuple[Subscale, ...]:
    """Read a study's own subscales; see `read_scoring_files`.

    Columns: key, instrument, version, subscale, items (keys, comma between), low, high, reversed (keys),
    formula (sum, mean, single, count_at_least:N), missing (complete, at_least:N, a2cps) and source.
    """
    names = (
        "key", "instrument", "version", "subscale", "items",
        "low", "high", "reversed", "formula", "missing", "source",
    )  # fmt: skip
    taken = {(item.key, item.version, item.name) for item in subscales()}
    found = []
    for number, cells in _columns(path, names, "CL370"):
        row = dict(zip(names, cells, strict=True))
        try:
            subscale = _own_rule(row)
        except ValueError as error:
            raise InputError("CL370", file=path.name, row=number, found=str(error)) from error
        place = (subscale.key, subscale.version, subscale.name)
        if place in taken:
            said = (
                f"{' '.join(place)} stands twice, or is a rule of the package; give it a version of its own"
            )
            raise InputError("CL370", file=path.name, row=number, found=said)
        taken.add(place)
        found.append(subscale)
    return tuple(found)


def _own_rule(row: Mapping[str, str]) -> Subscale:
    for name, known in (("formula", _OWN_FORMULAS), ("missing", _OWN_MISSING)):
        word, _, value = row[name].partition(":")
        if word not in known or (bool(value) != (word in {"count_at_least", "at_least"})):
            raise ValueError(f"{name} {row[name]!r}; known are {', '.join(known)}")
        if value and not value.isdecimal():
            raise ValueError(f"{name} {row[name]!r} needs a whole number")
    if not (row["key"] and row["items"] and row["subscale"]):
        raise ValueError("a rule without key, subscale or items")
    low, high = (_bounds(row[name]) for name in ("low", "high"))
    n_items = len(row["items"].split(","))
    formula = row["formula"].partition(":")[0]
    reach = n_items if formula in {"sum", "count_at_least"} else 1
    ends = (0.0, float(n_items)) if formula == "count_at_least" else (low * reach, high * reach)
    if low >= high:
        raise ValueError(f"low {low:g} is not below high {high:g}")
    subscale = parse(
        {
            "key": row["key"].casefold(),
            "instrument": row["instrument"] or row["key"],
            "version": row["version"],
            "subscale": row["subscale"],
            "item_keys": row["items"].casefold(),
            "low": row["low"],
            "high": row["high"],
            "whole": "no",
            "reversed": row["reversed"].casefold(),
            "formula": row["formula"],
            "parts": "",
            "missing": row["missing"],
            "missing_status": "own",
            "general": "yes" if n_items > 1 else "no",
            "unit": "points",
            "score_min": str(ends[0]),
            "score_max": str(ends[1]),
            "safety": "",
            "choice": "",
            "rule_source": row["source"],
            "rule_status": "user-supplied",
            "aggregation": row["formula"],
            "missing_rule": row["missing"],
            "reversed_items": row["reversed"],
            "direction": "",
            "recall": "",
            "cutoffs": "",
            "licence_note": "",
            "worked_example": "",
        }
    )
    odd = sorted(
        {item.strip() for item in row["reversed"].casefold().split(",")} - set(subscale.items) - {""}
    )
    if odd:
        raise ValueError(f"reversed items that are no items: {', '.join(odd)}")
    if len(set(subscale.items)) < len(subscale.items):
        raise ValueError("an item stands twice")
    return subscale


def _bounds(cell: str) -> float:
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"bound {cell!r}")
    return value


def _columns(path: Path, names: tuple[str, ...], code: str) -> list[tuple[int, tuple[str, ...]]]:
    """Return the named columns of a table, row by row with the place in the file."""
    table: TextTable = read_text_table(path)
    missing = [name for name in names if name not in table.columns]
    if missing:
        found = f"no column {', '.join(missing)}; the columns are {', '.join(table.columns)}"
        raise InputError(code, file=path.name, row=1, found=found)
    places = [table.columns.index(name) for name in names]
    return [
        (number, tuple(row[place] for place in places))
        for number, row in zip(table.numbers, table.rows, strict=True)
    ]
