"""One person's record, read back from its file without trusting it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from corticolimbic.foundation import JSON_LIMIT, SettingsError, read_bytes
from corticolimbic.predict import (
    INDIVIDUAL_VERSION,
    BaseRate,
    Controls,
    Elsewhere,
    FeaturePosition,
    Individual,
    Judgement,
    MarkerScore,
    Missing,
    PersonOutcome,
    Probability,
    Visit,
)
from corticolimbic.report import _lenient as read

Made = TypeVar("Made")
_LIMIT = 2000


def read_individual(path: Path) -> Individual:
    """Read ``individuals/ID.json``.

    Raises
    ------
    SettingsError
        Where the file is no record of this version.
    """
    value = read.mapping(json.loads(read_bytes(path, limit=JSON_LIMIT).decode("utf-8-sig")))
    if value.get("schema_version") != INDIVIDUAL_VERSION:
        raise SettingsError(
            f"{path.name}: no record of schema version {INDIVIDUAL_VERSION}; write it again with "
            "corticolimbic person"
        )
    rate = value.get("base_rate")
    return _made(
        Individual,
        value,
        visits=_each(Visit, value.get("visits")),
        outcomes=_each(PersonOutcome, value.get("outcomes")),
        base_rate=_made(BaseRate, read.mapping(rate)) if isinstance(rate, dict) else None,
        controls=_made(Controls, read.mapping(value.get("controls"))),
        features=_each(FeaturePosition, value.get("features")),
        markers=tuple(_marker(item) for item in read.objects(value.get("markers"))),
        missing=_each(Missing, value.get("missing")),
    )


def _marker(item: dict[str, Any]) -> MarkerScore:
    likely = read.mapping(item.get("probability"))
    return _made(
        MarkerScore,
        item,
        verified=tuple(read.objects(item.get("verified"))),
        judged=_made(Judgement, read.mapping(item.get("judged"))),
        probability=_made(Probability, likely, elsewhere=_each(Elsewhere, likely.get("elsewhere"))),
    )


def _each(kind: type[Made], value: Any) -> tuple[Made, ...]:
    return tuple(_made(kind, item) for item in read.objects(value))


_READERS: dict[str, Callable[[Any], Any]] = {
    "str": lambda value: read.text(value, _LIMIT),
    "float": read.number,
    "int": lambda value: int(value) if isinstance(value, int) else 0,
    "bool": lambda value: value is True,
    "tuple[str, ...]": read.texts,
}


def _made(kind: type[Made], item: dict[str, Any], **given: Any) -> Made:
    """Return a record of plain fields, those of other kinds given."""
    values = dict(given)
    for field in fields(cast(Any, kind)):
        if field.name not in values:
            values[field.name] = _READERS[str(field.type)](item.get(field.name))
    return kind(**values)
