"""Which confounds are removed, and which volumes with them: nilearn's named strategies."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from corticolimbic.foundation import InputError, one_line

Strategy = Literal["none", "simple", "scrubbing", "compcor", "ica_aroma"]

_PARAMETERS: dict[str, dict[str, Any]] = {
    "none": {},
    "simple": {"motion": "full", "wm_csf": "basic"},
    "scrubbing": {
        "motion": "full",
        "wm_csf": "full",
        "scrub": 5,
        "fd_threshold": 0.5,
        "std_dvars_threshold": 1.5,
    },
    "compcor": {"motion": "full", "compcor": "anat_combined", "n_compcor": "all"},
    "ica_aroma": {"wm_csf": "basic"},
}
"""What nilearn 0.13 and later take by default, said aloud: defaults have changed before."""
_UNSTEADY = "non_steady_state"
_STEM = "sub-0_task-0"


@dataclass(frozen=True)
class Nuisance:
    """What a strategy removes from a run.

    Parameters
    ----------
    columns
        Names of the confounds, as in fMRIPrep's table.
    values
        Volumes by confounds; the mean over the kept volumes may be removed.
    keep
        Volumes that the strategy keeps: not flagged as non-steady state, and not scrubbed.
    """

    columns: tuple[str, ...]
    values: Float64[np.ndarray, "volumes confounds"]
    keep: Bool[np.ndarray, " volumes"]

    def kept(self, keep: Bool[np.ndarray, " volumes"], file: str) -> Float64[np.ndarray, "kept confounds"]:
        """Return the confounds in the volumes that are kept in the end.

        Raises
        ------
        InputError
            CL236 where one of them is missing there.
        """
        values = self.values[keep]
        missing = np.argwhere(~np.isfinite(values))
        if len(missing):
            row = int(np.flatnonzero(keep)[missing[0, 0]]) + 2  # as a person counts, below the header
            column = self.columns[int(missing[0, 1])]
            raise InputError(
                "CL236", file=file, row=row, found=f"no value of {column} in a volume that is kept"
            )
        return values


def strategy_parameters(strategy: Strategy) -> dict[str, Any]:
    """Return the parameters of nilearn's ``load_confounds_strategy`` that are set for a strategy."""
    return dict(_PARAMETERS[strategy])


def strategy_confounds(
    table: pd.DataFrame, strategy: Strategy, *, file: str, described: Mapping[str, Any] | None = None
) -> Nuisance:
    """Choose the confounds of a strategy from fMRIPrep's table, as nilearn does.

    nilearn looks for files beside an image by names of its own; so that a dataset may name its files as BIDS
    allows, it is shown the table under a name that it knows. A derivative that is missing in the first volume
    takes the value of the second there (nilearn's rule).

    Parameters
    ----------
    table
        One row a volume, NaN where missing.
    strategy
        ``none`` removes nothing and drops volumes flagged as non-steady state; the others are those of
        ``nilearn.interfaces.fmriprep.load_confounds_strategy``.
    file
        Of the table, for messages.
    described
        What the JSON file beside the table says of its CompCor components.

    Raises
    ------
    InputError
        CL236 where the table lacks what the strategy needs.
    """
    unsteady = [name for name in table.columns if _UNSTEADY in name]
    keep = ~(table[unsteady].to_numpy(dtype=np.float64) > 0).any(axis=1)
    if strategy == "none":
        return Nuisance((), np.zeros((len(table), 0)), keep)
    frame, sample = _by_nilearn(table, strategy, file, described or {})
    if sample is not None:
        keep = np.isin(np.arange(len(table)), sample)
    values = frame.to_numpy(dtype=np.float64).reshape(len(table), -1)
    return Nuisance(tuple(map(str, frame.columns)), values, keep)


def _by_nilearn(
    table: pd.DataFrame, strategy: Strategy, file: str, described: Mapping[str, Any]
) -> tuple[pd.DataFrame, np.ndarray | None]:
    from nilearn.interfaces.fmriprep import load_confounds_strategy

    kind = "smoothAROMAnonaggr" if strategy == "ica_aroma" else "preproc"
    read = [name for name in table.columns if strategy == "compcor" or "_comp_cor_" not in name]
    try:
        with _folder() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # all volumes scrubbed: the gate on degrees of freedom says so
            beside = folder / f"{_STEM}_desc-confounds_timeseries.tsv"
            table[read].to_csv(beside, sep="\t", na_rep="n/a", index=False)
            beside.with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
            image = f"{folder}/{_STEM}_desc-{kind}_bold.nii.gz"
            return load_confounds_strategy(image, denoise_strategy=strategy, **_PARAMETERS[strategy])
    except Exception as error:  # ValueError, KeyError, IndexError: whatever it stumbles over in the table
        words = one_line(str(error)).strip("'\" ") or type(error).__name__
        if isinstance(error, KeyError):
            words = f"needs {words.removesuffix(' not in index')}"
        raise InputError("CL236", file=file, found=f"strategy {strategy}: {words}") from error


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for a moment, without "tsv" in its name: nilearn replaces that in the whole path."""
    folder = Path(tempfile.gettempdir()) / f"corticolimbic-{uuid.uuid4().hex}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
