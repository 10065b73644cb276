"""What a NIfTI header says of its values, checked: for images on grids and for CIFTI."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corticolimbic.foundation import InputError


def stored_dtype(header: Any, file: str) -> np.dtype:
    """Return the type of the stored values, with byte order.

    Parameters
    ----------
    header
        Of nibabel.
    file
        For messages.

    Raises
    ------
    InputError
        CL221 where they are no real numbers.
    """
    try:
        dtype = np.dtype(header.get_data_dtype())
    except Exception as error:  # nibabel: a code of no type
        raise InputError("CL221", file=file, found=f"{type(error).__name__}: {error}") from error
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise InputError("CL221", file=file, found=f"values of type {dtype}")
    return dtype


def stored_scaling(header: Any, file: str) -> tuple[float | None, float | None]:
    """Return slope and intercept, None where stored values are values.

    Parameters
    ----------
    header
        Of nibabel.
    file
        For messages.

    Raises
    ------
    InputError
        CL221 where they are not finite.
    """
    try:
        slope, inter = header.get_slope_inter()
    except Exception as error:  # nibabel: a slope without a finite intercept
        raise InputError("CL221", file=file, found=str(error)) from error
    if slope is None or (slope == 1 and inter == 0):
        return None, None
    slope, inter = float(slope), float(inter or 0.0)
    if not (math.isfinite(slope) and math.isfinite(inter)):
        raise InputError("CL221", file=file, found=f"scaling by {slope:g} and {inter:g}")
    return slope, inter
