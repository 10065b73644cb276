"""CIFTI files are found where the settings ask, read as nibabel reads them, and refused with words."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dataset.synthetic_cifti import (
    GRID,
    PLACE,
    STRUCTURES,
    brain_axis,
    noise,
    series_image,
    write_cifti_tree,
    write_dlabel,
    write_dtseries,
)

from corticolimbic.dataset import (
    BoldRun,
    CiftiRun,
    DatasetSettings,
    iter_grayordinates,
    read_cifti_header,
    scan,
    validate,
)
from corticolimbic.foundation import InputError

STEM = "sub-1/func/sub-1_task-rest"
CIFTI = f"{STEM}_space-fsLR_den-91k_bold.dtseries.nii"
VOLUMES = f"{STEM}_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
CONFOUNDS = f"{STEM}_desc-confounds_timeseries.tsv"
ASKED = DatasetSettings(spaces=("fsLR",))
BOTH = DatasetSettings(spaces=("fsLR", "MNI152NLin2009cAsym"))
RUN = CiftiRun("sub-1", "ses-none", "rest", "n/a", "n/a", "fsLR", "x_bold.dtseries.nii", density="91k")


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def code(root: Path, data: bytes) -> tuple[str, str]:
    """Return the problem of a file of these bytes."""
    (root / RUN.bold).write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_cifti_header(root, RUN)
    assert caught.value.problem.file == RUN.bold
    return caught.value.problem.code, caught.value.problem.found


def whole(n_volumes: int = 5, **more: object) -> bytes:
    axis = brain_axis()
    return series_image(noise(axis, n_volumes, np.random.default_rng(1)), axis, **more).to_bytes()  # type: ignore[arg-type]


def with_xml(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    """Return a file in which part of the XML is another text, sizes in the header following."""
    offset = struct.unpack("<q", data[168:176])[0]
    length = struct.unpack("<i", data[544:548])[0]
    xml = data[552 : 544 + length].rstrip(b"\0")
    assert old in xml
    xml = xml.replace(old, new, count)
    size = -(-(len(xml) + 8) // 16) * 16
    block = struct.pack("<ii", size, 32) + xml.ljust(size - 8, b"\0")
    return data[:168] + struct.pack("<q", 544 + size) + data[176:544] + block + data[offset:]


class TestFinding:
    def test_grayordinates_are_taken_where_the_settings_ask(self, tmp_path: Path) -> None:
        touch(tmp_path, CIFTI, VOLUMES, CONFOUNDS, CIFTI.replace(".dtseries.nii", ".json"))
        result = scan(tmp_path, BOTH)
        (run,) = result.runs
        assert isinstance(run, CiftiRun)
        assert (run.bold, run.space, run.density, run.confounds) == (CIFTI, "fsLR", "91k", CONFOUNDS)
        assert run.sidecars == (CIFTI.replace(".dtseries.nii", ".json"),)
        (note,) = result.problems
        assert (note.code, note.found) == ("CL233", "left: space-MNI152NLin2009cAsym")

    def test_the_order_of_the_settings_decides(self, tmp_path: Path) -> None:
        touch(tmp_path, CIFTI, VOLUMES, CONFOUNDS)
        (run,) = scan(tmp_path, DatasetSettings(spaces=("MNI152NLin2009cAsym", "fsLR"))).runs
        assert isinstance(run, BoldRun)

    def test_by_default_they_are_not_measured_and_the_setting_is_named(self, tmp_path: Path) -> None:
        touch(tmp_path, CIFTI, CONFOUNDS)
        result = scan(tmp_path)
        assert result.runs == ()
        row = next(item for item in result.problems if item.code == "CL232")
        assert row.found == "only in fsLR"
        assert "add fsLR to dataset.spaces" in row.remedy
        nothing = next(item for item in result.problems if item.code == "CL802")
        assert "add fsLR to dataset.spaces" in nothing.remedy

    def test_a_session_may_hold_both_kinds(self, tmp_path: Path) -> None:
        second = VOLUMES.replace("task-rest", "task-pain")
        touch(tmp_path, CIFTI, second)
        found = scan(tmp_path, BOTH)
        assert [type(run) for run in found.runs] == [BoldRun, CiftiRun]
        assert len(found.sessions) == 1

    @pytest.mark.parametrize(("there", "taken"), [(("170k", "91k"), "91k"), (("59k", "170k"), "170k")])
    def test_of_several_densities_one_is_taken(
        self, tmp_path: Path, there: tuple[str, ...], taken: str
    ) -> None:
        touch(tmp_path, *(CIFTI.replace("91k", density) for density in there))
        result = scan(tmp_path, ASKED)
        (run,) = result.runs
        assert isinstance(run, CiftiRun) and run.density == taken
        left = next(density for density in there if density != taken)
        said = {item.code: item.found for item in result.problems}
        assert said["CL233"] == f"left: space-fsLR_den-{left}"

    def test_a_compressed_one_is_refused_with_words(self, tmp_path: Path) -> None:
        touch(tmp_path, CIFTI + ".gz")
        result = scan(tmp_path, ASKED)
        row = next(item for item in result.problems if item.code == "CL114")
        assert row.file == CIFTI + ".gz"
        assert "compressed CIFTI" in row.found and "gunzip" in row.remedy

    def test_surfaces_of_other_spaces_and_volumes_named_fslr_are_not_taken(self, tmp_path: Path) -> None:
        touch(
            tmp_path,
            f"{STEM}_space-fsaverage_bold.dtseries.nii",
            f"{STEM}_space-fsLR_desc-preproc_bold.nii.gz",
        )
        settings = DatasetSettings(spaces=("fsLR", "fsaverage"))
        assert scan(tmp_path, settings).runs == ()


class TestReading:
    @pytest.mark.parametrize("chunk", [None, 1, 7, 10_000])
    def test_series_are_nibabels(self, tmp_path: Path, chunk: int | None) -> None:
        (tmp_path / RUN.bold).write_bytes(whole(9))
        header = read_cifti_header(tmp_path, RUN)
        parts = list(iter_grayordinates(tmp_path, RUN, chunk=chunk))
        values = np.concatenate([part for _, part in parts])
        assert [start for start, _ in parts] == np.cumsum([0, *(len(part) for _, part in parts)])[
            :-1
        ].tolist()
        theirs = nibabel.load(tmp_path / RUN.bold)
        np.testing.assert_array_equal(values.T, theirs.get_fdata(dtype=np.float32))
        assert (header.n_volumes, header.repetition_time, header.dtype) == (9, 2.0, "float32")
        assert header.grayordinates.size == len(values)

    @pytest.mark.parametrize("dtype", ["int16", "uint8", "float64", "int32"])
    def test_other_types_and_scaling_are_nibabels(self, tmp_path: Path, dtype: str) -> None:
        axis = brain_axis()
        image = series_image(np.arange(4 * len(axis)).reshape(4, -1) % 200, axis, dtype=dtype)
        image.nifti_header.set_data_dtype(dtype)
        data = bytearray(image.to_bytes())
        data[176:192] = struct.pack("<dd", 0.25, -3.0)
        (tmp_path / RUN.bold).write_bytes(bytes(data))
        values = np.concatenate([part for _, part in iter_grayordinates(tmp_path, RUN)])
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values.T, nibabel.load(tmp_path / RUN.bold).get_fdata())

    def test_big_endian_files_are_read(self, tmp_path: Path) -> None:
        data = whole(3)
        offset, length, kind = (*struct.unpack("<q", data[168:176]), *struct.unpack("<ii", data[544:552]))
        swapped = nibabel.Nifti2Header(data[:540], "<", check=False).as_byteswapped(">").binaryblock
        values = np.frombuffer(data[offset:], "<f4")
        block = data[540:544] + struct.pack(">ii", length, kind) + data[552:offset]
        (tmp_path / RUN.bold).write_bytes(swapped + block + values.astype(">f4").tobytes())
        read = np.concatenate([part for _, part in iter_grayordinates(tmp_path, RUN)])
        np.testing.assert_array_equal(read.ravel(), values)

    def test_models_are_nibabels(self, tmp_path: Path) -> None:
        axis = brain_axis(STRUCTURES[::-1])
        write_dtseries(tmp_path / RUN.bold, noise(axis, 3, np.random.default_rng(1)), axis)
        found = read_cifti_header(tmp_path, RUN).grayordinates
        assert found.structures == STRUCTURES[::-1]
        for model, (name, places, part) in zip(found.models, axis.iter_structures(), strict=True):
            assert f"CIFTI_STRUCTURE_{model.structure}" == name
            stop = len(axis) if places.stop is None else places.stop
            assert (model.places.start, model.places.stop) == (places.start, stop)
            theirs = part.vertex[:, None] if model.kind == "surface" else part.voxel
            np.testing.assert_array_equal(model.indices, theirs)
        assert found.shape == GRID
        np.testing.assert_allclose(found.affine, PLACE)

    def test_a_whole_tree_is_valid(self, tmp_path: Path) -> None:
        root = write_cifti_tree(tmp_path, ["1", "2"], 12, np.random.default_rng(1))
        assert validate(root, ASKED) == ()


class TestTime:
    def test_the_sidecar_is_used_and_a_disagreement_noted(self, tmp_path: Path) -> None:
        root = write_cifti_tree(tmp_path, ["1"], 12, np.random.default_rng(1), repetition_time=0.8)
        (run,) = scan(root, ASKED).runs
        assert isinstance(run, CiftiRun)
        assert read_cifti_header(root, run).repetition_time == 0.8
        (root / run.sidecars[0]).write_text(json.dumps({"RepetitionTime": 2.5}))
        header = read_cifti_header(root, run)
        assert header.repetition_time == 2.5
        assert [item.code for item in header.problems] == ["CL226"]

    def test_milliseconds_and_no_time_are_refused(self, tmp_path: Path) -> None:
        assert code(tmp_path, whole(step=2000.0))[0] == "CL225"
        assert code(tmp_path, whole(step=0.0))[0] == "CL224"

    def test_the_exponent_counts(self, tmp_path: Path) -> None:
        data = with_xml(whole(step=2000.0), b'SeriesExponent="0"', b'SeriesExponent="-3"')
        (tmp_path / RUN.bold).write_bytes(data)
        assert read_cifti_header(tmp_path, RUN).repetition_time == pytest.approx(2.0)

    def test_frequencies_are_no_time(self, tmp_path: Path) -> None:
        assert code(tmp_path, whole(unit="HERTZ"))[0] == "CL250"


LAUGHS = b'<!DOCTYPE lol [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


class TestRefusals:
    @pytest.mark.parametrize(
        ("old", "new", "expected", "said"),
        [
            (b"<CIFTI ", LAUGHS + b"<CIFTI ", "CL248", "document type"),
            (b"<CIFTI ", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><CIFTI ', "CL248", "document type"),
            (b"</CIFTI>", b"", "CL248", "cannot be read"),
            (b"<Matrix>", b"<Matrix>" + b"<MetaData>" * 50, "CL248", "levels"),
            (b'Version="2.0"', b'Version="' + b"2" * 2000 + b'"', "CL248", "attribute"),
            (b'Version="2.0"', b'Version="1.0"', "CL248", "no CIFTI-2"),
            (b"BrainModel ", b"BrianModel ", "CL248", "cannot be read"),
            (b'SeriesExponent="0"', b'SeriesExponent="999999999"', "CL248", "a series of"),
            (b'SeriesExponent="0"', b"", "CL248", "None"),
            (b'SeriesStep="2.0"', b'SeriesStep="nan"', "CL248", "nan"),
            (b'NumberOfSeriesPoints="5"', b'NumberOfSeriesPoints="6"', "CL249", "describes"),
            (b'IndexCount="50"', b'IndexCount="51"', "CL249", "50 indices of CORTEX_LEFT"),
            (b'IndexCount="50"', b'IndexCount="99999999999999999999"', "CL249", "50 indices"),
            (b'IndexOffset="50"', b'IndexOffset="51"', "CL249", "begins at row 51"),
            (b'SurfaceNumberOfVertices="60"', b'SurfaceNumberOfVertices="59"', "CL249", "outside 59"),
            (b'SurfaceNumberOfVertices="60"', b'SurfaceNumberOfVertices="9999999999"', "CL249", "vertices"),
            (b'SurfaceNumberOfVertices="60"', b"", "CL249", "0 vertices"),
            (b"<VertexIndices>0 1 ", b"<VertexIndices>1 1 ", "CL249", "twice"),
            (b"<VertexIndices>0 1 ", b"<VertexIndices>-4 1 ", "CL249", "outside"),
            (b"<VertexIndices>0 1 ", b"<VertexIndices>x 1 ", "CL248", "no CIFTI-2"),
            (b'VolumeDimensions="14,14,14"', b'VolumeDimensions="14,14"', "CL248", "three dimensions"),
            (b'VolumeDimensions="14,14,14"', b'VolumeDimensions="2,14,14"', "CL249", "outside 2 x 14"),
            (b'MeterExponent="-3"', b'MeterExponent="77"', "CL248", "10^77"),
            (b"TYPE_SERIES", b"TYPE_SCALARS", "CL248", "SCALARS"),
            (b'AppliesToMatrixDimension="0"', b'AppliesToMatrixDimension="1"', "CL248", "already mapped"),
            (b'AppliesToMatrixDimension="1"', b'AppliesToMatrixDimension="1,2"', "CL248", "[0, 1, 2]"),
            (b'AppliesToMatrixDimension="0"', b'AppliesToMatrixDimension="3"', "CL248", "[1, 3]"),
            (b"STRUCTURE_CORTEX_RIGHT", b"STRUCTURE_CORTEX_LEFT", "CL249", "CORTEX_LEFT twice"),
        ],
    )  # fmt: skip
    def test_xml_that_cannot_be_trusted(
        self, tmp_path: Path, old: bytes, new: bytes, expected: str, said: str
    ) -> None:
        found, words = code(tmp_path, with_xml(whole(), old, new))
        assert (found, said in words) == (expected, True), words

    def test_more_xml_than_its_rows_can_need(self, tmp_path: Path) -> None:
        new = b"<VertexIndices>" + b"1 " * 2**22 + b"0 1 "
        assert code(tmp_path, with_xml(whole(), b"<VertexIndices>0 1 ", new))[1].endswith("for 267 rows")

    def test_sizes_that_do_not_agree(self, tmp_path: Path) -> None:
        data = whole()
        assert code(tmp_path, data[:-1])[0] == "CL220"
        assert code(tmp_path, data + b"\0")[0] == "CL220"
        assert code(tmp_path, data[:300])[0] == "CL220"
        assert code(tmp_path, b"")[1] == "an empty file"
        assert code(tmp_path, b"\x1f\x8b" + data)[0] == "CL248"

    def test_another_matrix_of_as_many_bytes(self, tmp_path: Path) -> None:
        data = whole(4)
        n = struct.unpack("<q", data[64:72])[0]
        other = data[:56] + struct.pack("<qq", 2, 2 * n) + data[72:]
        assert code(tmp_path, other)[0] == "CL249"

    def test_volumes_labels_and_no_extension(self, tmp_path: Path) -> None:
        image = nibabel.Nifti2Image(np.zeros((3, 3, 3, 5), dtype="f4"), np.eye(4))
        assert code(tmp_path, image.to_bytes())[1] == "an image of 3 x 3 x 3 x 5"
        assert code(tmp_path, nibabel.Nifti1Image(np.zeros((3, 3, 3)), np.eye(4)).to_bytes())[0] == "CL248"
        data = bytearray(whole())
        data[540] = 0
        assert code(tmp_path, bytes(data))[1] == "a NIfTI-2 image without CIFTI's XML"
        axis = brain_axis()
        write_dlabel(tmp_path / "l.dlabel.nii", np.ones(len(axis)), axis, {1: "a"})
        assert "LABELS" in code(tmp_path, (tmp_path / "l.dlabel.nii").read_bytes())[1]
