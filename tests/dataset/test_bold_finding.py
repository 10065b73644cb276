"""Finding preprocessed images by their names: one image a run, its companions, and a row for what is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic import write_dataset
from dataset.synthetic_bold import write_fmriprep

from corticolimbic.dataset import BoldRun, DatasetSettings, Scan, SeriesRun, scan
from corticolimbic.foundation import SettingsError

CSYM = "space-MNI152NLin2009cAsym"
SIX = "space-MNI152NLin6Asym"
STEM = "sub-1/func/sub-1_task-rest"
BOLD = f"{STEM}_{CSYM}_desc-preproc_bold.nii.gz"
MASK = f"{STEM}_{CSYM}_desc-brain_mask.nii.gz"
CONFOUNDS = f"{STEM}_desc-confounds_timeseries.tsv"


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def found(result: Scan) -> list[tuple[str, str, str]]:
    return [(item.code, item.file, item.found) for item in result.problems]


def only(result: Scan) -> BoldRun:
    (run,) = result.runs
    assert isinstance(run, BoldRun)
    return run


def test_a_tree_of_fmriprep_is_found_without_a_word(bold_root: Path) -> None:
    result = scan(bold_root)
    assert result.problems == ()
    assert result.participants_seen == ("sub-001", "sub-002")
    run = result.sessions[0].runs[0]
    stem = "sub-001/func/sub-001_task-rest"
    assert run == BoldRun(
        "sub-001", "ses-none", "rest", "n/a", "n/a", "MNI152NLin2009cAsym",
        bold=f"{stem}_{CSYM}_desc-preproc_bold.nii.gz",
        mask=f"{stem}_{CSYM}_desc-brain_mask.nii.gz",
        confounds=f"{stem}_desc-confounds_timeseries.tsv",
        confounds_sidecar=f"{stem}_desc-confounds_timeseries.json",
        sidecars=(f"{stem}_{CSYM}_desc-preproc_bold.json",),
    )  # fmt: skip
    assert run.files == (run.bold, run.mask, run.confounds, run.confounds_sidecar, run.sidecar)
    assert all((bold_root / name).is_file() for name in run.files)


def test_sessions_tasks_and_runs_are_told_apart(tmp_path: Path) -> None:
    root = write_fmriprep(
        tmp_path, ["b", "a"], (2, 2, 2), np.eye(4), 3, np.random.default_rng(0),
        sessions=["1", "2"], tasks=["rest", "pain"], runs=["01", "02"],
    )  # fmt: skip
    result = scan(root)
    assert result.problems == ()
    keys = [(run.participant_id, run.session_id, run.task, run.run) for run in result.runs]
    assert keys == sorted(keys)
    assert len(set(keys)) == 16
    for run in result.runs:
        assert isinstance(run, BoldRun)
        assert f"task-{run.task}_run-{run.run}_desc-confounds" in str(run.confounds)


def test_every_entity_is_kept_as_written_at_any_depth(tmp_path: Path) -> None:
    stem = f"derivatives/fmriprep/sub-01/ses-02/func/sub-01_ses-02_task-rest_acq-HiRes_run-01_{SIX}"
    touch(tmp_path, f"{stem}_res-2_desc-preproc_bold.nii.gz")
    run = only(scan(tmp_path))
    assert (run.participant_id, run.session_id, run.task, run.acq, run.run, run.space) == (
        "sub-01", "ses-02", "rest", "HiRes", "01", "MNI152NLin6Asym",
    )  # fmt: skip


def test_series_and_images_of_one_session_are_both_runs_series_first(tmp_path: Path) -> None:
    touch(tmp_path, BOLD, MASK, CONFOUNDS)
    series = "sub-1/func/sub-1_task-zzz_seg-MIST122_stat-mean_timeseries.tsv"
    touch(tmp_path, series)
    result = scan(tmp_path)
    assert [type(run) for run in result.sessions[0].runs] == [SeriesRun, BoldRun]
    assert result.problems == ()


def test_datasets_of_series_are_found_as_before_beside_images(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, 2, volumes=4, rng=np.random.default_rng(0))
    before = scan(root)
    write_fmriprep(root, ["001"], (2, 2, 2), np.eye(4), 3, np.random.default_rng(0))
    after = scan(root)
    assert [run for run in after.runs if isinstance(run, SeriesRun)] == list(before.runs)
    assert len(after.runs) == 3


def test_an_image_without_desc_is_taken_where_it_names_a_space(tmp_path: Path) -> None:
    touch(tmp_path, f"{STEM}_{CSYM}_bold.nii", CONFOUNDS, MASK)
    assert only(scan(tmp_path)).bold == f"{STEM}_{CSYM}_bold.nii"
    touch(tmp_path, BOLD)
    result = scan(tmp_path)
    assert only(result).bold == BOLD
    assert [code for code, _, _ in found(result)] == ["CL233"]


def test_raw_images_are_no_runs_and_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "sub-1/func/sub-1_task-rest_bold.nii.gz", "sub-1/func/sub-1_task-rest_sbref.nii.gz")
    result = scan(tmp_path)
    assert found(result) == [("CL802", "", "no region series and no preprocessed image")]
    assert "desc-preproc_bold.nii.gz" in result.problems[0].remedy
    assert result.participants_seen == ()


class TestSpaces:
    def test_the_first_space_of_the_settings_wins_and_the_others_are_named(self, tmp_path: Path) -> None:
        others = [f"{STEM}_{SIX}_res-2_desc-preproc_bold.nii.gz", f"{STEM}_desc-preproc_bold.nii.gz"]
        touch(tmp_path, BOLD, MASK, CONFOUNDS, *others, f"{STEM}_space-T1w_desc-preproc_bold.nii.gz")
        result = scan(tmp_path)
        assert only(result).bold == BOLD
        left = "left: native space, space-MNI152NLin6Asym_res-2, space-T1w"
        assert found(result) == [("CL233", BOLD, left)]
        assert result.problems[0].severity == "info"
        other = scan(tmp_path, DatasetSettings(spaces=("MNI152NLin6Asym",)))
        assert only(other).bold == others[0]

    def test_the_next_space_is_taken_where_the_first_is_missing(self, tmp_path: Path) -> None:
        touch(tmp_path, f"{STEM}_{SIX}_desc-preproc_bold.nii.gz")
        assert only(scan(tmp_path)).space == "MNI152NLin6Asym"

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            (["_space-T1w_desc-preproc_bold.nii.gz"], "only in T1w"),
            (["_desc-preproc_bold.nii.gz"], "only in native (func)"),
            ([f"_hemi-{side}_space-fsnative_bold.func.gii" for side in "LR"], "only in fsnative"),
            (["_space-fsLR_bold.dtseries.nii", "_space-T1w_desc-preproc_bold.nii"], "only in T1w, fsLR"),
        ],
    )  # fmt: skip
    def test_native_spaces_only_are_cl232_with_what_to_ask_for(
        self, tmp_path: Path, names: list[str], said: str
    ) -> None:
        touch(tmp_path, *(STEM + name for name in names))
        result = scan(tmp_path)
        assert result.runs == ()
        assert [(item.code, item.found) for item in result.problems if item.file] == [("CL232", said)]
        row = next(item for item in result.problems if item.code == "CL232")
        assert "--output-spaces" in row.remedy
        assert (row.participant_id, row.session_id) == ("sub-1", "ses-none")
        assert result.participants_seen == ("sub-1",)

    def test_surfaces_beside_an_image_are_passed_over(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, MASK, CONFOUNDS, f"{STEM}_space-fsLR_den-91k_bold.dtseries.nii")
        assert scan(tmp_path).problems == ()

    @pytest.mark.parametrize(
        ("labels", "taken"),
        [
            (["2", "native"], "native"),
            (["1", "2"], "2"),
            (["3", "1"], "1"),
            (["2", None, "native"], None),
        ],
    )
    def test_of_several_resolutions_one_is_taken_by_a_fixed_rule(
        self, tmp_path: Path, labels: list[str | None], taken: str | None
    ) -> None:
        names = {
            label: f"{STEM}_{CSYM}{f'_res-{label}' if label else ''}_desc-preproc_bold.nii.gz"
            for label in labels
        }
        touch(tmp_path, *names.values())
        result = scan(tmp_path)
        assert only(result).bold == names[taken]
        assert "CL233" in [code for code, _, _ in found(result)]

    def test_no_space_at_all_is_no_setting(self) -> None:
        with pytest.raises(SettingsError):
            DatasetSettings.from_mapping({"spaces": []})


class TestCompanions:
    def test_mask_of_another_space_only_is_not_taken_and_said(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, CONFOUNDS, f"{STEM}_space-T1w_desc-brain_mask.nii.gz")
        result = scan(tmp_path)
        assert only(result).mask is None
        assert found(result) == [("CL228", BOLD, "masks only of space-T1w")]
        assert result.problems[0].severity == "info"

    def test_mask_of_another_resolution_or_run_is_not_taken(self, tmp_path: Path) -> None:
        touch(
            tmp_path, BOLD, CONFOUNDS, MASK.replace(CSYM, CSYM + "_res-2"), MASK.replace("rest", "rest_run-2")
        )
        result = scan(tmp_path)
        assert only(result).mask is None
        assert found(result) == [("CL228", BOLD, f"masks only of {CSYM}_res-2")]

    def test_anatomical_masks_are_not_taken(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, CONFOUNDS, f"sub-1/anat/sub-1_{CSYM}_desc-brain_mask.nii.gz")
        result = scan(tmp_path)
        assert only(result).mask is None
        assert found(result) == [("CL228", BOLD, "no mask beside the image")]

    def test_no_confounds_is_information_here_and_names_the_way_out(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, MASK, CONFOUNDS.replace("rest", "pain"))
        result = scan(tmp_path)
        assert only(result).confounds is None
        assert [(item.code, item.severity) for item in result.problems] == [("CL229", "info")]
        assert "none" in result.problems[0].found

    def test_older_suffix_of_confounds_is_read_and_the_newer_wins(self, tmp_path: Path) -> None:
        older = CONFOUNDS.replace("timeseries", "regressors")
        touch(tmp_path, BOLD, MASK, older, older.replace(".tsv", ".json"))
        run = only(scan(tmp_path))
        assert (run.confounds, run.confounds_sidecar) == (older, older.replace(".tsv", ".json"))
        touch(tmp_path, CONFOUNDS)
        run = only(scan(tmp_path))
        assert (run.confounds, run.confounds_sidecar) == (CONFOUNDS, None)

    def test_confounds_elsewhere_are_not_taken(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, MASK, CONFOUNDS.replace("func/", "other/"))
        assert only(scan(tmp_path)).confounds is None

    def test_sidecars_are_inherited_nearest_first(self, tmp_path: Path) -> None:
        names = [BOLD.replace(".nii.gz", ".json"), f"{STEM}_bold.json", "task-rest_bold.json"]
        touch(tmp_path, BOLD, MASK, CONFOUNDS, *names)
        touch(tmp_path, "task-pain_bold.json", f"{STEM}_echo-1_bold.json", "task-rest_timeseries.json")
        assert only(scan(tmp_path)).sidecars == tuple(names)

    def test_the_denoised_image_of_aroma_is_kept_beside_the_run(self, tmp_path: Path) -> None:
        aroma = f"{STEM}_{SIX}_desc-smoothAROMAnonaggr_bold.nii.gz"
        touch(tmp_path, BOLD.replace(CSYM, SIX), MASK.replace(CSYM, SIX), CONFOUNDS, aroma)
        result = scan(tmp_path)
        assert only(result).aroma == aroma
        assert aroma in only(result).files
        assert result.problems == ()
        touch(tmp_path, BOLD, MASK)
        assert only(scan(tmp_path)).aroma is None


class TestEchoes:
    ECHOES = tuple(f"{STEM}_echo-{place}_desc-preproc_bold.nii.gz" for place in (1, 2, 3))

    def test_single_echoes_beside_the_combined_image_are_left_with_a_note(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, MASK, CONFOUNDS, *self.ECHOES)
        result = scan(tmp_path)
        assert only(result).bold == BOLD
        assert found(result) == [("CL233", BOLD, "left: echo-1, echo-2, echo-3")]

    def test_single_echoes_only_are_cl234(self, tmp_path: Path) -> None:
        touch(tmp_path, *(name.replace("_desc", f"_{CSYM}_desc") for name in self.ECHOES))
        result = scan(tmp_path)
        assert result.runs == ()
        assert [code for code, _, _ in found(result)] == ["CL802", "CL234"]
        assert result.problems[1].found == "only echo-1, echo-2, echo-3"


class TestWhatIsNotUsed:
    def test_images_processed_further_are_said_and_left(self, tmp_path: Path) -> None:
        denoised = f"{STEM}_{CSYM}_desc-denoised_bold.nii.gz"
        touch(tmp_path, BOLD, MASK, CONFOUNDS, denoised)
        result = scan(tmp_path)
        assert only(result).bold == BOLD
        assert found(result) == [("CL235", denoised, "desc-denoised")]

    def test_two_images_for_one_run_are_cl113_and_neither_is_used(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, BOLD.removesuffix(".gz"), "copy/" + BOLD)
        result = scan(tmp_path)
        assert result.runs == ()
        assert [code for code, _, _ in found(result)] == ["CL802", "CL113", "CL113", "CL113"]

    def test_directions_without_runs_are_a_conflict_not_a_choice(self, tmp_path: Path) -> None:
        touch(tmp_path, *(BOLD.replace("_space", f"_dir-{way}_space") for way in ("AP", "PA")))
        assert [code for code, _, _ in found(scan(tmp_path))] == ["CL802", "CL113", "CL113"]

    def test_tasks_not_asked_for_are_left_with_one_note_for_all_spaces(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, BOLD.replace(CSYM, SIX), MASK, CONFOUNDS)
        touch(tmp_path, *(name.replace("rest", "pain") for name in (BOLD, MASK, CONFOUNDS)))
        result = scan(tmp_path, DatasetSettings(tasks=("pain",)))
        assert only(result).task == "pain"
        assert [(code, words) for code, _, words in found(result)] == [("CL214", "task-rest")]

    def test_segmentations_are_asked_of_series_only(self, tmp_path: Path) -> None:
        touch(tmp_path, BOLD, MASK, CONFOUNDS)
        assert len(scan(tmp_path, DatasetSettings(segmentations=("MIST122",))).runs) == 1

    def test_folder_of_another_subject_is_cl115(self, tmp_path: Path) -> None:
        name = BOLD.replace("sub-1/", "sub-2/")
        touch(tmp_path, name)
        result = scan(tmp_path)
        assert ("CL115", name) in [(code, file) for code, file, _ in found(result)]
        assert result.runs == ()

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            (f"task-rest_{CSYM}_desc-preproc_bold.nii.gz", "no sub-"),
            (f"sub-1_rest_{CSYM}_desc-preproc_bold.nii.gz", "'rest', which is no key-label pair"),
            (f"sub-1_task-_{CSYM}_bold.nii", "the label '' of task-"),
        ],
    )
    def test_a_name_not_understood_is_said(self, tmp_path: Path, name: str, why: str) -> None:
        touch(tmp_path, name)
        row = next(item for item in scan(tmp_path).problems if item.code == "CL114")
        assert (row.file, row.found) == (name, why)
        assert "bold" in row.expected

    def test_an_image_that_is_a_broken_link_is_cl101(self, tmp_path: Path) -> None:
        touch(tmp_path, MASK, CONFOUNDS)
        (tmp_path / BOLD).symlink_to("../../.git/annex/objects/gone")
        result = scan(tmp_path)
        assert ("CL101", BOLD) in [(code, file) for code, file, _ in found(result)]

    def test_a_link_out_of_the_dataset_is_cl110(self, tmp_path: Path) -> None:
        (tmp_path / "d" / BOLD).parent.mkdir(parents=True)
        touch(tmp_path, "secret.nii.gz")
        (tmp_path / "d" / BOLD).symlink_to(tmp_path / "secret.nii.gz")
        assert ("CL110", BOLD) in [(code, file) for code, file, _ in found(scan(tmp_path / "d"))]
