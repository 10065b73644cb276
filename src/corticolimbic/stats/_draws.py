"""Random rearrangements: permutations within blocks, and multipliers of people."""

from __future__ import annotations

from math import lgamma, log

import numpy as np
from jaxtyping import Float, Int

_SIX = np.sqrt(np.array([0.5, 1.0, 1.5]))


def permutations(
    blocks: Int[np.ndarray, " items"], n_draws: int, rng: np.random.Generator
) -> Int[np.ndarray, "draws items"]:
    """Return random orders in which items move only within their block, each order as likely as any other."""
    found = np.tile(np.arange(blocks.size, dtype=np.int32), (n_draws, 1))
    for block in np.unique(blocks):
        members = np.flatnonzero(blocks == block).astype(np.int32)
        if members.size > 1:
            found[:, members] = members[rng.random((n_draws, members.size)).argsort(axis=1)]
    return found


def restricted(
    orders: Int[np.ndarray, "draws items"], kept: Int[np.ndarray, " kept"]
) -> Int[np.ndarray, "draws kept"]:
    """Return the orders of some of the items, as positions among them.

    Absent items are taken out of each order's cycles: who would get an absent item gets the one that this
    would have got. Orders that were equally likely stay so (the Chinese restaurant process run backwards),
    and those who are not next to an absent item in a cycle move as before, so features that miss different
    people are still rearranged together as far as can be.
    """
    if kept.size == orders.shape[1]:
        return orders
    place = np.full(orders.shape[1], -1, dtype=np.int32)
    place[kept] = np.arange(kept.size)
    found = orders[:, kept]
    while (absent := place[found] < 0).any():
        draw, column = np.nonzero(absent)
        found[draw, column] = orders[draw, found[draw, column]]
    return place[found]


def multipliers(n_items: int, n_draws: int, rng: np.random.Generator, *, six: bool) -> np.ndarray:
    """Return signs (Rademacher), or the six points of Webb: both have mean 0 and variance 1."""
    signs = rng.integers(0, 2, (n_draws, n_items)) * 2.0 - 1
    return signs * _SIX[rng.integers(0, 3, (n_draws, n_items))] if six else signs


def log_arrangements(blocks: Int[np.ndarray, " items"], rows: Float[np.ndarray, "items columns"]) -> float:
    """Return the log of how many orders within blocks differ, where items with equal rows are alike."""
    total = 0.0
    for block in np.unique(blocks):
        same = np.unique(rows[blocks == block].round(12), axis=0, return_counts=True)[1]
        total += lgamma(same.sum() + 1) - sum(lgamma(count + 1) for count in same)
    return total


def smallest_p(n_draws: int, log_possible: float) -> float:
    """Return the smallest p that so many draws, of so many possible ones, can give."""
    by_draws = 1 / (n_draws + 1)
    return by_draws if log_possible > log(n_draws + 1) else max(by_draws, float(np.exp(-log_possible)))
