"""The plain models that are fitted inside folds: recalibration, baselines, and what a marker adds to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from corticolimbic.stats._linear_columns import independent_columns
from corticolimbic.stats._logistic import fit_logistic
from corticolimbic.stats._refusals import ModelError


@dataclass(frozen=True, eq=False)
class FittedColumns:
    """What was learnt of the columns, and one coefficient for each.

    Parameters
    ----------
    mean, sd
        Of the training people.
    kept
        Columns that vary there and do not repeat others.
    coefficients
        Intercept, then one for each kept column in standard deviations.
    is_class
        Whether predictions are probabilities.
    separation
        Empty, or words where the columns told the classes of the training people perfectly.
    """

    mean: Float[np.ndarray, " columns"]
    sd: Float[np.ndarray, " columns"]
    kept: Bool[np.ndarray, " columns"]
    coefficients: Float[np.ndarray, " kept"]
    is_class: bool
    separation: str = ""

    def transform(self, matrix: Float[np.ndarray, "people columns"]) -> Float[np.ndarray, " people"]:
        """Return the prediction of each person: a probability, or a number in the outcome's unit.

        Parameters
        ----------
        matrix
            The columns that it was fitted on; a NaN in one that counts gives NaN.
        """
        scaled = ((matrix - self.mean) / self.sd)[:, self.kept]
        linear = self.coefficients[0] + scaled @ self.coefficients[1:]
        return special.expit(linear) if self.is_class else linear


@dataclass(frozen=True)
class Recalibration:
    """A logistic (classes) or linear (numbers) model of an outcome on a few columns.

    With one column, a marker's score, it is the recalibration in the cohort (METHODS M-3): the score keeps
    its order and gets the cohort's base rate and spread. With no column it says the training people's base
    rate or mean. Columns are scaled by the training people; those that do not vary among them, or repeat
    others, are set aside. Maximum likelihood; where the columns tell the classes perfectly, the prior of
    `fit_logistic`.

    Parameters
    ----------
    is_class
        Whether the outcome is a class (1 or 0).

    Examples
    --------
    >>> scores, classes = np.arange(8.0)[:, None], np.array([0.0, 0, 1, 0, 1, 0, 1, 1])
    >>> fitted = Recalibration(is_class=True).fit(scores, classes)
    >>> fitted.transform(np.array([[0.0], [7.0]])).round(2).tolist()
    [0.11, 0.89]
    """

    is_class: bool

    def fit(
        self, matrix: Float[np.ndarray, "people columns"], outcome: Float[np.ndarray, " people"]
    ) -> FittedColumns:
        """Learn from people without missing values.

        Raises
        ------
        ModelError
            There are no more people than columns, or people of one class only, or the model does not
            converge.
        """
        n_people, n_columns = matrix.shape
        if n_people < n_columns + 2:
            raise ModelError(f"{n_people} people are too few for {n_columns} columns")
        mean, sd = matrix.mean(axis=0), matrix.std(axis=0)
        varies = sd > 1e-12 * np.maximum(np.abs(mean), 1e-300)
        sd = np.where(varies, sd, 1.0)
        scaled = np.where(varies, (matrix - mean) / sd, 0.0)
        kept = varies & independent_columns(scaled)
        design = np.column_stack([np.ones(n_people), scaled[:, kept]])
        if not self.is_class:
            coefficients = np.linalg.lstsq(design, outcome, rcond=None)[0]
            return FittedColumns(mean, sd, kept, coefficients, is_class=False)
        names = ("intercept", *(f"column {place + 1}" for place in np.flatnonzero(kept)))
        found = fit_logistic(design, outcome, names)
        return FittedColumns(mean, sd, kept, found.coefficients, is_class=True, separation=found.separation)
