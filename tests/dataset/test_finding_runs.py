"""Finding runs by their names: every file is a run, a companion, or a row that says why not."""

from __future__ import annotations

import gzip
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import write_dataset

from corticolimbic.dataset import NO_SESSION, DatasetSettings, Scan, read_series, scan
from corticolimbic.dataset import _walk as walk_module

FUNC = "sub-001/func/"
SERIES = FUNC + "sub-001_task-rest_seg-coordinates_stat-mean_timeseries.tsv"


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("a\n1\n")


def found(result: Scan, *, leave: str = "") -> list[tuple[str, str]]:
    return [(item.code, item.file) for item in result.problems if item.code != leave]


def test_a_valid_dataset_is_found_without_a_word(root: Path) -> None:
    result = scan(root)
    assert [session.participant_id for session in result.sessions] == ["sub-001", "sub-002", "sub-003"]
    assert result.problems == ()
    assert result.participants_seen == ("sub-001", "sub-002", "sub-003")
    run = result.sessions[0].runs[0]
    assert (run.participant_id, run.session_id, run.task, run.run, run.acq, run.space, run.atlas) == (
        "sub-001", NO_SESSION, "rest", "n/a", "n/a", "n/a", "coordinates",
    )  # fmt: skip
    assert run.series == SERIES
    assert run.motion == FUNC + "sub-001_task-rest_motion.tsv"
    assert run.sidecar == "task-rest_timeseries.json"
    assert run.files == (run.series, run.motion, run.sidecar)


def test_sessions_tasks_and_people_are_sorted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_dataset(
        tmp_path / "d", ["b", "a"], volumes=2, sessions=["2", "10"], tasks=["rest", "pain"], rng=rng
    )
    result = scan(tmp_path / "d")
    keys = [(session.participant_id, session.session_id) for session in result.sessions]
    assert keys == [("sub-a", "ses-10"), ("sub-a", "ses-2"), ("sub-b", "ses-10"), ("sub-b", "ses-2")]
    assert [run.task for run in result.sessions[0].runs] == ["pain", "rest"]
    assert result.problems == ()


def test_every_entity_is_kept_as_written(tmp_path: Path) -> None:
    stem = "sub-01_ses-02_task-rest_acq-HiRes_run-01_space-MNI152NLin6Asym"
    name = f"deep/er/sub-01/ses-02/func/{stem}_seg-Schaefer100TianS2_stat-mean_timeseries.tsv.gz"
    touch(tmp_path, name)
    (run,) = scan(tmp_path).runs
    assert (run.participant_id, run.session_id, run.task, run.acq, run.run) == (
        "sub-01", "ses-02", "rest", "HiRes", "01",
    )  # fmt: skip
    assert (run.space, run.atlas, run.series) == ("MNI152NLin6Asym", "Schaefer100TianS2", name)


def test_older_atlas_entity_names_the_segmentation(tmp_path: Path) -> None:
    touch(tmp_path, "sub-1/func/sub-1_task-rest_atlas-Gordon_timeseries.tsv")
    assert scan(tmp_path).runs[0].atlas == "Gordon"


@pytest.mark.parametrize("kind", ["empty", "missing", "file"])
def test_nothing_to_use_is_cl802(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "x"
    if kind == "empty":
        place.mkdir()
    elif kind == "file":
        place.write_text("a\n")
    result = scan(place)
    assert result.sessions == ()
    expected = [] if kind == "empty" else [("CL101", ".")]
    assert sorted(found(result)) == sorted([*expected, ("CL802", "")])


def test_confounds_and_other_tables_are_no_series(root: Path) -> None:
    touch(
        root, FUNC + "sub-001_task-rest_desc-confounds_timeseries.tsv", FUNC + "sub-001_task-rest_events.tsv"
    )
    touch(root, "atlas-x_dseg.tsv", "sub-001/anat/sub-001_seg-coordinates_morph.tsv")
    assert (len(scan(root).runs), scan(root).problems) == (3, ())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (FUNC + "sub-001_task-rest_timeseries.tsv", "no seg-"),
        (FUNC + "task-rest_seg-x_timeseries.tsv", "no sub-"),
        ("task-rest_timeseries.tsv", "no sub- and no seg-"),
        (FUNC + "sub-001_seg-x_seg-y_timeseries.tsv", "a key that stands twice"),
        (FUNC + "sub-001_rest_seg-x_timeseries.tsv", "'rest', which is no key-label pair"),
        (FUNC + "sub-001_task-_seg-x_timeseries.tsv", "the label '' of task-"),
        (FUNC + "sub-001_task-.._seg-x_timeseries.tsv", "the label '..' of task-"),
        (FUNC + "sub-001_seg-x_timeseries.csv", "an extension other than .tsv, .tsv.gz and .json"),
        (FUNC + "sub-001_seg-x_timeseries.tsv.bz2", "an extension other than .tsv, .tsv.gz and .json"),
        (FUNC + "sub-001_seg-x_TIMESERIES.tsv", "the suffix 'TIMESERIES'"),
        (FUNC + "sub-001_seg-x_stat-coverage_timeseries.tsv", "stat-coverage, which is no mean series"),
    ],
)
def test_a_name_not_understood_is_said_and_left(root: Path, name: str, why: str) -> None:
    touch(root, name)
    result = scan(root)
    assert [(item.code, item.file, item.found) for item in result.problems] == [("CL114", name, why)]
    assert len(result.runs) == 3


def test_folder_of_another_subject_or_session_is_cl115_and_not_used(root: Path) -> None:
    names = [
        "sub-001/func/sub-009_task-x_seg-c_timeseries.tsv",
        "sub-001/ses-1/func/sub-001_ses-2_task-x_seg-c_timeseries.tsv",
        "sub-001/ses-1/func/sub-001_task-x_seg-c_timeseries.tsv",
        "sub-001/func/sub-003_task-x_motion.tsv",
    ]
    touch(root, *names)
    result = scan(root)
    assert sorted(found(result)) == sorted(("CL115", name) for name in names)
    assert len(result.runs) == 3
    assert "sub-009" in result.participants_seen


def test_two_files_for_one_run_are_cl113_and_neither_is_used(root: Path) -> None:
    copy = "copy/" + SERIES
    touch(root, SERIES + ".gz", copy)
    result = scan(root)
    assert found(result) == [("CL113", copy), ("CL113", SERIES), ("CL113", SERIES + ".gz")]
    assert {item.participant_id for item in result.problems} == {"sub-001"}
    assert copy in result.problems[1].found and SERIES + ".gz" in result.problems[1].found
    assert [run.participant_id for run in result.runs] == ["sub-002", "sub-003"]
    assert "sub-001" in result.participants_seen


def test_entities_outside_the_key_make_a_conflict_not_a_choice(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sub-1/sub-1_task-rest_dir-{way}_seg-x_timeseries.tsv" for way in ("AP", "PA")))
    result = scan(tmp_path)
    assert [code for code, _ in found(result)] == ["CL802", "CL113", "CL113"]


def test_tasks_not_asked_for_are_left_with_a_note(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 1, volumes=2, tasks=["rest", "pain"], rng=np.random.default_rng(0))
    result = scan(root, DatasetSettings(tasks=("rest",)))
    assert [run.task for run in result.runs] == ["rest"]
    assert [(item.code, item.found, item.expected) for item in result.problems] == [
        ("CL214", "task-pain", "task-rest")
    ]


def test_segmentations_not_asked_for_are_left_with_a_note(root: Path) -> None:
    touch(root, SERIES.replace("coordinates", "MIST122"))
    result = scan(root, DatasetSettings(segmentations=("MIST122",)))
    assert [run.atlas for run in result.runs] == ["MIST122"]
    assert {item.code for item in result.problems} == {"CL214"}
    assert len(result.problems) == 3


def test_nothing_left_by_the_settings_is_cl802(root: Path) -> None:
    result = scan(root, DatasetSettings(tasks=("none",)))
    assert [code for code, _ in found(result)] == ["CL802", "CL214", "CL214", "CL214"]


def test_labels_that_are_no_bids_are_read_and_noted(tmp_path: Path) -> None:
    names = ["sub-a.b/sub-a.b_seg-x+y_timeseries.tsv", "sub-1-2/sub-1-2_seg-x+y_timeseries.tsv"]
    touch(tmp_path, *names)
    result = scan(tmp_path)
    assert [run.participant_id for run in result.runs] == ["sub-1-2", "sub-a.b"]
    assert [(item.code, item.file, item.found) for item in result.problems] == [
        ("CL112", names[1], "seg-x+y"),
        ("CL112", names[1], "sub-1-2"),
        ("CL112", names[0], "sub-a.b"),
    ]


def test_decomposed_file_names_give_composed_ids_and_paths_as_on_disk(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "sub-José/func/sub-José_task-rest_seg-x_timeseries.tsv")
    touch(tmp_path, name, unicodedata.normalize("NFC", "sub-José/func/sub-José_task-rest_motion.tsv"))
    (run,) = scan(tmp_path).runs
    assert run.participant_id == unicodedata.normalize("NFC", "sub-José")
    assert run.series == name
    assert run.motion is not None


def test_the_same_name_in_two_compositions_is_one_run_claimed_twice(tmp_path: Path) -> None:
    name = "sub-é/sub-é_seg-x_timeseries.tsv"
    touch(tmp_path, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    assert [code for code, _ in found(scan(tmp_path), leave="CL112")] == ["CL802", "CL113", "CL113"]


def test_names_that_are_no_text_are_said(root: Path) -> None:
    raw = os.fsencode(root / FUNC) + b"sub-001_task-\xff_seg-x_timeseries.tsv"
    try:
        with open(raw, "wb") as stream:  # noqa: PTH123 - a name in bytes
            stream.write(b"a\n1\n")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    result = scan(root)
    assert [(item.code, item.found) for item in result.problems] == [("CL114", "a name that is not UTF-8")]
    assert len(result.runs) == 3


class TestLinksAndFolders:
    def test_hidden_files_and_folders_are_passed_over(self, root: Path) -> None:
        touch(root, ".git/" + SERIES, FUNC + "._sub-001_task-rest_seg-y_timeseries.tsv")
        assert (len(scan(root).runs), scan(root).problems) == (3, ())

    def test_a_link_out_of_the_dataset_is_cl110_and_not_followed(self, root: Path, tmp_path: Path) -> None:
        touch(tmp_path, "other/sub-7/sub-7_seg-x_timeseries.tsv")
        (root / "sub-7").symlink_to(tmp_path / "other" / "sub-7")
        (root / FUNC / "sub-001_seg-x_timeseries.tsv").symlink_to("/etc/hostname")
        (root / "README").symlink_to("/etc/hostname")
        result = scan(root)
        assert found(result) == [("CL110", FUNC + "sub-001_seg-x_timeseries.tsv"), ("CL110", "sub-7")]
        assert len(result.runs) == 3

    def test_a_neighbour_whose_name_begins_alike_is_outside(self, root: Path) -> None:
        neighbour = root.with_name(root.name + "2")
        touch(neighbour, "sub-7_seg-x_timeseries.tsv")
        (root / "sub-7_seg-x_timeseries.tsv").symlink_to(neighbour / "sub-7_seg-x_timeseries.tsv")
        assert found(scan(root)) == [("CL110", "sub-7_seg-x_timeseries.tsv")]

    def test_a_file_link_inside_is_read_as_git_annex_makes_them(self, root: Path) -> None:
        content = root / ".git" / "annex" / "objects" / "key"
        content.parent.mkdir(parents=True)
        (root / SERIES).rename(content)
        (root / SERIES).symlink_to(os.path.relpath(content, (root / SERIES).parent))
        assert (len(scan(root).runs), scan(root).problems) == (3, ())
        content.unlink()
        result = scan(root)
        assert [(item.code, item.file) for item in result.problems] == [("CL101", SERIES)]
        assert "broken link" in result.problems[0].found

    def test_a_compressed_file_behind_a_link_without_extension_is_read(self, root: Path) -> None:
        content = root / ".git" / "key"
        content.parent.mkdir()
        content.write_bytes(gzip.compress((root / SERIES).read_bytes()))
        expected = read_series(root, scan(root).runs[0])
        (root / SERIES).unlink()
        (root / (SERIES + ".gz")).symlink_to(content)
        series = read_series(root, scan(root).runs[0])
        assert series.regions == expected.regions
        np.testing.assert_array_equal(series.values, expected.values)

    def test_a_folder_link_inside_is_not_followed_in_circles(self, root: Path) -> None:
        (root / "sub-001" / "again").symlink_to(root)
        result = scan(root)
        assert [(item.code, item.severity) for item in result.problems] == [("CL110", "info")]
        assert len(result.runs) == 3

    def test_a_link_to_itself_is_cl101(self, root: Path) -> None:
        name = FUNC + "sub-001_seg-x_timeseries.tsv"
        (root / name).symlink_to(root / name)
        assert found(scan(root)) == [("CL101", name)]

    def test_a_folder_or_pipe_named_like_a_series_is_cl101(self, root: Path) -> None:
        names = [FUNC + "sub-001_seg-x_timeseries.tsv", FUNC + "sub-001_seg-y_timeseries.tsv"]
        (root / names[0]).mkdir()
        os.mkfifo(root / names[1])
        result = scan(root)
        assert found(result) == [("CL101", name) for name in names]
        assert result.problems[0].found == "folder, where a file is expected"

    def test_the_dataset_itself_may_be_a_link(self, root: Path) -> None:
        root.with_name("link").symlink_to(root)
        assert scan(root.with_name("link")).runs == scan(root).runs

    def test_depth_is_bounded_and_said(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(walk_module, "DEPTH_LIMIT", 3)
        touch(root, "1/2/3/sub-7_seg-x_timeseries.tsv", "1/2/3/4/sub-8_seg-x_timeseries.tsv")
        result = scan(root)
        assert found(result) == [("CL116", "1/2/3")]
        assert "sub-7" in result.participants_seen and "sub-8" not in result.participants_seen

    def test_the_number_of_entries_is_bounded_and_said(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(walk_module, "ENTRY_LIMIT", 9)
        result = scan(root)
        assert [code for code, _ in found(result)] == ["CL116"]
        assert 0 < len(result.runs) < 3

    def test_a_folder_that_may_not_be_read_is_cl101(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        true = os.scandir

        def refuse(path: str) -> object:  # permissions would not stop the superuser
            if str(path).endswith("sub-002"):
                raise PermissionError(13, "Permission denied")
            return true(path)

        monkeypatch.setattr(walk_module.os, "scandir", refuse)
        result = scan(root)
        assert [(item.code, item.file, item.found) for item in result.problems] == [
            ("CL101", "sub-002", "Permission denied")
        ]
        assert len(result.runs) == 2


class TestCompanions:
    def test_motion_is_matched_without_segmentation_and_space(self, tmp_path: Path) -> None:
        stem = "sub-1/func/sub-1_task-rest_run-01"
        touch(tmp_path, f"{stem}_space-A_seg-x_timeseries.tsv", f"{stem}_motion.tsv")
        assert scan(tmp_path).runs[0].motion == f"{stem}_motion.tsv"

    def test_motion_of_the_same_space_is_preferred(self, tmp_path: Path) -> None:
        stem = "sub-1/func/sub-1_task-rest"
        touch(
            tmp_path,
            f"{stem}_space-A_seg-x_timeseries.tsv",
            f"{stem}_motion.tsv",
            f"{stem}_space-A_motion.tsv",
        )
        assert scan(tmp_path).runs[0].motion == f"{stem}_space-A_motion.tsv"

    @pytest.mark.parametrize(
        "other", ["task-pain", "task-rest_run-1", "task-rest_acq-a", "task-rest_desc-filtered"]
    )
    def test_motion_of_another_run_is_not_taken(self, tmp_path: Path, other: str) -> None:
        touch(tmp_path, "sub-1/sub-1_task-rest_seg-x_timeseries.tsv", f"sub-1/sub-1_{other}_motion.tsv")
        assert scan(tmp_path).runs[0].motion is None

    def test_motion_beside_the_series_wins_over_a_copy(self, tmp_path: Path) -> None:
        touch(tmp_path, "a/sub-1_seg-x_timeseries.tsv", "a/sub-1_motion.tsv", "b/sub-1_motion.tsv")
        result = scan(tmp_path)
        assert (result.runs[0].motion, result.problems) == ("a/sub-1_motion.tsv", ())

    def test_several_equal_motion_tables_are_cl113_and_none_is_used(self, tmp_path: Path) -> None:
        touch(tmp_path, "a/sub-1_seg-x_timeseries.tsv", "a/sub-1_motion.tsv", "a/sub-1_motion.tsv.gz")
        result = scan(tmp_path)
        assert result.runs[0].motion is None
        assert found(result) == [("CL113", "a/sub-1_seg-x_timeseries.tsv")]

    def test_sidecars_are_inherited_nearest_first(self, tmp_path: Path) -> None:
        names = [
            "sub-1/func/sub-1_task-rest_seg-x_timeseries.json",
            "sub-1/func/sub-1_task-rest_timeseries.json",
            "sub-1/sub-1_timeseries.json",
            "task-rest_timeseries.json",
        ]
        touch(tmp_path, "sub-1/func/sub-1_task-rest_seg-x_timeseries.tsv", *names)
        touch(
            tmp_path,
            "task-pain_timeseries.json",
            "sub-2_timeseries.json",
            "sub-1/func/sub-1_run-1_timeseries.json",
        )
        touch(tmp_path, "other/task-rest_timeseries.json", "task-rest_bold.json")
        assert scan(tmp_path).runs[0].sidecars == tuple(names)
