"""Effects: the primary edges as a forest, every test in a table, the number of tests beside each p."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.features import DRAWN
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
from corticolimbic.report._numbers import whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._effects_figure import forests, is_primary
from corticolimbic.report._sections._effects_table import effects_table
from corticolimbic.report._sections._model_in_words import models_in_words
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._sections._sites import sites_blocks
from corticolimbic.report._sections._within_between import adjusted_only, split_pairs, within_between
from corticolimbic.report._words import say

_FAMILIES = 4


def effects(results: Results, draw: Draw) -> Section:
    """Return the section."""
    table = results.effects
    blocks: list[Block] = []
    if table is None:
        blocks.append(Paragraph(say("effects.absent"), "note"))
    elif table.empty:
        blocks += [Paragraph(say("effects.none"), "note"), *_declared(results)]
    else:
        shown = without_group_by_time(table[~of_structure(table)])
        blocks += _declared(results)
        if len(shown.index[shown["withheld"]]):
            blocks.append(Paragraph(say("effects.withheld", n=int(shown["withheld"].sum())), "note"))
        if shown.empty:
            blocks.append(Paragraph(say("effects.structure_only"), "note"))
        elif not any(map(math.isfinite, shown["estimate"])):
            blocks.append(Paragraph(say("effects.all_missing"), "warning"))
        else:
            over = shown["analysis"] == "visits"
            for heading, rows in (("baseline", shown[~over]), ("visits", shown[over])):
                blocks += _analysis(heading, rows, results, draw) if len(rows) else []
        blocks += sites_blocks(results, draw)
    return Section("effects", say("effects.title"), tuple(blocks))


def _analysis(name: str, rows: pd.DataFrame, results: Results, draw: Draw) -> list[Block]:
    """Return what one visit, or all visits, say; a heading only where there is more than one visit's."""
    blocks: list[Block] = []
    if results.effects is not None and (results.effects["analysis"] == "visits").any():
        heading = say("effects.heading_visits") if name == "visits" else say("effects.heading_baseline")
        blocks.append(Heading(heading))
    if name == "visits":
        blocks.append(Paragraph(say("effects.visits_lead"), "note"))
        pairs, drawn = split_pairs(rows)
        drawn = drawn[~adjusted_only(drawn)]
        blocks += forests(drawn, results, draw) if len(drawn) else []
        blocks += [*within_between(pairs, results, draw), *models_in_words(rows)]
    else:
        blocks += forests(rows, results, draw)
    return blocks + effects_table(rows, is_primary(rows, results), results)


def without_group_by_time(table: pd.DataFrame) -> pd.DataFrame:
    """Blank the probabilities that the comparison withheld (METHODS M-1) and mark their rows ``withheld``.

    What defined the groups differs between them by construction: it is drawn, not tested. Which features
    those are is decided by `compare` and said in the note.
    """
    shown = table.copy()
    shown["withheld"] = [str(note).startswith(DRAWN) for note in shown["note"]]
    for column in ("p", "q", "p_fwe", "statistic_value"):
        shown.loc[shown["withheld"], column] = math.nan
    return shown


def of_structure(table: pd.DataFrame) -> pd.Series:
    """Tell which effects are of volumes and thickness, which have a section of their own."""
    return table["measure"].isin(("volume", "area", "thickness"))


def _declared(results: Results) -> list[Block]:
    declared = results.declared
    if declared is None:
        return [Paragraph(say("effects.not_declared"), "note")]
    pairs = [
        (say("effects.declared_outcome"), declared.outcome),
        (
            say("effects.declared_contrast"),
            ", ".join(name for name in declared.contrasts if name != declared.outcome),
        ),
        (say("effects.declared_covariates"), ", ".join(declared.covariates) or say("effects.no_covariates")),
        (say("effects.declared_statistic"), say.of("statistic", declared.statistic, declared.statistic)),
        (say("effects.declared_minimum"), whole(declared.minimum_people)),
    ]
    blocks: list[Block] = [Pairs(tuple((term, text) for term, text in pairs if text))]
    if declared.families:
        columns = (Column(say("effects.column_family")), Column(say("effects.tests"), numeric=True))
        rows = tuple(
            (Cell(family.description or family.name), Cell(whole(family.n_tests), float(family.n_tests)))
            for family in sorted(declared.families, key=lambda family: "primary" not in family.name.lower())
        )
        listing = Table(say("effects.families"), columns, rows)
        blocks.append(
            Fold(say("effects.unfold_families", n=len(rows)), (listing,))
            if len(rows) > _FAMILIES
            else listing
        )
    if declared.notes:
        blocks.append(Items(tuple(read.text(note) for note in declared.notes)))
    return blocks
