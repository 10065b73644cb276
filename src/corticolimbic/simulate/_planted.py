"""The circuit's network of each person, and its BOLD."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Float

from corticolimbic.foundation import SettingsError
from corticolimbic.simulate._people import WIDEST, Person, imaging_months
from corticolimbic.simulate._settings import SimulateSettings
from corticolimbic.theory import (
    CANONICAL,
    Network,
    bold_covariance,
    bold_spectrum,
    changed,
    circuit_network,
    simulate_bold,
)

PAIN_CENTRE = 4.0
"""Mean pain of a person in whom `PlantedEffect.pain_between` adds nothing."""
_BACKGROUND_S = 0.5
_CONDITION = 1e6
_REST_S = 400.0
"""Longer than a BOLD signal of the circuit remembers itself; sets the spacing of frequencies."""


@lru_cache(maxsize=1)
def _base() -> tuple[Network, float]:
    network = circuit_network()
    return network, float(np.mean(np.diag(bold_covariance(network))))


def unit() -> float:
    """Return the factor that gives the base network's BOLD signals a mean variance of 1."""
    return 1.0 / np.sqrt(_base()[1])


def person_network(settings: SimulateSettings, person: Person, month: int) -> Network:
    """Return the network of a person at a visit: base couplings, what is planted, the person's deviation."""
    return with_offsets(settings, offsets(settings, person, month))


def coupled(settings: SimulateSettings, deviation: float, *, persistent: bool) -> Network:
    """Return the network with the planted couplings of a group at first, and a deviation from it."""
    group = 1.0 if persistent and settings.effect else 0.0
    return with_offsets(settings, [group * item.change + deviation for item in settings.planted])


def offsets(settings: SimulateSettings, person: Person, month: int) -> list[float]:
    """Return what is added to each planted coupling at a visit."""
    years = month / 12
    own = person.coupling
    if settings.longitudinal:
        own += person.coupling_slope * years + person.visit_deviations[month]
    if not settings.effect or person.control:
        return [own for _ in settings.planted]
    group = 1.0 if person.persistent else 0.0
    if not settings.longitudinal:
        return [group * item.change + own for item in settings.planted]
    between, within = person.pain_mean - PAIN_CENTRE, person.course[month] - person.pain_mean
    return [
        group * (item.change + item.change_per_year * years)
        + item.pain_between * between
        + item.pain_within * within
        + own
        for item in settings.planted
    ]


def with_offsets(settings: SimulateSettings, added: Sequence[float]) -> Network:
    """Return the network with something added to each planted coupling."""
    network = _base()[0]
    values: dict[tuple[str, str], float] = {}
    for item, more in zip(settings.planted, added, strict=True):
        at_rest = network.weights[network.index(item.end), network.index(item.start)]
        values[item.start, item.end] = float(at_rest + more)
    return changed(network, values)


def check_planted(settings: SimulateSettings) -> None:
    """Refuse couplings that make anybody's network unstable, or name no node.

    Raises
    ------
    SettingsError
        Naming what is wrong; :class:`corticolimbic.theory.UnstableNetworkError` where a network has no
        stationary state.
    """
    ends = [frozenset((item.start, item.end)) for item in settings.planted]
    if len(set(ends)) != len(ends):
        raise SettingsError("planted: a pair of nodes stands twice")
    for side in (-WIDEST, WIDEST):
        for persistent in (False, True):
            coupled(settings, side * settings.between_people, persistent=persistent)
    if settings.longitudinal:
        _check_corners(settings.model_copy(update={"seed": 0, "people": 10_000}))


@lru_cache(maxsize=8)
def _check_corners(settings: SimulateSettings) -> None:
    for corner in _corners(settings):
        with_offsets(settings, corner)


def _corners(settings: SimulateSettings) -> list[list[float]]:
    """Return the largest and smallest offsets that anybody may have, in every combination of causes."""
    years = (0.0, imaging_months(settings)[-1] / 12)
    own = settings.between_people + max(settings.visit_deviation, default=0.0)
    found = []
    pains = [(mean, swing) for mean in (0, 2.5, 5, 7.5, 10) for swing in (-min(mean, 6), min(10 - mean, 6))]
    for side, group, year, (mean, swing) in product((-WIDEST, WIDEST), (0, 1), years, pains):
        spread = side * (own + settings.between_slopes * year)
        found.append(
            [
                spread
                + settings.effect
                * (
                    group * (item.change + item.change_per_year * year)
                    + item.pain_between * (mean - PAIN_CENTRE)
                    + item.pain_within * swing
                )
                for item in settings.planted
            ]
        )
    return found


def draw_nodes(
    network: Network, n_volumes: int, repetition_time: float, rng: np.random.Generator
) -> Float[np.ndarray, "volumes nodes"]:
    """Return BOLD of the circuit's nodes, of a variance of about 1."""
    return unit() * simulate_bold(network, n_volumes, repetition_time, rng)[0]


def draw_background(
    count: int, n_volumes: int, repetition_time: float, rng: np.random.Generator
) -> Float[np.ndarray, "volumes territories"]:
    """Return BOLD of uncoupled territories, of a variance of 1."""
    network, scale = _single()
    return scale * simulate_bold(network, n_volumes, repetition_time, rng, n_runs=count)[:, :, 0].T


@lru_cache(maxsize=1)
def _single() -> tuple[Network, float]:
    one = Network(("territory",), np.array([[-1 / _BACKGROUND_S]]), np.array([[2 / _BACKGROUND_S]]))
    return one, 1.0 / np.sqrt(float(bold_covariance(one)[0, 0]))


def expected_covariance(
    network: Network, lags: Float[np.ndarray, " lags"], repetition_time: float
) -> tuple[Float[np.ndarray, "nodes nodes"], float]:
    r"""Return what cleaning leaves of the signals' covariance: of the nodes, and of a territory's variance.

    Parameters
    ----------
    network
        The person's.
    lags
        Weight of each lag of 0, 1, ... volumes in the sum of covariances, lags above 0 counted on both sides.
    repetition_time
        Seconds.

    Notes
    -----
    The sum is an integral over frequency of the cross-spectral density times :math:`g(\omega) = r_0 + \sum_l
    r_l \cos(\omega l TR)`: aliasing is in it, and no filter is idealised.
    """
    spacing = 2 * np.pi / (len(lags) * repetition_time + 2 * _REST_S)
    omega = np.arange(int(np.ceil(CANONICAL.highest_omega / spacing)) + 1) * spacing
    passed = np.cos(np.outer(omega, np.arange(len(lags)) * repetition_time)) @ lags
    weights = passed * spacing / np.pi
    weights[0] /= 2
    single, scale = _single()
    alone = bold_spectrum(single, omega)[:, 0, 0].real
    return unit() ** 2 * _integrated(network, omega, weights), scale**2 * float(alone @ weights)


def _integrated(
    network: Network, omega: Float[np.ndarray, " frequencies"], weights: Float[np.ndarray, " frequencies"]
) -> Float[np.ndarray, "nodes nodes"]:
    values, vectors = np.linalg.eig(network.coupling)
    if np.linalg.cond(vectors) > _CONDITION:
        return np.einsum("f,fij->ij", weights, bold_spectrum(network, omega).real)
    inverse = np.linalg.inv(vectors)
    modes = inverse @ network.noise @ np.conj(inverse.T)
    gains = CANONICAL.gain(omega)[:, None] / (1j * omega[:, None] - values)
    overlap = gains.T @ (weights[:, None] * np.conj(gains))
    return (vectors @ (modes * overlap) @ np.conj(vectors.T)).real


def territory_autocovariance(n_volumes: int, repetition_time: float) -> Float[np.ndarray, " lags"]:
    """Return the autocovariance of an uncoupled territory's BOLD at lags of 0, 1, ... volumes."""
    spacing = 2 * np.pi / (n_volumes * repetition_time + 2 * _REST_S)
    omega = np.arange(int(np.ceil(CANONICAL.highest_omega / spacing)) + 1) * spacing
    single, scale = _single()
    density = bold_spectrum(single, omega)[:, 0, 0].real * spacing / np.pi
    density[0] /= 2
    return scale**2 * np.cos(np.outer(np.arange(n_volumes) * repetition_time, omega)) @ density
