"""Validation lists every problem of a dataset at once, and reading goes on past each of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import write_dataset

from corticolimbic.dataset import (
    DatasetSettings,
    check_join,
    read_description,
    read_participants,
    scan,
    validate,
)
from corticolimbic.foundation import InputError, SettingsError


def series(label: str, task: str = "rest") -> str:
    return f"sub-{label}/func/sub-{label}_task-{task}_seg-coordinates_stat-mean_timeseries.tsv"


def motion(label: str) -> str:
    return f"sub-{label}/func/sub-{label}_task-rest_motion.tsv"


def change(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new, 1))


def found(root: Path, settings: DatasetSettings | None = None) -> list[tuple[str, str, str, str]]:
    return [(item.code, item.participant_id, item.file, item.row) for item in validate(root, settings)]


def test_a_valid_dataset_has_no_problem(root: Path) -> None:
    assert validate(root) == ()


def test_an_empty_folder_has_nothing_usable(tmp_path: Path) -> None:
    assert [item[0] for item in found(tmp_path)] == ["CL802", "CL301"]


def test_everything_is_listed_at_once(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 9, volumes=12, rng=np.random.default_rng(1))
    first = (root / series("001")).read_text().splitlines()
    (root / series("001")).write_text("\n".join([*first[:5], "x" + first[5], *first[6:]]) + "\n")
    data = gzip.compress((root / series("002")).read_bytes())
    (root / series("002")).unlink()
    (root / (series("002") + ".gz")).write_bytes(data[:-30])
    with (root / motion("003")).open("a") as stream:
        stream.write("0.1\n")
    (root / motion("004")).unlink()
    change(root, motion("005"), "framewise_displacement", "displacement")
    change(root, series("006"), "mPFC", "NAc_L")
    change(root, series("007"), (root / series("007")).read_text().splitlines()[3].split("\t")[2], "n/a")
    change(root, "participants.tsv", "sub-008", "sub-100")
    row = (root / "participants.tsv").read_text().splitlines()[9]
    with (root / "participants.tsv").open("a") as stream:
        stream.write(row.replace("north", "east") + "\n")
    (root / "sub-001" / "sub-001_sessions.tsv").write_text("visit\n1\n")
    (root / "dataset_description.json").write_text("{")
    assert found(root) == [
        ("CL109", "", "dataset_description.json", ""),
        ("CL313", "sub-001", "sub-001/sub-001_sessions.tsv", "1"),
        ("CL201", "sub-001", series("001"), "6"),
        ("CL102", "sub-002", series("002") + ".gz", ""),
        ("CL204", "sub-003", motion("003"), ""),
        ("CL206", "sub-004", series("004"), ""),
        ("CL205", "sub-005", motion("005"), "1"),
        ("CL108", "sub-006", series("006"), "1"),
        ("CL202", "sub-007", series("007"), "4"),
        ("CL306", "sub-008", "participants.tsv", ""),
        ("CL303", "sub-009", "participants.tsv", "11"),
        ("CL305", "sub-100", "participants.tsv", ""),
    ]  # fmt: skip


def test_a_missing_motion_table_is_only_information_here(root: Path) -> None:
    (root / motion("001")).unlink()
    assert [(item.code, item.severity) for item in validate(root)] == [("CL206", "info")]


def test_people_without_files_may_be_allowed(root: Path) -> None:
    with (root / "participants.tsv").open("a") as stream:
        stream.write("sub-009\tnorth\t30\tF\t0\n")
    assert found(root) == [("CL305", "sub-009", "participants.tsv", "")]
    assert found(root, DatasetSettings(allow_missing_imaging=True)) == []


def test_people_whose_files_were_set_aside_are_not_said_to_have_none(root: Path) -> None:
    (root / (series("001") + ".gz")).write_bytes(b"")
    assert {item[0] for item in found(root)} == {"CL113"}


def test_without_a_table_nobody_is_called_missing_from_it(root: Path) -> None:
    (root / "participants.tsv").unlink()
    assert found(root) == [("CL301", "", "participants.tsv", "")]


def test_composition_of_unicode_does_not_part_people_from_their_files(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, ["e\u0301"], volumes=5, rng=np.random.default_rng(1))
    change(root, "participants.tsv", "e\u0301", "é")
    assert {item[0] for item in found(root)} == {"CL112"}


def test_unreadable_series_only_leave_nothing_usable(root: Path) -> None:
    for label in ("001", "002", "003"):
        (root / series(label)).write_bytes(b"")
    assert [item[0] for item in found(root)] == ["CL802", "CL111", "CL111", "CL111"]


def test_processes_find_the_same(root: Path) -> None:
    (root / series("001")).write_bytes(b"")
    assert validate(root, n_jobs=2) == validate(root)


def test_joining_by_key_names_both_sides(root: Path) -> None:
    change(root, "participants.tsv", "sub-002", "sub-200")
    rows = check_join(scan(root), read_participants(root), DatasetSettings())
    assert [(item.code, item.participant_id) for item in rows] == [("CL306", "sub-002"), ("CL305", "sub-200")]


class TestDescription:
    def test_is_read(self, root: Path) -> None:
        description = read_description(root)
        assert (description.name, description.licence, description.how_to_cite, description.problems) == (
            "Synthetic series", "CC0", "Made for a test", (),
        )  # fmt: skip

    def test_may_be_absent_or_hold_anything(self, tmp_path: Path) -> None:
        assert read_description(tmp_path).name == ""
        (tmp_path / "dataset_description.json").write_text(
            '{"Name": 3, "License": {"a": 1}, "Authors": ["A", 2, "B"]}'
        )
        description = read_description(tmp_path)
        assert (description.name, description.licence, description.how_to_cite) == ("", "", "A, B")

    def test_text_becomes_one_printable_line(self, tmp_path: Path) -> None:
        (tmp_path / "dataset_description.json").write_text('{"Name": "a\\n<b>\\u0000\\ud800c"}')
        assert read_description(tmp_path).name == "a <b> c"

    def test_damage_is_a_problem(self, tmp_path: Path) -> None:
        (tmp_path / "dataset_description.json").write_text("[1]")
        problems = read_description(tmp_path).problems
        assert [(item.code, item.file) for item in problems] == [("CL109", "dataset_description.json")]


def test_settings_refuse_what_makes_no_sense() -> None:
    for values in ({"repetition_time": 0}, {"task": ["rest"]}, {"tasks": "rest"}, {"repetition_time": "nan"}):
        with pytest.raises(SettingsError):
            DatasetSettings.from_mapping(values)
    assert DatasetSettings.from_mapping({"tasks": ["rest"]}).tasks == ("rest",)


def test_errors_cross_process_borders(root: Path) -> None:
    import pickle

    error = InputError("CL201", file="x", row=3, found="y")
    assert pickle.loads(pickle.dumps(error)).problem == error.problem
