"""Agreement with the literature: counts by verdict, figure 1, what is tested in a table, and what is not."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Paragraph, Section, Table
from corticolimbic.report._numbers import decimal, estimate, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import pretty
from corticolimbic.report._sections._figure_one import asked, figure_one, term
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._words import say

_VERDICTS = ("agrees", "opposite", "absent", "inconclusive", "mixed", "not tested")


def agreement(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None in folders of runs that came before it."""
    table = results.agreement
    if table is None:
        return None
    counted = table[table["counted"] == "yes"]
    findings = table.drop_duplicates("finding")
    tested = counted[counted["verdict"] != "not tested"]
    blocks: list[Block] = [
        Paragraph(
            say(
                "agreement.lead",
                n=len(findings),
                tested=int((findings["finding_verdict"] != "not tested").sum()),
            )
        ),
        _counts(counted, findings),
    ]
    blocks += figure_one(counted, draw)
    if len(tested):
        blocks.append(_tested(tested, results))
    others = int((table["verdict"] != "not tested").sum()) - len(tested)
    if others:
        blocks.append(Paragraph(say("agreement.others", n=others), "note"))
    blocks += _untested(counted)
    return Section("agreement", say("agreement.title"), tuple(blocks))


def _counts(counted: pd.DataFrame, findings: pd.DataFrame) -> Table:
    """Return findings by verdict, and the independent cohorts that stand behind them."""
    rows = []
    for verdict in _VERDICTS:
        here = findings[findings["finding_verdict"] == verdict]
        if here.empty:
            continue
        cells = counted.loc[counted["finding_verdict"] == verdict, "cohorts"]
        cohorts = {name for cell in cells for name in str(cell).split(";") if name}
        disputed = int((here["disputed"] == "yes").sum())
        rows.append(
            (
                Cell(say.of("verdict", verdict, verdict)),
                *(Cell(whole(n), float(n)) for n in (len(here), len(cohorts), disputed)),
                Cell(say.of("means", verdict)),
            )
        )
    columns = (
        Column(say("agreement.verdict")),
        Column(say("agreement.findings"), numeric=True),
        Column(say("agreement.independent"), numeric=True),
        Column(say("agreement.of_them_disputed"), numeric=True),
        Column(say("agreement.meaning")),
    )
    return Table(say("agreement.counts"), columns, tuple(rows))


def _tested(tested: pd.DataFrame, results: Results) -> Table:
    known = tested["bf_replication"].notna().any()
    columns = (
        Column(say("agreement.finding")),
        Column(say("agreement.about")),
        Column(say("agreement.question")),
        Column(say("agreement.condition")),
        Column(say("agreement.sign")),
        Column(say("agreement.votes"), numeric=True),
        Column(say("agreement.size"), numeric=True),
        Column(say("agreement.n"), numeric=True),
        Column(say("agreement.verdict")),
        *((Column(say("agreement.bayes"), numeric=True),) if known else ()),
        Column(say("agreement.population")),
        Column(say("agreement.why")),
    )
    rows = tuple(_row(row, results, bayes=bool(known)) for row in tested.to_dict("records"))
    caption = say("agreement.table", n=len(rows))
    return Table(caption, columns, rows, sortable=True, filterable=True)


def _row(row: dict[Any, Any], results: Results, *, bayes: bool) -> tuple[Cell, ...]:
    factor = float(row["bf_replication"])
    size = float(row["effect_size"])
    return (
        Cell(str(row["finding"])),
        Cell(f"{pretty(str(row['target']))}, {term(str(row['measure']))}"),
        Cell(asked(str(row["question"]))),
        Cell(read.text(row["condition"])),
        Cell(say.of("sign", str(row["direction"]))),
        Cell(
            say("agreement.for_and_against", n=int(row["votes"]), against=int(row["votes_against"])),
            float(row["votes"]),
        ),
        Cell(
            f"{estimate(size, float(row['es_low']), float(row['es_high']))} {read.text(row['es_kind'])}", size
        ),
        Cell(whole(row["n"]), float(row["n"])),
        Cell(say.of("verdict", str(row["verdict"]), str(row["verdict"]))),
        *((Cell(decimal(factor) if math.isfinite(factor) else "", factor),) if bayes else ()),
        Cell(results.population_label(str(row["population"]))),
        Cell(read.text(row["why"])),
    )


def _untested(counted: pd.DataFrame) -> list[Block]:
    """Return how many findings each reason keeps from a test; the findings are named in the fold."""
    rows = counted[counted["verdict"] == "not tested"]
    if rows.empty:
        return []
    reasons: dict[str, list[str]] = {}
    for finding, why, target in zip(rows["finding"], rows["why"], rows["target"], strict=True):
        general = str(why).replace(f" of {target} ", " ") if target else str(why)
        reasons.setdefault(general, []).append(str(finding))
    listed = sorted(reasons.items(), key=lambda item: -len(item[1]))
    columns = (
        Column(say("agreement.why")),
        Column(say("agreement.claims"), numeric=True),
        Column(say("agreement.findings")),
    )
    cells = tuple(
        (Cell(why), Cell(whole(len(names)), float(len(names))), Cell(", ".join(dict.fromkeys(names))))
        for why, names in listed
    )
    table = Table(say("agreement.untested", n=len(rows)), columns, cells, sortable=True)
    return [Fold(say("agreement.unfold", n=len(rows), reasons=len(listed)), (table,))]
