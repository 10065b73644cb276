"""The built-in sample: a small longitudinal three-centre study, made by us, with a known truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from corticolimbic.circuit import atlas
from corticolimbic.foundation import (
    InputError,
    is_temporary,
    read_json,
    sweep_temporary,
    write_json,
    write_text,
)

SEED = 20211104
"""Chosen before the first run."""
ATLAS = "coordinates"
SITES = ("alder", "birch", "cedar")
SESSIONS = ("ses-baseline", "ses-month12")
PEOPLE = 36
VOLUMES = 240
REPETITION_TIME = 2.0
_COUPLING = {"recovered": 0.22, "persistent": 0.46}
"""Strength of the signal that mPFC and NAc share, beside what all regions share: the planted difference."""
_COUPLING_SD = 0.10
_DESCRIPTION = "dataset_description.json"
_MADE_BY = [{"Name": "corticolimbic sample"}]


@dataclass(frozen=True)
class _Person:
    """One simulated person."""

    participant_id: str
    site: str
    group: str
    age: float
    sex: str
    pain: tuple[float, float]
    coupling: float
    motion: float


def write_sample(root: Path) -> Path:
    """Write the sample as BIDS derivatives and return the configuration that fits it.

    36 people at 3 sites, 2 sessions; region series of the spheres of the atlas ``coordinates``, framewise
    displacement, pain ratings. In people whose pain persists, mPFC and NAc share more signal. Motion is a
    little higher in them, sites differ in noise, two people are lost before the second visit, one moved too
    much to be used, and one had hardly any pain at the start. Gaussian and autoregressive throughout: a
    sample to show the program, not a model of the brain.

    Parameters
    ----------
    root
        Folder; files of an earlier sample are replaced by equal ones.

    Returns
    -------
    Path
        ``root / "code" / "sample.yaml"``.
    """
    sweep_temporary(root)
    _describe(root)  # first, so that a sample cut short is known as one
    rng = np.random.default_rng(SEED)
    nodes = [node.name for node in atlas(ATLAS).nodes]
    loadings = _loadings(len(nodes), rng)
    people = [_person(index, rng) for index in range(PEOPLE)]
    for person in people:
        lost = person.participant_id in _lost(people)
        for visit, session in enumerate(SESSIONS[: 1 if lost else 2]):
            _write_session(root, person, session, visit, nodes, loadings, rng)
        _write_ratings(root, person, lost)
    _write_tables(root, people)
    config = root / "code" / "sample.yaml"
    write_text(config, _CONFIG)
    return config


def is_sample(root: Path) -> bool:
    """Tell whether a folder is empty or holds a sample of ours, whole or cut short: it may be rewritten."""
    try:
        made_by = read_json(root / _DESCRIPTION).get("GeneratedBy")
    except InputError:
        return root.is_dir() and all(is_temporary(path) for path in root.iterdir())
    return made_by == _MADE_BY


def _describe(root: Path) -> None:
    write_json(
        root / _DESCRIPTION,
        {
            "Name": "Built-in sample of corticolimbic: simulated people, not measured",
            "BIDSVersion": "1.9.0",
            "DatasetType": "derivative",
            "License": "BSD-3-Clause",
            "GeneratedBy": _MADE_BY,
        },
    )


def _person(index: int, rng: np.random.Generator) -> _Person:
    group = "persistent" if index % 2 else "recovered"
    baseline = float(np.clip(rng.normal(6.0, 1.2), 3.0, 9.5))
    left = rng.uniform(0.72, 1.15) if group == "persistent" else rng.uniform(0.05, 0.55)
    pain = (baseline, float(np.clip(baseline * left, 0, 10)))
    if index == 10:
        pain = (0.5, 0.4)
    motion = float(np.exp(rng.normal(np.log(0.11 if group == "recovered" else 0.13), 0.3)))
    return _Person(
        participant_id=f"sub-{index + 1:02d}",
        site=SITES[index // 2 % len(SITES)],
        group=group,
        age=float(np.round(rng.uniform(22, 64), 1)),
        sex="F" if rng.random() < 0.55 else "M",
        pain=(round(pain[0], 1), round(pain[1], 1)),
        coupling=float(rng.normal(_COUPLING[group], _COUPLING_SD)),
        motion=3.5 if index == 17 else motion,
    )


def _lost(people: list[_Person]) -> frozenset[str]:
    return frozenset({people[6].participant_id, people[29].participant_id})


def _loadings(n_nodes: int, rng: np.random.Generator) -> Float[np.ndarray, "nodes factors"]:
    """Return how strongly each node follows three signals that all regions share."""
    loadings = rng.normal(0.0, 0.35, (n_nodes, 3))
    loadings[:, 0] = rng.uniform(0.3, 0.8, n_nodes)
    return loadings


def _autoregressive(
    shape: tuple[int, int], rng: np.random.Generator, memory: float = 0.4
) -> Float[np.ndarray, "volumes columns"]:
    """Return stationary AR(1) noise of variance 1."""
    noise = rng.standard_normal(shape)
    signal = np.empty(shape)
    signal[0] = noise[0]
    for volume in range(1, shape[0]):
        signal[volume] = memory * signal[volume - 1] + np.sqrt(1 - memory**2) * noise[volume]
    return signal


def _write_session(
    root: Path,
    person: _Person,
    session: str,
    visit: int,
    nodes: list[str],
    loadings: Float[np.ndarray, "nodes factors"],
    rng: np.random.Generator,
) -> None:
    series = _autoregressive((VOLUMES, len(nodes)), rng) * (1.0 + 0.15 * SITES.index(person.site))
    series += _autoregressive((VOLUMES, loadings.shape[1]), rng) @ loadings.T
    shared = _autoregressive((VOLUMES, 1), rng)[:, 0]
    for name in ("mPFC", "NAc_L", "NAc_R"):
        series[:, nodes.index(name)] += np.sqrt(max(person.coupling + 0.05 * visit, 0.0)) * 1.3 * shared
    displacement = np.abs(rng.gamma(2.0, person.motion / 2.0, VOLUMES))
    jumps = displacement > 0.5
    series[jumps] += rng.normal(0, 2.0, (int(jumps.sum()), 1))  # motion moves all regions together
    if person.participant_id == "sub-05":
        series[:, nodes.index("RVM")] = 0.0  # outside the field of view
    stem = f"{person.participant_id}_{session}_task-rest"
    folder = root / person.participant_id / session / "func"
    rows = ["\t".join(nodes), *("\t".join(f"{value:.4f}" for value in row) for row in series)]
    write_text(folder / f"{stem}_seg-{ATLAS}_stat-mean_timeseries.tsv", "\n".join(rows) + "\n")
    motion = ["framewise_displacement", "n/a", *(f"{value:.5f}" for value in displacement[1:])]
    write_text(folder / f"{stem}_motion.tsv", "\n".join(motion) + "\n")


def _write_ratings(root: Path, person: _Person, lost: bool) -> None:  # noqa: FBT001
    final = "n/a" if lost else f"{person.pain[1]:g}"
    rows = ["session_id\tpain_nrs", f"{SESSIONS[0]}\t{person.pain[0]:g}", f"{SESSIONS[1]}\t{final}"]
    write_text(root / person.participant_id / f"{person.participant_id}_sessions.tsv", "\n".join(rows) + "\n")


def _write_tables(root: Path, people: list[_Person]) -> None:
    rows = ["participant_id\tsite\tage\tsex"]
    rows += [f"{person.participant_id}\t{person.site}\t{person.age:g}\t{person.sex}" for person in people]
    write_text(root / "participants.tsv", "\n".join(rows) + "\n")
    write_json(root / f"task-rest_seg-{ATLAS}_stat-mean_timeseries.json", {"RepetitionTime": REPETITION_TIME})
    write_json(
        root / "truth" / "truth.json",
        {
            "seed": SEED,
            "planted": {"target": "NAc--mPFC", "shared_signal": _COUPLING, "between_person_sd": _COUPLING_SD},
            "people": {
                person.participant_id: {"group": person.group, "coupling": person.coupling}
                for person in people
            },
        },
    )


_CONFIG = """\
# Settings of the built-in sample (simulated people).
dataset:
  tasks: [rest]
measure:
  fd_threshold: 0.5
cohort:
  outcome:
    family: relative
    label: pain after 12 months
    pain_column: pain_nrs
    baseline_session: ses-baseline
    final_session: ses-month12
    scale: [0, 10]
  populations:
    - name: eligible
      label: everyone eligible
      description: Everyone measured at baseline whose outcome is known.
    - name: little_motion
      label: little motion
      description: The eligible people whose mean framewise displacement is at most 0.20 mm.
      rules:
        - {measured: mean_fd, at_most: 0.20, label: mean framewise displacement up to 0.20 mm}
compare:
  covariates: [age, sex, "measured:mean_fd"]
predict:
  markers:
    - id: spisak2020_rpn
"""
