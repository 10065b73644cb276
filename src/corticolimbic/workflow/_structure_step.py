"""Step structure: volumes and thickness that others measured become features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from corticolimbic.features import schema, write_table
from corticolimbic.foundation import Problem, problem
from corticolimbic.measure import STRUCTURE_ALGORITHM, measure_structure
from corticolimbic.workflow._config import Config
from corticolimbic.workflow._records import Record
from corticolimbic.workflow._step import DATASET, Context, Found, Outcome, Step, Unit

STRUCTURE_ROOM = "structure"
"""Name of the file of this step in each session's folder."""


def _settings(config: Config) -> dict[str, Any]:
    return {}


def structure_output(participant_id: str, session_id: str) -> str:
    """Return what measuring a session's structure writes, relative to OUT."""
    return f"features/{participant_id}/{session_id}/{STRUCTURE_ROOM}.parquet"


def _units(context: Context, found: Found) -> tuple[Unit, ...]:
    return tuple(
        Unit(
            "structure",
            f"{session.participant_id}_{session.session_id}",
            tuple(dict.fromkeys(f"{DATASET}{file.path}" for file in session.files)),
            (structure_output(session.participant_id, session.session_id),),
            session,
        )
        for session in found.scan.structure
    )


def _structure(context: Context, unit: Unit, hashes: Mapping[str, str]) -> Outcome:
    inputs = {name.removeprefix(DATASET): value for name, value in hashes.items()}
    made = measure_structure(context.dataset, unit.payload, inputs=inputs)
    write_table(schema("features").table(made.features), "features", context.out / unit.outputs[0])
    facts = {"n_runs": int(bool(made.features)), "n_files": made.n_files, "versions": made.versions}
    return Outcome(made.problems, made.definitions, facts)


def version_problems(records: Iterable[Record]) -> list[Problem]:
    """Say so where one atlas was made by several programs or versions in a study: they are never pooled.

    Parameters
    ----------
    records
        Of this step.
    """
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for record in records:
        for atlas, made_by in record.facts.get("versions", {}).items():
            counted[atlas][made_by] += 1
    return [
        problem(
            "CL266",
            found=f"{atlas}: " + ", ".join(f"{by} ({n} sessions)" for by, n in sorted(made.items())),
        )
        for atlas, made in sorted(counted.items())
        if len(made) > 1
    ]


STRUCTURE = Step(
    "structure",
    "Reading structure",
    STRUCTURE_ALGORITHM,
    _settings,
    _units,
    _structure,
    (f"features/*/*/{STRUCTURE_ROOM}.parquet",),
)
