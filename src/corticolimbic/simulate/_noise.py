"""Scanner noise: white in time, smooth in space."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from corticolimbic.simulate._brain import Brain

_FWHM = float(np.sqrt(8 * np.log(2)))
_CUT = 3.0


def smooth_noise(
    shape: tuple[int, int, int], count: int, fwhm_voxels: float, rng: np.random.Generator
) -> Float[np.ndarray, "volumes x y z"]:
    """Return smoothed noise, of a variance of 1 away from the grid's sides."""
    return _smoothed(rng.standard_normal((count, *shape), dtype=np.float32), fwhm_voxels)


def sphere_noise(brain: Brain, fwhm_mm: float) -> Float[np.ndarray, "nodes nodes"]:
    """Return the covariance of the spheres' means of such noise."""
    return _sphere_noise(brain, round(fwhm_mm, 6)).copy()


@lru_cache(maxsize=32)
def _sphere_noise(brain: Brain, fwhm_mm: float) -> np.ndarray:
    spheres: Any = brain.spheres
    maps = np.zeros((spheres.shape[0], brain.mask.size))
    maps[:, brain.voxels] = spheres.toarray()
    # The filter is symmetric: weights of smooth noise are smooth weights of white noise.
    wide = _smoothed(maps.reshape(-1, *brain.mask.shape), fwhm_mm / float(brain.affine[0, 0]))
    flat = wide.reshape(len(maps), -1)
    return flat @ flat.T


def _smoothed(values: np.ndarray, fwhm_voxels: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    sigma = fwhm_voxels / _FWHM
    if sigma * _CUT < 0.5:  # the kernel is one voxel
        return values
    size = 2 * int(_CUT * sigma + 0.5) + 1
    point = np.zeros(size)
    point[size // 2] = 1.0
    kernel = gaussian_filter(point, sigma, mode="constant", truncate=_CUT)
    height = float(np.sum(kernel**2)) ** 1.5
    axes = (1, 2, 3)
    wide = gaussian_filter(values, sigma, mode="constant", truncate=_CUT, axes=axes)
    wide /= np.sqrt(height)
    return wide
