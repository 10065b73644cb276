"""Registered validation: what was declared before the data, and what became of it."""

from __future__ import annotations

import math

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Pairs,
    Paragraph,
    Section,
    Table,
    capped,
)
from corticolimbic.report._numbers import decimal, estimate, whole
from corticolimbic.report._records_registered import Held, Registered
from corticolimbic.report._results import Results
from corticolimbic.report._sections._marker_table import metric_name
from corticolimbic.report._sections._people import site_name
from corticolimbic.report._words import say

_DEPARTURES = 100


def registered(results: Results) -> Section | None:
    """Return the section, or None where no declaration was checked."""
    found = results.registered
    if found is None:
        return None
    blocks: list[Block] = [Paragraph(say("registered.reading")), Pairs(_declared(found, results))]
    names = {marker.id: marker.name or marker.id for marker in results.markers or ()}
    for held in found.held:
        blocks += _held(held, found, names.get(held.marker, held.marker))
    return Section("registered", say("registered.title"), tuple(blocks))


def _declared(found: Registered, results: Results) -> tuple[tuple[str, str], ...]:
    bound = say(
        "registered.above" if found.direction == "greater" else "registered.below",
        metric=metric_name(found.metric),
        bound=decimal(found.bound),
    )
    if math.isfinite(found.expected):
        bound += " " + say("registered.expected", value=decimal(found.expected))
    deposited = found.deposited or say("registered.nowhere")
    return (
        (say("registered.when"), found.declared),
        (say("registered.where"), deposited),
        (say("registered.hash"), found.sha256),
        (say("marker.outcome"), found.outcome),
        (say("population.title"), results.population_label(found.population)),
        (say("registered.criterion"), bound),
        (say("registered.minimum"), whole(found.minimum_people)),
    )


def _held(held: Held, found: Registered, name: str) -> list[Block]:
    verdict = say.of("held", held.verdict.replace(" ", "_"), held.verdict)
    if math.isfinite(held.value):
        figure = say(
            "registered.figure",
            metric=metric_name(found.metric),
            value=estimate(held.value, held.low, held.high),
            n=held.n,
            site=site_name(held.site),
        )
    else:
        figure = say("registered.no_figure", metric=metric_name(found.metric))
    blocks: list[Block] = [
        Heading(name),
        Paragraph(f"{verdict} {figure}", "warning" if held.verdict == "deviated" else "lead"),
        Paragraph(_dates(held), "note"),
    ]
    if held.departures:
        columns = (
            Column(say("registered.what")),
            Column(say("registered.name")),
            Column(say("registered.as_declared")),
            Column(say("registered.as_found")),
        )
        rows = [
            (
                Cell(say.of("deviation", item.kind.replace(" ", "_"), item.kind)),
                Cell(item.name),
                Cell(item.declared or say("registered.nothing")),
                Cell(item.found or say("registered.nothing")),
            )
            for item in held.departures
        ]
        shown = capped(rows, _DEPARTURES)
        pointer = say("registered.pointer", n=len(rows)) if len(rows) > len(shown) else ""
        blocks.append(Table(say("registered.table"), columns, shown, pointer=pointer))
    return blocks


def _dates(held: Held) -> str:
    lines = [say("registered.dated", known=held.n_dated, n=held.n_people)]
    if held.n_training > 0:
        lines.append(say("registered.training", n=held.n_training))
    return read.text(" ".join(lines), 600)
