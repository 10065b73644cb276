"""Step compare: every circuit edge against the outcome, and the circuit's means for the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.circuit import layout, measurable_edges, missing_regions, region, split_side
from corticolimbic.features import read_table, write_table
from corticolimbic.foundation import Problem, problem, write_json
from corticolimbic.measure import STRUCTURE_MEASURES
from corticolimbic.stats import (
    RELIABILITY_ORDER,
    CompareSettings,
    Comparison,
    VisitTables,
    attenuation_table,
    baseline_rows,
    circuit_means,
    compare,
    measured_quality,
    reliability,
    with_reliability,
)
from corticolimbic.workflow._clinical import clinical_inputs, clinical_settings, read_people
from corticolimbic.workflow._cohort_step import baseline_session
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._measure_step import circuit_atlas
from corticolimbic.workflow._measured_rows import measured_inputs, measured_rows
from corticolimbic.workflow._site_files import SITE_FILES, declared_by_sites, write_sites
from corticolimbic.workflow._step import Context, Found, Outcome, Step, Unit

QUALITY = ("mean_fd", "censored_share")
_RELATIVE = "compare/relative.parquet"
_STRUCTURE = "compare/structure.tsv"
_OUTPUTS = (
    "compare/effects.tsv",
    "compare/declared.json",
    "circuit.json",
    "compare/reliability.tsv",
    "compare/attenuation.tsv",
    "compare/harmonisation.tsv",
)


def _settings(config: Config) -> dict[str, Any]:
    return {
        **config.compare.plain(),
        "baseline_session": baseline_session(config),
        "made_of": [
            config.cohort.outcome.column,
            config.cohort.outcome.pain_column,
            config.cohort.outcome.before_column,
        ],
        "declared_by_sites": declared_by_sites(config),
        **clinical_settings(config),
    }


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    if not found.participants.usable or not context.config.measure.circuit_edges:
        return ()
    cohort = ("cohort/outcomes.parquet", "cohort/populations.parquet")
    inputs = (*clinical_inputs(context, found), *cohort, *measured_inputs(found))
    return (Unit("compare", "all", inputs, _OUTPUTS),)


def _compare(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    settings = context.config.compare
    everything = measured_rows(context.out)
    baseline = baseline_rows(everything, baseline_session(context.config))
    edges = _edges(everything, context.config)
    circuit = _circuit_rows(baseline, edges, STRUCTURE_MEASURES)
    populations = read_table("populations", context.out / "cohort/populations.parquet")
    participants = read_people(context.dataset, context.config.cohort).participants.table
    outcomes = read_table("outcomes", context.out / "cohort/outcomes.parquet")
    quality = measured_quality(baseline)
    primary = frozenset(
        target for targets in edges.values() for target, edge in targets.items() if edge["primary"]
    )
    visits = _visits(context, _circuit_rows(everything, edges, QUALITY))

    def compared(members: pd.DataFrame, told: CompareSettings) -> Comparison:
        return compare(circuit, quality, participants, outcomes, members, primary, told, visits)

    found = compared(populations, settings)
    effects, reliable = _with_reliability(found.effects, everything, circuit, edges, populations, context)
    write_table(effects, "effects", context.out / _OUTPUTS[0])
    write_json(context.out / _OUTPUTS[1], {**found.declared, "reliability_order": _order()})
    write_table(found.harmonisation, "harmonisation", context.out / _OUTPUTS[5])
    problems = (*found.problems, *reliable, *_unmeasured(edges, context.config))
    kept: tuple[str, ...] = ()
    if len(found.structure):
        kept = (*kept, _STRUCTURE)
        write_table(found.structure, "structure", context.out / _STRUCTURE)
    if len(found.relative.stored):
        kept = (*kept, _RELATIVE)
        write_table(found.relative.stored, "relative", context.out / _RELATIVE)
    if settings.site_summaries:
        # What is fitted over all people, or drawn many times, is no part of what a site sends.
        alone = settings.model_copy(update={"permutations": 0, "relative": (), "harmonise": "none"})
        outputs, told = write_sites(
            context, lambda members: compared(members, alone), circuit, participants, outcomes, populations
        )
        kept, problems = (*kept, *outputs), (*problems, *told)
    drawing = _drawing(edges, circuit_means(circuit, populations, settings.statistic))
    write_json(context.out / _OUTPUTS[2], drawing)
    return Outcome(problems, facts={"n_effects": len(effects)}, outputs=kept)


def _visits(context: Context, rows: pd.DataFrame) -> VisitTables:
    """Return all visits, with what the outcome's groups were made of."""
    cohort = context.config.cohort
    outcome = cohort.outcome
    made_of = (outcome.column, outcome.pain_column, outcome.before_column)
    return VisitTables(
        rows,
        read_people(context.dataset, cohort).clinical.visits,
        {visit.session: visit.day for visit in cohort.trajectories.schedule},
        context.config.compare.longitudinal.pain_column or outcome.pain_column,
        frozenset(name for name in made_of if name is not None),
    )


def _with_reliability(
    effects: pd.DataFrame,
    everything: pd.DataFrame,
    baseline: pd.DataFrame,
    edges: Mapping[str, Mapping[str, Any]],
    populations: pd.DataFrame,
    context: Context,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Write how reliable the edges are and what it means for the effects; return these with their ICC."""
    sites = populations.drop_duplicates("participant_id").set_index("participant_id")["site"]
    statistic = context.config.compare.statistic
    table = reliability(_circuit_rows(everything, edges), baseline, sites, statistic)
    write_table(table, "reliability", context.out / _OUTPUTS[3])
    write_table(attenuation_table(effects, table), "attenuation", context.out / _OUTPUTS[4])
    lacking = [] if table["icc"].notna().any() else [problem("CL633", found=f"{statistic}: no ICC")]
    return with_reliability(effects, table), lacking


def _order() -> list[str]:
    return [f"{kind}: {form}" for kind, form in RELIABILITY_ORDER]


def _edges(features: pd.DataFrame, config: Config) -> dict[str, dict[str, dict[str, Any]]]:
    """Return atlas to the circuit's edges that it can measure."""
    edges = {}
    for name in sorted(set(features["atlas"])):
        known = circuit_atlas(config, name)
        if known is not None:
            edges[name] = {
                item.target: {
                    "target": item.target,
                    "a": item.ends[0],
                    "b": item.ends[1],
                    "primary": item.primary,
                    "stands_in_for": item.stands_in_for,
                    "atlas": name,
                }
                for item in measurable_edges(known)
            }
    return edges


def _unmeasured(edges: Mapping[str, Any], config: Config) -> list[Problem]:
    """Say once for each atlas which regions of the circuit it does not tell apart."""
    atlases = {name: circuit_atlas(config, name) for name in edges}
    lacking = {name: missing_regions(known) for name, known in atlases.items() if known is not None}
    return [problem("CL213", found=f"{name}: {', '.join(lost)}") for name, lost in lacking.items() if lost]


def _circuit_rows(
    baseline: pd.DataFrame, edges: Mapping[str, Mapping[str, Any]], beside: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Leave out edges between an atlas' own nodes, which markers ask for; keep the measures named beside."""
    pairs = {(atlas, target) for atlas, targets in edges.items() for target in targets}
    keys = zip(baseline["atlas"], baseline["target"], baseline["measure"], strict=True)
    mine = [(atlas, target) in pairs or measure in beside for atlas, target, measure in keys]
    return baseline[np.array(mine, dtype=bool)]  # a list that is empty would choose no columns


def _drawing(edges: Mapping[str, Mapping[str, Any]], means: list[dict[str, Any]]) -> dict[str, Any]:
    listed = [edge for targets in edges.values() for edge in targets.values()]
    used = sorted({edge[end] for edge in listed for end in ("a", "b")})
    return {"regions": [_placed(name) for name in used], "edges": listed, "means": means}


def _placed(name: str) -> dict[str, Any]:
    """Return where to draw a region: its own place, or the middle of both hemispheres' places."""
    base, side = split_side(name)
    places = [place for place in layout() if place.region == base and (not side or place.side == side)]
    known = region(base)
    middle = {
        axis: float(np.mean([getattr(place, axis) for place in places])) if places else None for axis in "xyz"
    }
    label = f"{known.name}, {'left' if side == 'L' else 'right'}" if side else known.name
    return {"id": name, "name": label, "group": known.group, "side": side or "M", **middle}


COMPARE = Step(
    "compare",
    "Comparing people",
    5,
    _settings,
    _units,
    _compare,
    (*_OUTPUTS, _RELATIVE, _STRUCTURE, *SITE_FILES),
)
