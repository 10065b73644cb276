"""OUT is ours alone, one run at a time, and a dry run does not even make it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workflow.conftest import Place
from workflow.runs import files, run, small, times


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_one_writes(finished: Place) -> None:
    before = times(finished.out)
    with (finished.out / ".state" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        result = run(finished.dataset, finished.out)
    assert result.code == 2
    assert "another run is writing to" in result.err
    assert times(finished.out) == before
    assert run(finished.dataset, finished.out).code == 0  # the lock went with its holder


def test_of_two_commands_at_once_one_works_and_the_other_is_refused(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 12)
    words = [
        sys.executable,
        "-m",
        "corticolimbic",
        "measure",
        str(dataset),
        str(tmp_path / "out"),
        "--jobs",
        "1",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    give_up = time.monotonic() + 60
    while not (tmp_path / "out" / "log.jsonl").exists() and time.monotonic() < give_up:
        time.sleep(0.005)
    second = run(dataset, tmp_path / "out", command="measure", config=None)
    assert first.wait(60) == 0
    assert second.code == 2, second
    assert "another run is writing" in second.err


@pytest.mark.parametrize("name", ["thesis.docx", "config.yaml", "features", "dataset_description.json"])
def test_a_folder_with_files_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    dataset, out = small(tmp_path / "data", 2), tmp_path / "out"
    out.mkdir()
    if name == "features":
        (out / name).mkdir()
    else:
        (out / name).write_text('{"Name": "mine"}', encoding="utf-8")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    for more in ((), ("--dry-run",)):
        result = run(dataset, out, *more, config=None)
        assert result.code == 2, result
        assert "did not write" in result.err
    assert sorted(path.name for path in out.iterdir()) == sorted([name, "notes.txt"])


def test_the_dataset_itself_and_a_file_are_refused(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    before = files(dataset)
    assert "the dataset itself" in run(dataset, dataset).err
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run(dataset, tmp_path / "file")
    assert (result.code, "is a file" in result.err) == (2, True)
    assert files(dataset) == before


def test_a_folder_that_cannot_be_written_is_named_without_a_traceback(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run(dataset, tmp_path / "file" / "out", config=None)
    assert result.code == 2
    assert "cannot be written" in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named_without_a_traceback(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    (tmp_path / "closed").mkdir(mode=0o500)
    result = run(dataset, tmp_path / "closed" / "out", config=None)
    assert (result.code, "cannot be written" in result.err) == (2, True)


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 3)
    result = run(dataset, tmp_path / "out", "--dry-run")
    assert result.code == 0
    assert "measure: 3 of 3 unit(s) would run\n  3 because: not done yet" in result.out
    assert "Nothing was written." in result.out
    assert not (tmp_path / "out").exists()


def test_a_dry_run_over_results_names_the_reason_and_changes_nothing(finished: Place) -> None:
    [path] = finished.dataset.glob("sub-004/func/*_motion.tsv")
    path.write_text(path.read_text(encoding="utf-8").replace("n/a", "0.1"), encoding="utf-8")
    before = times(finished.out)
    log = (finished.out / "log.jsonl").read_bytes()
    result = run(finished.dataset, finished.out, "--dry-run")
    assert "measure: 1 of 6 unit(s) would run\n  1 because: inputs or settings changed" in result.out
    assert "compare: 0 of 1 unit(s) would run" in result.out
    assert times(finished.out) == before
    assert (finished.out / "log.jsonl").read_bytes() == log


def test_what_a_killed_run_left_half_written_is_swept_away(finished: Place) -> None:
    half = finished.out / "features" / "sub-001" / "ses-none" / ".part-abc.parquet"
    half.write_bytes(b"PAR1")
    (finished.out / ".part-x.json").write_bytes(b"{")
    assert "Nothing to do" in run(finished.dataset, finished.out).out
    assert not list(finished.out.rglob(".part-*"))


def test_results_can_be_moved(finished: Place, tmp_path: Path) -> None:
    shutil.move(finished.out, tmp_path / "elsewhere")
    assert "Nothing to do" in run(finished.dataset, tmp_path / "elsewhere").out


def test_an_out_folder_inside_the_dataset_is_not_read_as_data(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 2)
    out = dataset / "derivatives" / "corticolimbic"
    out.parent.mkdir()
    config = "measure: {statistics: [pearson]}"
    assert run(dataset, out, command="cohort", config=config).code == 0
    assert "Nothing to do" in run(dataset, out, command="cohort", config=config).out
