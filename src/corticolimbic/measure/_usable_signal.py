"""Which voxels have usable signal (METHODS M-12)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.foundation import InputError

_BACKGROUND = 0.1
"""Share of the robust range below which a voxel is background (as FSL's FEAT has it)."""


def usable_voxels(
    mean: Float[np.ndarray, " voxels"],
    varies: Bool[np.ndarray, " voxels"],
    share: float,
    *,
    masked: bool,
    file: str,
) -> Bool[np.ndarray, " voxels"]:
    """Return which voxels are finite, vary, and lie above a share of the brain's median on average.

    Parameters
    ----------
    mean
        Of each voxel over the volumes; not finite where any volume is not.
    varies
        Whether a voxel takes more than one value.
    share
        Of the median over the brain's voxels; 0 switches the comparison off.
    masked
        Whether all these voxels are the brain's. Otherwise the brain is taken to be the voxels that vary
        and lie above the 2nd percentile plus a tenth of the range between 2nd and 98th.
    file
        For messages.

    Raises
    ------
    InputError
        CL237 where no voxel varies, or the median is not above 0.
    """
    alive = np.isfinite(mean) & varies
    if not alive.any():
        where = "of the mask" if masked else "of the image"
        known = mean[np.isfinite(mean)]
        flat = "is 0" if known.size and not known.any() else "is constant or not finite"
        raise InputError("CL237", file=file, found=f"every voxel {where} {flat}")
    if share == 0:
        return alive
    brain = mean[alive]
    if not masked:
        low, high = np.percentile(brain, (2, 98))
        brain = brain[brain >= low + _BACKGROUND * (high - low)]
    median = float(np.median(brain))
    if not median > 0:
        raise InputError("CL237", file=file, found=f"a median of {median:.3g} over the brain's voxels")
    return alive & (mean > share * median)
