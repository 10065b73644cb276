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
