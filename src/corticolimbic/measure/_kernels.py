"""Compiled loops over voxels. No annotations: checking shapes at run time breaks compiled functions.

The callers (`corticolimbic.measure._one_pass`) check shapes and types. Values come as int16, float32 or
float64; each type is compiled once and kept on disk where that is possible.
"""

import inspect

import numba
import numpy as np

TILE = 1024
"""Voxels that are worked on at once: their sums stay in the processor's first cache."""
STEPS = 32
"""Products that are added in the scratch array's type before they join the total in float64."""


def _compiled(function):
    """Compile on first use, and keep the result where the package or the user's cache can be written."""
    plain = inspect.unwrap(function)  # tests wrap every function in a check of its annotations
    try:
        return numba.njit(cache=True, nogil=True)(plain)
    except RuntimeError:  # no folder to keep it in: compile in every process
        return numba.njit(nogil=True)(plain)


@_compiled
def take_runs(volume, starts, lengths, out):
    """Copy runs of neighbouring voxels: ``out`` is ``volume`` at all of them, in order."""
    at = 0
    for run in range(starts.size):
        start, length = starts[run], lengths[run]
        out[at : at + length] = volume[start : start + length]
        at += length


@_compiled
def sums(indptr, indices, values, out):
    """Add each row's values in float64, four at a time: one sum would wait for the one before it."""
    for row in range(indptr.size - 1):
        first, last = indptr[row], indptr[row + 1]
        a = b = c = d = 0.0
        at = first
        while at + 4 <= last:
            a += values[indices[at]]
            b += values[indices[at + 1]]
            c += values[indices[at + 2]]
            d += values[indices[at + 3]]
            at += 4
        while at < last:
            a += values[indices[at]]
            at += 1
        out[row] = (a + b) + (c + d)


@_compiled
def moments(block, n, counted, first, scratch, totals, varies):
    """Add the differences from the first volume, tile by tile.

    ``block`` (volumes, voxels), of which the first ``n`` volumes are new; ``scratch`` (3, TILE) in the type
    of the differences; ``totals`` (3, voxels): sum and sum of squares over the counted volumes, sum over the
    others.
    """
    parts = 2
    for volume in range(n):
        if not counted[volume]:
            parts = 3
    for start in range(0, first.size, TILE):
        size = min(TILE, first.size - start)
        scratch[:] = 0
        one = scratch.dtype.type
        base = first[start : start + size]
        moving = varies[start : start + size]
        for volume in range(n):
            row = block[volume, start : start + size]
            if counted[volume]:
                for at in range(size):
                    difference = one(row[at]) - base[at]
                    scratch[0, at] += difference
                    scratch[1, at] += difference * difference
                    moving[at] |= difference != 0
            else:
                for at in range(size):
                    difference = one(row[at]) - base[at]
                    scratch[2, at] += difference
                    moving[at] |= difference != 0
        for part in range(parts):
            for at in range(size):
                totals[part, start + at] += scratch[part, at]


@_compiled
def turn(block, n, out):
    """Lay volumes side by side: ``out[voxel, volume] = block[volume, voxel]``, 0 where not finite."""
    voxels = block.shape[1]
    for start in range(0, voxels, 256):
        stop = min(start + 256, voxels)
        for volume in range(n):
            row = block[volume]
            for voxel in range(start, stop):
                value = row[voxel]
                out[voxel, volume] = value if np.isfinite(value) else 0


@_compiled
def turn_words(block, n, out):
    """Do the same for 16-bit integers, four in a word: ``block`` uint16, ``out`` uint64, little-endian."""
    voxels = block.shape[1]
    for start in range(0, voxels, 256):
        stop = min(start + 256, voxels)
        for volume in range(0, n, 4):
            a = block[volume]
            b = block[min(volume + 1, n - 1)]
            c = block[min(volume + 2, n - 1)]
            d = block[min(volume + 3, n - 1)]
            for voxel in range(start, stop):
                low = np.uint64(a[voxel]) | (np.uint64(b[voxel]) << np.uint64(16))
                high = np.uint64(c[voxel]) | (np.uint64(d[voxel]) << np.uint64(16))
                out[voxel, volume >> 2] = low | (high << np.uint64(32))


@_compiled
def weighted(indptr, indices, weights, order, turned, n, scratch, out):
    """Return weighted sums of each row in ``n`` volumes, ``out`` (rows, volumes), working in an ``order``.

    ``scratch`` (volumes,) is in the type in which products are added, a few at a time.
    """
    width = scratch.size
    one = scratch.dtype.type
    for row in order:
        out[row, :n] = 0
        at, last = indptr[row], indptr[row + 1]
        while at < last:
            stop = min(at + STEPS, last)
            scratch[:] = 0
            while at + 4 <= stop:
                i, j, k, m = indices[at], indices[at + 1], indices[at + 2], indices[at + 3]
                a, b, c, d = weights[at], weights[at + 1], weights[at + 2], weights[at + 3]
                for volume in range(width):
                    scratch[volume] += (a * one(turned[i, volume]) + b * one(turned[j, volume])) + (
                        c * one(turned[k, volume]) + d * one(turned[m, volume])
                    )
                at += 4
            while at < stop:
                i, a = indices[at], weights[at]
                for volume in range(width):
                    scratch[volume] += a * one(turned[i, volume])
                at += 1
            for volume in range(n):
                out[row, volume] += scratch[volume]
