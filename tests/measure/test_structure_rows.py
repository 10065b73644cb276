"""Volumes and thickness of the circuit's regions from the labels of atlases."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from corticolimbic.circuit import region, split_side
from corticolimbic.dataset import scan
from corticolimbic.features import schema
from corticolimbic.measure import MeasuredStructure, measure_structure, structure_atlases
from corticolimbic.simulate import Anatomy, simulated_anatomy, write_freesurfer


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return simulated_anatomy(np.random.default_rng(5))


def measured(root: Path) -> MeasuredStructure:
    (session,) = scan(root).structure
    return measure_structure(root, session)


def values(made: MeasuredStructure) -> dict[tuple[str, str, str], dict]:  # type: ignore[type-arg]
    assert len(schema("features").table(made.features)) == len(made.features)  # keys are unique, types fit
    return {(row["atlas"], row["measure"], row["target"]): row for row in made.features}


def changed(root: Path, name: str, pattern: str, by: str) -> None:
    path = root / "sub-01" / "stats" / name
    text, n = re.subn(pattern, by, path.read_text())
    assert n == 1
    path.write_text(text)


def test_every_region_of_the_table_is_one_of_the_circuit() -> None:
    for atlas in structure_atlases().values():
        for name, sides in atlas.parts.items():
            assert region(name).id == name
            assert set(sides) in ({"L", "R"}, {"M"}, {"L", "R", "M"})
            if "L" in sides:
                assert region(name).hemispheres == "both"
        for stand_in, proper in atlas.stands_in_for.items():
            assert stand_in in atlas.parts and proper not in {stand_in}
            assert region(proper).id == proper


def test_sums_and_weighted_means_are_those_of_the_truth(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy)
    made = measured(tmp_path)
    found = values(made)
    left, right = anatomy.volumes["Left-Amygdala"], anatomy.volumes["Right-Amygdala"]
    assert found["aseg", "volume", "Amy_L"]["value"] == pytest.approx(left, abs=0.051)
    assert found["aseg", "volume", "Amy"]["value"] == pytest.approx(left + right, abs=0.11)
    striatum = sum(anatomy.volumes[f"Right-{name}"] for name in ("Accumbens-area", "Caudate", "Putamen"))
    assert found["aseg", "volume", "Striatum_R"]["value"] == pytest.approx(striatum, abs=0.16)
    assert found["aseg", "volume", "ICV"]["value"] == pytest.approx(anatomy.intracranial, abs=1e-5)
    assert found["aseg", "euler", "Cortex"]["value"] == 4 - 2 * sum(anatomy.holes.values())
    parts = [
        anatomy.cortex[h][n] for h in ("lh", "rh") for n in ("medialorbitofrontal", "lateralorbitofrontal")
    ]
    mean = sum(round(a) * round(t, 3) for a, t in parts) / sum(round(a) for a, _ in parts)
    assert found["DK", "thickness", "OFC"]["value"] == pytest.approx(mean, rel=1e-12)
    assert found["DK", "area", "OFC"]["value"] == sum(round(a) for a, _ in parts)
    assert found["DK", "volume", "OFC"]["value"] == sum(round(a * t) for a, t in parts)
    assert {row["qc"] for row in made.features} == {"ok"} and not made.problems
    assert {split_side(row["target"])[0] for row in made.features} >= {"NAc", "Amy", "Hip", "Thal", "rACC"}


def test_the_definition_names_software_version_and_labels(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy, variant="7.4")
    made = measured(tmp_path)
    row = values(made)["aseg", "volume", "NAc_L"]
    definition = made.definitions[row["definition"]]
    assert definition["settings"]["made_by"] == "FreeSurfer 7.4.1"
    assert definition["settings"]["labels"]["NAc"] == {
        "L": ["Left-Accumbens-area"],
        "R": ["Right-Accumbens-area"],
    }
    stands = made.definitions[values(made)["DK", "thickness", "SFG"]["definition"]]["settings"][
        "stands_in_for"
    ]
    assert stands["SFG"] == "dmPFC"


def test_a_label_missing_on_one_side_leaves_no_sum(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy)
    changed(tmp_path, "aseg.stats", r"Left-Amygdala ", "Left-Almond")
    made = measured(tmp_path)
    found = values(made)
    assert math.isnan(found["aseg", "volume", "Amy_L"]["value"])
    assert found["aseg", "volume", "Amy_L"]["qc"] == "no volume of Left-Amygdala"
    assert math.isnan(found["aseg", "volume", "Amy"]["value"])
    assert found["aseg", "volume", "Amy"]["qc"] == "left: no volume of Left-Amygdala"
    assert found["aseg", "volume", "Amy"]["coverage"] == 0.5
    assert found["aseg", "volume", "Amy_R"]["value"] > 0
    assert [item.code for item in made.problems] == ["CL263"]


@pytest.mark.parametrize("cell", ["0.0", "-3.0", "abc"])
def test_zero_and_negative_volumes_are_no_values(tmp_path: Path, anatomy: Anatomy, cell: str) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy)
    changed(tmp_path, "aseg.stats", r"\S+( +Right-Hippocampus)", rf"{cell}\g<1>")
    made = measured(tmp_path)
    found = values(made)
    assert math.isnan(found["aseg", "volume", "Hip_R"]["value"])
    assert math.isnan(found["aseg", "volume", "Hip"]["value"])
    assert found["aseg", "volume", "Hip_L"]["value"] > 0
    assert [item.code for item in made.problems] == ["CL264"]


def test_a_volume_that_nobody_has_is_kept_and_marked(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy)
    changed(tmp_path, "aseg.stats", r"\S+( +Left-Accumbens-area)", r"5000.0\g<1>")
    made = measured(tmp_path)
    row = values(made)["aseg", "volume", "NAc_L"]
    assert row["value"] == 5000.0 and row["qc"] == "doubtful: outside 100 to 1500"
    assert [item.code for item in made.problems] == ["CL268"]


def test_one_hemispheres_file_alone_gives_no_sums(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy)
    (tmp_path / "sub-01/stats/rh.aparc.stats").unlink()
    found = values(measured(tmp_path))
    assert found["DK", "thickness", "Ins_L"]["value"] > 0
    assert found["DK", "thickness", "Ins_R"]["qc"] == "no file of the right hemisphere"
    assert math.isnan(found["DK", "thickness", "Ins"]["value"])


def test_a_damaged_file_costs_only_itself(tmp_path: Path, anatomy: Anatomy) -> None:
    _, left, _ = write_freesurfer(tmp_path, "sub-01", anatomy)
    left.write_text("nonsense\n")
    made = measured(tmp_path)
    assert [item.code for item in made.problems if item.severity == "failed"] == ["CL261"]
    assert values(made)["aseg", "volume", "NAc"]["value"] > 0
    assert made.n_files == 2


def test_two_pipelines_stand_side_by_side_and_copies_are_one(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path / "derivatives/freesurfer", "sub-01", anatomy)
    write_freesurfer(tmp_path / "sourcedata/freesurfer", "sub-01", anatomy)
    write_freesurfer(tmp_path / "derivatives/fastsurfer", "sub-01", anatomy, variant="fastsurfer")
    made = measured(tmp_path)
    rows = [row for row in made.features if (row["atlas"], row["target"]) == ("aseg", "Amy")]
    assert len(rows) == 2 and len({row["definition"] for row in rows}) == 2
    assert rows[0]["value"] == rows[1]["value"]
    assert not made.problems


def test_copies_that_differ_have_no_value(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path / "derivatives/freesurfer", "sub-01", anatomy)
    other = simulated_anatomy(np.random.default_rng(6))
    write_freesurfer(tmp_path / "sourcedata/freesurfer", "sub-01", other)
    made = measured(tmp_path)
    row = values(made)["aseg", "volume", "Amy"]
    assert math.isnan(row["value"]) and row["qc"] == "two files disagree"
    assert {item.code for item in made.problems} == {"CL267"}


def test_hemispheres_of_two_versions_are_told(tmp_path: Path, anatomy: Anatomy) -> None:
    write_freesurfer(tmp_path, "sub-01", anatomy, variant="7.4")
    changed(tmp_path, "lh.aparc.stats", r"# cvs_version 7\.4\.1", "# cvs_version 7.2.0")
    made = measured(tmp_path)
    assert [item.code for item in made.problems] == ["CL266"]
    row = values(made)["DK", "area", "Ins"]
    assert (
        made.definitions[row["definition"]]["settings"]["made_by"] == "FreeSurfer 7.2.0 and FreeSurfer 7.4.1"
    )


def one_person(root: Path, files: dict[str, str]) -> dict[tuple[str, str, str], dict]:  # type: ignore[type-arg]
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return values(measured(root))


def test_subfields_give_head_and_body_and_the_nuclei_of_the_amygdala(tmp_path: Path) -> None:
    hippocampus = (
        "Hippocampal_tail 500.5\nWhole_hippocampal_body 1200\nWhole_hippocampal_head 1700\n"
        "Whole_hippocampus 3400.5\n"
    )
    amygdala = (
        "Lateral-nucleus 600\nBasal-nucleus 400\nAccessory-Basal-nucleus 250\nCentral-nucleus 50\n"
        "Whole_amygdala 1700\n"
    )
    files = {}
    for hemi in ("lh", "rh"):
        files[f"sub-01/mri/{hemi}.hippoSfVolumes-T1.v21.txt"] = hippocampus
        files[f"sub-01/mri/{hemi}.amygNucVolumes-T1.v21.txt"] = amygdala
    found = one_person(tmp_path, files)
    assert found["hippoSf", "volume", "HipHead_L"]["value"] == 1700
    assert found["hippoSf", "volume", "HipBodyTail"]["value"] == 2 * 1700.5
    assert found["hippoSf", "volume", "Hip"]["value"] == 6801
    assert found["amygNuc", "volume", "BLA_R"]["value"] == 1250
    assert found["amygNuc", "volume", "CeA"]["value"] == 100


def test_cat12_volumes_and_the_head_of_the_report_are_one_set(tmp_path: Path) -> None:
    names = ["Left Hippocampus", "Right Hippocampus", "Left Amygdala", "Right Amygdala"]
    items = "".join(f"<item>{name}</item>" for name in names)
    regions = f"<names>{items}</names><data><Vgm>[3.5;3.6;0.9;1.0]</Vgm></data>"
    report = "<S><version_cat>12.8</version_cat><vol_TIV>1500</vol_TIV></S>"
    found = one_person(
        tmp_path,
        {
            "cat12/label/catROI_sub-01_T1w.xml": f"<S><neuromorphometrics>{regions}</neuromorphometrics></S>",
            "cat12/report/cat_sub-01_T1w.xml": report,
        },
    )
    assert found["neuromorphometrics", "volume", "Hip"]["value"] == pytest.approx(7100)
    assert found["neuromorphometrics", "volume", "ICV"]["value"] == pytest.approx(1.5e6)
    assert found["neuromorphometrics", "volume", "NAc"]["qc"].startswith("left: no volume of Left Accumbens")


def test_first_and_synthseg_give_the_same_regions(tmp_path: Path) -> None:
    labels = {"L_Accu": 500.0, "R_Accu": 520.0, "L_Caud": 3500.0, "R_Caud": 3600.0, "L_Puta": 4800.0}
    first = "".join(f"{name} {value:.0f} {value}\n" for name, value in labels.items())
    synthseg = {"left accumbens area": 501.5, "right accumbens area": 520.5, "left hippocampus": 4000.0}
    header = ",".join(["subject", "total intracranial", *synthseg])
    cells = ",".join(map(str, ["sub-01", 1.5e6, *synthseg.values()]))
    found = one_person(
        tmp_path,
        {
            "sub-01/anat/sub-01_first_volumes.txt": first,
            "sub-01_synthseg_volumes.csv": f"{header}\n{cells}\n",
        },
    )
    assert found["FIRST", "volume", "NAc"]["value"] == 1020
    assert found["FIRST", "volume", "NAc"]["n_voxels"] == 1020
    assert found["FIRST", "volume", "Striatum_L"]["value"] == 8800
    assert math.isnan(found["FIRST", "volume", "Striatum"]["value"])
    assert found["SynthSeg", "volume", "NAc"]["value"] == 1022
    assert found["SynthSeg", "volume", "ICV"]["value"] == 1.5e6


def test_thickness_of_several_labels_needs_their_areas(tmp_path: Path) -> None:
    def table(hemi: str, measure: str, values: tuple[float, float]) -> str:
        names = ("lateralorbitofrontal", "medialorbitofrontal")
        header = "\t".join([f"{hemi}.aparc.{measure}", *(f"{hemi}_{name}_{measure}" for name in names)])
        return header + "\nsub-01\t" + "\t".join(map(str, values)) + "\n"

    files = {f"{hemi}_aparc_thickness.tsv": table(hemi, "thickness", (2.6, 2.4)) for hemi in ("lh", "rh")}
    found = one_person(tmp_path / "a", files)
    assert found["DK", "thickness", "lOFC_L"]["value"] == 2.6
    assert found["DK", "thickness", "OFC_L"]["qc"] == "no areas to weigh thickness by"
    areas = {f"{hemi}_aparc_area.tsv": table(hemi, "area", (3000.0, 1000.0)) for hemi in ("lh", "rh")}
    found = one_person(tmp_path / "b", files | areas)
    assert found["DK", "thickness", "OFC"]["value"] == pytest.approx((2.6 * 3 + 2.4) / 4)
