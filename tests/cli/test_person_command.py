"""The command person: who is named, who is not there, what must be run first, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from predict.individual_study import study
from workflow.runs import cli

from corticolimbic.features import write_table
from corticolimbic.foundation import write_json, write_text

FILES = {
    "visits": "cohort/visits.parquet",
    "ratings": "cohort/ratings.parquet",
    "outcomes": "cohort/outcomes.parquet",
    "populations": "cohort/populations.parquet",
    "scores": "predict/scores.tsv",
    "evaluation": "predict/evaluation.tsv",
    "problems": "problems.tsv",
}
CONFIG = """\
cohort: {outcome: {baseline_session: ses-1}}
individuals: {controls_column: group, controls_value: control}
predict: {markers: [{id: spisak2020_rpn}]}
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """Write the tables of a made-up study as a run leaves them."""
    root = tmp_path_factory.mktemp("person") / "out"
    made = study()
    for name, file in FILES.items():
        table = getattr(made, name)
        if "participant_id" in table:
            table = table.assign(participant_id=table["participant_id"].replace("sub-p3", "sub-é3"))
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        write_table(table, name, root / file)
    features = made.features.assign(
        participant_id=made.features["participant_id"].replace("sub-p3", "sub-é3")
    )
    kept = features["participant_id"].str.startswith("sub-c") | (features["participant_id"] == "sub-é3")
    features = features[kept & (features["session_id"] == "ses-1")]  # a file each: those who count
    for (person, session), rows in features.groupby(["participant_id", "session_id"]):
        folder = root / "features" / person / session
        folder.mkdir(parents=True)
        write_table(rows.reset_index(drop=True), "features", folder / "function.parquet")
    write_text(root / "config.yaml", CONFIG)
    write_json(root / "dataset_description.json", {"GeneratedBy": [{"Name": "corticolimbic"}]})
    write_json(
        root / "circuit.json", {"edges": [{"target": target, "primary": True} for target in made.primary]}
    )
    return root


def test_pages_are_written_only_for_who_is_named(out: Path) -> None:
    assert not (out / "individuals").exists()
    result = cli("person", out, "sub-p1", "é3", "p1", "--quiet", "--jobs", "1")
    assert (result.code, result.err) == (0, "")
    pages = [out / "individuals" / f"sub-{name}.html" for name in ("p1", "é3")]
    assert result.out.splitlines() == [
        *(f"Page: {page}" for page in pages),
        "Research only: not a diagnosis, not for clinical decisions.",
    ]
    assert sorted(item.name for item in (out / "individuals").glob("*.*")) == [
        "sub-p1.html", "sub-p1.json", "sub-é3.html", "sub-é3.json"
    ]  # fmt: skip
    record = json.loads((out / "individuals/sub-é3.json").read_text(encoding="utf-8"))
    assert record["participant_id"] == "sub-é3"
    assert record["n_people"] == 160
    assert record["controls"]["n"] == 40
    assert all(feature["z"] is not None for feature in record["features"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sub-p777"], "nobody in this run is 'sub-p777'; nearest: sub-p77"),
        (["sub-p1", "../x"], "nobody in this run is '../x'"),
        ([], "name people"),
        (["sub-p1", "--all"], "not both"),
    ],
)
def test_who_is_not_there_is_exit_2_with_the_nearest(out: Path, words: list[str], said: str) -> None:
    result = cli("person", out, *words, "--quiet")
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_a_folder_of_others_and_an_unfinished_run_say_what_to_run(out: Path, tmp_path: Path) -> None:
    other = cli("person", tmp_path, "sub-p1")
    assert other.code == 2
    assert "corticolimbic run DATASET OUT" in other.err
    for name in ("dataset_description.json", "config.yaml"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    early = cli("person", tmp_path, "sub-p1")
    assert early.code == 2
    assert "is not finished" in early.err
    assert f"corticolimbic run DATASET {tmp_path}" in early.err


def test_markers_that_are_not_scored_yet_say_which_step_is_missing(out: Path) -> None:
    scores = out / "predict/scores.tsv"
    kept = scores.read_bytes()
    scores.unlink()
    try:
        early = cli("person", out, "sub-p1", "--quiet")
    finally:
        scores.write_bytes(kept)
    assert early.code == 2
    assert f"corticolimbic predict DATASET {out}" in early.err
