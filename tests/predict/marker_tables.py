"""Tables that hold exactly the inputs of a marker, made from what the marker declares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from corticolimbic.features import schema
from corticolimbic.predict import ANY, Marker

TASKS = {"rest": ("rest",), "rating": ("rating",), "evoked": ("heat",), "task": ("attention",)}
SESSIONS = ("ses-2", "ses-10")


def own_task(marker: Marker) -> str:
    return TASKS[marker.state][0] if marker.state in TASKS else "n/a"


def inputs_of(
    marker: Marker, rng: np.random.Generator, n_people: int = 4, sessions: tuple[str, ...] = SESSIONS
) -> pd.DataFrame:
    """Return features of people and sessions with every input of a marker, rows in a random order."""
    rows = [
        {
            "participant_id": f"sub-{person:02d}",
            "session_id": session,
            "task": own_task(marker),
            "run": "1",
            "acq": "n/a",
            "space": "n/a",
            "atlas": "supplied" if key.atlases[0] == ANY else key.atlases[0],
            "strategy": "as-given",
            "measure": key.measure,
            "target": target,
            "statistic": key.statistic,
            "definition": "d",
            "value": float(rng.uniform(0.05, 0.9)),
            "unit": "u",
            "qc": "ok",
        }
        for person in range(n_people)
        for session in sessions
        for key, target in dict.fromkeys(
            (term.key, target) for term in marker.terms for target in term.targets
        )
    ]
    table = schema("features").table(rows)
    return table.iloc[rng.permutation(len(table))].reset_index(drop=True)


def expected(marker: Marker, table: pd.DataFrame) -> pd.Series:
    """Compute scores by plain loops over a table: person and session to score."""
    found = {}
    for (person, session), rows in table.groupby(["participant_id", "session_id"]):
        total = marker.intercept
        for term in marker.terms:
            values = []
            for target in term.targets:
                (value,) = rows.loc[
                    (rows["target"] == target) & (rows["measure"] == term.key.measure), "value"
                ]
                values.append(
                    np.log((1 + value) / (1 - value)) / 2 if term.key.transform == "fisher_z" else value
                )
            combined = sum(values) / (len(values) if term.combine == "mean" else 1)
            total += term.weight * (combined - term.center) / term.scale
        found[person, session] = total
    whole = pd.Series(found)
    first, mean = whole.xs("ses-2", level=1), whole.groupby(level=0).mean()
    if marker.over == "change":
        return pd.Series({k: v - first[k[0]] for k, v in found.items() if k[1] != "ses-2"})
    if marker.over == "deviation":
        return pd.Series({k: v - mean[k[0]] for k, v in found.items()})
    return pd.Series({k: mean[k[0]] for k in found}) if marker.over == "person_mean" else whole
