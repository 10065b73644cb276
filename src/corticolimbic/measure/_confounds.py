"""Which confounds are removed, and which volumes with them: nilearn's named strategies."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from corticolimbic.foundation import InputError, one_line

Strategy = Literal[
    "none",
    "simple",
    "simple_gsr",
    "scrubbing",
    "scrubbing_gsr",
    "24P",
    "36P",
    "compcor",
    "compcor_gsr",
    "temporal_compcor",
    "ica_aroma",
    "ica_aroma_gsr",
    "ica_aroma_aggressive",
]


@dataclass(frozen=True)
class _Recipe:
    """What nilearn is asked for: one of its named strategies, or a list of its components."""

    parameters: Mapping[str, Any]
    preset: str = ""
    components: tuple[str, ...] = ()


_GSR = {"global_signal": "basic"}
_SIMPLE = {"motion": "full", "wm_csf": "basic"}
_SCRUBBING = {
    "motion": "full",
    "wm_csf": "full",
    "scrub": 5,
    "fd_threshold": 0.5,
    "std_dvars_threshold": 1.5,
}
_COMPCOR = {"motion": "full", "compcor": "anat_combined", "n_compcor": "all"}
_AROMA = {"wm_csf": "basic"}
_RECIPES: dict[str, _Recipe] = {
    "none": _Recipe({}),
    "simple": _Recipe(_SIMPLE, "simple"),
    "simple_gsr": _Recipe(_SIMPLE | _GSR, "simple"),
    "scrubbing": _Recipe(_SCRUBBING, "scrubbing"),
    "scrubbing_gsr": _Recipe(_SCRUBBING | _GSR, "scrubbing"),
    "24P": _Recipe({"motion": "full"}, components=("high_pass", "motion")),
    "36P": _Recipe(
        {"motion": "full", "wm_csf": "full", "global_signal": "full"},
        components=("high_pass", "motion", "wm_csf", "global_signal"),
    ),
    "compcor": _Recipe(_COMPCOR, "compcor"),
    "compcor_gsr": _Recipe(_COMPCOR | _GSR, "compcor"),
    "temporal_compcor": _Recipe(
        {"motion": "full", "compcor": "temporal", "n_compcor": "all"},
        components=("high_pass", "motion", "compcor"),
    ),
    "ica_aroma": _Recipe(_AROMA, "ica_aroma"),
    "ica_aroma_gsr": _Recipe(_AROMA | _GSR, "ica_aroma"),
    "ica_aroma_aggressive": _Recipe(
        {"wm_csf": "basic", "ica_aroma": "basic"}, components=("high_pass", "wm_csf", "ica_aroma")
    ),
}
"""What nilearn 0.13 and later take by default, said aloud: defaults have changed before.

24P: after Friston et al. 1996, Magn Reson Med 35:346, with derivatives; 36P: Satterthwaite et al. 2013,
NeuroImage 64:240; the names are those of Ciric et al. 2017, NeuroImage 154:174."""
_DRIFT = "cosine"
"""How fMRIPrep's table names its high-pass regressors."""
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

    def without_drifts(self) -> Nuisance:
        """Return the confounds without the slow cosines.

        Where a filter takes away what they hold, only their ends would be left: steps at the edges of the run
        that are no drift, each for a degree of freedom.
        """
        others = [at for at, name in enumerate(self.columns) if not name.startswith(_DRIFT)]
        return replace(self, columns=tuple(self.columns[at] for at in others), values=self.values[:, others])

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
    """Return what nilearn is asked for under a strategy, for definitions."""
    recipe = _RECIPES[strategy]
    return dict(recipe.parameters) | ({"components": list(recipe.components)} if recipe.components else {})


def needs_description(strategy: Strategy) -> bool:
    """Tell whether a strategy needs to know what the CompCor components are."""
    return "compcor" in _RECIPES[strategy].parameters


def reads_aroma(strategy: Strategy) -> bool:
    """Tell whether a strategy is for the image that ICA-AROMA denoised."""
    return _RECIPES[strategy].preset == "ica_aroma"


def strategy_confounds(
    table: pd.DataFrame,
    strategy: Strategy,
    *,
    file: str,
    described: Mapping[str, Any] | None = None,
    dummy_scans: int | None = None,
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
        ``nilearn.interfaces.fmriprep.load_confounds_strategy``, with the global signal (``_gsr``), or made of
        the components of ``load_confounds``.
    file
        Of the table, for messages.
    described
        What the JSON file beside the table says of its CompCor components.
    dummy_scans
        First volumes to drop, instead of those that are flagged as non-steady state.

    Raises
    ------
    InputError
        CL236 where the table lacks what the strategy needs.
    """
    unsteady = [name for name in table.columns if _UNSTEADY in name]
    if dummy_scans is None:
        keep = ~(table[unsteady].to_numpy(dtype=np.float64) > 0).any(axis=1)
    else:
        keep = np.arange(len(table)) >= dummy_scans
        table = table.drop(columns=unsteady)
    if strategy == "none":
        return Nuisance((), np.zeros((len(table), 0)), keep)
    frame, sample = _by_nilearn(table, strategy, file, described or {})
    if sample is not None:
        scrubbed = np.isin(np.arange(len(table)), sample)
        keep = scrubbed if dummy_scans is None else scrubbed & keep
    values = frame.to_numpy(dtype=np.float64).reshape(len(table), -1)
    return Nuisance(tuple(map(str, frame.columns)), values, keep)


def _by_nilearn(
    table: pd.DataFrame, strategy: Strategy, file: str, described: Mapping[str, Any]
) -> tuple[pd.DataFrame, np.ndarray | None]:
    from nilearn.interfaces.fmriprep import load_confounds, load_confounds_strategy

    recipe = _RECIPES[strategy]
    kind = "smoothAROMAnonaggr" if reads_aroma(strategy) else "preproc"
    read = [name for name in table.columns if needs_description(strategy) or "_comp_cor_" not in name]
    try:
        with _folder() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # all volumes scrubbed: the gate on degrees of freedom says so
            beside = folder / f"{_STEM}_desc-confounds_timeseries.tsv"
            table[read].to_csv(beside, sep="\t", na_rep="n/a", index=False)
            beside.with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
            image = f"{folder}/{_STEM}_desc-{kind}_bold.nii.gz"
            if recipe.components:
                return load_confounds(image, strategy=recipe.components, **recipe.parameters)
            return load_confounds_strategy(image, denoise_strategy=recipe.preset, **recipe.parameters)
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
