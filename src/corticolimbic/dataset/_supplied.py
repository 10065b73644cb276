"""Features that others computed, from tables of the dataset: the same rows as those measured here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from corticolimbic.dataset._supplied_cells import SuppliedCells, read_cells
from corticolimbic.dataset._supplied_settings import SuppliedTable
from corticolimbic.features import schema
from corticolimbic.foundation import Definition, Problem, problem

ALGORITHM = 1
"""Bumped whenever the same tables give other rows."""
_SUMMARY = ["file", "task", "atlas", "strategy", "measure", "target", "statistic", "unit", "definition"]


@dataclass(frozen=True)
class Supplied:
    """Features that others computed.

    Parameters
    ----------
    features
        Schema ``features``; what only images tell (coverage, degrees of freedom) is missing.
    summary
        Schema ``supplied``: what each table holds of each feature.
    definitions
        Entries of ``definitions.json``: files with their hashes, and what computed the values.
    problems
        What was found.
    """

    features: pd.DataFrame
    summary: pd.DataFrame
    definitions: dict[str, dict[str, Any]]
    problems: tuple[Problem, ...] = ()

    @property
    def sessions(self) -> tuple[tuple[str, str], ...]:
        """Participant and session of everybody with a row, sorted."""
        pairs = self.features[["participant_id", "session_id"]].drop_duplicates()
        return tuple(sorted(pairs.itertuples(index=False, name=None)))


def read_supplied(
    root: Path, tables: Sequence[SuppliedTable], people: Collection[str] | None = None
) -> Supplied:
    """Read tables of features that others computed; every defect becomes a problem, none an error.

    A value stands under its registered measure and target (`corticolimbic.features.measures`,
    `corticolimbic.circuit`). Two values of one feature, person and session that differ are both refused,
    whichever tables they stand in.

    Parameters
    ----------
    root
        Folder of the dataset; no table outside it is read.
    tables
        The tables and what their columns hold.
    people
        Everyone in the participants table; rows of others are refused. None: nobody is known, and everybody
        is taken.
    """
    read = [read_cells(root, table, people) for table in tables]
    problems = [item for cells in read for item in cells.problems]
    kept = _unique(read, problems)
    definitions = _definitions(read)
    names = {key: item.id for key, item in definitions.items()}
    rows = [
        {**row, "definition": names[_defined(row, cells.source)], "inputs": cells.sha256}
        for row, cells in kept
    ]
    for row in rows:
        del row["row"]
    features = schema("features").table(rows)
    summary = _summary(features, [cells.file for _, cells in kept])
    features = features.sort_values(schema("features").key, ignore_index=True)
    plain = {item.id: item.plain() for item in definitions.values()}
    return Supplied(features, summary, plain, tuple(sorted(set(problems))))


def _unique(
    read: Sequence[SuppliedCells], problems: list[Problem]
) -> list[tuple[dict[str, Any], SuppliedCells]]:
    """Return each feature of a session once, with its table; refuse what is said in two ways."""
    keys = [name for name in schema("features").key if name != "definition"]
    first: dict[tuple[Any, ...], tuple[dict[str, Any], SuppliedCells]] = {}
    aside: set[tuple[Any, ...]] = set()
    for cells in read:
        for row in cells.rows:
            key = tuple(row[name] for name in keys)
            entry = (row, cells)
            known, where = first.setdefault(key, entry)
            if known is row:
                continue
            same = repr((known["value"], known["unit"])) == repr((row["value"], row["unit"]))
            if not same:
                aside.add(key)
            found = f"{row['measure']} of {row['target']} again, first in {where.file}, row {known['row']}"
            problems.append(
                problem(
                    "CL304" if same else "CL284",
                    participant_id=str(row["participant_id"]),
                    session_id=str(row["session_id"]),
                    file=cells.file,
                    row=str(row["row"]),
                    found=found,
                )
            )
    return [entry for key, entry in first.items() if key not in aside]


def _defined(row: dict[str, Any], source: str) -> tuple[str, str, str]:
    return str(row["measure"]), str(row["atlas"]), source


def _definitions(read: Sequence[SuppliedCells]) -> dict[tuple[str, str, str], Definition]:
    """Return one definition for each measure and atlas of each source, over all its tables.

    Sites that send a table each, computed alike, have the same features.
    """
    files: dict[tuple[str, str, str], dict[str, str]] = {}
    for cells in read:
        for row in cells.rows:
            files.setdefault(_defined(row, cells.source), {})[cells.file] = cells.sha256
    return {
        key: Definition(key[0], ALGORITHM, {"supplied": dict(sorted(made.items())), "source": key[2]}, key[1])
        for key, made in files.items()
    }


def _summary(features: pd.DataFrame, files: list[str]) -> pd.DataFrame:
    rows = []
    for key, group in features.assign(file=files).groupby(_SUMMARY, sort=True):
        known = group["value"].notna()
        rows.append(
            {
                **dict(zip(_SUMMARY, key, strict=True)),
                "n_people": group.loc[known, "participant_id"].nunique(),
                "n_values": int(known.sum()),
                "n_missing": int((~known).sum()),
            }
        )
    return schema("supplied").table(rows)
