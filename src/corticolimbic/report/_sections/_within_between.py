"""Between and within people side by side: a feature may follow people's means or their own ups and downs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Fold, Paragraph
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import digits_for, estimate
from corticolimbic.report._palette import group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import pretty
from corticolimbic.report._sections._effects_figure import BLOCK, is_primary
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

BETWEEN, WITHIN = " between people (person mean)", " within people (deviation from the person mean)"
APART = " within - between people"
"""How `compare` ends the contrasts of a variable that varies within people."""
_PARTS = (BETWEEN, WITHIN, APART)
_FIGURES = 4
_EDGES = 30
_NAMES = ("estimate", "ci_low", "ci_high")
_SET = ("variable", "population", *(name for name in BLOCK if name != "contrast"))


def split_pairs(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that belong to a pair, with its ``variable`` and ``part``, and the other rows.

    What is only adjusted for ("..., in the model of ...") stays in the table and is not drawn.
    """
    ends = [next((end for end in _PARTS if str(contrast).endswith(end)), "") for contrast in rows["contrast"]]
    paired = pd.Series([bool(end) for end in ends], index=rows.index, dtype=bool)
    names = [str(contrast).removesuffix(end) for contrast, end in zip(rows["contrast"], ends, strict=True)]
    return rows.assign(variable=names, part=ends)[paired], rows[~paired]


def adjusted_only(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows are parts of a covariate, for whose sake the model was not made."""
    return pd.Series(
        [any(f"{end}, in the model of " in str(contrast) for end in _PARTS) for contrast in rows["contrast"]],
        index=rows.index,
        dtype=bool,
    )


def within_between(pairs: pd.DataFrame, results: Results, draw: Draw) -> list[Block]:
    """Return the figures of the pairs, the declared estimator and the first population first."""
    if pairs.empty:
        return []
    primary = pairs[is_primary(pairs, results)]
    chosen = pairs if primary.empty else primary
    if not any(map(math.isfinite, chosen["estimate"])):
        return [Paragraph(say("effects.pair_none"), "note")]
    declared = results.declared.statistic if results.declared else ""
    order = results.population_names
    sets = [(dict(zip(_SET, map(str, key), strict=True)), rows) for key, rows in chosen.groupby(list(_SET))]
    sets.sort(
        key=lambda item: (
            item[0]["statistic"] != declared,
            order.index(item[0]["population"]) if item[0]["population"] in order else len(order),
        )
    )
    figures = [draw(_plan(place, *item, results)) for place, item in enumerate(sets[:_FIGURES])]
    blocks: list[Block] = [Paragraph(say("effects.pair_lead"), "note"), *figures[:1]]
    if figures[1:]:
        blocks.append(Fold(say("effects.unfold_figures", n=len(figures) - 1), tuple(figures[1:])))
    if len(sets) > _FIGURES:
        blocks.append(Paragraph(say("effects.more_figures", n=len(sets) - _FIGURES), "note"))
    return blocks


def reading(between: dict[str, Any], within: dict[str, Any]) -> str:
    """Say in words how the two parts stand to each other; nothing where one of them is not estimated."""
    low, high = float(between["estimate"]), float(within["estimate"])
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if low * high >= 0:
        return say("effects.pair_same")
    clear = all(float(part["ci_low"]) * float(part["ci_high"]) > 0 for part in (between, within))
    return say("effects.pair_reversed") if clear else say("effects.pair_signs_open")


def _plan(place: int, key: dict[str, str], rows: pd.DataFrame, results: Results) -> Plan:
    digits = digits_for(list(rows["estimate"]))
    styles = {BETWEEN: group_style(0), WITHIN: group_style(1)}
    forest = []
    known = rows[rows["estimate"].map(math.isfinite)]
    targets = list(dict.fromkeys(known["target"]))
    unknown = rows["target"].nunique() - len(targets)
    for target in targets[:_EDGES]:
        found = {str(row["part"]): row for row in rows[rows["target"] == target].to_dict("records")}
        if BETWEEN in found and WITHIN in found:
            items = tuple(_estimate(found[part], styles[part], digits) for part in (BETWEEN, WITHIN))
            forest.append(ForestRow(pretty(str(target)), reading(found[BETWEEN], found[WITHIN]), items))
    unit = next((read.text(unit) for unit in rows["estimate_unit"] if unit), "")
    variable = read.text(key["variable"], 60)
    legend = [
        Entry(say("effects.pair_between"), *styles[BETWEEN]),
        Entry(say("effects.pair_within"), *styles[WITHIN]),
    ]
    axis = say("effects.pair_axis", unit=unit, variable=variable)
    population = results.population_label(key["population"])
    caption = say(
        "effects.pair_caption", variable=variable, unit=unit, population=population, task=key["task"]
    )
    if len(targets) > _EDGES:
        caption += " " + say("effects.many_primary", shown=_EDGES, n=len(targets))
    if unknown:
        caption += " " + say("effects.pair_unknown", n=unknown)
    return Plan(
        name=f"effects-within-between-{place + 1}",
        title=say("effects.pair_title", variable=variable, population=population),
        description=_describe(forest, variable),
        caption=caption,
        draw=lambda sheet: draw_forest(sheet, forest, legend, axis),
        data=rows[["population", *BLOCK, "target", *_NAMES, "n"]],
    )


def _estimate(row: dict[str, Any], style: tuple[str, str], digits: int) -> Estimate:
    value, low, high = (float(row[name]) for name in _NAMES)
    words = estimate(value, low, high, digits) if math.isfinite(value) else say("effects.not_estimated")
    return Estimate(value, low, high, *style, words)


def _describe(rows: list[ForestRow], variable: str) -> str:
    parts = [
        say(
            "effects.pair_described",
            edge=row.label,
            between=row.estimates[0].words,
            within=row.estimates[1].words,
            reading=row.note or say("effects.not_estimated"),
        )
        for row in rows[:20]
    ]
    return say("effects.pair_description", variable=variable, values="; ".join(parts))
