"""What every measure of the circuit in one run starts from: the regions' mean series, and how to store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corticolimbic.circuit import Atlas
from corticolimbic.foundation import Definition
from corticolimbic.measure._circuit_edges import RegionMeans, region_means
from corticolimbic.measure._measured_run import ALGORITHM, MeasuredRun, MeasuredSession
from corticolimbic.measure._settings import MeasureSettings


@dataclass(frozen=True)
class CircuitSeries:
    """One run's mean series of every region of the circuit that its atlas has.

    Parameters
    ----------
    run, atlas, settings
        Whose, and how measured.
    regions
        As `region_means` returns them, made as for the edges.
    members
        Region to the names of its nodes.
    """

    run: MeasuredRun
    atlas: Atlas
    settings: MeasureSettings
    regions: RegionMeans
    members: dict[str, tuple[str, ...]]

    @classmethod
    def of(
        cls: type[CircuitSeries], run: MeasuredRun, atlas: Atlas, settings: MeasureSettings
    ) -> CircuitSeries:
        """Average each region's nodes."""
        members = atlas.members()
        found = region_means(
            run.series, run.usable, run.nodes, members, settings.min_coverage, coverage=run.coverage
        )
        return cls(run, atlas, settings, found, members)

    @property
    def place(self) -> dict[str, int]:
        """Region to its column."""
        return {name: at for at, name in enumerate(self.regions.members)}

    def definition(self, measure: str, regions: tuple[str, ...], **how: Any) -> Definition:
        """Return what a value is: censoring, coverage, the nodes of these regions, and what else is named."""
        values = {
            "fd_threshold": self.settings.fd_threshold,
            "min_coverage": self.settings.min_coverage,
            "regions": {name: list(self.members[name]) for name in sorted(regions)},
            **self.run.how,
            **how,
        }
        return Definition(measure, ALGORITHM, values, self.run.key["atlas"], self.atlas.hash)

    def voxels(self, *regions: str) -> dict[str, int]:
        """Return the column ``n_voxels``: of the smallest of these regions."""
        return self.run.voxels(*(sorted(self.regions.members[name]) for name in regions))

    def lost(self, *regions: str) -> str:
        """Say why any of these regions has no series; empty where all have."""
        reasons = (self.regions.lost[name] for name in regions if name in self.regions.lost)
        return "; ".join(dict.fromkeys(reasons))


def define(definition: Definition, tables: MeasuredSession) -> str:
    """Note a definition and return its id."""
    key = definition.id
    tables.definitions[key] = definition.plain()
    return key
