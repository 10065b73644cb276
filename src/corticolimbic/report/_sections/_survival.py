"""Which published markers survive in this cohort, at a glance: a row for each, grouped by verdict."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.evidence import effects as published_effects
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import (
    Block,
    Cell,
    Column,
    Fold,
    Heading,
    Items,
    Paragraph,
    Section,
    Table,
)
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._figures._survival_of_markers import (
    Axis,
    Judgement,
    MarkerGroup,
    MarkerRow,
    draw_survival,
)
from corticolimbic.report._numbers import decimal, estimate, probability, whole
from corticolimbic.report._palette import MUTED, group_style
from corticolimbic.report._records_markers import Marker, Published
from corticolimbic.report._results import Results
from corticolimbic.report._sections._marker_table import metric_name
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_FIRST, _LAST = (
    ("survives",),
    ("one threshold only", "opposite", "absent", "inconclusive", "state marker"),
)
_UNJUDGED = ("in-sample only", "too few", "not computable")
"""Without a figure: listed under the drawing, with the reason."""
_BASELINE = "baseline"
_MARKERS = 60


def survival(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None where there are no verdicts."""
    table = results.verdicts
    if table is None or table.empty:
        return None
    outcomes = judged_outcomes(table)
    blocks: list[Block] = [Paragraph(say("survival.lead"))]
    for place, outcome in enumerate(outcomes):
        rows = table[table["outcome"] == outcome]
        blocks += [outcome_heading(outcome)] if len(outcomes) > 1 else []
        blocks += [Paragraph(line, "lead") for line in verdict_lines(rows, results)]
        blocks += _glance(place, outcome, rows, results, draw)
        blocks.append(_figures(rows, results))
    blocks += _unjudged(table, results)
    blocks.append(_meanings(table, results))
    return Section("survival", say("survival.title"), tuple(blocks))


def judged_outcomes(verdicts: pd.DataFrame) -> list[str]:
    """Return the primary outcomes, classes first."""
    classes = set(verdicts.loc[verdicts["metric"] == "auc", "outcome"])
    return sorted(dict.fromkeys(map(str, verdicts["outcome"])), key=lambda name: name not in classes)


def outcome_heading(name: str) -> Heading:
    """Return the heading above what is said of one outcome."""
    return Heading(say("survival.outcome", outcome=read.text(name)))


def verdict_name(verdict: str) -> str:
    """Return a verdict as people read it."""
    return say.of("verdict", verdict, read.text(verdict))


def verdict_lines(rows: pd.DataFrame, results: Results) -> list[str]:
    """Return a sentence a population: how many markers survive, which, and what became of the others."""
    lines = []
    for population in _populations(rows, results):
        here = rows[(rows["population"] == population) & (rows["role"] != "state")]
        judged = here[~here["verdict"].isin(_UNJUDGED)]
        if judged.empty:
            why = ", ".join(
                say("survival.count", n=n, verdict=verdict_name(name)) for name, n in _counted(here)
            )
            where = {"outcome": read.text(rows["outcome"].iloc[0]),
                     "population": results.population_label(population)}  # fmt: skip
            lines.append(say("survival.nobody", named=len(here), counts=why, **where))
            continue
        names = _names(results)
        survivors = [
            names.get(name, str(name)) for name in judged.loc[judged["verdict"] == "survives", "marker"]
        ]
        rest = [
            say("survival.count", n=int(n), verdict=verdict_name(name))
            for name, n in _counted(judged)
            if name != "survives"
        ]
        key = "survival.some" if survivors else "survival.none"
        line = say(
            key,
            outcome=read.text(rows["outcome"].iloc[0]),
            population=results.population_label(population),
            judged=len(judged),
            named=len(here),
            n=len(survivors),
            names="; ".join(survivors),
        )
        lines.append(line + (" " + say("survival.rest", counts=", ".join(rest)) if rest else ""))
    return lines


def _counted(rows: pd.DataFrame) -> list[tuple[str, int]]:
    counts = rows["verdict"].value_counts()
    return [(name, int(counts[name])) for name in _order(rows) if name in counts]


def _order(rows: pd.DataFrame) -> list[str]:
    """Return the verdicts that occur: survivors, what explains the others, the rest, the unjudged."""
    explained = sorted(name for name in set(rows["verdict"]) if name.startswith("explained"))
    known = [*_FIRST, *explained, *_LAST, *_UNJUDGED]
    return [name for name in known if (rows["verdict"] == name).any()] + sorted(
        set(rows["verdict"]) - set(known)
    )


def _populations(rows: pd.DataFrame, results: Results) -> list[str]:
    return [name for name in results.population_names if (rows["population"] == name).any()]


def _names(results: Results) -> dict[str, str]:
    return {marker.id: marker.name or marker.id for marker in results.markers or ()}


def _glance(place: int, outcome: str, rows: pd.DataFrame, results: Results, draw: Draw) -> list[Block]:
    populations = _populations(rows, results)
    styles = {name: group_style(results.population_names.index(name)) for name in populations}
    drawn = rows[rows["value"].map(math.isfinite) & ~rows["verdict"].isin(_UNJUDGED)]
    if drawn.empty:
        return [Paragraph(say("survival.nothing_drawn"), "note")]
    cards = {marker.id: marker for marker in results.markers or ()}
    first = drawn.assign(rank=[populations.index(name) for name in drawn["population"]])
    first = first.sort_values("rank", kind="stable").drop_duplicates("marker")
    metric = str(first["metric"].iloc[0])
    groups = []
    for verdict in _order(first):
        ids = first[first["verdict"] == verdict].sort_values("value", ascending=False, kind="stable")
        made = tuple(
            _row(cards.get(name), drawn[drawn["marker"] == name], metric, populations, styles)
            for name in ids["marker"].head(_MARKERS)
        )
        title = say("survival.group", verdict=verdict_name(verdict), n=len(ids))
        groups.append(MarkerGroup(verdict, title, made))
    baselines = _baselines(outcome, metric, populations, styles, results)
    if baselines:
        groups.append(MarkerGroup("", say("survival.baselines"), baselines))
    ceiling = float(first["ceiling"].max()) if metric == "auc" else math.nan
    axis = Axis(
        say("survival.axis", metric=metric_name(metric)),
        0.5 if metric == "auc" else 0.0,
        ceiling,
        say("survival.ceiling", value=decimal(ceiling)),
    )
    legend = [Entry(results.population_label(name), *styles[name]) for name in populations]
    if any(row.published for group in groups for row in group.rows):
        legend.append(Entry(say("survival.legend_published"), MUTED, "D", hollow=True))
    values = "; ".join(
        f"{row.label}: " + ", ".join(f"{one.words} {one.verdict_name}".strip() for one in row.judgements)
        for group in groups
        for row in group.rows
    )
    plan = Plan(
        name=f"markers-survive-{place + 1}",
        title=say("survival.figure_title", outcome=read.text(outcome)),
        description=say("survival.figure_description", values=values),
        caption=say("survival.figure_caption" if metric == "auc" else "survival.figure_caption_r"),
        draw=lambda sheet: draw_survival(sheet, groups, legend, axis),
        data=drawn,
    )
    return [draw(plan)]


def _row(
    card: Marker | None,
    rows: pd.DataFrame,
    metric: str,
    populations: list[str],
    styles: dict[str, tuple[str, str]],
) -> MarkerRow:
    found = {str(row["population"]): row for row in rows.to_dict("records")}
    judgements = tuple(_judgement(found[name], styles[name]) for name in populations if name in found)
    name = str(rows["marker"].iloc[0])
    if card is None:
        return MarkerRow(name, (), judgements)
    state = say.of("state", card.state, card.state)
    published = _of_kind(card, metric)
    values = tuple(value for item in published if math.isfinite(value := read.number(item.value)))
    return MarkerRow(card.name or name, (state, _published(card, published)), judgements, values)


def _judgement(row: dict[Any, Any], style: tuple[str, str]) -> Judgement:
    value, low, high = (float(row[name]) for name in ("value", "ci_low", "ci_high"))
    words = estimate(value, low, high) + say("marker.with_n", n=whole(row["n"]))
    verdict = str(row["verdict"])
    return Judgement(value, low, high, *style, words, verdict, verdict_name(verdict))


def _published(card: Marker, of_kind: list[Published]) -> str:
    """Return what was published and verified: a figure of the axis' kind first, its people, how many more."""
    if not card.verified:
        return say("survival.unverified")
    first = (of_kind or list(card.verified))[0]
    value = read.number(first.value)
    return say(
        "survival.published",
        what=first.what,
        value=decimal(value) if math.isfinite(value) else first.value,
        n=say("survival.of_n", n=whole(first.n)) if first.n >= 0 else say("survival.n_unstated"),
        more=say("survival.more_figures", n=len(card.verified) - 1) if len(card.verified) > 1 else "",
    )


def _of_kind(card: Marker, metric: str) -> list[Published]:
    """Return the published figures of the axis' kind, as their rows in the table of effects say it."""
    kinds = {one.id: one.effect_type for one in published_effects() if one.verified}
    wanted = "auc" if metric == "auc" else "r"
    return [item for item in card.verified if kinds.get(item.effect) == wanted]


def _baselines(
    outcome: str,
    metric: str,
    populations: list[str],
    styles: dict[str, tuple[str, str]],
    results: Results,
) -> tuple[MarkerRow, ...]:
    table = results.evaluation
    if table is None:
        return ()
    rows = table[
        (table["kind"] == _BASELINE)
        & (table["outcome"] == outcome)
        & (table["metric"] == metric)
        & table["value"].map(math.isfinite)
    ]
    over = rows[[str(site).lower().startswith("all ") for site in rows["site"]]] if len(rows) else rows
    rows = over if len(over) else rows  # one centre has rows of its own only
    made = []
    for name, group in rows.groupby("name", sort=False):
        found = {str(row["population"]): row for row in group.to_dict("records")}
        judgements = tuple(
            Judgement(
                float(found[population]["value"]),
                float(found[population]["ci_low"]),
                float(found[population]["ci_high"]),
                *styles[population],
                estimate(
                    found[population]["value"], found[population]["ci_low"], found[population]["ci_high"]
                )
                + say("marker.with_n", n=whole(found[population]["n"])),
            )
            for population in populations
            if population in found
        )
        made.append(MarkerRow(_comparator(str(name)), (say("survival.baseline_note"),), judgements))
    return tuple(made)


def _comparator(name: str) -> str:
    """Return a baseline as people read it."""
    plain = name.removeprefix("baseline: ")
    return say.of("comparator", plain.replace(" ", "_").replace("-", "_"), read.text(plain))


def _figures(rows: pd.DataFrame, results: Results) -> Block:
    """Return every verdict with the sentence and the figures that it rests on, on demand."""
    names = _names(results)
    columns = (
        Column(say("survival.marker")),
        Column(say("population.title")),
        Column(say("survival.verdict")),
        Column(say("table.n"), numeric=True),
        Column(say("survival.within"), numeric=True),
        Column(say("survival.q"), numeric=True),
        Column(say("survival.pooled"), numeric=True),
        Column(say("survival.crude"), numeric=True),
        Column(say("survival.adjusted"), numeric=True),
        Column(say("survival.why")),
    )
    order = _order(rows)
    ranked = rows.assign(rank=[order.index(name) for name in rows["verdict"]])
    body = tuple(
        (
            Cell(names.get(row["marker"], read.text(row["marker"]))),
            Cell(results.population_label(str(row["population"]))),
            Cell(verdict_name(str(row["verdict"]))),
            Cell(whole(row["n"]), float(row["n"])),
            _interval(row, ""),
            Cell(probability(float(row["q"])), float(row["q"])),
            *(_interval(row, prefix) for prefix in ("pooled_", "crude_", "adjusted_")),
            Cell(read.text(row["why"], 1000)),
        )
        for row in ranked.sort_values("rank", kind="stable").to_dict("records")
    )
    caption = say("survival.table", outcome=read.text(rows["outcome"].iloc[0]))
    table = Table(caption, columns, body, sortable=True, filterable=True)
    return Fold(say("survival.unfold", n=rows["marker"].nunique()), (table,))


def _interval(row: dict[Any, Any], prefix: str) -> Cell:
    value, low, high = (float(row[f"{prefix}{name}"]) for name in ("value", "ci_low", "ci_high"))
    return Cell(estimate(value, low, high), value, quiet=prefix != "")


def _unjudged(table: pd.DataFrame, results: Results) -> list[Block]:
    """List each marker without any verdict on one line, with what it needs."""
    judged = set(table.loc[~table["verdict"].isin(_UNJUDGED), "marker"])
    rows = table[~table["marker"].isin(judged)].drop_duplicates("marker")
    if rows.empty:
        return []
    names, lines = _names(results), []
    cards = {marker.id: marker for marker in results.markers or ()}
    for row in (
        rows.assign(rank=[_UNJUDGED.index(v) for v in rows["verdict"]]).sort_values("rank").to_dict("records")
    ):
        name, verdict = str(row["marker"]), str(row["verdict"])
        card = cards.get(name)
        why = read.text(row["why"], 600)
        if verdict == "not computable" and card is not None and card.needs:
            why = say("survival.needs", needs="; ".join(card.needs))
        lines.append(say("survival.line", name=names.get(name, name), verdict=verdict_name(verdict), why=why))
    return [Heading(say("survival.unjudged", n=len(lines))), Items(tuple(lines))]


def _meanings(table: pd.DataFrame, results: Results) -> Block:
    columns = (Column(say("survival.verdict")), Column(say("survival.meaning")))
    rows = tuple(
        (Cell(verdict_name(name)), Cell(say.of("judged", name) or say("survival.explained")))
        for name in _order(table)
    )
    return Fold(say("survival.unfold_meanings"), (Table(say("survival.meanings"), columns, rows),))
