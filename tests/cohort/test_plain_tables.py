"""Plain tables by mapping, wide and long, and BIDS phenotype tables by their JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from cohort.clinical import cells, no_tables, read, said, table, why

from corticolimbic.cohort import NO_SESSION, CohortSettings, Source, Tables, read_clinical, source_files
from corticolimbic.foundation import InputError, SettingsError

WIDE = """
id: ID
site: centre
columns:
  t1: {variable: pain, session: ses-1, day: 0, unit: NRS, low: 0, high: 10, missing: {"-9": refused}}
  t2: {variable: pain, session: ses-2, day: 90, unit: NRS, low: 0, high: 10, missing: {"-9": refused}}
  better: {levels: {"yes": 1, "no": 0}}
"""


def test_a_wide_table_has_a_column_for_each_visit(tmp_path: Path) -> None:
    found = read(table(tmp_path, "ID,centre,t1,t2,better\na1,N,7,-9,yes\na2,S,3,12,maybe\n", WIDE))
    value, reason = cells(found), why(found)
    assert value["sub-a1", "ses-1", "pain", "n/a"] == "7"
    assert reason["sub-a1", "ses-2", "pain", "n/a"] == "refused"
    assert said(found) == [("CL312", "3"), ("CL323", "3")]
    rows = found.visits.set_index(["participant_id", "session_id", "variable"])
    assert rows["day"]["sub-a1", "ses-2", "pain"] == 90
    assert rows["number"]["sub-a1", NO_SESSION, "better"] == 1
    assert found.participants["site"].tolist() == ["N", "S"]
    assert found.sessions["pain"].tolist() == ["7", "", "3", ""]


def test_a_mapping_may_be_a_table(tmp_path: Path) -> None:
    source = table(tmp_path, "ID,centre,t1\na1,N,7\n", WIDE)
    text = "column\trole\tvariable\tsession\tlow\thigh\nID\tid\t\t\t\t\ncentre\tsite\t\t\t\t\n"
    text += "t1\t\tpain\tses-1\t0\t10\n"
    (tmp_path / "mapping.tsv").write_text(text, encoding="utf-8")
    found = read(source.model_copy(update={"mapping": str(tmp_path / "mapping.tsv")}))
    assert cells(found)["sub-a1", "ses-1", "pain", "n/a"] == "7"


def test_a_long_table_has_a_row_for_each_value(tmp_path: Path) -> None:
    mapping = (
        "id: ID\nsession: visit\nlong_names: what\nlong_values: value\n"
        "columns:\n  pain: {low: 0, high: 10}\n  sleep: {unit: h, low: 0, high: 24}\n"
    )
    text = (
        "ID,visit,what,value\na1,1,pain,7\na1,1,sleep,6\na1,2,pain,5\na1,2,mood,3\na1,2,pain,4\na2,1,pain,4\n"
    )
    found = read(table(tmp_path, text, mapping))
    value = cells(found)
    assert value["sub-a1", "ses-1", "sleep", "n/a"] == "6"
    assert ("sub-a1", "ses-2", "pain", "n/a") not in value, "two values, so none"
    assert {code for code, _ in said(found)} == {"CL328", "CL335"}


def test_dates_order_and_one_person_described_in_two_ways(tmp_path: Path) -> None:
    mapping = (
        "id: ID\nsession: visit\ndate: seen\ncolumns:\n  sex: {}\n  born: {kind: date}\n  pain: {low: 0}\n"
    )
    text = (
        "ID,visit,seen,sex,born,pain\n"
        "a1,1,2020-01-01,F,1960-01-01,5\na1,2,2019-01-05,F,1960-01-01,4\na1,3,2020-03-01,M,1960-01-01,3\n"
        "a2,1,2020-01-01,F,2021-01-01,5\na2,2,2020-02-01,F,2021-01-01,5\n"
    )
    found = read(table(tmp_path, text, mapping, sex=("sex",), birth=("born",)))
    assert said(found) == [("CL325", "3"), ("CL329", "4"), ("CL324", "5"), ("CL324", "6")]
    day = found.visits[found.visits["variable"] == "pain"].set_index(["participant_id", "session_id"])["day"]
    assert day["sub-a1", "ses-3"] == 60
    assert day.isna()["sub-a1", "ses-2"]


def test_of_a_wrong_date_in_the_middle_the_wrong_one_is_named(tmp_path: Path) -> None:
    mapping = "id: ID\nsession: visit\ndate: seen\ncolumns:\n  pain: {low: 0}\n"
    text = "ID,visit,seen,pain\na1,1,2029-01-01,1\na1,2,2020-02-01,1\na1,10,2020-03-01,1\n"
    assert said(read(table(tmp_path, text, mapping))) == [("CL325", "2")]


def test_pounds_among_kilograms_and_a_site_on_another_scale(tmp_path: Path) -> None:
    mapping = (
        "id: ID\nsession: visit\nsite: site\ncolumns:\n"
        "  weight: {unit: kg, low: 20, high: 300}\n  pain: {unit: NRS, low: 0, high: 10}\n"
    )
    rows = ["ID,visit,site,weight,pain"]
    for person in range(6):
        site = "N" if person < 3 else "S"
        for visit in range(1, 4):
            weight = 70 + person + visit * 0.3
            rows.append(f"p{person},{visit},{site},{weight:.1f},{visit + (0 if site == 'N' else 50)}")
    rows[2] = "p0,2,N,155.0,2"
    found = read(table(tmp_path, "\n".join(rows) + "\n", mapping))
    assert said(found) == [("CL330", "3"), ("CL330", "11")]
    numbers = found.visits.set_index(["participant_id", "session_id", "variable"])["number"]
    assert numbers.isna()["sub-p0", "ses-2", "weight"]
    assert numbers["sub-p0", "ses-1", "weight"] == 70.3
    assert numbers["sub-p1", "ses-1", "pain"] == 1
    assert numbers.isna()["sub-p3", "ses-1", "pain"]


def test_two_values_beyond_the_scale_are_slips_and_not_another_unit(tmp_path: Path) -> None:
    mapping = "id: ID\ncolumns:\n  pain: {unit: NRS, low: 0, high: 10}\n"
    found = read(table(tmp_path, "ID,pain\na,55\nb,70\nc,5\n", mapping))
    assert said(found) == [("CL312", "2"), ("CL312", "3")]


def test_sources_that_disagree_lose_the_value_and_those_that_complete_each_other_do_not(
    tmp_path: Path,
) -> None:
    mapping = "id: ID\ncolumns:\n  age: {unit: years}\n  sex: {}\n"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = table(tmp_path / "one", "ID,age,sex\na,30,F\nb,41,\n", mapping)
    second = table(tmp_path / "two", "ID,age,sex\na,31,F\nb,41,M\n", mapping)
    found = read(first, second)
    assert [(item.code, item.row, item.file) for item in found.problems] == [
        ("CL336", "2", str(tmp_path / "two/table.csv"))
    ]
    assert found.participants["age"].tolist() == ["", "41"]
    assert found.participants["sex"].tolist() == ["F", "M"]


def test_sources_complete_the_tables_of_the_dataset(tmp_path: Path) -> None:
    people = pd.DataFrame(
        {"age": ["30", ""]},
        index=pd.Index(["sub-a", "sub-b"], name="participant_id", dtype="str"),
        dtype="str",
    )
    sessions = pd.DataFrame(
        [("sub-a", "ses-1", "5")], columns=["participant_id", "session_id", "nrs"], dtype="str"
    )
    tables = Tables(people, sessions, (2, 3), (("sub-a/sub-a_sessions.tsv", 2),))
    source = table(tmp_path, "ID,age,bdi\nb,41,12\nc,50,3\n", "id: ID\ncolumns:\n  age: {}\n  bdi: {}\n")
    found = read_clinical(tables, CohortSettings(sources=(source,)), tmp_path)
    assert found.participants.loc[["sub-a", "sub-b", "sub-c"], "age"].tolist() == ["30", "41", "50"]
    assert found.participants["bdi"].tolist() == ["", "12", "3"]
    assert found.sessions["nrs"].tolist() == ["5"]
    own = found.visits[found.visits["source"] == "sub-a/sub-a_sessions.tsv"]
    assert own["row"].tolist() == [2]


def test_phenotype_tables_by_their_json(tmp_path: Path) -> None:
    folder = tmp_path / "phenotype"
    folder.mkdir()
    (folder / "pain.tsv").write_text(
        "participant_id\tsession_id\tnrs\tband\nsub-01\tses-1\t4\t1\nsub-01\tses-2\t-98\t9\nsub-02\tses-1\t14\tn/a\n",
        encoding="utf-8",
    )
    sidecar = {
        "nrs": {
            "Description": "Pain", "Units": "NRS", "Minimum": 0, "Maximum": 10,
            "MissingValues": {"-98": "Refused to answer", "-99": "Not applicable"},
        },
        "band": {"Description": "Band", "Levels": {"1": "low", "2": "high"}},
    }  # fmt: skip
    (folder / "pain.json").write_text(json.dumps(sidecar), encoding="utf-8")
    settings = CohortSettings(sources=(Source(kind="phenotype", path="dataset:phenotype"),))
    found = read_clinical(no_tables(), settings, tmp_path)
    assert why(found)["sub-01", "ses-2", "nrs", "n/a"] == "refused"
    assert [(item.code, item.file, item.row) for item in found.problems] == [
        ("CL323", "phenotype/pain.tsv", "3"), ("CL312", "phenotype/pain.tsv", "4")
    ]  # fmt: skip
    assert source_files(settings, tmp_path) == (
        "dataset:phenotype/pain.tsv",
        "dataset:phenotype/pain.json",
    )


def test_what_cannot_be_read_is_a_problem_and_the_other_sources_go_on(tmp_path: Path) -> None:
    good = table(tmp_path, "ID,pain\na,1\n", "id: ID\ncolumns:\n  pain: {}\n")
    gone = Source(kind="redcap", path=str(tmp_path / "gone.csv"))
    found = read(gone, good)
    assert [item.code for item in found.problems] == ["CL101"]
    assert list(found.participants.index) == ["sub-a"]


def test_paths_into_the_dataset_cannot_leave_it(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("record_id,x\n1,2\n", encoding="utf-8")
    root = tmp_path / "data"
    root.mkdir()
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    for name in ("dataset:../secret.csv", "dataset:link.csv"):
        settings = CohortSettings(sources=(Source(kind="redcap", path=name),))
        found = read_clinical(no_tables(), settings, root)
        assert [item.code for item in found.problems] == ["CL110"]
        with pytest.raises(InputError, match="CL110"):
            source_files(settings, root)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("columns: {}\n", "columns"),
        ("id: ID\ncolumns:\n  pain: {session: first}\n", "session"),
        ("id: ID\ncolumns:\n  pain: {rnage: 3}\n", "no setting"),
        ("id: ID\nlong_names: a\ncolumns:\n  pain: {}\n", "long_values"),
        ("- a\n", "found a list"),
        ("a: [\n", "no YAML"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_by_name(tmp_path: Path, mapping: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(table(tmp_path, "ID,pain\na,1\n", mapping))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "table", "path": "x.csv"}, "mapping"),
        ({"kind": "redcap", "path": "x.csv", "labels": True}, "dictionary"),
        ({"kind": "redcap", "path": "x.csv", "events": {"a": "baseline"}}, "ses-LABEL"),
        ({"kind": "redcap", "path": "x.csv", "missing": {"-9": "gone"}}, "missing"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Source.from_mapping(values)
