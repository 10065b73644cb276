"""Published markers as data: what they are, what they need, where they failed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from corticolimbic.features import Statistic, edge
from corticolimbic.foundation import SettingsError

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Term:
    """One input of a linear marker: weight * (value - center) / scale."""

    target: str
    weight: float
    center: float
    scale: float


@dataclass(frozen=True)
class Published:
    """A performance that was verified in its source."""

    what: str
    value: float
    n: int


@dataclass(frozen=True)
class Marker:
    """A published marker.

    Parameters
    ----------
    id, name, citation, doi
        What it is and where it was published.
    state
        State of the brain it was learned in (rest, rating, ...); scored on no other.
    atlas, statistic
        Nodes and estimator of its inputs.
    predicts, direction, unit
        What a score means.
    population
        Whom it was learned from.
    recipe
        How its inputs were made, in words.
    recipe_fd_threshold
        Censoring of its recipe, in mm; a score from another recipe is not the marker.
    verified, failures
        Verified performance with n, and failures to replicate.
    needs
        Files that the user must have.
    source
        Where the formula's figures come from.
    intercept, terms
        The formula.
    """

    id: str
    name: str
    citation: str
    doi: str
    state: str
    atlas: str
    statistic: Statistic
    predicts: str
    direction: str
    unit: str
    population: str
    recipe: str
    recipe_fd_threshold: float | None
    verified: tuple[Published, ...]
    failures: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    intercept: float
    terms: tuple[Term, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The edges that it needs, in the order of its terms."""
        return tuple(term.target for term in self.terms)


@cache
def marker_ids() -> tuple[str, ...]:
    """Return the ids of all markers."""
    folder = files(__package__).joinpath("markers")
    return tuple(
        sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))
    )


@cache
def marker(name: str) -> Marker:
    """Return a marker by id.

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
    text = files(__package__).joinpath("markers", f"{name}.json").read_text(encoding="utf-8")
    return _marker(json.loads(text), name)


def _marker(raw: dict[str, Any], name: str) -> Marker:
    version = raw.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise SettingsError(f"marker {name}: schema version {version}, this package reads {SCHEMA_VERSION}")
    terms = tuple(
        Term(edge(term["first"], term["second"]), term["weight"], term["center"], term["scale"])
        for term in raw.pop("terms")
    )
    verified = tuple(Published(**item) for item in raw.pop("verified"))
    failures, needs = tuple(raw.pop("failures")), tuple(raw.pop("needs"))
    raw.pop("kind", None)
    return Marker(terms=terms, verified=verified, failures=failures, needs=needs, **raw)
