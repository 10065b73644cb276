"""A small made-up study for tests of individual records: 40 controls, 120 patients, one marker that works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.predict import IndividualSettings, Study

EDGES = ("Amy--NAc", "NAc--mPFC")
CONTROLS, PATIENTS = 40, 120
CARD = {
    "id": "works",
    "name": "A marker",
    "role": "prognostic",
    "sign": 1,
    "unit": "r",
    "direction": "higher, worse",
    "population": "24 people of one laboratory",
    "threshold": "20 % less pain",
    "verified": [{"what": "AUC", "value": 0.83, "n": 24, "effect": None}],
    "failures": ["weak at rest elsewhere"],
    "inputs": [("fc", "NAc--mPFC")],
}
LACKING = {"id": "lacks", "name": "Another", "needs": ["diffusion images"]}


def ids() -> list[str]:
    """Return everybody: controls c.., patients p..."""
    return [f"sub-c{at}" for at in range(CONTROLS)] + [f"sub-p{at}" for at in range(PATIENTS)]


def facts(person: str) -> tuple[str, str, str]:
    """Return site, age and sex."""
    at = int(person[5:])
    return ("north", "south")[at % 2], f"{25 + at % 40}", "FM"[at // 2 % 2]


def feature_rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return edges and motion of everybody at two sessions."""
    rows = []
    for person in ids():
        for session in ("ses-1", "ses-2"):
            key = {
                "participant_id": person,
                "session_id": session,
                "task": "rest",
                "run": "01",
                "acq": "n/a",
                "space": "MNI",
                "atlas": "coordinates",
                "strategy": "simple",
                "definition": "d",
                "coverage": 1.0,
                "n_voxels": 9,
                "n_volumes": 100,
                "dof": 60.0,
                "mean_fd": 0.1,
                "qc": "ok",
                "inputs": "x",
            }
            for edge in EDGES:
                value = float(np.tanh(rng.normal(0.2, 0.2)))
                rows.append(
                    {
                        **key,
                        "measure": "fc",
                        "target": edge,
                        "statistic": "pearson",
                        "value": value,
                        "unit": "r",
                    }
                )
            motion = {"measure": "mean_fd", "target": "WholeBrain", "statistic": "mean", "unit": "mm"}
            rows.append({**key, **motion, "value": float(rng.uniform(0.05, 0.3))})
    return rows


def study(seed: int = 1, **changed: Any) -> Study:
    """Return the study; each patient has two runs of the marker, whose noise is as large as its signal."""
    rng = np.random.default_rng(seed)
    people = ids()
    patients = people[CONTROLS:]
    true = dict(zip(patients, rng.normal(size=PATIENTS), strict=True))
    worse = {person: float(true[person] + rng.normal(0, 0.8) > 0.2) for person in patients}
    cells = [
        {"participant_id": person, "session_id": "ses-none", "variable": name, "instance": "n/a",
         "value": value, "number": np.nan, "source": "participants.tsv", "row": 2}
        for person in people
        for name, value in zip(
            ("site", "age", "sex", "group"), (*facts(person), "control" if person[4] == "c" else "patient"),
            strict=True)
    ]  # fmt: skip
    key = {"task": "rest", "marker": "works", "se": np.nan, "status": "ok"}
    scores = [
        {**key, "participant_id": person, "session_id": "ses-1", "run": run, "site": facts(person)[0],
         "score": true[person] + float(rng.normal(0, 0.7))}
        for person in patients for run in ("01", "02")
    ]  # fmt: skip
    judged = {"name": "works", "kind": "marker", "outcome": "persistent_20", "population": "eligible",
              "scheme": "external", "site": "all external sites", "metric": "auc", "value": 0.8,
              "ci_low": 0.72, "ci_high": 0.88, "p": 0.001, "n": PATIENTS}  # fmt: skip
    tables: dict[str, pd.DataFrame] = {
        "visits": schema("visits").table(cells),
        "ratings": schema("ratings").table([
            {"participant_id": person, "session_id": session, "variable": "pain", "place": place,
             "site": facts(person)[0], "day": 10.0 + 100 * place,
             "rating": 6.0 - 2 * place * (1 - worse[person])}
            for person in patients for place, session in enumerate(("ses-1", "ses-2"), 1)
        ]),
        "outcomes": schema("outcomes").table([
            {"participant_id": person, "outcome": "persistent_20", "family": "relative", "role": "primary",
             "value": worse[person], "label": "persistent" if worse[person] else "recovered", "unit": "class",
             "status": "ok", "reason": ""}
            for person in patients
        ]),
        "populations": schema("populations").table([
            {"participant_id": person, "population": "eligible", "site": facts(person)[0],
             "member": int(person[4] == "p"), "reason": ""}
            for person in people
        ]),
        "trajectories": schema("trajectories").table([]),
        "features": schema("features").table(feature_rows(rng)),
        "scores": schema("scores").table(scores),
        "evaluation": schema("evaluation").table([judged]),
        "reliability": schema("reliability").table([]),
        "problems": schema("problems").table([]),
    }  # fmt: skip
    told: dict[str, Any] = {
        "verdicts": None,
        "cards": (CARD, LACKING),
        "trained_on": {},
        "primary": frozenset(EDGES),
        "statistic": "pearson",
        "baseline_session": "ses-1",
        "schedule": ("ses-1", "ses-2"),
        "covariates": ("age", "sex"),
        "controls": ("group", "control"),
        "settings": IndividualSettings(),
    }
    return Study(**{**tables, **told, **changed})
