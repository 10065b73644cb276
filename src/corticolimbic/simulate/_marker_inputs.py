"""A few simulated people in whom every published marker has its inputs; no number means anything."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from corticolimbic.circuit import edges
from corticolimbic.features import measure
from corticolimbic.foundation import Settings, atomic_path, write_json, write_text
from corticolimbic.predict import Marker, marker, marker_ids
from corticolimbic.simulate._claim import claim
from corticolimbic.simulate._marker_people import MONTHS
from corticolimbic.simulate._marker_study import (
    SOURCE,
    cohort_configuration,
    write_clinical,
    write_configuration,
)
from corticolimbic.simulate._people import session_name, site_name
from corticolimbic.simulate._streams import stream
from corticolimbic.simulate._study import table_text

ALGORITHM = 1
"""Bumped whenever the same settings give another dataset."""
_ANY = "*"
_TASKS = {"rest": "rest", "rating": "rating", "evoked": "heat", "task": "attention"}
_TYPICAL = {
    "volume": (1600.0, 150.0),
    "intracranial_volume": (1.5e6, 1.2e5),
    "thickness": (2.6, 0.15),
    "fa": (0.45, 0.03),
    "tract_connections": (0.3, 0.05),
    "slow5": (1.2, 0.3),
    "hub_disruption": (-0.2, 0.3),
    "mean_fd": (0.15, 0.03),
    "fc": (0.15, 0.18),
}
"""Mean and standard deviation of made-up values; 0 and 1 for the others."""
_REGIONS = ("mPFC", "dlPFC", "OFC", "dACC", "Ins", "S1", "S2", "PCC")
_SPACE, _GRID = "MNI152NLin6Asym", (6, 7, 6)
_MAPS = f"derivatives/glm/sub-*/ses-*/func/*_space-{_SPACE}_stat-effect_statmap.nii.gz"
_RANDOM = (
    "Random numbers in the form of this marker's weights, so that the computation can be tried. They are not "
    "the published weights, which their authors give out themselves; scores from them mean nothing."
)


class MarkerInputsSettings(Settings):
    """A small virtual study in which every marker can be computed."""

    people: int = Field(
        default=48,
        ge=44,
        le=2000,
        description="People; half of them controls, the relative markers' reference.",
    )
    seed: int = Field(
        default=20261126, ge=0, description="Seed of every random stream; the default was chosen beforehand."
    )


@dataclass(frozen=True, order=True)
class InputRow:
    """One feature that a marker needs."""

    task: str
    atlas: str
    measure: str
    target: str
    statistic: str


def simulate_marker_inputs(out: Path, settings: MarkerInputsSettings) -> Path:
    """Write the study: people, two visits, all features, made-up weights, and maps for weights on images.

    The features are those that the marker files of this version ask for; values are drawn independently of
    each other and of pain.

    Parameters
    ----------
    out
        Folder: new, empty, or of an earlier simulation with these settings.
    settings
        The study.

    Returns
    -------
    Path
        The configuration for ``corticolimbic run`` and ``corticolimbic markers score``.

    Raises
    ------
    SettingsError
        Where the folder holds something else.
    """
    told = {"scenario": "marker-inputs", "settings": settings.plain()}
    claim(out, told, ALGORITHM, "no marker means anything here: values are independent")
    ids = [f"sub-{number + 1:03d}" for number in range(settings.people)]
    sessions = [session_name(MONTHS[0]), session_name(MONTHS[-1])]
    _write_people(out, settings, ids)
    wanted = needed_rows()
    write_text(out / "derivatives" / "features.tsv", table_text(_features(settings, ids, sessions, wanted)))
    with_maps = [item for item in map(marker, marker_ids()) if item.weights and item.weights.form == "image"]
    for person in ids if with_maps else ():
        for session in sessions:
            rng = stream(settings.seed, person, session, "map")
            name = f"{person}_{session}_task-heat_space-{_SPACE}_stat-effect_statmap.nii.gz"
            _write_image(out / "derivatives" / "glm" / person / session / "func" / name, rng)
    weights = [_write_weights(out, settings, item) for item in map(marker, marker_ids()) if item.weights]
    truth = [{"marker": name, **vars(row)} for name in marker_ids() for row in rows_of(marker(name))]
    write_text(out / "truth" / "inputs.tsv", table_text(pd.DataFrame(truth)))
    return write_configuration(out, _configuration(weights))


def needed_rows() -> tuple[InputRow, ...]:
    """Return every feature that any marker needs, with motion and the size of the head beside."""
    beside = {
        InputRow("n/a", "n/a", "intracranial_volume", "WholeBrain", "sum"),
        *(InputRow(task, "n/a", "mean_fd", "WholeBrain", "mean") for task in _TASKS.values()),
    }
    return tuple(sorted(beside.union(*(rows_of(marker(name)) for name in marker_ids()))))


def rows_of(item: Marker) -> set[InputRow]:
    """Return the features that a marker needs, in the atlas that it prefers."""
    task = _TASKS.get(item.state, "n/a")
    rows = {
        InputRow(
            "n/a" if measure(term.key.measure).kind in {"structure", "diffusion"} else task,
            _atlas(term.key.atlases, term.key.measure),
            term.key.measure,
            target,
            term.key.statistic or measure(term.key.measure).statistics[0],
        )
        for term in item.terms
        for target in term.targets
    }
    form = item.weights
    if form is not None and form.form == "table" and form.key is not None:
        key = form.key
        rows |= {
            InputRow(
                "n/a" if measure(key.measure).kind in {"structure", "diffusion"} else task,
                _atlas(key.atlases, key.measure),
                key.measure,
                target,
                key.statistic or measure(key.measure).statistics[0],
            )
            for target in _weighted_targets(key.measure)
        }
    return rows


def _atlas(accepted: tuple[str, ...], name: str) -> str:
    first = next((atlas for atlas in accepted if atlas != _ANY), "")
    kind = measure(name).kind
    return first or ("n/a" if kind in {"structure", "diffusion"} else "coordinates")


def _weighted_targets(name: str) -> tuple[str, ...]:
    if name == "fc":
        return tuple(edge.target for edge in edges())[:12]
    return tuple(f"{region}_{side}" for region in _REGIONS for side in "LR")


def _write_people(out: Path, settings: MarkerInputsSettings, ids: list[str]) -> None:
    rng = stream(settings.seed, "people")
    n = len(ids)
    control = np.arange(n) % 2 == 1
    participants = pd.DataFrame(
        {
            "site": [site_name(number // 2 % 2) for number in range(n)],
            "age": [f"{age:g}" for age in np.round(rng.uniform(22, 64, n), 1)],
            "sex": np.where(rng.random(n) < 0.5, "F", "M"),
            "group": np.where(control, "control", "patient"),
            "opioid": np.where(~control & (rng.random(n) < 0.3), "yes", "no"),
        },
        index=pd.Index(ids, name="participant_id"),
        dtype=object,
    )
    first = np.where(control, 0.3, np.clip(6 + 1.2 * rng.standard_normal(n), 3.5, 9))
    share = np.linspace(1, rng.uniform(0.1, 1.2, n), len(MONTHS), axis=1)
    affective = np.full((n, len(MONTHS)), np.nan)
    affective[:, [0, -1]] = rng.integers(0, 13, (n, 2))
    visits = pd.DataFrame(
        {
            "participant_id": np.repeat(ids, len(MONTHS)),
            "session_id": [session_name(month) for month in MONTHS] * n,
            "pain_nrs": np.clip(np.round(first[:, None] * share, 1), 0, 10).ravel(),
            "mpq_affective": affective.ravel(),
        }
    )
    write_clinical(out, participants, visits)


def _features(
    settings: MarkerInputsSettings, ids: list[str], sessions: list[str], wanted: tuple[InputRow, ...]
) -> pd.DataFrame:
    keys = [{**vars(row), "unit": _unit(row)} for row in wanted]
    means = {row.target: stream(settings.seed, row.target, "degree").uniform(0.1, 0.6) for row in wanted}
    parts = []
    for person in ids:
        for session in sessions:
            rng = stream(settings.seed, person, session, "features")
            values = [_value(key, means[key["target"]], rng.standard_normal()) for key in keys]
            part = pd.DataFrame(keys).assign(value=values)
            part.insert(0, "session_id", session)
            part.insert(0, "participant_id", person)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _unit(row: InputRow) -> str:
    return "share" if row.statistic == "share" else measure(row.measure).units[0]


def _value(key: dict[str, str], degree: float, draw: float) -> float:
    """Return a made-up value; degrees differ between regions, as hub disruption needs it."""
    name = key["measure"]
    mean, spread = (degree, 0.05) if name == "degree" else _TYPICAL.get(name, (0.0, 1.0))
    low, high = measure(name).bounds(key["unit"])
    value = float(np.tanh(mean + spread * draw)) if name == "fc" else mean + spread * draw
    return min(max(value, low), high)


def _write_weights(out: Path, settings: MarkerInputsSettings, item: Marker) -> dict[str, str]:
    """Write made-up weights of a marker; return the entry of the settings."""
    rng = stream(settings.seed, item.id, "weights")
    folder = out / "derivatives" / "weights"
    if item.weights is None or item.weights.form == "image":
        name = f"{item.id}_space-{_SPACE}_weights.nii.gz"
        _write_image(folder / name, rng)
        write_json(folder / f"{name.removesuffix('.nii.gz')}.json", {"Description": _RANDOM})
        return {"marker": item.id, "file": f"dataset:derivatives/weights/{name}", "maps": _MAPS}
    name = f"{item.id}_weights"
    key = item.weights.key
    targets = _weighted_targets(key.measure if key is not None else "fc")
    table = pd.DataFrame({"target": targets, "weight": np.round(rng.standard_normal(len(targets)), 4)})
    table.loc[len(table)] = ["intercept", 0.1]
    write_text(folder / f"{name}.tsv", table_text(table))
    write_json(folder / f"{name}.json", {"Description": _RANDOM})
    return {"marker": item.id, "file": f"dataset:derivatives/weights/{name}.tsv"}


def _write_image(path: Path, rng: np.random.Generator) -> None:
    """Write a coarse image of made-up values, none of which is 0."""
    import nibabel

    affine = np.diag([24.0, 24.0, 24.0, 1.0])
    affine[:3, 3] = [-60.0, -84.0, -48.0]
    values = rng.standard_normal(_GRID).astype(np.float32)
    data = gzip.compress(nibabel.Nifti1Image(values, affine).to_bytes(), mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def _configuration(weights: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "supplied": [{"file": "derivatives/features.tsv", "source": SOURCE}],
        "cohort": cohort_configuration(),
        "compare": {"covariates": ["age", "sex"]},
        "predict": {
            "markers": "all",
            "weights": weights,
            "reference": {"column": "group", "value": "control"},
            "state_tasks": {state: [task] for state, task in _TASKS.items()},
        },
    }
