"""The table of all effects; what is the same in every row is said once above it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Pairs, Table
from corticolimbic.report._numbers import decimal, digits_for, interval, probability, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import pretty
from corticolimbic.report._words import say

ROWS = 600
"""Rows of effects.tsv that the page shows."""
_SAME = ("population", "task", "run", "acq", "space", "atlas", "strategy", "measure", "statistic", "contrast",
         "estimate_unit", "es_kind", "family", "model")  # fmt: skip
_QUIET = frozenset({"", "n/a"})


def effects_table(table: pd.DataFrame, results: Results) -> list[Block]:
    """Return what all rows share, and the table."""
    constant = [name for name in _SAME if table[name].nunique() == 1]
    shared = tuple(
        (say(f"effects.column_{name}"), _shared_text(name, str(table[name].iloc[0]), results))
        for name in constant
        if table[name].iloc[0] not in _QUIET
    )
    tests = family_sizes(table, results)
    makers = _columns(table, results, tests, constant)
    shown = table.head(ROWS).to_dict("records")
    rows = tuple(tuple(make(row) for _, make in makers) for row in shown)
    pointer = say("effects.pointer", shown=len(rows), n=len(table)) if len(table) > len(rows) else ""
    caption = say("effects.table", n=len(table))
    columns = tuple(column for column, _ in makers)
    listing = Table(caption, columns, rows, sortable=True, filterable=True, pointer=pointer)
    return [*([Pairs(shared)] if shared else []), listing]


def family_sizes(table: pd.DataFrame, results: Results) -> dict[str, int]:
    """Return the number of tests of each family: as declared, else as many as have a p."""
    declared = {family.name: family.n_tests for family in results.declared.families} if results.declared else {}
    sizes = {}
    for name, rows in table.groupby("family", sort=False):
        counted = rows.groupby("population")["p"].count().max()
        told = declared.get(read.text(name), -1)
        sizes[str(name)] = told if told >= 0 else int(counted)
    return sizes


def _shared_text(name: str, value: str, results: Results) -> str:
    if name == "population":
        return results.population_label(value)
    if name == "family":
        return value.partition(":")[0]  # what follows repeats the other columns
    return say.of("statistic", value, value) if name == "statistic" else value


_Maker = Callable[[dict[str, Any]], Cell]


def _columns(
    table: pd.DataFrame, results: Results, tests: dict[str, int], constant: list[str]
) -> list[tuple[Column, _Maker]]:
    def plain(name: str) -> list[tuple[Column, _Maker]]:
        if name in constant:
            return []
        return [(Column(say(f"effects.column_{name}")), lambda row: Cell(_shared_text(name, read.text(row[name]), results)))]

    digits = digits_for(list(table["estimate"]))
    return [
        (Column(say("circuit.edge")), lambda row: Cell(pretty(read.text(row["target"])))),
        *plain("population"),
        *(column for name in _SAME[1:10] for column in plain(name)),
        _number(say("effects.estimate"), "estimate", digits),
        *plain("estimate_unit"),
        _interval(say("table.interval"), "ci_low", "ci_high", digits),
        (Column(say("effects.p"), numeric=True), lambda row: _probability(row, "p")),
        (Column(say("effects.q"), numeric=True), lambda row: _probability(row, "q")),
        _number(say("effects.effect_size"), "effect_size", 2),
        _interval(say("effects.effect_size_interval"), "es_low", "es_high", 2),
        *plain("es_kind"),
        _count(say("table.n"), "n"),
        _count(say("effects.sites"), "n_sites"),
        *plain("family"),
        (Column(say("effects.tests"), numeric=True), lambda row: _tests(tests.get(str(row["family"]), -1))),
        *plain("model"),
    ]


def _number(title: str, name: str, digits: int) -> tuple[Column, _Maker]:
    return Column(title, numeric=True), lambda row: Cell(decimal(row[name], digits), float(row[name]))


def _interval(title: str, low: str, high: str, digits: int) -> tuple[Column, _Maker]:
    column = Column(title, numeric=True)
    return column, lambda row: Cell(interval(row[low], row[high], digits) or "–", float(row[low]))


def _count(title: str, name: str) -> tuple[Column, _Maker]:
    return Column(title, numeric=True), lambda row: Cell(whole(row[name]), float(row[name]))


def _tests(n: int) -> Cell:
    return Cell(whole(n), float(n))


def _probability(row: dict[str, Any], name: str) -> Cell:
    if row["withheld"]:
        return Cell(say("effects.not_tested"), math.nan, quiet=True)
    return Cell(probability(row[name]), float(row[name]))
