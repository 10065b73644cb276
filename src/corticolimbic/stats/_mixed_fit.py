r"""Linear mixed models of many features that share their rows: sums for all, then a search for each.

The model is :math:`y = X\beta + Zb + e`, :math:`b_i \sim N(0, \sigma^2 D)`, :math:`e \sim N(0, \sigma^2 I)`.
X is replaced by an orthonormal basis Q of its columns, and visits by their products with the basis of
`Rotation`, so a feature is a handful of sums whatever the number of visits. With :math:`V = I + ZDZ'`,
:math:`A = Q'V^{-1}Q` and :math:`r^2` the weighted squares left by the columns, the profiled deviance is
:math:`\log|V| + \log|A| + \nu(1 + \log(2\pi r^2/\nu))`, :math:`\nu = n - p` (REML), or the same without
:math:`\log|A|` and with :math:`\nu = n` (ML): Bates et al. 2015, J Stat Softw 67(1), eq. 34 and 41.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from corticolimbic.stats import _kernels, _kernels_slope
from corticolimbic.stats._rotation import Rotation

_CHUNK = 1024  # features whose values are turned at once: they stay in the processor's cache
_SHARES = np.array([0.0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99, 0.999, 1 - 1e-5, 1 - 1e-7])
_DEVIATIONS, _CORRELATIONS = (0.05, 0.25, 0.8, 2.5), (-0.6, 0.0, 0.6)  # of random effects, over residual SD


@dataclass(frozen=True, eq=False)
class Basis:
    """An orthonormal basis of a design's columns, which need not be independent.

    Parameters
    ----------
    q
        The basis.
    rows
        Orthonormal rows that, times ``sizes``, span the rows of the design.
    sizes
        Norms of the columns (1 for a column of zeros).
    back
        Takes coefficients of the columns to those of the basis: a contrast c of the columns is ``c @ back``.
    log_det
        Log determinant of X'X where the columns are independent.
    """

    q: Float[np.ndarray, "rows rank"]
    rows: Float[np.ndarray, "rank columns"]
    sizes: Float[np.ndarray, " columns"]
    back: Float[np.ndarray, "columns rank"]
    log_det: float

    def tells(self, contrasts: Float[np.ndarray, "contrasts columns"]) -> Bool[np.ndarray, " contrasts"]:
        """Whether each contrast can be estimated: it is a combination of rows of the design."""
        scaled = contrasts / self.sizes
        outside = scaled - scaled @ self.rows.T @ self.rows
        return np.linalg.norm(outside, axis=1) <= 1e-7 * np.linalg.norm(scaled, axis=1)


def basis(matrix: Float[np.ndarray, "rows columns"]) -> Basis:
    """Return a basis of the columns."""
    sizes = np.linalg.norm(matrix, axis=0)
    sizes[sizes == 0] = 1.0
    left, singular, rows = np.linalg.svd(matrix / sizes, full_matrices=False)
    kept = singular > 1e-10 * singular[0]
    log_det = float(2 * np.log(singular[kept]).sum() + 2 * np.log(sizes).sum())
    back = rows[kept].T / sizes[:, None] / singular[kept]
    return Basis(np.ascontiguousarray(left[:, kept]), rows[kept], sizes, back, log_det)


@dataclass(frozen=True, eq=False)
class Fits:
    """What the search found, one element a feature; how it ended stands in ``ends``.

    Parameters
    ----------
    estimates, variances, dfs
        Of each contrast: value, squared standard error, Satterthwaite's degrees of freedom.
    covariances
        Of the contrasts.
    relative
        D: variance of intercepts, covariance, variance of slopes, in residual variances and the unit of time,
        at time 0.
    sigma2
        Residual variance.
    criteria
        Deviance at the estimate: -2 log (restricted) likelihood.
    ends
        Codes of `_kernels`.
    """

    estimates: Float[np.ndarray, "features contrasts"]
    variances: Float[np.ndarray, "features contrasts"]
    dfs: Float[np.ndarray, "features contrasts"]
    covariances: Float[np.ndarray, "features contrasts contrasts"]
    relative: Float[np.ndarray, "features 3"]
    sigma2: Float[np.ndarray, " features"]
    criteria: Float[np.ndarray, " features"]
    ends: Int[np.ndarray, " features"]


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What all features of a design share."""

    turned: Rotation
    level: np.ndarray
    trend: np.ndarray
    left: np.ndarray
    contrasts: np.ndarray
    nu: float
    restricted: bool


def fit_features(
    values: Float[np.ndarray, "rows features"],
    columns: Basis,
    turned: Rotation,
    contrasts: Float[np.ndarray, "contrasts columns"],
    *,
    slopes: bool,
    restricted: bool,
) -> Fits:
    """Fit every feature.

    Parameters
    ----------
    values
        Features without missing values, rows sorted by person.
    columns
        Basis of the fixed effects.
    turned
        The rotation of the rows.
    contrasts
        Weights of the design's columns, the intercept the first.
    slopes
        Whether slopes over time are random too, correlated with intercepts.
    restricted
        REML, else ML.
    """
    level, trend, left = turned.split(columns.q)
    n_rows, rank = columns.q.shape
    shared = _Prepared(
        turned, level, trend, left, contrasts @ columns.back, float(n_rows - rank * restricted), restricted
    )
    found = _empty(values.shape[1], len(contrasts))
    search = _Slopes(shared) if slopes else _Intercepts(shared)
    for start in range(0, values.shape[1], _CHUNK):
        chunk = slice(start, start + _CHUNK)
        block = np.array(values[:, chunk], dtype=float, order="C")
        means, level_y, trend_y, within = turned.split_features(block)
        search.fit(block, level_y, trend_y, within, found, chunk)
        found.estimates[chunk] += np.outer(means, contrasts[:, 0])
    if restricted:
        found.criteria[:] += columns.log_det
    return found


class _Intercepts:
    """Random intercepts: people with as many visits are one sum."""

    def __init__(self, shared: _Prepared) -> None:
        self.shared = shared
        self.sizes, self.which = np.unique(shared.turned.sizes, return_inverse=True)
        self.counts = np.bincount(self.which).astype(float)
        self.members = [np.flatnonzero(self.which == m) for m in range(self.sizes.size)]
        cross = [shared.left.T @ shared.left]
        cross += [shared.level[own].T @ shared.level[own] for own in self.members]
        self.fixed = _packed(np.array(cross))
        self.scale = 1 / float(shared.turned.sizes.mean())
        weights = 1 / (1 + np.outer(self.scale * _SHARES / (1 - _SHARES), self.sizes))
        matrices = cross[0] + np.einsum("gm,mij->gij", weights, np.array(cross[1:]))
        self.logs, self.inverses = _factors(
            matrices, -(np.log(weights) @ self.counts), restricted=shared.restricted
        )

    def fit(
        self,
        block: np.ndarray,
        level: np.ndarray,
        trend: np.ndarray,
        within: np.ndarray,
        found: Fits,
        chunk: slice,
    ) -> None:
        """Fill the chunk's part of ``found``."""
        shared = self.shared
        n_parts, width = self.sizes.size + 1, shared.level.shape[1] + 1
        own = np.empty((block.shape[1], n_parts, width))
        own[:, 0, :-1] = block.T @ shared.left
        own[:, 0, -1] = within
        for m, members in enumerate(self.members):
            part = level if members.size == len(level) else level[members]
            own[:, m + 1, :-1] = part.T @ shared.level[members]
            own[:, m + 1, -1] = np.einsum("if,if->f", part, part)
        _kernels.fit_intercept(
            self.sizes.astype(float),
            self.counts,
            self.fixed,
            own,
            _SHARES,
            self.logs,
            self.inverses,
            self.scale,
            shared.nu,
            shared.restricted,
            shared.contrasts,
            *_outputs(found, chunk, found.relative[chunk, 0]),
        )


class _Slopes:
    """Random intercepts and slopes: people with the same times are one sum."""

    def __init__(self, shared: _Prepared) -> None:
        self.shared = shared
        roots, self.group = np.unique(np.round(shared.turned.roots, 12), axis=0, return_inverse=True)
        self.roots = np.ascontiguousarray(roots)
        self.counts = np.bincount(self.group).astype(float)
        u, v = shared.level, shared.trend
        crosses = np.stack(
            [
                np.einsum("ip,iq->ipq", u, u),
                np.einsum("ip,iq->ipq", u, v) + np.einsum("ip,iq->ipq", v, u),
                np.einsum("ip,iq->ipq", v, v),
            ],
            axis=1,
        )
        cross = np.zeros((len(roots), *crosses.shape[1:]))
        np.add.at(cross, self.group, crosses)
        self.fixed = _packed(cross)
        within = shared.left.T @ shared.left
        self.within = _packed(within)
        self.scan = np.array(
            [
                (one, two * r, two * np.sqrt(1 - r**2))
                for one in _DEVIATIONS
                for two in _DEVIATIONS
                for r in _CORRELATIONS
            ]
        )
        self.weights = np.empty((len(self.scan), len(roots), 3))
        logs = np.array(
            [
                _kernels_slope.slope_weights(theta, self.roots, self.counts, weights)
                for theta, weights in zip(self.scan, self.weights, strict=True)
            ]
        )
        matrices = within + np.einsum("sga,gapq->spq", self.weights, cross)
        self.logs, self.inverses = _factors(matrices, logs, restricted=shared.restricted)

    def fit(
        self,
        block: np.ndarray,
        level: np.ndarray,
        trend: np.ndarray,
        within: np.ndarray,
        found: Fits,
        chunk: slice,
    ) -> None:
        """Fill the chunk's part of ``found``."""
        shared = self.shared
        theta = np.full((block.shape[1], 3), np.nan)
        _kernels_slope.fit_slope(
            self.roots,
            self.counts,
            self.fixed,
            self.within,
            self.group,
            np.ascontiguousarray(level.T),
            np.ascontiguousarray(trend.T),
            np.ascontiguousarray(shared.level),
            np.ascontiguousarray(shared.trend),
            np.column_stack([block.T @ shared.left, within]),
            self.scan,
            self.weights,
            self.logs,
            self.inverses,
            shared.nu,
            shared.restricted,
            shared.contrasts,
            *_outputs(found, chunk, theta),
        )
        # From time less its centre, over its scale, to the unit of time and time 0: b0 - b1 centre.
        slope = theta[:, 1:] / shared.turned.scale
        level_part = np.column_stack([theta[:, 0], np.zeros(len(theta))]) - shared.turned.centre * slope
        found.relative[chunk, 0] = (level_part**2).sum(axis=1)
        found.relative[chunk, 1] = (level_part * slope).sum(axis=1)
        found.relative[chunk, 2] = (slope**2).sum(axis=1)


def _outputs(found: Fits, chunk: slice, ratios: np.ndarray) -> tuple[np.ndarray, ...]:
    return (
        ratios,
        found.sigma2[chunk],
        found.criteria[chunk],
        found.ends[chunk],
        found.estimates[chunk],
        found.variances[chunk],
        found.dfs[chunk],
        found.covariances[chunk],
    )


def _empty(n_features: int, n_contrasts: int) -> Fits:
    shape = (n_features, n_contrasts)
    return Fits(
        estimates=np.full(shape, np.nan),
        variances=np.full(shape, np.nan),
        dfs=np.full(shape, np.nan),
        covariances=np.full((n_features, n_contrasts, n_contrasts), np.nan),
        relative=np.full((n_features, 3), np.nan),
        sigma2=np.full(n_features, np.nan),
        criteria=np.full(n_features, np.nan),
        ends=np.zeros(n_features, dtype=np.int64),
    )


def _packed(symmetric: np.ndarray) -> np.ndarray:
    """Return the lower triangles of a stack of matrices."""
    rows, columns = np.tril_indices(symmetric.shape[-1])
    return np.ascontiguousarray(symmetric[..., rows, columns])


def _factors(matrices: np.ndarray, logs: np.ndarray, *, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    lower = np.linalg.cholesky(matrices)
    inverse = np.ascontiguousarray(np.linalg.inv(lower))
    if restricted:
        logs = logs + 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    return logs, inverse
