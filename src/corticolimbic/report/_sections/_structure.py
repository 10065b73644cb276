"""Structure: what volumes and thickness say, how they lie over age, and where each person stands."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Paragraph, Row, Section, Table
from corticolimbic.report._figures._scatter import PANEL, Axes, Spot, draw_scatter
from corticolimbic.report._numbers import decimal
from corticolimbic.report._palette import group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._circuit import pretty
from corticolimbic.report._sections._effects import of_structure, without_group_by_time
from corticolimbic.report._sections._effects_figure import BLOCK, forest_plan
from corticolimbic.report._sections._effects_table import effects_table
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_PANELS = 6
_FIGURES = 4
_PEOPLE = 400
_ROWS = 300
_SETS = ["acq", "atlas", "strategy", "measure", "target", "definition"]


def structure(results: Results, draw: Draw) -> Section | None:
    """Return the section, or None where nobody's volumes or thickness were compared."""
    people = results.structure
    if people is None or people.empty:
        return None
    blocks: list[Block] = [Paragraph(_lead(people, results))]
    table = results.effects
    effects = None if table is None else without_group_by_time(table[of_structure(table)])
    if effects is not None and len(effects):
        blocks += _forests(effects, results, draw)
        blocks += effects_table(effects, pd.Series(data=True, index=effects.index), results)
    else:
        blocks.append(Paragraph(say("structure.no_effects"), "note"))
    blocks += _scatters(people, draw)
    blocks += _positions(people)
    return Section("structure", say("structure.title"), tuple(blocks))


def _lead(people: pd.DataFrame, results: Results) -> str:
    made_by = []
    for name in people["definition"].unique():
        settings = read.mapping(read.mapping(results.definitions.get(name)).get("settings"))
        made_by.append(read.text(settings.get("made_by")))
    return say(
        "structure.lead",
        n=people["participant_id"].nunique(),
        regions=", ".join(dict.fromkeys(pretty(str(name)) for name in people["target"])),
        made_by=", ".join(dict.fromkeys(name for name in made_by if name)) or "–",
        n_icv=people.loc[people["icv"].notna(), "participant_id"].nunique(),
    )


def _forests(effects: pd.DataFrame, results: Results, draw: Draw) -> list[Block]:
    groups = list(effects.groupby(list(BLOCK), sort=False))
    figures = []
    for place, (key, rows) in enumerate(groups[:_FIGURES]):
        named = dict(zip(BLOCK, map(str, key), strict=True))
        plan = forest_plan(place, named, rows, results)
        what = {
            "measure": say.of("measure", named["measure"], named["measure"]),
            "contrast": named["contrast"],
        }
        figures.append(
            draw(
                replace(
                    plan,
                    name=f"structure-effects-{place + 1}",
                    title=say("structure.figure_title", **what),
                    caption=say("structure.figure_caption", **what),
                )
            )
        )
    more = (
        [Fold(say("effects.unfold_figures", n=len(figures) - 1), tuple(figures[1:]))] if figures[1:] else []
    )
    return [*figures[:1], *more]


def _scatters(people: pd.DataFrame, draw: Draw) -> list[Block]:
    """Return a panel for each region over the declared number, hemispheres together where they are there."""
    known = people[people["term_value"].map(math.isfinite) & people["value"].map(math.isfinite)]
    if known.empty:
        return []
    whole = known[~known["target"].str.fullmatch(r".+_[LR]")]
    shown = whole if len(whole) else known
    groups = sorted(set(shown["group"]))
    styles = {name: group_style(place) for place, name in enumerate(groups)}
    panels = []
    for place, (key, rows) in enumerate(list(shown.groupby(_SETS, sort=False))[:_PANELS]):
        unit = str(rows["unit"].iloc[0])
        measure = say.of("measure", str(rows["measure"].iloc[0]), str(rows["measure"].iloc[0]))
        axes = Axes(
            outcome=read.text(rows["term"].iloc[0]),
            score=say("structure.axis", measure=measure, unit=unit),
            outcomes=tuple(known["term_value"]),
            scores=tuple(rows["value"]),
        )
        spots = [
            Spot(
                float(row["term_value"]),
                float(row["value"]),
                *styles[row["group"]],
                say(
                    "structure.tip",
                    person=read.text(row["participant_id"], 60),
                    value=decimal(row["value"], 0 if unit != "mm" else 2),
                    unit=unit,
                    group=read.text(row["group"]) or "–",
                ),
            )
            for row in rows.head(_PEOPLE).to_dict("records")
        ]
        name = pretty(str(key[_SETS.index("target")]))
        plan = _panel(place, name, measure, spots, axes, rows)
        panels.append(draw(plan))
    term = read.text(known["term"].iloc[0])
    marks = "; ".join(
        f"{_GLYPHS.get(styles[name][1], '●')} {read.text(name) or '–'}" for name in groups if name
    )
    lead = say("structure.scatter", term=term) + (f" {say('structure.marks', marks=marks)}" if marks else "")
    return [Paragraph(lead), Row(tuple(panels))]


_GLYPHS = {"o": "●", "D": "◆", "s": "■", "^": "▲", "x": "×"}


def _panel(place: int, name: str, measure: str, spots: list[Spot], axes: Axes, rows: pd.DataFrame) -> Plan:
    return Plan(
        name=f"structure-{place + 1}",
        title=name,
        description=say("structure.panel", region=name, measure=measure, term=axes.outcome, n=len(spots)),
        caption="",
        draw=lambda sheet: draw_scatter(sheet, name, spots, axes),
        data=rows[["participant_id", "target", "measure", "value", "unit", "icv", "term_value", "group"]],
        width=PANEL,
    )


def _positions(people: pd.DataFrame) -> list[Block]:
    """Return where people stand against the reference, the furthest from its middle first."""
    known = people[people["z"].map(math.isfinite)]
    if known.empty:
        return []
    ordered = known.assign(far=known["z"].abs()).sort_values("far", ascending=False, kind="stable")
    columns = (
        Column(say("structure.person")),
        Column(say("structure.region")),
        Column(say("structure.value"), numeric=True),
        Column(say("structure.at_average"), numeric=True),
        Column(say("structure.z"), numeric=True),
    )
    rows = tuple(
        (
            Cell(read.text(row["participant_id"], 60)),
            Cell(pretty(str(row["target"]))),
            Cell(f"{decimal(row['value'], 2 if row['unit'] == 'mm' else 0)} {row['unit']}", row["value"]),
            Cell(decimal(row["at_average_head"], 0), row["at_average_head"]),
            Cell(decimal(row["z"]), row["z"]),
        )
        for row in ordered.head(_ROWS).to_dict("records")
    )
    pointer = say("structure.pointer", shown=len(rows), n=len(known)) if len(known) > len(rows) else ""
    beyond = known.loc[known["z"].abs() > 1.96]
    lead = say("structure.positions", n=len(known), beyond=len(beyond))
    listing = Table(say("structure.table"), columns, rows, sortable=True, filterable=True, pointer=pointer)
    return [Paragraph(lead), Fold(say("structure.unfold", n=len(rows)), (listing,))]
