"""The files of a study beside its sessions: people, ratings, configuration, truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from corticolimbic.foundation import (
    InputError,
    is_temporary,
    package_version,
    read_json,
    write_json,
    write_text,
)
from corticolimbic.simulate._brain import ATLAS
from corticolimbic.simulate._disturbances import FD_THRESHOLD
from corticolimbic.simulate._people import Person, rating_months, session_name, site_name
from corticolimbic.simulate._settings import SimulateSettings

DESCRIPTION = "dataset_description.json"
GENERATOR = "corticolimbic simulate"
LITTLE_MOTION_MM = 0.2
_DAYS_A_MONTH = 365.25 / 12


def is_simulated(root: Path) -> bool:
    """Tell whether a folder is empty or holds a dataset of ours, whole or cut short; it may be written on."""
    try:
        made_by = read_json(root / DESCRIPTION).get("GeneratedBy")
    except InputError:
        return root.is_dir() and all(is_temporary(path) for path in root.iterdir())
    return isinstance(made_by, list) and [item.get("Name") for item in made_by if isinstance(item, dict)] == [
        GENERATOR
    ]


def describe(root: Path) -> None:
    """Say first of all what the folder is, so that a simulation cut short is known as one."""
    write_json(
        root / DESCRIPTION,
        {
            "Name": "Simulated people: made by this program, not measured, not anatomically real",
            "BIDSVersion": "1.9.0",
            "DatasetType": "derivative",
            "License": "BSD-3-Clause",
            "GeneratedBy": [{"Name": GENERATOR, "Version": package_version()}],
        },
    )


def _visit(month: int) -> str:
    """Return what people call a visit."""
    return f"{month} months" if month > 1 else ("1 month" if month else "first visit")


def write_person(root: Path, settings: SimulateSettings, person: Person) -> None:
    """Write a person's pain ratings by visit."""
    rows = ["session_id\tpain_nrs"]
    for month in rating_months(settings):
        rating = person.ratings.get(month)
        rows.append(f"{session_name(month)}\t{'n/a' if rating is None else f'{rating:g}'}")
    name = person.participant_id
    write_text(root / name / f"{name}_sessions.tsv", "\n".join(rows) + "\n")


def participants_header(settings: SimulateSettings) -> str:
    """Return the names of participants.tsv; who is a control is said where there are controls."""
    return _PARTICIPANTS_HEADER + ("\tdiagnosis" if settings.controls else "")


def participants_row(settings: SimulateSettings, person: Person) -> str:
    """Return a person's row of participants.tsv."""
    row = f"{person.participant_id}\t{site_name(person.site)}\t{person.age:g}\t{person.sex}"
    return row + (f"\t{'control' if person.control else 'patient'}" if settings.controls else "")


def truth_header(settings: SimulateSettings) -> str:
    """Return the names of truth/people.tsv."""
    return _TRUTH_HEADER + ("\tcoupling_slope\tpain_mean" if settings.longitudinal else "")


def truth_row(settings: SimulateSettings, person: Person) -> str:
    """Return a person's row of truth/people.tsv."""
    cells: tuple[str, ...] = (
        person.participant_id,
        site_name(person.site),
        "control" if person.control else "persistent" if person.persistent else "recovered",
        f"{person.coupling:.6f}",
        f"{person.motion:.6f}",
        f"{person.dropout:.6f}",
        f"{person.pain[0]:.4f}",
        f"{person.pain[1]:.4f}",
        str(int(person.lost)),
    )
    if settings.longitudinal:
        cells = (*cells, f"{person.coupling_slope:.6f}", f"{person.pain_mean:.4f}")
    return "\t".join(cells)


_PARTICIPANTS_HEADER = "participant_id\tsite\tage\tsex"
_TRUTH_HEADER = (
    "participant_id\tsite\tgroup\tcoupling_deviation\tmotion_mm\tdropout\tpain_first\tpain_last\tlost"
)


def write_study(root: Path, settings: SimulateSettings) -> Path:
    """Write the descriptions of the tables and the configuration that fits; return the latter."""
    people: dict[str, Any] = {
        "site": {"Description": "Centre; each has one scanner."},
        "age": {"Description": "Age at the first visit.", "Units": "years"},
        "sex": {"Description": "Sex.", "Levels": {"F": "female", "M": "male"}},
    }
    if settings.controls:
        people["diagnosis"] = {"Description": "Patients with pain, or controls without."}
    write_json(root / "participants.json", people)
    write_json(
        root / "sessions.json",
        {"pain_nrs": {"Description": "Pain of the last day, 0 to 10, with its error."}},
    )
    if not settings.images:
        sidecar = root / f"task-rest_seg-{ATLAS}_stat-mean_timeseries.json"
        write_json(sidecar, {"RepetitionTime": settings.repetition_time})
    path = root / "code" / "config.yaml"
    words = "# Settings that fit this dataset of simulated people.\n"
    write_text(path, words + yaml.safe_dump(configuration(settings), sort_keys=False, allow_unicode=True))
    return path


def configuration(settings: SimulateSettings) -> dict[str, Any]:
    """Return the declared pipeline as settings of `corticolimbic run`."""
    measure: dict[str, Any] = {"fd_threshold": FD_THRESHOLD}
    if settings.images:
        measure |= {"atlases": [ATLAS], "strategy": "simple"}
    return {
        "dataset": {"tasks": ["rest"]},
        "measure": measure,
        "cohort": {
            "outcome": {
                "family": "relative",
                "label": "pain after 12 months",
                "pain_column": "pain_nrs",
                "baseline_session": session_name(0),
                "final_session": session_name(12),
                "scale": [0, 10],
            },
            "trajectories": {
                "schedule": [
                    {
                        "session": session_name(month),
                        "day": round(month * _DAYS_A_MONTH),
                        "label": _visit(month),
                    }
                    for month in rating_months(settings)
                ],
            },
            "populations": [
                {
                    "name": "eligible",
                    "label": "everyone eligible",
                    "description": "Everyone measured at baseline whose outcome is known.",
                },
                {
                    "name": "little_motion",
                    "label": "little motion",
                    "description": "The eligible people whose mean framewise displacement is at most "
                    f"{LITTLE_MOTION_MM:.2f} mm.",
                    "rules": [
                        {
                            "measured": "mean_fd",
                            "at_most": LITTLE_MOTION_MM,
                            "label": f"mean framewise displacement up to {LITTLE_MOTION_MM:.2f} mm",
                        }
                    ],
                },
            ],
        },
        "compare": {"covariates": ["age", "sex", "measured:mean_fd"]},
        "predict": {"markers": "all"},
    }


def table_text(table: pd.DataFrame) -> str:
    """Return a table as TSV."""
    return table.to_csv(sep="\t", na_rep="n/a", index=False, lineterminator="\n", float_format="%.6f")
