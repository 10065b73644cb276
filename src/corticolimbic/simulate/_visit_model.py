"""What the spheres measure on average at any visit, where couplings change over time and with pain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from corticolimbic.simulate._brain import brain
from corticolimbic.simulate._painted import painted
from corticolimbic.simulate._people import Person, imaging_months, person
from corticolimbic.simulate._planted import expected_covariance, offsets, with_offsets
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._table_model import TableModel, table_model, typical_lags

_STEP = 0.05
Visit = tuple[Person, int]
"""A person, and the month of a visit that took place."""


@dataclass(frozen=True, eq=False)
class VisitModel:
    """A second-order expansion in what is added to the planted couplings of the covariance's root.

    The root (Cholesky's factor), not the covariance, is expanded, so that what is put together from it is a
    covariance wherever one looks.

    Parameters
    ----------
    base
        Noise, motion and degrees of freedom: those of a single visit.
    axes
        For each planted coupling, the axis to which it belongs: couplings that change alike share one.
    centre, step
        Where each axis is expanded, and how far away the network was computed.
    terms
        (terms, sites, anatomies, nodes, nodes): constant, linear, squared and mixed terms of the root as the
        spheres see it.
    """

    base: TableModel
    axes: Int[np.ndarray, " planted"]
    centre: Float[np.ndarray, " axes"]
    step: Float[np.ndarray, " axes"]
    terms: Float[np.ndarray, "terms sites anatomies nodes nodes"]

    def covariance(
        self,
        settings: SimulateSettings,
        visits: list[Visit],
        anatomy: Int[np.ndarray, " visits"],
        mean_fd: Float[np.ndarray, " visits"],
    ) -> Float[np.ndarray, "visits nodes nodes"]:
        """Return the expected covariance of the series of each visit."""
        added = np.array([offsets(settings, one, month) for one, month in visits])
        first = [int(np.flatnonzero(self.axes == axis)[0]) for axis in range(len(self.centre))]
        powers = _powers((added[:, first] - self.centre) / self.step)
        site = np.array([one.site for one, _ in visits])
        n = self.terms.shape[-1]
        found = np.empty((len(visits), n, n))
        for place in sorted(set(zip(site.tolist(), anatomy.tolist(), strict=True))):
            rows = np.flatnonzero((site == place[0]) & (anatomy == place[1]))
            flat = self.terms[:, place[0], place[1]].reshape(len(self.terms), -1)
            root = (powers[rows] @ flat).reshape(-1, n, n)
            found[rows] = root @ np.swapaxes(root, -1, -2)
        other = self.base.other[site, anatomy]
        return found + other + mean_fd[:, None, None] ** 2 * self.base.motion[site, anatomy]


def visit_model(settings: SimulateSettings) -> VisitModel:
    """Return the model of a study's visits; it does not depend on the seed or the number of people."""
    return _visit_model(settings.model_copy(update={"seed": 0, "people": 10_000, "images": True}))


@lru_cache(maxsize=4)
def _visit_model(settings: SimulateSettings) -> VisitModel:
    base = table_model(settings)
    kinds = [
        (item.change, item.change_per_year, item.pain_between, item.pain_within) for item in settings.planted
    ]
    unique = list(dict.fromkeys(kinds))
    axes = np.array([unique.index(kind) for kind in kinds])
    years = imaging_months(settings)[-1] / 12
    size = np.array(unique) * (1.0 if settings.effect else 0.0)
    ends = np.stack([np.zeros(len(unique)), size[:, 0], size[:, 0] + years * size[:, 1]])
    centre = (ends.min(axis=0) + ends.max(axis=0)) / 2
    step = np.ptp(ends, axis=0) / 2 + _STEP + 1.5 * (np.abs(size[:, 2]) + np.abs(size[:, 3]))
    lags = typical_lags(settings)

    def nodes(at: np.ndarray) -> np.ndarray:
        network = with_offsets(settings, (centre + at * step)[axes].tolist())
        return np.linalg.cholesky(expected_covariance(network, lags, settings.repetition_time)[0])

    k = len(unique)
    unit = np.eye(k)
    middle = nodes(np.zeros(k))
    up, down = ([nodes(sign * row) for row in unit] for sign in (1, -1))
    coefficients = [middle]
    coefficients += [(high - low) / 2 for high, low in zip(up, down, strict=True)]
    coefficients += [(high + low) / 2 - middle for high, low in zip(up, down, strict=True)]
    for a, b in combinations(range(k), 2):
        coefficients.append(nodes(unit[a] + unit[b]) - up[a] - up[b] + middle)
    return VisitModel(base, axes, centre, step, _spread(settings, base, np.array(coefficients)))


def _spread(settings: SimulateSettings, base: TableModel, coefficients: np.ndarray) -> np.ndarray:
    """Return the coefficients as the spheres see them, at every site in every anatomy."""
    space = brain(settings.grid_mm, settings.space)
    n = coefficients.shape[-1]
    sites, anatomies = base.other.shape[:2]
    terms = np.empty((len(coefficients), sites, anatomies, n, n))
    for site in range(sites):
        for anatomy in range(anatomies):
            maps = painted(settings, replace(person(settings, anatomy), site=site), space)
            own = (space.spheres @ maps.sources).toarray()[:, :n]
            terms[:, site, anatomy] = own @ coefficients
    return terms


def _powers(at: Float[np.ndarray, "visits axes"]) -> Float[np.ndarray, "visits terms"]:
    pairs = [at[:, a] * at[:, b] for a, b in combinations(range(at.shape[1]), 2)]
    return np.column_stack([np.ones(len(at)), at, at**2, *pairs])
