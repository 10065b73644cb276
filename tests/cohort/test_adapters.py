"""Adapters on skeleton datasets that carry the studies' own names."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from cohort.clinical import why

from corticolimbic.cohort import Clinical, CohortSettings, ImageMark, read_clinical, source_files
from corticolimbic.cohort._reading._json import entry_of, read_tolerant_json
from corticolimbic.cohort._reading._own_tables import Tables
from corticolimbic.dataset import read_participants, read_sessions_tables

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CORTICOLIMBIC_SHARED_DATA") or REPOSITORY.parent / "shared/data")
LISTING = SHARED / "skeletons/openpain_files.txt"
PARTICIPANTS_JSON = """{
 "age": {"Description": "Age", "Units": "years", "Minimum": 18, "Maximum": 100},
 "gender": {"Description": "Gender", "Levels": {"m": "male", "f": "female"}
}
"""
SESSIONS_JSON = """{
 "vas": {"Description": "Pain now", "Units": "mm", "Minimum": 0, "Maximum": 100},
 "bdi": {"Description": "Depression",
 "mpq_sensory": {"Description": "Sensory pain"}
}
"""


def read(root: Path, adapter: str) -> Clinical:
    people, sessions = read_participants(root), read_sessions_tables(root)
    tables = Tables(people.table, sessions.table, people.rows, sessions.places)
    return read_clinical(tables, CohortSettings(adapter=adapter), root)


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.fixture(scope="module")
def openpain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The listing's folders of twelve people; tables, sidecars and ratings with content made here."""
    if not LISTING.is_file():
        pytest.skip("public data is neither named nor beside the repository")
    root = tmp_path_factory.mktemp("openpain")
    names = LISTING.read_text(encoding="utf-8").split()
    people = sorted({name.split("/")[0] for name in names if name.startswith("sub-")})[:12]
    for name in names:
        if name.split("/")[0] not in people:
            continue
        if name.endswith(("_resp.tsv.gz", "_stim.tsv.gz")):
            series = np.linspace(0, 60, 100) + int(name[4:7])
            write(root / name, gzip.compress("\n".join(map(str, series)).encode(), mtime=0))
        else:
            write(root / name, b"")
    for name in ("resp", "stim"):
        write(root / f"task-mv_{name}.json", json.dumps({"SamplingFrequency": "10", "StartTime": 0}))
    write(root / "task-sp_resp.json", json.dumps({"SamplingFrequency": 10}))
    write(root / "participants.json", PARTICIPANTS_JSON)
    write(root / "sessions.json", SESSIONS_JSON)
    rows = [
        "participant_id\tage\tgender",
        *(f"{person}\t{30 + place}\tm" for place, person in enumerate(people)),
    ]
    write(root / "participants.tsv", "\n".join([*rows[:-1], f"{people[-1]}\t7\tf", ""]))
    for person in people:
        lines = ["session_id\tvas\tbdi\tmpq_sensory"]
        for visit in range(1, 6):
            there = (root / person / f"ses-visit{visit}").is_dir()
            lines.append(
                f"ses-visit{visit}\t{visit * 10 if there else 'n/a'}\tn/a\t{'n/a' if visit > 1 else 5}"
            )
        write(root / person / f"{person}_sessions.tsv", "\n".join(lines) + "\n")
    return root


def test_openpain_sidecars_with_a_missing_bracket_are_read_and_noted(openpain: Path) -> None:
    found = read(openpain, "openpain")
    mended = {item.file: item.found for item in found.problems if item.code == "CL338"}
    assert set(mended) == {"participants.json", "sessions.json", "task-mv_resp.json", "task-mv_stim.json"}
    assert "SamplingFrequency" in mended["task-mv_resp.json"]
    # The range of the sidecar is held: an age of 7 is no age here.
    [outside] = [item for item in found.problems if item.code == "CL312"]
    assert (outside.file, outside.found) == ("participants.tsv", "age = '7'")
    assert found.participants["age"].iloc[0] == "30"


def test_openpain_tells_the_meanings_of_na_apart(openpain: Path) -> None:
    reason = why(read(openpain, "openpain"))
    absent = [
        (path.name, f"ses-visit{visit}")
        for path in sorted(openpain.glob("sub-*"))
        for visit in range(1, 6)
        if not (path / f"ses-visit{visit}").is_dir()
    ]
    assert absent, "the listing has people who left"
    for person, session in absent:
        assert reason[person, session, "vas", "n/a"] == "lost"
    for person in {path.name for path in openpain.glob("sub-*")}:
        assert reason[person, "ses-visit2", "mpq_sensory", "n/a"] == "not asked", (
            "asked at the first visit only"
        )
        assert reason[person, "ses-visit1", "bdi", "n/a"] == "not asked", "never asked"


def test_openpain_ratings_are_summed_up_by_run(openpain: Path) -> None:
    visits = read(openpain, "openpain").visits
    runs = visits[visits["variable"] == "sp_resp_mean"]
    listed = [path for path in openpain.glob("sub-*/ses-*/func/*_task-sp_*resp.tsv.gz")]
    assert len(runs) == len(listed) > 20
    first = runs[(runs["participant_id"] == "sub-001") & (runs["session_id"] == "ses-visit1")]
    assert first["instance"].tolist() == ["01", "02"]
    np.testing.assert_allclose(first["number"], 31.0)
    seconds = visits[visits["variable"] == "mv_stim_seconds"]["number"]
    assert len(seconds)
    assert (seconds == 10).all(), "100 samples at the 10 Hz that the sidecar writes as text"


def test_openpain_declares_what_it_reads(openpain: Path) -> None:
    names = source_files(CohortSettings(adapter="openpain"), openpain)
    assert "dataset:sessions.json" in names
    assert sum(name.endswith("_resp.tsv.gz") for name in names) > 20
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "entry", "mended"),
    [
        ('{"a": {"Description": "x"}}', {"Description": "x"}, []),
        ('{"a": {"Description": "x"}', {"Description": "x"}, ["CL338"]),
        ('{"b": {"Levels": {"0": "no"}, "a": {"Description": "x"}}', {"Description": "x"}, ["CL338"]),
        ('{"a": {"Description": "x"},', {"Description": "x"}, ["CL338"]),
        ('{"a": {"Description": "x}', {}, ["CL109"]),
        ('{"a": ]', {}, ["CL109"]),
        ("[1", {}, ["CL109"]),
        ("", {}, ["CL109"]),
    ],
)
def test_only_brackets_at_the_end_are_mended(
    tmp_path: Path, text: str, entry: dict, mended: list[str]
) -> None:
    write(tmp_path / "s.json", text)
    said, notes = read_tolerant_json(tmp_path / "s.json", "s.json")
    assert entry_of(said, "a") == entry
    assert [item.code for item in notes] == mended


@pytest.fixture
def a2cps(tmp_path: Path) -> Path:
    columns = [f"cuff_pain_cuff{run}_{part}" for run in (1, 2) for part in ("beginning", "middle", "end")]
    write(tmp_path / "participants.tsv", "participant_id\tsite\nsub-10003\tUI\nsub-10008\tNS\n")
    ratings = {"sub-10003": "3.5\t4\t4.5\t2\t2\t2.5", "sub-10008": "n/a\t5.2\t6\t11\t1\t1"}
    for person, cells in ratings.items():
        text = "session_id\t" + "\t".join(columns) + f"\nses-V1\t{cells}\n"
        write(tmp_path / person / f"{person}_sessions.tsv", text)
    scans = (
        "filename\trating\tacq_time\n"
        "func/sub-10003_ses-V1_task-rest_run-01_bold.nii.gz\tgreen\tn/a\n"
        "func/sub-10003_ses-V1_task-cuff_run-01_bold.nii.gz\tyellow\tn/a\n"
        "func/sub-10003_ses-V1_task-cuff_run-02_bold.nii.gz\tRed\tn/a\n"
        "anat/sub-10003_ses-V1_T1w.nii.gz\tred\tn/a\n"
    )
    write(tmp_path / "sub-10003/ses-V1/sub-10003_ses-V1_scans.tsv", scans)
    events = "onset\tduration\tapplied_pressure\n0\t450\t{}\n"
    for run, pressure in (("01", "120"), ("02", "0")):
        name = f"sub-10003/ses-V1/func/sub-10003_ses-V1_task-cuff_run-{run}_events.tsv"
        write(tmp_path / name, events.format(pressure))
    return tmp_path


def test_a2cps_cuff_ratings_keep_to_their_scale(a2cps: Path) -> None:
    found = read(a2cps, "a2cps")
    values = found.visits.set_index(["participant_id", "variable"])["number"]
    assert values["sub-10003", "cuff_pain_cuff1_beginning"] == 3.5
    assert np.isnan(values["sub-10008", "cuff_pain_cuff1_middle"]), "5.2 is between the steps"
    wrong = sorted(item.found for item in found.problems if item.code == "CL312")
    assert wrong == ["cuff_pain_cuff1_middle = '5.2'", "cuff_pain_cuff2_beginning = '11'"]
    assert found.sessions["cuff_pain_cuff2_end"].tolist() == ["2.5", "1"]
    assert found.participants["site"].tolist() == ["UI", "NS"]


def test_a2cps_marks_and_runs_without_pressure_are_named(a2cps: Path) -> None:
    found = read(a2cps, "a2cps")
    codes = Counter(item.code for item in found.problems)
    assert (codes["CL339"], codes["CL340"], codes["CL341"]) == (2, 1, 1)
    red = [(item.row, item.session_id) for item in found.problems if item.code == "CL339"]
    assert red == [("4", "ses-V1"), ("5", "ses-V1")]
    assert found.marked == (ImageMark("sub-10003", "ses-V1", "cuff", "02"),)
    [idle] = [item for item in found.problems if item.code == "CL341"]
    assert idle.file.endswith("run-02_events.tsv")
