"""Mean connectivity within and between modules and networks, and of seeds with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from corticolimbic.circuit import Module, Network, modules, networks, seeds
from corticolimbic.features import Target
from corticolimbic.measure._circuit_edges import RegionMeans


@dataclass(frozen=True)
class GroupTarget:
    """What is averaged over which pairs of regions.

    Parameters
    ----------
    measure
        ``fc_within`` (a module or network), ``fc_seed`` (a region with one) or ``fc_between`` (two networks).
    target
        ``module:NAME``, ``A->module:NAME`` or ``module:A--module:B``.
    pairs
        Pairs of regions that share no node.
    """

    measure: str
    target: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def regions(self) -> tuple[str, ...]:
        """All regions of the pairs, each once."""
        return tuple(dict.fromkeys(name for pair in self.pairs for name in pair))


@dataclass(frozen=True)
class GroupMean:
    """Mean Fisher z over the pairs; NaN where ``qc`` is not ``ok``."""

    value: float
    coverage: float
    qc: str


def group_targets(members: Mapping[str, tuple[str, ...]]) -> tuple[GroupTarget, ...]:
    """Return what an atlas can measure of the circuit's modules, networks and seeds.

    A module or network is measured where the atlas has every member: without one it would be another module
    under the same name (METHODS M-14). Pairs that share nodes (nested regions) are left out of it. A seed is
    measured with groups of which it is no part, and two networks with each other where they share no node.

    Parameters
    ----------
    members
        Circuit region to the names of its nodes (`corticolimbic.circuit.Atlas.members`).
    """
    nodes = {name: frozenset(made_of) for name, made_of in members.items()}
    return (*_within(nodes), *_seeded(nodes), *_between(nodes))


def measurable_groups(members: Mapping[str, object]) -> tuple[Module | Network, ...]:
    """Return the modules and networks of at least two regions whose members are all there."""
    groups: tuple[Module | Network, ...] = (*modules(), *networks())
    return tuple(
        group for group in groups if len(group.members) > 1 and all(name in members for name in group.members)
    )


def apart(first: Module | Network, second: Module | Network, nodes: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether two groups share no node."""
    return not any(nodes[one] & nodes[other] for one, other in product(first.members, second.members))


def _within(nodes: Mapping[str, frozenset[str]]) -> Iterator[GroupTarget]:
    for group in measurable_groups(nodes):
        pairs = tuple(pair for pair in combinations(group.members, 2) if not nodes[pair[0]] & nodes[pair[1]])
        if pairs:
            yield GroupTarget("fc_within", str(Target("module", (group.id,))), pairs)


def _seeded(nodes: Mapping[str, frozenset[str]]) -> Iterator[GroupTarget]:
    for seed in seeds():
        if seed.region not in nodes:
            continue
        for group in measurable_groups(nodes):
            if any(nodes[seed.region] & nodes[name] for name in group.members):
                continue
            target = str(Target("seed", (seed.region, group.id)))
            yield GroupTarget("fc_seed", target, tuple((seed.region, name) for name in group.members))


def _between(nodes: Mapping[str, frozenset[str]]) -> Iterator[GroupTarget]:
    found = [group for group in measurable_groups(nodes) if isinstance(group, Network)]
    for first, second in combinations(sorted(found, key=lambda group: group.id), 2):
        if apart(first, second, nodes):
            target = str(Target("modules", (first.id, second.id)))
            yield GroupTarget("fc_between", target, tuple(product(first.members, second.members)))


def group_mean(regions: RegionMeans, target: GroupTarget) -> GroupMean:
    """Return the mean over pairs of Fisher z of the Pearson correlation of two regions' mean series.

    Parameters
    ----------
    regions
        With every region of the target among its members.
    target
        From `group_targets`.
    """
    names = list(regions.members)
    place = {name: at for at, name in enumerate(names)}
    coverage = min(regions.coverage[name] for name in target.regions)
    reasons = [regions.lost[name] for name in target.regions if name in regions.lost]
    if reasons:
        return GroupMean(float("nan"), coverage, "; ".join(reasons))
    first, second = (regions.series[:, [place[pair[end]] for pair in target.pairs]] for end in (0, 1))
    with np.errstate(divide="ignore"):
        z = np.arctanh(np.clip(np.mean(first * second, axis=0), -1.0, 1.0))
    if not np.isfinite(z).all():
        one, other = target.pairs[int(np.flatnonzero(~np.isfinite(z))[0])]
        return GroupMean(float("nan"), coverage, f"{one} and {other} have one and the same series")
    return GroupMean(float(z.mean()), coverage, "ok")
