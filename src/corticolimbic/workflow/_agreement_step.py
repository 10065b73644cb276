"""Step agreement: what was published about the circuit against the effects of this study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.stats import agreement, agreement_problems
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import Context, Found, Outcome, Step, Unit

_EFFECTS = "compare/effects.tsv"
_OUTPUTS = ("agreement.tsv",)


def _settings(config: Config) -> dict[str, Any]:
    told = {"statistic": config.compare.statistic, "structure_terms": list(config.compare.structure_terms)}
    return {**config.agreement.plain(), **told}


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    return (Unit("agreement", "all", (_EFFECTS,), _OUTPUTS),)


def _agreement(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    """Write a row for every finding, also where nothing was compared: each says why it is not tested."""
    config = context.config
    path = context.out / _EFFECTS
    effects = read_table("effects", path) if path.is_file() else schema("effects").table([])
    effects = _of_the_outcome(effects, config.compare.structure_terms)
    found = agreement(effects, config.agreement, statistic=config.compare.statistic)
    write_table(found, "agreement", context.out / _OUTPUTS[0])
    tested = found.loc[found["finding_verdict"] != "not tested", "finding"].nunique()
    return Outcome(agreement_problems(effects, config.agreement), facts={"n_tested": int(tested)})


def _of_the_outcome(effects: pd.DataFrame, terms: tuple[str, ...]) -> pd.DataFrame:
    """Leave out what age, sex and head size do to volumes: no finding is about them."""
    names = [f"slope of {term}" for term in terms]
    starts = tuple(f"{term}: " for term in terms)
    structural = effects["family"].str.startswith("structure: ")
    about = effects["contrast"].isin(names) | effects["contrast"].str.startswith(starts or ("\0",))
    return effects[~(structural & about)]


AGREEMENT = Step("agreement", "Against published findings", 1, _settings, _units, _agreement, _OUTPUTS)
