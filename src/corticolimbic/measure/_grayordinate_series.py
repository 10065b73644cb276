"""From grayordinates to the mean signal of regions: one pass over the file, for all atlases at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from corticolimbic.circuit import RegionWeights
from corticolimbic.dataset import CiftiHeader, CiftiRun, iter_grayordinates
from corticolimbic.measure._region_series import RegionSignals, RunSignals
from corticolimbic.measure._usable_signal import usable_voxels


def grayordinate_series(
    root: Path,
    run: CiftiRun,
    header: CiftiHeader,
    weights: Sequence[RegionWeights],
    *,
    usable_signal: float,
    counted: Bool[np.ndarray, " volumes"] | None = None,
) -> RunSignals:
    """Return the regions' mean signals, atlas by atlas, as `region_series` does for volumes.

    Means are over the grayordinates that are finite in every volume, in float64. Those without usable
    signal (constant, or below a share of the median over all that vary) are counted out of the coverage,
    but not out of the means. The file is read once.

    Parameters
    ----------
    root, run, header
        The file and what `corticolimbic.dataset.read_cifti_header` says of it.
    weights
        Of every atlas on the file's grayordinates.
    usable_signal
        See `usable_voxels`.
    counted
        Volumes that count for the temporal signal-to-noise ratio; by default all.

    Raises
    ------
    InputError
        Those of `corticolimbic.dataset.iter_grayordinates`, and CL237 where nothing has signal.
    """
    from scipy.sparse import vstack

    stacked = vstack([item.matrix for item in weights], format="csc")
    size = stacked.shape[1]
    sums = np.zeros((stacked.shape[0], header.n_volumes))
    mean, tsnr, varies = np.empty(size), np.empty(size), np.empty(size, dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for start, chunk in iter_grayordinates(root, run):
            here = slice(start, start + len(chunk))
            values = chunk.astype(np.float64)
            mean[here] = values.mean(axis=1)  # keeps whatever was not finite
            tsnr[here] = _tsnr(values if counted is None else values[:, counted])
            varies[here] = (values != values[:, :1]).any(axis=1)
            values[~np.isfinite(mean[here])] = 0.0
            sums += stacked[:, here] @ values
    finite = np.isfinite(mean)
    total = stacked @ finite.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        series = np.where(total[:, None] > 0, sums / total[:, None], np.nan).T
    usable = usable_voxels(mean, varies, usable_signal, masked=True, file=run.bold)
    member = stacked.astype(bool).astype(np.int64)
    n_usable = member @ usable.astype(np.int64)
    n_all = np.concatenate([item.n_voxels for item in weights])
    mean_tsnr = _means(member, tsnr)
    found, end = [], 0
    for item in weights:
        rows = slice(end, end + len(item.names))
        end = rows.stop
        coverage = item.coverage * n_usable[rows] / np.maximum(n_all[rows], 1)
        found.append(
            RegionSignals(
                item.names, series[:, rows].copy(), n_usable[rows], coverage, item.notes, mean_tsnr[rows]
            )
        )
    return RunSignals(tuple(found), float(np.median(tsnr[usable])))


def _tsnr(values: np.ndarray) -> np.ndarray:
    """Return mean / standard deviation (n - 1) of each grayordinate, NaN where it does not vary."""
    if values.shape[1] < 2:
        return np.full(len(values), np.nan)
    spread = values.std(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, values.mean(axis=1) / spread, np.nan)


def _means(member: Any, values: np.ndarray) -> np.ndarray:
    """Return the mean of each row's values that are finite."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return (member @ np.where(known, values, 0.0)) / (member @ known.astype(np.float64))
