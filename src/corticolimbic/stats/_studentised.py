r"""A contrast of a linear model, studentised by an error that needs no equal variances, after rearrangement.

With Q an orthonormal basis of the design's columns whose last column is the direction *w* in which the
contrast lies (:math:`\hat\theta = w'y`), the model under the null has the other columns, and its residuals
*e* are what is rearranged: :math:`e^* = Pe`. The contrast is then :math:`w'e^*`, and its variance the sum
over clusters (people, or single rows) of :math:`(c_g'(I - QQ')e^*)_g^2` with :math:`c_g = (I - H_{gg})^{-1/2}
w_g`: CR2 (Bell & McCaffrey 2002), which is HC2 where each row is a cluster; HC3 has :math:`c_i = w_i / (1 -
h_i)`. Written out, all of it is products of (draws x rows) with (rows x features) matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from corticolimbic.stats._linear import StandardErrors

_DRAWS, _FEATURES = 512, 1024  # at once: their products stay in the processor's cache
_AT_ONCE = 500_000  # values of people who change places as wholes
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Studentised:
    """A contrast of a design.

    Parameters
    ----------
    basis
        Q; the last column is the contrast's direction.
    weights
        w: the contrast's estimate is their product with the values.
    corrected
        c, row by row.
    starts
        First row of each cluster; rows of a cluster follow each other.
    """

    basis: Float[np.ndarray, "rows rank"]
    weights: Float[np.ndarray, " rows"]
    corrected: Float[np.ndarray, " rows"]
    starts: Int[np.ndarray, " clusters"]

    @property
    def size(self) -> float:
        """Norm of the weights."""
        return float(np.linalg.norm(self.weights))

    def residuals(
        self, values: Float[np.ndarray, "rows features"], *, centred: bool = True
    ) -> Float[np.ndarray, "rows features"]:
        """Return what the model without the contrast leaves of the values.

        The mean is taken first, to keep digits, where the model has an intercept.
        """
        others = self.basis[:, :-1]
        left = values - values.mean(axis=0) if centred else values.copy()
        left -= others @ (others.T @ left)
        return left - others @ (others.T @ left)

    def exact(
        self, residuals: Float[np.ndarray, "rows features"], values: Float[np.ndarray, "rows features"]
    ) -> Bool[np.ndarray, " features"]:
        """Whether the design leaves nothing of a feature but rounding."""
        left = residuals - self.basis @ (self.basis.T @ residuals)
        rounding = 64 * np.finfo(float).eps * np.abs(values).max(axis=0, initial=0.0)
        return np.asarray(np.sqrt((left**2).mean(axis=0)) <= rounding)

    def observed(self, residuals: Float[np.ndarray, "rows features"]) -> Float[np.ndarray, " features"]:
        """Return the contrast over its error."""
        left = residuals - self.basis @ (self.basis.T @ residuals)
        sums = np.add.reduceat(self.corrected[:, None] * left, self.starts, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.weights @ residuals / np.sqrt((sums**2).sum(axis=0))

    def permuted(
        self,
        residuals: Float[np.ndarray, "rows features"],
        orders: Int[np.ndarray, "draws rows"],
        blocks: Int[np.ndarray, " rows"],
    ) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Yield draws, features and the statistics after each row went to its place in these orders.

        Each row is a cluster. What does not vary within blocks stays orthogonal to the residuals whatever the
        order, and is left out.
        """
        basis = self._varying(blocks)
        square = self.corrected**2
        inside = basis.T @ (square[:, None] * basis)
        left = np.hstack([square[:, None], basis, 2 * square[:, None] * basis - basis @ inside]).T
        rank = basis.shape[1]
        for some in _chunks(len(orders), _DRAWS):
            moved = [row[orders[some]] for row in left]
            for features in _chunks(residuals.shape[1], _FEATURES):
                values = residuals[:, features]
                variance = moved[0] @ values**2
                for column in range(1, rank + 1):
                    product = moved[column] @ values
                    variance -= product * (moved[rank + column] @ values)
                yield some, features, self.size * product / np.sqrt(np.maximum(variance, _TINY))

    def permuted_whole(
        self, residuals: Float[np.ndarray, "rows features"], orders: Int[np.ndarray, "draws clusters"]
    ) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Yield draws, features and the statistics after clusters of equal size came from these places."""
        n_clusters = self.starts.size
        corrected = self.corrected.reshape(n_clusters, -1)
        inside = np.add.reduceat(self.corrected[:, None] * self.basis, self.starts, axis=0)
        for features in _chunks(residuals.shape[1], _FEATURES):
            values = residuals[:, features].reshape(n_clusters, corrected.shape[1], -1)
            for some in _chunks(len(orders), max(1, _AT_ONCE // values.size)):
                moved = values[orders[some]]
                products = self.basis.T @ moved.reshape(len(moved), len(residuals), -1)
                sums = np.einsum("gv,dgvf->dgf", corrected, moved) - inside @ products
                error = np.sqrt(np.maximum((sums**2).sum(axis=1), _TINY))
                yield some, features, self.size * products[:, -1] / error

    def multiplied(
        self, residuals: Float[np.ndarray, "rows features"], factors: Float[np.ndarray, "draws clusters"]
    ) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Yield draws, features and the statistics after each cluster was multiplied by its factor."""
        inside = np.add.reduceat(self.corrected[:, None] * self.basis, self.starts, axis=0)
        both = inside.T @ inside
        for features in _chunks(residuals.shape[1], max(1, _FEATURES // 4)):
            values = residuals[:, features]
            own = np.add.reduceat(self.corrected[:, None] * values, self.starts, axis=0)
            parts = np.stack(
                [np.add.reduceat(column[:, None] * values, self.starts, axis=0) for column in self.basis.T]
            )
            crossed = 2 * inside.T[:, :, None] * own - np.einsum("jk,kgf->jgf", both, parts)
            for some in _chunks(len(factors), _DRAWS):
                chosen = factors[some]
                variance = chosen**2 @ own**2
                for part, other in zip(parts, crossed, strict=True):
                    product = chosen @ part
                    variance -= product * (chosen @ other)
                yield some, features, self.size * product / np.sqrt(np.maximum(variance, _TINY))

    def _varying(self, blocks: np.ndarray) -> np.ndarray:
        """Return the basis without the directions that are constant within blocks, the contrast's last."""
        names, code = np.unique(blocks, return_inverse=True)
        sums = np.zeros((names.size, self.basis.shape[1] - 1))
        np.add.at(sums, code, self.basis[:, :-1])
        turned, sizes, _ = np.linalg.svd(sums.T / np.sqrt(np.bincount(code)), full_matrices=True)
        share = np.zeros(turned.shape[1])
        share[: sizes.size] = sizes
        return np.column_stack([self.basis[:, :-1] @ turned[:, share < 1 - 1e-9], self.basis[:, -1]])


def studentised(
    matrix: Float[np.ndarray, "rows columns"],
    contrast: Float[np.ndarray, " columns"],
    person: Int[np.ndarray, " rows"] | None = None,
    standard_errors: StandardErrors = "hc2",
) -> Studentised:
    """Return a contrast of a design that can tell it.

    Parameters
    ----------
    matrix
        The design; its columns need not be independent.
    contrast
        Weights of the columns.
    person
        Whose row it is, sorted; None where each row is a person.
    standard_errors
        ``hc2`` (with people: CR2), or ``hc3`` (rows only).
    """
    sizes = np.linalg.norm(matrix, axis=0)
    sizes[sizes == 0] = 1.0
    left, singular, rows = np.linalg.svd(matrix / sizes, full_matrices=False)
    kept = singular > 1e-10 * singular[0]
    left = left[:, kept]
    inner = rows[kept] @ (contrast / sizes) / singular[kept]
    weights = left @ inner
    others = np.linalg.svd(inner[None], full_matrices=True)[2][1:].T
    basis = np.column_stack([left @ others, weights / np.linalg.norm(weights)])
    if person is None:
        own = 1 - (basis**2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            corrected = weights / (np.sqrt(own) if standard_errors == "hc2" else own)
        return Studentised(basis, weights, corrected, np.arange(len(matrix)))
    starts = np.flatnonzero(np.diff(person, prepend=-1)).astype(np.int64)
    return Studentised(basis, weights, _corrected(basis, weights, starts), starts)


def _corrected(basis: np.ndarray, weights: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return c of each cluster; those of one size are done together."""
    found = np.empty_like(weights)
    counts = np.diff(np.append(starts, weights.size))
    for count in np.unique(counts):
        at = starts[counts == count][:, None] + np.arange(count)
        here = basis[at]
        left = np.eye(count) - here @ here.swapaxes(1, 2)
        values, vectors = np.linalg.eigh(left)
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.where(values > 1e-8, 1 / np.sqrt(values), 0.0)
        turned = np.einsum("gvi,gv->gi", vectors, weights[at])
        found[at] = np.einsum("gvi,gi->gv", vectors, root * turned)
    return found


def comparable(t: np.ndarray, df: np.ndarray | float) -> np.ndarray:
    """Return about the normal deviate of the same tail as t, unsigned (Wallace 1959, Ann Math Stat 30)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(df * np.log1p(t * t / df)) * (8 * df + 1) / (8 * df + 3)


def _chunks(total: int, size: int) -> Iterator[slice]:
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))
