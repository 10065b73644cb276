"""What the measuring room can be told."""

from __future__ import annotations

from pydantic import Field

from corticolimbic.features import Statistic
from corticolimbic.foundation import Settings


class MeasureSettings(Settings):
    """How region series become connectivity."""

    statistics: tuple[Statistic, ...] = Field(
        default=("pearson", "ledoit_wolf", "partial"),
        min_length=1,
        description="Estimators of connectivity: pearson (empirical covariance), ledoit_wolf (correlation of the "
        "shrunk covariance), partial (partial correlation from the shrunk precision).",
    )
    fd_threshold: float | None = Field(
        default=0.5,
        gt=0,
        description="Volumes with a framewise displacement above this many millimetres are dropped; null switches "
        "censoring off, and runs without a motion table can then be measured.",
    )
    min_coverage: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Smallest share of a region's nodes with signal; below it the region's edges are missing, with "
        "the reason.",
    )
    allow_low_dof: bool = Field(
        default=False,
        description="Measure runs with fewer than 15 degrees of freedom all the same; the page says so.",
    )
    circuit_edges: bool = Field(
        default=True,
        description="Measure the circuit's edges where the atlas has a map onto the circuit. Matrices are stored "
        "either way.",
    )
