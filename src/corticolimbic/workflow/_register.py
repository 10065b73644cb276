"""Registering a validation before its data, and holding a run against it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from corticolimbic.cohort import primary_outcomes, visit_dates
from corticolimbic.features import read_table
from corticolimbic.foundation import (
    InputError,
    SettingsError,
    hash_bytes,
    hash_file,
    hash_json,
    package_version,
    read_json,
    write_json,
)
from corticolimbic.predict import (
    Checked,
    Criterion,
    Declaration,
    DeclaredMarker,
    DeclaredOutcome,
    DeclaredPopulation,
    ScoredRun,
    adjusted_covariates,
    check_declaration,
    declared_metric,
    marker,
    marker_text,
    person_hash,
    read_declaration,
    write_declaration,
)
from corticolimbic.workflow._cohort_step import COHORT
from corticolimbic.workflow._config import Config, read_config
from corticolimbic.workflow._declared_settings import declared_settings
from corticolimbic.workflow._folder import is_ours, locked
from corticolimbic.workflow._marker_files import markers_used
from corticolimbic.workflow._measure_step import MEASURE
from corticolimbic.workflow._predict_step import PREDICT

REGISTERED = "predict/registered.json"
_EVALUATION = "predict/evaluation.tsv"
_VERSION = 1


@dataclass(frozen=True)
class Wanted:
    """What is declared beside the settings; None takes what the settings leave no choice about.

    Parameters
    ----------
    minimum_people
        Below it nothing is concluded.
    markers
        Ids; all of the settings where empty.
    outcome, population, metric
        Names.
    direction
        On which side of the bound the interval must lie.
    bound
        By default the metric's value without any effect.
    expected
        The value published or hoped for.
    deposited
        Where a copy will lie.
    seen
        Results folder whose people have been scored already.
    """

    minimum_people: int
    markers: tuple[str, ...] = ()
    outcome: str | None = None
    population: str | None = None
    metric: str | None = None
    direction: Literal["greater", "less"] = "greater"
    bound: float | None = None
    expected: float | None = None
    deposited: str = ""
    seen: Path | None = None


def declare(
    path: Path, config: Config, wanted: Wanted, *, now: datetime | None = None
) -> tuple[Declaration, str]:
    """Write a declaration and return it with its hash.

    Parameters
    ----------
    path
        File that does not exist yet.
    config
        The settings that the run will have.
    wanted
        What counts as confirmed, of what and in whom.
    now
        The time; by default the clock's.

    Raises
    ------
    SettingsError
        Where the file exists, or a marker, outcome, population or metric does not fit the settings.
    """
    ids = wanted.markers or tuple(item.id for item, _ in markers_used(config.predict))
    if not ids:
        raise SettingsError("the settings name no marker under predict.markers; there is nothing to declare")
    unused = [name for name in ids if name not in {item.id for item, _ in markers_used(config.predict)}]
    if unused:
        raise SettingsError(f"predict.markers does not name {', '.join(unused)}: a run would not score it")
    population = _population(config, wanted)
    outcome, classes, metric = _outcome(config, wanted)
    when = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    settings = declared_settings(config, ids, population)
    rules = {item.name: item.plain() for item in config.cohort.populations}
    texts = {name: marker_text(marker(name).id) for name in ids}
    found = declared_metric(metric)
    declaration = Declaration(
        declared=when,
        deposited=wanted.deposited,
        package=package_version(),
        markers=tuple(
            DeclaredMarker(id=name, content=text, sha256=hash_bytes(text.encode("utf-8")))
            for name, text in texts.items()
        ),
        outcome=DeclaredOutcome(name=outcome, classes=classes, rule=config.cohort.outcome.plain()),
        population=DeclaredPopulation(name=population, rule=rules[population]),
        criterion=Criterion(
            metric=metric,
            null=found.null,
            direction=wanted.direction,
            bound=found.null if wanted.bound is None else wanted.bound,
            expected=wanted.expected,
            scheme=found.scheme,
        ),
        minimum_people=wanted.minimum_people,
        covariates=adjusted_covariates(metric),
        settings=settings,
        settings_sha256=hash_json(settings),
        algorithms={step.name: step.algorithm for step in (MEASURE, COHORT, PREDICT)},
        seen=() if wanted.seen is None else _seen(wanted.seen, ids, when),
    )
    return declaration, write_declaration(path, declaration)


def _population(config: Config, wanted: Wanted) -> str:
    names = [item.name for item in config.cohort.populations]
    if wanted.population is None and len(names) > 1:
        raise SettingsError(f"say which population is primary; the settings have {', '.join(names)}")
    name = names[0] if wanted.population is None else wanted.population
    if name not in names:
        raise SettingsError(f"no population is named {name!r}; the settings have {', '.join(names)}")
    return name


def _outcome(config: Config, wanted: Wanted) -> tuple[str, bool, str]:
    """Return the outcome, whether it is a class, and the metric."""
    known = primary_outcomes(config.cohort.outcome)
    if not known:
        raise SettingsError("the settings define no outcome (cohort.outcome); nothing can be judged")
    classes = None if wanted.metric is None else declared_metric(wanted.metric).classes
    fits = [name for name, kind in known.items() if classes is None or kind == classes]
    name = wanted.outcome if wanted.outcome is not None else (fits[0] if fits else "")
    if name not in known:
        raise SettingsError(
            f"no primary outcome is named {name!r}; the settings have {', '.join(known)}"
            if name
            else f"{wanted.metric} does not belong to any of {', '.join(known)}"
        )
    if classes is not None and known[name] != classes:
        raise SettingsError(f"the metric {wanted.metric} does not belong to the outcome {name}")
    return name, known[name], wanted.metric or ("auc" if known[name] else "pearson_r")


def _seen(out: Path, ids: tuple[str, ...], when: datetime) -> tuple[str, ...]:
    if not is_ours(out):
        raise SettingsError(f"{out} is no results folder of this program")
    scores = read_table("scores", out / "predict/scores.tsv")
    people = scores.loc[scores["marker"].isin(ids) & (scores["status"] == "ok"), "participant_id"]
    return tuple(sorted(person_hash(person, when) for person in set(people)))


def check_registered(path: Path, out: Path) -> tuple[Declaration, tuple[Checked, ...]]:
    """Hold a run against a declaration, and write ``predict/registered.json``.

    Parameters
    ----------
    path
        The declaration.
    out
        Results folder of the run.

    Raises
    ------
    SettingsError
        Where OUT is no results folder, or holds no scores.
    InputError
        Where the declaration cannot be used, or was changed after it was made.
    """
    declaration, own = read_declaration(path)
    if not is_ours(out) or not (out / _EVALUATION).is_file():
        raise SettingsError(f"{out} holds no judged markers; name the OUT of a run with predict.markers")
    checked = check_declaration(declaration, _scored_run(declaration, out))
    with locked(out):
        write_json(out / REGISTERED, _plain(declaration, own, checked, hash_file(out / _EVALUATION)))
    return declaration, checked


def _scored_run(declaration: Declaration, out: Path) -> ScoredRun:
    config = read_config(out / "config.yaml")
    ids = tuple(item.id for item in declaration.markers)
    scores = read_table("scores", out / "predict/scores.tsv")
    session = config.cohort.outcome.baseline_session
    scores = scores[(scores["status"] == "ok") & ((scores["session_id"] == session) | (session is None))]
    evaluation = read_table("evaluation", out / _EVALUATION)
    populations = read_table("populations", out / "cohort/populations.parquet")
    outcomes = read_table("outcomes", out / "cohort/outcomes.parquet")
    members = populations[
        (populations["population"] == declaration.population.name) & (populations["member"] == 1)
    ]
    known = outcomes[(outcomes["outcome"] == declaration.outcome.name) & (outcomes["status"] == "ok")]
    judged = set(members["participant_id"]) & set(known["participant_id"])
    visits, _ = visit_dates(read_table("visits", out / "cohort/visits.parquet"), config.cohort.trajectories)
    dates: dict[str, date] = {}
    for person, session in zip(scores["participant_id"], scores["session_id"], strict=True):
        when = visits.get((person, session))
        if when is not None:
            dates[person] = min(when, dates.get(person, when))
    people = {name: judged & set(scores.loc[scores["marker"] == name, "participant_id"]) for name in ids}
    trained = {name: _trained(name, declaration, evaluation) for name in ids}
    sites = members.set_index("participant_id")["site"]
    return ScoredRun(
        markers=_hashes(out),
        settings=declared_settings(config, ids, declaration.population.name),
        algorithms=_algorithms(out),
        evaluation=evaluation,
        people={
            name: frozenset(person for person in group if sites[person] not in trained[name])
            for name, group in people.items()
        },
        dates=dates,
        training={name: sum(trained[name].values()) for name in ids},
    )


def _trained(name: str, declaration: Declaration, evaluation: pd.DataFrame) -> dict[str, int]:
    """Return the sites of a marker's training people that have nobody else, with their numbers."""
    rows = evaluation[
        (evaluation["name"] == name)
        & (evaluation["kind"] == "marker")
        & (evaluation["population"] == declaration.population.name)
        & (evaluation["outcome"] == declaration.outcome.name)
    ]
    inside = rows[rows["scheme"] == "in-sample"].groupby("site")["n"].max()
    external = set(rows.loc[rows["scheme"] != "in-sample", "site"])
    return {str(site): int(n) for site, n in inside.items() if site not in external}


def _hashes(out: Path) -> dict[str, str]:
    try:
        cards = json.loads((out / "predict/markers.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("CL109", file="predict/markers.json", found=str(error)) from error
    return {
        str(card.get("id")): str(card.get("sha256", ""))
        for card in (cards if isinstance(cards, list) else [])
        if isinstance(card, dict)
    }


def _algorithms(out: Path) -> dict[str, int]:
    steps = read_json(out / "manifest.json").get("steps", [])
    return {
        str(step["name"]): int(step["algorithm"])
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, dict) and {"name", "algorithm"} <= step.keys()
    }


def _plain(
    declaration: Declaration, own: str, checked: tuple[Checked, ...], evaluation: str
) -> dict[str, Any]:
    return {
        "schema_version": _VERSION,
        "evaluation_sha256": evaluation,
        "declaration": {
            "sha256": own,
            **declaration.model_dump(
                mode="json",
                include={"declared", "deposited", "package", "criterion", "minimum_people", "covariates"},
            ),
            "outcome": declaration.outcome.name,
            "population": declaration.population.name,
        },
        "results": [_without_nan(asdict(item)) for item in checked],
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def drop_outdated(out: Path) -> bool:
    """Remove what was checked against results that are no longer there; tell whether anything was.

    Parameters
    ----------
    out
        Results folder.
    """
    path = out / REGISTERED
    if not path.is_file():
        return False
    try:
        stands = read_json(path).get("evaluation_sha256") == hash_file(out / _EVALUATION)
    except (InputError, OSError):
        stands = False
    if not stands:
        path.unlink()
    return not stands
