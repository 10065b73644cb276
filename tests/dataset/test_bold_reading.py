"""Reading images: whatever the format, the values are nibabel's, in order, in the memory of a chunk."""

from __future__ import annotations

import builtins
import gzip
import io
import itertools
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from dataset.synthetic_bold import AFFINE, bold_image, ellipsoid, mask_image, write_fmriprep, write_image

from corticolimbic.dataset import BoldRun, DatasetSettings, iter_volumes, read_bold_header, read_mask, scan
from corticolimbic.dataset import _byte_stream as stream_module
from corticolimbic.foundation import InputError, SpaceMismatchError

NAME = "sub-1_task-rest_space-MNI152NLin2009cAsym_desc-preproc_bold.nii"


def bold_run(name: str = NAME, **more: Any) -> BoldRun:
    return BoldRun("sub-1", "ses-none", "rest", "n/a", "n/a", "MNI152NLin2009cAsym", name, **more)


def whole(root: Path, run: BoldRun, chunk: int | None = None) -> np.ndarray:
    return np.concatenate([part for _, part in iter_volumes(root, run, chunk=chunk)], axis=3)


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(11).normal(1000, 50, (5, 4, 3, 7))


class TestFormats:
    @pytest.mark.parametrize("end", [".nii", ".nii.gz"])
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize(
        "kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"]
    )
    @pytest.mark.parametrize("scaled", [False, True])
    def test_values_are_those_of_nibabel_to_the_bit(
        self, tmp_path: Path, values: np.ndarray, kind: str, order: str, end: str, scaled: bool
    ) -> None:
        low, high = (0, 100) if "8" in kind and "u" not in kind else (0, 250)
        stored = np.interp(values, (800, 1200), (low, high)).astype(kind)
        image = nibabel.Nifti1Image(stored, AFFINE, nibabel.Nifti1Header(endianness=order), dtype=kind)
        image.header.set_data_dtype(kind)
        if scaled:
            image.header.set_slope_inter(0.37, -12.5)
        image.header["pixdim"][4] = 2
        run = bold_run(NAME + end.removeprefix(".nii"))
        write_image(tmp_path / run.bold, image)
        reloaded = nibabel.load(tmp_path / run.bold)
        assert reloaded.header.endianness == order
        read = whole(tmp_path, run, chunk=3)
        np.testing.assert_array_equal(read, reloaded.get_fdata())
        header = read_bold_header(tmp_path, run)
        assert read.dtype.name == header.dtype
        narrow = not scaled and kind in {"int8", "uint8", "int16", "uint16", "float32"}
        assert header.dtype == ("float32" if narrow else "float64")
        np.testing.assert_array_equal(header.affine, AFFINE)
        assert (header.shape, header.n_volumes, header.zooms) == ((5, 4, 3), 7, (4.0, 4.0, 4.0))

    def test_nifti_2_is_read(self, tmp_path: Path, values: np.ndarray) -> None:
        image = nibabel.Nifti2Image(values.astype("f4"), AFFINE)
        image.header["pixdim"][4] = 1.5
        image.to_filename(tmp_path / NAME)
        np.testing.assert_array_equal(whole(tmp_path, bold_run()), values.astype("f4"))
        assert read_bold_header(tmp_path, bold_run()).repetition_time == 1.5

    def test_extensions_before_the_data_are_passed_over(self, tmp_path: Path, values: np.ndarray) -> None:
        image = bold_image(values.astype("f4"), AFFINE)
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * 5000))
        write_image(tmp_path / NAME, image)
        assert (tmp_path / NAME).stat().st_size > 352 + 5000 + values.size * 4
        np.testing.assert_array_equal(whole(tmp_path, bold_run()), values.astype("f4"))

    def test_a_fifth_dimension_of_one_is_no_dimension(self, tmp_path: Path, values: np.ndarray) -> None:
        image = bold_image(values.astype("f4")[..., None], AFFINE)
        write_image(tmp_path / NAME, image)
        np.testing.assert_array_equal(whole(tmp_path, bold_run()), values.astype("f4"))

    def test_one_volume_in_four_dimensions_is_a_run(self, tmp_path: Path, values: np.ndarray) -> None:
        write_image(tmp_path / NAME, bold_image(values[..., :1], AFFINE))
        assert whole(tmp_path, bold_run()).shape == (5, 4, 3, 1)

    @pytest.mark.parametrize("with_isal", [True, False])
    def test_several_gzip_members_are_one_file(
        self, tmp_path: Path, values: np.ndarray, with_isal: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not with_isal:
            monkeypatch.setitem(sys.modules, "isal", None)
        assert (stream_module._gzip_module() is gzip) is not with_isal
        data = bold_image(values.astype("f4"), AFFINE).to_bytes()
        cuts = [0, 100, 353, 900, 901, len(data)]
        members = [gzip.compress(data[a:b]) for a, b in itertools.pairwise(cuts)]
        run = bold_run(NAME + ".gz")
        (tmp_path / run.bold).write_bytes(b"".join(members))
        np.testing.assert_array_equal(whole(tmp_path, run, chunk=2), values.astype("f4"))

    def test_values_that_are_not_finite_are_passed_on(self, tmp_path: Path, values: np.ndarray) -> None:
        stored = values.astype("f4")
        stored[1, 2, 0, 3], stored[0, 0, 0, :], stored[4, 3, 2, 6] = np.nan, np.inf, -np.inf
        write_image(tmp_path / NAME, bold_image(stored, AFFINE))
        np.testing.assert_array_equal(whole(tmp_path, bold_run()), stored)

    def test_an_image_of_zeros_is_read(self, tmp_path: Path) -> None:
        write_image(tmp_path / NAME, bold_image(np.zeros((3, 3, 3, 5)), AFFINE, "int16"))
        read = whole(tmp_path, bold_run())
        assert read.shape == (3, 3, 3, 5)
        assert not read.any()


class TestOrder:
    @pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100, None])
    def test_chunks_follow_each_other_and_cover_the_run(
        self, tmp_path: Path, values: np.ndarray, chunk: int | None
    ) -> None:
        write_image(tmp_path / NAME, bold_image(values.astype("f4"), AFFINE))
        parts = list(iter_volumes(tmp_path, bold_run(), chunk=chunk))
        assert [start for start, _ in parts] == list(range(0, 7, min(chunk or 7, 7)))
        for start, part in parts:
            np.testing.assert_array_equal(part, values.astype("f4")[..., start : start + part.shape[3]])

    def test_chunks_are_fresh_and_in_fortran_order(self, tmp_path: Path, values: np.ndarray) -> None:
        write_image(tmp_path / NAME, bold_image(values, AFFINE, "int16"))
        parts = [part for _, part in iter_volumes(tmp_path, bold_run(), chunk=3)]
        assert all(part.flags.f_contiguous and part.flags.owndata is not None for part in parts)
        assert not np.shares_memory(parts[0], parts[1])
        assert np.shares_memory(parts[0].reshape(-1, 3, order="F"), parts[0])

    def test_no_volume_at_a_time_is_refused(self, tmp_path: Path, values: np.ndarray) -> None:
        write_image(tmp_path / NAME, bold_image(values, AFFINE))
        with pytest.raises(ValueError, match="at least 1"):
            next(iter_volumes(tmp_path, bold_run(), chunk=0))

    @pytest.mark.parametrize("end", ["", ".gz"])
    def test_the_file_is_opened_once_and_never_sought(
        self, tmp_path: Path, values: np.ndarray, end: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = bold_run(NAME + end)
        write_image(tmp_path / run.bold, bold_image(values.astype("f4"), AFFINE))
        opened = []

        class Counted(io.FileIO):
            taken = 0

            def __init__(self, path: Any, mode: str = "rb") -> None:
                super().__init__(path, mode)
                opened.append(self)

            def readinto(self, target: Any) -> int:
                count = super().readinto(target)
                self.taken += count
                return count

            def read(self, size: int = -1) -> bytes:
                data = super().read(size)
                self.taken += len(data)
                return data

            def seek(self, *_: Any) -> int:
                raise AssertionError("the file is read in order")

        def buffered(path: Any, mode: str = "rb") -> io.BufferedReader:
            return io.BufferedReader(Counted(path, mode))

        def module() -> Any:
            class Opener:
                @staticmethod
                def open(path: Any, mode: str) -> Any:
                    return gzip.GzipFile(fileobj=buffered(path), mode=mode)

            return Opener

        monkeypatch.setattr(stream_module, "_gzip_module", module)
        monkeypatch.setattr(stream_module, "open", buffered, raising=False)
        np.testing.assert_array_equal(whole(tmp_path, run, chunk=2), values.astype("f4"))
        assert [stream.taken for stream in opened] == [(tmp_path / run.bold).stat().st_size]


class TestMemory:
    @pytest.mark.parametrize("end", ["", ".gz"])
    @pytest.mark.parametrize("kind", ["int16", "float32"])
    def test_peak_is_a_few_chunks_whatever_the_length_of_the_run(
        self, tmp_path: Path, kind: str, end: str
    ) -> None:
        shape = (32, 32, 16)
        peaks = {}
        for n_volumes in (40, 400):
            run = bold_run(f"n{n_volumes}_{NAME}{end}")
            header = bold_image(np.zeros((*shape, 2)), AFFINE, kind).header
            header.set_data_shape((*shape, n_volumes))
            header.set_slope_inter(0.5 if kind == "int16" else 1, 0)
            pattern = np.arange(np.prod(shape)).astype(kind).tobytes()
            opener = gzip.open if end else open
            with opener(tmp_path / run.bold, "wb") as stream:
                stream.write(header.binaryblock + bytes(4))
                for _ in range(n_volumes):
                    stream.write(pattern)
            next(iter_volumes(tmp_path, run, chunk=1))  # imports are not counted
            tracemalloc.start()
            seen = 0
            for _, part in iter_volumes(tmp_path, run, chunk=5):
                seen += part.shape[3]
            peaks[n_volumes] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert seen == n_volumes
        chunk = int(np.prod(shape)) * 5 * 8
        assert peaks[400] < 1.1 * peaks[40]
        assert peaks[400] < 3 * chunk + 4 * 2**20

    def test_default_chunks_hold_32_mib(self, tmp_path: Path) -> None:
        shape, n_volumes = (64, 64, 32), 134
        header = bold_image(np.zeros((*shape, 2)), AFFINE, "float32").header
        header.set_data_shape((*shape, n_volumes))
        with (tmp_path / NAME).open("wb") as stream:
            stream.write(header.binaryblock + bytes(4))
            stream.truncate(352 + 64 * 64 * 32 * 4 * n_volumes)
        sizes = [part.nbytes for _, part in iter_volumes(tmp_path, bold_run())]
        assert sizes == [2**25, 2**25, 6 * 64 * 64 * 32 * 4]

    def test_a_header_that_claims_the_world_asks_for_no_memory(self, tmp_path: Path) -> None:
        for end in ("", ".gz"):
            run = bold_run(NAME + end)
            for shape in [(500, 500, 500, 32767), (32767, 32767, 32767, 32767), (100, 100, 100, 32767)]:
                image = bold_image(np.zeros((2, 2, 2, 2)), AFFINE, "float32")
                data = bytearray(image.to_bytes())
                data[42:50] = np.array(shape, dtype="<i2").tobytes()
                (tmp_path / run.bold).write_bytes(gzip.compress(data) if end else bytes(data))
                tracemalloc.start()
                with pytest.raises(InputError) as caught:
                    next(iter_volumes(tmp_path, run))
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                assert caught.value.problem.code in {"CL218", "CL220"}
                assert peak < 2**22


class TestGeometry:
    def affines(self) -> tuple[np.ndarray, np.ndarray]:
        angle = 0.3
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        first, second = AFFINE.copy(), AFFINE.copy()
        first[:3, :3] = turn @ np.diag([-3.0, 3.5, 4.0])
        second[:3, 3] += 6
        return first, second

    @pytest.mark.parametrize(
        ("codes", "used"), [((1, 1), "sform"), ((4, 0), "sform"), ((0, 1), "qform"), ((2, 4), "sform")]
    )
    def test_the_sform_is_used_where_its_code_is_set_as_nibabel_does(
        self, tmp_path: Path, values: np.ndarray, codes: tuple[int, int], used: str
    ) -> None:
        sform, qform = self.affines()
        image = bold_image(values.astype("f4"), AFFINE)
        image.set_qform(qform, code=codes[1], update_affine=False)
        image.header.set_sform(sform, code=codes[0])
        image = nibabel.Nifti1Image(values.astype("f4"), None, image.header)
        write_image(tmp_path / NAME, image)
        header = read_bold_header(tmp_path, bold_run())
        np.testing.assert_array_equal(header.affine, nibabel.load(tmp_path / NAME).affine)
        np.testing.assert_allclose(header.affine, sform if used == "sform" else qform, atol=1e-4)
        told = [(item.code, item.severity, item.participant_id) for item in header.problems]
        assert told == ([("CL223", "info", "sub-1")] if all(codes) else [])
        if told:
            assert "mm apart; the sform is used" in header.problems[0].found

    def test_an_oblique_flipped_affine_is_kept(self, tmp_path: Path, values: np.ndarray) -> None:
        affine = self.affines()[0]
        write_image(tmp_path / NAME, bold_image(values.astype("f4"), affine))
        header = read_bold_header(tmp_path, bold_run())
        np.testing.assert_allclose(header.affine, affine, atol=1e-6)
        np.testing.assert_allclose(header.zooms, (3.0, 3.5, 4.0), atol=1e-6)
        assert header.problems == ()


class TestMask:
    def prepare(self, root: Path, mask: Any, affine: np.ndarray = AFFINE) -> BoldRun:
        write_image(root / NAME, bold_image(np.ones((5, 4, 3, 6)), AFFINE))
        run = bold_run(mask=NAME.replace("preproc_bold", "brain_mask"))
        image = mask if isinstance(mask, nibabel.Nifti1Image) else mask_image(mask, affine)
        write_image(root / str(run.mask), image)
        return run

    def read(self, root: Path, run: BoldRun) -> np.ndarray:
        return read_mask(root, run, read_bold_header(root, run))

    def test_is_the_voxels_inside(self, tmp_path: Path) -> None:
        inside = ellipsoid((5, 4, 3))
        mask = self.read(tmp_path, self.prepare(tmp_path, inside))
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, inside)

    def test_is_inside_where_finite_and_not_zero(self, tmp_path: Path) -> None:
        values = np.zeros((5, 4, 3, 1), dtype="f4")
        values[0, 0, 0], values[1, 0, 0], values[2, 0, 0] = np.nan, 0.5, 1
        mask = self.read(tmp_path, self.prepare(tmp_path, bold_image(values, AFFINE)))
        assert list(np.flatnonzero(mask.ravel(order="F"))) == [1, 2]

    @pytest.mark.parametrize("n_inside", [0, 1])
    def test_without_a_voxel_inside_is_refused(self, tmp_path: Path, n_inside: int) -> None:
        inside = np.zeros((5, 4, 3), dtype=bool)
        inside[:n_inside, 0, 0] = True
        run = self.prepare(tmp_path, inside)
        if n_inside:
            assert self.read(tmp_path, run).sum() == 1
            return
        with pytest.raises(InputError, match=r"CL227.*no voxel inside"):
            self.read(tmp_path, run)

    def test_on_another_grid_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"CL227.*4 x 4 x 3 voxels and a run of 5 x 4 x 3"):
            self.read(tmp_path, self.prepare(tmp_path, np.ones((4, 4, 3), dtype=bool)))
        moved = AFFINE.copy()
        moved[0, 3] += 1
        with pytest.raises(InputError, match=r"CL227.*corners lie up to 1 mm"):
            self.read(tmp_path, self.prepare(tmp_path, np.ones((5, 4, 3), dtype=bool), moved))

    def test_affines_that_differ_by_rounding_are_one_grid(self, tmp_path: Path) -> None:
        near = AFFINE + np.array([[1e-5, 0, 0, 1e-4]] * 3 + [[0, 0, 0, 0]])
        assert self.read(tmp_path, self.prepare(tmp_path, np.ones((5, 4, 3), dtype=bool), near)).all()

    def test_of_another_space_by_its_name_is_refused(self, tmp_path: Path) -> None:
        run = self.prepare(tmp_path, np.ones((5, 4, 3), dtype=bool))
        other = bold_run(mask=str(run.mask).replace("2009cAsym", "6Asym"))
        with pytest.raises(SpaceMismatchError, match=r"CL402.*NLin6Asym.*NLin2009cAsym"):
            self.read(tmp_path, other)

    def test_that_is_absent_is_cl228(self, tmp_path: Path) -> None:
        self.prepare(tmp_path, np.ones((5, 4, 3), dtype=bool))
        with pytest.raises(InputError, match="CL228"):
            self.read(tmp_path, bold_run())


def test_a_whole_tree_reads_back_what_was_written(tmp_path: Path) -> None:
    truth = np.random.default_rng(5).normal(size=(4, 4, 4, 10)) * 20 + 500
    root = write_fmriprep(
        tmp_path, 1, (4, 4, 4), AFFINE, 10, np.random.default_rng(0), signal=lambda *_: truth, dtype="int16"
    )
    (run,) = scan(root, DatasetSettings()).runs
    assert isinstance(run, BoldRun)
    read = whole(root, run)
    np.testing.assert_array_equal(read, nibabel.load(root / run.bold).get_fdata())
    np.testing.assert_allclose(read, truth, atol=np.ptp(truth) / 65000)
    assert read_bold_header(root, run).repetition_time == 2.0
    np.testing.assert_array_equal(read_mask(root, run, read_bold_header(root, run)), ellipsoid((4, 4, 4)))


def test_decompression_by_isal_and_by_gzip_give_the_same(
    bold_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scan(bold_root).runs[0]
    assert isinstance(run, BoldRun)
    fast = whole(bold_root, run)
    true = builtins.__import__

    def without_isal(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == "isal":
            raise ImportError(name)
        return true(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_isal)
    np.testing.assert_array_equal(whole(bold_root, run), fast)
