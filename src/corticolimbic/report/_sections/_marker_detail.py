"""One judged marker in detail: verdicts, adjusted associations, thresholds, calibration, decision curve."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Illustration, Paragraph, Row
from corticolimbic.report._figures._curves import PANEL, Curve, draw_curves
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._numbers import estimate
from corticolimbic.report._palette import MUTED, group_style
from corticolimbic.report._results import Results
from corticolimbic.report._sections._marker_figures import slug
from corticolimbic.report._sections._people import Draw
from corticolimbic.report._sections._survival import verdict_name
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_ASSOCIATION = "association"
_GIVEN = ("age+sex", "motion", "site", "medication", "baseline_pain")
_LEAST_BENEFIT = -0.1
"""Net benefit below this is not drawn: treating everybody falls without end."""


def why_blocks(marker: str, results: Results) -> list[Block]:
    """Return the verdicts of one marker with their reasons, a line a population and outcome."""
    table = results.verdicts
    if table is None:
        return []
    return [
        Paragraph(
            say(
                "detail.why",
                population=f"{results.population_label(str(row['population']))}, {read.text(row['outcome'])}",
                verdict=verdict_name(str(row["verdict"])),
                why=read.text(row["why"], 1000),
            )
        )
        for row in table[table["marker"] == marker].to_dict("records")
    ]


def adjusted(marker: str, outcome: str, results: Results, draw: Draw) -> list[Block]:
    """Return the forest of associations without and given covariates, against one outcome."""
    rows = _judged(marker, results)
    rows = rows[(rows["outcome"] == outcome) & rows["metric"].str.startswith(_ASSOCIATION)]
    rows = _over_sites(rows)
    names = [("", say("detail.crude")), *((name, given_name(name)) for name in _GIVEN)]
    names.append(("all", say("detail.all")))
    forest = []
    for name, label in names:
        metric = f"{_ASSOCIATION}|{name}" if name else _ASSOCIATION
        items = _estimates(rows[rows["metric"] == metric], results)
        if items:
            forest.append(ForestRow(label, estimates=items))
    if len(forest) < 2:
        return []
    classes = _is_class(marker, outcome, results)
    unit = say("detail.log_odds") if classes else say("detail.partial_r")
    plan = Plan(
        name=f"adjusted-{slug(marker)}-{slug(outcome)}",
        title=say("detail.adjusted_title", outcome=read.text(outcome)),
        description=say("detail.adjusted_description", values=_described(forest)),
        caption=say("detail.adjusted_caption", outcome=read.text(outcome), unit=unit),
        draw=lambda sheet: draw_forest(sheet, forest, _legend(rows, results), unit),
        data=rows,
    )
    return [draw(plan)]


def given_name(covariate: str) -> str:
    """Return ``given motion`` for a covariate of the judging."""
    return say.of("given", covariate.replace("+", "_"), read.text(covariate))


def sweep(marker: str, outcome: str, results: Results, draw: Draw) -> list[Block]:
    """Return the AUC at every threshold of a class outcome, the primary one named."""
    rows = _judged(marker, results)
    rows = _over_sites(rows[rows["metric"] == "auc"])
    others = _thresholds(outcome, results)
    if not others:
        return []
    forest = []
    for name in sorted([outcome, *others], key=_by_number):
        items = _estimates(rows[rows["outcome"] == name], results)
        if items:
            note = say("detail.primary") if name == outcome else ""
            forest.append(ForestRow(read.text(name), note, items))
    if len(forest) < 2:
        return []
    shown = rows[rows["outcome"].isin([outcome, *others])]
    plan = Plan(
        name=f"thresholds-{slug(marker)}-{slug(outcome)}",
        title=say("detail.sweep_title"),
        description=say("detail.sweep_description", values=_described(forest)),
        caption=say("detail.sweep_caption"),
        draw=lambda sheet: draw_forest(sheet, forest, _legend(shown, results), say.of("metric", "auc"), 0.5),
        data=shown,
    )
    return [draw(plan)]


def curves(marker: str, outcome: str, results: Results, draw: Draw) -> list[Block]:
    """Return the calibration and the decision curve of a class outcome, side by side."""
    table = results.curves
    if table is None:
        return []
    rows = table[(table["name"] == marker) & (table["outcome"] == outcome)]
    rows = _over_sites(rows)
    made: list[Illustration] = []
    for kind in ("calibration", "decision"):
        here = rows[rows["curve"].str.startswith(kind)]
        if (here["curve"] == kind).any():
            made.append(draw(_curve_plan(kind, marker, outcome, here, results)))
    return [Row(tuple(made))] if made else []


def _curve_plan(kind: str, marker: str, outcome: str, rows: pd.DataFrame, results: Results) -> Plan:
    drawn = []
    for (population, curve), group in rows.groupby(["population", "curve"], sort=False):
        color, shape = group_style(results.population_names.index(str(population)))
        points = tuple(
            (float(row["x"]), float(row["y"]), float(row["low"]), float(row["high"]))
            for row in group.sort_values("x").to_dict("records")
        )
        main = curve == kind
        if kind == "decision":  # intervals of every curve would cover them all
            points = tuple((x, y, math.nan, math.nan) for x, y, *_ in points)
        drawn.append(
            Curve(
                points,
                color if main or curve == "decision_baseline_pain" else MUTED,
                shape if kind == "calibration" else "",
                2.4 if main else 1.4,
                dashed=curve == "decision_baseline_pain",
            )
        )
    calibration = kind == "calibration"
    words = (
        (say("detail.predicted"), say("detail.observed"))
        if calibration
        else (say("detail.threshold"), say("detail.net_benefit"))
    )
    low, high = float(rows["x"].min()), float(rows["x"].max())
    return Plan(
        name=f"{kind}-{slug(marker)}-{slug(outcome)}",
        title=say("detail.calibration_title" if calibration else "detail.decision_title"),
        description=say("detail.curve_description", low=f"{low:.2f}", high=f"{high:.2f}", n=len(rows)),
        caption=say("detail.calibration_caption" if calibration else "detail.decision_caption"),
        draw=lambda sheet: draw_curves(
            sheet,
            drawn,
            _legend(rows, results),
            words,
            diagonal=calibration,
            least=-math.inf if calibration else _LEAST_BENEFIT,
        ),
        data=rows,
        width=PANEL,
    )


def _judged(marker: str, results: Results) -> pd.DataFrame:
    table = results.evaluation
    if table is None:
        return pd.DataFrame(columns=["outcome", "metric", "site", "population"])
    return table[(table["name"] == marker) & (table["scheme"] == "external")]


def _over_sites(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows over all sites; those of the only site where it is one."""
    over = rows[[str(site).lower().startswith("all ") for site in rows["site"]]] if len(rows) else rows
    if len(over) or rows["site"].nunique() > 1:
        return over
    return rows


def _estimates(rows: pd.DataFrame, results: Results) -> tuple[Estimate, ...]:
    found = {str(row["population"]): row for row in rows.to_dict("records")}
    return tuple(
        _estimate(found[name], group_style(place))
        for place, name in enumerate(results.population_names)
        if name in found and math.isfinite(found[name]["value"])
    )


def _estimate(row: dict[Any, Any], style: tuple[str, str]) -> Estimate:
    value, low, high = (float(row[name]) for name in ("value", "ci_low", "ci_high"))
    words = estimate(value, low, high) + say("marker.with_n", n=int(row["n"]))
    return Estimate(value, low, high, *style, words)


def _legend(rows: pd.DataFrame, results: Results) -> list[Entry]:
    here = set(rows["population"])
    return [
        Entry(results.population_label(name), *group_style(place))
        for place, name in enumerate(results.population_names)
        if name in here
    ]


def _described(forest: list[ForestRow]) -> str:
    return "; ".join(f"{row.label}: " + ", ".join(one.words for one in row.estimates) for row in forest)


def _is_class(marker: str, outcome: str, results: Results) -> bool:
    rows = _judged(marker, results)
    return bool(((rows["outcome"] == outcome) & (rows["metric"] == "auc")).any())


def _thresholds(outcome: str, results: Results) -> list[str]:
    """Return the outcomes that are the same rule at other thresholds."""
    table = results.outcomes
    if table is None:
        return []
    family = set(table.loc[table["outcome"] == outcome, "family"])
    same = table["family"].isin(family) & table["role"].isin(["sweep", "sensitivity"])
    return [str(name) for name in dict.fromkeys(table.loc[same, "outcome"])]


def _by_number(name: str) -> tuple[float, str]:
    number = read.number(name.rpartition("_")[2])
    return (number if math.isfinite(number) else math.inf, name)
