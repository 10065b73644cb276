"""Images that must not be measured are refused with a code, the file and what was found."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from dataset.synthetic_bold import AFFINE, bold_image

from corticolimbic.dataset import BoldRun, iter_volumes, read_bold_header
from corticolimbic.foundation import InputError, Problem

NAME = "sub-1_task-rest_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
RUN = BoldRun("sub-1", "ses-1", "rest", "n/a", "n/a", "MNI152NLin2009cAsym", NAME, sidecars=("side.json",))


def valid(**changes: Any) -> bytearray:
    """Return the bytes of a valid image after changes of header fields."""
    values = np.random.default_rng(2).normal(100, 5, (4, 3, 2, 6))
    image = bold_image(values.astype("f4"), AFFINE, changes.pop("dtype", "float32"))
    data = bytearray(image.to_bytes())
    header = nibabel.Nifti1Header(bytes(data[:348])).structarr.copy()
    for field, value in changes.items():
        header[field] = value
    data[:348] = header.tobytes()
    return data


def put(root: Path, data: bytes, sidecar: dict | None = None) -> Path:
    (root / NAME).write_bytes(gzip.compress(bytes(data), 1))
    (root / "side.json").write_text(json.dumps(sidecar or {}))
    return root


def refusal(root: Path, action: Callable[[], Any]) -> Problem:
    with pytest.raises(InputError) as caught:
        action()
    row = caught.value.problem
    assert row.file == NAME
    assert str(root) not in str(row)
    return row


def header_refusal(root: Path, data: bytes, sidecar: dict | None = None) -> Problem:
    put(root, data, sidecar)
    return refusal(root, lambda: read_bold_header(root, RUN))


def dims(*lengths: int) -> dict[str, Any]:
    return {"dim": [len(lengths), *lengths, *[1] * (7 - len(lengths))]}


def test_the_valid_image_is_read(tmp_path: Path) -> None:
    put(tmp_path, valid())
    assert read_bold_header(tmp_path, RUN).n_volumes == 6


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        (dims(4, 3, 12), "CL219", "an image of 3 dimensions, 4 x 3 x 12"),
        (dims(4, 3, 2, 1, 6), "CL219", "an image of 5 dimensions, 4 x 3 x 2 x 1 x 6"),
        (dims(12, 12), "CL218", "an image of 12 x 12"),
        (dims(4, 3, 2, 0), "CL218", "an image of 4 x 3 x 2 x 0"),
        (dims(4, -3, 2, 6), "CL218", "an image of 4 x -3 x 2 x 6"),
        ({"dim": [9, 4, 3, 2, 6, 1, 1, 1]}, "CL218", "9 dimensions"),
        (dims(32767, 32767, 32767, 32767), "CL218", "32767 x 32767"),
        (dims(400, 300, 200, 600), "CL220", "after decompression"),
        ({"datatype": 32, "bitpix": 64}, "CL221", "complex64"),
        ({"datatype": 1792, "bitpix": 128}, "CL221", "complex128"),
        ({"datatype": 128, "bitpix": 24}, "CL221", "values of type"),
        ({"datatype": 77}, "CL218", "77"),
        ({"scl_slope": 2, "scl_inter": np.inf}, "CL221", "intercept inf"),
        ({"scl_slope": 1, "scl_inter": np.nan}, "CL221", "intercept nan"),
        ({"srow_x": [np.nan, 0, 0, 0]}, "CL222", "not finite (sform)"),
        ({"srow_x": [np.inf, 0, 0, 0]}, "CL222", "not finite (sform)"),
        ({"srow_y": [0, 0, 0, 0]}, "CL222", "cannot be inverted (sform)"),
        ({"srow_y": [-4, 0, 0, 10]}, "CL222", "cannot be inverted (sform)"),
        ({"sform_code": 0, "qform_code": 0}, "CL222", "both codes are 0"),
        ({"sform_code": 0, "quatern_b": 3}, "CL222", ""),
        ({"sform_code": 0, "qoffset_x": np.nan}, "CL222", "not finite (qform)"),
        ({"magic": b"ni1"}, "CL218", "two files"),
        ({"magic": b"xyz"}, "CL218", "the mark 'xyz"),
        ({"vox_offset": np.nan}, "CL218", "byte nan"),
        ({"vox_offset": 1e30}, "CL218", "byte 1e+30"),
        ({"vox_offset": 100}, "CL218", "offset 100"),
        ({"vox_offset": 100_000}, "CL220", ""),
        ({"sizeof_hdr": 349}, "CL218", "a file that begins with"),
        (dims(4, 3, 2, 6) | {"pixdim": [-1, 4, 4, 4, 0, 0, 0, 0]}, "CL224", "a time step of 0"),
        ({"pixdim": [-1, 4, 4, 4, -2, 0, 0, 0]}, "CL224", "a time step of -2"),
        ({"pixdim": [-1, 4, 4, 4, np.nan, 0, 0, 0]}, "CL224", "a time step of nan"),
        ({"pixdim": [-1, 4, 4, 4, 2000, 0, 0, 0]}, "CL225", "2000 in the header (milliseconds?)"),
        ({"xyzt_units": 2 + 16}, "CL225", "0.002 in the header"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(
    tmp_path: Path, changes: dict[str, Any], code: str, said: str
) -> None:
    row = header_refusal(tmp_path, valid(**changes))
    assert (row.code, row.severity) == (code, "failed")
    assert said in row.found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "an empty file"),
        (b"ab", "begins with"),
        (b"\x89PNG\r\n\x1a\n" * 100, "begins with"),
        (b"/annex/objects/MD5E-s1--x", "git-annex"),
        (gzip.compress(b"x", mtime=0), "gzip inside"),
    ],
)
def test_what_is_no_image_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    row = header_refusal(tmp_path, data)
    assert row.code == "CL218"
    assert said in row.found


def test_half_a_header_is_cl220(tmp_path: Path) -> None:
    assert header_refusal(tmp_path, valid()[:200]).code == "CL220"


def test_a_file_that_is_no_gzip_is_cl102(tmp_path: Path) -> None:
    put(tmp_path, valid())
    (tmp_path / NAME).write_bytes(bytes(valid()))
    assert refusal(tmp_path, lambda: read_bold_header(tmp_path, RUN)).code == "CL102"


def test_a_missing_file_a_folder_and_a_link_out_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, lambda: read_bold_header(tmp_path, RUN)).code == "CL101"
    (tmp_path / NAME).mkdir()
    assert refusal(tmp_path, lambda: read_bold_header(tmp_path, RUN)).code == "CL101"
    (tmp_path / NAME).rmdir()
    (tmp_path / NAME).symlink_to("/etc/hostname")
    assert refusal(tmp_path, lambda: read_bold_header(tmp_path, RUN)).code == "CL110"


class TestSize:
    def volumes(self, root: Path) -> list[int]:
        return [part.shape[3] for _, part in iter_volumes(root, RUN, chunk=2)]

    def test_data_that_end_early_are_cl220_with_what_there_was(self, tmp_path: Path) -> None:
        put(tmp_path, valid()[: 352 + 24 * 4 * 3 + 50])
        row = refusal(tmp_path, lambda: self.volumes(tmp_path))
        assert (row.code, row.found) == ("CL220", "data for 3.52 volumes; the header says 6")

    def test_data_that_go_on_are_cl220(self, tmp_path: Path) -> None:
        put(tmp_path, valid() + b"\0")
        row = refusal(tmp_path, lambda: self.volumes(tmp_path))
        assert (row.code, row.found) == ("CL220", "data beyond the 576 bytes of 4 x 3 x 2 x 6 values")

    @pytest.mark.parametrize("change", [-1, 1, 96, -96])
    def test_an_uncompressed_file_is_refused_before_it_is_read(self, tmp_path: Path, change: int) -> None:
        data = valid() + bytes(max(change, 0))
        run = BoldRun("sub-1", "ses-1", "rest", "n/a", "n/a", "s", NAME.removesuffix(".gz"))
        (tmp_path / run.bold).write_bytes(data[: len(data) + min(change, 0)])
        with pytest.raises(InputError, match=r"CL220.*4 x 3 x 2 x 6 of float32 needs 928"):
            read_bold_header(tmp_path, run)

    @pytest.mark.parametrize("lost", [1, 8, 9, 100, 300])
    def test_a_truncated_gzip_is_cl102_at_whatever_place(self, tmp_path: Path, lost: int) -> None:
        put(tmp_path, valid())
        data = (tmp_path / NAME).read_bytes()
        (tmp_path / NAME).write_bytes(data[:-lost])
        assert refusal(tmp_path, lambda: self.volumes(tmp_path)).code == "CL102"

    def test_a_wrong_checksum_is_cl102(self, tmp_path: Path) -> None:
        put(tmp_path, valid())
        data = bytearray((tmp_path / NAME).read_bytes())
        data[-6] ^= 1
        (tmp_path / NAME).write_bytes(data)
        assert refusal(tmp_path, lambda: self.volumes(tmp_path)).code == "CL102"

    def test_garbage_after_the_gzip_is_cl102(self, tmp_path: Path) -> None:
        put(tmp_path, valid())
        with (tmp_path / NAME).open("ab") as stream:
            stream.write(b"garbage")
        assert refusal(tmp_path, lambda: self.volumes(tmp_path)).code == "CL102"

    def test_three_dimensions_are_refused_where_volumes_are_asked_for(self, tmp_path: Path) -> None:
        put(tmp_path, valid(**dims(4, 3, 12)))
        assert refusal(tmp_path, lambda: self.volumes(tmp_path)).code == "CL219"


class TestRepetitionTime:
    def read(self, root: Path, in_header: float, sidecar: dict, units: int = 10, given: Any = None) -> Any:
        put(root, valid(pixdim=[-1, 4, 4, 4, in_header, 0, 0, 0], xyzt_units=units), sidecar)
        return read_bold_header(root, RUN, repetition_time=given)

    def test_the_sidecar_wins_over_the_header_and_the_difference_is_noted(self, tmp_path: Path) -> None:
        header = self.read(tmp_path, 1.0, {"RepetitionTime": 0.8})
        assert header.repetition_time == 0.8
        (row,) = header.problems
        assert (row.code, row.severity, row.session_id) == ("CL226", "info", "ses-1")
        assert row.found == "0.8 s is used; the header says 1 s"

    @pytest.mark.parametrize("in_header", [0.0, np.nan, 0.8, 0.8000001])
    def test_a_header_that_says_nothing_else_is_no_disagreement(
        self, tmp_path: Path, in_header: float
    ) -> None:
        header = self.read(tmp_path, in_header, {"RepetitionTime": 0.8})
        assert (header.repetition_time, header.problems) == (0.8, ())

    def test_time_units_of_the_header_are_read(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, 2000, {}, units=2 + 16).repetition_time == 2
        assert self.read(tmp_path, 2_000_000, {}, units=2 + 24).repetition_time == 2
        assert self.read(tmp_path, 2, {}, units=0).repetition_time == 2

    @pytest.mark.parametrize("stated", [2000, 720, 0.002, 61])
    def test_a_sidecar_in_milliseconds_is_refused_not_corrected(self, tmp_path: Path, stated: float) -> None:
        with pytest.raises(InputError) as caught:
            self.read(tmp_path, 2, {"RepetitionTime": stated})
        row = caught.value.problem
        assert (row.code, row.file) == ("CL225", "side.json")
        assert ("milliseconds?" in row.found) == (stated >= 50)

    @pytest.mark.parametrize("stated", [0, -2, "2", None, True])
    def test_a_sidecar_that_states_no_time_leaves_it_to_the_header(
        self, tmp_path: Path, stated: object
    ) -> None:
        header = self.read(tmp_path, 2, {"RepetitionTime": stated})
        assert header.repetition_time == 2
        assert [(item.code, item.participant_id) for item in header.problems] == [("CL215", "sub-1")]

    def test_zero_everywhere_is_cl224_and_the_setting_helps(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"CL224.*dataset\.repetition_time"):
            self.read(tmp_path, 0, {"RepetitionTime": 0})
        assert self.read(tmp_path, 0, {}, given=1.5).repetition_time == 1.5

    def test_the_setting_yields_to_the_sidecar_only(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, 2, {"RepetitionTime": 2}, given=1.5).repetition_time == 2
        assert self.read(tmp_path, 2, {}, given=1.5).repetition_time == 1.5
        with pytest.raises(InputError, match=r"CL225.*1500 in the settings"):
            self.read(tmp_path, 2, {}, given=1500.0)

    def test_a_damaged_sidecar_is_noted_and_the_header_used(self, tmp_path: Path) -> None:
        put(tmp_path, valid())
        (tmp_path / "side.json").write_text("{")
        header = read_bold_header(tmp_path, RUN)
        assert header.repetition_time == 2
        assert [(item.code, item.file) for item in header.problems] == [("CL109", "side.json")]


def test_nibabel_would_have_read_most_of_what_the_tests_call_valid(tmp_path: Path) -> None:
    put(tmp_path, valid())
    image = nibabel.load(tmp_path / NAME)
    (volumes,) = [part for _, part in iter_volumes(tmp_path, RUN)]
    np.testing.assert_array_equal(volumes, image.get_fdata())


def test_data_said_to_begin_at_zero_begin_after_the_header(tmp_path: Path) -> None:
    put(tmp_path, valid(vox_offset=0))
    (volumes,) = [part for _, part in iter_volumes(tmp_path, RUN)]
    put(tmp_path, valid())
    np.testing.assert_array_equal(volumes, nibabel.load(tmp_path / NAME).get_fdata())
