"""Schemas hold tables to their form, and tables come back from disk as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corticolimbic.features import (
    Schema,
    SchemaError,
    read_sessions,
    read_table,
    schema,
    schema_names,
    session_order,
    write_table,
)

AWKWARD = [
    "",
    "01",
    "n/a",
    "nan",
    "大脑",
    'a "quoted" cell',
    "'",
    "=1+1",
    "#x",
    "null",
    "None",
    "a  b ",
    "é",
    "1e5",
    ",",
]
BREAKING = [
    "tab\there",
    "two\nlines",
    "carriage\rreturn",
    "vertical\x0btab",
    "line\u2028separator",
    "nul\x00",
    "\x85",
]
NUMBERS = {
    "float": [0.1 + 0.2, -0.0, 1e-310, 1.7976931348623157e308, np.nan, np.inf, -1 / 3],
    "int": [0, -1, 2**53 + 1],
}


def cell(form: Schema, kind: str, row: int) -> Any:
    if kind == "string":
        return AWKWARD[row % len(AWKWARD)]
    if kind.startswith("list"):
        return [np.zeros(0, np.float32), np.array([0.5, np.nan], np.float32)][row % 2]
    return NUMBERS[kind][row % len(NUMBERS[kind])]


def _types(form: Schema) -> dict[str, str]:
    return {column.name: column.type for column in form.columns}


def awkward(form: Schema, rows: int = 30) -> pd.DataFrame:
    """Return a table of every awkward value, with distinct keys."""
    made = [{column.name: cell(form, column.type, row) for column in form.columns} for row in range(rows)]
    for row, values in enumerate(made):
        if form.key:
            last = next(name for name in reversed(form.key) if _types(form)[name] == "string")
            values[last] = f"{values[last]} {row}"
    return form.table(made)


@pytest.mark.parametrize("name", schema_names())
def test_every_table_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    form = schema(name)
    path = tmp_path / f"table.{form.format}"
    table = awkward(form)
    write_table(table, name, path)
    pd.testing.assert_frame_equal(read_table(name, path), table, check_exact=True)
    again = tmp_path / f"again.{form.format}"
    write_table(table[table.columns[::-1]].set_axis(range(5, 35)), name, again)
    assert again.read_bytes() == path.read_bytes(), "equal tables give equal bytes"
    write_table(form.table([]), name, path)
    empty = read_table(name, path)
    assert list(empty.columns) == form.names
    assert len(empty) == 0


@pytest.mark.parametrize("name", [name for name in schema_names() if schema(name).format == "tsv"])
def test_a_tsv_stays_a_plain_table_whatever_its_cells_hold(name: str, tmp_path: Path) -> None:
    form = schema(name)
    texts = [column.name for column in form.columns if column.type == "string"]
    rows = [{text: f"{value}{row}" for text in texts} for row, value in enumerate(BREAKING)]
    path = tmp_path / "table.tsv"
    write_table(form.table(rows), name, path)
    lines = path.read_bytes().decode("utf-8").splitlines()
    assert len(lines) == len(BREAKING) + 1
    assert {line.count("\t") for line in lines} == {len(form.columns) - 1}
    assert read_table(name, path)[texts[0]].tolist() == [
        "tab here0", "two lines1", "carriage return2", "vertical tab3", "line separator4", "nul 5", " 6"
    ]  # fmt: skip


@given(texts=st.lists(st.text(max_size=8), min_size=1, max_size=6), value=st.floats())
@settings(max_examples=60, deadline=None)
def test_any_text_and_any_number_survive_a_tsv(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], value: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    table = schema("problems").table([{"found": text, "row": str(row)} for row, text in enumerate(texts)])
    write_table(table, "problems", path)
    back = read_table("problems", path)
    for before, after in zip(texts, back["found"], strict=True):
        assert after.isprintable()
        assert [new for old, new in zip(before, after, strict=True) if old.isprintable()] == [
            old for old in before if old.isprintable()
        ]
    scores = schema("scores").table([{"score": value}])
    write_table(scores, "scores", path)
    pd.testing.assert_frame_equal(read_table("scores", path), scores, check_exact=True)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"stranger": 1}, "no such column"),
        ({"mean_fd": "0.1"}, "mean_fd"),
        ({"mean_fd": "fast"}, "mean_fd"),
        ({"n_runs": 1.5}, "whole"),
        ({"n_runs": "2"}, "n_runs"),
        ({"n_runs": True}, "n_runs"),
        ({"n_runs": np.inf}, "n_runs"),
        ({"participant_id": 1}, "participant_id"),
        ({"site": 2.5}, "site"),
        ({"site": b"x"}, "site"),
    ],
)
def test_a_row_of_another_form_is_refused(row: dict, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        schema("sessions").table([{"participant_id": "sub-1", "session_id": "ses-1"} | row])


def test_mixed_types_in_one_column_are_refused() -> None:
    rows = [{"participant_id": f"sub-{at}", "mean_fd": value} for at, value in enumerate([0.1, "0.2"])]
    with pytest.raises(SchemaError, match="mean_fd"):
        schema("sessions").table(rows)


@pytest.mark.parametrize("values", ["0.5", ["a"], [[0.5]], [True], 3, {"a": 1}])
def test_a_list_column_holds_vectors_of_numbers(values: object) -> None:
    with pytest.raises(SchemaError, match="upper"):
        schema("matrices").table([{"participant_id": "sub-1", "upper": values}])


def test_missing_cells_have_declared_values() -> None:
    row = schema("sessions").table([{"participant_id": "sub-1", "n_runs": None, "site": None}]).iloc[0]
    assert (row["n_runs"], row["site"]) == (-1, "")
    assert np.isnan(row["mean_fd"])
    assert schema("matrices").table([{"participant_id": "sub-1"}])["upper"][0].size == 0


def test_repeated_keys_and_other_columns_are_refused() -> None:
    form = schema("sessions")
    row = {"participant_id": "sub-1", "session_id": "ses-1"}
    with pytest.raises(SchemaError, match=r"1 repeated key.*sub-1"):
        form.table([row, {**row, "site": "north"}])
    table = form.table([row])
    with pytest.raises(SchemaError, match=r"missing.*site"):
        form.check(table.drop(columns="site"))
    with pytest.raises(SchemaError, match=r"unknown.*stranger"):
        form.check(table.assign(stranger=1))
    with pytest.raises(SchemaError, match=r"twice.*site"):
        form.check(pd.concat([table, table[["site"]]], axis=1))


def test_another_table_or_version_or_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "function.parquet"
    write_table(schema("sessions").table([]), "sessions", path)
    with pytest.raises(SchemaError, match="expected table visits"):
        read_table("visits", path)
    found = pq.ParquetFile(path).read()
    for metadata, words in (
        ({"table": "sessions", "schema_version": "999"}, "found sessions of version 999"),
        ({}, "another table"),
    ):
        pq.write_table(found.replace_schema_metadata(metadata), path)
        with pytest.raises(SchemaError, match=words):
            read_table("sessions", path)
    write_table(schema("sessions").table([]), "sessions", path)
    for damaged in (path.read_bytes()[:-9], b"", b"no parquet at all"):
        path.write_bytes(damaged)
        with pytest.raises(SchemaError, match="Parquet"):
            read_table("sessions", path)


@pytest.mark.parametrize("body", ["", "a\tb\n1\n", "score\nfast\n"])
def test_a_damaged_tsv_is_refused(tmp_path: Path, body: str) -> None:
    path = tmp_path / "scores.tsv"
    path.write_text(body)
    with pytest.raises(SchemaError):
        read_table("scores", path)


def test_unknown_tables_are_refused_with_those_there_are() -> None:
    with pytest.raises(SchemaError, match="features"):
        schema("feature")


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_complete(name: str) -> None:
    form = schema(name)
    assert form.name == name
    assert form.title
    assert form.schema_version >= 1
    assert form.format in {"parquet", "tsv"}
    assert len(set(form.names)) == len(form.names)
    for column in form.columns:
        assert column.type in {"string", "int", "float", "list<float32>"}
        assert column.description.endswith(".")
        # Labels and ids are strings, whatever they look like; a moment or an order may be part of a key too.
        assert not (column.key and column.type != "string" and column.name not in {"day", "place", "x"})
        assert form.format == "parquet" or not column.type.startswith("list")


def test_parquet_carries_its_schema_and_descriptions(tmp_path: Path) -> None:
    path = tmp_path / "function.parquet"
    write_table(awkward(schema("series")), "series", path)
    found = pq.read_schema(path)
    assert found.metadata[b"table"] == b"series"
    assert found.metadata[b"schema_version"] == str(schema("series").schema_version).encode()
    assert found.field("values").type == pa.list_(pa.float32())
    assert found.field("values").metadata[b"unit"] == b"SD"
    assert b"pandas" not in found.metadata


def test_sessions_are_read_as_one_sorted_table_with_labels_as_written(tmp_path: Path) -> None:
    for person, session in (
        ("sub-10", "ses-none"),
        ("sub-01", "ses-02"),
        ("sub-01", "ses-01"),
        ("sub-1", "ses-1"),
    ):
        rows = [
            {
                "participant_id": person,
                "session_id": session,
                "task": "rest",
                "run": run,
                "measure": "fc",
                "value": 1.0,
            }
            for run in ("02", "01", "1")
        ]
        path = tmp_path / "features" / person / session / "function.parquet"
        write_table(schema("features").table(rows), "features", path)
    (tmp_path / "features" / "sub-01" / "ses-01" / ".part-x.parquet").write_bytes(b"left by a killed process")
    table = read_sessions(tmp_path, "features")
    keys = list(table[["participant_id", "session_id", "run"]].itertuples(index=False, name=None))
    assert keys == sorted(keys)
    assert {key[0] for key in keys} == {"sub-01", "sub-1", "sub-10"}
    assert [key[2] for key in keys[:3]] == ["01", "02", "1"]
    assert len(table) == 12
    assert read_sessions(tmp_path / "nowhere", "features").empty


def test_sessions_are_ordered_as_people_number_them() -> None:
    names = ["ses-10", "ses-2", "ses-1", "ses-01", "ses-baseline", "ses-2b", "ses-2a"]
    wanted = ["ses-01", "ses-1", "ses-2", "ses-2a", "ses-2b", "ses-10", "ses-baseline"]
    assert sorted(names, key=session_order) == wanted


def test_sessions_with_other_columns_or_damage_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "features" / f"sub-{at}" / "ses-none" / "function.parquet" for at in (1, 2)]
    for path in paths:
        write_table(schema("features").table([{"participant_id": path.parts[-3]}]), "features", path)
    assert len(read_sessions(tmp_path, "features")) == 2
    arrow = pq.ParquetFile(paths[1]).read()
    pq.write_table(arrow.drop_columns(["qc"]), paths[1])
    with pytest.raises(SchemaError, match=r"qc|columns"):
        read_sessions(tmp_path, "features")
    write_table(schema("sessions").table([]), "sessions", paths[1])
    with pytest.raises(SchemaError, match="expected table features"):
        read_sessions(tmp_path, "features")
