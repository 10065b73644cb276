"""Reading and writing tables of a known schema: Parquet for numbers, TSV for what people open."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from corticolimbic.features._schema import Schema, SchemaError, schema
from corticolimbic.foundation import atomic_path, write_text

_ARROW = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list<float32>": pa.list_(pa.float32()),
}


def write_table(table: pd.DataFrame, name: str, path: Path) -> None:
    """Check a table against its schema and write it atomically.

    Equal tables give equal bytes: no time stamps, fixed column order. In TSV nothing is quoted (BIDS): tabs,
    line ends and other control characters in a cell become blanks, quotes stay as they are.

    Parameters
    ----------
    table
        Rows with the columns of the schema.
    name
        Name of the schema.
    path
        Where; ``.parquet`` or ``.tsv`` as the schema's format says.
    """
    form = schema(name)
    checked = form.check(table)
    if form.format == "tsv":
        write_text(path, _tsv(form.check(_plain_cells(checked, form))))
        return
    fields = [
        pa.field(
            column.name,
            _ARROW[column.type],
            metadata={"description": column.description, "unit": column.unit},
        )
        for column in form.columns
    ]
    metadata = {"table": form.name, "schema_version": str(form.schema_version)}
    arrays = [pa.array(list(checked[field.name]), type=field.type) for field in fields]
    arrow = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))
    with atomic_path(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd")


def _plain_cells(table: pd.DataFrame, form: Schema) -> pd.DataFrame:
    """Return a table whose cells need no quoting, for TSV."""
    texts = [column.name for column in form.columns if column.type == "string"]
    return table.assign(**{name: table[name].map(_plain_cell).astype(object) for name in texts})


def _plain_cell(cell: str) -> str:
    return cell if cell.isprintable() else "".join(c if c.isprintable() else " " for c in cell)


def _tsv(table: pd.DataFrame) -> str:
    cells = [[_cell(value) for value in table[name]] for name in table.columns]
    lines = ["\t".join(table.columns), *("\t".join(row) for row in zip(*cells, strict=True))]
    return "\n".join(lines) + "\n"


def _cell(value: str | int | float) -> str:
    """Return a value as text that reads back as the same value."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return "n/a" if math.isnan(value) else repr(float(value))
    return str(value)


def read_table(name: str, path: Path) -> pd.DataFrame:
    """Read a table and check it against its schema.

    Raises
    ------
    SchemaError
        Where the file is damaged, is another table, or of another schema version.
    """
    form = schema(name)
    return form.check(
        _read_tsv(path, form) if form.format == "tsv" else _read_parquet(path, form).to_pandas()
    )


def _read_parquet(path: Path, form: Schema) -> pa.Table:
    try:
        arrow = pq.ParquetFile(path).read()  # one file, no partitions guessed from folder names
    except pa.ArrowException as error:
        raise SchemaError(
            f"{path.name}: no readable Parquet file ({error}); run again into a new folder"
        ) from error
    metadata = arrow.schema.metadata or {}
    found = (metadata.get(b"table", b"").decode(), metadata.get(b"schema_version", b"").decode())
    if found != (form.name, str(form.schema_version)):
        raise SchemaError(
            f"{path.name}: expected table {form.name} of schema version {form.schema_version}, "
            f"found {found[0] or 'another table'} of version {found[1] or '?'}; run again into a new folder"
        )
    return arrow


def _read_tsv(path: Path, form: Schema) -> pd.DataFrame:
    kinds = {column.name: column.type for column in form.columns}
    try:
        header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").split("\n")[:-1])
        data = dict(
            zip(header, map(list, zip(*rows, strict=True)) if rows else [[] for _ in header], strict=True)
        )
        return pd.DataFrame(
            {name: _values(name, cells, kinds.get(name, "string")) for name, cells in data.items()},
            columns=header,
            dtype=object,
        )
    except ValueError as error:
        raise SchemaError(f"{path.name}: no readable table {form.name} ({error})") from error


def _values(name: str, cells: list[str], kind: str) -> list[str | int | float]:
    try:
        return [_value(cell, kind) for cell in cells]
    except ValueError as error:
        raise ValueError(f"column {name}: {error}") from error


def _value(cell: str, kind: str) -> str | int | float:
    if kind == "string":
        return cell
    if cell == "n/a":
        return math.nan
    return int(cell) if kind == "int" else float(cell)


def read_sessions(root: Path, name: str, kind: str = "features", room: str = "function") -> pd.DataFrame:
    """Read one table of all sessions under ``root / kind`` and return it as one, sorted by key.

    Parameters
    ----------
    root
        Output folder of a run.
    name
        Name of the schema.
    kind
        Folder: ``features``, ``series`` or ``matrices``.
    room
        Name of the file in each session's folder, without suffix.
    """
    form = schema(name)
    paths = sorted((root / kind).glob(f"sub-*/ses-*/{room}.parquet"))
    if not paths:
        return form.table([])
    try:
        table = pa.concat_tables([_read_parquet(path, form) for path in paths]).to_pandas()
    except pa.ArrowInvalid as error:
        raise SchemaError(
            f"{kind}: sessions differ in their columns ({error}); run into a new folder"
        ) from error
    return form.check(table.sort_values(form.key, ignore_index=True)) if len(table) else form.table([])
