r"""One variance between people beside a residual, with any fixed columns: its likelihood and exact interval.

The rows of a feature are :math:`y = X\beta + Zb + e`, Z the people, :math:`\rho = \sigma_b^2 / \sigma_e^2`.
With M what is left by X, and :math:`V \Lambda V'` the nonzero part of :math:`Z'MZ`, the values :math:`u =
\Lambda^{-1/2} V' Z'My` are independent with variances :math:`\sigma_e^2 (1 + \rho\lambda)`, and independent
of the residual squares E left by X and Z. So :math:`(\sum u^2/(1 + \rho\lambda)/q) / (E/f)` is distributed as
F(q, f) at the true ratio: the interval is exact whatever is missing (Wald 1940, Ann Math Stat 11:96;
Harville & Fenech 1985, Biometrics 41:137). With nobody missing anything it is McGraw and Wong's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

_REACH = 45.0  # of log(1 / (1 + ratio * largest eigenvalue)): beyond it the ICC is 0 or 1 to all digits


@dataclass(frozen=True, eq=False)
class Components:
    """What is sufficient for the variances of features that have the same rows.

    Parameters
    ----------
    sizes
        Distinct eigenvalues: measurements of a person, less what the fixed columns take.
    counts
        How many times each occurs.
    squares
        Sum of u squared of each.
    residual
        Squares left by the fixed columns and the people.
    df
        Degrees of freedom of ``residual``.
    """

    sizes: Float[np.ndarray, " sizes"]
    counts: Float[np.ndarray, " sizes"]
    squares: Float[np.ndarray, "sizes features"]
    residual: Float[np.ndarray, " features"]
    df: int

    @property
    def q(self) -> float:
        """Degrees of freedom between people."""
        return float(self.counts.sum())

    def icc(self, place: Float[np.ndarray, " features"]) -> Float[np.ndarray, " features"]:
        """Return ratio / (1 + ratio) of places, which are log(1 / (1 + ratio * largest size))."""
        share = np.exp(place)
        return (1 - share) / (1 - share + share * self.sizes.max())

    def at(self, place: Float[np.ndarray, " features"]) -> Float[np.ndarray, " features"]:
        r"""Return the weighted squares between people, :math:`\sum u^2 / (1 + \rho\lambda)`."""
        share = np.exp(place)
        relative = (self.sizes / self.sizes.max())[:, None]
        return (self.squares * share / (relative + share * (1 - relative))).sum(axis=0)

    def solve(self, target: Float[np.ndarray, " features"]) -> Float[np.ndarray, " features"]:
        """Return the places where the weighted squares are ``target``; they rise with the place."""
        low, high = (np.full(self.residual.shape, end) for end in (-_REACH, _REACH))
        for _ in range(64):
            middle = (low + high) / 2
            below = self.at(middle) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    def reml(self) -> Float[np.ndarray, " features"]:
        """Return the places of the largest restricted likelihood; ratios may fall below 0, as in an ANOVA."""
        if len(self.sizes) == 1:
            return self.solve(self.residual / self.df * self.q)
        grid = np.linspace(-12, 6, 145)
        found = np.array([self._deviance(np.full(self.residual.shape, place)) for place in grid])
        best = np.clip(found.argmin(axis=0), 1, len(grid) - 2)
        low, high = grid[best - 1], grid[best + 1]
        for _ in range(48):  # the likelihood's slope changes sign once between neighbours of the best
            middle = (low + high) / 2
            rising = self._slope(middle) > 0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        return (low + high) / 2

    def _deviance(self, place: np.ndarray) -> np.ndarray:
        share = np.exp(place)
        relative = (self.sizes / self.sizes.max())[:, None]
        logs = np.log(relative + share * (1 - relative)) - place
        with np.errstate(divide="ignore"):
            return self.counts @ logs + (self.q + self.df) * np.log(self.at(place) + self.residual)

    def _slope(self, place: np.ndarray) -> np.ndarray:
        """Return the derivative of the deviance by the place."""
        share = np.exp(place)
        relative = (self.sizes / self.sizes.max())[:, None]
        below = relative + share * (1 - relative)
        logs = self.counts @ (share * (1 - relative) / below - 1)
        moved = (self.squares * share * relative / below**2).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return logs + (self.q + self.df) * moved / (self.at(place) + self.residual)


def components(
    values: Float[np.ndarray, "rows features"],
    person: Int[np.ndarray, " rows"],
    fixed: Float[np.ndarray, "rows columns"],
) -> Components | None:
    """Return the sums of features without gaps; None where people, or residuals, leave no degree of freedom.

    Parameters
    ----------
    values
        Rows of each feature.
    person
        Number of each row's person, 0 to people - 1, each with a row.
    fixed
        Columns beside the people, which need not be independent.
    """
    n_people = int(person.max()) + 1
    left, singular, _ = np.linalg.svd(fixed, full_matrices=False)
    basis = left[:, singular > 1e-10 * singular[0]]
    centred = values - values.mean(axis=0)  # every column set holds the mean; removing it first keeps digits
    rest = centred - basis @ (basis.T @ centred)
    sums = np.zeros((n_people, basis.shape[1]))
    np.add.at(sums, person, basis)
    inner = np.diag(np.bincount(person, minlength=n_people).astype(float)) - sums @ sums.T
    eigen, vectors = np.linalg.eigh(inner)
    kept = eigen > 1e-9 * np.bincount(person).max()
    df = len(person) - basis.shape[1] - int(kept.sum())
    if not kept.any() or df < 1:
        return None
    totals = np.zeros((n_people, values.shape[1]))
    np.add.at(totals, person, rest)
    turned = (vectors[:, kept].T @ totals) / np.sqrt(eigen[kept])[:, None]
    residual = np.maximum((rest**2).sum(axis=0) - (turned**2).sum(axis=0), 0.0)
    sizes, which = np.unique(eigen[kept].round(9), return_inverse=True)
    squares = np.zeros((len(sizes), values.shape[1]))
    np.add.at(squares, which, turned**2)
    return Components(sizes, np.bincount(which).astype(float), squares, residual, df)
