"""Random streams: one for each person, session and purpose, whatever is simulated beside them."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *keys: str) -> np.random.Generator:
    """Return the random stream that belongs to names, such as a person, a session and a purpose.

    The names are the spawn key of the seed's sequence: streams do not depend on the order in which they are
    asked for, nor on how many processes share the work.
    """
    words = hashlib.sha256("\0".join(keys).encode("utf-8")).digest()[:16]
    key = tuple(int.from_bytes(words[place : place + 4], "little") for place in range(0, 16, 4))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
