"""What sites did to the edges before harmonisation, and what is left of it."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Paragraph, Section, Table
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import decimal, interval, share
from corticolimbic.report._palette import QUIET, group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_STAGE_NAMES = {"before": lambda: say("harmonisation.before"), "after": lambda: say("harmonisation.after")}
_STAGES = tuple(_STAGE_NAMES)


def harmonisation(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None where nothing was harmonised."""
    table = results.harmonisation
    if table is None or table.empty:
        return None
    first = table[table["place"] == table["place"].iloc[0]]
    blocks: list[Block] = [Paragraph(_in_words(first)), draw(_figure(first))]
    blocks += [Paragraph(say("harmonisation.reading"), "note"), _table(table)]
    return Section("harmonisation", say("harmonisation.title"), tuple(blocks))


def _in_words(rows: pd.DataFrame) -> str:
    mean = rows[rows["what"] == "mean"]
    value = {str(row["stage"]): float(row["value"]) for row in mean.to_dict("records")}
    method = str(rows["method"].iloc[0])
    return say(
        "harmonisation.in_words",
        method=say.of("harmonised", method, read.text(method, 60)),
        n=int(mean["n"].max()) if len(mean) else 0,
        nominal=share(float(mean["nominal"].max())) if len(mean) else "–",
        **{stage: share(value.get(stage, math.nan)) for stage in _STAGES},
    )


def _figure(rows: pd.DataFrame) -> Plan:
    styles = {stage: group_style(place) for place, stage in enumerate(_STAGES)}
    drawn = []
    for what, group in rows.groupby("what", sort=False):
        marks = []
        for row in group.to_dict("records"):
            stage, value = str(row["stage"]), float(row["value"])
            if stage in styles and math.isfinite(value):
                words = f"{_STAGE_NAMES[stage]()} {decimal(value)}"
                marks.append(Estimate(value, math.nan, math.nan, *styles[stage], words))
        last = group.iloc[-1]
        marks.append(
            Estimate(
                float(last["nominal"]),
                float(last["low"]),
                float(last["high"]),
                QUIET,
                "o",
                say("harmonisation.chance"),
                quiet=True,
            )
        )
        drawn.append(ForestRow(_name(what), estimates=tuple(marks)))
    legend = [Entry(_STAGE_NAMES[stage](), *styles[stage]) for stage in _STAGES]
    values = "; ".join(f"{row.label}: " + ", ".join(mark.words for mark in row.estimates) for row in drawn)
    return Plan(
        name="harmonisation",
        title=say("harmonisation.figure_title"),
        description=say("harmonisation.figure_description", values=values),
        caption=say("harmonisation.figure_caption", place=read.text(rows["place"].iloc[0], 120)),
        draw=lambda sheet: draw_forest(sheet, drawn, legend, say("harmonisation.axis")),
        data=rows,
    )


def _table(table: pd.DataFrame) -> Table:
    columns = (
        Column(say("harmonisation.place")),
        Column(say("harmonisation.figure")),
        *(Column(_STAGE_NAMES[stage](), numeric=True) for stage in _STAGES),
        Column(say("harmonisation.shuffled"), numeric=True),
        Column(say("harmonisation.verdict")),
    )
    body = []
    for (place, what), group in table.groupby(["place", "what"], sort=False):
        found = {str(row["stage"]): row for row in group.to_dict("records")}
        values = [float(found[stage]["value"]) if stage in found else math.nan for stage in _STAGES]
        last = group.iloc[-1]
        body.append(
            (
                Cell(read.text(place, 120)),
                Cell(_name(what)),
                *(Cell(decimal(value), value) for value in values),
                Cell(interval(float(last["low"]), float(last["high"]))),
                Cell(read.text(last["note"], 60) or say("harmonisation.within")),
            )
        )
    return Table(say("harmonisation.table"), columns, tuple(body))


def _name(what: object) -> str:
    return say.of("sitefigure", str(what), read.text(what, 60))
