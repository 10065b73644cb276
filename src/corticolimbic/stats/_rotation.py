"""Visits turned, within each person, into a level, a trend over time and the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.stats import _kernels


@dataclass(frozen=True, eq=False)
class Rotation:
    r"""The rows of some people, sorted by person, and the orthonormal basis of each person's random effects.

    With :math:`Z_i = E_i R_i` (intercept and time; E orthonormal) the covariance of a person's visits,
    :math:`I + Z_i D Z_i'` in units of the residual variance, is :math:`I + R_i D R_i'` on :math:`E_i` and I
    on the rest: visits enter by their products with E alone.

    Parameters
    ----------
    starts
        First row of each person, and the number of rows.
    unit
        Second column of E: time's deviation from the person's mean, of norm 1; 0 for people whose time does
        not vary, and for everybody where slopes are not random.
    roots
        R of each person: :math:`r_{11}, r_{12}, r_{22}`, upper triangular; time less ``centre``, over
        ``scale``.
    centre, scale
        Of time: a random intercept and slope with any covariance do not depend on where time is 0.
    """

    starts: Int[np.ndarray, " starts"]
    unit: Float[np.ndarray, " rows"]
    roots: Float[np.ndarray, "people 3"]
    centre: float
    scale: float

    @property
    def sizes(self) -> Int[np.ndarray, " people"]:
        """Visits of each person."""
        return np.diff(self.starts)

    def split(
        self, columns: Float[np.ndarray, "rows columns"]
    ) -> tuple[
        Float[np.ndarray, "people columns"],
        Float[np.ndarray, "people columns"],
        Float[np.ndarray, "rows columns"],
    ]:
        """Return level and trend of the design's columns, and what is left of each row."""
        person = np.repeat(np.arange(self.sizes.size), self.sizes)
        roots = np.sqrt(self.sizes)[:, None]
        level = np.add.reduceat(columns, self.starts[:-1], axis=0) / roots
        left = columns - (level / roots)[person]
        trend = np.add.reduceat(self.unit[:, None] * left, self.starts[:-1], axis=0)
        return level, trend, left - self.unit[:, None] * trend[person]

    def split_features(
        self, values: Float[np.ndarray, "rows features"]
    ) -> tuple[
        Float[np.ndarray, " features"],
        Float[np.ndarray, "people features"],
        Float[np.ndarray, "people features"],
        Float[np.ndarray, " features"],
    ]:
        """Take the features' means from ``values``; return them, levels, trends and squares that are left."""
        n_people, n_features = self.sizes.size, values.shape[1]
        means, within = np.empty(n_features), np.empty(n_features)
        level, trend = np.empty((n_people, n_features)), np.empty((n_people, n_features))
        _kernels.rotate(values, self.starts, self.unit, means, level, trend, within)
        return means, level, trend, within


def rotation(person: Int[np.ndarray, " rows"], time: Float[np.ndarray, " rows"] | None) -> Rotation:
    """Return the rotation of rows sorted by person; with ``time``, slopes are random too."""
    starts = np.append(np.flatnonzero(np.diff(person, prepend=-1)), person.size).astype(np.int64)
    sizes = np.diff(starts)
    if time is None:
        roots = np.column_stack([np.sqrt(sizes), np.zeros((sizes.size, 2))])
        return Rotation(starts, np.zeros(person.size), roots, 0.0, 1.0)
    centre = float(time.mean())
    scale = float(time.std()) or 1.0
    scaled = (time - centre) / scale
    mean = np.add.reduceat(scaled, starts[:-1]) / sizes
    deviation = scaled - np.repeat(mean, sizes)
    deviation[np.abs(deviation) < 1e-12] = 0.0
    norm = np.sqrt(np.add.reduceat(deviation**2, starts[:-1]))
    with np.errstate(invalid="ignore"):
        unit = np.nan_to_num(deviation / np.repeat(norm, sizes))
    return Rotation(
        starts, unit, np.column_stack([np.sqrt(sizes), np.sqrt(sizes) * mean, norm]), centre, scale
    )


def determined(
    turned: Rotation,
    level: Float[np.ndarray, "people columns"],
    trend: Float[np.ndarray, "people columns"],
    *,
    slopes: bool,
) -> bool:
    """Whether these visits and columns tell the variances apart.

    They do where the matrices I and Z E_k Z', freed of the design's columns, are linearly independent: the
    information on the variances in a restricted likelihood, at no variance between people, is then of full
    rank.

    Parameters
    ----------
    turned
        The rotation.
    level, trend
        Of an orthonormal basis of the design's columns.
    slopes
        Whether slopes are random too.
    """
    r11, r12, r22 = turned.roots.T
    root = np.stack([np.stack([r11, r12], -1), np.stack([np.zeros_like(r11), r22], -1)], -2)
    units = [[[1, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 1]]]
    parts = [root @ np.array(unit, dtype=float) @ root.swapaxes(1, 2) for unit in units[: 3 if slopes else 1]]
    columns = np.stack([level, trend], axis=1)
    inside = [np.einsum("iap,iab,ibq->pq", columns, part, columns) for part in parts]
    n = len(parts) + 1
    information = np.empty((n, n))
    information[0, 0] = turned.starts[-1] - level.shape[1]
    for k, part in enumerate(parts):
        own = np.trace(part, axis1=1, axis2=2).sum() - np.trace(inside[k])
        information[0, k + 1] = information[k + 1, 0] = own
        for m, other in enumerate(parts):
            both = part @ other
            value = np.trace(both, axis1=1, axis2=2).sum()
            value -= 2 * np.einsum("iap,iab,ibp->", columns, both, columns)
            information[k + 1, m + 1] = value + (inside[k] * inside[m].T).sum()
    size = np.sqrt(np.diag(information))
    if not (size > 1e-8 * np.sqrt(turned.starts[-1])).all():
        return False
    return bool(np.linalg.eigvalsh(information / np.outer(size, size))[0] > 1e-8)
