"""Least squares of many features on sites and covariates, gaps and a penalty on bending included."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.stats._combat_spline import PENALTIES
from corticolimbic.stats._refusals import ModelError

_CHUNK = 256  # features with gaps whose normal equations are held at once


@dataclass(frozen=True, eq=False)
class SiteFit:
    """What least squares found of each feature.

    Parameters
    ----------
    levels
        Of each site where covariates' columns are 0; NaN where nobody of the site has the feature.
    slopes
        Of the covariates' columns; NaN where people with the feature cannot tell them.
    squares
        Residual sum of squares within each site (residuals add up to 0 in each).
    n
        People who have the feature, by site.
    penalty
        Weight of bending chosen; 0 without curves.
    """

    levels: Float[np.ndarray, "sites features"]
    slopes: Float[np.ndarray, "columns features"]
    squares: Float[np.ndarray, "sites features"]
    n: Float[np.ndarray, "sites features"]
    penalty: Float[np.ndarray, " features"]


def fit_sites(
    values: Float[np.ndarray, "people features"],
    codes: Int[np.ndarray, " people"],
    columns: Float[np.ndarray, "people columns"],
    n_sites: int,
    bending: Float[np.ndarray, "columns columns"] | None = None,
    penalty: float | None = None,
) -> SiteFit:
    """Fit every feature: sites are taken out first, then covariates by their normal equations within sites.

    Parameters
    ----------
    values
        Features, NaN where missing.
    codes
        Site of each person.
    columns
        Covariates, about 1 in size; curves last.
    n_sites
        Number of sites.
    bending
        Penalty matrix of the curves, or None.
    penalty
        Its weight for all features; None chooses one of `PENALTIES` for each by generalised cross-validation
        (Craven & Wahba 1979).
    """
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(np.ones(len(values)) @ values) if len(values) else np.ones(0, dtype=bool)
    gaps = np.flatnonzero(~whole)
    n_features, n_columns = values.shape[1], columns.shape[1]
    found = SiteFit(
        np.full((n_sites, n_features), np.nan),
        np.full((n_columns, n_features), np.nan),
        np.full((n_sites, n_features), np.nan),
        np.zeros((n_sites, n_features)),
        np.zeros(n_features),
    )
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(n_sites + 1))
    sorted_columns = columns[order]
    rows = order if (np.diff(order) != 1).any() else slice(None)
    blocks = [np.flatnonzero(whole), *(gaps[at : at + _CHUNK] for at in range(0, gaps.size, _CHUNK))]
    for features in blocks:
        if features.size:
            part = values[rows] if features.size == n_features else values[rows][:, features]
            _fit(part, sorted_columns, starts, features, found, bending, penalty, gaps=features[0] in gaps)
    return found


def _fit(
    values: np.ndarray,
    columns: np.ndarray,
    starts: np.ndarray,
    features: np.ndarray,
    found: SiteFit,
    bending: np.ndarray | None,
    penalty: float | None,
    *,
    gaps: bool,
) -> None:
    """Fill ``found`` for features that all are complete, or all have gaps; rows are sorted by site."""
    sizes = np.diff(starts).astype(float)
    known = ~np.isnan(values) if gaps else None
    origin = np.nansum(values, axis=0) / np.maximum(known.sum(axis=0), 1) if known is not None else values[0]
    y = values - origin
    if known is None:
        n = np.broadcast_to(sizes[:, None], (sizes.size, features.size))
    else:
        y[~known] = 0.0
        n = np.add.reduceat(known, starts[:-1], axis=0, dtype=float)
    site_means = np.add.reduceat(y, starts[:-1], axis=0) / np.maximum(n, 1)
    if known is None:
        middles = np.add.reduceat(columns, starts[:-1], axis=0) / sizes[:, None]
        centred = columns - np.repeat(middles, np.diff(starts), axis=0)
        cross, matrix = centred.T @ y, (centred.T @ centred)[None]
        shifts = middles @ np.zeros((columns.shape[1], features.size))
    else:
        middles, cross, matrix = _with_gaps(y, known, columns, starts, n, site_means)
    total = y_squares = None
    if bending is not None and penalty is None:
        y_squares = (y * y).sum(axis=0) - (n * site_means**2).sum(axis=0)
        total = n.sum(axis=0)
    slopes, chosen = _solve(matrix, cross, bending, penalty, y_squares, total, (n > 0).sum(axis=0))
    shifts = middles @ slopes if known is None else np.einsum("scf,cf->sf", middles, slopes)
    levels = site_means - shifts
    residual = y - columns @ slopes if columns.shape[1] else y
    squares = np.empty_like(levels)
    for at, (start, stop) in enumerate(pairwise(starts)):
        part = residual[start:stop] - levels[at]
        if known is not None:
            part *= known[start:stop]
        squares[at] = np.einsum("pf,pf->f", part, part)
    found.levels[:, features] = np.where(n > 0, levels + origin, np.nan)
    found.slopes[:, features] = slopes
    found.squares[:, features] = squares
    found.n[:, features] = n
    found.penalty[features] = chosen


def _with_gaps(
    y: np.ndarray,
    known: np.ndarray,
    columns: np.ndarray,
    starts: np.ndarray,
    n: np.ndarray,
    site_means: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each feature's own means of the covariates by site, and its normal equations within sites."""
    present = known.astype(float)
    width = columns.shape[1]
    middles = np.empty((n.shape[0], width, y.shape[1]))
    cross = columns.T @ y
    first, second = np.triu_indices(width)
    packed = (columns[:, first] * columns[:, second]).T @ present
    for at, (start, stop) in enumerate(pairwise(starts)):
        middles[at] = columns[start:stop].T @ present[start:stop] / np.maximum(n[at], 1)
        cross -= n[at] * middles[at] * site_means[at]
        packed -= n[at] * middles[at][first] * middles[at][second]
    matrix = np.empty((y.shape[1], width, width))
    matrix[:, first, second] = packed.T
    matrix[:, second, first] = packed.T
    return middles, cross, matrix


def _solve(
    matrix: np.ndarray,
    cross: np.ndarray,
    bending: np.ndarray | None,
    penalty: float | None,
    y_squares: np.ndarray | None,
    total: np.ndarray | None,
    n_levels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return slopes and the penalty chosen; NaN slopes where the equations are singular."""
    width, n_features = cross.shape
    if width == 0:
        return cross, np.zeros(n_features)
    size = np.sqrt(np.einsum("fii->fi", matrix))
    size[size == 0] = 1.0
    scaled = matrix / size[:, :, None] / size[:, None, :]
    bend = np.zeros((1, width, width)) if bending is None else bending / size[:, :, None] / size[:, None, :]
    weight = 1e-6 * np.trace(scaled, axis1=1, axis2=2)
    relative = bend / np.maximum(np.trace(bend, axis1=1, axis2=2), 1e-300)[:, None, None]
    # With any penalty the equations have one solution if they have one for straight lines.
    lowest = np.linalg.eigvalsh(scaled + weight[:, None, None] * relative)[:, 0]
    singular = np.broadcast_to(lowest < 1e-10, n_features)
    if singular.all():
        return np.full(cross.shape, np.nan), np.zeros(n_features)
    right = cross.T / size
    chosen = np.zeros(n_features)
    if bending is None:
        safe = np.where((lowest < 1e-10)[:, None, None], np.eye(width), scaled)
        slopes = (np.linalg.solve(safe[0], right.T).T if len(safe) == 1
                  else np.linalg.solve(safe, right[..., None])[..., 0])  # fmt: skip
    else:
        slopes, chosen = _penalised(scaled, bend, right, penalty, y_squares, total, n_levels, lowest)
    slopes = (slopes / size).T
    slopes[:, singular] = np.nan
    return slopes, chosen


def _penalised(
    scaled: np.ndarray,
    bend: np.ndarray,
    right: np.ndarray,
    penalty: float | None,
    y_squares: np.ndarray | None,
    total: np.ndarray | None,
    n_levels: np.ndarray,
    lowest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Solve for all weights at once in the basis in which equations and penalty are diagonal."""
    width = scaled.shape[1]
    # A ridge far below rounding of the data keeps columns that few people have apart.
    ridge = 1e-13 * np.eye(width)
    safe = np.where((lowest < 1e-10)[:, None, None], np.eye(width), scaled + ridge)
    try:
        lower = np.linalg.cholesky(safe)
    except np.linalg.LinAlgError:
        raise ModelError(
            "a curve has too few people between its knots; keep a straight line instead"
        ) from None
    inverse = np.linalg.inv(lower)
    turned = inverse @ bend @ inverse.transpose(0, 2, 1)
    bends, vectors = np.linalg.eigh(turned)
    bends = np.maximum(bends, 0.0)
    back = inverse.transpose(0, 2, 1) @ vectors  # slopes = back @ coordinates
    free = right @ back[0] if len(back) == 1 else np.einsum("fi,fik->fk", right, back)
    if penalty is not None or y_squares is None or total is None:
        chosen = np.full(len(right), 0.0 if penalty is None else penalty)
    else:
        scores = []
        for weight in PENALTIES:
            k = 2 * weight * bends
            left = y_squares - (free**2 * (1 + 2 * k) / (1 + k) ** 2).sum(axis=1)
            spent = n_levels + (1 / (1 + k)).sum(axis=1)
            scores.append(left / (total - spent) ** 2)
        chosen = PENALTIES[np.argmin(scores, axis=0)]
    coordinates = free / (1 + 2 * chosen[:, None] * bends)
    if len(back) == 1:
        return coordinates @ back[0].T, chosen
    return np.einsum("fk,fik->fi", coordinates, back), chosen
