"""The forest of primary edges."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Fold, Paragraph
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import estimate
from corticolimbic.report._palette import group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_FIGURES = 4
_EDGES = 30
BLOCK = ("task", "run", "acq", "space", "atlas", "strategy", "measure", "statistic", "contrast")
"""Columns that must agree for effects to stand in one figure."""


def forests(table: pd.DataFrame, results: Results, draw: Draw) -> list[Block]:
    """Return a forest for each comparison, the declared estimator first."""
    chosen, note = _primary(table, results)
    declared = results.declared.statistic if results.declared else ""
    groups = [(tuple(map(str, key)), rows) for key, rows in chosen.groupby(list(BLOCK), sort=False)]
    outcome = results.declared.outcome if results.declared else ""
    groups.sort(
        key=lambda item: (
            item[0][BLOCK.index("statistic")] != declared,
            f"{outcome} x time" not in item[0][-1],  # over visits, the question is who changes faster
            outcome not in item[0][-1],
        )
    )
    blocks: list[Block] = [Paragraph(note, "note")] if note else []
    figures = [
        draw(forest_plan(place, dict(zip(BLOCK, key, strict=True)), rows, results))
        for place, (key, rows) in enumerate(groups[:_FIGURES])
    ]
    blocks += figures[:1]
    if figures[1:]:
        blocks.append(Fold(say("effects.unfold_figures", n=len(figures) - 1), tuple(figures[1:])))
    if len(groups) > _FIGURES:
        blocks.append(Paragraph(say("effects.more_figures", n=len(groups) - _FIGURES), "note"))
    return blocks


def is_primary(table: pd.DataFrame, results: Results) -> pd.Series:
    """Tell which rows belong to the primary family, else which are of the circuit's primary edges."""
    named = table["family"].str.contains("primary", case=False)
    targets = results.circuit.primary if results.circuit else frozenset()
    return named if named.any() else table["target"].isin(targets)


def _primary(table: pd.DataFrame, results: Results) -> tuple[pd.DataFrame, str]:
    primary = table[is_primary(table, results)]
    if primary.empty:
        first = list(dict.fromkeys(table["target"]))[:_EDGES]
        return table[table["target"].isin(first)], say("effects.no_primary", n=len(first))
    targets = list(dict.fromkeys(primary["target"]))
    if len(targets) <= _EDGES:
        return primary, ""
    return primary[primary["target"].isin(targets[:_EDGES])], say(
        "effects.many_primary", shown=_EDGES, n=len(targets)
    )


def forest_plan(place: int, key: dict[str, str], rows: pd.DataFrame, results: Results) -> Plan:
    """Return the forest of effects that agree in the columns of ``BLOCK``."""
    populations = [name for name in results.population_names if name in set(rows["population"])]
    styles = {name: group_style(results.population_names.index(name)) for name in populations}
    kind = next((read.text(kind) for kind in rows["es_kind"] if kind), "")
    standard = bool(kind) and any(map(math.isfinite, rows["effect_size"]))
    names = ("effect_size", "es_low", "es_high") if standard else ("estimate", "ci_low", "ci_high")
    forest = []
    for target, group in rows.groupby("target", sort=False):
        found = {str(row["population"]): row for row in group.to_dict("records")}
        items = tuple(_estimate(found[name], names, styles[name]) for name in populations if name in found)
        forest.append(ForestRow(pretty(str(target)), estimates=items))
    unit = kind if standard else next((read.text(unit) for unit in rows["estimate_unit"] if unit), "")
    axis = say("effects.axis", kind=unit, contrast=contrast(key["contrast"]))
    legend = [Entry(results.population_label(name), *styles[name]) for name in populations]
    data = rows[["population", *BLOCK, "target", *names, "n"]]
    return Plan(
        name=f"effects-{rows['analysis'].iloc[0]}-{place + 1}"
        if (rows["analysis"] == "visits").any()
        else f"effects-{place + 1}",
        title=say("effects.figure_title", statistic=_estimator(key)),
        description=_describe(forest),
        caption=say(
            "effects.figure_caption",
            statistic=_estimator(key),
            task=key["task"],
            kind=unit,
            contrast=contrast(key["contrast"]),
        ),
        draw=lambda sheet: draw_forest(sheet, forest, legend, axis),
        data=data,
    )


def _estimator(key: dict[str, str]) -> str:
    return say.of("statistic", key["statistic"], key["statistic"])


def _estimate(row: dict[str, Any], names: tuple[str, str, str], style: tuple[str, str]) -> Estimate:
    value, low, high = (float(row[name]) for name in names)
    words = estimate(value, low, high) if math.isfinite(value) else say("effects.not_estimated")
    return Estimate(value, low, high, *style, words)


def _describe(rows: list[ForestRow]) -> str:
    parts = [f"{row.label}: " + ", ".join(item.words for item in row.estimates) for row in rows[:20]]
    return say("effects.figure_description", values="; ".join(parts))
