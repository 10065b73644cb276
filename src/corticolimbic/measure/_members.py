"""Which voxels make up the regions of a run: those of the atlases, inside the mask, smoothed where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int, Int32

from corticolimbic.circuit import RegionWeights
from corticolimbic.foundation import hash_bytes
from corticolimbic.measure._one_pass import Rows
from corticolimbic.measure._smoothing import smooth_weights

_KEPT: dict[tuple, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
"""Smoothed weights of the last masks: people's runs often share one, and smoothing them takes a while."""
_MOST_KEPT = 4
_CELL = 4
"""Voxels along each axis within which regions count as being in one place."""


@dataclass(frozen=True)
class Inside:
    """The voxels of a run that are gathered, and the regions over them.

    Parameters
    ----------
    places
        Voxels on the grid (x varying fastest), rising.
    brain
        Which of them lie inside the mask; the others only reach in by smoothing.
    rows
        Weights of the regions.
    member_rows, members
        Region, and place among the gathered, of every voxel that belongs to a region.
    n_voxels
        How many belong to each region.
    """

    places: Int32[np.ndarray, " voxels"]
    brain: Bool[np.ndarray, " voxels"]
    rows: Rows
    member_rows: Int[np.ndarray, " entries"]
    members: Int[np.ndarray, " entries"]
    n_voxels: Int[np.ndarray, " regions"]


@dataclass(frozen=True)
class Members:
    """The weights of all atlases, one below the other; voxels numbered as in the file (x fastest).

    Parameters
    ----------
    rows, voxels, weights
        Of every entry, region by region, voxels rising.
    n_voxels
        Voxels that each region has on the grid.
    """

    rows: Int[np.ndarray, " entries"]
    voxels: Int[np.ndarray, " entries"]
    weights: Float[np.ndarray, " entries"]
    n_voxels: Int[np.ndarray, " regions"]

    @classmethod
    def of(cls: type[Members], weights: Sequence[RegionWeights], shape: tuple[int, int, int]) -> Members:
        """Stack the weights of several atlases; of the last ones from memory."""
        return _stacked(tuple(weights), shape)

    @cached_property
    def hash(self) -> str:
        """Changes whenever a weight does."""
        parts = (self.rows, self.voxels, self.weights)
        return hash_bytes(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))

    def inside(
        self,
        allowed: Bool[np.ndarray, " grid"],
        shape: tuple[int, int, int],
        affine: Float[np.ndarray, "4 4"],
        fwhm: float | None,
    ) -> Inside:
        """Return the regions over the allowed voxels, weights of each summing to 1.

        Parameters
        ----------
        allowed
            Voxels inside the mask that are finite, flat, x varying fastest.
        shape, affine
            The grid.
        fwhm
            Smoothing in mm, or None.
        """
        keep = allowed[self.voxels]
        rows, voxels, weights = self.rows[keep], self.voxels[keep], self.weights[keep]
        n_rows = len(self.n_voxels)
        weights = weights / np.bincount(rows, weights, minlength=n_rows)[rows]
        gathered = allowed
        entries: tuple[np.ndarray, np.ndarray, np.ndarray | None] = (rows, voxels, None)
        if fwhm is not None:
            entries = self._smoothed((rows, voxels, weights), allowed, shape, affine, fwhm)
            gathered = allowed.copy()
            gathered[entries[1]] = True
        elif not _plain_means(rows, weights, n_rows):
            entries = (rows, voxels, weights)
        place = np.cumsum(gathered, dtype=np.int32) - 1
        indptr = np.concatenate([[0], np.cumsum(np.bincount(entries[0], minlength=n_rows))])
        order = None if entries[2] is None else _by_place(rows, voxels, n_rows, shape)
        found = Rows(indptr, place[entries[1]], entries[2], order)
        places = np.flatnonzero(gathered).astype(np.int32)
        n_voxels = np.bincount(rows, minlength=n_rows)
        return Inside(places, allowed[places], found, rows, place[voxels], n_voxels)

    def _smoothed(
        self,
        entries: tuple[np.ndarray, np.ndarray, np.ndarray],
        allowed: np.ndarray,
        shape: tuple[int, int, int],
        affine: np.ndarray,
        fwhm: float,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        key = (self.hash, hash_bytes(np.packbits(allowed).tobytes()), shape, affine.tobytes(), fwhm)
        if key not in _KEPT:
            while len(_KEPT) >= _MOST_KEPT:
                del _KEPT[next(iter(_KEPT))]
            rows, voxels, weights = smooth_weights(*entries, shape, affine, fwhm)
            _KEPT[key] = rows, voxels, weights.astype(np.float32)
        return _KEPT[key]


@lru_cache(maxsize=4)
def _stacked(weights: tuple[RegionWeights, ...], shape: tuple[int, int, int]) -> Members:
    from scipy.sparse import vstack

    stacked = vstack([item.matrix for item in weights], format="coo")
    voxels = np.asarray(np.ravel_multi_index(np.unravel_index(stacked.col, shape), shape, order="F"))
    order = np.lexsort((voxels, stacked.row))  # neighbours in the file are neighbours in memory
    n_voxels = np.concatenate([item.n_voxels for item in weights])
    return Members(stacked.row[order], voxels[order], stacked.data[order], n_voxels)


def _by_place(
    rows: np.ndarray, voxels: np.ndarray, n_rows: int, shape: tuple[int, int, int]
) -> Int[np.ndarray, " regions"]:
    """Return the regions along a curve that fills space (Morton's): what is near stays near."""
    n_voxels = np.maximum(np.bincount(rows, minlength=n_rows), 1)
    key = np.zeros(n_rows, dtype=np.int64)
    for axis, place in enumerate(np.unravel_index(voxels, shape, order="F")):
        cell = (np.bincount(rows, place, minlength=n_rows) / n_voxels).astype(np.int64) // _CELL
        for bit in range(16):
            key |= ((cell >> bit) & 1) << (3 * bit + axis)
    return np.argsort(key, kind="stable")


def _plain_means(rows: np.ndarray, weights: np.ndarray, n_rows: int) -> bool:
    """Tell whether all voxels of a region weigh alike."""
    alike = 1.0 / np.maximum(np.bincount(rows, minlength=n_rows), 1)
    return bool(np.allclose(weights, alike[rows], rtol=1e-9, atol=0.0))
