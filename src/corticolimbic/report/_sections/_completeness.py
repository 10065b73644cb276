"""Completeness: which visits and variables are there, by site, visit and month."""

from __future__ import annotations

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Heading
from corticolimbic.report._figures._heat import HeatCell, HeatPanel, draw_heat
from corticolimbic.report._numbers import share, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._pain_over_time import EVERYWHERE, Draw, site_words
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_ANY = "(visit)"
_PANELS = 4
"""Variables that the figure shows; the table has all."""
_ROWS = 40
_UNDATED = "n/a"


def completeness(results: Results, draw: Draw) -> list[Block]:
    """Return the blocks; none where nothing was counted."""
    table = results.completeness
    if table is None or table.empty:
        return []
    panels = _by_visit(results, table)
    months = _by_month(table)
    if months is not None:
        panels.append(months)
    return [Heading(say("complete.title")), draw(_plan(table, panels, dated=months is not None))]


def _plan(table: pd.DataFrame, panels: list[HeatPanel], *, dated: bool) -> Plan:
    whole_study = table[(table["site"] == EVERYWHERE) & (table["month"] == EVERYWHERE)]
    steps = "; ".join(
        f"{_visit_name(str(row.session_id), {})}, {_variable(str(row.variable))}: {share(row.share)}"
        for row in whole_study.itertuples()
    )
    return Plan(
        name="completeness",
        title=say("complete.figure_title"),
        description=steps,
        caption=say("complete.caption_dated" if dated else "complete.caption_undated"),
        draw=lambda sheet: draw_heat(sheet, panels),
        data=table,
    )


def _by_visit(results: Results, table: pd.DataFrame) -> list[HeatPanel]:
    """Return a panel for each variable: sites down, visits across."""
    labels = {group.name: group.label for group in results.flow.visits} if results.flow else {}
    rows = table[table["month"] == EVERYWHERE]
    found = list(dict.fromkeys(rows["session_id"]))
    order = [name for name in labels if name in found]
    visits = [*order, *(name for name in found if name not in {*order, EVERYWHERE}), EVERYWHERE]
    variables = sorted(set(rows["variable"]), key=lambda name: (name != _ANY, name))[:_PANELS]
    return [
        _panel(
            _variable(variable),
            rows[rows["variable"] == variable],
            "session_id",
            visits,
            [_visit_name(visit, labels) for visit in visits],
            breaks=True,
        )
        for variable in variables
    ]


def _by_month(table: pd.DataFrame) -> HeatPanel | None:
    """Return a panel of all visits by the month in which they were due, where dates are known."""
    rows = table[(table["session_id"] == EVERYWHERE) & (table["variable"] == _ANY)]
    due = rows[(rows["site"] == EVERYWHERE) & (rows["n_due"] > 0)]
    months = sorted(set(due["month"]) - {EVERYWHERE, _UNDATED})
    if not months:
        return None
    return _panel(say("complete.by_month"), rows, "month", months, [_month(month) for month in months])


def _panel(
    title: str, rows: pd.DataFrame, across: str, keys: list[str], names: list[str], *, breaks: bool = False
) -> HeatPanel:
    sites = sorted(set(rows["site"]), key=lambda site: (site != EVERYWHERE, site))[:_ROWS]
    known = {(row["site"], row[across]): row for _, row in rows.iterrows()}
    return HeatPanel(
        title=title,
        columns=tuple(names),
        rows=tuple(site_words(str(site)) for site in sites),
        cells=tuple(tuple(_cell(known.get((site, key))) for key in keys) for site in sites),
        breaks=breaks,
    )


def _cell(row: pd.Series | None) -> HeatCell:
    if row is None:
        return HeatCell(float("nan"), "")
    tip = say(
        "complete.tip",
        present=whole(row["n_present"]),
        due=whole(row["n_due"]),
        waiting=int(row["n_not_due"]),
    )
    return HeatCell(float(row["share"]), tip)


def _month(month: str) -> str:
    """Return a month before its year, which then stands under it where there is little room."""
    year, _, number = month.partition("-")
    return read.text(f"{number} {year}", 20)


def _variable(name: str) -> str:
    return say("complete.any") if name == _ANY else read.text(name, 80)


def _visit_name(session: str, labels: dict[str, str]) -> str:
    if session == EVERYWHERE:
        return say("complete.all_visits")
    return read.text(labels.get(session, session), 60)
