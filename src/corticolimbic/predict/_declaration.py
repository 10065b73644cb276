"""A validation declared before its data: which marker, which outcome, in whom, and what would confirm it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue

from corticolimbic.foundation import (
    InputError,
    Settings,
    SettingsError,
    hash_bytes,
    hash_json,
    read_json,
    write_json,
)
from corticolimbic.predict._declared_metrics import declared_metric
from corticolimbic.predict._marker_file import marker_ids

DECLARATION_VERSION = 1
_HASH = r"^[0-9a-f]{64}$"
_OWN = "sha256"


class DeclaredMarker(Settings):
    """A marker as it was when the declaration was made."""

    id: str = Field(description="The marker, by its id.")
    content: str = Field(description="Text of the marker's file.")
    sha256: str = Field(pattern=_HASH, description="Hash of that text, as UTF-8.")


class DeclaredOutcome(Settings):
    """The primary outcome of a registered validation."""

    name: str = Field(min_length=1, description="Name of the outcome, as tables name it.")
    classes: bool = Field(description="Whether it is a class (1 persistent, 0 recovered).")
    rule: dict[str, JsonValue] = Field(description="The settings that derive it, threshold included.")


class DeclaredPopulation(Settings):
    """In whom a registered validation is made."""

    name: str = Field(min_length=1, description="Name of the population, as tables name it.")
    rule: dict[str, JsonValue] = Field(description="Its settings: the rules that all must hold.")


class Criterion(Settings):
    """What counts as confirmed."""

    metric: str = Field(description="Metric of the evaluation table.")
    null: float = Field(description="Its value where the marker tells nothing.")
    direction: Literal["greater", "less"] = Field(
        default="greater", description="On which side of the bound the whole interval must lie."
    )
    bound: float = Field(description="Confirmed where the 95 % interval lies wholly beyond this value.")
    expected: float | None = Field(
        default=None, description="The value that was published or hoped for; said beside the verdict."
    )
    scheme: str = Field(description="How the people are judged, as in the evaluation table.")


class Declaration(Settings):
    """A marker frozen with its analysis, before the data that will judge it.

    Parameters are the fields; `read_declaration` and `write_declaration` add and check the hash of them all.
    """

    schema_version: Literal[1] = Field(default=1, description="Form of this file.")
    declared: datetime = Field(description="When, by the clock of the machine that declared (UTC).")
    deposited: str = Field(
        default="", max_length=1000, description="Where a copy was deposited, as stated by who declared."
    )
    package: str = Field(description="Version of corticolimbic.")
    markers: tuple[DeclaredMarker, ...] = Field(
        min_length=1, description="The markers, each frozen as it was."
    )
    outcome: DeclaredOutcome = Field(description="The primary outcome.")
    population: DeclaredPopulation = Field(description="In whom it is confirmed or not.")
    criterion: Criterion = Field(description="What counts as confirmed.")
    minimum_people: int = Field(ge=1, description="People below whose number nothing is concluded.")
    covariates: tuple[str, ...] = Field(default=(), description="What the metric is adjusted for.")
    settings: dict[str, JsonValue] = Field(
        description="Settings of reading, measuring, outcomes and judging, by dotted name."
    )
    settings_sha256: str = Field(pattern=_HASH, description="Hash of these settings.")
    algorithms: dict[str, int] = Field(description="Step to the integer of its algorithm.")
    seen: tuple[str, ...] = Field(
        default=(), description="Hashes of the people who had a score when the declaration was made."
    )

    def seen_hash(self, participant_id: str) -> str:
        """Return what stands in ``seen`` for a person: the hash of their id and of the time of declaring."""
        return person_hash(participant_id, self.declared)


def person_hash(participant_id: str, declared: datetime) -> str:
    """Return the hash that stands for a person in a declaration; it is a check, not a protection of the id.

    Parameters
    ----------
    participant_id
        With its prefix.
    declared
        When the declaration was made.
    """
    return hash_bytes(f"{declared.astimezone(UTC).isoformat()}\n{participant_id}".encode())


def write_declaration(path: Path, declaration: Declaration) -> str:
    """Write a declaration with its hash, and return the hash; a file that exists is never replaced.

    Raises
    ------
    SettingsError
        Where the file exists.
    """
    if path.exists():
        raise SettingsError(f"{path} exists, and a declaration is made once; name another file")
    values = declaration.plain()
    own = hash_json(values)
    write_json(path, {**values, _OWN: own})
    return own


def read_declaration(path: Path) -> tuple[Declaration, str]:
    """Read a declaration; nothing in it is executed.

    Returns
    -------
    declaration
        What was declared.
    sha256
        Its hash, which the file states and which fits.

    Raises
    ------
    InputError
        CL772 where its hash does not fit what it says, CL773 of another schema version, CL774 where it is no
        whole declaration, or names a metric or a marker that this package does not know; and those of
        `corticolimbic.foundation.read_json`.
    """
    raw = read_json(path)
    version = raw.get("schema_version")
    if isinstance(version, bool) or version != DECLARATION_VERSION:
        raise InputError(
            "CL773", file=path.name, found=f"schema version {json.dumps(version, default=str)[:40]}"
        )
    stated = raw.pop(_OWN, None)
    actual = hash_json(raw)
    if stated != actual:
        raise InputError("CL772", file=path.name, found=f"states {str(stated)[:12]}, is {actual[:12]}")
    return _checked(raw, path), actual


def _checked(raw: dict[str, Any], path: Path) -> Declaration:
    try:
        found = Declaration.from_mapping(raw, source=f"declaration {path.name}")
        metric = declared_metric(found.criterion.metric)
    except SettingsError as error:
        raise InputError("CL774", file=path.name, found=str(error)) from error
    wrong = []
    if metric.classes is not None and metric.classes != found.outcome.classes:
        wrong.append(f"the metric {metric.name} does not belong to the outcome {found.outcome.name}")
    if hash_json(found.settings) != found.settings_sha256:
        wrong.append("the hash of the settings does not fit them")
    if found.declared.tzinfo is None:
        wrong.append("the time of declaring has no time zone")
    for item in found.markers:
        if item.id not in marker_ids():
            wrong.append(f"no marker is named {item.id!r}")
        if hash_bytes(item.content.encode("utf-8", "surrogatepass")) != item.sha256:
            wrong.append(f"the hash of marker {item.id} does not fit its text")
    if wrong:
        raise InputError("CL774", file=path.name, found="; ".join(wrong))
    return found
