"""Scores of one person with their intervals, and where each marker was learned and failed."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from corticolimbic.predict import Individual, MarkerScore
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
from corticolimbic.report._figures._placed import Placed, draw_placed
from corticolimbic.report._numbers import decimal, digits_for, estimate, interval
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say


def scores(person: Individual, draw: Draw) -> Section:
    """Return the section."""
    scored = [item for item in person.markers if item.status == "ok"]
    blocks: list[Block] = []
    if not person.markers:
        blocks.append(Paragraph(say("person.no_markers"), "note"))
    elif not scored:
        blocks.append(Paragraph(say("person.none_scored"), "note"))
    else:
        placed = [item for item in scored if math.isfinite(item.percentile)]
        blocks += [draw(_plan(placed))] if placed else []
        blocks.append(_table(scored))
    blocks += _lacking(person)
    return Section("scores", say("person.scores"), tuple(blocks))


def _plan(scored: list[MarkerScore]) -> Plan:
    rows = [
        Placed(
            label=item.name,
            value=item.percentile,
            low=math.nan,
            high=math.nan,
            far_low=item.percentile_low,
            far_high=item.percentile_high,
            words=say("person.above", percent=decimal(item.percentile, 0), n=item.n_people),
            quiet=not math.isfinite(item.half_width),
        )
        for item in scored
    ]
    return Plan(
        name="scores",
        title=say("person.scores_title"),
        description="; ".join(f"{row.label}: {row.words}" for row in rows),
        caption=say("person.scores_caption"),
        draw=partial(
            draw_placed, rows=rows, axis=say("person.scores_axis"), ends=(0, 100, 25), band=(25, 75)
        ),
        data=pd.DataFrame(
            {
                "marker": [item.id for item in scored],
                "percentile": [item.percentile for item in scored],
                "low": [item.percentile_low for item in scored],
                "high": [item.percentile_high for item in scored],
                "n_people": [item.n_people for item in scored],
            }
        ),
    )


def _table(scored: list[MarkerScore]) -> Table:
    columns = (
        Column(say("person.marker")),
        Column(say("person.score"), numeric=True),
        Column(say("person.icc")),
        Column(say("person.here_judged")),
        Column(say("person.verdict")),
    )
    rows = tuple(
        (
            Cell(item.name),
            Cell(_score(item), item.score),
            Cell(_icc(item)),
            Cell(_judged(item)),
            Cell(_verdict(item), quiet=not item.judged.verdict),
        )
        for item in scored
    )
    return Table(say("person.scores_table"), columns, rows)


def _score(item: MarkerScore) -> str:
    digits = digits_for([item.score, item.half_width])
    low, high = item.score - item.half_width, item.score + item.half_width
    text = " ".join(part for part in (decimal(item.score, digits), interval(low, high, digits)) if part)
    return f"{text} {item.unit}".strip()


def _icc(item: MarkerScore) -> str:
    if not math.isfinite(item.icc):
        return say("person.icc_unknown")
    return say("person.icc_of", icc=estimate(item.icc, item.icc_low, item.icc_high), source=item.icc_source)


def _judged(item: MarkerScore) -> str:
    found = item.judged
    if item.trained_on:
        return say("person.trained_on")
    if not math.isfinite(found.value):
        return say("person.not_judged")
    return say(
        "person.judged",
        metric=say.of("metric", found.metric, found.metric),
        value=estimate(found.value, found.low, found.high),
        outcome=found.outcome,
        n=found.n,
    )


def _verdict(item: MarkerScore) -> str:
    found = item.judged
    if not found.verdict:
        return say("person.no_verdict")
    return f"{found.verdict}: {found.why}" if found.why else found.verdict


def _lacking(person: Individual) -> list[Block]:
    """Return what could not be computed, markers that lack the same together."""
    groups: dict[str, list[str]] = {}
    for item in person.markers:
        if item.status != "ok":
            groups.setdefault(item.status, []).append(item.name)
    if not groups:
        return []
    lines = tuple(
        say("person.lacks", names=", ".join(names), status=status) for status, names in groups.items()
    )
    named = [item.name for item in person.markers if item.status != "ok"]
    return [
        Heading(say("person.not_computable", n=len(named))),
        Paragraph("; ".join(named) + ".", "note"),
        Fold(say("person.lacks_fold"), (Items(lines),)),
    ]


def learned(person: Individual) -> Section | None:
    """Return what is known of each scored marker: whom it was learned in, its figures and its failures."""
    scored = [item for item in person.markers if item.status == "ok"]
    if not scored:
        return None
    pairs = tuple((item.name, " ".join(_known(item))) for item in scored)
    return Section(
        "learned", say("person.learned"), (Paragraph(say("person.learned_lead"), "note"), Pairs(pairs))
    )


def _known(item: MarkerScore) -> list[str]:
    parts = [say("person.learned_in", population=item.population.rstrip("."))] if item.population else []
    if item.threshold:
        parts.append(say("person.threshold", threshold=item.threshold.rstrip(".")))
    if item.direction:
        parts.append(say("person.direction", direction=item.direction.rstrip(".")))
    figures = "; ".join(filter(None, map(_figure, item.verified)))
    parts.append(say("person.figures", figures=figures) if figures else say("person.no_figures"))
    if item.failures:
        parts.append(say("person.failed", failures=" ".join(item.failures)))
    return parts


def _figure(found: dict[str, object]) -> str:
    value, n = read.number(found.get("value")), read.count(found.get("n"))
    what = read.text(found.get("what"))
    shown = decimal(value) if math.isfinite(value) else ""
    return " ".join(part for part in (what, shown, say("person.of_n", n=n) if n > 0 else "") if part)
