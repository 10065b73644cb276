"""The participants table: joined by key, contradictions set aside, nothing guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from corticolimbic.dataset import Participants, read_participants

FILE = "participants.tsv"
GOOD = "participant_id\tsite\tage\nsub-02\ta\t30\nsub-01\tb\tn/a\n"


def read(root: Path, data: str | bytes, name: str = FILE) -> Participants:
    (root / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_participants(root)


def found(people: Participants) -> list[tuple[str, str, str, str]]:
    return [(item.code, item.file, item.row, item.participant_id) for item in people.problems]


def test_cells_stay_strings_and_missing_is_empty(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD.replace("30", "030"))
    assert people.ids == ("sub-01", "sub-02")
    assert people.columns == ("site", "age")
    assert people.table.loc["sub-02"].tolist() == ["a", "030"]
    assert people.table.loc["sub-01"].tolist() == ["b", ""]
    assert people.table.index.name == "participant_id"
    assert (people.problems, people.set_aside, people.usable) == ((), (), True)


def test_no_table_is_cl301(tmp_path: Path) -> None:
    people = read_participants(tmp_path)
    assert found(people) == [("CL301", FILE, "", "")]
    assert (people.ids, people.usable, len(people.table)) == ((), False, 0)


def test_a_table_under_another_name_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "Participants.csv").write_text("participant_id\nsub-1\n")
    (tmp_path / "participants.json").write_text("{}")
    assert read_participants(tmp_path).problems[0].found == "no participants.tsv, but Participants.csv"


def test_no_key_column_is_cl302(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD.replace("participant_id", "subject"))
    assert found(people) == [("CL302", FILE, "1", "")]
    assert not people.usable


def test_commas_in_tsv_clothes_are_cl302_and_named(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD.replace("\t", ","))
    assert found(people) == [("CL302", FILE, "1", "")]
    assert "commas" in people.problems[0].found


@pytest.mark.parametrize("header", ["Participant_ID", "PARTICIPANT_ID", "participant id"])
def test_key_column_in_another_case_is_read(tmp_path: Path, header: str) -> None:
    assert read(tmp_path, GOOD.replace("participant_id", header)).ids == ("sub-01", "sub-02")


def test_ids_without_prefix_get_it_and_are_noted_once(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD.replace("sub-", ""))
    assert people.ids == ("sub-01", "sub-02")
    assert found(people) == [("CL311", FILE, "2", "")]
    assert people.problems[0].found == "2 ids without sub-, the first '02'"


def test_the_same_person_twice_with_different_rows_is_set_aside(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD + "sub-02\ta\t31\n")
    assert people.ids == ("sub-01",)
    assert people.set_aside == ("sub-02",)
    assert found(people) == [("CL303", FILE, "4", "sub-02")]


def test_an_identical_row_is_used_once(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD + "02\ta\t30\n")
    assert people.ids == ("sub-01", "sub-02")
    assert people.table.loc["sub-02"].tolist() == ["a", "30"]
    assert ("CL304", FILE, "4", "sub-02") in found(people)


def test_rows_that_only_differ_in_the_way_to_say_missing_are_identical(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD + "sub-01\tb\tNaN\n")
    assert found(people) == [("CL304", FILE, "4", "sub-01")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "CL106"),
        (GOOD.replace("\n", "\r\n").encode(), "CL106"),
        (GOOD.replace("\n", "\r").encode(), "CL106"),
        (GOOD.encode("utf-16"), "CL105"),
        ((GOOD + "sub-03\t北京\t1\n").encode("gb18030"), "CL105"),
        (GOOD.replace("a", '"a"').replace('p"a"', "pa").replace('"a"g', "ag").encode(), "CL106"),
    ],
    ids=["byte order mark", "CRLF", "CR only", "UTF-16", "GB18030", "quoted cells"],
)
def test_foreign_text_is_read_and_noted(tmp_path: Path, data: bytes, code: str) -> None:
    people = read(tmp_path, data)
    assert people.ids[:2] == ("sub-01", "sub-02")
    assert people.table.loc["sub-02"].tolist() == ["a", "30"]
    assert [item[:2] for item in found(people)] == [(code, FILE)]


def test_chinese_cells_survive_gb18030(tmp_path: Path) -> None:
    people = read(tmp_path, (GOOD + "sub-03\t北京\t1\n").encode("gb18030"))
    assert people.table.loc["sub-03", "site"] == "北京"


def test_everything_quoted_as_r_writes_it(tmp_path: Path) -> None:
    people = read(tmp_path, '"participant_id"\t"site"\n"sub-01"\t"a ""b"""\n')
    assert people.ids == ("sub-01",)
    assert people.table.loc["sub-01", "site"] == 'a "b"'


def test_unicode_ids_join_whatever_their_composition(tmp_path: Path) -> None:
    people = read(tmp_path, "participant_id\tx\nsub-e\u0301\t1\nsub-é\t1\n")
    assert people.ids == ("sub-é",)
    assert sorted(item[0] for item in found(people)) == ["CL112", "CL112", "CL304"]


@pytest.mark.parametrize(
    "cell", ["../../x", "a/b", "sub-", "n/a", "a b", "..", "sub-..", "a\\b", "sub-\u202e1"]
)
def test_ids_that_cannot_be_carried_are_cl315(tmp_path: Path, cell: str) -> None:
    people = read(tmp_path, GOOD + f"{cell}\tx\t1\n")
    assert people.ids == ("sub-01", "sub-02")
    assert found(people) == [("CL315", FILE, "4", "")]


def test_rows_of_nothing_are_passed_over_and_rows_still_counted(tmp_path: Path) -> None:
    people = read(tmp_path, GOOD.replace("sub-01", "\n\t\t\nsub-01") + "sub-01\tc\t1\n\t\t\n")
    assert people.ids == ("sub-02",)
    assert found(people) == [("CL303", FILE, "6", "sub-01")]


@pytest.mark.parametrize(
    ("data", "code", "row"),
    [
        ("", "CL111", ""),
        (GOOD + "sub-03\n", "CL107", "4"),
        ("participant_id\tage\tage\nsub-1\t1\t2\n", "CL108", "1"),
        (b"participant_id\0\n", "CL104", ""),
    ],
)
def test_an_unusable_table_is_one_problem(tmp_path: Path, data: str | bytes, code: str, row: str) -> None:
    people = read(tmp_path, data)
    assert found(people) == [(code, FILE, row, "")]
    assert not people.usable


def test_header_only_is_a_table_of_nobody(tmp_path: Path) -> None:
    people = read(tmp_path, "participant_id\tsite\n")
    assert (people.ids, people.columns, people.usable) == ((), ("site",), True)


def test_only_the_key_column(tmp_path: Path) -> None:
    people = read(tmp_path, "participant_id\nsub-1\n\nsub-2\n")
    assert (people.ids, people.columns) == (("sub-1", "sub-2"), ())


def test_a_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    people = read(tmp_path, "\tparticipant_id\tage\n0\tsub-1\t3\n")
    assert people.columns == ("age",)
    assert found(people) == [("CL117", FILE, "1", "")]


def test_a_link_out_of_the_dataset_is_cl110(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(GOOD)
    root = tmp_path / "data"
    root.mkdir()
    (root / FILE).symlink_to(tmp_path / "secret")
    assert found(read_participants(root)) == [("CL110", FILE, "", "")]


def test_a_folder_named_like_the_table_and_a_broken_link_are_cl101(tmp_path: Path) -> None:
    (tmp_path / "a" / FILE).mkdir(parents=True)
    assert found(read_participants(tmp_path / "a")) == [("CL101", FILE, "", "")]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / FILE).symlink_to(tmp_path / "b" / "gone")
    assert found(read_participants(tmp_path / "b")) == [("CL101", FILE, "", "")]
