"""Folders with only structure, or structure beside series, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from workflow.runs import named, problems, run, small, units_run

from corticolimbic.features import read_sessions, read_table
from corticolimbic.simulate import simulated_anatomy, write_freesurfer

CONFIG = """\
cohort: {outcome: {family: none}}
compare:
  structure_terms: [age, sex, "measured:icv"]
  relative: [z_normative, head_size]
  relative_reference: {covariates: [sex, "measured:icv"]}
"""


def structural(root: Path, people: int, *, old: int = 0) -> Path:
    """Write FreeSurfer folders, the first ``old`` of them by version 6.0, and a participants table."""
    rng = np.random.default_rng(20)
    lines = ["participant_id\tage\tsex"]
    for at in range(people):
        age, female = float(rng.uniform(20, 70)), bool(rng.random() < 0.5)
        anatomy = simulated_anatomy(rng, age=age, female=female)
        variant = "6.0" if at < old else "7.4"
        write_freesurfer(root / "derivatives/freesurfer", f"sub-{at + 1:03d}", anatomy, variant=variant)
        lines.append(f"sub-{at + 1:03d}\t{age:.1f}\t{'F' if female else 'M'}")
    (root / "participants.tsv").write_text("\n".join(lines) + "\n")
    description = {"Name": "made up", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}
    (root / "dataset_description.json").write_text(json.dumps(description))
    return root


def test_structure_alone_is_measured_and_stays_measured(tmp_path: Path) -> None:
    data, out = structural(tmp_path / "data", 4, old=2), tmp_path / "out"
    assert run(data, out, command="measure", config=CONFIG).code == 0
    table = read_sessions(out, "features", room="structure")
    assert table["participant_id"].nunique() == 4
    assert (table.loc[table["target"] == "NAc", "value"] > 0).all()
    told = [row["found"] for row in problems(out) if row["code"] == "CL266"]
    assert told == [
        "DK, as-given: FreeSurfer 7.4.1 (2 sessions), FreeSurfer mris_anatomical_stats 1.79 (2 sessions)",
        "aseg, as-given: FreeSurfer 7.4.1 (2 sessions), FreeSurfer mri_segstats 1.121 (2 sessions)",
    ]
    run(data, out, command="measure", config=CONFIG)
    assert units_run(out) == []
    path = data / "derivatives/freesurfer/sub-003/stats/aseg.stats"
    path.write_text(path.read_text()[:1500])
    assert run(data, out, command="measure", config=CONFIG).code == 3
    assert units_run(out) == ["structure sub-003_ses-none"]
    assert ("sub-003", "CL262") in named(out, "participant_id", "code")
    again = read_sessions(out, "features", room="structure")
    assert set(again.loc[again["participant_id"] == "sub-003", "atlas"]) == {"DK"}


def test_structure_added_later_measures_no_series_again(tmp_path: Path) -> None:
    data, out = small(tmp_path / "data", 2), tmp_path / "out"
    assert run(data, out, command="measure").code == 0
    write_freesurfer(data / "sourcedata/freesurfer", "sub-001", simulated_anatomy(np.random.default_rng(1)))
    assert run(data, out, command="measure").code == 0
    assert units_run(out) == ["structure sub-001_ses-none"]
    assert len(read_sessions(out, "features")) and len(read_sessions(out, "features", room="structure"))


def test_structure_can_be_switched_off_or_chosen(tmp_path: Path) -> None:
    data, out = structural(tmp_path / "data", 2), tmp_path / "out"
    off = "dataset: {structure: false}\n" + CONFIG
    assert run(data, out, command="measure", config=off).code == 1
    one = "dataset: {structure_atlases: [aseg]}\n" + CONFIG
    assert run(data, out, command="measure", config=one).code == 0
    assert set(read_sessions(out, "features", room="structure")["atlas"]) == {"aseg"}


@pytest.mark.slow
def test_a_folder_of_structure_alone_becomes_a_page(tmp_path: Path) -> None:
    data, out = structural(tmp_path / "data", 40), tmp_path / "out"
    assert run(data, out, config=CONFIG).code == 0
    assert {row["severity"] for row in problems(out)} <= {"info"}
    effects = read_table("effects", out / "compare/effects.tsv")
    assert set(effects["contrast"]) == {"slope of age", "sex: M - F", "slope of measured:icv"}
    people = read_table("structure", out / "compare/structure.tsv")
    assert people["z"].notna().all() and people["at_average_head"].notna().all()
    page = (out / "report.html").read_text()
    assert 'id="structure"' in page and "structure-1" in page
    assert set(read_table("sessions", out / "sessions.parquet")["participant_id"]) == set(
        people["participant_id"]
    )
    populations = read_table("populations", out / "cohort/populations.parquet")
    assert populations["member"].all()
