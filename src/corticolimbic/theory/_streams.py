"""Random numbers that belong to a person: whoever is drawn beside, and however many threads share the work.

Counters are mixed by the finaliser of splitmix64 (Steele, Lea and Flood 2014): number ``i`` of a person and a
purpose is a pure function of seed, person, purpose and ``i``.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64, UInt64

from corticolimbic.foundation import SettingsError

TRAITS, FLARES, NOISE = 1, 2, 3
"""Purposes that have a stream of their own."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ODD = np.uint64(0xD1342543DE82EF95)


def words(
    seed: int, person: Int64[np.ndarray, " people"], purpose: int, first: int, n: int
) -> UInt64[np.ndarray, "people n"]:
    """Return the words ``first`` to ``first + n`` of each person's stream of one purpose."""
    if not 0 <= seed < 2**63:
        raise SettingsError(f"a seed is a whole number from 0 to 2^63, not {seed}")
    with np.errstate(over="ignore"):
        base = _mixed(np.full(1, seed, dtype=np.uint64) + _GOLDEN)
        key = _mixed(base ^ _mixed(person.astype(np.uint64) * _ODD + np.uint64(purpose) * _GOLDEN))
        counter = (np.arange(first + 1, first + n + 1, dtype=np.uint64) * _GOLDEN)[None, :]
        return _mixed(key[:, None] + counter)


def uniforms(
    seed: int, person: Int64[np.ndarray, " people"], purpose: int, first: int, n: int
) -> Float[np.ndarray, "people n"]:
    """Return numbers between 0 and 1, both left out."""
    drawn = words(seed, person, purpose, first, n) >> np.uint64(11)
    return (drawn.astype(np.float64) + 0.5) * 2.0**-53


def normals(
    seed: int, person: Int64[np.ndarray, " people"], purpose: int, first: int, n: int
) -> Float[np.ndarray, "people n"]:
    """Return standard normal numbers."""
    from scipy.special import ndtri

    found: np.ndarray = ndtri(uniforms(seed, person, purpose, first, n))
    return found


def _mixed(z: UInt64[np.ndarray, "..."]) -> UInt64[np.ndarray, "..."]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
