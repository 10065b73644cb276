"""Instruments: what each questionnaire's subscales are made of and how they are scored, with sources."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from corticolimbic.cohort._shipped import Row, shipped, split
from corticolimbic.foundation import SettingsError

RuleStatus = Literal["verified", "user-supplied", "assumed"]


@dataclass(frozen=True)
class RuleWord:
    """A scoring formula or a missing-item rule: a word of a closed vocabulary and what it takes.

    Parameters
    ----------
    name
        The word, such as ``sum`` or ``at_least``.
    value
        What stands behind its colon, empty where nothing does.
    """

    name: str
    value: str = ""

    @property
    def number(self) -> int:
        """The value as a whole number."""
        return int(self.value)


@dataclass(frozen=True)
class Words:
    """What a person has to read before using a subscale, in the words of the table.

    Parameters
    ----------
    aggregation, missing_rule, reversed_items
        The rules as their sources put them.
    direction, recall, cutoffs, licence
        Which way the scale runs, the time asked about, published cut points, who owns the wording.
    example
        A worked example, ``answers -> score``.
    """

    aggregation: str
    missing_rule: str
    reversed_items: str
    direction: str
    recall: str
    cutoffs: str
    licence: str
    example: str


@dataclass(frozen=True)
class Subscale:
    """One score of an instrument and the rule for it.

    Parameters
    ----------
    key
        Prefix of the variables: item ``3`` of ``phq9`` is the variable ``phq9_3``.
    instrument, version, name
        What it is called.
    items
        Keys of the items, in the order of the form.
    low, high
        Smallest and largest answer of each item; infinite where unbounded.
    whole
        Whether the answers to each item are whole numbers.
    reversed
        Items that count as ``low + high - answer``.
    formula
        How answers become a score.
    parts
        Subscales of the same instrument that the formula takes.
    missing, missing_status
        The instrument's own rule for missing items (``none`` where no source gives one), and whether that
        rule is the instrument's ``own`` or ``assumed`` (from memory or by analogy).
    general
        Whether a general rule may fill items: they are answered on one scale and share one trait.
    unit, score_min, score_max
        Scale of the score.
    safety
        Item that needs a clinician's eye where it is above its lowest answer; empty where none does.
    choice
        Short name of the version where an instrument has several; empty where all versions share the row.
    source, status
        Where the rule is from, and whether it was seen there.
    words
        The rest, in words.
    """

    key: str
    instrument: str
    version: str
    name: str
    items: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    whole: tuple[bool, ...]
    reversed: tuple[str, ...]
    formula: RuleWord
    parts: tuple[str, ...]
    missing: RuleWord
    missing_status: str
    general: bool
    unit: str
    score_min: float
    score_max: float
    safety: str
    choice: str
    source: str
    status: RuleStatus
    words: Words

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the items' variables."""
        return tuple(f"{self.key}_{item}" for item in self.items)

    @property
    def scale(self) -> str:
        """Range of the score, such as ``0-27``."""
        if self.score_max == float("inf"):
            return f"{self.score_min:g} or more"
        return f"{self.score_min:g}-{self.score_max:g}"


@dataclass(frozen=True)
class Instrument:
    """One instrument in one version.

    Parameters
    ----------
    key, name, version
        Prefix of its variables, its name, and its version in words.
    choice
        Short name of the version, empty where there is only one.
    subscales
        Its scores.
    """

    key: str
    name: str
    version: str
    choice: str
    subscales: tuple[Subscale, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """Keys of all its items, in the order in which the subscales name them."""
        return tuple(dict.fromkeys(item for subscale in self.subscales for item in subscale.items))


@dataclass(frozen=True)
class Option:
    """One way to score where sources, or codings of the data, differ.

    Parameters
    ----------
    key, name, choice
        The instrument, the question and this answer to it.
    default
        Whether this answer holds where nothing is said.
    meaning, source, status
        What it means, who says so, and whether that was seen (``verified``) or is ``assumed``.
    """

    key: str
    name: str
    choice: str
    default: bool
    meaning: str
    source: str
    status: RuleStatus


@cache
def subscales(chosen: tuple[tuple[str, str, str], ...] = ()) -> tuple[Subscale, ...]:
    """Return every subscale, in the order of the table, under the options chosen.

    Parameters
    ----------
    chosen
        Key of the instrument, option and choice, each option at most once.
    """
    return tuple(parse(_changed(row, chosen)) for row in shipped("instruments"))


def _changed(row: Row, chosen: Iterable[tuple[str, str, str]]) -> Row:
    """Return a row with the fields that the chosen options set."""
    changed = dict(row)
    wanted = set(chosen)
    for effect in shipped("instrument_options"):
        if (effect["key"], effect["option"], effect["choice"]) not in wanted or effect["key"] != row["key"]:
            continue
        if effect["field"] and effect["subscale"] in {"", row["subscale"]}:
            changed[effect["field"]] = effect["value"]
            if effect["status"] == "assumed":
                changed["missing_status"] = "assumed"
            said = f"; option {effect['option']} = {effect['choice']}: {effect['source']}"
            if not changed["rule_source"].endswith(said):  # an option may set several fields
                changed["rule_source"] += said
    return changed


def parse(row: Mapping[str, str]) -> Subscale:
    """Return the subscale that a row of the table describes.

    Parameters
    ----------
    row
        Cells by column, as in ``tables/instruments.tsv``.
    """
    items = split(row["item_keys"])
    return Subscale(
        key=row["key"],
        instrument=row["instrument"],
        version=row["version"],
        name=row["subscale"],
        items=items,
        low=_each(row["low"], len(items), float("-inf")),
        high=_each(row["high"], len(items), float("inf")),
        whole=_flags(row["whole"], len(items)),
        reversed=tuple(item for item in split(row["reversed"]) if item in items),
        formula=_rule(row["formula"]),
        parts=split(row["parts"], ";"),
        missing=_rule(row["missing"]),
        missing_status=row["missing_status"],
        general=row["general"] == "yes",
        unit=row["unit"],
        score_min=_bound(row["score_min"]),
        score_max=_bound(row["score_max"]),
        safety=row["safety"],
        choice=row["choice"],
        source=row["rule_source"],
        status=row["rule_status"],  # type: ignore[arg-type]
        words=Words(
            aggregation=row["aggregation"],
            missing_rule=row["missing_rule"],
            reversed_items=row["reversed_items"],
            direction=row["direction"],
            recall=row["recall"],
            cutoffs=row["cutoffs"],
            licence=row["licence_note"],
            example=row["worked_example"],
        ),
    )


def _rule(cell: str) -> RuleWord:
    name, _, value = cell.partition(":")
    return RuleWord(name, value)


def _each(cell: str, n: int, unbounded: float) -> tuple[float, ...]:
    numbers = tuple(float(part) for part in split(cell)) or (unbounded,)
    return numbers * n if len(numbers) == 1 else numbers


def _flags(cell: str, n: int) -> tuple[bool, ...]:
    flags = tuple(part == "yes" for part in split(cell))
    return flags * n if len(flags) == 1 else flags


def _bound(cell: str) -> float:
    return float("inf") if cell == "unbounded" else float(cell)


@cache
def options() -> tuple[Option, ...]:
    """Return every option of every instrument, in the order of the table."""
    found = {}
    for row in shipped("instrument_options"):
        name = (row["key"], row["option"], row["choice"])
        found[name] = Option(
            *name,
            default=row["default"] == "yes",
            meaning=row["meaning"],
            source=row["source"],
            status=row["status"],  # type: ignore[arg-type]
        )
    return tuple(found.values())


@cache
def instruments() -> tuple[Instrument, ...]:
    """Return every instrument, each version apart, in the order of the table."""
    found = []
    for key in dict.fromkeys(subscale.key for subscale in subscales()):
        rows = [subscale for subscale in subscales() if subscale.key == key]
        for choice in dict.fromkeys(row.choice for row in rows if row.choice) or ("",):
            own = tuple(row for row in rows if row.choice in {"", choice})
            named = next((row for row in own if row.choice), own[0])
            found.append(Instrument(key, named.instrument, named.version, choice, own))
    return tuple(found)


def instrument(name: str, version: str = "") -> Instrument:
    """Return one instrument.

    Parameters
    ----------
    name
        Its name or the prefix of its variables, in any case: ``PHQ-9``, ``phq9``.
    version
        Needed only where there are several: the version in words or in short.

    Raises
    ------
    SettingsError
        Where nothing is named so, or several versions are, with what there is.

    Examples
    --------
    >>> instrument("phq-9").subscales[0].scale
    '0-27'
    """
    asked = _plain(name)
    found = [item for item in instruments() if asked in {_plain(item.key), _plain(item.name)}]
    if not found:
        names = {_plain(text): text for item in instruments() for text in (item.key, item.name)}
        close = [names[text] for text in difflib.get_close_matches(asked, names, n=3)]
        hint = f" (did you mean {' or '.join(close)}?)" if close else ""
        known = ", ".join(dict.fromkeys(item.name for item in instruments()))
        raise SettingsError(f"no instrument is named {name!r}{hint}; there are {known}")
    if version:
        known = "; ".join(item.choice or item.version for item in found)
        asked = _plain(version)
        found = [item for item in found if asked in {_plain(item.choice), _plain(item.key)}] or [
            item for item in found if _plain(item.version).startswith(asked)
        ]
        if not found:
            raise SettingsError(f"{name} has no version {version!r}; it has {known}")
    if len(found) > 1:
        ways = "; ".join(f"{item.key} ({item.choice or item.version})" for item in found)
        raise SettingsError(f"{name} stands for several: {ways}. Name one of them and its version")
    return found[0]


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
