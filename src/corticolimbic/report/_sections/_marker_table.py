"""The performance of one marker by site and population."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Cell, Column, Table
from corticolimbic.report._numbers import decimal, estimate, whole
from corticolimbic.report._results import Results
from corticolimbic.report._sections._people import site_name
from corticolimbic.report._words import say

_FIRST = ("pearson_r", "spearman_rho", "skill", "auc")
OUT_OF_FOLD = (
    "brier",
    "brier_skill_baseline_pain",
    "auc_increment",
    "calibration_intercept",
    "calibration_slope",
)
"""Metrics of a marker fitted anew in folds that stand here; the others stand beside the baselines."""
SHOWN = (*_FIRST, "auc_pooled", "q2", "brier_skill_prevalence", *OUT_OF_FOLD, "bf_replication")
"""Metrics of the table; associations, thresholds and curves have figures of their own."""


def evaluation_table(rows: pd.DataFrame, results: Results, *, folds: bool = False) -> Table:
    """Return one row for each site, scheme and population, one column for each metric."""
    metrics = [name for name in SHOWN if name in set(rows["metric"])]
    metrics = metrics or list(dict.fromkeys(rows["metric"]))
    rows = rows[rows["metric"].isin(metrics)]
    columns = (
        Column(say("people.site")),
        Column(say("population.title")),
        Column(say("table.n"), numeric=True),
        *(Column(metric_name(name), numeric=True) for name in metrics),
        Column(say("marker.scheme")),
    )
    body = []
    for (outcome, site, scheme, population), group in in_order(rows, results):
        found = {row["metric"]: row for row in group.to_dict("records")}
        quiet = in_sample(scheme)
        body.append(
            (
                Cell(site_name(read.text(site)), quiet=quiet),
                Cell(results.population_label(population), quiet=quiet),
                Cell(whole(int(group["n"].max())), float(group["n"].max()), quiet=quiet),
                *(_metric(found.get(name), quiet=quiet) for name in metrics),
                Cell(say("scheme.in_sample") if quiet else read.text(scheme), quiet=quiet),
            )
        )
        del outcome
    outcomes = ", ".join(map(read.text, dict.fromkeys(rows["outcome"])))
    caption = say("marker.table_folds" if folds else "marker.table", outcome=outcomes)
    return Table(caption, columns, tuple(body), sortable=True)


def in_order(rows: pd.DataFrame, results: Results) -> list[tuple[tuple[str, str, str, str], pd.DataFrame]]:
    """Return the rows by outcome, site, scheme and population: external sites, all of them, training last."""
    names = list(results.population_names)
    groups = [
        ((str(key[0]), str(key[1]), str(key[2]), str(key[3])), group)
        for key, group in rows.groupby(["outcome", "site", "scheme", "population"], sort=True)
    ]
    groups.sort(
        key=lambda item: (item[0][0], _rank(item[0][1], item[0][2]), item[0][1], names.index(item[0][3]))
    )
    return groups


def _rank(site: str, scheme: str) -> int:
    if in_sample(scheme):
        return 2
    return int(site.lower().startswith("all "))


def in_sample(scheme: str) -> bool:
    """Tell whether the people judged are those whom the marker was trained on."""
    return "in-sample" in scheme.lower()


def scheme_name(scheme: str) -> str:
    """Return how the people were judged, in words."""
    return say("scheme.in_sample") if in_sample(scheme) else say.of("scheme", scheme, read.text(scheme))


def metric_name(metric: str) -> str:
    """Return a metric's name for people."""
    return say.of("metric", metric, read.text(metric))


def _metric(row: dict | None, *, quiet: bool) -> Cell:
    if row is None:
        return Cell("–", math.nan, quiet=quiet)
    if not math.isfinite(row["value"]):
        return Cell(decimal(math.nan), math.nan, quiet=quiet)
    text = estimate(row["value"], row["ci_low"], row["ci_high"], 3 if abs(row["value"]) < 1 else 2)
    return Cell(text, float(row["value"]), quiet=quiet)
