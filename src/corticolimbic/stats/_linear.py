"""Least squares with robust standard errors: one factorisation of the design for many features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

StandardErrors = Literal["hc2", "hc3"]


@dataclass(frozen=True, eq=False)
class LinearFit:
    """One coefficient of the same model fitted to many features.

    Parameters
    ----------
    estimate
        Coefficient of the column.
    se
        Robust standard error.
    classical_se
        Standard error under equal variances, from which effect sizes are made.
    residual_sd
        Square root of the residual sum of squares over ``df``.
    exact
        Whether the design leaves nothing of the feature but rounding; its errors are then meaningless.
    df
        People minus columns.
    test_df
        Degrees of freedom of estimate / se: Bell and McCaffrey's with HC2, ``df`` with HC3.
    variance_factor
        Diagonal element of (X'X)^-1 that belongs to the column.
    leverage
        Diagonal of the hat matrix; 1 marks a person whom the model fits exactly whatever the data.
    """

    estimate: Float[np.ndarray, " features"]
    se: Float[np.ndarray, " features"]
    classical_se: Float[np.ndarray, " features"]
    residual_sd: Float[np.ndarray, " features"]
    exact: Bool[np.ndarray, " features"]
    df: int
    test_df: float
    variance_factor: float
    leverage: Float[np.ndarray, " people"]


def fit_column(
    values: Float[np.ndarray, "people features"],
    matrix: Float[np.ndarray, "people columns"],
    column: int,
    standard_errors: StandardErrors = "hc2",
) -> LinearFit:
    r"""Fit every feature on the matrix and return one column's coefficients.

    The robust variance is :math:`(X'X)^{-1} X' \mathrm{diag}(e_i^2 / (1 - h_i)^p) X (X'X)^{-1}`, p = 1 for
    HC2, 2 for HC3 (MacKinnon & White 1985, J Econometrics 29:305). Only one diagonal element is needed:
    with *c* the column left over from the others, divided by its sum of squares, the estimate is c'y and its
    variance the sum of :math:`c_i^2 e_i^2 / (1 - h_i)^p`.

    Parameters
    ----------
    values
        Features without missing values.
    matrix
        Design of full rank that holds an intercept.
    column
        Which column's coefficient.
    standard_errors
        ``hc2`` with Bell and McCaffrey's degrees of freedom, or ``hc3`` with people minus columns.
    """
    n_people, n_columns = matrix.shape
    scaled = matrix / np.linalg.norm(matrix, axis=0)
    others = np.linalg.qr(np.delete(scaled, column, axis=1))[0]
    left_over = matrix[:, column] - others @ (others.T @ matrix[:, column])
    left_over -= others @ (others.T @ left_over)  # twice is enough: rounding of the first pass is removed
    squares = float(left_over @ left_over)
    leverage = (others**2).sum(axis=1) + left_over**2 / squares
    weights = left_over / squares
    # The intercept takes up the mean: removing it first keeps digits where values are large and vary little.
    centred = values - values.mean(axis=0)
    estimate = weights @ centred
    partial = centred - others @ (others.T @ centred)
    residuals = partial - np.outer(left_over, estimate)
    residuals -= others @ (others.T @ residuals)
    df = n_people - n_columns
    sums = (residuals**2).sum(axis=0)
    size = np.abs(values).max(axis=0, initial=0.0)
    exact = np.sqrt(sums / n_people) <= 64 * np.finfo(float).eps * size
    residual_sd = np.sqrt(sums / df)
    with np.errstate(divide="ignore", invalid="ignore"):
        if standard_errors == "hc2":
            scale = weights**2 / (1 - leverage)
            basis = np.column_stack([others, left_over / np.sqrt(squares)])
            test_df = _bell_mccaffrey_df(scale, basis, leverage)
        else:
            scale = (weights / (1 - leverage)) ** 2
            test_df = float(df)
        se = np.sqrt(scale @ residuals**2)
    return LinearFit(
        estimate=estimate,
        se=se,
        classical_se=residual_sd / np.sqrt(squares),
        residual_sd=residual_sd,
        exact=exact,
        df=df,
        test_df=test_df,
        variance_factor=1 / squares,
        leverage=leverage,
    )


def _bell_mccaffrey_df(
    scale: Float[np.ndarray, " people"],
    basis: Float[np.ndarray, "people columns"],
    leverage: Float[np.ndarray, " people"],
) -> float:
    r"""Return Satterthwaite's degrees of freedom of an HC2 variance.

    With equal variances the HC2 estimate is a weighted sum of chi-squares. Its first two moments are those of
    :math:`f = \mathrm{tr}(A)^2 / \mathrm{tr}(A^2)` degrees of freedom, :math:`A = D^{1/2} (I - H) D^{1/2}`
    with D the diagonal of ``scale`` (Bell & McCaffrey 2002, Survey Methodology 28:169; Imbens & Kolesár 2016,
    Rev Econ Stat 98:701). It depends on the design alone.

    The people x people matrix is never made: :math:`\mathrm{tr}(A^2) = \sum_i D_i^2 (1 - 2h_i) +
    \lVert Q' D Q \rVert^2` for an orthonormal basis Q of the columns. These terms cancel where a leverage is
    above one half; fewer than two people a column have one, and their rows of A are summed as they are.

    Parameters
    ----------
    scale
        What each squared residual is multiplied by.
    basis
        Orthonormal basis of the design's columns.
    leverage
        Row sums of the squared basis.
    """
    own = scale * (1 - leverage)
    high = leverage > 0.5
    low = ~high
    weighted = basis * np.sqrt(scale)[:, None]
    within_low = (scale[low] ** 2 * (1 - 2 * leverage[low])).sum()
    within_low += ((weighted[low].T @ weighted[low]) ** 2).sum()
    shared = (weighted[high] @ weighted.T) ** 2
    shared[np.arange(len(shared)), np.flatnonzero(high)] = own[high] ** 2
    return float(own.sum() ** 2 / (within_low + 2 * shared[:, low].sum() + shared[:, high].sum()))
