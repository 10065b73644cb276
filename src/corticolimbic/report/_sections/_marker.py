"""Published markers: what each is, how it does here by site and population, and what that rests on."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import (
    Block,
    Cell,
    Column,
    Fold,
    Heading,
    Items,
    Pairs,
    Paragraph,
    Section,
    Table,
)
from corticolimbic.report._numbers import decimal, whole
from corticolimbic.report._records_markers import Marker
from corticolimbic.report._results import Results
from corticolimbic.report._sections._marker_baselines import baseline_blocks, judged_apart
from corticolimbic.report._sections._marker_detail import adjusted, curves, sweep, why_blocks
from corticolimbic.report._sections._marker_difference import difference_blocks
from corticolimbic.report._sections._marker_figures import forest, scatters, slug
from corticolimbic.report._sections._marker_table import OUT_OF_FOLD, SHOWN, evaluation_table
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._sections._survival import judged_outcomes, outcome_heading, verdict_name
from corticolimbic.report._words import say

_OPEN = 3
"""With more markers than this each opens on demand."""


def markers(results: Results, draw: Draw) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    known = list(results.markers or ())
    named = {marker.id for marker in known}
    for table, column in ((results.evaluation, "name"), (results.scores, "marker")):
        for name in table[column].unique() if table is not None else ():
            if name not in named and not str(name).startswith("baseline: "):
                known.append(Marker.read({"id": name, "name": name}))
                named.add(name)
    if not known:
        blocks.append(Paragraph(say("marker.absent"), "note"))
    scored = [marker for marker in known if marker.computable]
    for marker in scored:
        if len(scored) <= _OPEN:
            blocks += [Heading(marker.name or marker.id), *_marker(marker, results, draw, alone=True)]
        else:
            blocks.append(
                Fold(_headline(marker, results), tuple(_marker(marker, results, draw, alone=False)))
            )
    lacking = [marker for marker in known if not marker.computable]
    if lacking and results.verdicts is not None and len(results.verdicts):
        blocks.append(Paragraph(say("marker.lacking_above", n=len(lacking)), "note"))
    elif lacking:
        blocks.append(Heading(say("marker.not_computable")))
        blocks.append(Items(tuple(_lacks(marker) for marker in lacking)))
    return Section("markers", say("marker.title"), tuple(blocks))


def _lacks(marker: Marker) -> str:
    needs = ", ".join(marker.needs) or marker.status.partition("needs")[2].strip(" :")
    return say("marker.needs", name=marker.name or marker.id, needs=needs or say("marker.needs_unsaid"))


def _headline(marker: Marker, results: Results) -> str:
    """Return the name, and the verdicts where they are: what a fold says while it is closed."""
    name = marker.name or marker.id
    table = results.verdicts
    here = table[table["marker"] == marker.id] if table is not None else pd.DataFrame()
    if here.empty:
        return name
    given = list(dict.fromkeys(verdict_name(str(verdict)) for verdict in here["verdict"]))
    return say("detail.title", name=name, verdict=", ".join(given))


def _marker(marker: Marker, results: Results, draw: Draw, *, alone: bool) -> list[Block]:
    blocks: list[Block] = [Pairs(_facts(marker)), *why_blocks(marker.id, results)]
    if marker.verified:
        blocks.append(_published(marker))
    if marker.failures:
        blocks += [Paragraph(say("marker.failures"), "note"), Items(marker.failures)]
    blocks += _unscored(marker, results)
    judged = results.evaluation
    rows = pd.DataFrame()
    if judged is not None:
        apart = judged_apart(judged) & ~judged["metric"].isin(OUT_OF_FOLD)
        rows = judged[(judged["name"] == marker.id) & ~apart]
    if rows.empty:
        blocks.append(Paragraph(say("marker.not_judged"), "note"))
    else:
        blocks.append(Paragraph(say("marker.reading")))
        outcomes = _outcomes(marker.id, rows, results)
        for outcome in outcomes:
            blocks += [outcome_heading(outcome)] if len(outcomes) > 1 else []
            blocks += _against(marker.id, outcome, rows[rows["outcome"] == outcome], results, draw)
    blocks += difference_blocks(marker.id, results)
    blocks += baseline_blocks(marker.id, results, len(results.markers or ()))
    if alone:
        return blocks + scatters(marker.id, results, draw)
    return [*blocks, Paragraph(say("detail.no_scatter"), "note")]


def _outcomes(marker: str, rows: pd.DataFrame, results: Results) -> list[str]:
    """Return the outcomes that have a part of their own: the primary ones, of which others are thresholds."""
    table = results.verdicts
    known = list(dict.fromkeys(map(str, rows["outcome"])))
    primary = judged_outcomes(table[table["marker"] == marker]) if table is not None else []
    return [name for name in primary if name in known] or known


def _against(marker: str, outcome: str, rows: pd.DataFrame, results: Results, draw: Draw) -> list[Block]:
    own = f"-{slug(outcome)}" if results.verdicts is not None else ""
    shown = rows[rows["metric"].isin(SHOWN)]
    blocks = forest(marker, shown, results, draw, own)
    blocks += sweep(marker, outcome, results, draw)
    blocks += adjusted(marker, outcome, results, draw)
    blocks += curves(marker, outcome, results, draw)
    again = judged_apart(shown)  # fitted anew in folds: a table of its own
    made = [(shown[~again], False), (shown[again], True)] if len(shown) else [(rows, False)]
    return [*blocks, *(evaluation_table(part, results, folds=folds) for part, folds in made if len(part))]


def _facts(marker: Marker) -> tuple[tuple[str, str], ...]:
    doi = say("marker.doi", doi=marker.doi) if marker.doi else ""
    pairs = (
        (say("marker.id"), marker.id),
        (say("marker.citation"), " ".join(part for part in (marker.citation, doi) if part)),
        (say("marker.predicts"), marker.predicts),
        (say("marker.target"), marker.target),
        (say("marker.recipe"), marker.recipe),
        (say("marker.learned_in"), marker.population),
        (say("marker.state"), marker.state),
        (say("marker.direction"), marker.direction),
        (say("marker.note"), marker.note),
    )
    return tuple((term, text) for term, text in pairs if text)


def _published(marker: Marker) -> Table:
    columns = (
        Column(say("marker.published_what")),
        Column(say("marker.published_value"), numeric=True),
        Column(say("table.n"), numeric=True),
    )
    rows = tuple(
        (Cell(item.what), Cell(_figure(item.value)), Cell(whole(item.n), float(item.n)))
        for item in marker.verified
    )
    return Table(say("marker.published"), columns, rows)


def _figure(text: str) -> str:
    value = read.number(text)
    return decimal(value) if math.isfinite(value) else text


def _unscored(marker: Marker, results: Results) -> list[Block]:
    """Say how many runs have no score, and why."""
    if results.scores is None:
        return []
    rows = results.scores[results.scores["marker"] == marker.id]
    failed = rows[rows["status"] != "ok"]
    blocks: list[Block] = [
        Paragraph(say("marker.scored", n=len(rows) - len(failed), failed=len(failed)), "note")
    ]
    if len(failed):
        counts = failed["status"].value_counts()
        lines = [f"{whole(int(n))} · {read.text(status)}" for status, n in counts.head(10).items()]
        blocks.append(Items(tuple(lines)))
    return blocks
