"""Settings, versions, definitions, how to cite, and the files written."""

from __future__ import annotations

import json
from typing import Any

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import (
    Block,
    Cell,
    Code,
    Column,
    Fold,
    Items,
    Pairs,
    Paragraph,
    Section,
    Table,
)
from corticolimbic.report._numbers import duration
from corticolimbic.report._results import Results
from corticolimbic.report._words import say

_CONFIG_LIMIT = 100_000
_DEFINITIONS = 100
_FILES = (
    "dataset_description.json",
    "config.yaml",
    "manifest.json",
    "definitions.json",
    "log.jsonl",
    "problems.tsv",
    "features",
    "series",
    "matrices",
    "maps",
    "sessions.parquet",
    "quality.tsv",
    "region_quality.tsv",
    "features.json",
    "cohort/flow.json",
    "cohort/visits.parquet",
    "cohort/outcomes.parquet",
    "cohort/populations.parquet",
    "cohort/ratings.parquet",
    "cohort/trajectories.parquet",
    "cohort/mean_courses.parquet",
    "cohort/rates.parquet",
    "cohort/recovery.parquet",
    "cohort/misclassification.parquet",
    "cohort/completeness.parquet",
    "cohort/attrition.tsv",
    "cohort/attrition_patterns.tsv",
    "cohort/attrition_differences.tsv",
    "cohort/attrition_rates.tsv",
    "compare/effects.tsv",
    "compare/reliability.tsv",
    "compare/attenuation.tsv",
    "compare/harmonisation.tsv",
    "compare/relative.parquet",
    "compare/site_summaries.tsv",
    "compare/pooled.tsv",
    "compare/declared.json",
    "circuit.json",
    "predict/scores.tsv",
    "predict/evaluation.tsv",
    "predict/verdicts.tsv",
    "predict/markers.json",
    "predict/differences.json",
    "predict/registered.json",
    "predict/models",
    "agreement.tsv",
    "truth",
    "figures",
    "report.html",
)
"""The names of DESIGN section 5, in its order; the catalogue has a line for each."""
_ALWAYS = frozenset({"figures", "report.html"})


def settings(results: Results) -> Section:
    """Return how this was made: settings as written, versions, steps, definitions."""
    manifest = results.manifest
    blocks: list[Block] = []
    inputs = read.mapping(manifest.get("inputs"))
    pairs = (
        (say("settings.made_with"), read.text(manifest.get("created_with"))),
        (say("settings.input_files"), read.text(inputs.get("n_files"))),
        (say("settings.input_hash"), read.text(inputs.get("hash"))),
    )
    known = tuple((term, text) for term, text in pairs if text)
    blocks.append(Pairs(known) if known else Paragraph(say("settings.no_manifest"), "note"))
    blocks.append(_config(results.config))
    versions = read.mapping(manifest.get("environment"))
    if versions:
        columns = (Column(say("settings.package")), Column(say("settings.version")))
        rows = tuple((Cell(read.text(name)), Cell(read.text(version))) for name, version in versions.items())
        blocks.append(
            Fold(say("settings.environment", n=len(rows)), (Table(say("settings.versions"), columns, rows),))
        )
    steps = read.objects(manifest.get("steps"))
    if steps:
        blocks.append(Fold(say("settings.steps", n=len(steps)), (_steps(steps),)))
    if results.definitions:
        listing = _definitions(results.definitions)
        blocks.append(Fold(say("settings.definitions", n=len(results.definitions)), (listing,)))
    return Section("settings", say("settings.title"), tuple(blocks))


def _config(text: str | None) -> Block:
    if text is None:
        return Paragraph(say("settings.no_config"), "note")
    shown = text[:_CONFIG_LIMIT] + ("\n…" if len(text) > _CONFIG_LIMIT else "")
    return Fold(say("settings.config"), (Code(visible(shown), "config.yaml"),))


def visible(text: str) -> str:
    """Return text with control and direction marks written out: what is read is what the file holds."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else f"⟨U+{ord(character):04X}⟩"
        for character in text
    )


def _steps(steps: list[dict[str, Any]]) -> Table:
    columns = [
        Column(say("settings.step")),
        Column(say("settings.algorithm"), numeric=True),
        Column(say("settings.units"), numeric=True),
    ]
    timed = any("seconds" in step for step in steps)
    rows = []
    for step in steps:
        cells = [Cell(read.text(step.get("title") or step.get("name")))]
        cells += [Cell(read.text(step.get(name))) for name in ("algorithm", "units")]
        rows.append((*cells, Cell(duration(read.number(step.get("seconds"))))) if timed else tuple(cells))
    columns += [Column(say("settings.time"), numeric=True)] if timed else []
    return Table(say("settings.steps_table"), tuple(columns), tuple(rows))


def _definitions(definitions: dict[str, Any]) -> Table:
    rows = []
    for name, value in list(definitions.items())[:_DEFINITIONS]:
        item = read.mapping(value)
        nodes = item.get("nodes")
        atlas = " ".join(
            part for part in (read.text(item.get("atlas")), read.text(item.get("atlas_hash"))[:12]) if part
        )
        if isinstance(nodes, list):
            atlas += say("settings.nodes", n=len(nodes))
        chosen = json.dumps(item.get("settings", {}), ensure_ascii=False, sort_keys=True)
        rows.append(
            (
                Cell(read.text(name)),
                Cell(read.text(item.get("measure"))),
                Cell(read.text(item.get("algorithm"))),
                Cell(atlas),
                Cell(read.text(chosen, 600)),
            )
        )
    columns = (
        Column(say("settings.definition")),
        Column(say("settings.measure")),
        Column(say("settings.algorithm"), numeric=True),
        Column(say("settings.atlas")),
        Column(say("settings.chosen")),
    )
    pointer = say("settings.pointer", n=len(definitions)) if len(definitions) > len(rows) else ""
    return Table(say("settings.definitions_table"), columns, tuple(rows), pointer=pointer)


def citing(results: Results) -> Section:
    """Return how to cite the software, the data and the markers."""
    dataset = read.mapping(results.manifest.get("dataset"))
    version = read.text(results.manifest.get("created_with")) or "corticolimbic"
    lines = [say("cite.software", version=version)]
    wanted = read.text(dataset.get("how_to_cite"), 1000)
    lines.append(say("cite.dataset", text=wanted) if wanted else say("cite.dataset_unknown"))
    licence = read.text(dataset.get("licence"))
    lines += [say("cite.licence", text=licence)] if licence else []
    lines += [
        say("cite.marker", name=marker.name or marker.id, text=marker.citation)
        for marker in results.markers or ()
        if marker.citation and marker.computable
    ]
    return Section("cite", say("cite.title"), (Items(tuple(lines)),))


def written(results: Results) -> Section:
    """Return the files of the folder, one line each."""
    present = [name for name in _FILES if name in _ALWAYS or (results.root / name).exists()]
    pairs = tuple((name, say.of("file", name)) for name in present)
    return Section("files", say("files.title"), (Paragraph(say("files.intro"), "note"), Pairs(pairs)))
