"""Records of finished units: what they read and wrote, so that a second run can do nothing."""

from __future__ import annotations

import stat
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from corticolimbic.foundation import (
    InputError,
    Problem,
    hash_file,
    hash_json,
    problem_codes,
    read_json,
    write_json,
)
from corticolimbic.workflow._step import DATASET, Context, Outcome, Step, Unit

STATE = ".state"
"""Folder of the records, in OUT."""
ABSENT = "absent"
"""Hash of an input that does not exist or cannot be read."""
_VERSION = 2


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
        record = Record(problems=problems, **raw)
    except (InputError, TypeError, KeyError):
        return None
    return record if _sound(record, path) else None


def _sound(record: Record, path: Path) -> bool:
    """Tell whether a record is one of ours: the file may have been damaged, or brought by somebody else."""
    stamps = [record.inputs, record.outputs, record.definitions, record.facts]
    if not all(isinstance(item, dict) for item in stamps) or path.stem != record.unit:
        return False
    if not all(isinstance(stamp, dict) for item in stamps[:2] for stamp in item.values()):
        return False
    known = problem_codes()
    texts = all(isinstance(value, str) for item in record.problems for value in asdict(item).values())
    inputs = all(isinstance(stamp.get("sha256"), str) for stamp in record.inputs.values())
    return (
        texts
        and inputs
        and all(item.code in known for item in record.problems)
        and _all_inside(record.outputs)
    )


def _all_inside(outputs: Collection[str]) -> bool:
    """Tell whether outputs lie in OUT: what a record names is deleted when its unit goes."""
    if any(name.startswith(DATASET) for name in outputs):
        return False
    paths = [PurePosixPath(name) for name in outputs]
    return all(path.parts and not path.is_absolute() and ".." not in path.parts for path in paths)


def load_records(out: Path, step: str) -> dict[str, Record]:
    """Return all records of a step by unit."""
    records = (load_record(path) for path in sorted((out / STATE / step).glob("*.json")))
    return {record.unit: record for record in records if record is not None}


def input_hashes(
    context: Context, unit: Unit, known: Record | None, *, verify: bool
) -> dict[str, dict[str, Any]]:
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
        before = None if known is None or verify else known.inputs.get(name)
        stamps[name] = _stamp(context.path(name), before)
    return stamps


def _stamp(path: Path, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return size, time and hash of a file; the hash of ``before`` where size and time are the same."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would never end
            return {"size": -1, "mtime_ns": -1, "sha256": ABSENT}
        stamp = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        if before and {key: before.get(key) for key in stamp} == stamp:
            return dict(before)
        return {**stamp, "sha256": hash_file(path)}
    except OSError:
        return {"size": -1, "mtime_ns": -1, "sha256": ABSENT}


def unit_key(
    step: Step, unit: Unit, settings: Mapping[str, Any], stamps: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return the key of a unit: what it is, what it reads, and how."""
    return hash_json(
        {
            "step": step.name,
            "algorithm": step.algorithm,
            "unit": unit.name,
            "payload": _plain(unit.payload),
            "settings": settings,
            "outputs": list(unit.outputs),
            "inputs": {name: stamp["sha256"] for name, stamp in stamps.items()},
        }
    )


def _plain(payload: Any) -> Any:
    return asdict(payload) if is_dataclass(payload) and not isinstance(payload, type) else payload


def why_stale(context: Context, known: Record | None, key: str, *, verify: bool) -> str:
    """Return why a unit must run again, or an empty text where its outputs stand."""
    if known is None:
        return "not done yet"
    if known.key != key:
        return "inputs or settings changed"
    for name, stamp in known.outputs.items():
        now = _stamp(context.path(name), None if verify else stamp)
        if now["sha256"] == ABSENT:
            return f"{name} is missing"
        if now["sha256"] != stamp.get("sha256"):
            return f"{name} was changed"
    return ""


def store_record(
    context: Context, unit: Unit, key: str, stamps: Mapping[str, Any], outcome: Outcome
) -> Record:
    """Write the record of a unit whose outputs are in place."""
    written = (*unit.outputs, *outcome.outputs)
    outputs = {name: _stamp(context.path(name), None) for name in written}
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


def remove_orphans(
    context: Context, step: Step, wanted: frozenset[str], kept_outputs: frozenset[str]
) -> list[str]:
    """Remove what is no longer part of the dataset or the settings; return the names of the units removed.

    These are the records and outputs of other units, and whatever else lies where only this step writes: a
    run that was killed leaves outputs without a record.
    """
    removed = []
    for path in sorted((context.out / STATE / step.name).glob("*.json")):
        if path.stem in wanted:
            continue
        record = load_record(path)
        for output in record.outputs if record is not None else ():
            if output not in kept_outputs:
                remove_output(context.path(output), context.out)
        path.unlink(missing_ok=True)
        removed.append(path.stem)
    for pattern in step.writes:
        for path in sorted(context.out.glob(pattern)):
            if path.relative_to(context.out).as_posix() not in kept_outputs:
                remove_output(path, context.out)
    return removed


def remove_output(path: Path, root: Path) -> None:
    """Remove a file and the folders below ``root`` that it leaves empty."""
    if path.is_symlink() or path.is_file():  # a folder there is none of ours
        path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root or not folder.is_relative_to(root) or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
