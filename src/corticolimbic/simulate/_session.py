"""One session of one person: drawn, written, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.circuit import atlas
from corticolimbic.foundation import InputError, read_json, write_json, write_text
from corticolimbic.measure import regress_out
from corticolimbic.simulate._brain import ATLAS, Brain, kept_brain
from corticolimbic.simulate._disturbances import (
    Disturbed,
    cleaning,
    component_notes,
    disturb,
    with_image,
)
from corticolimbic.simulate._image import write_bold, write_mask
from corticolimbic.simulate._noise import smooth_noise, sphere_noise
from corticolimbic.simulate._painted import Painted, painted
from corticolimbic.simulate._people import Person, moving, session_name
from corticolimbic.simulate._planted import draw_background, draw_nodes, person_network
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._streams import stream
from corticolimbic.simulate._truth import expected_series_covariance, expected_z

_AT_ONCE = 4_000_000
"""Voxels of noise held at once: about 50 MB in all."""


@dataclass(frozen=True, eq=False)
class SessionWork:
    """What one process needs to write one session."""

    root: Path
    settings: SimulateSettings
    person: Person
    month: int
    brain: Brain
    mark: str


def truth_path(root: Path, participant_id: str, session_id: str) -> Path:
    """Return where the truth of a session is written, last of all its files."""
    return root / "truth" / "sessions" / f"{participant_id}_{session_id}.json"


def session_files(work: SessionWork) -> tuple[Path, ...]:
    """Return the files of a session beside its truth."""
    session = session_name(work.month)
    folder = work.root / work.person.participant_id / session / "func"
    stem = f"{work.person.participant_id}_{session}_task-rest"
    if not work.settings.images:
        return (folder / f"{stem}_seg-{ATLAS}_stat-mean_timeseries.tsv", folder / f"{stem}_motion.tsv")
    spaced = f"{stem}_space-{work.settings.space}"
    return (
        folder / f"{spaced}_desc-preproc_bold.nii.gz",
        folder / f"{spaced}_desc-preproc_bold.json",
        folder / f"{spaced}_desc-brain_mask.nii.gz",
        folder / f"{stem}_desc-confounds_timeseries.tsv",
        folder / f"{stem}_desc-confounds_timeseries.json",
    )


def is_complete(work: SessionWork) -> bool:
    """Tell whether an earlier simulation with the same settings wrote the session to its end."""
    try:
        truth = read_json(truth_path(work.root, work.person.participant_id, session_name(work.month)))
    except InputError:
        return False
    return truth.get("mark") == work.mark and all(path.is_file() for path in session_files(work))


def write_session(work: SessionWork) -> None:
    """Draw a session and write its files; its truth comes last."""
    work = replace(work, brain=kept_brain(work.brain))
    settings, person = work.settings, work.person
    session = session_name(work.month)
    rng = stream(settings.seed, person.participant_id, session)
    disturbed = disturb(settings, moving(settings, person, work.month), rng)
    maps = painted(settings, person, work.brain)
    network = person_network(settings, person, work.month)
    signals = np.hstack(
        [
            draw_nodes(network, settings.volumes, settings.repetition_time, rng),
            draw_background(len(work.brain.territories), settings.volumes, settings.repetition_time, rng),
        ]
    )
    clean = cleaning(disturbed, images=settings.images)
    if settings.images:
        _write_images(work, disturbed, maps, signals, rng)
    else:
        _write_series(work, disturbed, maps, signals, rng)
    covariance = expected_series_covariance(
        maps, work.brain, network, clean, disturbed.sources, settings.repetition_time
    )
    write_json(
        truth_path(work.root, person.participant_id, session),
        {
            "mark": work.mark,
            "participant_id": person.participant_id,
            "session_id": session,
            "volumes_kept": len(clean),
            "mean_fd": float(np.nanmean(disturbed.displacement)),
            "expected_z": {name: round(value, 6) for name, value in expected_z(covariance).items()},
        },
    )


def _write_images(
    work: SessionWork,
    disturbed: Disturbed,
    maps: Painted,
    signals: Float[np.ndarray, "volumes sources"],
    rng: np.random.Generator,
) -> None:
    bold, sidecar, mask, table, notes = session_files(work)
    seen = _Seen()
    blocks = seen.watch(_volumes(work.brain, maps, signals, disturbed.sources, rng))
    time = work.settings.repetition_time
    write_bold(bold, work.brain, blocks, work.settings.volumes, time)
    write_json(sidecar, {"RepetitionTime": time, "TaskName": "rest", "SkullStripped": True})
    write_mask(mask, work.brain)
    whole = with_image(disturbed.table, np.array(seen.means), np.array(seen.dvars))
    write_text(table, _tsv(whole))
    write_json(notes, component_notes(whole))


def _volumes(
    brain: Brain,
    maps: Painted,
    signals: Float[np.ndarray, "volumes sources"],
    sources: Float[np.ndarray, "volumes disturbances"],
    rng: np.random.Generator,
) -> Iterator[Float[np.ndarray, "some voxels"]]:
    size = max(1, _AT_ONCE // brain.mask.size)
    shape = (brain.mask.shape[0], brain.mask.shape[1], brain.mask.shape[2])
    painting = maps.sources.astype(np.float32)
    disturbing = maps.disturbances.astype(np.float32)
    mean = maps.mean.astype(np.float32)
    for first in range(0, len(signals), size):
        some = slice(first, first + size)
        values = (painting @ signals[some].T.astype(np.float32)).T
        values = values + sources[some].astype(np.float32) @ disturbing.T + mean
        noise = smooth_noise(shape, len(values), maps.smoothness_mm / float(brain.affine[0, 0]), rng)
        values += np.float32(maps.noise) * noise.reshape(len(values), -1)[:, brain.voxels]
        yield values


class _Seen:
    """The mean of each volume and its change from the one before, noted while volumes pass."""

    def __init__(self) -> None:
        self.means: list[float] = []
        self.dvars: list[float] = []
        self._last: np.ndarray | None = None

    def watch(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            for volume in block:
                self.means.append(float(volume.mean(dtype=np.float64)))
                change = np.nan if self._last is None else np.sqrt(np.mean((volume - self._last) ** 2))
                self.dvars.append(float(change))
                self._last = volume
            yield block


def _write_series(
    work: SessionWork,
    disturbed: Disturbed,
    maps: Painted,
    signals: Float[np.ndarray, "volumes sources"],
    rng: np.random.Generator,
) -> None:
    """Write the spheres' series, confounds removed, and the motion: what the images would have given."""
    spheres = work.brain.spheres
    values = signals @ (spheres @ maps.sources).toarray().T + spheres @ maps.mean
    values += disturbed.sources @ (spheres @ maps.disturbances).T
    size, way = np.linalg.eigh(sphere_noise(work.brain, maps.smoothness_mm))
    root = way * np.sqrt(np.clip(size, 0, None))
    values += maps.noise * rng.standard_normal(values.shape) @ root.T
    cleaned = regress_out(values, disturbed.regressors())[0]
    series, motion = session_files(work)
    names = [node.name for node in atlas(ATLAS).nodes]
    write_text(series, _tsv(pd.DataFrame(np.round(cleaned, 5), columns=names)))
    write_text(motion, _tsv(disturbed.table[["framewise_displacement"]]))


def _tsv(table: pd.DataFrame) -> str:
    return table.to_csv(sep="\t", na_rep="n/a", index=False, lineterminator="\n", float_format="%.8g")
