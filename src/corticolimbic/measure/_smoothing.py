"""Smoothing folded into the weights of regions: mean(S x) = (S w)' x, so that no volume is ever smoothed."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
"""Full width at half maximum of a Gaussian, in standard deviations."""
_NEGLIGIBLE = 1e-6
"""Share of a region's weight that may be left out at its rim."""


def smooth_weights(
    rows: Int[np.ndarray, " entries"],
    voxels: Int[np.ndarray, " entries"],
    weights: Float[np.ndarray, " entries"],
    shape: tuple[int, int, int],
    affine: Float[np.ndarray, "4 4"],
    fwhm: float,
) -> tuple[Int[np.ndarray, " more"], Int[np.ndarray, " more"], Float[np.ndarray, " more"]]:
    """Return the weights of the same regions on the image before smoothing.

    The Gaussian is cut at four standard deviations and mirrored at the edge of the grid, as
    `scipy.ndimage.gaussian_filter1d` and with it nilearn have it; mirrored so, it is its own transpose.
    Weights at the rim that together make up less than a millionth of a region are left out.

    Parameters
    ----------
    rows, voxels, weights
        Region, place on the grid (x varying fastest) and weight of every entry.
    shape, affine
        The grid.
    fwhm
        Full width at half maximum in mm.

    Returns
    -------
    rows, voxels, weights
        Of all entries that are left, region by region, voxels rising.
    """
    size = np.linalg.norm(affine[:3, :3], axis=0)
    sigma = fwhm / (_PER_SIGMA * size)
    order = np.argsort(rows, kind="stable")
    ends = np.searchsorted(rows[order], np.arange(rows.max(initial=-1) + 2))
    found = [
        (row, *_smoothed(voxels[entries], weights[entries], shape, sigma))
        for row in range(len(ends) - 1)
        if len(entries := order[ends[row] : ends[row + 1]])
    ]
    if not found:
        return rows, voxels, weights
    counts = [len(places) for _, places, _ in found]
    return (
        np.repeat(np.array([row for row, _, _ in found]), counts),
        np.concatenate([places for _, places, _ in found]),
        np.concatenate([values for _, _, values in found]),
    )


def _smoothed(
    voxels: np.ndarray, weights: np.ndarray, shape: tuple[int, int, int], sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth one region in a box that holds everything within reach."""
    from scipy.ndimage import gaussian_filter1d

    place = np.stack(np.unravel_index(voxels, shape, order="F"))
    reach = (4.0 * sigma + 0.5).astype(int)
    # Inside the grid, the box ends in as many zeros as the filter reaches: there is nothing to be mirrored.
    low = np.maximum(place.min(axis=1) - reach, 0)
    high = np.minimum(place.max(axis=1) + reach + 1, shape)
    box = np.zeros(high - low)
    np.add.at(box, tuple(place - low[:, None]), weights)
    for axis, width in enumerate(sigma):
        box = gaussian_filter1d(box, width, axis=axis)
    values = box.ravel(order="F")
    kept = np.sort(_heaviest(values))
    inside = np.stack(np.unravel_index(kept, box.shape, order="F")) + low[:, None]
    return np.asarray(np.ravel_multi_index(tuple(inside), shape, order="F")), values[kept]


def _heaviest(values: np.ndarray) -> np.ndarray:
    """Return the places of all but the smallest values, which together are negligible."""
    order = np.argsort(values)
    share = np.cumsum(values[order])
    return order[np.searchsorted(share, _NEGLIGIBLE * share[-1], side="right") :]
