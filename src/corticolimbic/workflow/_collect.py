"""What stands above the steps in OUT: problems, definitions, the dictionary of the tables, the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from corticolimbic.dataset import Description
from corticolimbic.features import schema, write_table
from corticolimbic.foundation import (
    PROBLEM_COLUMNS,
    Problem,
    environment,
    hash_json,
    package_version,
    problem_rows,
    write_json,
    write_text,
)
from corticolimbic.workflow._config import config_text
from corticolimbic.workflow._folder import replaced_if_changed
from corticolimbic.workflow._records import ABSENT, Record
from corticolimbic.workflow._step import DATASET, Context, Step


def collect(
    context: Context,
    records: Sequence[Record],
    problems: Iterable[Problem],
    steps: Sequence[Step],
    description: Description,
) -> list[Problem]:
    """Write the files that summarise a run; return all problems, sorted and distinct.

    None of these files holds a time, so equal runs give equal bytes; times are in ``log.jsonl``.
    """
    everything = sorted({*problems, *(item for record in records for item in record.problems)})
    table = pd.DataFrame(problem_rows(everything), columns=list(PROBLEM_COLUMNS))
    with replaced_if_changed(context.out / "problems.tsv") as path:
        write_table(table, "problems", path)
    definitions: dict[str, Any] = {}
    for record in records:
        definitions |= record.definitions
    for name, value in (
        ("definitions.json", definitions),
        ("features.json", _dictionary()),
        ("manifest.json", _manifest(context, records, everything, steps, description)),
    ):
        with replaced_if_changed(context.out / name) as path:
            write_json(path, value)
    with replaced_if_changed(context.out / "config.yaml") as path:
        write_text(path, config_text(context.config))
    return everything


def _dictionary() -> dict[str, Any]:
    form = schema("features")
    return {
        column.name: {"Description": column.description, **({"Units": column.unit} if column.unit else {})}
        for column in form.columns
    }


def _manifest(
    context: Context,
    records: Sequence[Record],
    problems: Sequence[Problem],
    steps: Sequence[Step],
    description: Description,
) -> dict[str, Any]:
    inputs = {
        name.removeprefix(DATASET): stamp["sha256"]
        for record in records
        for name, stamp in record.inputs.items()
        if name.startswith(DATASET) and stamp["sha256"] != ABSENT
    }
    units = Counter(record.step for record in records)
    severities = Counter(item.severity for item in problems)
    return {
        "schema_version": 1,
        "created_with": f"corticolimbic {package_version()}",
        "environment": environment(),
        "dataset": {
            "name": description.name or context.dataset.resolve().name,
            "path_name": context.dataset.resolve().name,
            "licence": description.licence,
            "how_to_cite": description.how_to_cite,
        },
        "steps": [
            {"name": step.name, "title": step.title, "algorithm": step.algorithm, "units": units[step.name]}
            for step in steps
        ],
        "inputs": {"n_files": len(inputs), "hash": hash_json(inputs), "files": inputs},
        "problems": {severity: severities[severity] for severity in ("info", "excluded", "failed")},
    }
