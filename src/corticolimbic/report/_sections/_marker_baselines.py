"""Beside a marker: what site, motion, age and sex or baseline pain alone predict of the same people."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Cell, Column, Fold, Heading, Paragraph, Table
from corticolimbic.report._numbers import decimal, estimate, whole
from corticolimbic.report._results import Results, where
from corticolimbic.report._sections._people import site_name
from corticolimbic.report._words import say

_CENTRES, _FOLDS = "leave-one-centre-out", "k-fold"
_OPEN = 3
"""With more markers than this the tables open on demand: they repeat each other."""
_METRICS = {
    False: ("q2", "pearson_r", "pearson_r_pooled"),
    True: ("brier_skill_prevalence", "auc", "auc_pooled"),
}


def judged_apart(evaluation: pd.DataFrame) -> pd.Series:
    """Return which rows stand in the tables of this module and in no other."""
    return (evaluation["kind"] == "baseline") | evaluation["scheme"].isin([_CENTRES, _FOLDS])


def baseline_blocks(marker: str, results: Results, n_markers: int) -> list[Block]:
    """Return a table for each outcome: the marker and the baselines, all of them predicted out of fold.

    Parameters
    ----------
    marker
        Its id.
    results
        Of the run.
    n_markers
        Markers that the page shows.
    """
    table = results.evaluation
    if table is None or not (table["kind"] == "baseline").any():
        return []
    apart = table[judged_apart(table) & ((table["kind"] == "baseline") | (table["name"] == marker))]
    published = table[(table["name"] == marker) & (table["scheme"] == "external")]
    blocks: list[Block] = []
    for outcome, rows in apart.groupby("outcome", sort=True):
        as_is = published[published["outcome"] == outcome]
        blocks += [_whole(read.text(outcome), marker, rows, as_is, results), *_centres(marker, rows, results)]
    if not blocks:
        return []
    blocks.insert(0, Paragraph(say("baseline.reading")))
    if n_markers > _OPEN:
        return [Fold(say("baseline.title"), tuple(blocks))]
    return [Heading(say("baseline.title")), *blocks]


def _whole(outcome: str, marker: str, rows: pd.DataFrame, published: pd.DataFrame, results: Results) -> Table:
    """Return one row for each predictor and population, over the centres that the marker never saw."""
    classes = bool((rows["metric"] == "auc").any())
    own = f"external sites of {marker}"
    columns = (
        Column(say("baseline.predictor")),
        Column(say("population.title")),
        Column(say("table.n"), numeric=True),
        *(Column(say(f"baseline.{name}"), numeric=True) for name in _METRICS[classes]),
        Column(say("baseline.brier_folds" if classes else "baseline.q2_folds"), numeric=True),
    )
    combined = where(rows, (site == own or site.lower().startswith("all ") for site in rows["site"]))
    body: list[tuple[Cell, ...]] = [] if classes else _as_published(marker, published, results)
    for (name, population), group in _ordered(combined, results):
        centres = group[group["scheme"] == _CENTRES]
        same = centres[centres["site"] == own]
        found = _by_metric(same if len(same) else centres)
        folds = _by_metric(group[group["scheme"] == _FOLDS])
        shown = [found.get(metric) for metric in _METRICS[classes]]
        n = max((int(row["n"]) for row in shown if row is not None), default=-1)
        body.append(
            (
                Cell(_predictor(name, results)),
                Cell(results.population_label(population)),
                Cell(whole(n), float(n)),
                *map(_cell, shown),
                _cell(folds.get(_METRICS[classes][0])),
            )
        )
    return Table(say("baseline.table", outcome=outcome), columns, tuple(body), sortable=True)


def _as_published(marker: str, rows: pd.DataFrame, results: Results) -> list[tuple[Cell, ...]]:
    """Return the rows of the marker as it is, against the mean of its own training people."""
    combined = where(rows, (site.lower().startswith("all ") for site in rows["site"]))
    body: list[tuple[Cell, ...]] = []
    for (_, population), group in _ordered(combined, results):
        found = _by_metric(group)
        n = float(group["n"].max())
        body.append(
            (
                Cell(say("baseline.as_published", name=_called(marker, results))),
                Cell(results.population_label(population)),
                Cell(whole(n), n),
                _cell(found.get("skill")),
                _cell(found.get("pearson_r")),
                _cell(None),
                _cell(None),
            )
        )
    return body


def _centres(marker: str, rows: pd.DataFrame, results: Results) -> list[Block]:
    """Return each centre on its own, on demand."""
    classes = bool((rows["metric"] == "auc").any())
    single = where(
        rows, (not site.lower().startswith(("all ", "external sites of ")) for site in rows["site"])
    )
    single = single[single["scheme"] == _CENTRES]
    if single.empty:
        return []
    metrics = _METRICS[classes][:2]
    columns = (
        Column(say("people.site")),
        Column(say("baseline.predictor")),
        Column(say("population.title")),
        Column(say("table.n"), numeric=True),
        *(Column(say(f"baseline.{name}"), numeric=True) for name in metrics),
    )
    body: list[tuple[Cell, ...]] = []
    for site, here in single.groupby("site", sort=True):
        for (name, population), group in _ordered(here, results):
            found = _by_metric(group)
            n = int(group["n"].max())
            body.append(
                (
                    Cell(site_name(read.text(site))),
                    Cell(_predictor(name, results)),
                    Cell(results.population_label(population)),
                    Cell(whole(n), float(n)),
                    *(_cell(found.get(metric)) for metric in metrics),
                )
            )
    table = Table(say("baseline.centre_table"), columns, tuple(body), sortable=True, filterable=True)
    return [Fold(say("baseline.each_centre"), (table,))]


def _ordered(rows: pd.DataFrame, results: Results) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Return groups by predictor and population, the marker first, baselines as they were judged."""
    names = list(results.population_names)
    order = list(dict.fromkeys(rows.sort_values("kind", ascending=False, kind="stable")["name"]))
    groups = [((str(key[0]), str(key[1])), group) for key, group in rows.groupby(["name", "population"])]
    return sorted(groups, key=lambda item: (order.index(item[0][0]), names.index(item[0][1])))


def _by_metric(rows: pd.DataFrame) -> dict[str, dict]:
    return {row["metric"]: row for row in rows.to_dict("records")}


def _predictor(name: str, results: Results) -> str:
    if name.startswith("baseline: "):
        plain = name.removeprefix("baseline: ")
        return say.of("predictor", plain.replace(" ", "_").replace("-", "_"), read.text(plain))
    return say("baseline.marker", name=_called(name, results))


def _called(marker: str, results: Results) -> str:
    known = {item.id: item.name or item.id for item in results.markers or ()}
    return known.get(marker, read.text(marker))


def _cell(row: dict | None) -> Cell:
    if row is None or not math.isfinite(row["value"]):
        return Cell(decimal(math.nan), math.nan)
    return Cell(estimate(row["value"], row["ci_low"], row["ci_high"]), float(row["value"]))
