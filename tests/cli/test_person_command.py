"""The command person: who is named, who is not there, what must be run first, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from workflow.runs import cli, run, small


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("person")
    dataset = small(root / "dataset", ["01", "02", "é3", "4", "5", "6"])
    assert run(dataset, root / "out", command="cohort").code in {0, 3}
    return root / "out"


def test_pages_are_written_only_for_who_is_named(out: Path) -> None:
    assert not (out / "individuals").exists()
    result = cli("person", out, "sub-01", "é3", "01", "--quiet", "--jobs", "1")
    assert (result.code, result.err) == (0, "")
    pages = [out / "individuals" / f"sub-{name}.html" for name in ("01", "é3")]
    assert result.out.splitlines() == [
        *(f"Page: {page}" for page in pages),
        "Research only: not a diagnosis, not for clinical decisions.",
    ]
    assert sorted(item.name for item in (out / "individuals").glob("*.*")) == [
        "sub-01.html", "sub-01.json", "sub-é3.html", "sub-é3.json"
    ]  # fmt: skip
    record = json.loads((out / "individuals/sub-01.json").read_text(encoding="utf-8"))
    assert record["participant_id"] == "sub-01"
    assert record["n_people"] == 6
    log = (out / "log.jsonl").read_text(encoding="utf-8")
    assert "individuals" not in log


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sub-07"], "nobody in this run is 'sub-07'; nearest: sub-0"),
        (["sub-01", "../x"], "nobody in this run is '../x'"),
        ([], "name people"),
        (["sub-01", "--all"], "not both"),
    ],
)
def test_who_is_not_there_is_exit_2_with_the_nearest(out: Path, words: list[str], said: str) -> None:
    result = cli("person", out, *words, "--quiet")
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_a_folder_of_others_and_an_unfinished_run_say_what_to_run(out: Path, tmp_path: Path) -> None:
    other = cli("person", tmp_path, "sub-01")
    assert other.code == 2
    assert "corticolimbic run DATASET OUT" in other.err
    for name in ("dataset_description.json", "config.yaml"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    early = cli("person", tmp_path, "sub-01")
    assert early.code == 2
    assert "is not finished" in early.err
    assert f"corticolimbic run DATASET {tmp_path}" in early.err
