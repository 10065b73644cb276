"""Volumes in, one after the other: sums of regions and moments of voxels out, each volume dropped at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, Int16, Int32

BLOCK = 32
"""Volumes of which the gathered voxels are held at once."""
Gathered: TypeAlias = (
    Int16[np.ndarray, "volumes voxels"]
    | Float32[np.ndarray, "volumes voxels"]
    | Float64[np.ndarray, "volumes voxels"]
)
"""Voxels as they are stored."""


@dataclass(frozen=True)
class Rows:
    """Weights of the regions over the gathered voxels, row by row.

    Parameters
    ----------
    indptr
        Where each row begins among the indices, and where the last ends.
    indices
        Which of the gathered voxels.
    weights
        Their weights; None where each row is a plain mean.
    order
        Rows in the order in which weights are best applied: neighbours share voxels that are still in the
        processor's cache. None for the rows' own.
    """

    indptr: Int[np.ndarray, " ends"]
    indices: Int[np.ndarray, " entries"]
    weights: Float[np.ndarray, " entries"] | None = None
    order: Int[np.ndarray, " rows"] | None = None

    @property
    def n_rows(self) -> int:
        """Number of regions."""
        return len(self.indptr) - 1


@dataclass(frozen=True)
class Passed:
    """What one pass over a run leaves, in stored values.

    Parameters
    ----------
    values
        The regions' means; 0 divided by 0 is NaN.
    mean
        Of each gathered voxel over all volumes; not finite where any volume is not.
    centre, spread
        Mean and standard deviation (n - 1) over the counted volumes.
    varies
        Which voxels take more than one value.
    voxels
        All volumes of the gathered voxels, where they were asked for.
    """

    values: Float64[np.ndarray, "volumes regions"]
    mean: Float64[np.ndarray, " voxels"]
    centre: Float64[np.ndarray, " voxels"]
    spread: Float64[np.ndarray, " voxels"]
    varies: Bool[np.ndarray, " voxels"]
    voxels: Gathered | None


def one_pass(
    volumes: Iterable[np.ndarray],
    n_volumes: int,
    places: Int32[np.ndarray, " voxels"],
    rows: Rows,
    *,
    counted: Bool[np.ndarray, " volumes"],
    keep_voxels: bool = False,
) -> Passed:
    """Reduce volumes to regions while they come.

    Parameters
    ----------
    volumes
        Flat, all of one type (int16, float32, float64); each may be overwritten by the next.
    n_volumes
        How many there are.
    places
        Voxels to gather, rising.
    rows
        The regions, over the gathered voxels.
    counted
        Volumes that count for ``centre`` and ``spread``.
    keep_voxels
        Hold every volume of the gathered voxels in memory: voxels x volumes x 2 to 8 bytes.
    """
    from corticolimbic.measure import _kernels

    starts, lengths = _runs(places)
    values = np.empty((n_volumes, rows.n_rows))
    held = state = None
    n = 0
    for number, volume in enumerate(volumes):
        if held is None or state is None:
            held = np.empty((n_volumes if keep_voxels else BLOCK, len(places)), dtype=volume.dtype)
            state = _State(rows, volume.dtype, len(places))
        at = number if keep_voxels else number % BLOCK
        with np.errstate(invalid="ignore", over="ignore"):
            _kernels.take_runs(volume, starts, lengths, held[at])
        if number == 0:
            state.first[:] = held[0]
        if rows.weights is None:
            _kernels.sums(rows.indptr, rows.indices, held[at], values[number])
        n += 1
        if n == BLOCK or number == n_volumes - 1:
            block = held[at + 1 - n : at + 1]
            state.add(block, counted[number + 1 - n : number + 1], values[number + 1 - n : number + 1])
            n = 0
    if held is None or state is None:
        raise ValueError("no volume")
    if rows.weights is None:
        with np.errstate(invalid="ignore"):
            values /= np.diff(rows.indptr)
    return state.passed(values, n_volumes, int(counted.sum()), held if keep_voxels else None)


class _State:
    """Sums that grow while volumes come."""

    def __init__(self, rows: Rows, dtype: np.dtype, n_voxels: int) -> None:
        from corticolimbic.measure._kernels import TILE

        double = dtype == np.float64
        self._rows = rows
        self._scratch = np.empty((3, TILE), dtype=np.float64 if double else np.float32)
        self.first = np.empty(n_voxels, dtype=self._scratch.dtype)
        self._totals = np.zeros((3, n_voxels))
        self._varies = np.zeros(n_voxels, dtype=bool)
        self._turned = None if rows.weights is None else np.zeros((n_voxels, BLOCK), dtype=dtype)
        exact = rows.weights is not None and rows.weights.dtype == np.float64
        self._products = np.empty(BLOCK, dtype=np.float64 if double or exact else np.float32)

    def add(self, block: np.ndarray, counted: np.ndarray, values: np.ndarray) -> None:
        """Take new volumes in; ``values`` receives weighted regions."""
        from corticolimbic.measure import _kernels

        n = len(block)
        _kernels.moments(block, n, counted, self.first, self._scratch, self._totals, self._varies)
        if self._turned is not None:
            rows = self._rows
            if block.dtype == np.int16 and sys.byteorder == "little":
                _kernels.turn_words(block.view(np.uint16), n, self._turned.view(np.uint64))
            else:
                _kernels.turn(block, n, self._turned)
            out = np.empty((rows.n_rows, BLOCK))
            order = np.arange(rows.n_rows) if rows.order is None else rows.order
            entries = rows.indptr, rows.indices, rows.weights, order
            _kernels.weighted(*entries, self._turned, n, self._products, out)
            values[:] = out[:, :n].T

    def passed(self, values: np.ndarray, n_volumes: int, n_counted: int, voxels: np.ndarray | None) -> Passed:
        """Return what was found."""
        total, square, others = self._totals
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = total / n_counted
            variance = (square - total * centre) / (n_counted - 1) if n_counted > 1 else np.nan * total
            spread = np.sqrt(np.maximum(variance, 0.0))
        first = self.first.astype(np.float64)
        mean = first + (total + others) / n_volumes
        return Passed(values, mean, first + centre, spread, self._varies, voxels)


def _runs(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of neighbouring voxels begin, and how long they are."""
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    begin = np.concatenate([np.zeros(min(len(places), 1), dtype=np.int64), breaks])
    return places[begin], np.diff(np.append(begin, len(places)))
