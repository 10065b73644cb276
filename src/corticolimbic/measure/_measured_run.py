"""One run by one atlas, ready for connectivity: cleaned series, and how good they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from corticolimbic.circuit import Atlas
from corticolimbic.dataset import AnyRun, ImageRun
from corticolimbic.features import VoxelMap
from corticolimbic.foundation import Problem, problem
from corticolimbic.measure._cleaning import Cleaning
from corticolimbic.measure._fluctuating import NO_UNIT, Fluctuating

ALGORITHM = 1
"""Bumped whenever a golden value of this room changes."""


@dataclass
class MeasuredSession:
    """What measuring one session leaves: rows by table, maps, definitions and problems."""

    features: list[dict[str, Any]] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    matrices: list[dict[str, Any]] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    maps: list[VoxelMap] = field(default_factory=list)
    n_runs: int = 0


@dataclass(frozen=True)
class MeasuredRun:
    """One run after cleaning.

    Parameters
    ----------
    key
        Columns that identify the run in every table.
    file
        For problems.
    nodes
        Regions of the input, in its order.
    series
        Standardised signal in the kept volumes, (n_kept, n_nodes).
    usable
        Which nodes have a series.
    coverage
        Share of each node with signal; for region series 1 or 0.
    atlas
        What the nodes mean for the circuit, or None.
    n_before
        Volumes of the run.
    rank
        Regressors that were removed, the intercept among them.
    mean_fd
        Mean framewise displacement in mm, NaN where unknown.
    inputs
        Hash of the files.
    n_voxels
        Voxels of each node with usable signal; None where the input does not tell.
    min_coverage
        Nodes with less have no series.
    repetition_time
        Seconds, None where unknown.
    how
        What else than censoring and the atlas made these numbers, for definitions.
    censored_how
        What else than the threshold decided on the volumes that are kept.
    fluctuating
        Series for spectra, None where they are not asked for.
    cleaning
        What made the series from the volumes; None where volumes were dropped and nothing else was done.
    volumes
        Number of each kept volume in the run, None where it is not known.
    spread
        Standard deviation of each node's cleaned series before it was standardised, None where not known.
    signal_unit
        Of the spread.
    basis
        What was regressed out beside the mean, as orthonormal columns in the kept volumes; None for nothing.
    max_fd
        Largest framewise displacement in mm, NaN where unknown.
    tsnr
        Of each node: mean over its voxels of mean/SD over the volumes before cleaning; None for series.
    brain_tsnr
        The same over the brain's voxels, NaN where unknown.
    """

    key: Mapping[str, str]
    file: str
    nodes: tuple[str, ...]
    series: Float[np.ndarray, "volumes nodes"]
    usable: Bool[np.ndarray, " nodes"]
    coverage: Float[np.ndarray, " nodes"]
    atlas: Atlas | None
    n_before: int
    rank: int
    mean_fd: float
    inputs: str
    n_voxels: Int[np.ndarray, " nodes"] | None = None
    min_coverage: float = 0.0
    repetition_time: float | None = None
    how: Mapping[str, Any] = field(default_factory=dict)
    censored_how: Mapping[str, Any] = field(default_factory=dict)
    fluctuating: Fluctuating | None = None
    cleaning: Cleaning | None = None
    volumes: Int[np.ndarray, " volumes"] | None = None
    spread: Float[np.ndarray, " nodes"] | None = None
    signal_unit: str = NO_UNIT
    basis: Float[np.ndarray, "volumes regressors"] | None = None
    max_fd: float = float("nan")
    tsnr: Float[np.ndarray, " nodes"] | None = None
    brain_tsnr: float = float("nan")

    @property
    def dof(self) -> float:
        """Degrees of freedom that are left in time, in the band where there is one."""
        if self.cleaning is not None:
            return max(float(self.cleaning.dof), 0.0)
        return float(len(self.series) - self.rank)

    @property
    def censored(self) -> float:
        """Share of the volumes that were dropped."""
        return 1 - len(self.series) / self.n_before

    @property
    def places(self) -> Int[np.ndarray, " volumes"] | None:
        """Number of each kept volume in the run; None where some were dropped and it is not known which."""
        if self.volumes is None and len(self.series) == self.n_before:
            return np.arange(self.n_before)
        return self.volumes

    @property
    def placed(self) -> Bool[np.ndarray, " nodes"]:
        """Which nodes are a place in the brain: not the global signal, nor columns unknown to the atlas."""
        if self.atlas is None:
            return np.ones(len(self.nodes), dtype=bool)
        spheres = self.atlas.kind == "spheres"
        known = {node.name for node in self.atlas.nodes if spheres or node.index is not None}
        return np.array([name in known for name in self.nodes], dtype=bool)

    @property
    def arithmetic(self) -> str:
        """How the degrees of freedom come about, in words."""
        if self.cleaning is not None:
            return self.cleaning.arithmetic
        left = f"{max(self.dof, 0):.0f} degrees of freedom"
        return f"{len(self.series)} volumes kept ({self.censored:.0%} censored) leave {left}"

    def row(self, **values: Any) -> dict[str, Any]:
        """Return a row of the table of features."""
        quality = {
            "n_volumes": len(self.series),
            "dof": self.dof,
            "mean_fd": self.mean_fd,
            "inputs": self.inputs,
        }
        return {**self.key, **quality, "qc": "ok", **values}

    def voxels(self, *ends: Sequence[int]) -> dict[str, int]:
        """Return the column ``n_voxels`` of a target: of its smaller end, ends by their nodes' places."""
        if self.n_voxels is None:
            return {}
        return {"n_voxels": int(min(self.n_voxels[list(nodes)].sum() for nodes in ends))}

    def why_not(self, positions: Sequence[int]) -> str:
        """Say why nodes have no series; empty where all have."""
        lost = [at for at in positions if not self.usable[at]]
        scarce = [at for at in lost if self.is_scarce(at)]
        words = [
            f"coverage of {self.nodes[at]} is {self.coverage[at]:.2f}, below {self.min_coverage:g}"
            for at in scarce
        ]
        silent = [self.nodes[at] for at in lost if at not in scarce]
        return "; ".join([*words, *([f"no signal in {' and '.join(silent)}"] if silent else [])])

    def is_scarce(self, position: int) -> bool:
        """Tell whether a node has voxels with signal, but too few."""
        return bool(0 < self.coverage[position] < self.min_coverage)

    def losses(self, run: AnyRun) -> Iterator[Problem]:
        """Yield what should be known of nodes without a series."""
        if self.dof < 1:  # nothing varies then
            return
        lost = np.flatnonzero(~self.usable).tolist()
        silent = [self.nodes[at] for at in lost if not self.is_scarce(at)]
        scarce = [f"{self.nodes[at]} ({self.coverage[at]:.0%})" for at in lost if self.is_scarce(at)]
        for code, names in (("CL203", silent), ("CL238", scarce)):
            if names:
                where = "" if self.n_voxels is None else f"{self.key['atlas']}: "
                yield about(run, code, found=f"{where}{len(names)} region(s): {', '.join(names)}")


def about(run: AnyRun, code: str, **words: Any) -> Problem:
    """Return a problem of a run, with the person and the file."""
    file = run.bold if isinstance(run, ImageRun) else run.series
    return problem(code, participant_id=run.participant_id, session_id=run.session_id, file=file, **words)
