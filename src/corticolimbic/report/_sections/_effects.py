"""Effects: the primary edges as a forest, every test in a table, the number of tests beside each p."""

from __future__ import annotations

import math
import re

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Items, Pairs, Paragraph, Section, Table
from corticolimbic.report._numbers import whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._effects_figure import forests, is_primary
from corticolimbic.report._sections._effects_table import effects_table
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._sections._sites import sites_blocks
from corticolimbic.report._words import say

_FAMILIES = 4
_GROUP = r"(?:group|outcome|persist|recover)\w*"
_TIME = r"\w*(?:time|visit|session|wave)\w*"
_BY = r"(?:\s+x\s+|\s*[×*]\s*|:(?!\s)|_by_|-by-|\s+by\s+)"
_GROUP_BY_TIME = re.compile(f"{_GROUP}{_BY}{_TIME}|{_TIME}{_BY}{_GROUP}", re.IGNORECASE)


def effects(results: Results, draw: Draw) -> Section:
    """Return the section."""
    table = results.effects
    blocks: list[Block] = []
    if table is None:
        blocks.append(Paragraph(say("effects.absent"), "note"))
    elif table.empty:
        blocks += [Paragraph(say("effects.none"), "note"), *_declared(results)]
    else:
        shown = without_group_by_time(table)
        blocks += _declared(results)
        if len(shown.index[shown["withheld"]]):
            blocks.append(Paragraph(say("effects.withheld", n=int(shown["withheld"].sum())), "note"))
        if not any(map(math.isfinite, shown["estimate"])):
            blocks.append(Paragraph(say("effects.all_missing"), "warning"))
        else:
            blocks += forests(shown, results, draw)
        blocks += effects_table(shown, is_primary(shown, results), results)
        blocks += sites_blocks(results, draw)
    return Section("effects", say("effects.title"), tuple(blocks))


def without_group_by_time(table: pd.DataFrame) -> pd.DataFrame:
    """Blank every probability of a group-by-time contrast (METHODS M-1) and mark the rows ``withheld``.

    What defined the groups differs between them by construction: it is drawn, not tested.
    """
    shown = table.copy()
    shown["withheld"] = [bool(_GROUP_BY_TIME.search(str(contrast))) for contrast in shown["contrast"]]
    for column in ("p", "q", "p_fwe", "statistic_value"):
        shown.loc[shown["withheld"], column] = math.nan
    return shown


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
