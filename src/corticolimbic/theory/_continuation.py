"""Fixed points followed along a parameter, round their folds: pseudo-arclength continuation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.foundation import SettingsError
from corticolimbic.theory._people import People
from corticolimbic.theory._theories import Theory
from corticolimbic.theory._theories import theory as named_theory

ALONG = ("input", "coupling_trait", "gain", "antireward_reactivity", "reward_susceptibility")
"""Along what fixed points can be followed; ``input`` is a constant injury."""
_NUDGE = 1e-6
_CLOSE = 1e-12
_ROUNDS = 30


@dataclass(frozen=True, eq=False)
class Branch:
    """A curve of fixed points of one person.

    Parameters
    ----------
    along
        Name of the parameter.
    value, pain
        Points of the curve in its order.
    stable
        Whether pain stays there.
    folds
        Places in the arrays after which stability changes.
    """

    along: str
    value: Float[np.ndarray, " points"]
    pain: Float[np.ndarray, " points"]
    stable: Bool[np.ndarray, " points"]
    folds: tuple[int, ...]


def continuation(
    person: People,
    along: str,
    start: float,
    pain: float,
    *,
    low: float,
    high: float,
    theory: Theory | str = "full",
    constant_input: float = 0.0,
    arc: float = 0.01,
    points: int = 2000,
) -> Branch:
    """Follow a person's fixed points along a parameter, in the direction in which it first rises.

    At rest every state is a closed form of pain (value and memory equal it, anti-reward and reward deficit
    are in proportion, coupling follows nociception, glands the stress), so a fixed point is a zero of
    ``h(p, x) = u^2 / (1 + u^2) - p``. It is stable where ``dh/dp < 0``: all that pain drives drives pain (a
    monotone system). Steps of constant length along the curve pass the folds at which the parameter turns.

    Parameters
    ----------
    person
        One person.
    along
        One of :data:`ALONG`.
    start, pain
        Where to begin: the parameter's value, and a guess of pain there.
    low, high
        The curve ends where the parameter leaves this range. An input below 0 means nothing, but a curve may
        have to pass through it.
    theory
        Parts at work, or the name of a theory.
    constant_input
        Injury that does not heal, where another parameter is followed.
    arc
        Length of a step in the plane of the parameter and pain.
    points
        Most points.

    Raises
    ------
    SettingsError
        Where there is not one person, the parameter is none of these, or no fixed point is near the start.
    """
    if len(person) != 1:
        raise SettingsError(f"fixed points are followed for one person, not {len(person)}")
    if along not in ALONG:
        raise SettingsError(f"fixed points can be followed along {', '.join(ALONG)}, not {along!r}")
    if not low <= start <= high or not arc > 0 or points < 2:
        raise SettingsError(
            f"a curve starts inside its range and has steps: {low} to {high} from {start} by {arc}"
        )
    part = named_theory(theory) if isinstance(theory, str) else theory
    residual = _residual(person, along, part, constant_input)
    x = np.array([start, _pain_near(residual, start, pain)])
    direction = np.array([1.0, 0.0])
    curve = [x]
    while len(curve) < points:
        slope = _gradient(residual, x)
        tangent = np.array([slope[1], -slope[0]]) / np.hypot(*slope)
        direction = tangent if tangent @ direction >= 0 else -tangent
        x = _corrected(residual, x + arc * direction, direction)
        if not low <= x[0] <= high:
            break
        curve.append(x)
    found = np.array(curve)
    stable = np.array([_gradient(residual, point)[1] < 0 for point in curve])
    folds = tuple(int(place) for place in np.flatnonzero(stable[1:] != stable[:-1]))
    return Branch(along, found[:, 0], found[:, 1], stable, folds)


Residual = Callable[[Any, Any], Any]


def _residual(person: People, along: str, part: Theory, constant_input: float) -> Residual:
    p = person.parameters
    names = ALONG[1:]
    own = {name: float(getattr(person, name)[0]) for name in names}
    on = float(part.exchange and part.reward and part.antireward)
    x_ar, x_ra = p.antireward_from_reward * on, p.reward_from_antireward * on
    direct, adrenal = p.direct_gain * part.direct, p.adrenal_gain * part.adrenal
    learns = float(part.learning and person.acquisition[0] > 0)

    def h(value: Any, pain: Any) -> Any:
        now = {**own, "input": constant_input, along: value}
        k_a = now["antireward_reactivity"] * part.antireward
        k_r = now["reward_susceptibility"] * part.reward
        anti = pain * (k_a + x_ar * k_r) / (1 - x_ar * x_ra)
        reward = pain * (k_r + x_ra * k_a) / (1 - x_ar * x_ra)
        noci = now["input"] * (1 + p.sensitisation * anti)
        q = noci**2 / (1 + noci**2)
        coupling = {
            "coupling": now["coupling_trait"] * (1 + p.coupling_drive * q),
            "trait": now["coupling_trait"],
            "none": 1.0,
        }[part.gain_role]
        amplified = p.antireward_gain * anti + p.reward_gain * reward
        memory = learns * now["gain"] * coupling * pain * (1 + amplified)
        u = noci + memory + direct * amplified + adrenal * p.stress_gain * anti
        return u**2 / (1 + u**2) - pain

    return h


def _gradient(h: Residual, x: Float[np.ndarray, " 2"]) -> Float[np.ndarray, " 2"]:
    value, pain = x
    return np.array(
        [
            (h(value + _NUDGE, pain) - h(value - _NUDGE, pain)) / (2 * _NUDGE),
            (h(value, pain + _NUDGE) - h(value, pain - _NUDGE)) / (2 * _NUDGE),
        ]
    )


def _pain_near(h: Residual, value: float, pain: float) -> float:
    for _ in range(_ROUNDS):
        step = h(value, pain) / _gradient(h, np.array([value, pain]))[1]
        pain -= float(step)
        if abs(step) < _CLOSE:
            break
    if abs(h(value, pain)) > 1e-9 or not -1e-9 <= pain <= 1:
        raise SettingsError(f"there is no fixed point near this start; pain went to {pain:.3g}")
    return pain


def _corrected(
    h: Residual, guess: Float[np.ndarray, " 2"], direction: Float[np.ndarray, " 2"]
) -> Float[np.ndarray, " 2"]:
    """Return the curve's point on the line through the guess that is at right angles to the direction."""
    x = guess
    for _ in range(_ROUNDS):
        system = np.stack([_gradient(h, x), direction])
        step = np.linalg.solve(system, np.array([h(*x), direction @ (x - guess)]))
        x = x - step
        if np.abs(step).max() < _CLOSE:
            break
    return x
