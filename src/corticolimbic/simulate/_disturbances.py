"""What disturbs a run: head motion and its artefact, physiology, drift; and their regressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from corticolimbic.measure import keep_volumes, regress_out
from corticolimbic.simulate._people import Person
from corticolimbic.simulate._settings import SimulateSettings

FD_THRESHOLD = 0.5
"""Censoring of the declared pipeline, in mm."""
_HEAD_MM = 50.0
_HIGH_PASS_S = 128.0
_MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
_COMPONENTS = 6
_REGRESSOR_NOISE = 0.3
"""Noise of the measured tissue signals, as a share of physiology: what is left is not removed."""


@dataclass(frozen=True, eq=False)
class Disturbed:
    """The disturbances of one run in time.

    Parameters
    ----------
    sources
        (volumes, disturbances) in the order of `DISTURBANCES`; motion in mm, others of a variance of about 1.
    table
        Confounds as fMRIPrep writes them, but for the columns that only the image gives.
    displacement
        Framewise displacement in mm, NaN in the first volume.
    """

    sources: Float[np.ndarray, "volumes disturbances"]
    table: pd.DataFrame
    displacement: Float[np.ndarray, " volumes"]

    @property
    def keep(self) -> Bool[np.ndarray, " volumes"]:
        """Volumes that the declared pipeline keeps."""
        return keep_volumes(self.displacement, FD_THRESHOLD)

    def regressors(self) -> Float[np.ndarray, "volumes confounds"]:
        """Return the regressors of the strategy ``simple``: 24 motion parameters, tissues, slow cosines."""
        parts = ("", "_derivative1", "_power2", "_derivative1_power2")
        names = [f"{name}{part}" for name in _MOTION for part in parts]
        names += ["csf", "white_matter", *(name for name in self.table if name.startswith("cosine"))]
        return self.table[names].bfill().to_numpy(dtype=np.float64)


def cleaning(disturbed: Disturbed, *, images: bool) -> Float[np.ndarray, "kept volumes"]:
    """Return the matrix by which the declared pipeline turns a series into the one it correlates.

    For images: volumes that moved are dropped, then intercept and confounds are removed in those that are
    kept. For tables of series, which come cleaned: the other way round.
    """
    keep, regressors = disturbed.keep, disturbed.regressors()
    if images:
        cleaned = np.zeros((int(keep.sum()), len(keep)))
        cleaned[:, keep] = _residual(regressors[keep])
        return cleaned
    cleaned = _residual(regressors)[keep]
    return cleaned - cleaned.mean(axis=0)


def _residual(confounds: np.ndarray) -> np.ndarray:
    """Return the projection away from an intercept and confounds."""
    left = regress_out(np.eye(len(confounds)), confounds)[0]
    return left - left.mean(axis=0)


def disturb(settings: SimulateSettings, person: Person, rng: np.random.Generator) -> Disturbed:
    """Draw the disturbances of one run."""
    volumes, time = settings.volumes, settings.repetition_time
    head = _head(volumes, person.motion * float(np.exp(0.15 * rng.standard_normal())), rng)
    steps = np.abs(np.diff(head, axis=0)) @ np.array([1, 1, 1, _HEAD_MM, _HEAD_MM, _HEAD_MM])
    displacement = np.concatenate([[np.nan], steps])
    moved = np.concatenate([[0.0], steps])
    artefact = -(moved + 0.5 * np.concatenate([[0.0], moved[:-1]]))
    physiology = _autoregressive((volumes, 2), rng)
    cosines = _cosines(volumes, time)
    drift = cosines[:, :2] * np.sqrt(volumes) if cosines.shape[1] >= 2 else np.zeros((volumes, 2))
    measured = physiology + _REGRESSOR_NOISE * rng.standard_normal(physiology.shape)
    columns: dict[str, np.ndarray] = {}
    for place, name in enumerate(("csf", "white_matter")):
        columns |= _expanded(name, 600.0 + 100.0 * place + 5.0 * measured[:, place])
    columns["csf_wm"] = 650.0 + 2.5 * measured.sum(axis=1)
    columns["framewise_displacement"] = displacement
    components = np.column_stack([measured, rng.standard_normal((volumes, _COMPONENTS - 2))])
    for prefix in "acw":
        noise = 0.1 * rng.standard_normal(components.shape)
        for place in range(_COMPONENTS):
            column = components[:, place] + noise[:, place]
            column = column - column.mean()
            columns[f"{prefix}_comp_cor_{place:02d}"] = column / np.linalg.norm(column)
    for place in range(cosines.shape[1]):
        columns[f"cosine{place:02d}"] = cosines[:, place]
    for place, name in enumerate(_MOTION):
        columns |= _expanded(name, head[:, place])
    sources = np.column_stack([physiology, drift, artefact])
    # The table is rounded as it is written, so that truth is computed from what is read.
    table = pd.DataFrame({name: _rounded(values) for name, values in columns.items()})
    return Disturbed(sources, table, table["framewise_displacement"].to_numpy())


def with_image(
    table: pd.DataFrame, global_signal: Float[np.ndarray, " volumes"], dvars: Float[np.ndarray, " volumes"]
) -> pd.DataFrame:
    """Add the columns that the image gives: global signal and DVARS."""
    middle = float(np.nanmedian(dvars))
    more = _expanded("global_signal", global_signal)
    more |= {"dvars": dvars, "std_dvars": dvars / middle if middle > 0 else dvars}
    added = pd.DataFrame({name: _rounded(values) for name, values in more.items()})
    return pd.concat([added, table], axis="columns")


def component_notes(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Return what the JSON file beside the table says of its CompCor components."""
    masks = {"a": "combined", "c": "CSF", "w": "WM"}
    return {
        str(name): {
            "Method": "aCompCor",
            "Mask": masks[str(name)[0]],
            "Retained": True,
            "SingularValue": 10.0,
            "VarianceExplained": 0.08,
            "CumulativeVarianceExplained": 0.08 * (int(str(name)[-2:]) + 1),
        }
        for name in table.columns
        if "_comp_cor_" in str(name)
    }


def _head(volumes: int, mean_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Return six head parameters (mm, radians) of a mean framewise displacement; some volumes jump."""
    kicks = rng.standard_normal((volumes, 6)) * np.where(rng.random((volumes, 1)) < 0.03, 5.0, 1.0)
    head = np.zeros((volumes, 6))
    for volume in range(1, volumes):
        head[volume] = 0.98 * head[volume - 1] + kicks[volume]
    typical = float(np.abs(np.diff(head, axis=0)).sum(axis=1).mean())
    return head * (mean_mm / typical) * np.array([1, 1, 1, 1 / _HEAD_MM, 1 / _HEAD_MM, 1 / _HEAD_MM])


def _autoregressive(shape: tuple[int, int], rng: np.random.Generator, memory: float = 0.4) -> np.ndarray:
    noise = rng.standard_normal(shape)
    signal = np.empty(shape)
    signal[0] = noise[0]
    for volume in range(1, shape[0]):
        signal[volume] = memory * signal[volume - 1] + np.sqrt(1 - memory**2) * noise[volume]
    return signal


def _cosines(volumes: int, repetition_time: float) -> np.ndarray:
    """Return the discrete cosines below 1/128 Hz, of unit length."""
    count = int(np.floor(2 * volumes * repetition_time / _HIGH_PASS_S))
    moments = (np.arange(volumes) + 0.5) * np.pi / volumes
    return np.sqrt(2 / volumes) * np.cos(np.outer(moments, np.arange(1, count + 1)))


def _expanded(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    slope = np.concatenate([[np.nan], np.diff(values)])
    return {
        name: values,
        f"{name}_derivative1": slope,
        f"{name}_power2": values**2,
        f"{name}_derivative1_power2": slope**2,
    }


def _rounded(values: np.ndarray) -> np.ndarray:
    """Round to the eight significant digits that are written."""
    return np.array([float(f"{value:.8g}") for value in values])
