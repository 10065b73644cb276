"""Marker files of a study, weights beside the settings, and `markers score` outside a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from workflow.runs import cli

from corticolimbic.features import read_table, write_table
from corticolimbic.foundation import SettingsError
from corticolimbic.predict import MarkerUse, PredictSettings, marker_ids, read_marker
from corticolimbic.workflow import _marker_files as used
from corticolimbic.workflow import _marker_folder as folder
from corticolimbic.workflow import read_config

OWN: dict[str, Any] = {
    "schema_version": 2,
    "id": "ours_nac_over_amy",
    "name": "NAc minus amygdala",
    "citation": "our study",
    "doi": "",
    "kind": "feature",
    "role": "prognostic",
    "state": "structure",
    "sign": -1,
    "predicts": "persistence",
    "direction": "lower, pain persists",
    "unit": "mm3",
    "population": "our 30 people",
    "threshold": "30 %",
    "recipe": "left volumes",
    "verified": [],
    "failures": [],
    "needs": ["volume of NAc_L and Amy_L"],
    "source": "our protocol",
    "key": {"measure": "volume", "statistic": "sum"},
    "terms": [{"targets": ["NAc_L"]}, {"targets": ["Amy_L"], "weight": -0.5, "center": 1000.0}],
}


def saved(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**OWN, **changes}), encoding="utf-8")
    return path


def changed(**changes: Any) -> str:
    return json.dumps({name: value for name, value in {**OWN, **changes}.items() if value is not ...})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "expected one JSON object, found list"),
        ("{", "no JSON that can be read"),
        ('{"id": "a", "id": "b"}', "id stands twice"),
        (changed().replace("1000.0", "NaN"), "NaN is no number of JSON"),
        (changed(sign="1"), "sign"),
        (changed(sign=2), "sign"),
        (changed(terms=[{"targets": ["NAc_L"], "weight": "0.5"}]), "terms.0.weight"),
        (changed(terms=[{"targets": ["NAc_L"], "wait": 0.5}]), "terms.0.wait: is no field here"),
        (changed(role="prediction"), "role"),
        (changed(role=...), "role: Field required"),
        (changed(code="import os"), "code: is no field here"),
        (changed(id="Ours"), "is not of small letters"),
        (changed(terms=[]), "kind feature takes terms"),
        (changed(kind="change"), "kind change and over session do not go together"),
        (changed(kind="clinical"), "kind clinical and the field clinical do not go together"),
        (changed(terms=[{"targets": ["mPFC--NAc"]}]), "mPFC--NAc is written NAc--mPFC"),
        (changed(terms=[{"targets": ["NAc"]}, {"targets": ["NAc"]}]), "NAc of volume stands twice"),
        (changed(terms=[{"targets": ["NAc"], "scale": 0.0}]), "scale is 0, not above 0"),
        (changed(verified=[{"what": "r", "value": 0.9, "n": 30}]), "neither an effect nor a source"),
        (changed(reliability={"icc": 1.5, "source": "x"}), "reliability.icc is 1.5"),
        (changed(needs=[]), "needs is empty"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_marker(text, source="ours.json")
    assert words in str(caught.value)
    assert "ours.json" in str(caught.value)


def test_all_takes_shipped_and_own_markers_and_what_is_told_of_them(tmp_path: Path) -> None:
    own = str(saved(tmp_path / "ours.json"))
    told = MarkerUse(id="spisak2020_rpn", training_mean=0.5)
    found = used.markers_used(PredictSettings(markers="all", marker_files=(own,), uses=(told,)))
    assert [item.id for item, _ in found] == [*marker_ids(), "ours_nac_over_amy"]
    assert {use.training_mean for item, use in found if item.id == "spisak2020_rpn"} == {0.5}
    one = used.markers_used(PredictSettings(markers=({"id": "ours_nac_over_amy"},), marker_files=(own,)))
    assert [item.id for item, _ in one] == ["ours_nac_over_amy"]
    assert used.markers_used(PredictSettings()) == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"markers": [{"id": "nobody"}]}, "no marker is named 'nobody'"),
        ({"markers": "all", "uses": [{"id": "nobody"}]}, "no marker is named 'nobody'"),
        ({"markers": [{"id": "baseline_pain"}], "uses": [{"id": "baseline_pain"}]}, "goes with markers: all"),
        ({"markers": [{"id": "baseline_pain"}, {"id": "baseline_pain"}]}, "baseline_pain more than once"),
        ({"markers": "all", "marker_files": ["absent.json"]}, "absent.json does not exist"),
        ({"markers": "all", "weights": [{"marker": "baseline_pain", "file": "x"}]}, "takes no weights"),
        ({"markers": "all", "weights": [{"marker": "lee2021_tops", "file": "x.tsv"}]}, "does not exist"),
    ],
)
def test_what_is_asked_for_in_vain_is_a_settings_error(settings: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        used.markers_used(PredictSettings.from_mapping(settings))


def test_an_id_is_given_once(tmp_path: Path) -> None:
    first, second = saved(tmp_path / "a.json"), saved(tmp_path / "b.json")
    with pytest.raises(SettingsError, match=r"b\.json: the id 'ours_nac_over_amy' is taken"):
        used.markers_used(PredictSettings(markers="all", marker_files=(str(first), str(second))))
    shipped = saved(tmp_path / "c.json", id="baseline_pain")
    with pytest.raises(SettingsError, match="taken"):
        used.markers_used(PredictSettings(markers="all", marker_files=(str(shipped),)))


def test_files_lie_beside_the_settings_or_inside_the_dataset(tmp_path: Path) -> None:
    dataset, beside = tmp_path / "data", tmp_path / "settings"
    dataset.mkdir()
    beside.mkdir()
    saved(beside / "ours.json")
    saved(dataset / "theirs.json", id="theirs")
    text = "predict: {markers: all, marker_files: [ours.json, 'dataset:theirs.json']}"
    (beside / "study.yaml").write_text(text, encoding="utf-8")
    config = used.placed(read_config(beside / "study.yaml"), dataset)
    assert config.predict.marker_files == (str(beside / "ours.json"), str(dataset / "theirs.json"))
    names = {item.id for item, _ in used.markers_used(config.predict)}
    assert {"theirs", "ours_nac_over_amy"} <= names


FEATURES = "participant_id\tsession_id\tmeasure\ttarget\tstatistic\tvalue\n"
VALUES = [
    ("sub-1", "NAc_L", "600"),
    ("sub-1", "NAc_R", "650"),
    ("sub-2", "NAc_L", "n/a"),
    ("sub-2", "NAc_R", "700"),
]


def feature_file(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    lines = [f"{person}\tses-1\tvolume\t{target}\tsum\t{value}\n" for person, target, value in rows]
    path.write_text(FEATURES + "".join(lines), encoding="utf-8")
    return path


def test_markers_score_says_how_many_it_scored_and_what_the_rest_needs(tmp_path: Path) -> None:
    source = feature_file(tmp_path / "volumes.tsv", VALUES)
    result = cli("markers", "score", source, "--table", tmp_path / "scores.tsv")
    assert result.code == 0, result
    assert f"1 of {len(marker_ids())} markers scored" in result.out
    assert "makary2020_nac_volume: 1 of 2 people" in result.out
    assert "1 without: not computable: needs NAc_L" in result.out
    for name in set(marker_ids()) - {"makary2020_nac_volume"}:
        assert f"  {name}: needs " in result.out
    scores = read_table("scores", tmp_path / "scores.tsv")
    good = scores[scores["status"] == "ok"]
    assert good[["participant_id", "marker", "score"]].to_numpy().tolist() == [
        ["sub-1", "makary2020_nac_volume", 1250.0]
    ]
    table = folder.feature_table(source)
    write_table(table, "features", tmp_path / "volumes.parquet")
    again = cli("markers", "score", tmp_path / "volumes.parquet", "--marker", "makary2020_nac_volume")
    assert "1 of 1 markers scored" in again.out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("sub-1", "NAc_L", "large")], "row 2: value 'large' is no number"),
        ([("sub-1", "NAc_L", "inf")], "row 2: value 'inf' is no number"),
        ([("sub-1", "NAc_L", "1"), ("sub-1", "NAc_L", "1")], "repeated key"),
    ],
)
def test_a_table_of_features_that_cannot_be_used_names_the_row(
    rows: list, words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=words):
        folder.feature_table(feature_file(tmp_path / "f.tsv", rows))


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.tsv").write_text("participant_id\tNAc\nsub-1\t600\n", encoding="utf-8")
    result = cli("markers", "score", tmp_path / "f.tsv")
    assert (result.code, "no column measure, target, value" in result.err) == (2, True)
    assert cli("markers", "score", tmp_path).code == 2
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "g.parquet")
    assert cli("markers", "score", tmp_path / "g.parquet").code == 2
    assert cli("markers", "score", tmp_path / "f.tsv", "--marker", "nobody").code == 2


def test_the_marker_file_of_the_manual_can_be_used() -> None:
    text = (Path(__file__).parents[2] / "docs" / "markers.md").read_text(encoding="utf-8")
    whole = text.partition("```json\n")[2].partition("```")[0]
    assert read_marker(whole, source="docs/markers.md").terms[0].targets == ("NAc_L",)
