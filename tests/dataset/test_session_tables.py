"""Tables by session become one long table of strings."""

from __future__ import annotations

from pathlib import Path

from corticolimbic.dataset import read_sessions_tables


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def rows(root: Path) -> list[list[str]]:
    return read_sessions_tables(root).table.values.tolist()


def found(root: Path) -> list[tuple[str, str, str, str, str]]:
    problems = read_sessions_tables(root).problems
    return [(item.code, item.file, item.row, item.participant_id, item.session_id) for item in problems]


def test_each_persons_table_and_the_common_one_are_joined_by_key(tmp_path: Path) -> None:
    write(tmp_path, "sub-02/sub-02_sessions.tsv", "session_id\tpain\nses-2\t3\nses-1\tn/a\n")
    write(tmp_path, "sub-01/sub-01_sessions.tsv", "session_id\tpain\tdate\n1\t6\t2020-01-01\n")
    write(tmp_path, "sessions.tsv", "participant_id\tsession_id\tmood\n03\tses-1\tlow\n")
    tables = read_sessions_tables(tmp_path)
    assert list(tables.table.columns) == ["participant_id", "session_id", "mood", "pain", "date"]
    assert tables.table.values.tolist() == [
        ["sub-01", "ses-1", "", "6", "2020-01-01"],
        ["sub-02", "ses-1", "", "", ""],
        ["sub-02", "ses-2", "", "3", ""],
        ["sub-03", "ses-1", "low", "", ""],
    ]
    assert tables.problems == ()
    assert tables.files == ("sessions.tsv", "sub-01/sub-01_sessions.tsv", "sub-02/sub-02_sessions.tsv")


def test_no_tables_give_an_empty_one(tmp_path: Path) -> None:
    tables = read_sessions_tables(tmp_path)
    assert list(tables.table.columns) == ["participant_id", "session_id"]
    assert (len(tables.table), tables.problems, tables.files) == (0, (), ())


def test_a_session_twice_with_different_rows_is_set_aside(tmp_path: Path) -> None:
    name = "sub-01/sub-01_sessions.tsv"
    write(tmp_path, name, "session_id\tpain\nses-1\t3\nses-1\t4\nses-2\t5\nses-1\t3\n")
    assert rows(tmp_path) == [["sub-01", "ses-2", "5"]]
    assert found(tmp_path) == [
        ("CL313", name, "3", "sub-01", "ses-1"),
        ("CL304", name, "5", "sub-01", "ses-1"),
    ]


def test_no_session_column_is_cl313(tmp_path: Path) -> None:
    write(tmp_path, "sub-01/sub-01_sessions.tsv", "visit\tpain\n1\t3\n")
    write(tmp_path, "sessions.tsv", "session_id\tpain\n1\t3\n")
    assert found(tmp_path) == [
        ("CL313", "sessions.tsv", "1", "", ""),
        ("CL313", "sub-01/sub-01_sessions.tsv", "1", "sub-01", ""),
    ]


def test_a_session_without_an_id_is_named_with_its_row(tmp_path: Path) -> None:
    write(tmp_path, "sub-01/sub-01_sessions.tsv", "session_id\tpain\nses-1\t3\nn/a\t4\n\t\n")
    assert rows(tmp_path) == [["sub-01", "ses-1", "3"]]
    assert found(tmp_path) == [("CL313", "sub-01/sub-01_sessions.tsv", "3", "sub-01", "")]


def test_the_table_of_another_person_is_not_used(tmp_path: Path) -> None:
    write(tmp_path, "sub-01/sub-02_sessions.tsv", "session_id\tpain\nses-1\t3\n")
    assert rows(tmp_path) == []
    assert found(tmp_path) == [("CL115", "sub-01/sub-02_sessions.tsv", "", "", "")]


def test_a_row_of_another_person_is_not_used(tmp_path: Path) -> None:
    write(
        tmp_path, "sub-01/sub-01_sessions.tsv", "participant_id\tsession_id\nsub-01\tses-1\nsub-02\tses-1\n"
    )
    assert rows(tmp_path) == [["sub-01", "ses-1"]]
    assert found(tmp_path) == [("CL315", "sub-01/sub-01_sessions.tsv", "3", "sub-01", "")]


def test_a_damaged_table_costs_only_itself(tmp_path: Path) -> None:
    write(tmp_path, "sub-01/sub-01_sessions.tsv", "session_id\tpain\nses-1\n")
    write(tmp_path, "sub-02/sub-02_sessions.tsv", "session_id\tpain\nses-1\t4\n")
    assert rows(tmp_path) == [["sub-02", "ses-1", "4"]]
    assert found(tmp_path) == [("CL107", "sub-01/sub-01_sessions.tsv", "2", "sub-01", "")]


def test_decomposed_folder_names_give_composed_ids(tmp_path: Path) -> None:
    write(tmp_path, "sub-e\u0301/sub-e\u0301_sessions.tsv", "session_id\nses-1\n")
    assert rows(tmp_path) == [["sub-é", "ses-1"]]
