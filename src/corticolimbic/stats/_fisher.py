"""Fisher's z."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

Correlations = Float[np.ndarray, "*shape"]


def fisher_z(r: Correlations) -> Correlations:
    """Return artanh(r), whose standard error for n independent normal pairs is 1/sqrt(n - 3) (Fisher 1921).

    Correlations of -1 and 1 give minus and plus infinity; values outside [-1, 1] give NaN.

    Examples
    --------
    >>> fisher_z(np.array([0.5])).round(4).tolist()
    [0.5493]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arctanh(r)


def inverse_fisher_z(z: Correlations) -> Correlations:
    """Return tanh(z).

    Examples
    --------
    >>> inverse_fisher_z(np.array([0.5493])).round(3).tolist()
    [0.5]
    """
    return np.tanh(z)
