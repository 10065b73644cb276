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
from corticolimbic.predict import _markers, marker, marker_ids

RPN = "spisak2020_rpn"


def test_the_rpn_equals_the_published_connections_by_key(shared_data: Path) -> None:
    with (shared_data / "rpn" / "rpn_signature_connections.tsv").open(encoding="utf-8") as stream:
        published = list(csv.DictReader(stream, delimiter="\t"))
    about = json.loads((shared_data / "rpn" / "rpn_signature_connections.json").read_text(encoding="utf-8"))
    wanted = {
        edge(row["region_a"], row["region_b"]): tuple(
            float(row[key]) for key in ("weight", "center", "scale")
        )
        for row in published
    }
    found = {term.target: (term.weight, term.center, term.scale) for term in marker(RPN).terms}
    assert len(published) == len(wanted) == 21
    assert found == wanted
    assert marker(RPN).intercept == about["intercept"]


@pytest.mark.parametrize("name", marker_ids())
def test_every_marker_says_what_it_is_and_where_it_failed(name: str) -> None:
    item = marker(name)
    assert item.id == name
    for words in (item.name, item.citation, item.doi, item.predicts, item.direction, item.population,
                  item.recipe, item.source, item.state, item.atlas):  # fmt: skip
        assert words
    assert item.needs
    assert item.verified
    assert all(-1 <= figure.value <= 1 and figure.n > 0 and figure.what for figure in item.verified)
    assert len(set(item.targets)) == len(item.targets) == len(item.terms)
    for term in item.terms:
        assert str(Target.parse(term.target)) == term.target
        assert term.scale > 0
        assert all(math.isfinite(value) for value in (term.weight, term.center))
    json.dumps(asdict(item), allow_nan=False)


def test_every_node_of_the_rpn_is_a_node_of_its_atlas() -> None:
    from corticolimbic.circuit import atlas

    item = marker(RPN)
    nodes = {node.name for node in atlas(item.atlas).nodes}
    assert {name for target in item.targets for name in Target.parse(target).names} <= nodes


def test_an_unknown_marker_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=RPN):
        marker("spisak2020")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_schema_version_is_refused(
    version: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw = json.loads(Path(_markers.__file__).with_name("markers").joinpath(f"{RPN}.json").read_text())
    (tmp_path / "markers").mkdir()
    for name, value in (("ours", 1), ("theirs", version)):
        text = json.dumps({**raw, "id": name, "schema_version": value})
        (tmp_path / "markers" / f"{name}.json").write_text(text)
    monkeypatch.setattr(_markers, "files", lambda _: tmp_path)
    for cached in (_markers.marker, _markers.marker_ids):
        cached.cache_clear()
    try:
        assert marker("ours").terms
        with pytest.raises(SettingsError, match="theirs: schema version"):
            marker("theirs")
    finally:
        monkeypatch.undo()
        for cached in (_markers.marker, _markers.marker_ids):
            cached.cache_clear()
