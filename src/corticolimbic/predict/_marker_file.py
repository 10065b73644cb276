"""Reading marker files: the shipped ones by id, and those that a study brings; no file holds code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from corticolimbic.features import Target, TargetError
from corticolimbic.foundation import SettingsError
from corticolimbic.predict._markers import Marker

SCHEMA_VERSION = 2
_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NEEDED = {"relative": "relative", "weights": "weights", "clinical": "clinical"}


@cache
def marker_ids() -> tuple[str, ...]:
    """Return the ids of all shipped markers."""
    folder = files(__package__).joinpath("markers")
    return tuple(
        sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))
    )


@cache
def marker(name: str) -> Marker:
    """Return a shipped marker by id.

    Raises
    ------
    SettingsError
        Where no marker has this id; the message lists those that there are.

    Examples
    --------
    >>> len(marker("spisak2020_rpn").terms)
    21
    """
    if name not in marker_ids():
        raise SettingsError(f"no marker is named {name!r}; there are {', '.join(marker_ids())}")
    path = files(__package__).joinpath("markers", f"{name}.json")
    return read_marker(path.read_text(encoding="utf-8"), source=f"{name}.json")


def read_marker(text: str, *, source: str) -> Marker:
    """Return the marker that the text of a marker file describes.

    Parameters
    ----------
    text
        JSON of schema version 2.
    source
        Name of the file, for messages.

    Raises
    ------
    SettingsError
        Where the text is no JSON, of another schema version, or not a whole marker; all that is wrong at
        once.
    """
    raw = _object(text, source)
    version = raw.pop("schema_version", None)
    if version != SCHEMA_VERSION or isinstance(version, (bool, float)):
        raise SettingsError(
            f"marker file {source}: schema version {version!r}, this package reads {SCHEMA_VERSION}; "
            + (
                "bring the file to the form that docs/markers.md describes"
                if not isinstance(version, int) or version < SCHEMA_VERSION
                else "install a newer corticolimbic"
            )
        )
    key = raw.pop("key", None)
    terms = raw.get("terms")
    if key is not None and isinstance(terms, list):
        raw["terms"] = [{"key": key, **term} if isinstance(term, dict) else term for term in terms]
    try:
        made: Marker = _adapter().validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        raise SettingsError(_explain(error, source)) from error
    wrong = list(_contradictions(made))
    if wrong:
        raise SettingsError(f"marker file {source} cannot be used: " + "; ".join(wrong))
    return made


@cache
def _adapter() -> Any:
    return TypeAdapter(Marker)


def _object(text: str, source: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice in one object")
        return dict(pairs)

    def refused(name: str) -> float:
        raise ValueError(f"{name} is no number of JSON")

    try:
        raw = json.loads(text, object_pairs_hook=once, parse_constant=refused)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"marker file {source} is no JSON that can be read: {error}") from error
    if not isinstance(raw, dict):
        raise SettingsError(f"marker file {source}: expected one JSON object, found {type(raw).__name__}")
    return raw


def _explain(error: ValidationError, source: str) -> str:
    lines = [f"marker file {source} cannot be used, {error.error_count()} place(s):"]
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"]) or "(top level)"
        unknown = item["type"] in {"unexpected_keyword_argument", "extra_forbidden"}
        message = "is no field here (a misspelling?)" if unknown else item["msg"]
        found = (
            "" if unknown or item["type"].startswith("missing") else f"; found {str(item['input'])[:80]!r}"
        )
        lines.append(f"  {place}: {message}{found}")
    lines.append("docs/markers.md describes every field.")
    return "\n".join(lines)


def _contradictions(made: Marker) -> Iterator[str]:
    """Yield what no single field shows."""
    yield from _words(made)
    yield from _kind(made)
    yield from _terms(made)


def _words(made: Marker) -> Iterator[str]:
    if not _ID.fullmatch(made.id):
        yield f"id {made.id!r} is not of small letters, digits and single underscores"
    for name in ("name", "citation", "predicts", "direction", "population", "recipe", "source"):
        if not getattr(made, name).strip():
            yield f"{name} is empty"
    if not made.needs:
        yield "needs is empty: what must a user have?"
    for figure in made.verified:
        if figure.effect is None and not figure.source.strip():
            yield f"verified: {figure.what!r} has neither an effect nor a source"
    if made.reliability is not None and not 0 <= made.reliability.icc <= 1:
        yield f"reliability.icc is {made.reliability.icc:g}, not from 0 to 1"


def _kind(made: Marker) -> Iterator[str]:
    for kind, field in _NEEDED.items():
        if (getattr(made, field) is not None) != (made.kind == kind):
            yield f"kind {made.kind} and the field {field} do not go together"
    if (made.kind in {"weights", "clinical"}) == bool(made.terms):
        yield f"kind {made.kind} takes {'no terms' if made.terms else 'terms'}"
    if (made.kind == "change") != (made.over in {"change", "deviation"}):
        yield f"kind {made.kind} and over {made.over} do not go together"
    if made.weights is not None and (made.weights.form == "table") != (made.weights.key is not None):
        yield "weights.key says which features a table of weights belongs to, and an image takes none"


def _terms(made: Marker) -> Iterator[str]:
    seen: set[tuple[object, str]] = set()
    for place, term in enumerate(made.terms):
        if not term.scale > 0:
            yield f"terms.{place}.scale is {term.scale:g}, not above 0"
        if not term.targets:
            yield f"terms.{place} has no targets"
        for target in term.accepted:
            yield from _target(f"terms.{place}", target)
            if (term.key, target) in seen:
                yield f"terms.{place}: {target} of {term.key.measure} stands twice"
            seen.add((term.key, target))


def _target(place: str, target: str) -> Iterator[str]:
    try:
        written = str(Target.parse(target))
    except TargetError as error:
        yield f"{place}: {error}"
        return
    if written != target:
        yield f"{place}: {target} is written {written}"
