from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from report.example_out import write_rpn
from report.page_reader import read_page

from corticolimbic.features import read_table, write_table
from corticolimbic.foundation import write_json
from corticolimbic.report import render

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)> ' ' ]]> <!-- --> </title></style></svg>",
    "\u202eevil\u202c \u200f\u2066RTL\u2069",
    "naïve 🧠 脑 دماغ $x_1$ \\frac{1}{2} {{ 7*7 }} {% raw %} {n} %s",
    "x" * 300,
    "line\nbreak\ttab\x00null\x1bescape\ufffe",
]


@pytest.fixture(
    scope="module",
    params=range(len(HOSTILE)),
    ids=["script", "quotes", "direction", "unicode", "long", "control"],
)
def hostile(request, tmp_path_factory):
    """Return a folder in which every text that comes from data holds the hostile one, rendered."""
    evil = HOSTILE[request.param]
    out = write_rpn(tmp_path_factory.mktemp("hostile"))
    for path in out.rglob("*.json"):
        write_json(path, _poisoned(json.loads(path.read_text(encoding="utf-8")), evil))
    (out / "config.yaml").write_text(f"key: {evil}\n", encoding="utf-8")
    for name, file, columns in (
        ("problems", "problems.tsv", ["file", "found", "participant_id"]),
        ("sessions", "sessions.parquet", ["site"]),
        ("quality", "quality.tsv", ["site", "participant_id", "reasons", "grade", "atlas"]),
        ("region_quality", "region_quality.tsv", ["region", "atlas"]),
        ("effects", "compare/effects.tsv", ["contrast", "model", "estimate_unit", "atlas", "es_kind"]),
        ("evaluation", "predict/evaluation.tsv", ["outcome"]),
        ("scores", "predict/scores.tsv", ["site"]),
    ):
        table = read_table(name, out / file)
        for column in columns:
            table[column] = table[column].map(lambda text: _flat(f"{text}{evil}")).astype(object)
        write_table(pd.DataFrame(table), name, out / file)
    return evil, out, render(out).read_text(encoding="utf-8")


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ").replace("\x00", " ")


def _poisoned(value, evil, key=""):
    keep = {
        "target",
        "id",
        "a",
        "b",
        "population",
        "statistic",
        "marker",
        "status",
        "site",
        "side",
        "family",
        "task",
    }
    if isinstance(value, dict):
        return {name: _poisoned(item, evil, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item, evil, key) for item in value]
    if isinstance(value, str) and key not in keep:
        return value + evil
    return value


def test_hostile_text_makes_no_element_and_no_handler(hostile):
    _, _, html = hostile
    page = read_page(html)
    assert len(page.named("script")) == 1
    assert page.named("img") == []
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    known = {
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "a",
        "header",
        "p",
        "h1",
        "bdi",
        "nav",
        "ol",
        "li",
        "main",
        "section",
        "h2",
        "h3",
        "ul",
        "dl",
        "div",
        "dt",
        "dd",
        "pre",
        "code",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "details",
        "summary",
        "footer",
        "script",
        "svg",
        "desc",
        "g",
        "path",
        "text",
        "defs",
        "use",
        "clippath",
        "rect",
    }
    assert {tag for tag, _ in page.elements} <= known


def test_hostile_text_is_shown_as_text(hostile):
    evil, _, html = hostile
    text = read_page(html).text
    wanted = {0: "<script>alert(1)</script>", 1: "]]>", 3: "$x_1$", 4: "x" * 100}.get(HOSTILE.index(evil), "")
    assert wanted in text
    assert "49" not in re.findall(r"naïve 🧠 脑 دماغ \$x_1\$ \\frac\{1\}\{2\} (\S+)", text)


def test_no_direction_or_control_mark_reaches_the_page(hostile):
    _, _, html = hostile
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b\x0c\x0e-\x1f]", html)


def test_hostile_figures_are_well_formed(hostile):
    _, out, html = hostile
    drawings = re.findall(r"<svg .*?</svg>", html, re.DOTALL)
    drawings += [path.read_text(encoding="utf-8") for path in (out / "figures").glob("*.svg")]
    assert len(drawings) > 12
    for drawing in drawings:
        root = ET.fromstring(drawing)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "title", "desc", "g", "path", "text", "defs", "use", "clipPath", "rect"}


def test_hostile_names_make_no_odd_files(hostile):
    _, out, _ = hostile
    names = [path.name for path in (out / "figures").iterdir()]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,90}\.(svg|tsv)", name) for name in names)


def test_config_shows_hidden_marks_in_writing(hostile):
    evil, _, html = hostile
    if "\u202e" in evil:
        assert "⟨U+202E⟩evil" in html


def test_marker_ids_that_look_alike_keep_their_own_figures(tmp_path):
    out = write_rpn(tmp_path)
    table = read_table("evaluation", out / "predict/evaluation.tsv")
    one, two = table.assign(name="a/b"), table.assign(name="a b")
    write_table(pd.concat([one, two]), "evaluation", out / "predict/evaluation.tsv")
    (out / "predict/markers.json").unlink()
    page = read_page(render(out).read_text(encoding="utf-8"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(list((out / "figures").glob("marker-a_b_*.svg"))) == 2
