"""Which columns of a matrix say something that those before them do not."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def independent_columns(matrix: Float[np.ndarray, "people columns"]) -> Bool[np.ndarray, " columns"]:
    """Return which columns are not a linear combination of an intercept and the columns before them.

    Parameters
    ----------
    matrix
        Without missing values, columns of about the same size.

    Examples
    --------
    >>> age = np.array([1.0, 2, 3, 5])
    >>> independent_columns(np.column_stack([age, 2 * age + 1, age**2])).tolist()
    [True, False, True]
    """
    n_people, n_columns = matrix.shape
    kept = np.zeros(n_columns, dtype=bool)
    basis = np.full((n_people, 1), 1 / np.sqrt(max(n_people, 1)))
    for place in range(n_columns):
        column = matrix[:, place]
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        size, before = float(np.linalg.norm(left)), float(np.linalg.norm(column))
        if size > 1e-9 * max(before, 1e-300):
            kept[place] = True
            basis = np.column_stack([basis, left / size])
    return kept
