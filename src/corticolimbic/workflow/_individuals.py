"""Records and pages of single people, from a finished run alone; written only where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import read_table, schema, session_order
from corticolimbic.foundation import (
    JSON_LIMIT,
    SettingsError,
    inside,
    parallel_map,
    read_bytes,
    read_json,
    write_json,
)
from corticolimbic.predict import (
    Study,
    individual,
    individual_json,
    marker,
    marker_ids,
    nearest,
)
from corticolimbic.workflow._config import Config, read_config
from corticolimbic.workflow._folder import is_ours, locked
from corticolimbic.workflow._log import Progress
from corticolimbic.workflow._measured_rows import measured_rows

FOLDER = "individuals"
_TABLES = {
    "visits": "cohort/visits.parquet",
    "ratings": "cohort/ratings.parquet",
    "outcomes": "cohort/outcomes.parquet",
    "populations": "cohort/populations.parquet",
    "trajectories": "cohort/trajectories.parquet",
    "scores": "predict/scores.tsv",
    "evaluation": "predict/evaluation.tsv",
    "reliability": "compare/reliability.tsv",
    "problems": "problems.tsv",
}


def write_individuals(
    out: Path, people: Sequence[str] | None, *, n_jobs: int = 1, quiet: bool = False
) -> list[Path]:
    """Write record and page of people of a finished run.

    Parameters
    ----------
    out
        Results folder of a finished run.
    people
        Their ids, with or without ``sub-``; None for everybody.
    n_jobs
        Processes that draw.
    quiet
        No progress on standard error.

    Returns
    -------
    list
        The pages, ``out/individuals/ID.html``; the numbers lie beside each as ``ID.json``.

    Raises
    ------
    SettingsError
        Where the run is not finished (with what to run), an id is unknown (with the nearest), or another run
        is writing to the folder.
    """
    _check_finished(out)
    study = read_study(out)
    chosen = list(study.ids) if people is None else _known(people, study.ids)
    with locked(out):
        return draw_individuals(out, study, chosen, n_jobs=n_jobs, progress=Progress(quiet=quiet))


def draw_everybody(out: Path, *, n_jobs: int, progress: Progress) -> None:
    """Write everybody's page at the end of a run that was asked for them; nothing where nobody is known."""
    if (out / _TABLES["populations"]).is_file():
        study = read_study(out)
        draw_individuals(out, study, study.ids, n_jobs=n_jobs, progress=progress)


def draw_individuals(
    out: Path, study: Study, people: Sequence[str], *, n_jobs: int, progress: Progress
) -> list[Path]:
    """Write records and pages of known people into a folder that is held by this process."""
    from corticolimbic.report import render_individual

    title = f"Pages of {len(people)} {'person' if len(people) == 1 else 'people'}"
    items = []
    for person in people:
        record = inside(out / FOLDER, f"{person}.json")
        write_json(record, individual_json(individual(study, person)))
        items.append(record)
    pages: dict[Path, Path] = {}
    with progress.count(title, len(items)) as advance:
        for record, page in parallel_map(render_individual, items, n_jobs=n_jobs):
            pages[record] = page
            advance()
    return [pages[record] for record in items]


def _known(people: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Return full ids, each once; name all that are unknown, with those most like them."""
    known, unknown = [], []
    for person in people:
        full = person if person in ids or person.startswith("sub-") else f"sub-{person}"
        if full in ids:
            known.append(full)
        else:
            close = ", ".join(nearest(full, ids)) or "nobody is in this run"
            unknown.append(f"nobody in this run is {person!r}; nearest: {close}")
    if unknown:
        raise SettingsError("; ".join(unknown))
    return list(dict.fromkeys(known))


def _check_finished(out: Path) -> None:
    if not is_ours(out):
        raise SettingsError(
            f"{out} is no results folder of this program; name the OUT of a run "
            "(corticolimbic run DATASET OUT)"
        )
    needed = ("config.yaml", "problems.tsv", *(_TABLES[name] for name in ("visits", "populations")))
    lacking = [name for name in needed if not (out / name).is_file()]
    if lacking:
        raise SettingsError(
            f"the run in {out} is not finished ({', '.join(lacking)} not there); "
            f"corticolimbic run DATASET {out} goes on from where it stopped"
        )
    if read_config(out / "config.yaml").predict.markers and not (out / _TABLES["scores"]).is_file():
        raise SettingsError(
            f"the run in {out} has not scored its markers; corticolimbic predict DATASET {out} does, and "
            f"corticolimbic run DATASET {out} finishes"
        )


def read_study(out: Path) -> Study:
    """Return what individual records are made from, as far as the run wrote it."""
    config = read_config(out / "config.yaml")
    tables = {
        name: read_table(name, out / file) if (out / file).is_file() else schema(name).table([])
        for name, file in _TABLES.items()
    }
    reference, verdicts = config.compare.relative_reference, out / "predict/verdicts.tsv"
    return Study(
        **tables,
        features=measured_rows(out),
        verdicts=read_table("verdicts", verdicts) if verdicts.is_file() else None,
        cards=tuple(_cards(out / "predict/markers.json")),
        trained_on=_trained_on(config, tables["visits"]),
        primary=_primary(out / "circuit.json"),
        statistic=config.compare.statistic,
        baseline_session=config.cohort.outcome.baseline_session,
        schedule=_schedule(config, tables["ratings"]),
        covariates=(reference.age, *reference.covariates),
        controls=_controls(config),
        settings=config.individuals,
    )


def _cards(path: Path) -> Iterable[dict[str, Any]]:
    found = json.loads(read_bytes(path, limit=JSON_LIMIT)) if path.is_file() else []
    for card in found if isinstance(found, list) else []:
        if isinstance(card, dict):
            yield {**card, "inputs": _inputs(str(card.get("id", "")))}


def _inputs(name: str) -> list[tuple[str, str]]:
    """Return measure and target of each input of a shipped marker; none of one that the study brought."""
    if name not in marker_ids():
        return []
    return [(term.key.measure, target) for term in marker(name).terms for target in term.targets]


def _trained_on(config: Config, visits: pd.DataFrame) -> dict[str, frozenset[str]]:
    facts = visits[visits["session_id"] == "ses-none"]
    found = {}
    for use in config.predict.named_uses:
        if use.training is not None:
            cells = facts[facts["variable"] == use.training.column]
            alike = cells["value"].astype(str).str.strip() == use.training.equals.strip()
            found[use.id] = frozenset(map(str, cells.loc[alike, "participant_id"]))
    return found


def _primary(path: Path) -> frozenset[str]:
    told = read_json(path) if path.is_file() else {}
    edges = told.get("edges", []) if isinstance(told, dict) else []
    return frozenset(str(edge["target"]) for edge in edges if isinstance(edge, dict) and edge.get("primary"))


def _schedule(config: Config, ratings: pd.DataFrame) -> tuple[str, ...]:
    """Return the planned sessions, or where no plan is declared those at which half the people were rated."""
    planned = tuple(str(visit.session) for visit in config.cohort.trajectories.schedule)
    if planned or ratings.empty:
        return planned
    known = ratings[np.isfinite(ratings["rating"].to_numpy(dtype=float))]
    people = known.groupby("session_id")["participant_id"].nunique()
    usual = [str(name) for name in people.index if people[name] >= people.max() / 2]
    return tuple(sorted(usual, key=session_order))


def _controls(config: Config) -> tuple[str, str] | None:
    own, reference = config.individuals, config.compare.relative_reference
    groups = config.compare.longitudinal
    for column, value in (
        (own.controls_column, own.controls_value),
        (reference.column, reference.value),
        (groups.group_column, groups.group_reference),
    ):
        if column is not None and value is not None:
            return column, value
    return None
