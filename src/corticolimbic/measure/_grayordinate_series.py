"""From grayordinates to the mean signal of regions: one pass over the file, for all atlases at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corticolimbic.circuit import RegionWeights
from corticolimbic.dataset import CiftiHeader, CiftiRun, iter_grayordinates
from corticolimbic.measure._region_series import RegionSignals
from corticolimbic.measure._usable_signal import usable_voxels


def grayordinate_series(
    root: Path,
    run: CiftiRun,
    header: CiftiHeader,
    weights: Sequence[RegionWeights],
    *,
    usable_signal: float,
) -> tuple[RegionSignals, ...]:
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

    Raises
    ------
    InputError
        Those of `corticolimbic.dataset.iter_grayordinates`, and CL237 where nothing has signal.
    """
    from scipy.sparse import vstack

    stacked = vstack([item.matrix for item in weights], format="csc")
    size = stacked.shape[1]
    sums = np.zeros((stacked.shape[0], header.n_volumes))
    mean, varies = np.empty(size), np.empty(size, dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for start, chunk in iter_grayordinates(root, run):
            here = slice(start, start + len(chunk))
            values = chunk.astype(np.float64)
            mean[here] = values.mean(axis=1)  # keeps whatever was not finite
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
    found, end = [], 0
    for item in weights:
        rows = slice(end, end + len(item.names))
        end = rows.stop
        coverage = item.coverage * n_usable[rows] / np.maximum(n_all[rows], 1)
        found.append(RegionSignals(item.names, series[:, rows].copy(), n_usable[rows], coverage, item.notes))
    return tuple(found)
