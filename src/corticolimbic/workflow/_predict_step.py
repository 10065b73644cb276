"""Step predict: published markers, scored and judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corticolimbic.features import read_table, write_table
from corticolimbic.foundation import Problem, write_json
from corticolimbic.workflow._clinical import clinical_inputs, clinical_settings, read_people
from corticolimbic.workflow._cohort_step import baseline_session
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._marker_card import marker_card
from corticolimbic.workflow._marker_files import marker_files
from corticolimbic.workflow._marker_scores import CLINICAL_TABLES, maps_used, read_beside, score_markers
from corticolimbic.workflow._measured_rows import measured_inputs, measured_rows
from corticolimbic.workflow._predict_judging import (
    JUDGING_INPUTS,
    JUDGING_OUTPUTS,
    Scored,
    judge_scores,
    stacked,
)
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
    own = (*marker_files(context.config.predict), *maps_used(context.dataset, context.config.predict))
    beside = (*JUDGING_INPUTS, *CLINICAL_TABLES)
    inputs = (*clinical_inputs(context, found), *beside, *measured_inputs(found), *own)
    return (Unit("predict", "all", inputs, _OUTPUTS),)


def _predict(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    settings = context.config.predict
    features = measured_rows(context.out)
    people = read_people(context.dataset, context.config.cohort)
    populations = read_table("populations", context.out / "cohort/populations.parquet")
    sites = populations.drop_duplicates("participant_id").set_index("participant_id")["site"].to_dict()
    beside = read_beside(context.out, people.participants.table, settings, baseline_session(context.config))
    done, problems = score_markers(settings, context.dataset, features, sites, beside)
    scores = [scored.table for _, _, scored in done]
    write_table(stacked(scores, "scores"), "scores", context.out / _OUTPUTS[0])
    made = [Scored(item, use, scored.table) for item, use, scored in done]
    problems += judge_scores(context, made, features, people)
    cards = [
        marker_card(item, scored, context.config, judged_as_new=use.training is None)
        for item, use, scored in done
    ]
    write_json(context.out / _OUTPUTS[-1], cards)
    return Outcome(_distinct(problems), facts={"n_markers": len(done)})


def _distinct(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems)))


PREDICT = Step("predict", "Applying markers", 3, _settings, _units, _predict, _OUTPUTS)
