"""Features that others computed: long and wide tables, and all that can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corticolimbic.dataset import Supplied, SuppliedTable, read_supplied
from corticolimbic.features import schema
from corticolimbic.foundation import hash_file

LONG = "participant_id\tsession_id\tmeasure\ttarget\tvalue\n"
ROW = "sub-01\tses-1\tfa\tSLF_R\t0.41\n"
PEOPLE = ("sub-01", "sub-02")


def read(root: Path, text: str | bytes, people: tuple[str, ...] | None = None, **told: object) -> Supplied:
    name = str(told.pop("name", "fa.tsv"))
    (root / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_supplied(root, [SuppliedTable.model_validate({"file": name, **told})], people)


def found(read_: Supplied) -> list[tuple[str, str, str]]:
    return [(item.code, item.row, item.participant_id) for item in read_.problems]


def test_a_long_table_becomes_rows_of_the_features_table(tmp_path: Path) -> None:
    supplied = read(tmp_path, LONG + ROW + "sub-02\tses-1\tfc\tmPFC--NAc_R\tn/a\n", PEOPLE, source="FSL 6")
    rows = schema("features").check(supplied.features)
    assert rows[
        ["participant_id", "session_id", "measure", "target", "statistic", "unit"]
    ].to_numpy().tolist() == [
        ["sub-01", "ses-1", "fa", "SLF_R", "mean", "ratio"],
        ["sub-02", "ses-1", "fc", "NAc_R--mPFC", "pearson", "r"],
    ]
    assert rows["value"].tolist()[0] == 0.41
    assert np.isnan(rows["value"].tolist()[1])
    assert rows["qc"].tolist() == ["ok", "missing in fa.tsv"]
    assert (rows[["task", "run", "acq", "space", "atlas"]] == "n/a").all(axis=None)
    digest = hash_file(tmp_path / "fa.tsv")
    assert set(rows["inputs"]) == {digest}
    made = supplied.definitions[rows["definition"][0]]
    assert made["settings"] == {"supplied": {"fa.tsv": digest}, "source": "FSL 6"}
    assert supplied.problems == ()
    assert supplied.summary[["file", "target", "n_people", "n_missing"]].to_numpy().tolist() == [
        ["fa.tsv", "SLF_R", 1, 0],
        ["fa.tsv", "NAc_R--mPFC", 0, 1],
    ]


def test_a_long_table_may_name_everything_itself(tmp_path: Path) -> None:
    text = (
        "Participant ID\tsession_id\ttask\trun\tacq\tspace\tatlas\tstrategy\tmeasure\ttarget\t"
        "statistic\tvalue\tunit\tqc\n01\t1\ttask-rest\t02\tmb\tfsLR\tMIST122\taroma\tfc\tL_FP_l--R_FP_l"
        "\tpartial\t.3\tr\tmoved\n"
    )
    supplied = read(tmp_path, text)
    row = supplied.features.iloc[0]
    assert row[["participant_id", "session_id", "task", "run", "acq"]].tolist() == [
        "sub-01", "ses-1", "rest", "02", "mb"]  # fmt: skip
    assert row[["space", "atlas", "strategy", "statistic", "qc"]].tolist() == [
        "fsLR", "MIST122", "aroma", "partial", "moved"]  # fmt: skip
    assert found(supplied) == [("CL311", "2", "")]


def test_a_wide_table_is_read_by_its_described_columns(tmp_path: Path) -> None:
    columns = {
        "amy_l": {"measure": "volume", "target": "Amy_L"},
        "amy_l_v2": {"measure": "volume", "target": "Amy_L", "session": "ses-2", "task": ""},
        "lh,fc": {"measure": "fc", "target": "NAc_L--mPFC", "statistic": "partial", "task": "rest"},
    }
    text = 'participant_id,age,amy_l,amy_l_v2,"lh,fc"\nsub-01,30,1500,,0.2\n'
    supplied = read(tmp_path, text, name="w.csv", columns=columns, session="ses-1")
    rows = supplied.features.set_index(["session_id", "measure"])
    assert rows.loc[("ses-1", "volume"), "value"] == 1500
    assert rows.loc[("ses-2", "volume"), "qc"] == "missing in w.csv"
    assert rows.loc[("ses-1", "fc"), ["task", "statistic"]].tolist() == ["rest", "partial"]
    assert found(supplied) == [("CL335", "1", "")]


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        ("sub-01\tses-1\tfa\tSLF_R\t0,41", "CL283", "column value: '0,41' (a decimal comma?)"),
        ("sub-01\tses-1\tfa\tSLF_R\tinf", "CL283", "column value: 'inf'"),
        ("sub-01\tses-1\tfa\tSLF_R\t1e999", "CL283", "1e999"),
        ("sub-01\tses-1\tfa\tSLF_R\thigh", "CL283", "'high'"),
        ("sub-01\tses-1\tfa\tSLF_R\t-0.1", "CL288", "-0.1 ratio"),
        ("sub-01\tses-1\tfa\tSLF_R\t410", "CL288", "410 ratio"),
        ("sub-01\tses-1\tFA\tSLF_R\t0.4", "CL281", "near are fa"),
        ("sub-01\tses-1\t\tSLF_R\t0.4", "CL281", "is no registered measure"),
        ("sub-01\tses-1\tquality\tWholeBrain\t2", "CL281", "read here"),
        ("sub-01\tses-1\tfa\tslf_right\t0.4", "CL282", "SLF_R"),
        ("sub-01\tses-1\tfa\t../../x\t0.4", "CL282", "no target"),
        ("sub-01\tses-1\tfa\t\t0.4", "CL282", "no target"),
        ("sub-01\t../x\tfa\tSLF_R\t0.4", "CL289", "'../x'"),
        ("../01\tses-1\tfa\tSLF_R\t0.4", "CL315", "'../01'"),
        ("n/a\tses-1\tfa\tSLF_R\t0.4", "CL315", "'n/a'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_stay(
    tmp_path: Path, row: str, code: str, words: str
) -> None:
    supplied = read(tmp_path, LONG + ROW.replace("sub-01", "sub-02") + row + "\n")
    (problem,) = supplied.problems
    assert (problem.code, problem.file, problem.row) == (code, "fa.tsv", "3")
    assert words in problem.found
    assert problem.remedy
    assert supplied.features["participant_id"].tolist() == ["sub-02"]


def test_units_and_statistics_are_the_registered_ones(tmp_path: Path) -> None:
    head = LONG.replace("value\n", "value\tunit\tstatistic\n")
    rows = "sub-01\tses-1\tvolume\tAmy\t1.5\tcm3\t\nsub-01\tses-1\tfc\tNAc--mPFC\t.1\tr\tkendall\n"
    supplied = read(tmp_path, head + rows)
    assert [item.code for item in supplied.problems] == ["CL287", "CL281"]
    assert "'cm3' of volume; there are mm3" in supplied.problems[0].found
    assert supplied.features.empty


def test_a_name_that_is_wrong_in_all_rows_is_one_problem_with_their_number(tmp_path: Path) -> None:
    rows = "".join(f"sub-{number}\tses-1\tfa\tSLF_X\t0.4\n" for number in range(9))
    (problem,) = read(tmp_path, LONG + rows).problems
    assert (problem.code, problem.row) == ("CL282", "2")
    assert "(9 value(s))" in problem.found


def test_values_in_two_ways_are_both_refused_and_repeated_ones_used_once(tmp_path: Path) -> None:
    supplied = read(
        tmp_path, LONG + ROW + ROW + ROW.replace("0.41", "0.42") + ROW.replace("sub-01", "sub-02")
    )
    assert found(supplied) == [("CL304", "3", "sub-01"), ("CL284", "4", "sub-01")]
    assert supplied.features["participant_id"].tolist() == ["sub-02"]


def test_two_tables_contradict_each_other_too(tmp_path: Path) -> None:
    for name, value in (("a.tsv", "0.41"), ("b.tsv", "0.5")):
        (tmp_path / name).write_text(LONG + ROW.replace("0.41", value))
    supplied = read_supplied(tmp_path, [SuppliedTable(file="a.tsv"), SuppliedTable(file="b.tsv", source="x")])
    assert [(item.code, item.file) for item in supplied.problems] == [("CL284", "b.tsv")]
    assert supplied.features.empty


def test_tables_of_sites_with_the_same_source_hold_one_feature(tmp_path: Path) -> None:
    for person in ("01", "02"):
        (tmp_path / f"{person}.tsv").write_text(LONG + ROW.replace("01", person))
    tables = [SuppliedTable(file=f"{person}.tsv", source="FSL 6") for person in ("01", "02")]
    assert len(read_supplied(tmp_path, tables).definitions) == 1
    other = [tables[0], SuppliedTable(file="02.tsv", source="DIPY")]
    assert len(read_supplied(tmp_path, other).definitions) == 2


def test_people_on_one_side_only_are_reported(tmp_path: Path) -> None:
    supplied = read(tmp_path, LONG + ROW + ROW.replace("sub-01", "sub-09"), PEOPLE)
    assert found(supplied) == [("CL286", "", "sub-02"), ("CL285", "3", "sub-09")]
    assert supplied.features["participant_id"].tolist() == ["sub-01"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("subject\tmeasure\ttarget\tvalue\n1\tfa\tSLF\t.4\n", {}),
        ("participant_id\ttarget\tvalue\n1\tSLF\t.4\n", {}),
        ("participant_id\tx\n1\t.4\n", {"columns": {"y": {"measure": "fa", "target": "SLF"}}}),
        ("participant_id,measure,target,value\n1,fa,SLF,.4\n", {}),
    ],
)
def test_a_table_without_its_columns_is_cl280(tmp_path: Path, text: str, told: dict) -> None:
    assert found(read(tmp_path, text, **told)) == [("CL280", "1", "")]


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "CL111"), (b"a\tb\n1\n", "CL107"), (b"a\ta\n", "CL108"), (b"\0\1", "CL104")]
)
def test_a_damaged_table_is_a_problem(tmp_path: Path, data: bytes, code: str) -> None:
    supplied = read(tmp_path, data)
    assert [item.code for item in supplied.problems] == [code]
    assert supplied.features.empty


@pytest.mark.parametrize("name", ["../x.tsv", "/etc/hostname", "link.tsv", "none.tsv", "a\0b", "folder"])
def test_no_table_outside_the_dataset_is_read(tmp_path: Path, name: str) -> None:
    root = tmp_path / "data"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "x.tsv").write_text(LONG + ROW)
    (root / "link.tsv").symlink_to(tmp_path / "x.tsv")
    supplied = read_supplied(root, [SuppliedTable(file=name)])
    assert [item.code for item in supplied.problems] == [
        "CL101" if name in {"none.tsv", "folder"} else "CL110"
    ]
    assert supplied.features.empty


def test_marks_line_ends_and_foreign_letters_are_read(tmp_path: Path) -> None:
    text = (LONG + ROW + ROW.replace("sub-01", "sub-患者é")).replace("\n", "\r\n")
    supplied = read(tmp_path, b"\xef\xbb\xbf" + text.encode())
    assert supplied.features["participant_id"].tolist() == ["sub-01", "sub-患者é"]
    assert {item.code for item in supplied.problems} == {"CL106"}


def test_an_empty_table_and_none_give_no_rows(tmp_path: Path) -> None:
    for supplied in (read(tmp_path, LONG), read_supplied(tmp_path, [])):
        assert supplied.features.empty
        assert supplied.sessions == ()
        assert list(supplied.features.columns) == schema("features").names
        assert supplied.problems == ()


def test_a_key_is_no_column_with_values() -> None:
    with pytest.raises(ValidationError, match="is a key"):
        SuppliedTable.model_validate(
            {"file": "a.tsv", "columns": {"Participant_ID": {"measure": "fa", "target": "SLF"}}}
        )


CELL = st.text(alphabet="0123456789.,-+e naifNAsub_\"'\t;/\\脑", max_size=8)


@settings(max_examples=30)
@given(st.lists(st.lists(CELL, min_size=5, max_size=5), max_size=4))
def test_whatever_the_cells_hold_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    root = tmp_path_factory.getbasetemp()
    supplied = read(root, LONG + "".join("\t".join(row) + "\n" for row in cells), name="fuzz.tsv")
    assert isinstance(supplied.features, pd.DataFrame)
    known = supplied.features["value"].dropna()
    assert np.isfinite(known).all()
