"""What this study could have found, beside what was published of the same measure."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.evidence import Effect
from corticolimbic.evidence import effects as published
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Items, Paragraph, Section
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import decimal, estimate, whole
from corticolimbic.report._palette import BLUE, ORANGE
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._sections._effects_figure import BLOCK, is_primary
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_EDGES = 20
_PUBLISHED = 12
_DIFFERENCE = "Hedges g"


def detectable(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None where no effect says what could have been detected."""
    rows = _chosen(results)
    if rows is None:
        return None
    kind = read.text(rows["es_kind"].iloc[0], 40)
    known = _comparable(str(rows["measure"].iloc[0]), kind)
    least, most = float(rows["detectable"].min()), float(rows["detectable"].max())
    same = decimal(least) == decimal(most)
    words = say(
        "detectable.one" if same else "detectable.range",
        low=decimal(least),
        high=decimal(most),
        kind=kind,
        n=len(rows),
        people=_people(rows),
        contrast=contrast(str(rows["contrast"].iloc[0])),
        population=results.population_label(str(rows["population"].iloc[0])),
    )
    blocks: list[Block] = [Paragraph(words), draw(_plan(rows, known, kind))]
    blocks.append(Items(tuple(_unknown(rows, known, kind))))
    return Section("detectable", say("detectable.title"), tuple(blocks))


def _chosen(results: Results) -> pd.DataFrame | None:
    """Return the primary tests of the first comparison that has them, the declared one first."""
    table = results.effects
    if table is None or table.empty:
        return None
    usable = table[[math.isfinite(value) and value > 0 for value in table["detectable"]]]
    usable = usable[is_primary(usable, results)] if len(usable) else usable
    if usable.empty:
        return None
    declared = results.declared
    order = list(results.population_names)
    groups = list(usable.groupby(["population", "analysis", *BLOCK, "es_kind"], sort=False))

    def place(item: tuple[object, pd.DataFrame]) -> tuple[int, bool, bool]:
        first = item[1].iloc[0]
        return (
            order.index(str(first["population"])),
            declared is not None and first["statistic"] != declared.statistic,
            declared is not None and declared.outcome not in str(first["contrast"]),
        )

    return min(groups, key=place)[1].sort_values("detectable", kind="stable")


def _people(rows: pd.DataFrame) -> str:
    least, most = int(rows["n"].min()), int(rows["n"].max())
    return whole(least) if least == most else say("detectable.between", low=whole(least), high=whole(most))


def _comparable(measure: str, kind: str) -> list[Effect]:
    """Return verified published differences of the same measure that can be put on the same axis."""
    if kind != _DIFFERENCE:
        return []
    found = [one for one in published() if one.verified and one.measure_term == measure]
    return [one for one in found if one.as_d is not None][:_PUBLISHED]


def _plan(rows: pd.DataFrame, known: list[Effect], kind: str) -> Plan:
    forest = []
    for row in rows.head(_EDGES).to_dict("records"):
        value = float(row["detectable"])
        words = say("detectable.or_more", value=decimal(value))
        mark = Estimate(value, value, value, BLUE, "o", words)
        forest.append(ForestRow(pretty(str(row["target"])), say("detectable.n", n=whole(row["n"])), (mark,)))
    for one in known:
        value, low, high = (abs(number) for number in _values(one))
        low, high = sorted((low, high))
        words = estimate(value, low, high) if low != high else decimal(value)
        note = ", ".join(part for part in (one.target, say.of("state", one.state, one.state)) if part)
        forest.append(ForestRow(one.study, note, (Estimate(value, low, high, ORANGE, "D", words),)))
    legend = [Entry(say("detectable.legend_own"), BLUE, "o")]
    legend += [Entry(say("detectable.legend_published"), ORANGE, "D")] if known else []
    values = "; ".join(f"{row.label}: {row.estimates[0].words}" for row in forest)
    own = rows.head(_EDGES)[["population", "contrast", "target", "detectable", "n"]]
    theirs = pd.DataFrame(
        {
            "population": [one.study for one in known],
            "contrast": [one.contrast for one in known],
            "target": [one.target for one in known],
            "published": [abs(_values(one)[0]) for one in known],
            "n": [one.n_total for one in known],
        }
    )
    return Plan(
        name="detectable",
        title=say("detectable.figure_title"),
        description=say("detectable.figure_description", values=values),
        caption=say("detectable.figure_caption"),
        draw=lambda sheet: draw_forest(sheet, forest, legend, say("detectable.axis", kind=kind)),
        data=pd.concat([own, theirs], ignore_index=True) if known else own,
    )


def _values(one: Effect) -> tuple[float, float, float]:
    value = one.as_d if one.as_d is not None else math.nan
    if one.effect_type == "d" and one.ci_low is not None and one.ci_high is not None:
        return value, one.ci_low, one.ci_high
    return value, value, value


def _unknown(rows: pd.DataFrame, known: list[Effect], kind: str) -> list[str]:
    """Return what the figure does not tell, each in a sentence."""
    sentences = [say("detectable.not_absent"), say("detectable.one_test", n=len(rows))]
    if len(rows) > _EDGES:
        sentences.append(say("detectable.more_edges", shown=_EDGES, n=len(rows)))
    if known:
        cohorts = {name for one in known for name in one.cohort}
        sentences.append(say("detectable.published", n=len(known), cohorts=len(cohorts)))
        if any(one.effect_type == "auc" for one in known):
            sentences.append(say("detectable.from_auc"))
    elif kind == _DIFFERENCE:
        sentences.append(say("detectable.none_published"))
    else:
        sentences.append(say("detectable.other_kind", kind=kind))
    if not any(map(math.isfinite, rows["icc"])):
        sentences.append(say("detectable.no_reliability"))
    return sentences
