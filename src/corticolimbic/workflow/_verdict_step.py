"""Step verdicts: which published predictors survive in this cohort, from the tables of the judging."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.foundation import JSON_LIMIT, read_bytes
from corticolimbic.predict import MarkerFacts, verdicts
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import Context, Found, Outcome, Step, Unit

_EVALUATION, _SCORES, _CARDS = "predict/evaluation.tsv", "predict/scores.tsv", "predict/markers.json"
_OUTCOMES, _POPULATIONS = "cohort/outcomes.parquet", "cohort/populations.parquet"
_OUTPUTS = ("predict/verdicts.tsv",)


def _settings(config: Config) -> dict[str, Any]:
    return config.verdicts.plain()


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    if not found.participants.usable or not context.config.predict.markers:
        return ()
    inputs = (_EVALUATION, _SCORES, _CARDS, _OUTCOMES, _POPULATIONS)
    return (Unit("verdicts", "all", inputs, _OUTPUTS),)


def _verdicts(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    out = context.out
    if not (out / _CARDS).is_file():  # the judging failed, which it says itself
        write_table(schema("verdicts").table([]), "verdicts", out / _OUTPUTS[0])
        return Outcome()
    cards = json.loads(read_bytes(out / _CARDS, limit=JSON_LIMIT).decode("utf-8"))
    table, problems = verdicts(
        read_table("evaluation", out / _EVALUATION),
        read_table("scores", out / _SCORES),
        read_table("outcomes", out / _OUTCOMES),
        read_table("populations", out / _POPULATIONS),
        [MarkerFacts.from_card(card) for card in cards],
        context.config.verdicts,
    )
    write_table(table, "verdicts", out / _OUTPUTS[0])
    return Outcome(problems, facts={"n_survive": int((table["verdict"] == "survives").sum())})


VERDICTS = Step("verdicts", "Which markers survive", 1, _settings, _units, _verdicts, _OUTPUTS)
