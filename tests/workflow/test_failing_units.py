"""A defect costs its unit alone; damaged records and tables are made again, forged ones harm nobody."""

from __future__ import annotations

import json
import os
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from workflow.conftest import Place
from workflow.runs import CONFIG, events, named, people_in, run, small, tables, units_run

from corticolimbic.foundation import SettingsError
from corticolimbic.workflow import STEPS, _execute, _measure_step, _run
from corticolimbic.workflow._records import load_record

MEASURE_ONLY = "measure: {statistics: [pearson]}"


@pytest.fixture
def broken_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring sub-002 meets a defect of ours."""
    real = _measure_step.measure_session

    def measure(root: Path, session: Any, *more: Any, **words: Any) -> Any:
        if session.participant_id == "sub-002":
            raise ZeroDivisionError("a defect")
        return real(root, session, *more, **words)

    monkeypatch.setattr(_measure_step, "measure_session", measure)


@pytest.mark.usefixtures("broken_session")
def test_a_defect_in_one_session_is_exit_1_named_and_the_rest_is_done(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data", 4), tmp_path / "out"
    result = run(dataset, out, command="cohort", config=MEASURE_ONLY)
    assert result.code == 1
    assert ("CL801", "sub-002", "ses-none", "step measure: ZeroDivisionError: a defect") in named(
        out, "code", "participant_id", "session_id", "found"
    )
    assert people_in(out) == ["sub-001", "sub-003", "sub-004"]
    assert units_run(out) == [
        "measure sub-001_ses-none", "failed measure sub-002_ses-none", "measure sub-003_ses-none",
        "measure sub-004_ses-none", "cohort all",
    ]  # fmt: skip
    [failed] = [event for event in events(out) if event["event"] == "failed"]
    assert "in measure_session" in str(failed["trace"]) or "ZeroDivisionError" in str(failed["trace"])


def test_what_failed_leaves_no_stale_tables_and_is_tried_again(
    finished: Place, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = CONFIG.replace("[pearson]", "[pearson], fd_threshold: 0.4")
    with monkeypatch.context() as patch:
        patch.setattr(_measure_step, "measure_session", _raise)
        assert run(finished.dataset, finished.out, command="compare", config=changed).code == 1
        assert not list(finished.out.rglob("*.parquet"))
        assert not (finished.out / "compare").exists()
    assert run(finished.dataset, finished.out, command="compare").code == 0
    assert people_in(finished.out) == [f"sub-00{number}" for number in range(1, 7)]


def _raise(*_: Any, **__: Any) -> Any:
    raise MemoryError("no room")


def test_a_defect_in_the_cohort_step_takes_what_follows_from_it_along(
    finished: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    [step] = [step for step in STEPS if step.name == "cohort"]
    broken = tuple(replace(item, algorithm=99, function=_raise) if item is step else item for item in STEPS)
    monkeypatch.setattr(_run, "STEPS", broken)
    assert run(finished.dataset, finished.out, command="compare").code == 1
    assert ("CL801", "step cohort: MemoryError: no room") in named(finished.out, "code", "found")
    assert not (finished.out / "cohort").exists()
    assert not (finished.out / "compare").exists()
    assert len(people_in(finished.out)) == 6


def test_a_worker_killed_by_the_system_costs_what_it_had_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two_then_death(function: Any, items: Any, *, n_jobs: int) -> Any:
        for item in items[:2]:
            yield item, function(item)
        raise BrokenProcessPool("terminated abruptly")

    dataset, out = small(tmp_path / "data", 4), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(_execute, "parallel_map", two_then_death)
        assert run(dataset, out, command="measure", config=MEASURE_ONLY).code == 1
    assert people_in(out) == ["sub-001", "sub-002"]
    failed = {person for code, person in named(out, "code", "participant_id") if code == "CL801"}
    assert failed == {"sub-003", "sub-004"}
    assert run(dataset, out, command="measure", config=MEASURE_ONLY).code == 0
    assert units_run(out) == ["measure sub-003_ses-none", "measure sub-004_ses-none"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"inputs": {', '"inputs": [], "was": {'),
        lambda text: json.dumps({**json.loads(text), "inputs": []}),
        lambda text: json.dumps({**json.loads(text), "outputs": {"x": 1}}),
        lambda text: json.dumps({**json.loads(text), "problems": [3]}),
        lambda text: json.dumps({**json.loads(text), "facts": None}),
        lambda text: json.dumps({**json.loads(text), "unit": "sub-005_ses-none"}),
        lambda text: json.dumps({**json.loads(text), "version": 0}),
        lambda text: json.dumps(
            {
                **json.loads(text),
                "problems": [
                    dict.fromkeys(
                        [
                            "participant_id",
                            "session_id",
                            "file",
                            "row",
                            "severity",
                            "code",
                            "found",
                            "expected",
                            "remedy",
                        ],
                        "CL999",
                    )
                ],
            }
        ),
    ],
)
def test_a_damaged_record_is_none(finished_once: Place, tmp_path: Path, damage: Any) -> None:
    record = finished_once.out / ".state" / "measure" / "sub-003_ses-none.json"
    copy = tmp_path / record.name
    copy.write_bytes(record.read_bytes())
    assert load_record(copy) is not None
    copy.write_text(damage(record.read_text(encoding="utf-8")), encoding="utf-8")
    assert load_record(copy) is None


def test_a_session_whose_record_is_damaged_runs_again_alone(finished: Place) -> None:
    before = tables(finished.out)
    record = finished.out / ".state" / "measure" / "sub-003_ses-none.json"
    record.write_bytes(record.read_bytes()[:99])
    assert run(finished.dataset, finished.out, command="predict").code == 0
    assert units_run(finished.out) == ["measure sub-003_ses-none"]
    assert tables(finished.out) == before


@pytest.mark.parametrize(
    "name", ["{victim}", "../victim.txt", "dataset:participants.tsv", "features/../../victim.txt"]
)
def test_a_forged_record_deletes_nothing_outside_the_results(finished: Place, name: str) -> None:
    victim = finished.out.parent / "victim.txt"
    victim.write_text("mine", encoding="utf-8")
    folder = finished.out / ".state" / "measure"
    forged = json.loads((folder / "sub-003_ses-none.json").read_text(encoding="utf-8"))
    forged |= {"unit": "sub-999_ses-none", "outputs": {name.format(victim=victim): {"size": 1, "sha256": ""}}}
    (folder / "sub-999_ses-none.json").write_text(json.dumps(forged), encoding="utf-8")
    assert run(finished.dataset, finished.out, command="measure").code == 0
    assert victim.read_text(encoding="utf-8") == "mine"
    assert (finished.dataset / "participants.tsv").is_file()
    assert not (folder / "sub-999_ses-none.json").exists()


@pytest.mark.parametrize(
    "damage", ["truncated", pytest.param("a folder of its name", marks=pytest.mark.slow)]
)
def test_a_damaged_feature_table_is_measured_again(finished: Place, damage: str) -> None:
    before = tables(finished.out)
    path = finished.out / "features" / "sub-003" / "ses-none" / "function.parquet"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    else:
        path.unlink()
        path.mkdir()
        assert run(finished.dataset, finished.out, command="predict").code == 1
        assert ("CL801", "sub-003") in named(finished.out, "code", "participant_id")
        path.rmdir()
    assert run(finished.dataset, finished.out, command="predict").code == 0
    assert tables(finished.out) == before


def test_an_input_that_is_no_file_neither_blocks_nor_breaks_the_run(tmp_path: Path) -> None:
    dataset, out = small(tmp_path / "data", 3), tmp_path / "out"
    assert run(dataset, out, command="cohort", config=MEASURE_ONLY).code == 0
    for name in ("sessions.tsv", "sub-001/sub-001_sessions.tsv"):
        os.mkfifo(dataset / name)
    (dataset / "sub-002" / "sub-002_sessions.tsv").mkdir()
    result = run(dataset, out, command="cohort", config=MEASURE_ONLY)
    assert result.code == 3, result
    assert {file for code, file in named(out, "code", "file") if code == "CL101"} == {
        "sessions.tsv", "sub-001/sub-001_sessions.tsv", "sub-002/sub-002_sessions.tsv",
    }  # fmt: skip
    assert (out / "cohort" / "populations.parquet").is_file()


def test_settings_that_no_session_can_be_measured_with_are_exit_2_and_no_sessions_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise SettingsError("'coordinats' is no known atlas")

    dataset, out = small(tmp_path / "data", 3), tmp_path / "out"
    monkeypatch.setattr(_measure_step, "measure_session", refuse)
    result = run(dataset, out, command="measure", config=MEASURE_ONLY)
    assert result.code == 2, result
    assert result.err.count("'coordinats' is no known atlas") == 1
    assert "CL801" not in result.err
