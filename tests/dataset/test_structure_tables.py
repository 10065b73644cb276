"""Volumes and thickness in tables of many people, in lists and in XML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corticolimbic.dataset import StructureTable, read_structure, scan
from corticolimbic.foundation import InputError

ASEG = {
    "sub-01": {
        "Left-Hippocampus": 4100.5,
        "Right-Hippocampus": 4200.25,
        "EstimatedTotalIntraCranialVol": 1.5e6,
    },
    "sub-02": {
        "Left-Hippocampus": 3900.0,
        "Right-Hippocampus": 4000.0,
        "EstimatedTotalIntraCranialVol": 1.4e6,
    },
}


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def tables(root: Path) -> dict[str, StructureTable]:
    """Return what is said of each person, by participant and session."""
    found = {}
    for session in scan(root).structure:
        for file in session.files:
            ((_, table),) = read_structure(root, file)
            found[f"{session.participant_id} {session.session_id} {file.atlas} {file.hemisphere}".strip()] = (
                table
            )
    return found


def export(people: dict[str, dict[str, float]], first: str, delimiter: str = "\t") -> str:
    labels = list(next(iter(people.values())))
    rows = [[first, *labels], *([name, *map(str, values.values())] for name, values in people.items())]
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", " "])
def test_asegstats2table_is_read_by_key_whatever_separates_its_cells(tmp_path: Path, delimiter: str) -> None:
    write(tmp_path, "aseg_stats.txt", export(ASEG, "Measure:volume", delimiter))
    found = tables(tmp_path)
    assert set(found) == {"sub-01 ses-none aseg", "sub-02 ses-none aseg"}
    assert found["sub-01 ses-none aseg"].labels["Right-Hippocampus"] == {"volume": 4200.25}
    assert found["sub-02 ses-none aseg"].labels["#eTIV"] == {"volume": 1.4e6}


def test_rows_in_another_order_change_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a", "aseg.tsv", export(ASEG, "Measure:volume"))
    write(tmp_path / "b", "aseg.tsv", export(dict(reversed(ASEG.items())), "Measure:volume"))
    assert tables(tmp_path / "a") == tables(tmp_path / "b")


def test_a_transposed_table_is_turned(tmp_path: Path) -> None:
    labels = list(ASEG["sub-01"])
    rows = [["Measure:volume", *ASEG], *([name, *(str(ASEG[who][name]) for who in ASEG)] for name in labels)]
    write(tmp_path / "a", "aseg.tsv", "\n".join("\t".join(row) for row in rows))
    write(tmp_path / "b", "aseg.tsv", export(ASEG, "Measure:volume"))
    assert {name: table.labels for name, table in tables(tmp_path / "a").items()} == {
        name: table.labels for name, table in tables(tmp_path / "b").items()
    }


def test_surface_tables_of_both_hemispheres_and_measures(tmp_path: Path) -> None:
    for hemi in ("lh", "rh"):
        for measure, value in (("thickness", 2.5), ("area", 3000.0)):
            whole = "MeanThickness" if measure == "thickness" else "WhiteSurfArea"
            people = {
                "sub-01_ses-1": {
                    f"{hemi}_insula_{measure}": value,
                    f"{hemi}_{whole}_{measure}": value,
                    "eTIV": 1.5e6,
                }
            }
            write(tmp_path, f"{hemi}_aparc_{measure}.txt", export(people, f"{hemi}.aparc.{measure}"))
    (session,) = scan(tmp_path).structure
    assert (session.participant_id, session.session_id, len(session.files)) == ("sub-01", "ses-1", 4)
    told = [table for file in session.files for _, table in read_structure(tmp_path, file)]
    assert {measure for table in told for measure in table.labels["insula"]} == {"thickness", "area"}
    assert all(set(table.labels) == {"insula", "#Cortex"} for table in told)


def test_synthseg_of_many_people_and_of_one_folder(tmp_path: Path) -> None:
    text = "subject,total intracranial,left hippocampus,right hippocampus\n"
    write(tmp_path, "synthseg_volumes.csv", text + "/in/sub-03_ses-2_T1w.nii.gz,1500000.5,3800.1,3900.2\n")
    write(tmp_path, "fs/sub-04/stats/synthseg.vol.csv", text + "orig.mgz,1400000,3700,3600\n")
    found = tables(tmp_path)
    assert found["sub-03 ses-2 SynthSeg"].labels["total intracranial"] == {"volume": 1500000.5}
    assert found["sub-04 ses-none SynthSeg"].labels["left hippocampus"] == {"volume": 3700.0}
    assert found["sub-04 ses-none SynthSeg"].software == "SynthSeg"


def test_a_person_who_stands_twice_is_set_aside_and_said(tmp_path: Path) -> None:
    people = {**ASEG, "/data/sub-02": ASEG["sub-01"]}
    write(tmp_path, "aseg.tsv", export(people, "Measure:volume"))
    found = scan(tmp_path)
    assert [session.participant_id for session in found.structure] == ["sub-01"]
    assert [(item.code, item.participant_id) for item in found.problems] == [("CL270", "sub-02")]


def test_a_row_cut_short_and_a_table_of_something_else(tmp_path: Path) -> None:
    text = export(ASEG, "Measure:volume")
    write(tmp_path, "aseg.tsv", text[: text.rindex("\t")])
    write(tmp_path, "aseg_notes.txt", "remember\tto check\nthe\tsegmentations\n")
    write(tmp_path, "lh.aparc.meancurv.txt", "lh.aparc.meancurv\tlh_insula_meancurv\nsub-01\t0.1\n")
    found = scan(tmp_path)
    assert [(item.code, item.file) for item in found.problems] == [
        ("CL271", "aseg_notes.txt"),
        ("CL271", "lh.aparc.meancurv.txt"),
    ]
    with pytest.raises(InputError) as caught:
        tables(tmp_path)
    assert caught.value.problem.code == "CL262"


def test_missing_and_wrong_cells_of_a_table_have_reasons(tmp_path: Path) -> None:
    people = {"sub-01": {"Left-Hippocampus": "NA", "Right-Hippocampus": "-5", "Left-Amygdala": "1,5"}}
    write(tmp_path, "aseg.tsv", export(people, "Measure:volume"))  # type: ignore[arg-type]
    table = tables(tmp_path)["sub-01 ses-none aseg"]
    assert table.unusable == {
        ("Left-Hippocampus", "volume"): "missing",
        ("Right-Hippocampus", "volume"): "-5, below 0",
    }
    assert table.labels["Left-Amygdala"] == {"volume": 1.5}
    assert [item.code for item in table.problems] == ["CL265"]


@pytest.mark.parametrize(
    ("name", "atlas", "label"),
    [
        ("mri/lh.hippoSfVolumes-T1.v21.txt", "hippoSf", "Whole_hippocampus"),
        ("mri/lh.hippoSfVolumes-T1.v22.txt", "hippoSf", "Whole_hippocampus"),
        ("mri/lh.amygNucVolumes-T1-T2.v22.txt", "amygNuc", "Whole_amygdala"),
    ],
)
def test_subfields_of_several_versions(tmp_path: Path, name: str, atlas: str, label: str) -> None:
    write(
        tmp_path, f"sub-01/{name}", f"Part-head 1700.5\nWhole_hippocampal_head 1650.5\n{label} 3400.123456\n"
    )
    table = tables(tmp_path)[f"sub-01 ses-none {atlas} L"]
    assert table.labels[label] == {"volume": 3400.123456}
    assert table.version.split()[-1] == name.split(".")[-2]
    write(tmp_path, f"sub-01/{name}", "Part-head 1700.5\n")
    with pytest.raises(InputError) as caught:
        tables(tmp_path)
    assert caught.value.problem.code == "CL262"


def test_statistics_of_subfields_beside_their_text_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, "sub-01/mri/lh.hippoSfVolumes-T1.v21.txt", "Whole_hippocampus 3400.0\n")
    stats = "# cvs_version 7.4.1\n# hemi lh\n# ColHeaders Index SegId NVoxels Volume_mm3 StructName\n"
    write(tmp_path, "sub-01/stats/hipposubfields.lh.T1.v21.stats", stats + "1 1 0 3400.0 Whole_hippocampus\n")
    write(tmp_path, "sub-02/stats/hipposubfields.lh.T1.v21.stats", stats + "1 1 0 3300.0 Whole_hippocampus\n")
    found = tables(tmp_path)
    assert len(found) == 2
    assert found["sub-02 ses-none hippoSf L"].labels["Whole_hippocampus"]["volume"] == 3300.0
    one, two = scan(tmp_path).structure
    assert [len(one.files), len(two.files)] == [1, 1]


def test_first_by_name_by_number_and_one_structure_a_file(tmp_path: Path) -> None:
    write(tmp_path, "sub-01/anat/sub-01_first_volumes.txt", "L_Hipp 4000 4000.0\nR_Hipp 4100 4100.5\n")
    write(tmp_path, "sub-02/anat/sub-02_first_volumes.txt", "17 4000 4000.0\n53 4100 4100.5\n")
    write(tmp_path, "sub-03/anat/sub-03_first_L_Hipp_volume.txt", "3900 3900.0\n")
    found = tables(tmp_path)
    assert found["sub-01 ses-none FIRST"].labels["R_Hipp"] == {"volume": 4100.5, "n": 4100.0}
    assert found["sub-02 ses-none FIRST"].labels["53"] == {"volume": 4100.5, "n": 4100.0}
    assert found["sub-03 ses-none FIRST"].labels["L_Hipp"]["volume"] == 3900.0


CAT = """<?xml version="1.0" encoding="utf-8"?>
<S><aal3><names><item>lPreCG</item></names><data><Vgm>[8.1]</Vgm></data></aal3>
<neuromorphometrics><names><item>Left Hippocampus</item><item>Right Hippocampus</item></names>
<ids>[48;47]</ids><data><Vgm>[3.5;3.6]</Vgm><Vcsf>[0.1;0.2]</Vcsf></data></neuromorphometrics></S>
"""


def test_cat12_is_read_in_millilitres_with_the_head_of_its_report(tmp_path: Path) -> None:
    write(tmp_path, "cat12/label/catROI_sub-01_ses-1_T1w.xml", CAT)
    write(
        tmp_path,
        "cat12/report/cat_sub-01_ses-1_T1w.xml",
        "<S><software><version_cat>12.8.2</version_cat><revision_cat>2170</revision_cat></software>"
        "<subjectmeasures><vol_TIV>1450.25</vol_TIV></subjectmeasures></S>",
    )
    (session,) = scan(tmp_path).structure
    regions, report = (table for file in session.files for _, table in read_structure(tmp_path, file))
    assert regions.labels["Left Hippocampus"]["volume"] == pytest.approx(3500.0)
    assert report.labels["#vol_TIV"]["volume"] == pytest.approx(1450250.0)
    assert (session.session_id, report.version) == ("ses-1", "12.8.2 r2170")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("[3.5;3.6]", "[3.5]"), "CL261"),
        (("neuromorphometrics", "cobra"), "CL261"),
        (("</S>", ""), "CL262"),
        (("<S>", '<!DOCTYPE S [<!ENTITY a "b">]><S>'), "CL261"),
    ],
)
def test_damaged_xml_is_refused(tmp_path: Path, change: tuple[str, str], code: str) -> None:
    write(tmp_path, "label/catROI_sub-01.xml", CAT.replace(*change))
    with pytest.raises(InputError) as caught:
        tables(tmp_path)
    assert caught.value.problem.code == code


def test_a_thousand_people_in_one_table_are_read_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    people = {
        f"sub-{n:04d}": {"Left-Hippocampus": float(value), "Right-Hippocampus": 4000.0}
        for n, value in enumerate(rng.normal(4000, 300, 1000).round(1))
    }
    write(tmp_path, "aseg.tsv", export(people, "Measure:volume"))
    found = tables(tmp_path)
    assert len(found) == 1000
    assert (
        found["sub-0777 ses-none aseg"].labels["Left-Hippocampus"]["volume"]
        == people["sub-0777"]["Left-Hippocampus"]
    )
