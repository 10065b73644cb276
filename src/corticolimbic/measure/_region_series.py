"""From volumes to the mean signal of regions: one pass over the file, whatever the number of atlases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from corticolimbic.circuit import RegionWeights
from corticolimbic.dataset import BoldHeader, BoldRun, iter_volumes
from corticolimbic.measure._usable_signal import usable_voxels


@dataclass(frozen=True)
class RegionSignals:
    """The mean signal of an atlas' regions in every volume of a run.

    Parameters
    ----------
    names
        Regions, in the atlas' order; a region without voxels keeps its place.
    values
        Volumes by regions, in the image's unit; a column is NaN throughout where no voxel is left.
    n_voxels
        Voxels with usable signal.
    coverage
        Voxels with usable signal as a share of those that the region should have (METHODS M-12).
    notes
        What should be known about spaces.
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, "volumes regions"]
    n_voxels: Int[np.ndarray, " regions"]
    coverage: Float[np.ndarray, " regions"]
    notes: tuple[str, ...] = ()


def region_series(
    root: Path,
    run: BoldRun,
    header: BoldHeader,
    weights: Sequence[RegionWeights],
    *,
    mask: Bool[np.ndarray, "x y z"] | None,
    usable_signal: float,
) -> tuple[RegionSignals, ...]:
    """Return the regions' mean signals, atlas by atlas.

    Means are over the voxels inside the mask (without one: of the grid) that are finite in every volume, in
    float64. Voxels without usable signal are counted out of the coverage, but not out of the means, so that
    the means are those of any other program with the same mask. The file is read once; a second time only
    where a voxel of a region stops being finite after the first volume.

    Parameters
    ----------
    root, run, header
        The image and what `corticolimbic.dataset.read_bold_header` says of it.
    weights
        Of every atlas on the image's grid, without a mask.
    mask
        Voxels inside the brain.
    usable_signal
        See `usable_voxels`.

    Raises
    ------
    InputError
        Those of `corticolimbic.dataset.iter_volumes`, and CL237 where no voxel has signal.
    """
    members = _Members.of(weights, header.shape)
    allowed = (
        np.ones(int(np.prod(header.shape)), dtype=bool) if mask is None else mask.ravel(order="F").copy()
    )
    while True:
        stream = iter_volumes(root, run)
        _, first = next(stream)
        allowed &= np.isfinite(first[..., 0]).ravel(order="F")
        inside = members.inside(allowed)
        values, mean, varies = _reduce(chain([(0, first)], stream), np.flatnonzero(allowed), inside.matrix)
        lost = ~np.isfinite(mean)  # a sum keeps whatever was not finite
        allowed[np.flatnonzero(allowed)[lost]] = False
        if not lost[inside.columns].any():
            break
    usable = usable_voxels(mean, varies, usable_signal, masked=mask is not None, file=run.bold)
    values[:, inside.n_voxels == 0] = np.nan
    n_usable = np.bincount(inside.rows[usable[inside.columns]], minlength=len(members.n_voxels))
    return tuple(_split(weights, values, n_usable, members.n_voxels))


@dataclass(frozen=True)
class _Inside:
    """Weights over the voxels that are gathered."""

    rows: np.ndarray
    columns: np.ndarray
    n_voxels: np.ndarray
    matrix: Any


@dataclass(frozen=True)
class _Members:
    """The weights of all atlases, one below the other; voxels numbered as in the file (x fastest)."""

    rows: np.ndarray
    voxels: np.ndarray
    weights: np.ndarray
    n_voxels: np.ndarray

    @classmethod
    def of(cls: type[_Members], weights: Sequence[RegionWeights], shape: tuple[int, int, int]) -> _Members:
        from scipy.sparse import vstack

        stacked = vstack([item.matrix for item in weights], format="coo")
        voxels = np.asarray(np.ravel_multi_index(np.unravel_index(stacked.col, shape), shape, order="F"))
        n_voxels = np.concatenate([item.n_voxels for item in weights])
        return cls(stacked.row, voxels, stacked.data, n_voxels)

    def inside(self, allowed: np.ndarray) -> _Inside:
        """Return mean weights over the allowed voxels only, columns counted among these."""
        from scipy.sparse import csr_array

        keep = allowed[self.voxels]
        rows, weights = self.rows[keep], self.weights[keep]
        columns = (np.cumsum(allowed) - 1)[self.voxels[keep]]
        total = np.bincount(rows, weights, minlength=len(self.n_voxels))
        shape = len(self.n_voxels), int(allowed.sum())
        matrix = csr_array((weights / total[rows], (rows, columns)), shape=shape)
        return _Inside(rows, columns, np.bincount(rows, minlength=len(self.n_voxels)), matrix)


def _reduce(
    volumes: Iterable[tuple[int, np.ndarray]], voxels: np.ndarray, matrix: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the regions' means in each volume, and of each voxel the mean and whether it varies."""
    total, varies = np.zeros(voxels.size), np.zeros(voxels.size, dtype=bool)
    first: np.ndarray | None = None
    means: list[np.ndarray] = []
    with np.errstate(invalid="ignore", over="ignore"):
        for _, values in volumes:
            flat = values.reshape(-1, values.shape[3], order="F")
            for volume in range(flat.shape[1]):
                signal = flat[:, volume].take(voxels).astype(np.float64)
                means.append(matrix @ signal)
                total += signal
                first = signal if first is None else first
                varies |= signal != first
    return np.array(means), total / len(means), varies


def _split(
    weights: Sequence[RegionWeights], values: np.ndarray, n_usable: np.ndarray, n_voxels: np.ndarray
) -> Iterable[RegionSignals]:
    share = n_usable / np.maximum(n_voxels, 1)
    end = 0
    for item in weights:
        rows = slice(end, end + len(item.names))
        end = rows.stop
        # Inside the grid, the rest of a region's expected voxels would be as dense as those that are there.
        coverage = item.coverage * share[rows]
        yield RegionSignals(item.names, values[:, rows].copy(), n_usable[rows], coverage, item.notes)
