"""Where one person stands among controls, with what is not known about the controls (single-case methods)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, special, stats

from corticolimbic.stats import ModelError

_FAR = 37.0
"""Above this the non-central t of the library fails; its normal approximation is right to 0.002 there."""


@dataclass(frozen=True)
class Position:
    r"""One value against controls.

    Parameters
    ----------
    z
        Distance from what the controls let expect, in standard deviations of controls who are alike.
    z_low, z_high
        95 % interval of that distance: the controls' mean, slopes and spread are themselves estimates.
    percentile
        Share of such controls below the person (Student t), in percent.
    percentile_low, percentile_high
        The ends of the interval of z as shares below, in percent.
    expected, sd
        What the controls let expect, and their standard deviation, in units of the feature.
    n, df
        Controls, and degrees of freedom left.
    """

    z: float
    z_low: float
    z_high: float
    percentile: float
    percentile_low: float
    percentile_high: float
    expected: float
    sd: float
    n: int
    df: int


def position(
    value: float,
    row: Float[np.ndarray, " columns"],
    controls: Float[np.ndarray, " people"],
    matrix: Float[np.ndarray, "people columns"],
) -> Position:
    r"""Place one person against controls by a regression on the controls.

    With :math:`b` and :math:`s` fitted on the controls and :math:`h = x'(X'X)^{-1}x` of the person's row,
    :math:`z = (y - x'b) / s`, and :math:`(y - x'b) / (s\sqrt{1 + h})` follows Student's t in controls
    (Crawford & Howell 1998, Clin Neuropsychol 12:482; with covariates Crawford, Garthwaite & Ryan 2011,
    Cortex 47:1166).
    The interval of z is exact for normal values: :math:`z / \sqrt h` follows a non-central t (Crawford &
    Garthwaite 2002, Neuropsychologia 40:1196).

    Parameters
    ----------
    value, row
        Of the person, who must not be among the controls; the first column is of ones.
    controls, matrix
        Values and the same columns of the controls, all finite.

    Raises
    ------
    ModelError
        Columns repeat each other, fewer than two degrees of freedom are left, or the controls do not vary.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> controls = rng.normal(100, 15, 50)
    >>> found = position(70.0, np.ones(1), controls, np.ones((50, 1)))
    >>> bool(np.isclose(found.z, (70 - controls.mean()) / controls.std(ddof=1)))
    True
    """
    n, columns = matrix.shape
    df = n - columns
    if df < 2:
        raise ModelError(f"{n} controls leave {max(df, 0)} degrees of freedom, two are needed")
    if np.linalg.matrix_rank(matrix) < columns:
        raise ModelError("what the controls are adjusted for repeats itself")
    gram = np.linalg.inv(matrix.T @ matrix)
    fitted = gram @ (matrix.T @ controls)
    residual = controls - matrix @ fitted
    sd = float(np.sqrt(residual @ residual / df))
    if not sd > 1e-12 * max(float(np.abs(controls).max()), 1e-300):
        raise ModelError("the controls do not vary")
    leverage = float(row @ gram @ row)
    expected = float(row @ fitted)
    z = (value - expected) / sd
    share = float(special.stdtr(df, z / np.sqrt(1 + leverage)))
    low, high = _limits(z, leverage, df)
    return Position(
        z,
        low,
        high,
        100 * share,
        100 * float(special.ndtr(low)),
        100 * float(special.ndtr(high)),
        expected,
        sd,
        n,
        df,
    )


def _limits(z: float, leverage: float, df: int) -> tuple[float, float]:
    """Return the distances for which the t that was seen lies at its 97.5 % and its 2.5 %."""
    if z < 0:  # the non-central t is exact enough only above 0, and it is its own mirror image
        low, high = _limits(-z, leverage, df)
        return -high, -low
    root = float(np.sqrt(leverage))
    seen = z / root
    spread = float(np.sqrt(leverage + z * z / (2 * df)))

    def end(share: float, side: float) -> float:
        def missed(distance: float) -> float:
            return float(stats.nct.cdf(seen, df, distance / root)) - share

        near, far = z, z + side * 6 * spread
        ends = missed(near), missed(far)
        if seen > _FAR or not np.isfinite(ends).all() or ends[0] * ends[1] > 0:
            return z + side * float(special.ndtri(0.975)) * spread
        return float(optimize.brentq(missed, *sorted((near, far)), xtol=1e-10))

    return end(0.975, -1.0), end(0.025, 1.0)
