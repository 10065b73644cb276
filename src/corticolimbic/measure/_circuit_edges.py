"""The circuit's edges from the series of an atlas' nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.features import Statistic
from corticolimbic.measure._connectivity import connectivities, standardise
from corticolimbic.measure._region_nodes import region_nodes

_CANCELLED = 1e-10
"""A mean of standardised series below this spread is rounding."""
UNDEFINED = "not defined: the covariance has no inverse"
"""Reason of an estimate that these series do not have."""


@dataclass(frozen=True)
class EdgeValue:
    """One edge as measured: the value is NaN where ``qc`` is not ``ok``."""

    target: str
    statistic: Statistic
    value: float
    coverage: float
    qc: str


@dataclass(frozen=True)
class RegionMeans:
    """Series of the circuit's regions.

    Parameters
    ----------
    members
        Region to the positions of its nodes among the columns of the input.
    series
        Standardised mean over the region's nodes with signal, (n_volumes, n_regions) in the order of
        ``members``.
    usable
        Which regions have a series.
    coverage
        Share of a region's nodes with signal.
    lost
        Region without a series to the reason.
    """

    members: Mapping[str, frozenset[int]]
    series: Float[np.ndarray, "volumes regions"]
    usable: Bool[np.ndarray, " regions"]
    coverage: Mapping[str, float]
    lost: Mapping[str, str]


def region_means(
    series: Float[np.ndarray, "volumes nodes"],
    usable: Bool[np.ndarray, " nodes"],
    nodes: Sequence[str],
    members: Mapping[str, tuple[str, ...]],
    min_coverage: float,
    *,
    coverage: Float[np.ndarray, " nodes"] | None = None,
) -> RegionMeans:
    """Average the standardised series of each region's nodes.

    Every node with signal counts alike: a table of series does not tell how large the nodes are. Nodes are
    found by name.

    Parameters
    ----------
    series, usable
        As `standardise` returns them for the input's columns.
    nodes
        Names of the columns.
    members
        Circuit region to the names of its nodes.
    min_coverage
        Smallest share of nodes with signal for a region to have a series.
    coverage
        Share of each node with signal, for images; without it a node has signal or has none.
    """
    share = usable.astype(np.float64) if coverage is None else coverage
    found = region_nodes(usable, share, nodes, members, min_coverage)
    lost = {region: item.reason for region, item in found.items() if item.reason}
    means = np.zeros((len(series), len(members)))
    for column, (region, item) in enumerate(found.items()):
        if region in lost:
            continue
        mean = series[:, list(item.good)].mean(axis=1)
        if np.sqrt(np.mean(mean**2)) > _CANCELLED:
            means[:, column] = mean
        else:
            lost[region] = f"the nodes of {region} cancel each other"
    positions = {region: frozenset(item.present) for region, item in found.items()}
    covered = {region: item.coverage for region, item in found.items()}
    standard, has_signal = standardise(means)
    return RegionMeans(positions, standard, has_signal, covered, lost)


def edge_values(
    regions: RegionMeans, edges: Sequence[tuple[str, str, str]], statistics: Sequence[Statistic]
) -> Iterator[EdgeValue]:
    """Yield each edge under each estimator.

    The shrunk and the partial estimate of an edge depend on which other regions stand beside it. Here these
    are all regions that share no node with either end (nested regions, such as PFC and mPFC, would otherwise
    be "given" each other).

    Parameters
    ----------
    regions
        As `region_means` returns them.
    edges
        (target, first region, second region).
    statistics
        Estimators.
    """
    names = list(regions.members)
    place = {name: position for position, name in enumerate(names)}
    for target, first, second in edges:
        ends = (place[first], place[second])
        coverage = min(regions.coverage[first], regions.coverage[second])
        reason = _reason(regions, first, second)
        values = {} if reason else _edge(regions, names, ends, statistics)
        for statistic in statistics:
            value = values.get(statistic, np.nan)
            yield EdgeValue(
                target, statistic, value, coverage, reason or ("ok" if np.isfinite(value) else UNDEFINED)
            )


def _reason(regions: RegionMeans, first: str, second: str) -> str:
    if regions.members[first] & regions.members[second]:
        return f"{first} and {second} share nodes in this atlas"
    return "; ".join(regions.lost[name] for name in (first, second) if name in regions.lost)


def _edge(
    regions: RegionMeans, names: Sequence[str], ends: tuple[int, int], statistics: Sequence[Statistic]
) -> dict[Statistic, float]:
    taken = regions.members[names[ends[0]]] | regions.members[names[ends[1]]]
    beside = [i for i, name in enumerate(names) if not regions.members[name] & taken]
    values: dict[Statistic, float] = {}
    for columns, wanted in (
        (np.array(ends), [name for name in statistics if name == "pearson"]),
        (np.array([*ends, *beside]), [name for name in statistics if name != "pearson"]),
    ):
        if wanted:
            series, usable = regions.series[:, columns], regions.usable[columns]
            matrices = connectivities(series, usable, wanted)
            values |= {name: float(matrix[0, 1]) for name, matrix in matrices.items()}
    return values
