"""One results folder as far as it exists: what is absent is None, what cannot be read is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from corticolimbic.features import read_table
from corticolimbic.foundation import JSON_LIMIT, CorticolimbicError, one_line, read_bytes
from corticolimbic.report import _lenient as read
from corticolimbic.report._records import Declared, Flow
from corticolimbic.report._records_circuit import Circuit
from corticolimbic.report._records_markers import Difference, Marker
from corticolimbic.report._records_registered import Registered

Value = TypeVar("Value")
_TABLES = {
    "problems": "problems.tsv",
    "sessions": "sessions.parquet",
    "quality": "quality.tsv",
    "region_quality": "region_quality.tsv",
    "outcomes": "cohort/outcomes.parquet",
    "populations": "cohort/populations.parquet",
    "ratings": "cohort/ratings.parquet",
    "trajectories": "cohort/trajectories.parquet",
    "mean_courses": "cohort/mean_courses.parquet",
    "rates": "cohort/rates.parquet",
    "recovery": "cohort/recovery.parquet",
    "misclassification": "cohort/misclassification.parquet",
    "completeness": "cohort/completeness.parquet",
    "attrition": "cohort/attrition.tsv",
    "attrition_differences": "cohort/attrition_differences.tsv",
    "attrition_rates": "cohort/attrition_rates.tsv",
    "effects": "compare/effects.tsv",
    "reliability": "compare/reliability.tsv",
    "attenuation": "compare/attenuation.tsv",
    "pooled": "compare/pooled.tsv",
    "site_summaries": "compare/site_summaries.tsv",
    "agreement": "agreement.tsv",
    "harmonisation": "compare/harmonisation.tsv",
    "structure": "compare/structure.tsv",
    "scores": "predict/scores.tsv",
    "evaluation": "predict/evaluation.tsv",
    "verdicts": "predict/verdicts.tsv",
    "curves": "predict/curves.tsv",
}


@dataclass(frozen=True)
class Unreadable:
    """A file of the results folder that exists but cannot be used."""

    file: str
    why: str


@dataclass(frozen=True)
class Results:
    """What a results folder holds.

    Parameters
    ----------
    root
        The folder.
    manifest, definitions
        As written, empty where absent.
    config
        Text of ``config.yaml``, or None.
    problems, sessions, quality, region_quality, outcomes, populations, effects, agreement, scores
    evaluation, verdicts, curves
        Tables by the schemas of `corticolimbic.features`, or None.
    ratings, trajectories, mean_courses, rates, recovery, misclassification, completeness
        Tables by the schemas of `corticolimbic.features`, or None.
    attrition, attrition_differences, attrition_rates, reliability, attenuation, harmonisation, structure
        Tables by the schemas of `corticolimbic.features`, or None.
    pooled, site_summaries
        Tables by the schemas of `corticolimbic.features`, or None.
    flow, declared, circuit, markers, differences, registered
        Records, or None.
    unreadable
        Files that exist but cannot be used.
    """

    root: Path
    manifest: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)
    config: str | None = None
    problems: pd.DataFrame | None = None
    sessions: pd.DataFrame | None = None
    quality: pd.DataFrame | None = None
    region_quality: pd.DataFrame | None = None
    outcomes: pd.DataFrame | None = None
    populations: pd.DataFrame | None = None
    attrition: pd.DataFrame | None = None
    attrition_differences: pd.DataFrame | None = None
    attrition_rates: pd.DataFrame | None = None
    effects: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None
    attenuation: pd.DataFrame | None = None
    agreement: pd.DataFrame | None = None
    harmonisation: pd.DataFrame | None = None
    structure: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    evaluation: pd.DataFrame | None = None
    verdicts: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None
    pooled: pd.DataFrame | None = None
    site_summaries: pd.DataFrame | None = None
    ratings: pd.DataFrame | None = None
    trajectories: pd.DataFrame | None = None
    mean_courses: pd.DataFrame | None = None
    rates: pd.DataFrame | None = None
    recovery: pd.DataFrame | None = None
    misclassification: pd.DataFrame | None = None
    completeness: pd.DataFrame | None = None
    flow: Flow | None = None
    declared: Declared | None = None
    circuit: Circuit | None = None
    markers: tuple[Marker, ...] | None = None
    differences: tuple[Difference, ...] | None = None
    registered: Registered | None = None
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def population_names(self) -> tuple[str, ...]:
        """Names of the populations, in the order of the flow, then as tables name them."""
        names = [group.name for group in self.flow.populations] if self.flow else []
        for table in (self.populations, self.effects, self.evaluation, self.verdicts):
            names += list(table["population"].unique()) if table is not None else []
        return tuple(dict.fromkeys(map(str, names)))

    def population_label(self, name: str) -> str:
        """Return what people call a population."""
        groups = self.flow.populations if self.flow else ()
        label = next((group.label for group in groups if group.name == name), "")
        return label or read.text(name) or "–"


def where(table: pd.DataFrame, mask: Iterable[bool]) -> pd.DataFrame:
    """Return the rows for which the mask is true, of empty tables too (where a list is no mask)."""
    return table.loc[np.fromiter((bool(value) for value in mask), dtype=bool)]


def read_results(root: Path) -> Results:
    """Read a results folder; absent files are None, unusable ones are listed in ``unreadable``."""
    unreadable: list[Unreadable] = []

    def attempt(name: str, reader: Callable[[Path], Value]) -> Value | None:
        path = root / name
        if not path.is_file():
            return None
        try:
            return reader(path)
        except (CorticolimbicError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            unreadable.append(Unreadable(name, one_line(f"{type(error).__name__}: {error}")))
            return None

    tables = {name: attempt(file, _table_reader(name)) for name, file in _TABLES.items()}
    return Results(
        root=root,
        manifest=read.mapping(attempt("manifest.json", _json)),
        definitions=read.mapping(attempt("definitions.json", _json)),
        config=attempt("config.yaml", _text),
        flow=attempt("cohort/flow.json", lambda path: Flow.read(_json(path))),
        declared=attempt("compare/declared.json", lambda path: Declared.read(_json(path))),
        circuit=attempt("circuit.json", lambda path: Circuit.read(_json(path))),
        markers=attempt(
            "predict/markers.json", lambda path: tuple(map(Marker.read, read.objects(_json(path))))
        ),
        differences=attempt(
            "predict/differences.json", lambda path: tuple(map(Difference.read, read.objects(_json(path))))
        ),
        registered=attempt("predict/registered.json", lambda path: Registered.read(_json(path))),
        unreadable=tuple(unreadable),
        **tables,
    )


def _table_reader(name: str) -> Callable[[Path], pd.DataFrame]:
    return lambda path: read_table(name, path)


def _json(path: Path) -> Any:
    return json.loads(read_bytes(path, limit=JSON_LIMIT).decode("utf-8-sig"))


def _text(path: Path) -> str:
    return read_bytes(path, limit=JSON_LIMIT).decode("utf-8", errors="replace")
