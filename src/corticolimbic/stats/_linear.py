"""Least squares with HC3 standard errors: one factorisation of the design for many features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True, eq=False)
class LinearFit:
    """One coefficient of the same model fitted to many features.

    Parameters
    ----------
    estimate
        Coefficient of the column.
    se
        HC3 standard error.
    classical_se
        Standard error under equal variances, from which effect sizes are made.
    residual_sd
        Square root of the residual sum of squares over ``df``.
    exact
        Whether the design leaves nothing of the feature but rounding; its errors are then meaningless.
    df
        People minus columns.
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
    variance_factor: float
    leverage: Float[np.ndarray, " people"]


def fit_column(
    values: Float[np.ndarray, "people features"], matrix: Float[np.ndarray, "people columns"], column: int
) -> LinearFit:
    r"""Fit every feature on the matrix and return one column's coefficients.

    HC3 is :math:`(X'X)^{-1} X' \mathrm{diag}(e_i^2 / (1 - h_i)^2) X (X'X)^{-1}` (MacKinnon & White 1985; Long
    & Ervin 2000). Only one diagonal element is needed: with *c* the column left over from the others, divided
    by its sum of squares, the estimate is c'y and its variance the sum of :math:`c_i^2 e_i^2 / (1 - h_i)^2`.

    Parameters
    ----------
    values
        Features without missing values.
    matrix
        Design of full rank that holds an intercept.
    column
        Which column's coefficient.
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
        se = np.sqrt(((weights / (1 - leverage)) ** 2) @ residuals**2)
    return LinearFit(
        estimate=estimate,
        se=se,
        classical_se=residual_sd / np.sqrt(squares),
        residual_sd=residual_sd,
        exact=exact,
        df=df,
        variance_factor=1 / squares,
        leverage=leverage,
    )
