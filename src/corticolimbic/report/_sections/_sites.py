"""Site by site: what each site found, their mean, and how much sites differ."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Heading, Paragraph, Table
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import digits_for, estimate, interval, probability, relation, share, whole
from corticolimbic.report._palette import BLUE, ORANGE, QUIET
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._sections._effects_figure import BLOCK
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_FIGURES = 4
_EDGES = 12
_ROWS = 600
_FEATURE = ("population", *BLOCK, "analysis")
_KEY = (*_FEATURE, "target", "definition")


def sites_blocks(results: Results, draw: Draw) -> list[Block]:
    """Return the figures and the table of effects pooled over sites; nothing where there are none."""
    pooled, summaries = results.pooled, results.site_summaries
    if pooled is None or summaries is None or pooled.empty:
        return []
    several = pooled[pooled["k"] > 1]
    blocks: list[Block] = [Heading(say("sites.heading")), Paragraph(say("sites.about"), "note")]
    if several.empty:
        blocks.append(Paragraph(say("sites.one"), "note"))
    primary = several[several["family"].str.startswith("primary")]
    chosen = primary if len(primary) else several
    figures = [
        draw(_plan(number, rows.head(_EDGES), summaries, results))
        for number, (_, rows) in enumerate(list(chosen.groupby(list(_FEATURE), sort=False))[:_FIGURES])
    ]
    blocks += figures[:1]
    if figures[1:]:
        blocks.append(Fold(say("effects.unfold_figures", n=len(figures) - 1), tuple(figures[1:])))
    blocks.append(_table(pooled, results))
    return blocks


def _plan(number: int, rows: pd.DataFrame, summaries: pd.DataFrame, results: Results) -> Plan:
    key = {name: str(rows[name].iloc[0]) for name in _FEATURE}
    forest, data = [], []
    for row in rows.to_dict("records"):
        mine = summaries[(summaries[list(_KEY)] == [row[name] for name in _KEY]).all(axis=1)]
        mine = mine[mine["estimate"].map(math.isfinite)]
        items = [_site(site) for site in mine.to_dict("records")]
        heterogeneity = say("sites.heterogeneity", i2=share(row["i2"]), p=relation("p", row["p_q"]))
        forest.append(ForestRow(pretty(str(row["target"])), heterogeneity, (*items, *_means(row))))
        data += [
            {
                "target": row["target"],
                "row": item.words,
                "value": item.value,
                "low": item.low,
                "high": item.high,
            }
            for item in forest[-1].estimates
        ]
    unit = read.text(rows["estimate_unit"].iloc[0])
    legend = [
        Entry(say("sites.legend_site"), BLUE, "o"),
        Entry(say("sites.legend_pooled"), ORANGE, "D"),
        Entry(say("sites.legend_prediction"), QUIET, "s", hollow=True),
    ]
    label = results.population_label(key["population"])
    return Plan(
        name=f"sites-{number + 1}",
        title=say("sites.figure_title"),
        description=say(
            "effects.figure_description",
            values="; ".join(f"{row.label}: {', '.join(i.words for i in row.estimates)}" for row in forest),
        ),
        caption=say(
            "sites.caption", population=label, task=key["task"], contrast=contrast(key["contrast"]), unit=unit
        ),
        draw=lambda sheet: draw_forest(
            sheet,
            [_short(row) for row in forest] if sheet.compact else forest,
            legend,
            f"{unit}: {contrast(key['contrast'])}",
        ),
        data=pd.DataFrame(data),
    )


def _short(row: ForestRow) -> ForestRow:
    """Return a row whose words fit a narrow sheet: names and values, as the intervals are drawn."""
    return replace(
        row, estimates=tuple(replace(item, words=item.words.partition(" [")[0]) for item in row.estimates)
    )


def _site(row: dict[str, Any]) -> Estimate:
    """Return one site's estimate; its interval is that of its own degrees of freedom where they are known."""
    value, low, high = (float(row[name]) for name in ("estimate", "ci_low", "ci_high"))
    words = say("sites.words", name=read.text(row["site"], 24), value=estimate(value, low, high))
    return Estimate(value, low, high, BLUE, "o", words)


def _means(row: dict[str, Any]) -> list[Estimate]:
    value, low, high = (float(row[name]) for name in ("estimate", "hk_low", "hk_high"))
    words = say("sites.words", name=say("sites.pooled"), value=estimate(value, low, high))
    found = [Estimate(value, low, high, ORANGE, "D", words)]
    low, high = float(row["prediction_low"]), float(row["prediction_high"])
    if math.isfinite(low):
        words = say("sites.words", name=say("sites.prediction"), value=interval(low, high))
        found.append(Estimate(math.nan, low, high, QUIET, "s", words, quiet=True))
    return found


def _table(pooled: pd.DataFrame, results: Results) -> Table:
    digits = digits_for(list(pooled["estimate"]))
    titles = (("edge", False), ("population", False), ("contrast", False), ("k", True), ("n", True),
              ("estimate", True), ("p", True), ("q", True), ("common", True), ("i2", True), ("tau2", True),
              ("p_q", True), ("prediction_interval", True), ("without", True), ("note", False))  # fmt: skip
    columns = tuple(Column(say(f"sites.column_{name}"), numeric=numeric) for name, numeric in titles)
    ordered = pooled.assign(later=~pooled["family"].str.startswith("primary"))
    ordered = ordered.sort_values(["later"], kind="stable")
    rows = tuple(_cells(row, results, digits) for row in ordered.head(_ROWS).to_dict("records"))
    pointer = say("sites.pointer", shown=len(rows), n=len(pooled)) if len(pooled) > len(rows) else ""
    caption = say("sites.table", n=len(pooled))
    return Table(caption, columns, rows, sortable=True, filterable=True, pointer=pointer)


def _cells(row: dict[str, Any], results: Results, digits: int) -> tuple[Cell, ...]:
    def both(low: str, high: str) -> Cell:
        return Cell(interval(float(row[low]), float(row[high]), digits) or "–", float(row[low]))

    def value(name: str, low: str, high: str) -> Cell:
        return Cell(estimate(float(row[name]), float(row[low]), float(row[high]), digits), float(row[name]))

    return (
        Cell(pretty(read.text(row["target"]))),
        Cell(results.population_label(read.text(row["population"]))),
        Cell(contrast(read.text(row["contrast"]))),
        Cell(whole(row["k"]), float(row["k"])),
        Cell(whole(row["n"]), float(row["n"])),
        value("estimate", "hk_low", "hk_high"),
        Cell(probability(row["p"]), float(row["p"])),
        Cell(probability(row["q"]), float(row["q"])),
        value("common", "common_low", "common_high"),
        Cell(share(row["i2"]), float(row["i2"])),
        value("tau2", "tau2_low", "tau2_high"),
        Cell(probability(row["p_q"]), float(row["p_q"])),
        both("prediction_low", "prediction_high"),
        both("without_low", "without_high"),
        Cell(read.text(row["note"])),
    )
