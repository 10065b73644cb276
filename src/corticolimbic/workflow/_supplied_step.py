"""Step supplied: features that others computed, written beside those that are measured here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from corticolimbic.dataset import Supplied, SuppliedTable, read_supplied
from corticolimbic.features import write_table
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._step import DATASET, Context, Found, Outcome, Step, Unit

ROOM = "supplied"
"""Name of the file of this step in each session's folder."""
SUMMARY = "supplied.tsv"


def find_supplied(dataset: Path, config: Config, people: tuple[str, ...] | None) -> Supplied:
    """Read the tables of supplied features; once in a process, until one of them changes.

    Parameters
    ----------
    dataset
        Folder of the dataset.
    config
        Which tables.
    people
        Everyone in the participants table, None where there is none.
    """
    told = tuple(table.model_dump_json() for table in config.supplied)
    return _read(dataset, told, people, tuple(_stamp(dataset / table.file) for table in config.supplied))


@lru_cache(maxsize=2)
def _read(
    dataset: Path, told: tuple[str, ...], people: tuple[str, ...] | None, stamps: tuple[tuple[int, int], ...]
) -> Supplied:
    known = None if people is None else frozenset(people)
    return read_supplied(dataset, [SuppliedTable.model_validate_json(item) for item in told], known)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return -1, -1
    return status.st_size, status.st_mtime_ns


def supplied_outputs(found: Found) -> tuple[str, ...]:
    """Return the feature tables of all sessions that have supplied features, relative to OUT."""
    return tuple(f"features/{person}/{session}/{ROOM}.parquet" for person, session in found.supplied_sessions)


def _settings(config: Config) -> dict[str, Any]:
    return {"supplied": [table.plain() for table in config.supplied]}


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    if not context.config.supplied:
        return ()
    inputs = tuple(dict.fromkeys(f"{DATASET}{table.file}" for table in context.config.supplied))
    people = list(found.participants.ids) if found.participants.usable else None
    return (Unit("supplied", "all", inputs, (SUMMARY, *supplied_outputs(found)), people),)


def _supplied(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    people = None if unit.payload is None else tuple(unit.payload)
    found = find_supplied(context.dataset, context.config, people)
    write_table(found.summary, "supplied", context.out / SUMMARY)
    for key, rows in found.features.groupby(["participant_id", "session_id"], sort=True):
        person, session = key
        write_table(rows, "features", context.out / f"features/{person}/{session}/{ROOM}.parquet")
    return Outcome((), found.definitions, {"n_values": int(found.features["value"].notna().sum())})


SUPPLIED = Step(
    ROOM,
    "Reading supplied features",
    1,
    _settings,
    _units,
    _supplied,
    (SUMMARY, f"features/*/*/{ROOM}.parquet"),
)
