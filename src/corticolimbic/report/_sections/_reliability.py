"""Reliability: the ICC of the primary edges, and what it means for the effects."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Paragraph, Section, Table
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._numbers import decimal, estimate, whole
from corticolimbic.report._palette import group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._sections._effects_figure import is_primary
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_FIGURES, _EDGES, _ROWS = 4, 30, 300
_KINDS = {"runs": "ICC(3,k)", "halves": "ICC(3,k)", "waves": "ICC(3,1)"}
_PLACE = ["task", "acq", "space", "atlas", "strategy", "statistic"]


def reliability(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None where nothing was measured twice."""
    table = results.reliability
    if table is None or table.empty:
        return None
    blocks: list[Block] = [Paragraph(say("reliability.lead"), "lead")]
    shown = table[(table["site"] == "all") & (table["form"] == table["kind"].map(_KINDS))]
    primary = _primary(results)
    shown = shown[shown["target"].isin(primary)] if primary else shown
    shown = shown[shown["target"].isin(list(dict.fromkeys(shown["target"]))[:_EDGES])]
    if not any(map(math.isfinite, shown["icc"])):
        blocks.append(Paragraph(say("reliability.none"), "warning"))
        return Section("reliability", say("reliability.title"), tuple(blocks))
    figures = [
        (str(kind), draw(_plan(place, str(kind), str(task), rows)))
        for place, ((kind, task, *_), rows) in enumerate(_groups(shown)[:_FIGURES])
    ]
    for kind in dict.fromkeys(kind for kind, _ in figures):
        blocks += [figure for of, figure in figures if of == kind]
        blocks.append(Paragraph(say(f"reliability.means.{kind}"), "note"))
    more = len(_groups(shown)) - len(figures)
    if more > 0:
        blocks.append(Paragraph(say("reliability.more_figures", n=more), "note"))
    return Section("reliability", say("reliability.title"), (*blocks, *_meaning(results, primary)))


def _primary(results: Results) -> frozenset[str]:
    if results.effects is not None and not results.effects.empty:
        return frozenset(map(str, results.effects.loc[is_primary(results.effects, results), "target"]))
    return frozenset(results.circuit.primary) if results.circuit else frozenset()


def _groups(table: pd.DataFrame) -> list[tuple[tuple, pd.DataFrame]]:
    order = {kind: place for place, kind in enumerate(_KINDS)}
    known = table[table["kind"].isin(_KINDS)]
    groups = [
        (tuple(key), rows)
        for key, rows in known.groupby(["kind", *_PLACE], sort=True)
        if any(map(math.isfinite, rows["icc"]))
    ]
    return sorted(groups, key=lambda item: order[str(item[0][0])])


def _plan(place: int, kind: str, task: str, rows: pd.DataFrame) -> Plan:
    color, shape = group_style(0)
    forest = []
    for row in rows.to_dict("records"):
        value, low, high = (float(row[name]) for name in ("icc", "icc_low", "icc_high"))
        words = estimate(value, low, high) if math.isfinite(value) else say("effects.not_estimated")
        people = say("reliability.people", n=whole(row["n_people"]))
        item = Estimate(value, max(low, -1.0), high, color, shape, words)
        forest.append(ForestRow(pretty(read.text(row["target"])), people, (item,)))
    told = say(f"reliability.kind.{kind}")
    values = "; ".join(f"{row.label}: {row.estimates[0].words}" for row in forest[:20])
    return Plan(
        name=f"reliability-{place + 1}",
        title=say("reliability.figure_title", kind=told),
        description=say("reliability.figure_description", values=values),
        caption=say("reliability.figure_caption", kind=told, task=task),
        draw=lambda sheet: draw_forest(sheet, forest, [], say("reliability.axis")),
        data=rows[[*_PLACE, "target", "kind", "form", "icc", "icc_low", "icc_high", "n_people"]],
    )


def _meaning(results: Results, primary: frozenset[str]) -> list[Block]:
    table = results.attenuation
    if table is None or table.empty:
        return []
    chosen = table[table["target"].isin(primary)] if primary else table
    if chosen.empty:
        return []
    texts = [name for name in ("population", "contrast", "task", "kind") if chosen[name].nunique() > 1]
    columns = (
        Column(say("circuit.edge")),
        *(Column(say(f"reliability.{name}")) for name in texts),
        *(
            Column(say(f"reliability.{name}"), numeric=True)
            for name in ("icc", "attenuation", "observed", "n_observed", "n_perfect", "disattenuated")
        ),
    )
    rows = tuple(_row(row, texts, results) for row in chosen.head(_ROWS).to_dict("records"))
    pointer = say("reliability.pointer", shown=len(rows), n=len(chosen)) if len(chosen) > len(rows) else ""
    listing = Table(say("reliability.table"), columns, rows, sortable=True, filterable=True, pointer=pointer)
    note = Paragraph(say("reliability.sensitivity"), "note")
    return [Fold(say("reliability.unfold", n=len(chosen)), (listing, note))]


def _row(row: dict[str, Any], texts: list[str], results: Results) -> tuple[Cell, ...]:
    left = ("attenuation", "attenuation_low", "attenuation_high")
    free = ("disattenuated", "disattenuated_low", "disattenuated_high")
    return (
        Cell(pretty(read.text(row["target"]))),
        *(Cell(_text(name, read.text(row[name]), results)) for name in texts),
        Cell(decimal(row["icc"]), float(row["icc"])),
        _interval(row, left),
        Cell(decimal(row["effect_size"]), float(row["effect_size"])),
        *(Cell(_people(row[name]), float(row[name])) for name in ("n_observed", "n_perfect")),
        _interval(row, free),
    )


def _interval(row: dict[str, Any], names: tuple[str, str, str]) -> Cell:
    value, low, high = (float(row[name]) for name in names)
    return Cell(estimate(value, low, high), value)


def _people(n: float) -> str:
    return whole(int(n)) if math.isfinite(n) else decimal(math.nan)


def _text(name: str, text: str, results: Results) -> str:
    if name == "population":
        return results.population_label(text)
    return contrast(text) if name == "contrast" else say.of("reliability.kind", text, text)
