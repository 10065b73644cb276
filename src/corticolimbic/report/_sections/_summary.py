"""The summary: in plain words, who came in, what was found or not, and what could not be said."""

from __future__ import annotations

import math

import pandas as pd

from corticolimbic.report._blocks import Block, Items, Paragraph, Section
from corticolimbic.report._numbers import decimal, estimate, relation, whole
from corticolimbic.report._results import Results, where
from corticolimbic.report._sections._circuit import contrast, pretty
from corticolimbic.report._sections._effects import without_group_by_time
from corticolimbic.report._sections._effects_figure import is_primary
from corticolimbic.report._sections._effects_table import family_sizes
from corticolimbic.report._sections._marker_baselines import judged_apart
from corticolimbic.report._sections._marker_table import in_sample
from corticolimbic.report._sections._people import site_name
from corticolimbic.report._sections._survival import verdict_lines
from corticolimbic.report._words import say

_ALPHA = 0.05
_SITES = 5
_MARKERS = 3
"""With more markers than this the summary counts them instead of naming each."""


def summary(results: Results) -> Section:
    """Return the first section."""
    paragraphs = [" ".join(_people(results)), " ".join(_effects(results)), *_markers(results)]
    blocks: list[Block] = [Paragraph(text, "lead") for text in paragraphs if text]
    if not blocks:
        blocks.append(Paragraph(say("summary.nothing"), "lead"))
    unsaid = _unsaid(results)
    if unsaid:
        blocks += [Paragraph(say("summary.unsaid"), "note"), Items(tuple(unsaid))]
    return Section("summary", say("summary.title"), tuple(blocks))


def _people(results: Results) -> list[str]:
    flow = results.flow
    if flow is None or not flow.stages:
        return []
    first = flow.stages[0]
    sites = [site for site, count in first.by_site.items() if count > 0 and site not in {"", "n/a"}]
    parts = [
        say("summary.came_in", n=first.n, sites=len(sites))
        if sites
        else say("summary.came_in_no_site", n=first.n)
    ]
    if flow.populations:
        groups = ", ".join(say("summary.population", label=item.label, n=item.n) for item in flow.populations)
        parts.append(say("summary.populations", k=len(flow.populations), groups=groups))
    return parts


def _effects(results: Results) -> list[str]:
    if results.effects is None or results.effects.empty:
        return []
    table = without_group_by_time(results.effects)
    sizes = family_sizes(table, results)
    table = table[~table["withheld"] & (table["analysis"] != "visits")]
    primary = table[is_primary(table, results)]
    if primary.empty:
        return []
    declared = results.declared.statistic if results.declared else ""
    if (primary["statistic"] == declared).any():
        primary = primary[primary["statistic"] == declared]
    outcome = results.declared.outcome if results.declared else ""
    about = primary["contrast"].str.contains(outcome, regex=False)
    primary = primary[about] if about.any() else primary
    sentences = []
    for name in results.population_names:
        rows = primary[primary["population"] == name]
        if len(rows):
            sentences.append(_strongest(rows, results.population_label(name), sizes))
    return sentences


def _strongest(rows: pd.DataFrame, label: str, sizes: dict[str, int]) -> str:
    known = where(rows, map(math.isfinite, rows["q"]))
    if known.empty:
        return say("summary.no_estimate", population=label)
    best = known.sort_values(["q", "p"], kind="stable").iloc[0]
    standard = math.isfinite(best["effect_size"])
    names = ("effect_size", "es_low", "es_high") if standard else ("estimate", "ci_low", "ci_high")
    values = {
        "population": label,
        "edge": pretty(str(best["target"])),
        "kind": best["es_kind"] if standard else best["estimate_unit"],
        "size": estimate(float(best[names[0]]), float(best[names[1]]), float(best[names[2]])),
        "q": relation("q", float(best["q"])),
        "contrast": contrast(str(best["contrast"])),
        "tests": whole(sum(sizes.get(str(name), 0) for name in rows["family"].unique())),
        "n": int(best["n"]),
        "survive": int((known["q"] < _ALPHA).sum()),
    }
    if best["q"] < _ALPHA:
        return say("summary.effect", **values)
    return say("summary.no_effect", **values)


def _markers(results: Results) -> list[str]:
    table = results.evaluation
    if table is None or table.empty:
        return []
    if results.verdicts is not None and results.verdicts["marker"].nunique() > _MARKERS:
        return [
            line
            for _, rows in results.verdicts.groupby("outcome", sort=False)
            for line in verdict_lines(rows, results)
        ]
    names = {marker.id: marker.name or marker.id for marker in results.markers or ()}
    sentences = []
    rows = table[table["metric"].isin(["pearson_r", "auc"]) & ~judged_apart(table)]
    if results.verdicts is not None and len(results.verdicts):
        rows = rows[rows["outcome"].isin(results.verdicts["outcome"])]  # not every threshold of them
    rows = where(rows, (not in_sample(scheme) for scheme in rows["scheme"]))
    rows = where(rows, (not str(site).lower().startswith("all ") for site in rows["site"]))
    for name, group in rows.groupby("name", sort=False):
        sites = list(dict.fromkeys(group["site"]))
        parts = []
        for site in sites[:_SITES]:
            here = {row["population"]: row for row in group[group["site"] == site].to_dict("records")}
            values = "; ".join(
                say(
                    "summary.marker_value",
                    value=estimate(row["value"], row["ci_low"], row["ci_high"]),
                    population=results.population_label(population),
                    n=row["n"],
                )
                for population in results.population_names
                if (row := here.get(population))
            )
            parts.append(say("summary.marker_site", site=site_name(site), values=values))
        more = say("summary.marker_more", n=len(sites) - _SITES) if len(sites) > _SITES else ""
        metric = say.of("metric", str(group["metric"].iloc[0]))
        sentences.append(
            say("summary.marker", name=names.get(str(name), name), metric=metric, sites=" ".join(parts))
            + more
        )
    return sentences


def _unsaid(results: Results) -> list[str]:
    """Return what this run cannot tell, each as a sentence."""
    lines = []
    if results.evaluation is not None:
        trained = where(results.evaluation, map(in_sample, results.evaluation["scheme"]))
        sites = list(dict.fromkeys(trained["site"]))
        if sites:
            lines.append(say("summary.in_sample", sites=", ".join(map(site_name, sites))))
        worse = _worse_than_mean(results)
        if worse:
            lines.append(say("summary.skill", sites="; ".join(worse)))
    lacking = [marker.name or marker.id for marker in results.markers or () if not marker.computable]
    if lacking:
        if len(lacking) > _MARKERS:
            lines.append(say("summary.many_not_computable", n=len(lacking)))
        else:
            lines.append(say("summary.not_computable", n=len(lacking), names=", ".join(lacking)))
    if results.effects is not None and without_group_by_time(results.effects)["withheld"].any():
        lines.append(say("summary.group_by_time"))
    if results.problems is not None:
        failed = int((results.problems["severity"] == "failed").sum())
        lines += [say("summary.failed", n=failed)] if failed else []
    steps = ((results.flow, "people"), (results.circuit, "circuit"), (results.effects, "effects"),
             (results.markers if results.evaluation is None else results.evaluation, "markers"))  # fmt: skip
    absent = [say.of("step", name) for value, name in steps if value is None]
    lines += [say("summary.not_asked", steps=", ".join(absent))] if absent else []
    if results.unreadable:
        lines.append(say("summary.unreadable", files=", ".join(item.file for item in results.unreadable)))
    return lines


def _worse_than_mean(results: Results) -> list[str]:
    table = results.evaluation
    if table is None:
        return []
    rows = table[(table["metric"] == "skill") & (table["value"] < 0)]
    rows = where(rows, (not in_sample(scheme) for scheme in rows["scheme"]))
    return [
        say("summary.skill_site", site=site_name(row["site"]), value=decimal(row["value"]),
            population=results.population_label(row["population"]))
        for row in rows.to_dict("records")[:6]
    ]  # fmt: skip
