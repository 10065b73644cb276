"""The built-in sample: the same bytes every time, and what was planted in it comes out."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow.runs import cli, files, tables

from corticolimbic.features import read_table
from corticolimbic.simulate import is_sample, write_sample


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as far as the markers; its page is looked at elsewhere."""
    out = tmp_path_factory.mktemp("demo")
    config = write_sample(out / "dataset").read_text(encoding="utf-8")
    (out / "settings.yaml").write_text(
        config.replace("measure:", "measure:\n  statistics: [pearson]"), encoding="utf-8"
    )
    words = [
        "predict",
        out / "dataset",
        out / "results",
        "--config",
        out / "settings.yaml",
        "--jobs",
        "1",
        "--quiet",
    ]
    subprocess.run([sys.executable, "-m", "corticolimbic", *map(str, words)], check=True)
    return out


def test_the_sample_is_the_same_bytes_every_time(demo: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again")
    assert files(tmp_path / "again") == files(demo / "dataset")


def test_the_planted_difference_comes_out_in_both_populations(demo: Path) -> None:
    effects = read_table("effects", demo / "results" / "compare" / "effects.tsv")
    planted = effects[
        (effects["target"] == "NAc--mPFC") & (effects["contrast"].str.contains("persistent - recovered"))
    ]
    outcome = planted[planted["family"].str.contains("persistent_20")] if len(planted) > 2 else planted
    assert sorted(outcome["population"]) == ["eligible", "little_motion"]
    assert (outcome["estimate"] > 0).all()
    assert (outcome["ci_low"] > 0).all()
    assert (outcome["n"] >= 20).all()


def test_every_exclusion_is_in_the_problems_and_in_the_flow(demo: Path) -> None:
    with (demo / "results" / "problems.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    excluded = {(row["code"], row["participant_id"]) for row in rows if row["severity"] == "excluded"}
    assert {("CL308", "sub-07"), ("CL308", "sub-30"), ("CL309", "sub-11")} <= excluded
    assert "sub-18" in {person for code, person in excluded if code in {"CL207", "CL211"}}
    assert not [row for row in rows if row["severity"] == "failed"]
    assert ("CL203", "sub-05") in {(row["code"], row["participant_id"]) for row in rows}
    flow = json.loads((demo / "results" / "cohort" / "flow.json").read_text(encoding="utf-8"))
    assert [(stage["id"], stage["n"]) for stage in flow["stages"]] == [
        ("listed", 36), ("with_files", 36), ("measured", 35), ("outcome", 32),
    ]  # fmt: skip
    assert flow["populations"][0]["n"] == 32
    scores = read_table("scores", demo / "results" / "predict" / "scores.tsv")
    assert not (scores["status"] == "ok").any()  # the atlas of the sample is not the marker's


def test_the_truth_is_not_read_by_the_run(demo: Path, tmp_path: Path) -> None:
    blind = Path(shutil.copytree(demo, tmp_path / "blind"))
    shutil.rmtree(blind / "dataset" / "truth")
    words = ["predict", blind / "dataset", blind / "results", "--quiet", "--jobs", "1"]
    assert "Nothing to do" in cli(*words).out
    assert tables(blind / "results") == tables(demo / "results")
    inputs = json.loads((demo / "results" / "manifest.json").read_text(encoding="utf-8"))["inputs"]["files"]
    assert inputs
    assert not [name for name in inputs if "truth" in name]


def test_a_sample_cut_short_is_written_anew_and_other_folders_are_left_alone(
    demo: Path, tmp_path: Path
) -> None:
    assert is_sample(demo / "dataset")
    cut = tmp_path / "cut" / "dataset"
    cut.mkdir(parents=True)
    assert is_sample(cut)
    (cut / ".part-abc.json").write_bytes(b"{")
    assert is_sample(cut)
    shutil.copy(demo / "dataset" / "dataset_description.json", cut)  # the first file of a sample
    assert is_sample(cut)
    write_sample(cut)
    assert not list(cut.rglob(".part-*"))
    assert files(cut) == files(demo / "dataset")

    mine = tmp_path / "mine" / "dataset"
    mine.mkdir(parents=True)
    (mine / "participants.tsv").write_text("participant_id\nsub-01\n", encoding="utf-8")
    result = cli("demo", tmp_path / "mine")
    assert (result.code, "no sample of ours" in result.err) == (2, True)
    assert files(tmp_path / "mine") == {"dataset/participants.tsv": b"participant_id\nsub-01\n"}
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = cli("demo", tmp_path / "file")
    assert (result.code, "cannot be written" in result.err) == (2, True)
