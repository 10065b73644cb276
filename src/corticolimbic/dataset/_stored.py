"""From values as a NIfTI file stores them to the values that they stand for."""

from __future__ import annotations

import numpy as np


def value_type(dtype: np.dtype, slope: float | None) -> np.dtype:
    """Return the narrowest of float32 and float64 that holds every value as nibabel would read it.

    Parameters
    ----------
    dtype
        As stored.
    slope
        Of the header, None where stored values are values.
    """
    exact = dtype.kind == "f" or dtype.itemsize < 4
    single = slope is None and exact and dtype.itemsize <= 4
    return np.dtype(np.float32 if single else np.float64)


def stored_type(dtype: np.dtype) -> np.dtype:
    """Return the first of int16, float32 and float64 that holds every stored value (of 64 bits: rounded).

    Parameters
    ----------
    dtype
        As stored.
    """
    if dtype.kind in "iu":
        bits = 8 * dtype.itemsize + (dtype.kind == "u")
        return np.dtype(np.int16 if bits <= 16 else np.float32 if bits <= 24 else np.float64)
    return np.dtype(np.float32 if dtype.itemsize <= 4 else np.float64)


def scale_into(stored: np.ndarray, values: np.ndarray, slope: float | None, inter: float | None) -> None:
    """Convert and scale into ``values``, rounding as nibabel does."""
    with np.errstate(all="ignore"):  # infinities and NaN are passed on
        values[:] = stored
        if slope is not None and inter is not None:
            values *= slope
            values += inter
