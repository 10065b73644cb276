"""The circuit as measured, drawn once for each population."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Pairs, Paragraph, Row, Section, Table
from corticolimbic.report._figures._circuit import CircuitWords, Drawn, draw_circuit
from corticolimbic.report._numbers import decimal, estimate, interval, whole
from corticolimbic.report._records_circuit import Circuit, Mean, Region
from corticolimbic.report._results import Results
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_PANELS = 4
_ROWS = 400
_WIDTH = 480
_WIDE = 700


def circuit(results: Results, draw: Draw) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    if results.circuit is None:
        blocks.append(Paragraph(say("circuit.absent"), "note"))
    elif not any(math.isfinite(mean.mean) for mean in results.circuit.means):
        blocks.append(Paragraph(say("circuit.nothing_measured"), "note"))
    else:
        blocks += _measured(results.circuit, results, draw)
    return Section("circuit", say("circuit.title"), tuple(blocks))


def _measured(found: Circuit, results: Results, draw: Draw) -> list[Block]:
    series, statistic = _shown(found, results)
    means = [mean for mean in found.means if (mean.series, mean.statistic) == (series, statistic)]
    links = tuple(link for link in found.links if not link.atlas or link.atlas == means[0].atlas)
    left = sorted({mean.series for mean in found.means} - {series})
    found = replace(found, links=links)
    known = {mean.population for mean in means}
    populations = [name for name in results.population_names if name in known]
    populations += sorted(known - set(populations))
    ends = {end for link in found.links for end in (link.a, link.b)}
    regions = [region for region in found.regions if region.id in ends]
    unplaced = [region.id for region in regions if not math.isfinite(region.x + region.y + region.z)]
    reading = say(
        "circuit.reading",
        statistic=_statistic(statistic),
        task=means[0].task,
        atlas=means[0].atlas or "n/a",
    )
    blocks: list[Block] = [Paragraph(reading)]
    blocks.append(Paragraph(say("circuit.view"), "note"))
    largest = _round_up(max(abs(mean.mean) for mean in means if math.isfinite(mean.mean)) if means else 1.0)
    width = _WIDE if len(populations) == 1 else _WIDTH
    figures = [
        draw(
            _plan(
                found,
                regions,
                [m for m in means if m.population == name],
                _Panel(place, largest, width),
                results,
            )
        )
        for place, name in enumerate(populations[:_PANELS])
    ]
    blocks.append(Row(tuple(figures)))
    if len(populations) > _PANELS:
        blocks.append(Paragraph(say("circuit.more_populations", n=len(populations) - _PANELS), "note"))
    if unplaced:
        blocks.append(Paragraph(say("circuit.unplaced", regions=", ".join(unplaced)), "note"))
    if left:
        blocks.append(Paragraph(say("circuit.other_sets", names="; ".join(map(_named_set, left))), "note"))
    others = sorted({mean.statistic for mean in found.means} - {statistic})
    if others:
        blocks.append(
            Paragraph(say("circuit.other_statistics", names=", ".join(map(_statistic, others))), "note")
        )
    blocks.append(_table(found, means, results))
    names = tuple((region.id, region.name) for region in regions if region.name != region.id)
    if names:
        blocks.append(Fold(say("circuit.names", n=len(names)), (Pairs(names),)))
    return blocks


def _named_set(series: tuple[str, str, str, str, str]) -> str:
    task, acquisition, space, atlas, strategy = series
    more = [text for text in (acquisition, space, strategy) if text not in {"", "n/a"}]
    return ", ".join([say("circuit.set", task=task, atlas=atlas or "n/a"), *more])


def _shown(found: Circuit, results: Results) -> tuple[tuple[str, str, str, str, str], str]:
    """Return the series and the estimator that are drawn: the declared estimator, else the first."""
    pairs = list(
        dict.fromkeys((mean.series, mean.statistic) for mean in found.means if math.isfinite(mean.mean))
    )
    declared = results.declared.statistic if results.declared else ""
    return next((pair for pair in pairs if pair[1] == declared), pairs[0])


def _statistic(name: str) -> str:
    return say.of("statistic", name, name)


def _round_up(value: float) -> float:
    return math.ceil(value * 10 - 1e-9) / 10 or 0.1


class _Panel:
    """Which panel: its place among the populations, the end of the colour scale, its width."""

    def __init__(self, place: int, largest: float, width: int) -> None:
        self.place, self.largest, self.width = place, largest, width


def _plan(found: Circuit, regions: list[Region], means: list[Mean], panel: _Panel, results: Results) -> Plan:
    by_target = {mean.target: mean for mean in means}
    people = max((mean.n for mean in means), default=-1)
    label = results.population_label(means[0].population)
    edges = [
        Drawn(link, by_target[link.target].mean if link.target in by_target else math.nan,
              _tip(link.target, by_target.get(link.target)))
        for link in found.links
    ]  # fmt: skip
    unit = next((mean.unit for mean in means if mean.unit), "r")
    lost = sum(1 for edge in edges if not math.isfinite(edge.mean))
    words = CircuitWords(
        title=say("circuit.panel", label=label, n=people) if people >= 0 else label,
        front=say("circuit.front"),
        back=say("circuit.back"),
        unit=say("circuit.unit", unit=unit),
        primary=say("circuit.primary"),
        missing=say("circuit.missing", n=lost) if lost else "",
    )
    primary = [edge for edge in edges if edge.link.primary]
    return Plan(
        name=f"circuit-{panel.place + 1}",
        title=say("circuit.figure_title", label=label),
        description=say("circuit.figure_description", values="; ".join(edge.tip for edge in primary[:20])),
        caption="",
        draw=lambda sheet: draw_circuit(sheet, regions, edges, panel.largest, words),
        data=pd.DataFrame([vars(mean) for mean in means]),
        width=panel.width,
    )


def pretty(target: str) -> str:
    """Return a target with a true dash between its regions."""
    return read.text(target, 100).replace("--", "–").replace("->", "→")


def contrast(text: str) -> str:
    """Return a contrast with a true minus sign between its groups."""
    return read.text(text, 100).replace(" - ", " \N{MINUS SIGN} ")


def _named(target: str, instead: str) -> str:
    """Return an edge's name with the edge that it stands in for, where it does (METHODS M-14)."""
    return say("circuit.stands_in", edge=pretty(target), other=pretty(instead)) if instead else pretty(target)


def _tip(target: str, mean: Mean | None) -> str:
    if mean is None or not math.isfinite(mean.mean):
        return say("circuit.tip_missing", edge=pretty(target))
    return f"{pretty(target)}: {estimate(mean.mean, mean.ci_low, mean.ci_high)} {mean.unit}".strip()


def _table(found: Circuit, means: list[Mean], results: Results) -> Fold:
    columns = (
        Column(say("circuit.edge")),
        Column(say("circuit.role")),
        Column(say("population.title")),
        Column(say("circuit.mean"), numeric=True),
        Column(say("table.interval"), numeric=True),
        Column(say("circuit.sd"), numeric=True),
        Column(say("table.n"), numeric=True),
    )
    primary = found.primary
    instead = {link.target: link.stands_in_for for link in found.links}
    ordered = sorted(means, key=lambda mean: (mean.target not in primary, mean.target))
    rows = tuple(
        (
            Cell(_named(mean.target, instead.get(mean.target, ""))),
            Cell(say("circuit.role_primary" if mean.target in primary else "circuit.role_other")),
            Cell(results.population_label(mean.population)),
            Cell(decimal(mean.mean), mean.mean),
            Cell(interval(mean.ci_low, mean.ci_high), mean.ci_low),
            Cell(decimal(mean.sd), mean.sd),
            Cell(whole(mean.n), float(mean.n)),
        )
        for mean in ordered[:_ROWS]
    )
    pointer = say("circuit.pointer", shown=len(rows), n=len(ordered)) if len(ordered) > len(rows) else ""
    unit = next((mean.unit for mean in means if mean.unit), "r")
    listing = Table(
        say("circuit.table", unit=unit), columns, rows, sortable=True, filterable=True, pointer=pointer
    )
    return Fold(say("circuit.unfold", n=len(ordered)), (listing,))
