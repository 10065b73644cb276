"""Validation reads every image to its end and lists what is wrong with image, mask, confounds and sidecar."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from dataset.synthetic_bold import (
    AFFINE,
    SPACE,
    bold_image,
    confounds,
    mask_image,
    write_confounds,
    write_fmriprep,
    write_image,
)

from corticolimbic.dataset import DatasetSettings, validate
from corticolimbic.dataset import _bold as bold_module


def func(label: str, end: str) -> str:
    return f"sub-{label}/func/sub-{label}_task-rest{end}"


def bold(label: str) -> str:
    return func(label, f"_space-{SPACE}_desc-preproc_bold.nii.gz")


def found(root: Path, settings: DatasetSettings | None = None) -> list[tuple[str, str, str]]:
    return [(item.code, item.severity, item.file) for item in validate(root, settings)]


def test_a_valid_tree_has_no_problem(bold_root: Path) -> None:
    assert validate(bold_root) == ()


def test_images_are_not_held_while_validating(bold_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bold_module, "iter_volumes", None)
    assert validate(bold_root) == ()


def test_everything_is_listed_at_once(tmp_path: Path) -> None:
    shape, n_volumes = (5, 4, 3), 9
    root = write_fmriprep(tmp_path, 9, shape, AFFINE, n_volumes, np.random.default_rng(1))
    zeros = np.zeros((*shape, n_volumes))
    data = (root / bold("001")).read_bytes()
    (root / bold("001")).write_bytes(data[:-20])
    write_image(root / bold("002"), bold_image(zeros[..., 0], AFFINE))
    longer = confounds(n_volumes + 1, np.random.default_rng(2))
    write_confounds(root / func("003", "_desc-confounds_timeseries.tsv"), longer)
    mask = func("004", f"_space-{SPACE}_desc-brain_mask.nii.gz")
    write_image(root / mask, mask_image(np.ones((4, 4, 3)), AFFINE))
    (root / func("005", f"_space-{SPACE}_desc-brain_mask.nii.gz")).rename(
        root / func("005", "_space-T1w_desc-brain_mask.nii.gz")
    )
    (root / func("006", "_desc-confounds_timeseries.tsv")).unlink()
    image = bold_image(zeros + 1, AFFINE, "int16").to_bytes()
    (root / bold("007")).write_bytes(gzip.compress(image[:-10]))
    (root / func("008", "_desc-confounds_timeseries.json")).write_text("{")
    (root / bold("009")).rename(root / func("009", "_space-T1w_desc-preproc_bold.nii.gz"))
    assert found(root) == [
        ("CL102", "failed", bold("001")),
        ("CL219", "failed", bold("002")),
        ("CL230", "failed", func("003", "_desc-confounds_timeseries.tsv")),
        ("CL227", "failed", mask),
        ("CL228", "info", bold("005")),
        ("CL229", "info", bold("006")),
        ("CL220", "failed", bold("007")),
        ("CL109", "failed", func("008", "_desc-confounds_timeseries.json")),
        ("CL232", "failed", func("009", "_space-T1w_desc-preproc_bold.nii.gz")),
    ]
    assert [item.participant_id for item in validate(root)] == [f"sub-{place:03d}" for place in range(1, 10)]


def test_an_image_of_zeros_can_be_read_and_is_for_measuring_to_judge(bold_root: Path) -> None:
    write_image(bold_root / bold("001"), bold_image(np.zeros((6, 5, 4, 12)), AFFINE))
    assert validate(bold_root) == ()


def test_the_repetition_time_of_the_settings_is_used(bold_root: Path) -> None:
    (bold_root / func("001", f"_space-{SPACE}_desc-preproc_bold.json")).unlink()
    write_image(bold_root / bold("001"), bold_image(np.ones((6, 5, 4, 12)), AFFINE, repetition_time=0))
    assert found(bold_root) == [("CL224", "failed", bold("001"))]
    assert found(bold_root, DatasetSettings(repetition_time=2.0)) == []


def test_unreadable_images_only_leave_nothing_usable(bold_root: Path) -> None:
    for label in ("001", "002"):
        (bold_root / bold(label)).write_bytes(b"")
    assert [item[0] for item in found(bold_root)] == ["CL802", "CL218", "CL218"]


def test_processes_find_the_same(bold_root: Path) -> None:
    (bold_root / bold("001")).write_bytes(b"x")
    assert validate(bold_root, n_jobs=2) == validate(bold_root)


def test_people_are_joined_to_images(bold_root: Path) -> None:
    (bold_root / bold("002")).unlink()
    codes = [item[0] for item in found(bold_root)]
    assert codes == ["CL305"]
