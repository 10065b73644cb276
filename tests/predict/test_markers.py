"""Markers as data: the published table, key by key."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from corticolimbic.features import Target, edge
from corticolimbic.foundation import SettingsError
from corticolimbic.predict import _marker_file, marker, marker_ids, read_marker

RPN = "spisak2020_rpn"
RAW = json.loads(Path(_marker_file.__file__).with_name("markers").joinpath(f"{RPN}.json").read_text())


def test_the_rpn_equals_the_published_connections_by_key(shared_data: Path) -> None:
    with (shared_data / "rpn" / "rpn_signature_connections.tsv").open(encoding="utf-8") as stream:
        published = list(csv.DictReader(stream, delimiter="\t"))
    about = json.loads((shared_data / "rpn" / "rpn_signature_connections.json").read_text(encoding="utf-8"))
    wanted = {
        (edge(row["region_a"], row["region_b"]),): tuple(
            float(row[key]) for key in ("weight", "center", "scale")
        )
        for row in published
    }
    found = {term.targets: (term.weight, term.center, term.scale) for term in marker(RPN).terms}
    assert len(published) == len(wanted) == 21
    assert found == wanted
    assert marker(RPN).intercept == about["intercept"]


@pytest.mark.parametrize("name", marker_ids())
def test_every_marker_says_what_it_is_and_where_it_failed(name: str) -> None:
    item = marker(name)
    assert item.id == name
    for words in (item.name, item.citation, item.doi, item.predicts, item.direction, item.population,
                  item.recipe, item.source, item.state, item.threshold, item.unit):  # fmt: skip
        assert words
    assert item.needs
    assert item.verified
    assert all(-1 <= figure.value <= 1 and figure.n > 0 and figure.what for figure in item.verified)
    for term in item.terms:
        assert all(str(Target.parse(target)) == target for target in term.targets)
        assert term.scale > 0
        assert all(math.isfinite(value) for value in (term.weight, term.center))
    json.dumps(asdict(item), allow_nan=False)


def test_every_node_of_the_rpn_is_a_node_of_its_atlas() -> None:
    from corticolimbic.circuit import atlas

    item = marker(RPN)
    (key,) = item.keys
    nodes = {node.name for node in atlas(*key.atlases).nodes}
    assert {name for target in item.targets for name in Target.parse(target).names} <= nodes


def test_an_unknown_marker_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=RPN):
        marker("spisak2020")


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (0, "bring the file"),
        (1, "bring the file"),
        (3, "newer corticolimbic"),
        ("2", "'2'"),
        (2.0, "2.0"),
        (None, "None"),
    ],
)
def test_another_schema_version_is_refused_with_what_to_do(version: object, words: str) -> None:
    assert read_marker(json.dumps(RAW), source="ours.json") == marker(RPN)
    with pytest.raises(SettingsError, match=r"theirs\.json: schema version") as caught:
        read_marker(json.dumps({**RAW, "schema_version": version}), source="theirs.json")
    assert words in str(caught.value)
