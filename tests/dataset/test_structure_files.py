"""Files of volumes and thickness: whose they are, and what they say in every form that they come in."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from corticolimbic.dataset import StructureFile, StructureTable, read_structure, scan, validate
from corticolimbic.foundation import InputError
from corticolimbic.simulate import Anatomy, aparc_text, aseg_text, simulated_anatomy, write_freesurfer

COLUMNS = ("StructName", "Volume_mm3", "Index", "NVoxels", "normMean", "SegId")


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return simulated_anatomy(np.random.default_rng(3))


def write(root: Path, name: str, text: str, *, encoding: str = "utf-8") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def only(root: Path) -> StructureFile:
    (session,) = scan(root).structure
    (file,) = session.files
    return file


def read(root: Path, text: str, name: str = "sub-01/stats/aseg.stats") -> StructureTable:
    write(root, name, text)
    ((_, table),) = read_structure(root, only(root))
    return table


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sub-01/stats/aseg.stats", ("sub-01", "ses-none", "aseg", "", "as-given")),
        ("derivatives/freesurfer/sub-01/stats/lh.aparc.stats", ("sub-01", "ses-none", "DK", "L", "as-given")),
        (
            "sourcedata/freesurfer/sub-01_ses-2/stats/rh.aparc.a2009s.stats",
            ("sub-01", "ses-2", "Destrieux", "R"),
        ),
        ("fs/sub-01/ses-2/stats/rh.aparc.DKTatlas.stats", ("sub-01", "ses-2", "DKT", "R")),
        ("ses-2/sub-01/stats/aseg.stats", ("sub-01", "ses-2", "aseg", "")),
        ("sub-01_ses-2.long.sub-01/stats/aseg.stats", ("sub-01", "ses-2", "aseg", "", "longitudinal")),
        ("fastsurfer/007/stats/lh.aparc.DKTatlas.mapped.stats", ("sub-007", "ses-none", "DKT", "L")),
        ("fastsurfer/007/stats/aseg+DKT.stats", ("sub-007", "ses-none", "aseg+DKT", "")),
        ("sub-01/anat/sub-01_ses-2_aseg.stats", ("sub-01", "ses-2", "aseg", "")),
        ("sub-01/anat/sub-01_hemi-L_aparc.stats", ("sub-01", "ses-none", "DK", "L")),
        ("sub-01/anat/sub-01_rh.aparc.stats", ("sub-01", "ses-none", "DK", "R")),
        ("sub-01/stats/lh.BA_exvivo.stats", ("sub-01", "ses-none", "BA_exvivo", "L")),
    ],
)
def test_the_folder_or_the_name_tells_whose_file_it_is(
    tmp_path: Path, path: str, expected: tuple[str, ...]
) -> None:
    write(tmp_path, path, "x")
    file = only(tmp_path)
    told = (file.participant_id, file.session_id, file.atlas, file.hemisphere, file.stream)
    assert told[: len(expected)] == expected
    assert file.path == path


def test_average_brains_templates_and_other_statistics_are_no_people(tmp_path: Path) -> None:
    for name in (
        "fsaverage/stats/aseg.stats",
        "sub-01/stats/aseg.stats",
        "sub-01_ses-1.long.sub-01/stats/aseg.stats",
        "sub-01_ses-1/stats/lh.curv.stats",
        "sub-01_ses-1/stats/lh.aparc.pial.stats",
        "sub-01_ses-1/stats/wmparc.stats",
    ):
        write(tmp_path, name, "x")
    found = scan(tmp_path)
    files = [file for session in found.structure for file in session.files]
    assert [file.path for file in files] == ["sub-01_ses-1.long.sub-01/stats/aseg.stats"]
    assert [item.code for item in found.problems] == ["CL273"]


def test_a_folder_that_can_be_nobodys_is_said(tmp_path: Path) -> None:
    write(tmp_path, "my subject/stats/aseg.stats", "x")
    found = scan(tmp_path)
    assert not found.structure
    assert {item.code for item in found.problems} == {"CL260", "CL802"}


@pytest.mark.parametrize("variant", ["5.1", "6.0", "7.4", "fastsurfer"])
def test_every_header_variant_gives_the_same_volumes(tmp_path: Path, anatomy: Anatomy, variant: str) -> None:
    table = read(tmp_path, aseg_text(anatomy, variant=variant))  # type: ignore[arg-type]
    assert not table.problems
    for name, truth in anatomy.volumes.items():
        proper = f"{name}-Proper" if variant in {"5.1", "6.0"} and "Thalamus" in name else name
        assert table.labels[proper]["volume"] == pytest.approx(truth, abs=0.051)
    intracranial = table.labels["#ICV" if variant == "5.1" else "#eTIV"]["volume"]
    assert intracranial == pytest.approx(anatomy.intracranial, abs=1e-5)
    versions = {
        "5.1": ("FreeSurfer", "mri_segstats 1.75.2.2"),
        "6.0": ("FreeSurfer", "mri_segstats 1.121"),
        "7.4": ("FreeSurfer", "7.4.1"),
        "fastsurfer": ("FastSurfer", "2.4.2"),
    }
    assert (table.software, table.version) == versions[variant]


def test_columns_go_by_their_names_and_not_by_their_order(tmp_path: Path, anatomy: Anatomy) -> None:
    plain = read(tmp_path / "a", aseg_text(anatomy))
    moved = read(tmp_path / "b", aseg_text(anatomy, columns=COLUMNS))
    assert moved.labels == plain.labels


@pytest.mark.parametrize("how", ["carriage returns", "byte order mark", "utf-16", "decimal comma"])
def test_what_other_systems_do_to_text_changes_no_value(tmp_path: Path, anatomy: Anatomy, how: str) -> None:
    text = aseg_text(anatomy)
    plain = read(tmp_path / "a", text)
    root = tmp_path / "b"
    changed = {
        "carriage returns": text.replace("\n", "\r\n"),
        "byte order mark": "\ufeff" + text,
        "decimal comma": re.sub(r"(\d)\.(\d)", r"\1,\2", text).replace("7,4,1", "7.4.1"),
    }.get(how, text)
    write(root, "sub-01/stats/aseg.stats", changed, encoding="utf-16" if how == "utf-16" else "utf-8")
    ((_, table),) = read_structure(root, only(root))
    assert table.labels == plain.labels
    assert {item.code for item in table.problems} == {"CL265" if how == "decimal comma" else
                                                     "CL105" if how == "utf-16" else "CL106"}  # fmt: skip


def test_surfaces_have_area_volume_and_thickness(tmp_path: Path, anatomy: Anatomy) -> None:
    text = aparc_text(anatomy.cortex["lh"], "lh")
    table = read(tmp_path, text, "sub-01/stats/lh.aparc.stats")
    area, thick = anatomy.cortex["lh"]["insula"]
    assert table.labels["insula"]["area"] == round(area)
    assert table.labels["insula"]["thickness"] == pytest.approx(thick, abs=5e-4)
    assert table.labels["#Cortex"]["thickness"] == pytest.approx(
        sum(a * t for a, t in anatomy.cortex["lh"].values())
        / sum(a for a, _ in anatomy.cortex["lh"].values()),
        rel=1e-5,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[: text.index("Right-Amygdala")], "CL262"),
        (lambda text: "\n".join(text.split("\n")[:-3]) + "\n", "CL262"),
        (lambda text: text[: text.index("# ColHeaders")], "CL261"),
        (lambda text: text.replace("# ColHeaders", "# Columns"), "CL261"),
        (lambda text: text.replace("Volume_mm3", "Mass_g"), "CL261"),
        (lambda text: text.replace("Right-Amygdala", "Left-Amygdala "), "CL261"),
        (lambda text: "", "CL261"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, anatomy: Anatomy, change, code: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        read(tmp_path, change(aseg_text(anatomy)))
    assert caught.value.problem.code == code


def test_the_other_hemispheres_file_is_refused(tmp_path: Path, anatomy: Anatomy) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, aparc_text(anatomy.cortex["rh"], "rh"), "sub-01/stats/lh.aparc.stats")
    assert caught.value.problem.code == "CL275"


@pytest.mark.parametrize("cell", ["-12.0", "nan", "inf", "1e999", "abc", "1_000"])
def test_a_value_that_is_no_volume_is_left_out_with_its_reason(
    tmp_path: Path, anatomy: Anatomy, cell: str
) -> None:
    text = re.sub(r"( +)\S+( +Left-Amygdala)", rf"\g<1>{cell}\g<2>", aseg_text(anatomy))
    table = read(tmp_path, text)
    assert "volume" not in table.labels["Left-Amygdala"]
    assert table.unusable["Left-Amygdala", "volume"]
    assert table.labels["Right-Amygdala"]["volume"] > 0


def test_another_persons_header_is_noted_and_the_folder_stands(tmp_path: Path, anatomy: Anatomy) -> None:
    table = read(tmp_path, aseg_text(anatomy, subject="sub-77"))
    assert [item.code for item in table.problems] == ["CL274"]


def test_units_of_the_header_are_read(tmp_path: Path, anatomy: Anatomy) -> None:
    text = aseg_text(anatomy).replace(
        f"{anatomy.intracranial:.6f}, mm^3", f"{anatomy.intracranial / 1000:.6f}, ml"
    )
    table = read(tmp_path, text)
    assert table.labels["#eTIV"]["volume"] == pytest.approx(anatomy.intracranial, rel=1e-9)
    strange = read(tmp_path / "b", text.replace(", ml", ", gallons"))
    assert [item.code for item in strange.problems] == ["CL269"]
    assert "#eTIV" not in strange.labels


def test_written_folders_are_found(tmp_path: Path, anatomy: Anatomy) -> None:
    for folder in ("sub-01_ses-1", "sub-01_ses-2", "sub-02"):
        write_freesurfer(tmp_path / "derivatives" / "freesurfer", folder, anatomy)
    found = scan(tmp_path)
    assert [(item.participant_id, item.session_id, len(item.files)) for item in found.structure] == [
        ("sub-01", "ses-1", 3),
        ("sub-01", "ses-2", 3),
        ("sub-02", "ses-none", 3),
    ]
    assert found.participants_seen == ("sub-01", "sub-02")
    assert not found.problems


def test_validate_reads_every_file(tmp_path: Path, anatomy: Anatomy) -> None:
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\n")
    write_freesurfer(tmp_path / "fs", "sub-01", anatomy)
    _, left, _ = write_freesurfer(tmp_path / "fs", "sub-02", anatomy)
    left.write_text(left.read_text()[:1300])
    found = {(item.code, item.participant_id) for item in validate(tmp_path) if item.severity == "failed"}
    assert found == {("CL262", "sub-02")}
