"""A marker's forest by site, and score against outcome at each site."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from corticolimbic.foundation import hash_json
from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Block, Illustration, Paragraph, Row
from corticolimbic.report._figures._forest import Estimate, ForestRow, draw_forest
from corticolimbic.report._figures._legend import Entry
from corticolimbic.report._figures._scatter import PANEL, Axes, Spot, draw_scatter
from corticolimbic.report._numbers import decimal, estimate
from corticolimbic.report._palette import QUIET, group_style
from corticolimbic.report._results import Results, where
from corticolimbic.report._sections._marker_table import in_order, in_sample, metric_name, scheme_name
from corticolimbic.report._sections._people import Draw, site_name
from corticolimbic.report._svg import Plan
from corticolimbic.report._words import say

_SITES = 40
_PANELS = 12
_PEOPLE = 400
_GLYPHS = {"o": "●", "D": "◆", "s": "■", "^": "▲", "x": "×"}
_FOREST_METRICS = ("pearson_r", "auc", "spearman_rho")


def slug(name: str) -> str:
    """Return a name fit for a file: letters, digits and underscores; a hash keeps changed names apart."""
    kept = "".join(character if character.isascii() and character.isalnum() else "_" for character in name)[
        :60
    ]
    return kept if kept == name else f"{kept}_{hash_json(name)[:8]}"


def forest(marker: str, rows: pd.DataFrame, results: Results, draw: Draw, of: str = "") -> list[Block]:
    """Return the forest of the first metric that association is judged by; ``of`` sets its file apart."""
    metric = next((name for name in _FOREST_METRICS if name in set(rows["metric"])), "")
    if not metric:
        return []
    chosen = rows[rows["metric"] == metric]
    names = [name for name in results.population_names if name in set(chosen["population"])]
    styles = {name: group_style(results.population_names.index(name)) for name in names}
    forest_rows: dict[tuple[str, str], list[Estimate]] = {}
    for (_, site, scheme, population), group in in_order(chosen, results):
        row = group.iloc[0]
        words = estimate(row["value"], row["ci_low"], row["ci_high"]) + say("marker.with_n", n=int(row["n"]))
        color, shape = styles[population]
        value, low, high = (float(row[column]) for column in ("value", "ci_low", "ci_high"))
        item = Estimate(value, low, high, color, shape, words, quiet=in_sample(scheme))
        forest_rows.setdefault((site, scheme), []).append(item)
    built = [
        ForestRow(site_name(read.text(site)), scheme_name(scheme), tuple(items))
        for (site, scheme), items in list(forest_rows.items())[:_SITES]
    ]
    legend = [Entry(results.population_label(name), *styles[name]) for name in names]
    if any(in_sample(scheme) for scheme in chosen["scheme"]):
        legend.append(Entry(say("scheme.in_sample"), QUIET, "o", hollow=True))
    values = "; ".join(
        f"{row.label} ({row.note}): " + ", ".join(e.words for e in row.estimates) for row in built[:20]
    )
    plan = Plan(
        name=f"marker-{slug(marker)}{of}",
        title=say("marker.forest_title", metric=metric_name(metric)),
        description=say("marker.forest_description", values=values),
        caption=say("marker.forest_caption", metric=metric_name(metric)),
        draw=lambda sheet: draw_forest(
            sheet, built, legend, metric_name(metric), 0.5 if metric == "auc" else 0.0
        ),
        data=chosen,
    )
    more = len(forest_rows) - len(built)
    return [draw(plan), *([Paragraph(say("marker.more_sites", n=more), "note")] if more > 0 else [])]


def scatters(marker: str, results: Results, draw: Draw) -> list[Block]:
    """Return a panel of score against outcome for each site, training sites last, and what its marks mean."""
    people = _people(marker, results)
    if people.empty:
        return []
    named = {
        person.participant_id
        for item in results.differences or ()
        if item.marker == marker
        for person in item.people
    }
    training = set()
    if results.evaluation is not None:
        judged = results.evaluation[results.evaluation["name"] == marker]
        training = {
            site for site, scheme in zip(judged["site"], judged["scheme"], strict=True) if in_sample(scheme)
        }
    axes = _axes(people, results)
    sites = sorted(dict.fromkeys(people["site"]), key=lambda site: (site in training, site))
    made: list[Illustration] = []
    for place, site in enumerate(sites[:_PANELS]):
        here = people[people["site"] == site]
        note = f" · {say('scheme.in_sample')}" if site in training else ""
        n_people = here["participant_id"].nunique()  # a run is a dot, and a person may have several
        title = say("marker.panel", site=site_name(read.text(site)), n=n_people)
        spots = _spots(here.head(_PEOPLE), results, named)
        made.append(draw(_scatter_plan(f"scores-{slug(marker)}-{place + 1}", title, note, spots, axes, here)))
    more = (
        [Paragraph(say("marker.more_panels", n=len(sites) - _PANELS), "note")] if len(sites) > _PANELS else []
    )
    return [Paragraph(say("marker.scatter", marks=marks(people, results))), Row(tuple(made)), *more]


def _scatter_plan(
    name: str, title: str, note: str, spots: list[Spot], axes: Axes, data: pd.DataFrame
) -> Plan:
    return Plan(
        name=name,
        title=title + note,
        description=say("marker.scatter_description", title=title, outcome=axes.outcome, score=axes.score),
        caption=note.removeprefix(" · "),
        draw=lambda sheet: draw_scatter(sheet, title, spots, axes),
        data=data.drop(columns=["member_of"]).assign(populations=data["member_of"].map(" ".join)),
        width=PANEL,
    )


def _people(marker: str, results: Results) -> pd.DataFrame:
    """Return score, outcome, site and populations of everyone who has a score and an outcome."""
    scores, outcomes = results.scores, results.outcomes
    if scores is None or outcomes is None:
        return pd.DataFrame()
    primary = outcomes[outcomes["role"] == "primary"] if (outcomes["role"] == "primary").any() else outcomes
    primary = primary.drop_duplicates("participant_id")[["participant_id", "value", "label"]]
    good = scores[(scores["marker"] == marker) & (scores["status"] == "ok")]
    joined = good.merge(primary, on="participant_id", how="inner", validate="many_to_one")
    joined = where(
        joined, (math.isfinite(a + b) for a, b in zip(joined["score"], joined["value"], strict=True))
    )
    table = results.populations
    inside: dict[str, list[str]] = {}
    if table is not None:
        members = table[table["member"] == 1]
        for person, population in zip(members["participant_id"], members["population"], strict=True):
            inside.setdefault(person, []).append(population)
    kept = joined.assign(member_of=[tuple(inside.get(person, ())) for person in joined["participant_id"]])
    kept = kept.rename(columns={"value": "outcome"})
    columns = ["participant_id", "session_id", "run", "site", "outcome", "label", "score", "member_of"]
    return kept[columns]


def _axes(people: pd.DataFrame, results: Results) -> Axes:
    outcome = results.flow.outcome if results.flow else None
    name = (outcome.label or outcome.name) if outcome else ""
    unit = f" ({outcome.unit})" if outcome and outcome.unit else ""
    labels = {
        int(value): str(label)
        for value, label in zip(people["outcome"], people["label"], strict=True)
        if label
    }
    classes = tuple(labels.get(place, str(place)) for place in range(max(labels) + 1)) if labels else ()
    return Axes(
        outcome=(name or say("marker.outcome")) + unit,
        score=say("marker.score"),
        outcomes=tuple(people["outcome"]),
        scores=tuple(people["score"]),
        classes=tuple(map(read.text, classes)) if len(classes) <= 6 else (),
    )


def _spots(people: pd.DataFrame, results: Results, named: set[str]) -> list[Spot]:
    names = results.population_names
    spots = []
    for row in people.to_dict("records"):
        member = [name for name in names if name in row["member_of"]]
        look = _look(member, names)
        person = read.text(row["participant_id"], 60)
        inside = ", ".join(map(results.population_label, member)) or say("marker.no_population")
        numbers = {"score": decimal(row["score"]), "outcome": decimal(row["outcome"])}
        tip = say("marker.tip", person=person, populations=inside, **numbers)
        label = person.removeprefix("sub-") if row["participant_id"] in named else ""
        spots.append(
            Spot(
                float(row["outcome"]),
                float(row["score"]),
                look.color,
                look.shape,
                tip,
                label,
                hollow=look.hollow,
            )
        )
    return spots


def _look(member: Sequence[str], names: Sequence[str]) -> Entry:
    """Return the mark of a person: one for all populations, one for each that is not all, one for none."""
    if not member:
        return Entry("", QUIET, "x")
    color, shape = group_style(names.index(member[-1]))
    if len(member) == len(names):
        return Entry("", *group_style(0))
    return Entry("", color, shape, hollow=member[-1] == names[0])


def marks(people: pd.DataFrame, results: Results) -> str:
    """Return in words what the marks of the scatters stand for."""
    names = results.population_names
    found = {tuple(name for name in names if name in member) for member in people["member_of"]}
    parts = []
    for member in sorted(found, key=lambda member: (-len(member), member)):
        look = _look(member, names)
        labels = ", ".join(map(results.population_label, member))
        told = (
            say("marker.everywhere") if len(member) == len(names) > 1 else say("marker.only", labels=labels)
        )
        glyph = "○" if look.hollow else _GLYPHS[look.shape]
        parts.append(f"{glyph} {told if member else say('marker.no_population')}")
    return "; ".join(parts)
