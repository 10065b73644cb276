from __future__ import annotations

import json
import re
import string
from importlib.resources import files
from pathlib import Path

import pytest

import corticolimbic.report
from corticolimbic.report._sections._effects_table import _SAME
from corticolimbic.report._sections._record import _FILES
from corticolimbic.report._words import say

ROOM = Path(corticolimbic.report.__file__).parent
SOURCES = [*ROOM.rglob("*.py"), *ROOM.rglob("*.html")]
ALL = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


_MADE = r"say\(\s*f[\"']([a-z]+\.[^\"']+)[\"']"
"""Keys that are put together, such as ``say(f"sites.column_{name}")``."""


def _used() -> set[str]:
    literal = set(re.findall(r"say\(\s*[\"']([a-z_]+\.[a-z_0-9]+)[\"']", ALL))
    # both ends of `say("a" if ... else "b")`
    literal |= set(re.findall(r"[\"']([a-z]+\.[a-z_]+)[\"'] (?:if .*? )?else [\"']", ALL))
    literal |= set(re.findall(r" else [\"']([a-z]+\.[a-z_]+)[\"']", ALL))
    literal |= {f"effects.column_{name}" for name in (*_SAME, "n_sites")}
    prefixes = set(re.findall(r"say\.of\(\s*\"([a-z]+)\"", ALL))
    made = [re.sub(r"\\\{[^}]*\\\}", "[^.]+", re.escape(text)) for text in re.findall(_MADE, ALL)]
    return literal | {
        key
        for key in say.entries
        if key.partition(".")[0] in prefixes or any(re.fullmatch(form, key) for form in made)
    }


def test_no_key_is_missing():
    assert _used() - set(say.entries) == set()


def test_no_key_is_unused():
    assert set(say.entries) - _used() == set()


def test_every_file_that_may_be_written_has_its_line():
    assert [name for name in _FILES if not say.of("file", name)] == []
    named = {key.removeprefix("file.") for key in say.entries if key.startswith("file.")}
    assert named == set(_FILES)


def test_no_key_stands_twice():
    pairs = json.loads(
        files("corticolimbic.report").joinpath("words/en.json").read_text(encoding="utf-8"),
        object_pairs_hook=list,
    )
    keys = [key for key, _ in pairs]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("key", sorted(say.entries))
def test_every_text_can_be_filled_in(key):
    names = {name for _, name, _, _ in string.Formatter().parse(say.entries[key]) if name}
    for n in (1, 2):
        text = say(key, **dict.fromkeys(names, n))
        assert text.strip()
        assert "{" not in text


def test_words_follow_the_number():
    assert say("people.count", n=1) == "1 person"
    assert say("people.count", n=2285) == "2,285 people"


def test_templates_hold_no_words_of_their_own():
    for path in ROOM.rglob("*.html"):
        bare = re.sub(r"{%.*?%}|{{.*?}}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", bare)
        assert not re.search(r"[A-Za-z]{3,}", text), path.name


def test_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        say("people.no_such_key")
