"""What age, sex, motion or the centre alone tell of an outcome: a model that is fitted inside a fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.stats import ModelError, fit_logistic


@dataclass(frozen=True)
class NuisanceModel:
    """Predicts an outcome from columns that are no marker, by least squares or logistic regression.

    Numbers enter in standard deviations from the mean of the people fitted, text as one column for each level
    but the first. A column that does not vary among these people, or that others repeat, adds nothing and
    stays out. Without columns everybody is predicted as the training mean (of a class: the prevalence).

    Parameters
    ----------
    columns
        Columns of the table of people.
    classes
        Whether the outcome is a class (0 or 1): then probabilities are predicted.

    Examples
    --------
    >>> people = pd.DataFrame({"age": [20.0, 30, 40, 50, 60]}, index=list("abcde"))
    >>> fitted = NuisanceModel(("age",), classes=False).fit(people, np.array([1.0, 2, 3, 4, 5]))
    >>> fitted.predict(pd.DataFrame({"age": [70.0]}, index=["f"])).round(6).tolist()
    [6.0]
    """

    columns: tuple[str, ...]
    classes: bool

    def fit(self, people: pd.DataFrame, outcome: Float[np.ndarray, " people"]) -> FittedNuisance:
        """Learn the coding of the columns and the coefficients.

        Parameters
        ----------
        people
            The columns, complete; columns of numbers have a numeric type, others are text.
        outcome
            Outcome of each, in the order of ``people``.

        Raises
        ------
        ModelError
            A value is missing, there are too few people for the columns, or a class is empty.
        """
        table = people[list(self.columns)]
        if table.isna().to_numpy().any() or not np.isfinite(outcome).all():
            raise ModelError("people whose values are missing cannot be learnt from", self.columns)
        if len(outcome) < 2:
            raise ModelError(f"{len(outcome)} people to learn from; 2 are needed")
        if self.classes and outcome.min() == outcome.max():
            raise ModelError("only one class among the people to learn from")
        coded = tuple(_code(table[name]) for name in self.columns)
        matrix = np.column_stack([np.ones(len(table)), *(one.matrix(table[one.name]) for one in coded)])
        kept = _independent(matrix)
        if len(kept) > 1 and len(table) < len(kept) + 1:
            raise ModelError(f"{len(table)} people for a model of {len(kept)} coefficients", self.columns)
        coefficients = np.zeros(matrix.shape[1])
        coefficients[kept] = self._coefficients(matrix[:, kept], outcome)
        return FittedNuisance(self, coded, coefficients, table, outcome)

    def _coefficients(self, matrix: np.ndarray, outcome: np.ndarray) -> np.ndarray:
        if self.classes:
            names = ("intercept", *map(str, range(1, matrix.shape[1])))
            return fit_logistic(matrix, outcome, names).coefficients
        return np.linalg.lstsq(matrix, outcome, rcond=None)[0]


@dataclass(frozen=True, eq=False)
class FittedNuisance:
    """A fitted `NuisanceModel`.

    Parameters
    ----------
    model
        What was asked for.
    coded, coefficients
        The coding of the columns; the intercept and a coefficient for each coded column.
    people, outcome
        Who it was fitted to: the model without a column is fitted when somebody needs it.
    """

    model: NuisanceModel
    coded: tuple[_Coded, ...]
    coefficients: Float[np.ndarray, " columns"]
    people: pd.DataFrame
    outcome: Float[np.ndarray, " people"]

    def predict(self, people: pd.DataFrame) -> Float[np.ndarray, " others"]:
        """Return the predicted value, or the probability of the class, of each person.

        Somebody with a level that nobody had among the people fitted (a centre never seen) is predicted by
        the same model without that column; of the centre alone, that is the training mean.

        Parameters
        ----------
        people
            The columns, complete.
        """
        new = pd.DataFrame(
            {one.name: one.unseen(people[one.name]) for one in self.coded}, index=people.index, dtype=bool
        )
        found = np.empty(len(people))
        patterns = new.to_numpy()
        for pattern in np.unique(patterns, axis=0):
            rows = (patterns == pattern).all(axis=1)
            found[rows] = self._without(pattern)._predicted(people[rows])
        return found

    def _without(self, pattern: np.ndarray) -> FittedNuisance:
        if not pattern.any():
            return self
        columns = tuple(one.name for one, gone in zip(self.coded, pattern, strict=True) if not gone)
        return NuisanceModel(columns, self.model.classes).fit(self.people, self.outcome)

    def _predicted(self, people: pd.DataFrame) -> np.ndarray:
        if not self.coefficients[1:].any():  # the mean itself, without rounding
            return np.full(len(people), self.outcome.mean())
        parts = [one.matrix(people[one.name]) for one in self.coded]
        linear = np.column_stack([np.ones(len(people)), *parts]) @ self.coefficients
        return 1 / (1 + np.exp(-linear)) if self.model.classes else linear


@dataclass(frozen=True)
class _Coded:
    """One column: mean and standard deviation of a number, or the levels of text, the reference first."""

    name: str
    levels: tuple[str, ...] | None
    mean: float = 0.0
    sd: float = 1.0

    def matrix(self, values: pd.Series) -> Float[np.ndarray, "people columns"]:
        if self.levels is None:
            return ((values.to_numpy(dtype=float) - self.mean) / self.sd)[:, None]
        return (values.astype(str).to_numpy()[:, None] == np.array(self.levels[1:])).astype(float)

    def unseen(self, values: pd.Series) -> np.ndarray:
        if self.levels is None:
            return np.zeros(len(values), dtype=bool)
        return ~values.astype(str).isin(self.levels).to_numpy()


def _code(values: pd.Series) -> _Coded:
    name = str(values.name)
    if not pd.api.types.is_numeric_dtype(values):
        return _Coded(name, tuple(sorted(set(values.astype(str)))))
    known = values.to_numpy(dtype=float)
    if not np.isfinite(known).all():
        raise ModelError(f"{name} holds infinite values; mend them or make them missing", (name,))
    return _Coded(name, None, float(known.mean()), float(known.std()) or 1.0)


def _independent(matrix: np.ndarray) -> list[int]:
    """Return the columns, in order, that those before them do not repeat."""
    kept: list[int] = []
    basis = np.empty((matrix.shape[0], 0))
    for at, column in enumerate(matrix.T):
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)  # once more: one projection leaves rounding behind
        size = np.linalg.norm(rest)
        if size > 1e-9 * np.linalg.norm(column):
            kept.append(at)
            basis = np.column_stack([basis, rest / size])
    return kept
