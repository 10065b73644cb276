"""Records of finished units: what they read and wrote, so that a second run can do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corticolimbic.foundation import InputError, Problem, hash_file, hash_json, read_json, write_json
from corticolimbic.workflow._step import Context, Outcome, Step, Unit

STATE = ".state"
"""Folder of the records, in OUT."""
ABSENT = "absent"
"""Hash of an input that does not exist."""
_VERSION = 1


@dataclass(frozen=True)
class Record:
    """One finished unit, as stored in ``OUT/.state/STEP/UNIT.json``."""

    version: int
    step: str
    unit: str
    key: str
    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    problems: tuple[Problem, ...]
    definitions: Mapping[str, Any]
    facts: Mapping[str, Any]


def record_path(out: Path, step: str, unit: str) -> Path:
    """Return where a unit's record lies."""
    return out / STATE / step / f"{unit}.json"


def load_record(path: Path) -> Record | None:
    """Return a record, or None where there is none, or none that can be trusted."""
    try:
        raw = read_json(path)
        if raw.get("version") != _VERSION:
            return None
        problems = tuple(Problem(**row) for row in raw.pop("problems"))
        return Record(problems=problems, **raw)
    except (InputError, TypeError, KeyError):
        return None


def load_records(out: Path, step: str) -> dict[str, Record]:
    """Return all records of a step by unit."""
    records = (load_record(path) for path in sorted((out / STATE / step).glob("*.json")))
    return {record.unit: record for record in records if record is not None}


def input_hashes(context: Context, unit: Unit, known: Record | None, *, verify: bool) -> dict[str, dict[str, Any]]:
    """Return size, time and hash of each input; a recorded hash is trusted while size and time are unchanged.

    Parameters
    ----------
    context, unit
        Whose inputs.
    known
        The unit's last record, if any.
    verify
        Hash everything again.
    """
    stamps = {}
    for name in unit.inputs:
        path = context.path(name)
        try:
            status = path.stat()
        except OSError:
            stamps[name] = {"size": -1, "mtime_ns": -1, "sha256": ABSENT}
            continue
        stamp = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        before = known.inputs.get(name) if known else None
        if before and not verify and {key: before.get(key) for key in stamp} == stamp:
            stamps[name] = dict(before)
        else:
            stamps[name] = {**stamp, "sha256": hash_file(path)}
    return stamps


def unit_key(step: Step, unit: Unit, settings: Mapping[str, Any], stamps: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the key of a unit: what it is, what it reads, and how."""
    return hash_json(
        {
            "step": step.name,
            "algorithm": step.algorithm,
            "unit": unit.name,
            "settings": settings,
            "outputs": list(unit.outputs),
            "inputs": {name: stamp["sha256"] for name, stamp in stamps.items()},
        }
    )


def why_stale(context: Context, known: Record | None, key: str, *, verify: bool) -> str:
    """Return why a unit must run again, or an empty text where its outputs stand."""
    if known is None:
        return "not done yet"
    if known.key != key:
        return "inputs or settings changed"
    for name, stamp in known.outputs.items():
        path = context.path(name)
        try:
            size = path.stat().st_size
        except OSError:
            return f"{name} is missing"
        if size != stamp["size"] or (verify and hash_file(path) != stamp["sha256"]):
            return f"{name} was changed"
    return ""


def store_record(context: Context, unit: Unit, key: str, stamps: Mapping[str, Any], outcome: Outcome) -> Record:
    """Write the record of a unit whose outputs are in place."""
    outputs = {}
    for name in unit.outputs:
        path = context.path(name)
        outputs[name] = {"size": path.stat().st_size, "sha256": hash_file(path)}
    record = Record(
        version=_VERSION,
        step=unit.step,
        unit=unit.name,
        key=key,
        inputs=dict(stamps),
        outputs=outputs,
        problems=tuple(sorted(set(outcome.problems))),
        definitions=dict(outcome.definitions),
        facts=dict(outcome.facts),
    )
    write_json(record_path(context.out, unit.step, unit.name), asdict(record))
    return record


def remove_orphans(context: Context, step: str, wanted: frozenset[str], kept_outputs: frozenset[str]) -> list[str]:
    """Remove outputs and records of units that are no longer part of the dataset or the settings; return their names."""
    removed = []
    for name, record in load_records(context.out, step).items():
        if name in wanted:
            continue
        for output in record.outputs:
            if output not in kept_outputs:
                _remove(context.path(output), context.out)
        record_path(context.out, step, name).unlink(missing_ok=True)
        removed.append(name)
    return removed


def _remove(path: Path, root: Path) -> None:
    path.unlink(missing_ok=True)
    for folder in path.parents:  # leave no empty folders behind
        if folder == root or not folder.is_relative_to(root) or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
