"""What hospitals and spreadsheets do to tables: dates, ids, encodings, decimal commas, formulas, width."""

from __future__ import annotations

import gzip
import math
import subprocess
import sys
from pathlib import Path

import pytest
from cohort.clinical import cells, read, redcap, said, table, why

from corticolimbic.cohort import NO_SESSION, Source
from corticolimbic.cohort._reading._grid import read_grid
from corticolimbic.foundation import SettingsError

PAIN = "id: ID\ncolumns:\n  pain: {unit: NRS, low: 0, high: 10}\n"
DATED = "id: ID\ndate: day\nsession: visit\ncolumns:\n  pain: {unit: NRS, low: 0, high: 10}\n"


def pain(found: object, person: str, session: str = NO_SESSION) -> str:
    return cells(found)[person, session, "pain", "n/a"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "code", "declared", "day"),
    [
        ("43101", "CL320", {"excel_dates": 1900}, "2018-01-01"),
        ("41639", "CL320", {"excel_dates": 1904}, "2018-01-01"),
        ("1/2/2019", "CL319", {"date_order": "dmy"}, "2019-02-01"),
        ("1/2/2019", "CL319", {"date_order": "mdy"}, "2019-01-02"),
        ("1.2.2019", "CL319", {"date_order": "dmy"}, "2019-02-01"),
        ("13/2/2019", "", {}, "2019-02-13"),
        ("2/13/2019", "", {}, "2019-02-13"),
        ("3/3/2019", "", {}, "2019-03-03"),
        ("2019/3/5", "", {}, "2019-03-05"),
        ("2019年3月5日", "", {}, "2019-03-05"),
        ("5-Mar-2019", "", {}, "2019-03-05"),
        ("2019-02-30", "CL319", None, ""),
        ("30/2/2019", "CL319", None, ""),
        ("13/13/2019", "CL319", None, ""),
        ("1/2/19", "CL319", None, ""),
        ("2/13/2019", "CL319", {"date_order": "dmy"}, None),
        ("soon", "CL319", None, ""),
        ("0219-03-05", "CL319", None, ""),
    ],
)
def test_a_date_is_read_declared_or_a_problem(
    tmp_path: Path, cell: str, code: str, declared: dict | None, day: str | None
) -> None:
    mapping = "id: ID\ncolumns:\n  seen: {kind: date}\n"
    text = f"ID,seen\na1,{cell}\n"
    plain = read(table(tmp_path, text, mapping))
    if declared and day is not None:
        assert said(plain) == ([(code, "2")] if code else [])
    if declared is None or day is None:
        found = read(table(tmp_path, text, mapping, **(declared or {})))
        assert said(found) == [(code, "2")]
        assert why(found)["sub-a1", NO_SESSION, "seen", "n/a"] == "unknown"
        return
    found = read(table(tmp_path, text, mapping, **declared))
    assert cells(found)["sub-a1", NO_SESSION, "seen", "n/a"] == day
    assert [item for item, _ in said(found)] == (["CL337"] if declared else [])


def test_ids_that_a_spreadsheet_changed_are_set_aside_and_not_guessed(tmp_path: Path) -> None:
    text = "ID,pain\n001,1\n1.0E+03,2\n7,3\n012,4\n1001.0,5\n,6\n=A1,7\n,\n"
    found = read(table(tmp_path, text, PAIN))
    assert said(found) == [
        ("CL321", "3"), ("CL321", "4"), ("CL321", "6"), ("CL315", "7"), ("CL322", "8")
    ]  # fmt: skip
    assert list(found.participants.index) == ["sub-001", "sub-012"]


def test_declared_digits_give_ids_their_zeros_back(tmp_path: Path) -> None:
    found = read(table(tmp_path, "ID,pain\n1,1\n12,4\n", PAIN, id_digits=3))
    assert list(found.participants.index) == ["sub-001", "sub-012"]
    assert [code for code, _ in said(found)] == ["CL337"]


def test_the_images_show_how_ids_were_written(tmp_path: Path) -> None:
    found = read(table(tmp_path, "ID,pain\n7,3\n12,4\n", PAIN), known=("sub-007", "sub-012"))
    assert said(found) == [("CL321", "2"), ("CL321", "3")]
    alone = read(table(tmp_path, "ID,pain\n7,3\n12,4\n", PAIN))
    assert said(alone) == [], "nothing shows that zeros are lacking"


def test_two_ids_that_become_one_without_their_signs_are_both_set_aside(tmp_path: Path) -> None:
    found = read(table(tmp_path, "ID,pain\nA-1,3\nA1,4\nB-2,5\n", PAIN))
    assert said(found) == [("CL315", "2"), ("CL315", "3")]
    assert list(found.participants.index) == ["sub-B2"]


@pytest.mark.parametrize(
    ("encoding", "codes"),
    [
        ("utf-8", []),
        ("utf-8-sig", ["CL106"]),
        ("utf-16", ["CL105"]),
        ("gb18030", ["CL105"]),
    ],
)
def test_chinese_columns_in_any_encoding(tmp_path: Path, encoding: str, codes: list[str]) -> None:
    text = "编号,疼痛,性别\n甲01,7,女\n甲02,3,男\n"
    mapping = "id: 编号\ncolumns:\n  疼痛: {variable: pain, low: 0, high: 10}\n  性别: {variable: sex}\n"
    found = read(table(tmp_path, text.encode(encoding), mapping))
    assert pain(found, "sub-甲01") == "7"
    assert found.participants["sex"].tolist() == ["女", "男"]
    assert [code for code, _ in said(found)] == codes


def test_an_encoding_that_cannot_be_seen_is_declared(tmp_path: Path) -> None:
    data = "ID,Schmerz,Ärztin\nm1,4,Müller\n".encode("latin-1")
    mapping = "id: ID\ncolumns:\n  Schmerz: {variable: pain}\n  Ärztin: {variable: doctor}\n"
    found = read(table(tmp_path, data, mapping, encoding="latin-1"))
    assert found.participants["doctor"].tolist() == ["Müller"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ID;pain\r\na1;3,5\r\na2;4\r\n", "table.csv"),
        ("ID\tpain\ra1\t3,5\ra2\t4\r", "table.txt"),
        ('"ID"\t"pain"\n"a1"\t"3,5"\n"a2"\t"4"\n', "table.tsv"),
        ("sep=;\nID;pain\na1;3,5\na2;4\n", "table.csv"),
        ('ID,pain\na1,"3,5"\na2,4\n', "table.csv"),
        ('"I\nD",pain\na1,"3,5"\na2,4\n', "table.csv"),
    ],
)
def test_decimal_commas_and_separators(tmp_path: Path, text: str, name: str) -> None:
    mapping = PAIN.replace("id: ID", 'id: "I\\nD"') if "I\nD" in text else PAIN
    found = read(table(tmp_path, text, mapping, name=name, decimal=","))
    numbers = found.visits.set_index("participant_id")["number"].to_dict()
    assert numbers == {"sub-a1": 3.5, "sub-a2": 4.0}


def test_a_decimal_comma_that_is_not_declared_is_a_problem_that_says_so(tmp_path: Path) -> None:
    found = read(table(tmp_path, 'ID,pain\na1,"3,5"\n', PAIN))
    [item] = found.problems
    assert (item.code, item.row) == ("CL307", "2")
    assert "decimal: ','" in item.expected
    grouped = read(table(tmp_path, 'ID,pain\na1,"1.003,5"\n', PAIN, decimal=","))
    assert said(grouped) == [("CL307", "2")]


def test_separators_in_doubt_must_be_declared(tmp_path: Path) -> None:
    text = "ID;pain, now\na1;3\n"
    with pytest.raises(SettingsError, match="declare the delimiter"):
        read(table(tmp_path, text, "id: ID\ncolumns:\n  'pain, now': {variable: pain}\n"))
    found = read(table(tmp_path, text, "id: ID\ncolumns:\n  'pain, now': {variable: pain}\n", delimiter=";"))
    assert pain(found, "sub-a1") == "3"


@pytest.mark.parametrize("cell", ["=HYPERLINK(0)", "+cmd|'/C calc'!A0", "@SUM(1)", "-cmd|x", "=1+1"])
def test_formulas_are_named_and_never_written_as_formulas(tmp_path: Path, cell: str) -> None:
    mapping = "id: ID\ncolumns:\n  note: {}\n  pain: {low: 0, high: 10}\n"
    found = read(table(tmp_path, f'ID,note,pain\na1,"{cell}","{cell}"\na2,- none,-0\n', mapping))
    assert said(found) == [("CL322", "2"), ("CL322", "2")]
    value = cells(found)
    assert value["sub-a1", NO_SESSION, "note", "n/a"] == "'" + cell
    assert value["sub-a1", NO_SESSION, "pain", "n/a"] == ""
    assert value["sub-a2", NO_SESSION, "note", "n/a"] == "- none", "a dash is no formula"


WIDE = """
import sys, time
import pandas as pd
from corticolimbic.cohort import CohortSettings, Source, Tables, read_clinical
source = Source(kind="redcap", path=sys.argv[1])
index = pd.Index([], name="participant_id", dtype="str")
sessions = pd.DataFrame({"participant_id": [], "session_id": []}, dtype="str")
tables = Tables(pd.DataFrame(index=index), sessions)
start = time.process_time()
visits = read_clinical(tables, CohortSettings(sources=(source,)), __import__("pathlib").Path()).visits
seconds = time.process_time() - start
last = visits[(visits["participant_id"] == "sub-007") & (visits["variable"] == "q9999")]
print(len(visits), last["value"].iloc[0], seconds)
"""


def test_ten_thousand_columns_are_read_in_seconds(tmp_path: Path) -> None:
    lines = ["record_id," + ",".join(f"q{place}" for place in range(10_000))]
    for person in range(40):
        lines.append(f"{person:03d}," + ",".join(str((person + at) % 5) for at in range(10_000)))
    redcap(tmp_path, "\n".join(lines) + "\n")
    # In a process of its own: here, types are checked in every call, which takes ten times as long.
    done = subprocess.run(
        [sys.executable, "-c", WIDE, str(tmp_path / "records.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, value, seconds = done.stdout.split()
    assert (int(rows), value) == (400_000, str((7 + 9999) % 5))
    assert float(seconds) < 10


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("ID,pain\na1,1\na2\n", "CL107", "3"),
        ('ID,pain\na1,"1\n', "CL107", ""),
        ("ID,pain,pain\na1,1,2\n", "CL108", "1"),
        ("", "CL111", ""),
        ("\n\n", "CL111", ""),
        ("ID,ache\na1,1\n", "CL318", "1"),
        ("\0\1\2", "CL104", ""),
    ],
)
def test_a_table_that_cannot_be_read_is_one_problem(tmp_path: Path, text: str, code: str, row: str) -> None:
    found = read(table(tmp_path, text, PAIN))
    assert [item.code for item in found.problems] == [code]
    if row:
        assert found.problems[0].row == row
    assert len(found.visits) == 0


def test_rows_keep_their_place_between_blank_lines_and_line_ends_in_cells(tmp_path: Path) -> None:
    text = 'ID,pain,note\na1,1,x\n\n\na2,99,"two\nlines"\na3,98,y\n,,\n'
    mapping = "id: ID\ncolumns:\n  pain: {low: 0, high: 10}\n  note: {}\n"
    found = read(table(tmp_path, text, mapping))
    # As the other tables of this package count: a row of several lines is named by its last.
    assert said(found) == [("CL312", "6"), ("CL312", "7")]
    assert list(found.participants.index) == ["sub-a1", "sub-a2", "sub-a3"]


def test_compressed_tables_and_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"ID,pain\na1,1\n", mtime=0))
    (tmp_path / "m.yaml").write_text(PAIN, encoding="utf-8")
    source = Source(kind="table", path=str(tmp_path / "t.csv.gz"), mapping=str(tmp_path / "m.yaml"))
    assert pain(read(source), "sub-a1") == "1"
    found = read(table(tmp_path, "ID,pain\n", PAIN))
    assert (len(found.visits), found.problems) == (0, ())


def test_a_grid_is_the_table_as_written(tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_text('a,b\n1,"x, ""y"""\n2,\n', encoding="utf-8")
    grid = read_grid(path)
    assert grid.coded(1).texts().tolist() == ['x, "y"', ""]
    assert grid.coded(0).filled().tolist() == [True, True]
    assert grid.numbers.tolist() == [2, 3]


def test_constant_and_empty_columns_hold_no_surprise(tmp_path: Path) -> None:
    found = read(table(tmp_path, "ID,pain\na1,NaN\na2,n/a\na3,\n", PAIN))
    assert found.problems == ()
    assert set(found.visits["missing"]) == {"unknown"}
    assert all(math.isnan(value) for value in found.visits["number"])
