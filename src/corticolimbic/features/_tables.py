"""Reading and writing tables of a known schema: Parquet for numbers, TSV for what people open."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from corticolimbic.features._schema import Schema, SchemaError, schema
from corticolimbic.foundation import atomic_path, write_text

_ARROW = {"string": pa.string(), "int": pa.int64(), "float": pa.float64(), "list<float32>": pa.list_(pa.float32())}


def write_table(table: pd.DataFrame, name: str, path: Path) -> None:
    """Check a table against its schema and write it atomically.

    Equal tables give equal bytes: no time stamps, fixed column order.

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
        write_text(path, checked.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n"))
        return
    fields = [
        pa.field(column.name, _ARROW[column.type], metadata={"description": column.description, "unit": column.unit})
        for column in form.columns
    ]
    metadata = {"table": form.name, "schema_version": str(form.schema_version)}
    arrays = [pa.array(list(checked[field.name]), type=field.type) for field in fields]
    arrow = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))
    with atomic_path(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd")


def read_table(name: str, path: Path) -> pd.DataFrame:
    """Read a table and check it against its schema.

    Raises
    ------
    SchemaError
        Where the file is another table, or of another schema version.
    """
    form = schema(name)
    if form.format == "tsv":
        table = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[], dtype=str, encoding="utf-8")
        return form.check(_numbers(table, form))
    arrow = pq.ParquetFile(path).read()  # one file, no partitions guessed from folder names
    metadata = arrow.schema.metadata or {}
    found = (metadata.get(b"table", b"").decode(), metadata.get(b"schema_version", b"").decode())
    if found != (form.name, str(form.schema_version)):
        raise SchemaError(
            f"{path.name}: expected table {form.name} of schema version {form.schema_version}, "
            f"found {found[0] or 'another table'} of version {found[1] or '?'}; measure again into a new folder"
        )
    return form.check(arrow.to_pandas())


def _numbers(table: pd.DataFrame, form: Schema) -> pd.DataFrame:
    for column in form.columns:
        if column.type in {"int", "float"} and column.name in table:
            table[column.name] = pd.to_numeric(table[column.name].replace("n/a", "nan"))
    return table


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
    table = pd.concat([read_table(name, path) for path in paths], ignore_index=True)
    return form.check(table.sort_values(form.key, ignore_index=True))
