r"""Weighted least squares with a sandwich over people, for many features that share their rows.

With :math:`B = X'WX`, :math:`H_{ij} = X_i B^{-1} X_j' W_j` and residuals r, the covariance of the estimates
is :math:`B^{-1} \sum_i u_i u_i' B^{-1}`,
:math:`u_i = X_i' W_i (I - H_{ii})^{-c} r_i`, c one half (Kauermann and
Carroll), one (Mancl and DeRouen) or none.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.stats._gee_weights import RowWeights

Correction = Literal["kauermann-carroll", "mancl-derouen", "none"]
_POWERS = {"kauermann-carroll": 0.5, "mancl-derouen": 1.0, "none": 0.0}
_CHUNK = 256


def solved(
    y: Float[np.ndarray, "rows features"],
    x: Float[np.ndarray, "rows columns"],
    w: Float[np.ndarray, " rows"],
    person: Int[np.ndarray, " rows"],
    places: Int[np.ndarray, " rows"],
    correction: Correction,
    counted: RowWeights | None,
    *,
    leave_out: bool,
) -> tuple[
    Float[np.ndarray, "columns features"],
    Float[np.ndarray, "features columns columns"],
    Float[np.ndarray, "columns features"],
]:
    """Return estimates, their covariance, and degrees of freedom.

    Parameters
    ----------
    y, x
        Rows sorted by person, turned so that the working correlation is none.
    w
        Weights above 0.
    person
        Whose row it is.
    places
        Rows of the design, for the weights that are counted.
    correction
        Of the residuals.
    counted
        Weights whose estimation is counted, or None.
    leave_out
        Whether it is counted by a jackknife, not by stacked equations.
    """
    size = np.linalg.norm(x, axis=0)
    x = x / size
    inverse = np.linalg.inv(x.T @ (w[:, None] * x))
    beta = inverse @ (x.T @ (w[:, None] * y))
    rest = y - x @ beta
    blocks = _blocks(x, w, person, inverse, _POWERS[correction])
    first = np.unique(person, return_index=True)[1]
    covariance = np.empty((y.shape[1], x.shape[1], x.shape[1]))
    for start in range(0, y.shape[1], _CHUNK):
        part = slice(start, start + _CHUNK)
        if counted is not None and leave_out:
            covariance[part] = counted.jackknife(x, y[:, part], places)
            continue
        fixed = np.empty_like(rest[:, part])
        for rows, powers in blocks:
            fixed[rows] = np.einsum("nab,nbf->naf", powers, rest[rows, part])
        moments = (w[:, None] * x)[:, :, None] * fixed[:, None, :]
        scores = (
            np.add.reduceat(moments, first, axis=0) if counted is None else counted.counted(moments, places)
        )
        middle = np.einsum("icf,idf->fcd", scores, scores)
        covariance[part] = inverse @ middle @ inverse
    df = _degrees(x, w, person, inverse, blocks, first)
    scaled = covariance / size[:, None] / size[None, :]
    return beta / size[:, None], scaled, np.repeat(df[:, None], y.shape[1], axis=1)


def _blocks(
    x: np.ndarray, w: np.ndarray, person: np.ndarray, inverse: np.ndarray, power: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for people with equally many rows, their rows and the matrices that correct residuals."""
    _, first, sizes = np.unique(person, return_index=True, return_counts=True)
    found = []
    for size in np.unique(sizes):
        rows = first[sizes == size][:, None] + np.arange(size)
        root = np.sqrt(w[rows])
        # W^(1/2) H W^(-1/2) is symmetric, so its powers need no complex numbers.
        half = root[:, :, None] * x[rows]
        hat = half @ inverse @ half.transpose(0, 2, 1)
        values, vectors = np.linalg.eigh(np.eye(size) - hat)
        # Where a person alone informs a column the residual is 0 whatever happens: nothing to correct.
        scale = np.where(values > 1e-9, np.maximum(values, 1e-9) ** -power, 0.0 if power else 1.0)
        powers = (vectors * scale[:, None, :]) @ vectors.transpose(0, 2, 1)
        found.append((rows, powers * root[:, None, :] / root[:, :, None]))
    return found


def _degrees(
    x: np.ndarray,
    w: np.ndarray,
    person: np.ndarray,
    inverse: np.ndarray,
    blocks: list[tuple[np.ndarray, np.ndarray]],
    first: np.ndarray,
) -> Float[np.ndarray, " columns"]:
    r"""Return Bell and McCaffrey's degrees of freedom of each column.

    The variance of an effect is :math:`\sum_i (g_i' (I - H)_{i\cdot} e)^2`; with independent errors of equal
    variance its first two moments are those of :math:`\mathrm{tr}(\Omega)^2 / \mathrm{tr}(\Omega^2)`
    degrees of freedom, :math:`\Omega_{ij} = g_i' (I - H)_{i\cdot} (I - H)'_{\cdot j} g_j`, a diagonal less a
    matrix of low rank.
    """
    weighted = w[:, None] * x
    squared = inverse @ (weighted.T @ weighted) @ inverse
    dfs = np.empty(x.shape[1])
    for column in range(x.shape[1]):
        along = weighted @ inverse[:, column]
        g = np.empty_like(along)
        for rows, powers in blocks:
            g[rows] = np.einsum("nab,na->nb", powers, along[rows])
        own = np.add.reduceat(g**2, first)
        p = np.add.reduceat(g[:, None] * x, first, axis=0)
        q = np.add.reduceat((w * g)[:, None] * x, first, axis=0)
        both = np.hstack([p, q])
        zero = np.zeros_like(inverse)
        # Omega = diag(own) - both @ core @ both'
        core = np.block([[-squared, inverse], [inverse, zero]])
        low = (both @ core * both).sum(axis=1)
        shared = both.T @ both @ core
        trace = (own - low).sum()
        squares = (own**2).sum() - 2 * (own * low).sum() + np.trace(shared @ shared)
        dfs[column] = trace**2 / squares
    return dfs
