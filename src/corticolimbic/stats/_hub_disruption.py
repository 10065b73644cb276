"""Whether a person's hubs have lost, and the other nodes gained, against a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._stored import StoredEstimator, check_people, reference_id, stored

Sign = Literal["positive", "absolute"]
_KIND = "hub_disruption"


def nodal_degree(
    matrices: Float[np.ndarray, "people nodes nodes"],
    *,
    density: float | None = None,
    threshold: float | None = None,
    sign: Sign = "positive",
) -> Float[np.ndarray, "people nodes"]:
    """Return the share of each node's measured edges that is kept; the diagonal is not read.

    Parameters
    ----------
    matrices
        Symmetric weights, NaN where an edge was not measured.
    density
        Keep this share of the person's measured edges, the strongest; edges as strong as the last are kept
        too.
    threshold
        Or keep edges above this weight. One of the two is given.
    sign
        Whether negative edges count as weak, or by their size.

    Returns
    -------
    array
        NaN for nodes without a measured edge.

    Raises
    ------
    ModelError
        Neither or both of density and threshold are given, or the density is no share.

    Examples
    --------
    >>> weights = np.array([[[0, 0.9, 0.8], [0.9, 0, 0.1], [0.8, 0.1, 0]]])
    >>> nodal_degree(weights, threshold=0.5).tolist()
    [[1.0, 0.5, 0.5]]
    """
    if (density is None) == (threshold is None):
        raise ModelError("a degree needs either a density or a threshold")
    if density is not None and not 0 < density <= 1:
        raise ModelError(f"density is a share above 0 and up to 1, not {density:g}")
    weights = np.abs(matrices) if sign == "absolute" else matrices.astype(float)
    nodes = weights.shape[1]
    known = np.isfinite(weights) & ~np.eye(nodes, dtype=bool)
    rows, columns = np.triu_indices(nodes, 1)
    kept = np.zeros(weights.shape, dtype=bool)
    for at, one in enumerate(weights):
        edges = one[rows, columns][known[at][rows, columns]]
        if edges.size == 0:
            continue
        if threshold is not None:
            kept[at] = np.where(known[at], one, -np.inf) > threshold
        else:
            count = max(round(float(density or 1) * edges.size), 1)
            kept[at] = known[at] & (one >= np.sort(edges)[-count])
    measured = known.sum(axis=2)
    return np.where(measured > 0, kept.sum(axis=2) / np.maximum(measured, 1), np.nan)


@dataclass(eq=False)
class HubDisruption:
    r"""Slope of (a person's degree - the reference's mean degree) on the reference's mean degree, over nodes.

    Achard et al. 2012 (PNAS 109:20608, kappa): 0 where the person is like the reference, negative where its
    hubs have lost and its other nodes gained. The mean of a small reference is measured with error, so
    anybody who is *not* part of it has a negative slope (regression to the mean), and its own members, who
    are part of it, have none: patients then differ from controls where nothing differs. So members are
    scored against the mean of the others, and for everybody the slope is corrected for the error of the
    mean: with lambda = 1 - mean(v_j / n) / var(mean degree), v_j the variance between people of node j,
    the corrected slope is (1 + slope) / lambda - 1. A ratio, it is right for many nodes and overshoots a
    little for few (by about 0.03 of 0.18 at 30 nodes and 8 people). Nodes are taken as independent in the
    standard error and in the permutation, which neighbours are not: p is an index of one person, no test
    over people.

    Parameters
    ----------
    permutations
        Of the person's differences over nodes, for p (two-sided); 0 for none.
    seed
        Of the permutations.
    minimum_nodes
        With fewer there is no slope.

    Attributes
    ----------
    degrees_
        People of the reference by nodes.
    people_
        Their keys.
    left_out_
        People given to `fit` without any degree.
    reference_id_
        Name of the reference.
    """

    permutations: int = 0
    seed: int = 0
    minimum_nodes: int = 5

    def fit(self, degrees: Float[np.ndarray, "people nodes"], people: Sequence[str]) -> HubDisruption:
        """Take the reference.

        Parameters
        ----------
        degrees
            As `nodal_degree` returns them; NaN where a person lacks a node.
        people
            Their keys.

        Raises
        ------
        ModelError
            Fewer than three people have a degree.
        """
        keys = check_people(people, len(degrees))
        has = np.isfinite(degrees).any(axis=1)
        self.people_ = tuple(key for key, one in zip(keys, has, strict=True) if one)
        self.left_out_ = tuple(key for key, one in zip(keys, has, strict=True) if not one)
        if len(self.people_) < 3:
            raise ModelError(f"{len(self.people_)} people of the reference have a degree; three are needed")
        self.degrees_ = np.where(np.isfinite(degrees[has]), degrees[has], np.nan)
        self.reference_id_ = reference_id(_KIND, self._settings(), self.people_, self.degrees_)
        return self

    def transform(self, degrees: Float[np.ndarray, "people nodes"], people: Sequence[str]) -> pd.DataFrame:
        """Score people.

        Parameters
        ----------
        degrees, people
            As in `fit`, the nodes in the same order.

        Returns
        -------
        table
            A row a person: ``slope`` (corrected), ``se`` (its standard error), ``slope_raw``, ``reliability``
            (lambda), ``p``, ``n_nodes``, ``n_reference``, and ``reason`` where there is no slope.
        """
        if degrees.shape[1] != self.degrees_.shape[1]:
            raise ModelError(f"the reference has {self.degrees_.shape[1]} nodes, not {degrees.shape[1]}")
        keys = check_people(people, len(degrees))
        place = {key: at for at, key in enumerate(self.people_)}
        rng = np.random.default_rng(self.seed)
        orders = rng.permuted(np.tile(np.arange(degrees.shape[1]), (self.permutations, 1)), axis=1)
        rows = []
        for key, own in zip(keys, degrees, strict=True):
            others = self.degrees_ if key not in place else np.delete(self.degrees_, place[key], axis=0)
            rows.append(self._score(own, others, orders))
        columns = ["slope", "se", "slope_raw", "reliability", "p", "n_nodes", "n_reference", "reason"]
        return pd.DataFrame(rows, index=list(keys), columns=columns)

    def to_plain(self) -> StoredEstimator:
        """Return the reference as plain text and arrays."""
        facts = {"people": list(self.people_), "left_out": list(self.left_out_)}
        return stored(_KIND, self.reference_id_, self._settings(), facts, {"degrees": self.degrees_})

    @classmethod
    def from_plain(cls, plain: StoredEstimator) -> HubDisruption:
        """Return the reference that `to_plain` wrote."""
        model = plain.checked(_KIND).model
        made = cls(**model["settings"])
        made.people_, made.left_out_ = tuple(model["people"]), tuple(model["left_out"])
        made.degrees_, made.reference_id_ = plain.arrays["degrees"], model["reference_id"]
        return made

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def _score(self, own: np.ndarray, others: np.ndarray, orders: np.ndarray) -> tuple:
        known = np.isfinite(others)
        count = known.sum(axis=0)
        used = np.isfinite(own) & (count >= 2)
        n = int(used.sum())

        def none(reason: str) -> tuple:
            return (np.nan, np.nan, np.nan, np.nan, np.nan, n, len(others), reason)

        if n < self.minimum_nodes:
            return none(f"{n} nodes have a degree in both, {self.minimum_nodes} are needed")
        reference, has, number = others[:, used], known[:, used], count[used]
        mean = np.where(has, reference, 0.0).sum(axis=0) / number
        error = (np.where(has, reference - mean, 0.0) ** 2).sum(axis=0) / (number - 1) / number
        centred = mean - mean.mean()
        square = float(centred @ centred)
        if not square > 1e-12 * float(mean @ mean):
            return none("every node has the same mean degree in the reference")
        difference = own[used] - mean
        slope = float(centred @ difference) / square
        residual = difference - difference.mean() - slope * centred
        se = float(np.sqrt(residual @ residual / (n - 2) / square))
        reliability = 1 - float(error.mean()) / (square / (n - 1))
        p = self._permuted(difference, centred, slope * square, used, orders)
        if reliability <= 0.1:
            reason = "the reference's mean degrees differ by hardly more than their error"
            return (np.nan, np.nan, slope, reliability, p, n, len(others), reason)
        corrected = (1 + slope) / reliability - 1
        return (corrected, se / reliability, slope, reliability, p, n, len(others), "")

    def _permuted(
        self, difference: np.ndarray, centred: np.ndarray, found: float, used: np.ndarray, orders: np.ndarray
    ) -> float:
        if self.permutations == 0:
            return np.nan
        place = np.cumsum(used) - 1
        # Orders of all nodes, with those left out struck from them, are orders of the nodes used.
        kept = place[orders[used[orders]].reshape(len(orders), -1)]
        null = difference[kept] @ centred
        return float((1 + (np.abs(null) >= abs(found) - 1e-12).sum()) / (1 + len(orders)))
