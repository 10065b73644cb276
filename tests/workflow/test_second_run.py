"""What stands from an earlier run is left alone, and nothing that no longer holds stays behind."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from workflow.conftest import Place
from workflow.runs import (
    CONFIG,
    cli,
    files,
    people_in,
    problems,
    run,
    small,
    tables,
    times,
    units_run,
)

WITH_MARKER = CONFIG + "predict: {resamples: 200, markers: [{id: spisak2020_rpn}]}\n"


def test_a_second_run_does_nothing_says_so_and_leaves_every_file_alone(finished: Place) -> None:
    before, content = times(finished.out), files(finished.out)
    result = run(finished.dataset, finished.out)
    assert (result.code, units_run(finished.out)) == (0, [])
    assert "Nothing to do: all 9 units of 6 session(s) are up to date" in result.out
    assert times(finished.out) == before
    assert files(finished.out) == content


def test_the_settings_of_the_earlier_run_are_the_default(finished: Place) -> None:
    result = run(finished.dataset, finished.out, config=None)
    assert "Nothing to do" in result.out
    assert f"settings: {finished.out / 'config.yaml'}" in result.out


def test_touched_inputs_with_the_same_content_change_nothing(finished: Place) -> None:
    before = times(finished.out)
    for path in finished.dataset.rglob("*.*"):
        os.utime(path)
    result = run(finished.dataset, finished.out)
    assert "Nothing to do" in result.out
    assert times(finished.out) == before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "minimum_people: 4", "minimum_people: 5", ["compare all", "page"], marks=pytest.mark.slow
        ),
        ("covariates: [age]", "covariates: []", ["compare all", "agreement all", "page"]),
        pytest.param(
            "unit: z", "unit: points", ["cohort all", "compare all", "page"], marks=pytest.mark.slow
        ),
        ("unit: z", "unit: z, label: sensitivity", ["cohort all", "page"]),
    ],
)
def test_after_a_changed_setting_only_the_steps_that_read_it_run(
    finished: Place, old: str, new: str, expected: list[str]
) -> None:
    assert old in CONFIG
    assert run(finished.dataset, finished.out, config=CONFIG.replace(old, new)).code == 0
    assert units_run(finished.out) == expected


def test_a_setting_of_the_measures_makes_every_session_run_again(finished: Place) -> None:
    changed = CONFIG.replace("[pearson]", "[pearson], fd_threshold: 0.4")
    run(finished.dataset, finished.out, config=changed, command="measure")
    assert [unit for unit in units_run(finished.out) if unit.startswith("measure")] == [
        f"measure sub-00{number}_ses-none" for number in range(1, 7)
    ]


def test_a_changed_input_is_measured_again_alone_and_what_follows_from_it(
    finished: Place, tmp_path: Path
) -> None:
    [path] = finished.dataset.glob("sub-003/func/*_timeseries.tsv")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")
    assert run(finished.dataset, finished.out, command="predict").code == 0
    assert units_run(finished.out)[:3] == ["measure sub-003_ses-none", "cohort all", "compare all"]
    assert run(finished.dataset, tmp_path / "fresh", command="predict").code == 0
    assert tables(finished.out) == tables(tmp_path / "fresh")


def test_a_removed_participant_leaves_nothing_behind(finished: Place, tmp_path: Path) -> None:
    shutil.rmtree(finished.dataset / "sub-002")
    table = finished.dataset / "participants.tsv"
    rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(row for row in rows if not row.startswith("sub-002")), encoding="utf-8")
    assert run(finished.dataset, finished.out, command="compare").code == 0
    assert not list(finished.out.rglob("sub-002*"))
    assert run(finished.dataset, tmp_path / "fresh", command="compare").code == 0
    assert tables(finished.out) == tables(tmp_path / "fresh")


def test_tables_of_somebody_whose_record_was_lost_do_not_stay_in_the_results(finished: Place) -> None:
    for record in (finished.out / ".state" / "measure").glob("sub-002*"):
        record.unlink()
    shutil.rmtree(finished.dataset / "sub-002")
    assert run(finished.dataset, finished.out, command="cohort").code == 3  # listed, without files
    assert people_in(finished.out) == ["sub-001", "sub-003", "sub-004", "sub-005", "sub-006"]


def test_a_participant_with_other_files_only_changes_who_has_files(finished: Place) -> None:
    shutil.copytree(finished.dataset / "sub-001", finished.dataset / "sub-009")
    for path in (finished.dataset / "sub-009").rglob("*.tsv"):
        path.rename(path.with_name(path.name.replace("sub-001", "sub-009").replace("seg-", "stat-std_seg-")))
    table = finished.dataset / "participants.tsv"
    table.write_text(table.read_text(encoding="utf-8") + "sub-009\tnorth\t40\tF\t0.1\n", encoding="utf-8")
    run(finished.dataset, finished.out, command="cohort")
    flow = json.loads((finished.out / "cohort" / "flow.json").read_text(encoding="utf-8"))
    assert [stage["n"] for stage in flow["stages"]][:2] == [7, 6]
    for path in (finished.dataset / "sub-009").rglob(
        "*_timeseries.tsv"
    ):  # now one series, which nobody can place
        shutil.copy(path, path.with_name("sub-009_task-rest_seg-coordinates_timeseries.tsv"))
        path.rename(path.with_name("sub-009_task-rest_seg-coordinates_stat-mean_timeseries.tsv"))
    run(finished.dataset, finished.out, command="cohort")
    flow = json.loads((finished.out / "cohort" / "flow.json").read_text(encoding="utf-8"))
    assert [stage["n"] for stage in flow["stages"]][:2] == [7, 7]


def test_a_step_that_is_no_longer_asked_for_leaves_nothing(tmp_path: Path) -> None:
    dataset = small(tmp_path / "data", 6)
    assert run(dataset, tmp_path / "out", config=WITH_MARKER, command="predict").code == 0
    assert (tmp_path / "out" / "predict" / "scores.tsv").is_file()
    run(dataset, tmp_path / "out", config=CONFIG, command="predict")
    assert not (tmp_path / "out" / "predict").exists()
    run(
        dataset,
        tmp_path / "out",
        config=CONFIG.replace("[pearson]", "[pearson], circuit_edges: false"),
        command="predict",
    )
    assert not (tmp_path / "out" / "compare").exists()
    (dataset / "participants.tsv").unlink()
    assert run(dataset, tmp_path / "out", command="predict").code == 3
    assert not (tmp_path / "out" / "cohort").exists()
    for folder in dataset.glob("sub-*"):
        shutil.rmtree(folder)
    assert run(dataset, tmp_path / "out", command="predict").code == 1
    assert not [name for name in files(tmp_path / "out") if name.endswith(".parquet")]


def test_a_run_that_stops_early_keeps_later_results_that_hold_and_drops_those_that_do_not(
    finished: Place,
) -> None:
    before = problems(finished.out)
    assert run(finished.dataset, finished.out, command="measure").code == 0
    assert (finished.out / "compare" / "effects.tsv").is_file()
    assert problems(finished.out) == before
    manifest = json.loads((finished.out / "manifest.json").read_text(encoding="utf-8"))
    steps = [step["name"] for step in manifest["steps"]]
    assert steps == ["supplied", "structure", "measure", "cohort", "compare", "agreement"]
    changed = CONFIG.replace("unit: z", "unit: points")
    assert run(finished.dataset, finished.out, command="measure", config=changed).code == 0
    assert people_in(finished.out)
    assert not (finished.out / "compare").exists()


@pytest.mark.parametrize(
    "command",
    ["measure", "compare", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cohort", "predict"))],
)
def test_each_step_goes_as_far_as_its_name_and_no_further(
    finished: Place, tmp_path: Path, command: str
) -> None:
    assert run(finished.dataset, tmp_path / "new", command=command, config=WITH_MARKER).code == 0
    there = {name.split("/")[0] for name in files(tmp_path / "new") if "/" in name}
    wanted = ["measure", "cohort", "compare", "predict"]
    assert (tmp_path / "new" / "agreement.tsv").is_file() == (command == "predict")
    assert there & set(wanted) == set(wanted[1 : wanted.index(command) + 1])
    assert not (tmp_path / "new" / "report.html").exists()


def test_an_altered_output_is_noticed_and_made_again(finished: Place) -> None:
    content = files(finished.out)
    table = finished.out / "features" / "sub-002" / "ses-none" / "function.parquet"
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(bytes(data))
    assert run(finished.dataset, finished.out).code == 0
    assert units_run(finished.out)[0] == "measure sub-002_ses-none"
    assert files(finished.out) == content


def test_verify_notices_an_output_altered_behind_its_time_and_an_altered_page(finished: Place) -> None:
    content = files(finished.out)
    for name in ("compare/effects.tsv", "report.html"):
        path = finished.out / name
        status = path.stat()
        path.write_bytes(path.read_bytes()[:-2] + b"?\n")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "Nothing to do" in run(finished.dataset, finished.out).out
    assert run(finished.dataset, finished.out, "--verify").code == 0
    assert units_run(finished.out) == ["compare all", "page"]
    assert files(finished.out) == content


def test_a_page_whose_drawing_was_cut_short_is_drawn_again(finished: Place) -> None:
    content = files(finished.out)
    (finished.out / ".state" / "page.json").unlink()
    (finished.out / "report.html").write_text("an older page", encoding="utf-8")
    assert run(finished.dataset, finished.out).code == 0
    assert units_run(finished.out) == ["page"]
    assert files(finished.out) == content


def test_report_draws_the_page_again_from_the_tables_alone(finished: Place) -> None:
    page = (finished.out / "report.html").read_bytes()
    (finished.out / "report.html").unlink()
    shutil.rmtree(finished.dataset)
    result = cli("report", finished.out)
    assert (result.code, result.out) == (0, f"Page: {finished.out / 'report.html'}\n")
    assert (finished.out / "report.html").read_bytes() == page
