"""Who came in: the flow from the participants table to each population."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Illustration, Pairs, Paragraph, Section, Table
from corticolimbic.report._figures._flow import FlowBox, draw_flow
from corticolimbic.report._numbers import share, whole
from corticolimbic.report._palette import group_style
from corticolimbic.report._records import Flow, Group, Outcome, Removal
from corticolimbic.report._results import Results
from corticolimbic.report._sections._completeness import completeness
from corticolimbic.report._sections._pain_over_time import pain_over_time
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

SITES_IN_BOX = 6
_REASONS_IN_BOX = 8
_SITE_COLUMNS = 8
_SCREENING = frozenset({"listed", "eligible", "enrolled"})
"""Stages that come before the first visit."""
_VISITS_DRAWN = 8
"""Visits in the figure; the table has all."""

Draw = Callable[[Plan], Illustration]


def people(results: Results, draw: Draw) -> Section:
    """Return the section."""
    flow = results.flow
    blocks: list[Block] = []
    if flow is None or not (flow.stages or flow.populations):
        blocks.append(Paragraph(say("people.absent"), "note"))
    else:
        blocks.append(draw(_plan(flow)))
        blocks += _descriptions(flow)
        blocks.append(_table(flow))
        blocks += _outcome(flow)
    blocks += pain_over_time(results, draw)
    blocks += completeness(results, draw)
    return Section("people", say("people.title"), tuple(blocks))


def _plan(flow: Flow) -> Plan:
    stages = _stages(flow)
    ends = [_box(group, group_style(place)[0]) for place, group in enumerate(flow.populations)]
    steps = "; ".join(f"{group.label}: {whole(group.n)}" for group in _groups(flow))
    return Plan(
        name="flow",
        title=say("people.figure_title"),
        description=say("people.figure_description", steps=steps),
        caption=say("people.figure_caption") + (say("people.caption_visits") if flow.visits else ""),
        draw=lambda sheet: draw_flow(sheet, stages, ends, say("people.set_aside")),
        data=_data(flow),
    )


def _stages(flow: Flow) -> list[FlowBox]:
    """Return the boxes in the order of a study: who came in, who was seen at each visit, who is analysed."""
    before = [group for group in flow.stages if group.name in _SCREENING]
    after = [group for group in flow.stages if group.name not in _SCREENING]
    seen = [
        replace(_box(group), aside_of=say("people.missing_at_visit")) for group in flow.visits[:_VISITS_DRAWN]
    ]
    return [*map(_box, before), *seen, *map(_box, after)]


def _groups(flow: Flow) -> tuple[Group, ...]:
    before = tuple(group for group in flow.stages if group.name in _SCREENING)
    after = tuple(group for group in flow.stages if group.name not in _SCREENING)
    return (*before, *flow.visits, *after, *flow.populations)


def _box(group: Group, color: str = "") -> FlowBox:
    lines = [say("people.count", n=group.n)] if group.n >= 0 else [say("people.count_unknown")]
    lines += [sites_line(group.by_site)] if group.by_site else []
    aside = [_removal(item) for item in group.removed[:_REASONS_IN_BOX]]
    if len(group.removed) > _REASONS_IN_BOX:
        aside.append(say("people.more_reasons", n=len(group.removed) - _REASONS_IN_BOX))
    return FlowBox(group.label, tuple(lines), tuple(aside), color)


def sites_line(by_site: dict[str, int]) -> str:
    """Return the counts by site in one line, or how many sites there are."""
    if len(by_site) > SITES_IN_BOX:
        return say("people.many_sites", n=sum(1 for count in by_site.values() if count > 0))
    return " · ".join(f"{site_name(site)} {whole(count)}" for site, count in by_site.items())


def site_name(site: str) -> str:
    """Return a site as people read it."""
    return say("site.unknown") if site in {"", "n/a"} else read.text(site, 80)


def _removal(item: Removal) -> str:
    code = f" ({item.code})" if item.code else ""
    return f"{whole(item.n)} · {item.reason or say('people.no_reason')}{code}"


def _descriptions(flow: Flow) -> list[Block]:
    pairs = tuple((group.label, group.description) for group in flow.populations if group.description)
    return [Pairs(pairs)] if pairs else []


def _table(flow: Flow) -> Table:
    groups = _groups(flow)
    sites = list(dict.fromkeys(site for group in groups for site in group.by_site))
    if len(sites) > _SITE_COLUMNS:
        return _table_by_site(groups, sites)
    columns = (
        Column(say("people.group")),
        Column(say("people.everyone"), numeric=True),
        *(Column(site_name(site), numeric=True) for site in sites),
        Column(say("people.set_aside")),
    )
    rows = tuple(
        (
            Cell(group.label),
            Cell(whole(group.n), float(group.n)),
            *(Cell(whole(group.by_site.get(site, 0)), float(group.by_site.get(site, 0))) for site in sites),
            Cell("; ".join(_removal(item) for item in group.removed) or say("people.nobody")),
        )
        for group in groups
    )
    return Table(say("people.table"), columns, rows)


def _table_by_site(groups: tuple[Group, ...], sites: list[str]) -> Table:
    columns = (Column(say("people.site")), *(Column(group.label, numeric=True) for group in groups))
    rows = tuple(
        (Cell(site_name(site)), *(Cell(whole(group.by_site.get(site, 0)), float(group.by_site.get(site, 0)))
                                  for group in groups))
        for site in sites
    )  # fmt: skip
    return Table(say("people.table_by_site"), columns, rows, sortable=True)


def _outcome(flow: Flow) -> list[Block]:
    outcome = flow.outcome
    if not (outcome.name or outcome.label):
        return [Paragraph(say("people.no_outcome"), "note")]
    unit = say("people.outcome_unit", unit=outcome.unit) if outcome.unit else ""
    family = say.of("family", outcome.family, outcome.family)
    lines = [say("people.outcome", name=outcome.label or outcome.name, family=family) + unit]
    if math.isfinite(outcome.threshold) and outcome.family == "relative":
        lines.append(say("people.threshold", threshold=share(outcome.threshold)))
    if math.isfinite(outcome.level) and outcome.family == "absolute":
        lines.append(say("people.level", level=f"{outcome.level:g}"))
    if outcome.description:
        lines.append(outcome.description)
    return [Paragraph(" ".join(lines)), *([_sweep(outcome)] if outcome.sweep else [])]


def _sweep(outcome: Outcome) -> Table:
    columns = (
        Column(say("marker.outcome")),
        Column(say("people.everyone"), numeric=True),
        Column(say("people.persistent"), numeric=True),
    )
    rows = tuple(
        (Cell(item.outcome), Cell(whole(item.n)), Cell(whole(item.persistent))) for item in outcome.sweep
    )
    return Table(say("people.sweep"), columns, rows)


def _data(flow: Flow) -> pd.DataFrame:
    rows = []
    kinds = (("stage", flow.stages), ("visit", flow.visits), ("population", flow.populations))
    for kind, groups in kinds:
        for group in groups:
            rows.append((kind, group.name, group.label, "n", "", "", group.n))
            rows += [
                (kind, group.name, group.label, "site", site, "", n) for site, n in group.by_site.items()
            ]
            rows += [
                (kind, group.name, group.label, "removed", "", item.reason, item.n) for item in group.removed
            ]
    return pd.DataFrame(rows, columns=["kind", "name", "label", "what", "site", "reason", "people"])
