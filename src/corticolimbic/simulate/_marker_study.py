"""The simulated cohort of markers on disk, with the settings that fit and its truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from corticolimbic.foundation import (
    write_json,
    write_text,
)
from corticolimbic.simulate._claim import claim
from corticolimbic.simulate._marker_cohort import MarkerCohort, marker_cohort, structure_columns
from corticolimbic.simulate._marker_features import FEATURES
from corticolimbic.simulate._marker_people import MONTHS
from corticolimbic.simulate._marker_settings import MarkerCohortSettings
from corticolimbic.simulate._marker_truth import marker_truth
from corticolimbic.simulate._people import session_name
from corticolimbic.simulate._streams import stream
from corticolimbic.simulate._study import table_text

ALGORITHM = 1
"""Bumped whenever the same settings give another dataset."""
SOURCE = "made by corticolimbic simulate, not measured"
CLINICAL = ("baseline_pain", "baliki2012_affective_pain")
"""Markers of the study that are clinical values."""
_DAYS_A_MONTH = 365.25 / 12
_HOW = (
    "AUC by a long simulation of the same generator (simulate/_marker_truth.py), patients with a final "
    "rating; within sites, sites weighted by n m / (n + m); oriented so that above 0.5 is as published"
)


def simulate_markers(out: Path, settings: MarkerCohortSettings, *, truth_people: int = 60_000) -> Path:
    """Write the study: tables of people and ratings, features as others would supply them, and the truth.

    Parameters
    ----------
    out
        Folder: new, empty, or of an earlier simulation with these settings.
    settings
        The study.
    truth_people
        Of the long simulation behind ``truth/markers.tsv``.

    Returns
    -------
    Path
        The configuration for ``corticolimbic run``.

    Raises
    ------
    SettingsError
        Where the folder holds something else.
    """
    claim(out, {"scenario": "markers", "settings": settings.plain()}, ALGORITHM, _HOW)
    cohort = marker_cohort(settings)
    write_clinical(out, cohort.participants, cohort.sessions)
    write_text(out / "derivatives" / "structure.tsv", _plain(cohort.structure))
    write_text(out / "derivatives" / "function.tsv", _plain(cohort.function))
    write_text(out / "derivatives" / "motion.tsv", _plain(cohort.motion))
    _write_truth(out, settings, cohort, truth_people)
    return write_configuration(out, marker_configuration())


def write_clinical(out: Path, participants: pd.DataFrame, sessions: pd.DataFrame) -> None:
    """Write participants.tsv and sessions.tsv with what their columns mean."""
    write_text(out / "participants.tsv", table_text(participants.reset_index()))
    write_json(
        out / "participants.json",
        {
            "site": {"Description": "Centre; each has one scanner."},
            "age": {"Description": "Age at the first visit.", "Units": "years"},
            "sex": {"Description": "Sex.", "Levels": {"F": "female", "M": "male"}},
            "group": {"Description": "Patients with pain, or healthy controls without."},
            "opioid": {"Description": "Whether an opioid is taken at the first visit."},
        },
    )
    write_text(out / "sessions.tsv", _plain(sessions))
    write_json(
        out / "sessions.json",
        {
            "pain_nrs": {"Description": "Pain of the last day, 0 to 10."},
            "mpq_affective": {"Description": "Affective score of the short McGill questionnaire, 0 to 12."},
        },
    )


def write_configuration(out: Path, values: dict[str, Any]) -> Path:
    """Write settings that fit a simulated study; return the file."""
    path = out / "code" / "config.yaml"
    words = "# Settings that fit this dataset of simulated people.\n"
    write_text(path, words + yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    return path


def marker_configuration() -> dict[str, Any]:
    """Return the declared analysis of the cohort of markers as settings of `corticolimbic run`."""
    names = [name for feature in FEATURES for name in feature.markers]
    return {
        "supplied": [
            {"file": "derivatives/structure.tsv", "source": SOURCE, "columns": structure_columns()},
            {"file": "derivatives/function.tsv", "source": SOURCE},
            {"file": "derivatives/motion.tsv", "source": SOURCE},
        ],
        "cohort": cohort_configuration(),
        "compare": {"covariates": ["age", "sex", "measured:mean_fd"]},
        "predict": {
            "markers": [{"id": name} for name in (*names, *CLINICAL)],
            "judging": {"medication_columns": ["opioid"]},
        },
    }


def cohort_configuration() -> dict[str, Any]:
    """Return outcome, visits and populations of the study."""
    return {
        "outcome": {
            "family": "relative",
            "label": "pain after 12 months",
            "pain_column": "pain_nrs",
            "baseline_session": session_name(MONTHS[0]),
            "final_session": session_name(MONTHS[-1]),
            "scale": [0, 10],
        },
        "trajectories": {
            "schedule": [
                {
                    "session": session_name(month),
                    "day": round(month * _DAYS_A_MONTH),
                    "label": f"{month} months" if month else "first visit",
                }
                for month in MONTHS
            ],
        },
        "populations": [
            {
                "name": "eligible",
                "label": "everyone eligible",
                "description": "Patients measured at baseline whose outcome is known.",
                "rules": [{"column": "group", "equals": "patient", "label": "patients"}],
            },
        ],
    }


def _write_truth(out: Path, settings: MarkerCohortSettings, cohort: MarkerCohort, truth_people: int) -> None:
    people, ids = cohort.people, cohort.participants
    bad = (settings.relief_percent - people.relief) / settings.relief_spread
    truth = pd.DataFrame(
        {
            "participant_id": list(ids.index),
            "site": list(ids["site"]),
            "group": list(ids["group"]),
            "relief_percent": np.where(people.control, np.nan, people.relief),
            "badness": np.where(people.control, np.nan, bad),
            "motion_mm": people.motion[:, 0],
            "lost": (people.lost < len(MONTHS)).astype(int),
        }
    )
    write_text(out / "truth" / "people.tsv", table_text(truth))
    rng = stream(settings.seed, "truth", "markers")
    write_text(out / "truth" / "markers.tsv", table_text(marker_truth(settings, rng, truth_people)))


def _plain(table: pd.DataFrame) -> str:
    """Return a table as TSV, numbers as short as they read back."""
    return table.to_csv(sep="\t", na_rep="n/a", index=False, lineterminator="\n", float_format="%.10g")
