"""Rows of modules and networks: mean connectivity, and phase locking with the default mode network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from corticolimbic.circuit import Network, networks, seeds
from corticolimbic.features import Target
from corticolimbic.measure._band_limits import MOST_GONE
from corticolimbic.measure._circuit_series import CircuitSeries, define
from corticolimbic.measure._fluctuation_rows import NO_REPETITION_TIME
from corticolimbic.measure._fluctuations import Band
from corticolimbic.measure._group_means import apart, group_mean, group_targets, measurable_groups
from corticolimbic.measure._measured_run import MeasuredSession
from corticolimbic.measure._phase_locking import FEWEST_CYCLES, MOST_FILLED, locking, phases

DEFAULT_MODE = "DMN"
"""The network whose phase locking is measured (Baliki 2014, PLoS ONE 9:e106133; finding F247)."""


def store_groups(circuit: CircuitSeries, tables: MeasuredSession) -> None:
    """Store mean connectivity within modules and networks, of seeds with them, and between networks."""
    targets = group_targets(circuit.members)
    pairs = {item.target: [list(pair) for pair in item.pairs] for item in targets}
    for measure in dict.fromkeys(item.measure for item in targets):
        mine = [item for item in targets if item.measure == measure]
        regions = tuple(dict.fromkeys(name for item in mine for name in item.regions))
        definition = circuit.definition(
            measure,
            regions,
            statistic="mean_z",
            over_pairs="mean of Fisher z of pearson",
            pairs={item.target: pairs[item.target] for item in mine},
        )
        key = define(definition, tables)
        for item in mine:
            found = group_mean(circuit.regions, item)
            tables.features.append(
                circuit.run.row(
                    measure=measure,
                    target=item.target,
                    statistic="mean_z",
                    definition=key,
                    value=found.value,
                    unit="z",
                    coverage=found.coverage,
                    qc=found.qc,
                    **circuit.voxels(*item.regions),
                )
            )


def store_phase_locking(circuit: CircuitSeries, tables: MeasuredSession) -> None:
    """Store the phase locking of the default mode network with each other network, their mean, and seeds.

    A network's series is the mean of its members' standardised series, each member counting alike. Networks
    and seeds that share a node with the default mode network are left out.
    """
    ends = dict(_ends(circuit))
    own = next((item for item in networks() if item.id == DEFAULT_MODE), None)
    if own is None or not ends or not all(name in circuit.members for name in own.members):
        return
    reasons, values = _locked(circuit, own, ends)
    among = [target for target in ends if Target.parse(target).kind == "modules"]
    everything = (*own.members, *(name for members in ends.values() for name in members))
    low, high = circuit.settings.phase_band
    key = define(
        circuit.definition(
            "phase_locking",
            tuple(dict.fromkeys(everything)),
            statistic="plv",
            band_hz=[low, high],
            phase="analytic signal of the band by Fourier transform, without 1/bandwidth at either end",
            gaps="filled by a cubic spline up to half a period of the upper edge, then left out",
            most_filled=MOST_FILLED,
            fewest_cycles=FEWEST_CYCLES,
            networks={DEFAULT_MODE: list(own.members), **{name: list(ends[name]) for name in ends}},
        ),
        tables,
    )
    if among:
        mean = str(Target("module", (DEFAULT_MODE,)))
        ends[mean] = tuple(dict.fromkeys(name for target in among for name in ends[target]))
        reasons[mean] = "; ".join(dict.fromkeys(filter(None, (reasons[target] for target in among))))
        values[mean] = float(np.mean([values[target] for target in among]))
    for target, members in ends.items():
        covered = [circuit.regions.coverage[name] for name in (*own.members, *members)]
        tables.features.append(
            circuit.run.row(
                measure="phase_locking",
                target=target,
                statistic="plv",
                definition=key,
                value=float("nan") if reasons[target] else values[target],
                unit="ratio",
                coverage=min(covered),
                qc=reasons[target] or "ok",
                **circuit.voxels(*own.members, *members),
            )
        )


def _ends(circuit: CircuitSeries) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is held against the default mode network: target and regions."""
    nodes = {name: frozenset(made_of) for name, made_of in circuit.members.items()}
    groups = [item for item in measurable_groups(nodes) if isinstance(item, Network)]
    own = next((item for item in groups if item.id == DEFAULT_MODE), None)
    if own is None:
        return
    for item in groups:
        if item is not own and apart(item, own, nodes):
            yield str(Target("modules", tuple(sorted((item.id, own.id))))), item.members
    for seed in seeds():
        if seed.region in nodes and not any(nodes[seed.region] & nodes[name] for name in own.members):
            yield str(Target("seed", (seed.region, own.id))), (seed.region,)


def _locked(
    circuit: CircuitSeries, own: Network, ends: dict[str, tuple[str, ...]]
) -> tuple[dict[str, str], dict[str, float]]:
    """Return each target's reason (or nothing) and value."""
    run = circuit.run
    why = _why_not(circuit)
    reasons = {target: why or circuit.lost(*own.members, *members) for target, members in ends.items()}
    values = dict.fromkeys(ends, float("nan"))
    good = [target for target in ends if not reasons[target]]
    if not good or run.places is None or run.repetition_time is None:
        return reasons, values
    place = circuit.place
    series = np.column_stack(
        [
            circuit.regions.series[:, [place[name] for name in members]].mean(axis=1)
            for members in (own.members, *(ends[target] for target in good))
        ]
    )
    found = phases(series, run.places, run.repetition_time, *circuit.settings.phase_band)
    for at, target in enumerate(good, start=1):
        reasons[target] = found.reason
        if not found.reason:
            values[target] = locking(found.values[:, 0], found.values[:, at])
    return reasons, values


def _why_not(circuit: CircuitSeries) -> str:
    run = circuit.run
    if run.repetition_time is None:
        return NO_REPETITION_TIME
    if run.places is None:
        return "not known which volumes were dropped"
    limits = run.fluctuating.limits if run.fluctuating is not None else None
    band = Band("phase_locking", *circuit.settings.phase_band, "amplitude")
    gone = limits.gone(band, run.repetition_time) if limits is not None else 0.0
    if gone > MOST_GONE:
        return f"band-limited before: hardly any power at {gone:.0%} of the band's frequencies"
    return ""
