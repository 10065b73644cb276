"""What the spheres of a study measure on average, prepared once for many cohorts without images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import SettingsError
from corticolimbic.simulate._brain import brain
from corticolimbic.simulate._disturbances import FD_THRESHOLD, Disturbed, cleaning, disturb
from corticolimbic.simulate._noise import sphere_noise
from corticolimbic.simulate._painted import painted
from corticolimbic.simulate._people import WIDEST, Person, person
from corticolimbic.simulate._planted import coupled, expected_covariance, territory_autocovariance
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.simulate._streams import stream
from corticolimbic.simulate._truth import lag_weights

_ANATOMIES = 8
"""People whose anatomy and dropout stand for everybody's, at every site."""
_DEVIATIONS = 5
_RUNS = 8
_REFERENCE_MM = 0.1


@dataclass(frozen=True, eq=False)
class TableModel:
    """Pieces from which anybody's expected covariance of the spheres' cleaned series is put together.

    Parameters
    ----------
    signal
        (groups, deviations, sites, anatomies, nodes, nodes): the network's part.
    deviations
        Deviations of the planted couplings for which it was computed; between them it is interpolated.
    other
        (sites, anatomies, nodes, nodes): background, physiology, drift and scanner noise.
    motion
        (sites, anatomies, nodes, nodes): the artefact at a mean framewise displacement of 1 mm.
    displacements
        Framewise displacements of runs whose mean is 1 mm.
    dof
        Effective degrees of freedom of a cleaned run without censoring.
    """

    signal: Float[np.ndarray, "groups deviations sites anatomies nodes nodes"]
    deviations: Float[np.ndarray, " deviations"]
    other: Float[np.ndarray, "sites anatomies nodes nodes"]
    motion: Float[np.ndarray, "sites anatomies nodes nodes"]
    displacements: Float[np.ndarray, " volumes"]
    dof: float

    def covariance(
        self, people: list[Person], anatomy: np.ndarray, mean_fd: Float[np.ndarray, " people"]
    ) -> Float[np.ndarray, "people nodes nodes"]:
        """Return the expected covariance of each person's series."""
        group = np.array([int(one.persistent) for one in people])
        site = np.array([one.site for one in people])
        at = np.array([one.coupling for one in people])
        after = np.clip(np.searchsorted(self.deviations, at), 1, len(self.deviations) - 1)
        low, high = self.deviations[after - 1], self.deviations[after]
        share = np.where(high > low, (at - low) / np.where(high > low, high - low, 1.0), 0.0)[:, None, None]
        signal = (1 - share) * self.signal[group, after - 1, site, anatomy]
        signal += share * self.signal[group, after, site, anatomy]
        return signal + self.other[site, anatomy] + mean_fd[:, None, None] ** 2 * self.motion[site, anatomy]

    def kept(self, mean_fd: Float[np.ndarray, " people"]) -> Float[np.ndarray, " people"]:
        """Return the share of volumes that are not censored."""
        return np.searchsorted(self.displacements, FD_THRESHOLD / np.maximum(mean_fd, 1e-9)) / len(
            self.displacements
        )


def table_model(settings: SimulateSettings) -> TableModel:
    """Return the model of a study's tables; it does not depend on the seed or the number of people.

    Raises
    ------
    SettingsError
        Where runs are so short that the nodes' covariance has no rank.
    """
    return _table_model(settings.model_copy(update={"seed": 0, "people": 10_000, "images": True}))


def typical_lags(settings: SimulateSettings) -> Float[np.ndarray, " lags"]:
    """Return the weights of lags that cleaning leaves on average."""
    return np.mean([lag_weights(form) for form in _typical(settings)[1]], axis=0)


def _typical(settings: SimulateSettings) -> tuple[list[Disturbed], list[np.ndarray]]:
    """Return runs with motion of a typical size, and what cleaning does to a covariance in each.

    Lags and what is left of disturbances hardly depend on the size.
    """
    runs = []
    for index in range(_RUNS):
        one = replace(person(settings, index), motion=_REFERENCE_MM)
        runs.append(disturb(settings, one, stream(0, "table", str(index))))
    forms = []
    for run in runs:
        matrix = cleaning(run, images=True)
        forms.append(matrix.T @ matrix / len(matrix))
    return runs, forms


@lru_cache(maxsize=4)
def _table_model(settings: SimulateSettings) -> TableModel:
    space = brain(settings.grid_mm, settings.space)
    runs, forms = _typical(settings)
    lags = np.mean([lag_weights(form) for form in forms], axis=0)
    left = np.mean(
        [run.sources.T @ form @ run.sources for run, form in zip(runs, forms, strict=True)], axis=0
    )
    means = [float(np.nanmean(run.displacement)) for run in runs]
    deviations = np.linspace(-WIDEST, WIDEST, _DEVIATIONS) * settings.between_people
    networks = [
        [coupled(settings, float(value), persistent=group) for value in deviations] for group in (False, True)
    ]
    found = [[expected_covariance(one, lags, settings.repetition_time) for one in row] for row in networks]
    nodes, territory = np.array([[pair[0] for pair in row] for row in found]), found[0][0][1]
    n = nodes.shape[-1]
    signal = np.empty((2, _DEVIATIONS, settings.sites, _ANATOMIES, n, n))
    other, motion = (np.empty((settings.sites, _ANATOMIES, n, n)) for _ in range(2))
    shares = []
    for site in range(settings.sites):
        for anatomy in range(_ANATOMIES):
            maps = painted(settings, replace(person(settings, anatomy), site=site), space)
            sources = (space.spheres @ maps.sources).toarray()
            own, around = sources[:, :n], sources[:, n:]
            disturbed = space.spheres @ maps.disturbances
            signal[:, :, site, anatomy] = own @ nodes @ own.T
            steady = disturbed[:, :4] @ left[:4, :4] @ disturbed[:, :4].T
            noise = maps.noise**2 * sphere_noise(space, maps.smoothness_mm)
            white = float(np.mean([np.trace(form) for form in forms]))
            other[site, anatomy] = territory * around @ around.T + steady + white * noise
            unit = left[4, 4] / np.mean(np.square(means)) if settings.motion_mm else 0.0
            motion[site, anatomy] = unit * np.outer(disturbed[:, 4], disturbed[:, 4])
            slow = np.diag(signal[0, _DEVIATIONS // 2, site, anatomy]) + territory * np.sum(around**2, axis=1)
            shares.append(np.mean(slow / (slow + white * np.diag(noise))))
    dof = _dof(settings, forms, float(np.mean(shares)))
    if dof <= n:
        raise SettingsError(
            f"runs of {settings.volumes} volumes leave {dof:.0f} effective degrees of freedom, and tables of "
            f"{n} nodes need more than {n}; simulate more volumes"
        )
    moved = [run.displacement[1:] / max(mean, 1e-12) for run, mean in zip(runs, means, strict=True)]
    return TableModel(signal, deviations, other, motion, np.sort(np.concatenate(moved)), dof)


def _dof(settings: SimulateSettings, forms: list[np.ndarray], slow_share: float) -> float:
    """Return the degrees of freedom of a Wishart matrix with the variance of the cleaned series' covariance.

    A series is taken to be a mixture of BOLD and white noise, in the shares of the cleaned series' variance;
    with its autocovariance S and the cleaning form R they are tr(RS)^2 / tr(RSRS) (Satterthwaite).
    """
    lags = np.abs(np.subtract.outer(np.arange(settings.volumes), np.arange(settings.volumes)))
    slow = territory_autocovariance(settings.volumes, settings.repetition_time)[lags]
    values = []
    for form in forms:
        passed = float(np.sum(form * slow) / np.trace(form))
        mixed = slow_share / passed * slow + (1 - slow_share) * np.eye(settings.volumes)
        product = form @ mixed
        values.append(np.trace(product) ** 2 / np.sum(product * product.T))
    return float(np.mean(values))
