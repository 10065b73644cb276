"""Markers as data: the published table, key by key."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from corticolimbic.circuit import atlas, atlas_names, modules, networks, regions, split_side, tracts
from corticolimbic.evidence import effects
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
    for words in (item.name, item.citation, item.predicts, item.direction, item.population,
                  item.recipe, item.source, item.threshold, item.unit):  # fmt: skip
        assert words
    assert item.needs
    assert item.failures
    assert (item.direction == "not stated") == (item.sign == 0)
    json.dumps(asdict(item), allow_nan=False)


@pytest.mark.parametrize("name", marker_ids())
def test_every_cited_figure_is_that_of_the_table_of_effects(name: str) -> None:
    """A number that was not read in its source is never shown as verified."""
    known = {effect.id: effect for effect in effects()}
    item = marker(name)
    for figures, verified in ((item.verified, True), (item.unverified, False)):
        for figure in figures:
            assert figure.what
            if figure.effect is None:
                assert verified
                assert figure.source
                continue
            row = known[figure.effect]
            assert (figure.value, figure.n, row.verified) == (row.value, row.n_total, verified)


@pytest.mark.parametrize("name", marker_ids())
def test_every_target_is_of_the_circuit_or_of_its_atlas(name: str) -> None:
    """Whoever measures or supplies an input finds it under a registered name."""
    item = marker(name)
    nodes = {
        node.name
        for key in item.keys
        for one in key.atlases
        if one in atlas_names()
        for node in atlas(one).nodes
    }
    regions_known = {found.id for found in regions()} | {found.id for found in tracts()}
    groups = {found.id for found in modules()} | {found.id for found in networks()}
    for term in item.terms:
        for text in term.accepted:
            target = Target.parse(text)
            for end in target.names:
                assert end in nodes | groups or split_side(end)[0] in regions_known, text


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
