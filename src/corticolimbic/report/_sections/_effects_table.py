"""The table of all effects; what is the same in every row is said once above it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Paragraph, Table
from corticolimbic.report._numbers import Number, digits_for, estimate, probability, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._words import say

ROWS = 600
"""Rows of effects.tsv that the page shows."""
_SAME = ("population", "task", "run", "acq", "space", "atlas", "strategy", "measure", "statistic", "contrast",
         "estimate_unit", "es_kind", "family", "model")  # fmt: skip
_QUIET = frozenset({"", "n/a"})


def effects_table(table: pd.DataFrame, primary: pd.Series, results: Results) -> list[Block]:
    """Return what all rows share, and the table, primary edges first."""
    ordered = table.assign(later=~primary).sort_values("later", kind="stable")
    constant = [name for name in (*_SAME, "n_sites") if table[name].nunique() == 1]
    shared = say("effects.separator").join(
        say(
            "effects.shared",
            name=say(f"effects.column_{name}"),
            value=_text(name, table[name].iloc[0], results),
        )
        for name in constant
        if table[name].iloc[0] not in _QUIET
    )
    makers = _columns(table, results, constant)
    rows = tuple(tuple(make(row) for _, make in makers) for row in ordered.head(ROWS).to_dict("records"))
    pointer = say("effects.pointer", shown=len(rows), n=len(table)) if len(table) > len(rows) else ""
    columns = tuple(column for column, _ in makers)
    caption = say("effects.table", n=len(table))
    listing = Table(caption, columns, rows, sortable=True, filterable=True, pointer=pointer)
    return [*([Paragraph(say("effects.same", values=shared), "note")] if shared else []), listing]


def family_sizes(table: pd.DataFrame, results: Results) -> dict[str, int]:
    """Return the number of tests of each family: as declared, else as many as have a p."""
    declared = (
        {family.name: family.n_tests for family in results.declared.families} if results.declared else {}
    )
    sizes = {}
    for name, rows in table.groupby("family", sort=False):
        counted = rows.groupby("population")["p"].count().max()
        told = declared.get(read.text(name), -1)
        sizes[str(name)] = told if told >= 0 else int(counted)
    return sizes


def _text(name: str, value: Any, results: Results) -> str:
    text = read.text(value)
    if name == "population":
        return results.population_label(text)
    if name == "family":
        return text.partition(":")[0]  # what follows repeats the other columns
    if name == "contrast":
        return contrast(text)
    return say.of("statistic", text, text) if name == "statistic" else text


_Maker = Callable[[dict[str, Any]], Cell]


def _columns(table: pd.DataFrame, results: Results, constant: list[str]) -> list[tuple[Column, _Maker]]:
    tests = family_sizes(table, results)
    digits = digits_for(list(table["estimate"]))
    varying = {
        name: (Column(say(f"effects.column_{name}")), _plain(name, results))
        for name in _SAME
        if name not in constant
    }
    first = [varying.pop(name) for name in ("family", "population", *_SAME[1:10]) if name in varying]
    sites: list[tuple[Column, _Maker]] = []
    if table["n_sites"].nunique() > 1:
        sites.append(
            (Column(say("effects.column_n_sites"), numeric=True), lambda row: _count(row["n_sites"]))
        )
    return [
        (Column(say("circuit.edge")), lambda row: Cell(pretty(read.text(row["target"])))),
        *first,
        (
            Column(say("effects.estimate"), numeric=True),
            lambda row: _estimate(row, ("estimate", "ci_low", "ci_high"), digits),
        ),
        *([varying.pop("estimate_unit")] if "estimate_unit" in varying else []),
        (Column(say("effects.p"), numeric=True), lambda row: _probability(row, "p")),
        (Column(say("effects.q"), numeric=True), lambda row: _probability(row, "q")),
        (Column(say("effects.tests"), numeric=True), lambda row: _count(tests.get(str(row["family"]), -1))),
        (
            Column(say("effects.effect_size"), numeric=True),
            lambda row: _estimate(row, ("effect_size", "es_low", "es_high"), 2),
        ),
        *([varying.pop("es_kind")] if "es_kind" in varying else []),
        (Column(say("table.n"), numeric=True), lambda row: _count(row["n"])),
        *sites,
        *varying.values(),
    ]


def _plain(name: str, results: Results) -> _Maker:
    return lambda row: Cell(_text(name, row[name], results))


def _estimate(row: dict[str, Any], names: tuple[str, str, str], digits: int) -> Cell:
    value, low, high = (float(row[name]) for name in names)
    return Cell(estimate(value, low, high, digits), value)


def _count(n: Number) -> Cell:
    return Cell(whole(n), float(n))


def _probability(row: dict[str, Any], name: str) -> Cell:
    if row["withheld"]:
        return Cell(say("effects.not_tested"), math.nan, quiet=True)
    return Cell(probability(row[name]), float(row[name]))
