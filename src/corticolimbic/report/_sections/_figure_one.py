"""Figure 1 of the review, panel by panel: the published sign of each row beside the study's own effect."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Heading, Paragraph
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._figures._published import (
    OWN,
    SIGNS,
    Bar,
    Heads,
    PublishedRow,
    draw_published,
)
from corticolimbic.report._numbers import estimate
from corticolimbic.report._palette import MUTED
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

PANELS = ("a", "b", "c")
_USUAL = "group: patients - controls"
"""The contrast of panels a and b, said in their headings."""
_ROW = ["target", "measure", "state", "question"]


@dataclass(frozen=True)
class _Drawn:
    row: PublishedRow
    data: dict[str, Any]


def figure_one(counted: pd.DataFrame, draw: Draw) -> list[Block]:
    """Return the panels that have findings; ``counted`` holds one row a finding and target."""
    blocks: list[Block] = []
    for panel in PANELS:
        rows = list(_rows(counted[counted["panel"] == panel]))
        if rows:
            blocks += [Heading(_named(panel)), draw(_plan(panel, rows))]
    if not blocks:
        return []
    return [Heading(say("agreement.figure")), Paragraph(say("agreement.figure_note"), "note"), *blocks]


def _named(panel: str) -> str:
    return say("agreement.panel", panel=panel, name=say.of("panel", panel))


def _plan(panel: str, drawn: list[_Drawn]) -> Plan:
    rows = [item.row for item in drawn]
    name = say.of("panel", panel)
    measured = sum(row.own.known for row in rows)
    signs = [(say.of("sign", sign), *SIGNS[sign][::-1], sign == "?") for sign in SIGNS]
    legend = [Entry(words, color, shape, hollow) for words, color, shape, hollow in signs]
    legend.append(Entry(say("agreement.legend_own"), OWN, "o"))
    if any(row.published.known for row in rows):
        legend.append(Entry(say("agreement.legend_verified"), MUTED, "D", hollow=True))
    heads = Heads(say("agreement.published"), say("agreement.own"), say("agreement.axis"))
    told = "; ".join(
        say(
            "agreement.described",
            what=f"{row.label}, {row.note}",
            signs=", ".join(say.of("sign", sign) for sign in row.signs),
            published=", ".join(filter(None, (row.words, row.detail))),
            own=" ".join(filter(None, (row.own_words, row.verdict))),
        )
        for row in sorted(rows, key=lambda row: not row.own.known)
    )
    return Plan(
        name=f"figure-1{panel}",
        title=say("agreement.figure_title", panel=panel, name=name),
        description=say("agreement.figure_description", n=len(rows), measured=measured, values=told),
        caption=say("agreement.figure_caption", panel=panel, name=name, n=len(rows), measured=measured),
        draw=lambda sheet: draw_published(sheet, rows, legend, heads),
        data=pd.DataFrame([item.data for item in drawn]),
    )


def _rows(table: pd.DataFrame) -> Iterator[_Drawn]:
    """Yield a row for each target, measure, state and question, as the findings name them."""
    for key, group in table.groupby(_ROW, sort=False):
        target, measure, state, question = map(str, key)
        by_sign: dict[str, set[str]] = {}
        for sign, cohorts in zip(group["direction"], group["cohorts"], strict=True):
            by_sign.setdefault(str(sign), set()).update(filter(None, str(cohorts).split(";")))
        signs = sorted(
            by_sign,
            key=lambda sign: (
                -len(by_sign[sign]),
                sign not in SIGNS,
                list(SIGNS).index(sign) if sign in SIGNS else 0,
            ),
        )
        words = " / ".join(_cohorts(len(by_sign[sign])) for sign in signs)
        verified = _first(group[group["published_size"].notna()])
        tested = _first(group[group["verdict"] != "not tested"])
        published = _bar(verified, ("published_size", "published_low", "published_high"))
        own = _bar(tested, ("effect_size", "es_low", "es_high"))
        conditions = ", ".join(dict.fromkeys(map(str, group["condition"])))
        about = [conditions, *([asked(question)] if question not in ("", _USUAL) else []), _state(state)]
        detail = [say("agreement.disputed")] if (group["disputed"] == "yes").any() else []
        if published.known:
            detail.append(say("agreement.verified", size=estimate(published.value, math.nan, math.nan)))
        yield _Drawn(
            PublishedRow(
                label=say(
                    "agreement.row",
                    target=pretty(target) or say("agreement.no_region"),
                    measure=term(measure),
                ),
                note=say("agreement.between").join(filter(None, about)),
                signs=tuple(signs),
                words=words,
                detail=", ".join(detail),
                published=published,
                own=own,
                own_words=_own(own),
                verdict="" if tested is None else say.of("verdict", str(tested["verdict"])),
            ),
            {
                **dict(zip(_ROW, key, strict=True)),
                "findings": ";".join(map(str, group["finding"])),
                "signs": "".join(signs),
                "cohorts": words,
                "disputed": "yes" if (group["disputed"] == "yes").any() else "no",
                "published_size": published.value,
                "effect_size": own.value,
                "es_low": own.low,
                "es_high": own.high,
                "verdict": "not tested" if tested is None else tested["verdict"],
            },
        )


def _first(rows: pd.DataFrame) -> dict[str, Any] | None:
    records = rows.head(1).to_dict("records")
    return {str(name): value for name, value in records[0].items()} if records else None


def _bar(row: dict[str, Any] | None, names: tuple[str, str, str]) -> Bar:
    return Bar() if row is None else Bar(*(float(row[name]) for name in names))


def _own(bar: Bar) -> str:
    return estimate(bar.value, bar.low, bar.high) if bar.known else say("agreement.not_measured")


def _cohorts(n: int) -> str:
    return say("agreement.cohorts", n=n) if n else say("agreement.review_only")


def _state(state: str) -> str:
    return say.of("state", state, state)


def term(measure: str) -> str:
    """Return what people call a measure."""
    return say.of("term", measure, read.text(measure, 60).replace("_", " "))


def asked(question: str) -> str:
    """Return a question in words: who against whom, or a slope on what."""
    kind, _, what = question.partition(": ")
    what = contrast(what.replace("_", " "))
    before = say.of("question", kind)
    return f"{before} {what}" if before else what
