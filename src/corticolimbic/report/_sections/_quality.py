"""Quality: motion and censoring at each site, grades of the runs, signal of the regions."""

from __future__ import annotations

import math
from statistics import median

import pandas as pd

from corticolimbic.report._blocks import Block, Cell, Column, Paragraph, Row, Section, Table
from corticolimbic.report._figures._strips import DOTS, Strip, draw_strips
from corticolimbic.report._numbers import decimal, share, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._grades import grades
from corticolimbic.report._sections._people import Draw, site_name
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_WIDTH = 480
_SITES = 60
"""Sites that the figure shows; the table has all."""


def quality(results: Results, draw: Draw) -> Section:
    """Return the section."""
    table = results.sessions
    blocks: list[Block] = []
    if table is None or table.empty:
        blocks.append(Paragraph(say("quality.absent"), "note"))
        return Section("quality", say("quality.title"), tuple(blocks))
    inside = _members(results)
    fd = _strips(table, "mean_fd", inside, 1.0)
    censored = _strips(table, "censored_share", inside, 100.0)
    crowded = sum(len(strip.known) for strip in fd) > DOTS
    if any(strip.known for strip in (*fd, *censored)):
        reading = say("quality.columns") if crowded else say("quality.dots" if inside else "quality.dots_all")
        blocks.append(Paragraph(reading))
        if len(fd) > _SITES:
            blocks.append(Paragraph(say("quality.more_sites", shown=_SITES, n=len(fd)), "note"))
        figures = [
            _plan(
                "motion", say("quality.fd"), fd, table[["participant_id", "session_id", "site", "mean_fd"]]
            ),
            _plan(
                "censoring",
                say("quality.censored"),
                censored,
                table[["participant_id", "session_id", "site", "censored_share"]],
            ),
        ]
        blocks.append(Row(tuple(draw(plan) for plan in figures)))
    else:
        blocks.append(Paragraph(say("quality.no_motion"), "note"))
    blocks.append(_table(table))
    blocks += grades(results)
    return Section("quality", say("quality.title"), tuple(blocks))


def _members(results: Results) -> frozenset[str]:
    """Return who belongs to at least one population."""
    table = results.populations
    return frozenset() if table is None else frozenset(table.loc[table["member"] == 1, "participant_id"])


def _strips(table: pd.DataFrame, column: str, inside: frozenset[str], factor: float) -> list[Strip]:
    strips = []
    for site, rows in table.groupby("site", sort=True):
        pairs = [
            (value * factor, not inside or person in inside)
            for person, value in zip(rows["participant_id"], rows[column], strict=True)
            if math.isfinite(value)
        ]
        kept = tuple(value for value, member in pairs if member)
        aside = tuple(value for value, member in pairs if not member)
        strips.append(Strip(site_name(str(site)), kept, aside))
    return strips


def _plan(name: str, axis: str, strips: list[Strip], data: pd.DataFrame) -> Plan:
    medians = "; ".join(
        f"{strip.label}: {decimal(median(strip.known))}" for strip in strips[:_SITES] if strip.known
    )
    return Plan(
        name=name,
        title=axis,
        description=say("quality.figure_description", axis=axis, medians=medians),
        caption="",
        draw=lambda sheet: draw_strips(sheet, strips[:_SITES], axis),
        data=data,
        width=_WIDTH,
    )


def _table(table: pd.DataFrame) -> Table:
    rows = []
    for site, group in table.groupby("site", sort=True):
        fd = [value for value in group["mean_fd"] if math.isfinite(value)]
        lost = [value for value in group["censored_share"] if math.isfinite(value)]
        middle_fd, middle_lost = (median(values) if values else math.nan for values in (fd, lost))
        runs = int(group["n_runs"].clip(lower=0).sum())
        largest = max(fd, default=math.nan)
        rows.append(
            (
                Cell(site_name(str(site))),
                Cell(whole(len(group)), float(len(group))),
                Cell(whole(runs), runs),
                Cell(decimal(middle_fd, 3), middle_fd),
                Cell(decimal(largest, 3), largest),
                Cell(share(middle_lost), middle_lost),
            )
        )
    columns = (
        Column(say("people.site")),
        Column(say("quality.sessions"), numeric=True),
        Column(say("quality.runs"), numeric=True),
        Column(say("quality.median_fd"), numeric=True),
        Column(say("quality.largest_fd"), numeric=True),
        Column(say("quality.median_censored"), numeric=True),
    )
    return Table(say("quality.table"), columns, tuple(rows), sortable=True)
