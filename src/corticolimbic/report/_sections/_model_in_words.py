"""A model over visits in words: what explains a feature, and how people are allowed to differ."""

from __future__ import annotations

import re

import pandas as pd

from corticolimbic.report import _lenient as read
from corticolimbic.report._blocks import Items
from corticolimbic.report._words import say

_MODEL = re.compile(r"feature ~ (.*?) \+ \((.+) \| person\); (.*)")
_SHOWN = 6


def models_in_words(rows: pd.DataFrame) -> list[Items]:
    """Return each distinct model once; one whose formula is of another form is shown as it stands."""
    models = [read.text(model, 400) for model in dict.fromkeys(rows["model"]) if model]
    return [Items(tuple(_sentence(model) for model in models[:_SHOWN]))] if models else []


def _sentence(model: str) -> str:
    found = _MODEL.fullmatch(model)
    if found is None:
        return model
    terms = [" × ".join(term.split(":")) for term in found[1].split(" + ")]
    values = {"terms": ", ".join(terms), "estimator": found[3]}
    if "time" in found[2]:
        return say("effects.model_slope", **values)
    return say("effects.model_level", **values)
