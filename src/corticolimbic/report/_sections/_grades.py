"""Grades of the runs, and the signal of the circuit's regions."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Heading, Paragraph, Table
from corticolimbic.report._numbers import decimal, share, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._people import site_name
from corticolimbic.report._words import say

ROWS = 200
"""Rows of flagged runs that the page shows."""
_GRADES = ("green", "amber", "red")
_RUN = ["participant_id", "session_id", "task", "run", "acq", "space"]
_ALL_SITES = "all"


def grades(results: Results) -> Iterator[Block]:
    """Yield the blocks of both, as far as their tables are there."""
    table = results.quality
    if table is not None and not table.empty:
        ranked = table.assign(rank=[_rank(name) for name in table["grade"]])
        runs = ranked.sort_values("rank", kind="stable").drop_duplicates(_RUN, keep="last")
        counts = runs["grade"].value_counts()
        n = {name: int(counts.get(name, 0)) for name in _GRADES}
        yield Heading(say("quality.grades_title"))
        yield Paragraph(say("quality.grades", n=len(runs), **n))
        if runs["site"].nunique() > 1:
            yield _by_site(runs)
        flagged = ranked[ranked["rank"] > 0]
        if len(flagged):
            yield _flagged(flagged)
    regions = results.region_quality
    if regions is not None and (regions["site"] == _ALL_SITES).any():
        yield _regions(regions[regions["site"] == _ALL_SITES])


def _rank(grade: str) -> int:
    return _GRADES.index(grade) if grade in _GRADES else 0


def _by_site(runs: pd.DataFrame) -> Table:
    rows = []
    for site, group in runs.groupby("site", sort=True):
        counts = [int((group["grade"] == name).sum()) for name in _GRADES]
        rows.append(
            (
                Cell(site_name(str(site))),
                Cell(whole(len(group)), float(len(group))),
                *(Cell(whole(count), float(count), quiet=not count) for count in counts),
            )
        )
    columns = (
        Column(say("people.site")),
        Column(say("quality.runs"), numeric=True),
        *(Column(say.of("grade", name), numeric=True) for name in _GRADES),
    )
    return Table(say("quality.grades_table"), columns, tuple(rows), sortable=True)


def _flagged(table: pd.DataFrame) -> Fold:
    """List the runs that break a rule, one line an atlas; columns in which all are alike are left out."""
    ordered = table.sort_values(["rank", *_RUN, "atlas"], ascending=[False] + [True] * 7, kind="stable")
    names = {
        "participant_id": say("quality.participant"),
        "site": say("people.site"),
        "session_id": say("quality.session"),
        "task": say("quality.task"),
        "run": say("quality.run"),
        "atlas": say("quality.atlas"),
    }
    shown = ["participant_id", *(name for name in list(names)[1:] if table[name].nunique() > 1)]
    rows = []
    for row in ordered.head(ROWS).to_dict("records"):
        rows.append(
            (
                *(Cell(site_name(row[name]) if name == "site" else read.text(row[name])) for name in shown),
                Cell(say.of("grade", row["grade"], read.text(row["grade"])), str(-row["rank"])),
                Cell(_reasons(read.text(row["reasons"]))),
            )
        )
    titles = (*(names[name] for name in shown), say("quality.grade"), say("quality.why"))
    more = say("quality.flagged_more", shown=ROWS, n=len(table)) if len(table) > ROWS else ""
    listing = Table(
        say("quality.flagged_table"),
        tuple(Column(title) for title in titles),
        tuple(rows),
        sortable=True,
        filterable=True,
        pointer=more,
    )
    return Fold(say("quality.flagged", n=len(table.drop_duplicates(_RUN))), (listing,))


def _reasons(text: str) -> str:
    """Return the rules that fired in the page's words: their names are the table's, the rest is data."""
    parts = []
    for part in filter(None, text.split("; ")):
        _, _, rest = part.partition(": ")
        name, _, values = rest.partition(" ")
        known = say.of("rule", name, name)
        parts.append(f"{known} {values}" if values else part)
    return "; ".join(parts)


def _regions(table: pd.DataFrame) -> Fold:
    known = bool(table["tsnr_median"].notna().any())
    several = table["atlas"].nunique() > 1
    rows = []
    ordered = table.assign(order=table["region"].str.casefold())
    for row in ordered.sort_values(["atlas", "task", "order"], kind="stable").to_dict("records"):
        ratios = [Cell(decimal(row[name], 1), row[name]) for name in ("tsnr_median", "tsnr_low")]
        covered = [Cell(share(row[name]), row[name]) for name in ("coverage_median", "coverage_low")]
        rows.append(
            (
                Cell(read.text(row["region"])),
                *([Cell(read.text(row["atlas"]))] if several else []),
                Cell(whole(row["n_runs"]), float(row["n_runs"])),
                *(ratios if known else []),
                *covered,
                Cell(whole(row["n_lost"]), float(row["n_lost"]), quiet=not row["n_lost"]),
            )
        )
    titles = [say("quality.runs")]
    titles += [say("quality.tsnr"), say("quality.tsnr_low")] if known else []
    titles += [say("quality.coverage"), say("quality.coverage_low"), say("quality.lost")]
    columns = (
        Column(say("quality.region")),
        *([Column(say("quality.atlas"))] if several else []),
        *(Column(title, numeric=True) for title in titles),
    )
    caption = say("quality.regions_table") if known else say("quality.regions_series")
    listing = Table(caption, columns, tuple(rows), sortable=True, filterable=True)
    return Fold(say("quality.regions", n=table["region"].nunique()), (listing,))
