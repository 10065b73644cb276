"""Series whose every correlation is known: region k is recognisable from its number.

Region k is ``k + (1 + k/100) (cos(t_k) A + sin(t_k) B)`` with orthogonal A and B of mean 0 and spread 1
over the volumes, and an angle t_k that depends on k alone. Any two regions correlate at cos(t_j - t_k), so a
value under a wrong name is a wrong value.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dataset.synthetic import write_table

from corticolimbic.circuit import Atlas
from corticolimbic.dataset import SeriesRun, SessionFiles
from corticolimbic.measure import MeasuredSession

VOLUMES = 48


def angle(number: int) -> float:
    """Return t_k: multiples of the golden ratio keep angles apart, the power makes differences distinct.

    Without the power, names shifted by one column would go unseen.
    """
    return math.pi * math.fmod(number * 0.6180339887498949, 1.0) ** 1.3


def signal(number: int, volumes: int = VOLUMES) -> np.ndarray:
    """Return the series of the region with this number."""
    time = np.arange(volumes) / volumes
    first, second = (math.sqrt(2) * wave(2 * np.pi * 3 * time) for wave in (np.cos, np.sin))
    wave = math.cos(angle(number)) * first + math.sin(angle(number)) * second
    return number + (1 + number / 100) * wave


def correlation(first: int, second: int) -> float:
    """Return the correlation of two regions, from their numbers alone."""
    return math.cos(angle(first) - angle(second))


def mean_correlation(first: Iterable[int], second: Iterable[int]) -> float:
    """Return the correlation of two means over standardised regions: means of unit vectors."""
    one, other = (sum(cmath.exp(1j * angle(number)) for number in numbers) for numbers in (first, second))
    return (one * other.conjugate()).real / (abs(one) * abs(other))


def numbers(atlas: Atlas) -> dict[str, int]:
    """Return a number for each node: its label value, or (without one) 7, 10, 13, ... in order."""
    taken = {node.index for node in atlas.nodes if node.index is not None}
    spare = (number for number in range(7, 10**6, 3) if number not in taken)
    return {node.name: node.index if node.index is not None else next(spare) for node in atlas.nodes}


def text(order: Sequence[str], code: Mapping[str, int], lost: Mapping[str, str] | None = None) -> str:
    """Return the series table with its columns in this order; ``lost`` maps regions to the cell they hold."""
    columns = {name: [repr(float(value)) for value in signal(code[name])] for name in order}
    columns |= {name: [cell] * VOLUMES for name, cell in (lost or {}).items()}
    return (
        "\n".join(["\t".join(order), *("\t".join(row) for row in zip(*columns.values(), strict=True))]) + "\n"
    )


def still_motion(volumes: int = VOLUMES) -> str:
    """Return a motion table of a head that hardly moves."""
    rows = ["framewise_displacement\tstd_dvars", "n/a\tn/a", *["0.01\t1.0"] * (volumes - 1)]
    return "\n".join(rows) + "\n"


def write_run(
    root: Path, series: str, *, atlas: str, motion: str | None = None, task: str = "rest", run: str = "n/a"
) -> SeriesRun:
    """Write one run of sub-01 and return it."""
    stem = f"sub-01_task-{task}" + ("" if run == "n/a" else f"_run-{run}")
    name = f"sub-01/func/{stem}_seg-{atlas}_stat-mean_timeseries.tsv"
    beside = f"sub-01/func/{stem}_motion.tsv"
    (root / "sub-01" / "func").mkdir(parents=True, exist_ok=True)
    write_table(root / name, series)
    if motion is not None:
        write_table(root / beside, motion)
    return SeriesRun(
        "sub-01", "ses-none", task, run, "n/a", "n/a", atlas, name, beside if motion is not None else None
    )


def session(*runs: SeriesRun) -> SessionFiles:
    """Return the session of these runs."""
    return SessionFiles("sub-01", "ses-none", runs)


def connections(found: MeasuredSession) -> list[dict[str, Any]]:
    """Return the rows of connectivity itself."""
    return [row for row in found.features if row["measure"] == "fc"]


def correlations(found: MeasuredSession) -> list[dict[str, Any]]:
    """Return the matrices of correlations."""
    return [row for row in found.matrices if row["statistic"] != "covariance"]
