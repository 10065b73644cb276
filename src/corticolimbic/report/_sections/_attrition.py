"""Who was lost after they came in, how they differ, and what that does to the rate of the outcome."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Paragraph, Section, Table
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import decimal, estimate, interval, share, whole
from corticolimbic.report._palette import BLUE, INK, group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._people import Draw, site_name
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_EVERYWHERE = "all"
_VISITS = 4
"""Visits whose lost are drawn: the last ones, as many as there are marks that can be told apart."""
_COUNTS = ("n_expected", "n_seen", "n_lost", "n_left")
_ROWS = 24
"""Covariates that are drawn, those with the largest differences; the table has all."""


def attrition(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None where the folder has no table of attrition."""
    table = results.attrition
    if table is None or table.empty:
        return None
    names = _visit_names(results, table)
    table = _named(table, names)
    blocks: list[Block] = [Paragraph(_in_words(table)), _visits(table)]
    apart = table[table["site"] != _EVERYWHERE]
    if apart["site"].nunique() > 1:
        blocks.append(Fold(say("attrition.by_site"), (_sites(apart),)))
    if results.attrition_differences is not None:
        blocks += _differences(_named(results.attrition_differences, names), draw)
    blocks += _rates(results.attrition_rates, draw)
    return Section("attrition", say("attrition.title"), tuple(blocks))


def _visit_names(results: Results, table: pd.DataFrame) -> dict[str, str]:
    """Return the visits' names for people, where they tell the visits apart."""
    known = {group.name: group.label for group in results.flow.visits} if results.flow else {}
    names = {visit: known.get(visit) or visit for visit in dict.fromkeys(table["visit"].tolist())}
    return names if len(set(names.values())) == len(names) else {}


def _named(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return table.assign(visit=[names.get(visit, visit) for visit in table["visit"]])


def _in_words(table: pd.DataFrame) -> str:
    last = table[table["site"] == _EVERYWHERE].sort_values("visit_order").iloc[-1:].to_dict("records")
    if not last or last[0]["n_expected"] <= 0:
        return say("attrition.nobody_due")
    row = last[0]
    return say(
        "attrition.in_words",
        visit=read.text(row["visit"], 80),
        expected=int(row["n_expected"]),
        lost=int(row["n_lost"]),
        share=share(float(row["share_lost"])),
    )


def _visits(table: pd.DataFrame) -> Table:
    rows = table[table["site"] == _EVERYWHERE].sort_values("visit_order").to_dict("records")
    columns = (
        Column(say("attrition.visit")),
        Column(say("attrition.expected"), numeric=True),
        Column(say("attrition.seen"), numeric=True),
        Column(say("attrition.lost"), numeric=True),
        Column(say("attrition.left"), numeric=True),
        Column(say("attrition.share"), numeric=True),
    )
    cells = tuple(
        (
            Cell(read.text(row["visit"], 80)),
            *(
                Cell(whole(row[name]), float(row[name]))
                for name in ("n_expected", "n_seen", "n_lost", "n_left")
            ),
            Cell(_share(row), float(row["share_lost"])),
        )
        for row in rows
    )
    return Table(say("attrition.table"), columns, cells)


def _sites(table: pd.DataFrame) -> Table:
    visits = list(dict.fromkeys(table.sort_values("visit_order")["visit"]))
    columns = (Column(say("people.site")), *(Column(read.text(visit, 60), numeric=True) for visit in visits))
    rows = []
    for site, group in table.groupby("site", sort=True):
        found = {row["visit"]: row for row in group.to_dict("records")}
        cells = (
            Cell(_of(found[visit]), float(found[visit]["share_lost"])) if visit in found else Cell("")
            for visit in visits
        )
        rows.append((Cell(site_name(str(site))), *cells))
    return Table(say("attrition.table_by_site"), columns, tuple(rows), sortable=True)


def _share(row: dict[str, Any]) -> str:
    low, high = (100 * float(row[name]) for name in ("ci_low", "ci_high"))
    return " ".join(part for part in (share(float(row["share_lost"])), interval(low, high, 0)) if part)


def _of(row: dict[str, Any]) -> str:
    return say("attrition.of", lost=whole(row["n_lost"]), expected=whole(row["n_expected"]))


def _differences(table: pd.DataFrame, draw: Draw) -> list[Block]:
    if table.empty:
        return []
    visits = list(dict.fromkeys(table["visit"]))
    drawn = visits[-_VISITS:]
    known = table[table["visit"].isin(drawn) & table["difference"].map(math.isfinite)]
    blocks: list[Block] = []
    if not known.empty:
        blocks += [Paragraph(say("attrition.differences")), draw(_love_plot(known, drawn))]
    names = known.groupby(["covariate", "level"], sort=False).ngroups
    if names > _ROWS:
        blocks.append(Paragraph(say("attrition.more_covariates", shown=_ROWS, n=names), "note"))
    blocks.append(Fold(say("attrition.differences_table"), (_difference_table(table),)))
    return blocks


def _love_plot(known: pd.DataFrame, visits: list[str]) -> Plan:
    styles = {visit: group_style(place) for place, visit in enumerate(visits)}
    groups = [(_name(*key), group) for key, group in known.groupby(["covariate", "level"], sort=False)]
    groups.sort(key=lambda item: -item[1]["difference"].abs().max())
    rows = []
    for name, group in groups[:_ROWS]:
        found = {str(row["visit"]): row for row in group.to_dict("records")}
        marks = tuple(_mark(found[visit], styles[visit]) for visit in visits if visit in found)
        rows.append(ForestRow(name, estimates=marks))
    legend = [Entry(say("attrition.lost_at", visit=read.text(visit, 60)), *styles[visit]) for visit in visits]
    values = "; ".join(f"{row.label}: " + ", ".join(mark.words for mark in row.estimates) for row in rows)
    return Plan(
        name="attrition-differences",
        title=say("attrition.figure_title"),
        description=say("attrition.figure_description", values=values),
        caption=say("attrition.figure_caption"),
        draw=lambda sheet: draw_forest(sheet, rows, legend, say("attrition.axis")),
        data=known,
    )


def _name(covariate: str, level: str) -> str:
    label = read.text(covariate, 60)
    return f"{label}: {read.text(level, 60)}" if level else label


def _mark(row: dict[str, Any], style: tuple[str, str]) -> Estimate:
    value, low, high = (float(row[name]) for name in ("difference", "ci_low", "ci_high"))
    return Estimate(value, low, high, *style, estimate(value, low, high))


def _difference_table(table: pd.DataFrame) -> Table:
    columns = (
        Column(say("attrition.visit")),
        Column(say("attrition.covariate")),
        Column(say("attrition.value_lost"), numeric=True),
        Column(say("attrition.value_seen"), numeric=True),
        Column(say("attrition.difference"), numeric=True),
        Column(say("attrition.note")),
    )
    rows = []
    for row in table.to_dict("records"):
        value, low, high = (float(row[name]) for name in ("difference", "ci_low", "ci_high"))
        rows.append(
            (
                Cell(read.text(row["visit"], 60)),
                Cell(_name(row["covariate"], row["level"])),
                _counted(float(row["value_lost"]), int(row["n_lost"]), is_share=bool(row["level"])),
                _counted(float(row["value_seen"]), int(row["n_seen"]), is_share=bool(row["level"])),
                Cell(estimate(value, low, high), value),
                Cell(read.text(row["reason"], 200)),
            )
        )
    return Table(
        say("attrition.differences_caption"), columns, tuple(rows), sortable=True, filterable=len(rows) > 12
    )


def _counted(value: float, n: int, *, is_share: bool) -> Cell:
    shown = share(value) if is_share else decimal(value)
    return Cell(say("attrition.with_n", value=shown, n=n), value)


def _rates(table: pd.DataFrame | None, draw: Draw) -> list[Block]:
    if table is None or table.empty:
        return []
    whole_study = table[(table["group"] == _EVERYWHERE) & table["rate"].map(math.isfinite)]
    if whole_study.empty:
        return [Paragraph(say("attrition.no_rate"), "note")]
    blocks: list[Block] = [Paragraph(say("attrition.rates")), draw(_rate_plan(whole_study))]
    if (whole_study["delta"] != 0).any():
        blocks.append(Paragraph(_tipping(whole_study)))
    others = table[table["group"] != _EVERYWHERE]
    if not others.empty:
        blocks.append(Fold(say("attrition.rates_by_group"), (_group_table(others),)))
    return blocks


def _rate_plan(table: pd.DataFrame) -> Plan:
    order = table["delta"].where(table["delta"] != 0, -math.inf)  # what is not shifted stands first
    rows = []
    for row in table.iloc[order.argsort(kind="stable")].to_dict("records"):
        value, low, high = (100 * float(row[name]) for name in ("rate", "ci_low", "ci_high"))
        color, shape = (BLUE, "o") if row["delta"] == 0 else (INK, "D")
        words = estimate(value, low, high, 1)
        mark = Estimate(value, low, high, color, shape, words, quiet=row["method"] == "complete cases")
        rows.append(ForestRow(_method(row), _basis(row), (mark,)))
    values = "; ".join(f"{row.label}: {row.estimates[0].words}" for row in rows)
    return Plan(
        name="attrition-rates",
        title=say("attrition.rates_title"),
        description=say("attrition.rates_description", values=values),
        caption=say("attrition.rates_caption"),
        draw=lambda sheet: draw_forest(sheet, rows, (), say("attrition.rates_axis")),
        data=table,
    )


def _method(row: dict[str, Any]) -> str:
    if row["delta"] != 0:
        return say("attrition.shifted", delta=_signed(float(row["delta"])))
    return say.of("lost", str(row["method"]).replace(" ", "_"), read.text(row["method"], 60))


def _basis(row: dict[str, Any]) -> str:
    """Return what a rate rests on, in small words under its name."""
    if row["delta"] != 0:
        return ""
    if row["imputations"] > 0:
        return say("attrition.imputed", n=int(row["imputations"]), fmi=share(float(row["fmi"])))
    if row["method"] == "weights":
        return say("attrition.weighted", seen=int(row["n_seen"]), effective=whole(float(row["effective"])))
    return say("attrition.complete", seen=int(row["n_seen"]), n=int(row["n"]))


def _tipping(table: pd.DataFrame) -> str:
    tipped = table.loc[(table["delta"] != 0) & (table["tips"] == 1), "delta"]
    if tipped.empty:
        return say("attrition.never_tips")
    return say("attrition.tips", deltas=", ".join(_signed(float(delta)) for delta in sorted(tipped)))


def _signed(delta: float) -> str:
    text = f"{delta:+g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _group_table(table: pd.DataFrame) -> Table:
    columns = (
        Column(say("attrition.group")),
        Column(say("attrition.shift"), numeric=True),
        Column(say("attrition.rate"), numeric=True),
        Column(say("attrition.changes")),
    )
    rows = []
    for row in table.to_dict("records"):
        value, low, high = (100 * float(row[name]) for name in ("rate", "ci_low", "ci_high"))
        delta = float(row["delta"])
        rows.append(
            (
                Cell(read.text(row["group"], 80)),
                Cell(_signed(delta) if delta else "0", delta),
                Cell(estimate(value, low, high, 1), value),
                Cell(say("attrition.yes") if row["tips"] == 1 else ""),
            )
        )
    return Table(say("attrition.group_caption"), columns, tuple(rows), sortable=True)
