"""Step predict: published markers, scored and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from corticolimbic.features import read_sessions, read_table, schema, write_table
from corticolimbic.foundation import Problem, write_json
from corticolimbic.predict import Marker, marker, marker_hash, score
from corticolimbic.workflow._clinical import clinical_inputs, clinical_settings, read_people
from corticolimbic.workflow._cohort_step import baseline_session, measured_inputs
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._measure_step import ROOM
from corticolimbic.workflow._predict_judging import JUDGING_INPUTS, JUDGING_OUTPUTS, Scored, judge_scores
from corticolimbic.workflow._step import Context, Found, Outcome, Step, Unit

_OUTPUTS = (
    "predict/scores.tsv",
    *JUDGING_OUTPUTS,
    "predict/markers.json",
)


def _settings(config: Config) -> dict[str, Any]:
    return {
        **config.predict.plain(),
        "fd_threshold": config.measure.fd_threshold,
        "baseline_session": baseline_session(config),
        **clinical_settings(config),
    }


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    if not found.participants.usable or not context.config.predict.markers:
        return ()
    inputs = (*clinical_inputs(context, found), *JUDGING_INPUTS, *measured_inputs(found))
    return (Unit("predict", "all", inputs, _OUTPUTS),)


def _predict(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    settings = context.config.predict
    features = read_sessions(context.out, "features", room=ROOM)
    people = read_people(context.dataset, context.config.cohort)
    populations = read_table("populations", context.out / "cohort/populations.parquet")
    sites = populations.drop_duplicates("participant_id").set_index("participant_id")["site"].to_dict()
    scores, problems = [], []
    for use in settings.markers:
        item = marker(use.id)
        scored, trouble = score(item, features, sites, settings.state_tasks)
        scores.append(scored)
        problems += trouble
    write_table(_stack(scores, "scores"), "scores", context.out / _OUTPUTS[0])
    made = [Scored(use, table) for use, table in zip(settings.markers, scores, strict=True)]
    problems += judge_scores(context, made, features, people)
    cards = [
        _card(marker(use.id), table, context.config, judged_as_new=use.training is None)
        for use, table in zip(settings.markers, scores, strict=True)
    ]
    write_json(context.out / _OUTPUTS[-1], cards)
    return Outcome(_distinct(problems), facts={"n_markers": len(settings.markers)})


def _stack(tables: list[pd.DataFrame], name: str) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else schema(name).table([])


def _distinct(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems)))


def _card(item: Marker, scores: pd.DataFrame, config: Config, *, judged_as_new: bool) -> dict[str, Any]:
    """Return what the page says of a marker."""
    same = item.recipe_fd_threshold is None or item.recipe_fd_threshold == config.measure.fd_threshold
    used = config.measure.fd_threshold
    note = (
        ""
        if same
        else (
            f"The published recipe drops volumes above {item.recipe_fd_threshold:g} mm; this run used "
            f"{'no censoring' if used is None else f'{used:g} mm'}: a variant, not the published marker."
        )
    )
    notes = [note] if note else []
    if judged_as_new:
        notes.append(
            "The settings name no training people: everybody is judged as somebody whom the marker never "
            "saw, which is wrong for people who trained it."
        )
    card = asdict(item)
    card.pop("terms")
    n_scored = int((scores["status"] == "ok").sum())
    status = "ok" if n_scored else "not computable: needs " + "; ".join(item.needs)
    return {
        **card,
        "sha256": marker_hash(item.id),
        "target": f"{len(item.terms)} connections",
        "n_scored": n_scored,
        "status": status,
        "note": " ".join(notes),
    }


PREDICT = Step("predict", "Applying markers", 3, _settings, _units, _predict, _OUTPUTS)
