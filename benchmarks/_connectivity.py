"""Three kinds of connectivity matrices for a group of people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks._job import Job, Size

Matrices = dict[str, list[np.ndarray]]


def prepare(size: Size, folder: Path) -> list[np.ndarray]:
    """Make series with some shared signal, standardised: nilearn does that for correlation only."""
    people, volumes, regions = (20, 300, 120) if size == "full" else (3, 100, 30)
    rng = np.random.default_rng(20240106)
    mixing = rng.normal(size=(regions, regions)) / np.sqrt(regions)
    made = [rng.normal(size=(volumes, regions)) @ mixing for _ in range(people)]
    return [(values - values.mean(axis=0)) / values.std(axis=0) for values in made]


def ours(people: list[np.ndarray]) -> Matrices:
    """Pearson, Ledoit-Wolf and partial correlation with the package."""
    from corticolimbic.measure import connectivities, standardise

    matrices: Matrices = {"pearson": [], "ledoit_wolf": [], "partial": []}
    for values in people:
        found = connectivities(*standardise(values), ("pearson", "ledoit_wolf", "partial"))
        for statistic, matrix in found.items():
            matrices[statistic].append(matrix)
    return matrices


def peer(people: list[np.ndarray]) -> Matrices:
    """Return the same from nilearn."""
    from nilearn.connectome import ConnectivityMeasure
    from sklearn.covariance import EmpiricalCovariance, LedoitWolf

    kinds = {
        "pearson": ("correlation", EmpiricalCovariance),
        "ledoit_wolf": ("correlation", LedoitWolf),
        "partial": ("partial correlation", LedoitWolf),
    }
    return {
        name: list(ConnectivityMeasure(estimator(store_precision=False), kind=kind).fit_transform(people))
        for name, (kind, estimator) in kinds.items()
    }


def limit(people: list[np.ndarray]) -> list[np.ndarray]:
    """One covariance and one inverse a person."""
    return [np.linalg.inv(values.T @ values) for values in people]


def check(mine: Matrices, theirs: Matrices) -> None:
    """Both sides give the same matrices."""
    for name, matrices in mine.items():
        for left, right in zip(matrices, theirs[name], strict=True):
            off = ~np.eye(len(left), dtype=bool)
            np.testing.assert_allclose(left[off], right[off], atol=1e-10)


JOB = Job(
    name="measure: Pearson, Ledoit-Wolf and partial correlation (20 people, 300 volumes, 120 regions)",
    peer_name="nilearn ConnectivityMeasure",
    targets={"ratio": 1.0},
    prepare=prepare,
    ours=ours,
    peer=peer,
    limit=limit,
    check=check,
)
