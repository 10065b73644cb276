"""Logistic regression by Newton's method, with a declared way out where the outcome is told perfectly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from corticolimbic.stats._refusals import ModelError

PRIOR_SD = 2.5
"""Of the normal prior on log odds (per SD of a number, per level of names) where there is separation."""
_STEPS = 50
_TOLERANCE = 1e-11
_CERTAIN = 1e-6
"""Fitted probabilities nearer to 0 or 1 than this are looked at for separation."""


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A logistic model of a yes-or-no outcome.

    Parameters
    ----------
    coefficients
        Log odds per unit of each column of the matrix.
    information
        Negative second derivative of the (penalised) log likelihood at the coefficients; its inverse is their
        covariance.
    probability
        Fitted probability of each person.
    penalty
        0 for maximum likelihood; else one over the prior's variance on every column but the first.
    separation
        Empty, or words that say that, and how, the columns tell the outcome perfectly.
    """

    coefficients: Float[np.ndarray, " columns"]
    information: Float[np.ndarray, "columns columns"]
    probability: Float[np.ndarray, " people"]
    penalty: float
    separation: str


def fit_logistic(
    matrix: Float[np.ndarray, "people columns"],
    outcome: Float[np.ndarray, " people"],
    columns: tuple[str, ...],
) -> LogisticFit:
    r"""Fit by maximum likelihood; where columns separate the outcome, by maximum a posteriori.

    With separation the likelihood has no maximum: odds run to infinity. Whether it is there is decided
    exactly, by a linear programme (Konis 2007, DPhil thesis, Oxford): is there a :math:`\beta` with
    :math:`(2y_i - 1) x_i'\beta \ge 0` for all people and above 0 for some? Then every coefficient but the
    intercept gets a normal prior of SD 2.5 (after Gelman et al. 2008, Ann Appl Stat
    2:1360).

    Parameters
    ----------
    matrix
        Columns of full rank, the first of ones, the others scaled to a standard deviation of about 1.
    outcome
        0 or 1.
    columns
        Names, for messages.

    Raises
    ------
    ModelError
        The outcome does not vary, or Newton's method does not converge.
    """
    if outcome.min() == outcome.max():
        raise ModelError("a logistic model needs people with and without the outcome")
    found, converged = _newton(matrix, outcome, 0.0)
    probability = special.expit(matrix @ found)
    doubtful = not converged or min(probability.min(), (1 - probability).min()) < _CERTAIN
    separation, penalty = "", 0.0
    if doubtful and (at_fault := _separating(matrix, outcome, columns)):
        penalty = PRIOR_SD**-2
        found, converged = _newton(matrix, outcome, penalty)
        probability = special.expit(matrix @ found)
        separation = f"{', '.join(at_fault)} tell perfectly who was seen and who was lost, for some people"
        if len(at_fault) == 1:
            separation = separation.replace(" tell ", " tells ")
    if not converged:
        raise ModelError(
            f"the logistic model of {', '.join(columns[1:])} does not converge; name fewer covariates",
            columns,
        )
    return LogisticFit(
        coefficients=found,
        information=_information(matrix, probability, penalty),
        probability=probability,
        penalty=penalty,
        separation=separation,
    )


def _newton(matrix: np.ndarray, outcome: np.ndarray, penalty: float) -> tuple[np.ndarray, bool]:
    """Return coefficients, and whether the steps came to rest."""
    beta = np.zeros(matrix.shape[1])
    beta[0] = special.logit(outcome.mean())
    value = _objective(matrix, outcome, beta, penalty)
    for _ in range(_STEPS):
        probability = special.expit(matrix @ beta)
        gradient = matrix.T @ (outcome - probability) - penalty * _slopes(beta)
        try:
            step = np.linalg.solve(_information(matrix, probability, penalty), gradient)
        except np.linalg.LinAlgError:
            return beta, False
        for _ in range(30):  # halved until it climbs: far from the maximum a full step may overshoot
            reached = _objective(matrix, outcome, beta + step, penalty)
            if reached >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta, value = beta + step, reached
        if np.abs(step).max() < _TOLERANCE * (1 + np.abs(beta).max()):
            return beta, True
    return beta, False


def _objective(matrix: np.ndarray, outcome: np.ndarray, beta: np.ndarray, penalty: float) -> float:
    linear = matrix @ beta
    return float(outcome @ linear - np.logaddexp(0, linear).sum() - penalty / 2 * (_slopes(beta) ** 2).sum())


def _information(matrix: np.ndarray, probability: np.ndarray, penalty: float) -> np.ndarray:
    weighted = matrix * (probability * (1 - probability))[:, None]
    return matrix.T @ weighted + penalty * np.diag(_slopes(np.ones(matrix.shape[1])))


def _slopes(values: np.ndarray) -> np.ndarray:
    """Return the vector with a 0 in the place of the intercept, which no prior touches."""
    return np.concatenate([[0.0], values[1:]])


def _separating(matrix: np.ndarray, outcome: np.ndarray, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fewest columns, found by leaving out one after the other, that still separate; or none."""
    signed = (2 * outcome - 1)[:, None] * matrix
    if not _separable(signed):
        return ()
    kept = list(range(matrix.shape[1]))
    for at in range(matrix.shape[1] - 1, 0, -1):
        fewer = [one for one in kept if one != at]
        if _separable(signed[:, fewer]):
            kept = fewer
    return tuple(columns[at] for at in kept if at) or columns[1:]


def _separable(signed: np.ndarray) -> bool:
    from scipy.optimize import linprog

    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    return bool(found.status == 0 and -found.fun > 1e-7)
