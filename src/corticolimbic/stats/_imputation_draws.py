"""One equation of a chain: parameters drawn from their posterior, then values drawn given these.

Everything has a leading axis of imputations: all are drawn at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import special

ImputationMethod = Literal["residual", "pmm", "normal", "logistic"]
_RIDGE = 1e-5
"""Share of its own diagonal added to X'X, so that columns that repeat each other do no harm (van Buuren &
Groothuis-Oudshoorn 2011, J Stat Softw 45(3))."""
_PRIOR = 2.5**-2
_STEPS = 30


@dataclass(frozen=True, eq=False)
class Drawn:
    """Parameters of one equation, one draw an imputation.

    Parameters
    ----------
    method
        ``residual``, ``pmm``, ``normal`` or ``logistic``.
    coefficients
        Drawn coefficients.
    sigma
        Drawn residual standard deviations (``normal``).
    expected
        Expectation of each donor at the estimated coefficients (``pmm``, ``residual``).
    values
        What the donors said (``pmm``, ``residual``).
    donors
        How many candidates a person has (``pmm``, ``residual``).
    """

    method: ImputationMethod
    coefficients: Float[np.ndarray, "imputations columns"]
    sigma: Float[np.ndarray, " imputations"]
    expected: Float[np.ndarray, "imputations known"]
    values: Float[np.ndarray, " known"]
    donors: int

    def fill(
        self, matrix: Float[np.ndarray, "imputations lost columns"], rng: np.random.Generator
    ) -> Float[np.ndarray, "imputations lost"]:
        """Draw the missing values of people with these columns."""
        linear = (matrix @ self.coefficients[..., None])[..., 0]
        if self.method == "normal":
            return linear + self.sigma[:, None] * rng.standard_normal(linear.shape)
        if self.method == "logistic":
            return (rng.random(linear.shape) < special.expit(linear)).astype(float)
        donor = _nearest(self.expected, linear, self.donors, rng)
        if self.method == "pmm":
            return self.values[donor]
        residual = np.take_along_axis(self.values - self.expected, donor, axis=1)
        return _snapped(linear + residual, np.unique(self.values))


def draw_equation(
    method: ImputationMethod,
    matrix: Float[np.ndarray, "imputations known columns"],
    values: Float[np.ndarray, " known"],
    donors: int,
    rng: np.random.Generator,
) -> Drawn:
    r"""Draw the parameters of one equation.

    All but ``logistic``: the posterior of a linear model with flat priors, :math:`\sigma^2` from its scaled
    inverse chi-square, the coefficients given it (Rubin 1987, p. 167). ``pmm`` then gives each person the
    value of one of the donors whose expectation at the *estimated* coefficients is nearest to the person's at
    the *drawn* ones (Little 1988, J Bus Econ Stat 6:287; type 1 matching of van Buuren 2018, section 3.4).
    ``residual`` adds the donor's residual to the person's own expectation (local residual draws: Schenker &
    Taylor 1996, Comput Stat Data Anal 22:425; Morris, White & Royston 2014, BMC Med Res Methodol 14:75) and
    takes the nearest value that somebody gave: ratings stay on their scale and, unlike with ``pmm``, are not
    drawn towards the middle where those who were lost had few like them among those seen. ``logistic``: the
    normal approximation of the posterior at its mode, with the weak prior of `fit_logistic`, so that
    separation does no harm.

    Parameters
    ----------
    method
        Which equation.
    matrix
        Columns of those whose value is known, the first of ones.
    values
        Their values.
    donors
        Candidates for ``pmm``.
    rng
        Source of the draws.
    """
    nothing = np.empty((len(matrix), 0))
    if method == "logistic":
        mode, information = _logistic_mode(matrix, values)
        drawn = mode + _spread(information, rng)
        return Drawn(method, drawn, np.ones(len(matrix)), nothing, np.empty(0), donors)
    squares = np.swapaxes(matrix, 1, 2) @ matrix
    place = np.arange(squares.shape[-1])
    squares[:, place, place] *= 1 + _RIDGE
    estimate = np.linalg.solve(squares, np.swapaxes(matrix, 1, 2) @ values[:, None])[..., 0]
    expected = (matrix @ estimate[..., None])[..., 0]
    df = matrix.shape[1] - matrix.shape[2]
    sigma = np.sqrt(((values - expected) ** 2).sum(axis=1) / rng.chisquare(df, len(matrix)))
    drawn = estimate + sigma[:, None] * _spread(squares, rng)
    if method == "normal":
        return Drawn(method, drawn, sigma, nothing, np.empty(0), donors)
    return Drawn(method, drawn, sigma, expected, values, donors)


def _spread(precision: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from a normal distribution around 0 with the inverse of each matrix as its covariance."""
    root = np.linalg.cholesky(precision)
    noise = rng.standard_normal(precision.shape[:2])
    return np.linalg.solve(np.swapaxes(root, 1, 2), noise[..., None])[..., 0]


def _logistic_mode(matrix: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    m, _, q = matrix.shape
    prior = np.full(q, _PRIOR)
    prior[0] = 1e-8  # the intercept has none, but for the sake of digits
    beta = np.zeros((m, q))
    beta[:, 0] = special.logit(values.mean())
    information = np.empty((m, q, q))
    for _ in range(_STEPS):
        probability = special.expit((matrix @ beta[..., None])[..., 0])
        weighted = matrix * (probability * (1 - probability))[..., None]
        information = np.swapaxes(matrix, 1, 2) @ weighted + np.diag(prior)
        gradient = (np.swapaxes(matrix, 1, 2) @ (values - probability)[..., None])[..., 0] - prior * beta
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        size = np.abs(step).max(axis=1, keepdims=True)
        beta += step * np.minimum(1.0, 4.0 / np.maximum(size, 1e-300))
        if size.max() < 1e-8:
            break
    return beta, information


def _snapped(
    values: Float[np.ndarray, "imputations lost"], scale: Float[np.ndarray, " distinct"]
) -> Float[np.ndarray, "imputations lost"]:
    """Return, for each value, the nearest one that somebody gave."""
    return scale[np.searchsorted((scale[1:] + scale[:-1]) / 2, values)]


def _nearest(expected: np.ndarray, wanted: np.ndarray, donors: int, rng: np.random.Generator) -> np.ndarray:
    """Return, for each person wanted, the place of one of the ``donors`` nearest donors, drawn at random."""
    m, known = expected.shape
    donors = min(donors, known)
    scale = np.ptp(expected) or 1.0
    shaken = expected + 1e-10 * scale * rng.random(expected.shape)  # ties fall at random
    order = np.argsort(shaken, axis=1)
    ordered = np.take_along_axis(shaken, order, axis=1)
    at = np.stack([np.searchsorted(ordered[one], wanted[one]) for one in range(m)])
    width = min(2 * donors, known)
    start = np.clip(at - donors, 0, known - width)
    window = start[..., None] + np.arange(width)
    distance = np.abs(ordered[np.arange(m)[:, None, None], window] - wanted[..., None])
    near = np.argpartition(distance, donors - 1, axis=-1)[..., :donors] if donors < width else None
    pick = rng.integers(donors, size=wanted.shape)
    if near is not None:
        pick = np.take_along_axis(near, pick[..., None], axis=-1)[..., 0]
    return np.take_along_axis(order, start + pick, axis=1)
