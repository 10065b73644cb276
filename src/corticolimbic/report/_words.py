"""All words that people read on the page, from one catalogue."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


class _Plural(string.Formatter):
    """Adds one rule to `str.format`: ``{n:person|people}`` chooses a word by the number."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            one, _, many = format_spec.partition("|")
            return one if value == 1 else many
        return super().format_field(value, format_spec)


@dataclass(frozen=True)
class Words:
    """The catalogue of one language.

    Parameters
    ----------
    language
        BCP 47 tag.
    entries
        Key to text; names in braces are filled in, ``{n:one|many}`` chooses by number.
    """

    language: str
    entries: dict[str, str]

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text of a key, filled in; an unknown key is a programming error (``KeyError``)."""
        return _Plural().vformat(self.entries[key], (), values)

    def of(self, prefix: str, name: str, default: str = "") -> str:
        """Return the text for a name that comes from data, or ``default`` where the catalogue knows none."""
        return self.entries.get(f"{prefix}.{name}", default)


@cache
def words(language: str = "en") -> Words:
    """Return the catalogue of a language."""
    text = files(__package__).joinpath("words", f"{language}.json").read_text(encoding="utf-8")
    return Words(language, json.loads(text))


say = words()
"""The catalogue in use."""
