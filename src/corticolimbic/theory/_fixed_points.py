"""States in which nothing moves any more once there is no input: in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.theory._people import People
from corticolimbic.theory._theories import Theory
from corticolimbic.theory._theories import theory as named_theory

_ROUNDS = 60


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """Where each person's dynamics rest without input, and the critical coupling.

    Pain at rest solves ``p (1 - p) (a + b p)^2 = 1``. With memory alone carrying pain, ``a = w C`` and
    ``b = w C G``; see :func:`fixed_points`.

    Parameters
    ----------
    a, b
        Constant and linear part of the loop's gain.
    fold
        Pain at which the loop's strength is largest, ``p*``; NaN where the loop is empty.
    strength
        ``p (1 - p) (a + b p)^2`` at ``p*``: two states are stable where it is above 1.
    separatrix, upper
        Pain of the unstable and of the upper stable state; NaN where there are none. Pain 0 is always stable.
    coupling, critical_coupling
        What multiplies memory at rest, and its value at the fold, from which on pain can hold itself. The
        critical value is infinite where memory carries nothing, and 0 where pain holds itself without memory.
    antireward, reward
        States at the upper fixed point, for each unit of pain.
    """

    a: Float[np.ndarray, " people"]
    b: Float[np.ndarray, " people"]
    fold: Float[np.ndarray, " people"]
    strength: Float[np.ndarray, " people"]
    separatrix: Float[np.ndarray, " people"]
    upper: Float[np.ndarray, " people"]
    coupling: Float[np.ndarray, " people"]
    critical_coupling: Float[np.ndarray, " people"]
    antireward: Float[np.ndarray, " people"]
    reward: Float[np.ndarray, " people"]

    @property
    def bistable(self) -> Bool[np.ndarray, " people"]:
        """Who can be in pain without input."""
        return self.strength > 1.0


def fixed_points(people: People, theory: Theory | str = "full") -> FixedPoints:
    """Return each person's fixed points without input and without noise.

    There ``V = K = p``, ``C`` is its trait, ``A = kA' p`` and ``R = kR' p`` with
    ``kA' = (kA + x_AR kR) / (1 - x_AR x_RA)`` and ``kR'`` alike, and ``G = gA kA' + gR kR'``. Drive is then
    ``u = p (a + b p)`` with ``a = w C + o G + hH kU kA'`` and ``b = w C G``, where ``o`` (``direct_gain``)
    and ``hH`` (``adrenal_gain``) are 0 but in the rivals. Pain ``p = u^2 / (1 + u^2)`` other than 0 solves
    ``p (1 - p) (a + b p)^2 = 1``: for the full theory ``(w C)^2 p (1 - p) (1 + G p)^2 = 1``. The left side
    is largest at ``p* = (3b - 2a + sqrt((3b - 2a)^2 + 16ab)) / (8b)``, which is 1/2 without G.

    Parameters
    ----------
    people
        Who.
    theory
        Parts at work, or the name of a theory.

    Returns
    -------
    FixedPoints
        Right to about 1e-14.
    """
    part = named_theory(theory) if isinstance(theory, str) else theory
    p = people.parameters
    k_a = people.antireward_reactivity * part.antireward
    k_r = people.reward_susceptibility * part.reward
    x_ar = p.antireward_from_reward * (part.exchange and part.reward and part.antireward)
    x_ra = p.reward_from_antireward * (part.exchange and part.reward and part.antireward)
    anti = (k_a + x_ar * k_r) / (1.0 - x_ar * x_ra)
    reward = (k_r + x_ra * k_a) / (1.0 - x_ar * x_ra)
    g = p.antireward_gain * anti + p.reward_gain * reward
    coupling = np.ones(len(people)) if part.gain_role == "none" else people.coupling_trait
    memory = people.gain * part.learning * (people.acquisition > 0)
    rest = p.direct_gain * part.direct * g + p.adrenal_gain * part.adrenal * p.stress_gain * anti
    a, b = memory * coupling + rest, memory * coupling * g
    fold = _fold(a, b)
    strength = _loop(fold, a, b)
    upper, separatrix = np.full((2, len(people)), np.nan)
    able = strength > 1.0
    for branch, outside in ((separatrix, 0.0), (upper, 1.0)):
        branch[able] = _root(a[able], b[able], fold[able], outside)
    return FixedPoints(
        a, b, fold, strength, separatrix, upper, coupling, _critical(memory, g, rest), anti, reward
    )


def _loop(
    p: Float[np.ndarray, " people"], a: Float[np.ndarray, " people"], b: Float[np.ndarray, " people"]
) -> Float[np.ndarray, " people"]:
    return p * (1.0 - p) * (a + b * p) ** 2


def _fold(a: Float[np.ndarray, " people"], b: Float[np.ndarray, " people"]) -> Float[np.ndarray, " people"]:
    """Return p*: the larger root of 4 b p^2 - (3b - 2a) p - a = 0, written so that b = 0 is no exception."""
    half = 3.0 * b - 2.0 * a
    root = np.sqrt(half**2 + 16.0 * a * b)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(half > 0, (half + root) / (8.0 * b), 2.0 * a / (root - half))
    return np.where(a + b > 0, found, np.nan)


def _root(
    a: Float[np.ndarray, " people"],
    b: Float[np.ndarray, " people"],
    fold: Float[np.ndarray, " people"],
    outside: float,
) -> Float[np.ndarray, " people"]:
    """Return where the loop's strength is 1 between the fold and 0 or 1, by halving."""
    inner, outer = fold.copy(), np.full(len(a), outside)
    for _ in range(_ROUNDS):
        middle = 0.5 * (inner + outer)
        above = _loop(middle, a, b) > 1.0
        inner, outer = np.where(above, middle, inner), np.where(above, outer, middle)
    return 0.5 * (inner + outer)


def _critical(
    memory: Float[np.ndarray, " people"], g: Float[np.ndarray, " people"], rest: Float[np.ndarray, " people"]
) -> Float[np.ndarray, " people"]:
    """Return the coupling at the fold: closed form, or by halving if something else carries pain too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fold = _fold(np.ones_like(g), g)
        found = 1.0 / (memory * (1.0 + g * fold) * np.sqrt(fold * (1.0 - fold)))
    mixed = (rest > 0) & (memory > 0)
    low, high = np.zeros(len(g)), np.where(mixed, found, 0.0)
    for _ in range(_ROUNDS if mixed.any() else 0):
        middle = 0.5 * (low + high)
        a, b = memory * middle + rest, memory * middle * g
        holds = _loop(_fold(a, b), a, b) > 1.0
        low, high = np.where(holds, low, middle), np.where(holds, middle, high)
    return np.where(mixed, high, np.where((memory == 0) & (rest > 2.0), 0.0, found))
