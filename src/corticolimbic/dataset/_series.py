"""Reading one run's region series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from corticolimbic.dataset._numbers import explain, headless, number, plain_table
from corticolimbic.dataset._runs import SeriesRun
from corticolimbic.dataset._sidecars import repetition_time
from corticolimbic.dataset._walk import within
from corticolimbic.foundation import (
    MISSING_CELLS,
    InputError,
    Problem,
    TextTable,
    problem,
    read_bytes,
    read_text_table,
)


@dataclass(frozen=True)
class RegionSeries:
    """The mean signal of each region in each volume of a run.

    Parameters
    ----------
    regions
        Distinct names, in the file's order.
    values
        Volumes by regions, in the file's unit. A column is NaN throughout where the region is missing
        (``n/a``) or was set aside; otherwise every value is finite.
    repetition_time
        Seconds, from the sidecars; None where they state none.
    problems
        What was tolerated or set aside, with the person and the file.
    """

    regions: tuple[str, ...]
    values: Float64[np.ndarray, "volumes regions"]
    repetition_time: float | None
    problems: tuple[Problem, ...] = ()


def read_series(root: Path, run: SeriesRun) -> RegionSeries:
    """Read the region series of a run.

    Parameters
    ----------
    root
        Folder of the dataset.
    run
        From `scan`.

    Raises
    ------
    InputError
        CL101 to CL104, CL107, CL108, CL110, CL111 (the file), CL201 (text in a cell, with its row), CL208
        (no volume) or CL217 (no names).
    """
    path = within(root, run.series)
    try:
        fast = plain_table(read_bytes(path))
    except InputError as error:
        raise InputError(error.problem.code, file=run.series, found=error.problem.found) from error
    problems: list[Problem] = []
    if fast is None:
        regions, values = _explained(read_text_table(path, name=run.series), run.series, problems)
    else:
        regions, values = fast
    time, troubles = repetition_time(root, run)
    rows = (
        replace(item, participant_id=run.participant_id, session_id=run.session_id)
        for item in (*problems, *troubles)
    )
    return RegionSeries(regions, values, time, tuple(rows))


def _explained(
    table: TextTable, file: str, problems: list[Problem]
) -> tuple[tuple[str, ...], Float64[np.ndarray, "volumes regions"]]:
    """Take a text table as numbers, or say exactly why not."""
    problems += table.problems
    if headless(table.columns):
        raise InputError("CL217", file=file, row=1, found=f"{', '.join(table.columns[:3])} in the first row")
    if not table.rows:
        raise InputError("CL208", file=file, found="a header and no rows")
    for place, row in enumerate(table.numbers):
        if row != table.numbers[0] + place:
            found = "a blank line inside the series"
            raise InputError("CL107", file=file, row=table.numbers[0] + place, found=found)
    values = _numbers(table, file)
    named = [place for place, name in enumerate(table.columns) if name]
    if len(named) < len(table.columns):
        column = table.columns.index("") + 1
        problems.append(problem("CL117", file=file, row=1, found=f"column {column} has no name"))
    regions, quoted = _bare(tuple(table.columns[place] for place in named), file)
    if quoted:
        problems.append(problem("CL106", file=file, row=1, found="quotes around names in the header"))
    values = np.ascontiguousarray(values[:, named])
    problems += _gaps(table, regions, values, named, file)
    return regions, values


def _numbers(table: TextTable, file: str) -> Float64[np.ndarray, "volumes columns"]:
    values = np.empty((len(table.rows), len(table.columns)))
    for place, (row, cells) in enumerate(zip(table.numbers, table.rows, strict=True)):
        try:
            values[place] = [number(cell) for cell in cells]
        except ValueError:
            column, cell = next(_texts(table.columns, cells))
            found = f"{explain(cell)} in column {column[:60]!r}"
            raise InputError("CL201", file=file, row=row, found=found) from None
    return values


def _texts(columns: tuple[str, ...], cells: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for column, cell in zip(columns, cells, strict=True):
        try:
            number(cell)
        except ValueError:
            yield column, cell


def _bare(columns: tuple[str, ...], file: str) -> tuple[tuple[str, ...], bool]:
    """Return names without the quotes that some programs write around them, and whether there were any."""
    names = tuple(
        name[1:-1].strip() if len(name) > 2 and name[0] == name[-1] == '"' else name for name in columns
    )
    if not names:
        raise InputError("CL217", file=file, row=1, found="no column with a name")
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InputError("CL108", file=file, row=1, found=f"column {twice!r} twice")
    return names, names != columns


def _gaps(
    table: TextTable, regions: tuple[str, ...], values: np.ndarray, named: list[int], file: str
) -> Iterator[Problem]:
    """Set regions with some values missing or infinite aside, in place, and name them."""
    gaps = ~np.isfinite(values)
    for place in np.flatnonzero(gaps.any(axis=0)):
        rows = np.flatnonzero(gaps[:, place])
        column = named[place]
        if all(cells[column] in MISSING_CELLS for cells in table.rows):
            continue
        cell = table.rows[rows[0]][column]
        values[:, place] = np.nan
        share = f"{len(rows)} of {len(values)} volumes"
        found = f"region {regions[place]!r}: {share}, the first {cell[:40] or 'empty'!r}"
        yield problem("CL202", file=file, row=table.numbers[rows[0]], found=found)
