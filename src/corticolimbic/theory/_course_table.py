"""Courses of many people written as one Parquet table, a block of people at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corticolimbic.features import schema
from corticolimbic.foundation import atomic_path
from corticolimbic.theory._integrate import Course
from corticolimbic.theory._parameters import Parameters
from corticolimbic.theory._theories import Theory

_ARROW = {"string": pa.string(), "int": pa.int64(), "float": pa.float64()}


class CourseTable:
    """A file of the table ``theory_courses`` that grows by blocks and appears only when it is complete.

    Parameters
    ----------
    path
        The file.
    parameters, theory
        Recorded in the file's metadata.
    """

    def __init__(self, path: Path, parameters: Parameters, theory: Theory) -> None:
        form = schema("theory_courses")
        self._names = form.names
        metadata = {
            "table": form.name,
            "schema_version": str(form.schema_version),
            "parameters": parameters.digest,
            "theory": theory.name,
        }
        fields = [
            pa.field(c.name, _ARROW[c.type], metadata={"description": c.description, "unit": c.unit})
            for c in form.columns
        ]
        self._schema = pa.schema(fields, metadata=metadata)
        self._whole: AbstractContextManager[Path] = atomic_path(path)
        self._writer: Any = None

    def __enter__(self) -> CourseTable:
        """Open the file beside its final place."""
        self._writer = pq.ParquetWriter(self._whole.__enter__(), self._schema, compression="zstd")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the file into its place, or remove it where something failed."""
        self._writer.close()
        self._whole.__exit__(kind, error, trace)

    def add(self, course: Course) -> None:
        """Append the people of a course; columns that it did not keep are NaN."""
        people, times = course.values.shape[:2]
        columns: dict[str, Any] = {
            "participant_id": np.repeat([f"sub-{number:07d}" for number in course.person], times),
            "day": np.tile(course.days, people),
            **{name: np.ascontiguousarray(course.of(name)).ravel() for name in course.outputs},
        }
        missing = np.full(people * times, np.nan)
        arrays = [pa.array(columns.get(name, missing)) for name in self._names]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
