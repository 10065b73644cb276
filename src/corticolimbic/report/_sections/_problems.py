"""Problems: counts by severity and code, each with its remedy, and the rows behind them."""

from __future__ import annotations

import pandas as pd

from corticolimbic.foundation import problem_codes
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Items, Paragraph, Section, Table, capped
from corticolimbic.report._results import Results
from corticolimbic.report._words import say

ROWS = 300
"""Rows of problems.tsv that the page shows."""
_SEVERITIES = ("failed", "excluded", "info")


def problems(results: Results) -> Section:
    """Return the section."""
    table = results.problems
    blocks: list[Block] = []
    if table is None:
        blocks.append(Paragraph(say("problems.absent"), "note"))
    elif table.empty:
        blocks.append(Paragraph(say("problems.none")))
    else:
        blocks += [Paragraph(severities(table)), _by_code(table), _rows(table)]
    if results.unreadable:
        blocks.append(Paragraph(say("problems.unreadable"), "warning"))
        blocks.append(Items(tuple(f"{item.file}: {item.why}" for item in results.unreadable)))
    return Section("problems", say("problems.title"), tuple(blocks))


def severities(table: pd.DataFrame) -> str:
    """Return the counts by severity as a sentence."""
    counts = table["severity"].value_counts()
    n = {name: int(counts.get(name, 0)) for name in _SEVERITIES}
    return say("problems.counts", **n)


def _by_code(table: pd.DataFrame) -> Table:
    rows = []
    for (severity, code), group in table.groupby(["severity", "code"], sort=False):
        known = problem_codes().get(str(code))
        people = group.loc[group["participant_id"] != "", "participant_id"].nunique()
        remedy = known.remedy if known else next((text for text in group["remedy"] if text), "")
        cells = (
            Cell(read.text(code)),
            Cell(say.of("severity", str(severity), read.text(severity)), str(_rank(str(severity)))),
            Cell(known.title if known else say("problems.unknown_code")),
            Cell(f"{len(group):,}", float(len(group))),
            Cell(f"{people:,}", float(people)),
            Cell(read.text(remedy)),
        )
        rows.append((_rank(str(severity)), str(code), cells))
    columns = (
        Column(say("problems.code")),
        Column(say("problems.severity")),
        Column(say("problems.what")),
        Column(say("problems.times"), numeric=True),
        Column(say("problems.people"), numeric=True),
        Column(say("problems.remedy")),
    )
    ordered = tuple(cells for _, _, cells in sorted(rows, key=lambda row: row[:2]))
    return Table(say("problems.table"), columns, ordered, sortable=True)


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def _rows(table: pd.DataFrame) -> Fold:
    ordered = table.assign(rank=table["severity"].map(_rank)).sort_values(["rank", "code"], kind="stable")
    names = ("participant_id", "session_id", "file", "row", "severity", "code", "found", "remedy")
    rows = [
        tuple(
            Cell(say.of("severity", row[name], row[name]) if name == "severity" else read.text(row[name]))
            for name in names
        )
        for row in ordered.head(ROWS)[list(names)].to_dict("records")
    ]
    columns = tuple(
        Column(title)
        for title in (
            say("problems.participant"), say("problems.session"), say("problems.file"), say("problems.row"),
            say("problems.severity"), say("problems.code"), say("problems.found"), say("problems.remedy"),
        )
    )  # fmt: skip
    left = len(ordered) - len(rows)
    pointer = say("problems.pointer", shown=len(rows), n=len(ordered)) if left > 0 else ""
    listing = Table(
        say("problems.rows"), columns, capped(rows, ROWS), sortable=True, filterable=True, pointer=pointer
    )
    return Fold(say("problems.unfold", n=len(ordered)), (listing,))
