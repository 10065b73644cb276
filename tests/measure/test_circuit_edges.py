"""Region means and the circuit's edges against direct computation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from corticolimbic.measure import EdgeValue, RegionMeans, edge_values, region_means, standardise

NODES = ("a1", "a2", "b1", "b2", "b3", "c1", "d1")
MEMBERS = {
    "A": ("a1", "a2"),
    "B": ("b1", "b2", "b3"),
    "C": ("c1",),
    "D": ("d1",),
    "AC": ("a1", "a2", "c1"),
}
STATISTICS = ("pearson", "ledoit_wolf", "partial")


def values(seed: int = 6, volumes: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(volumes, len(NODES))).cumsum(axis=1) * 30 + 500


def means_of(
    data: np.ndarray, members: dict = MEMBERS, min_coverage: float = 0.5, nodes: tuple = NODES
) -> RegionMeans:
    return region_means(*standardise(data), nodes, members, min_coverage)


def edges_of(regions: RegionMeans, *pairs: tuple[str, str]) -> dict[tuple[str, str], EdgeValue]:
    triples = [("--".join(pair), *pair) for pair in pairs]
    return {(item.target, item.statistic): item for item in edge_values(regions, triples, STATISTICS)}


def test_a_region_is_the_mean_of_its_standardised_nodes() -> None:
    data = values()
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    mean = z[:, [2, 3, 4]].mean(axis=1)
    regions = means_of(data)
    np.testing.assert_allclose(regions.series[:, 1], (mean - mean.mean()) / mean.std(), atol=1e-12)
    assert regions.usable.all()
    assert regions.members["B"] == {2, 3, 4}
    assert set(regions.coverage.values()) == {1.0}


def test_edges_equal_a_direct_computation_over_the_regions_beside_them() -> None:
    data = values()
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    mean = {name: z[:, [NODES.index(node) for node in nodes]].mean(axis=1) for name, nodes in MEMBERS.items()}
    found = edges_of(means_of(data), ("A", "B"), ("B", "AC"))
    for target, beside in (("A--B", ["A", "B", "C", "D"]), ("B--AC", ["B", "AC", "D"])):
        joint = np.column_stack([mean[name] / mean[name].std() for name in beside])
        covariance = LedoitWolf().fit(joint).covariance_
        precision = np.linalg.inv(covariance)
        wanted = {
            "pearson": np.corrcoef(joint[:, 0], joint[:, 1])[0, 1],
            "ledoit_wolf": covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]),
            "partial": -precision[0, 1] / np.sqrt(precision[0, 0] * precision[1, 1]),
        }
        for statistic, value in wanted.items():
            assert found[target, statistic].value == pytest.approx(value, abs=1e-10)
            assert found[target, statistic].qc == "ok"


def test_shrunk_and_partial_depend_on_disjoint_regions_only() -> None:
    data = values()
    without_nested = {name: nodes for name, nodes in MEMBERS.items() if name != "AC"}
    found, plain = (edges_of(means_of(data, members), ("A", "B")) for members in (MEMBERS, without_nested))
    for key, item in plain.items():
        assert found[key].value == pytest.approx(item.value, abs=1e-12)
    without_disjoint = {name: nodes for name, nodes in MEMBERS.items() if name not in {"AC", "D"}}
    other = edges_of(means_of(data, without_disjoint), ("A", "B"))
    assert other["A--B", "pearson"].value == pytest.approx(plain["A--B", "pearson"].value, abs=1e-12)
    assert abs(other["A--B", "partial"].value - plain["A--B", "partial"].value) > 1e-4


def test_nested_regions_have_no_edge_and_say_why() -> None:
    for item in edges_of(means_of(values()), ("A", "AC")).values():
        assert np.isnan(item.value)
        assert item.qc == "A and AC share nodes in this atlas"


@pytest.mark.parametrize(
    ("min_coverage", "usable"), [(0.0, True), (1 / 3, True), (0.34, False), (1.0, False)]
)
def test_coverage_below_its_threshold_is_missing_with_the_reason(min_coverage: float, usable: bool) -> None:
    data = values()
    data[:, [2, 4]] = 9.0
    regions = means_of(data, min_coverage=min_coverage)
    assert regions.coverage["B"] == pytest.approx(1 / 3)
    item = edges_of(regions, ("A", "B"))["A--B", "pearson"]
    assert item.coverage == pytest.approx(1 / 3)
    assert np.isfinite(item.value) == usable
    assert (item.qc == "ok") == usable
    if usable:
        z = (data - data.mean(axis=0))[:, :2] / data.std(axis=0)[:2]
        wanted = np.corrcoef(z.mean(axis=1), data[:, 3])[0, 1]
        assert item.value == pytest.approx(wanted, abs=1e-10)
    else:
        assert item.qc == f"coverage of B is 0.33, below {min_coverage:g}"


def test_no_signal_no_column_and_cancelling_nodes_are_told_apart() -> None:
    data = values()
    data[:, 5] = 0.0
    data[:, 1] = 17 - data[:, 0]
    nodes = (*NODES[:6], "elsewhere")
    regions = means_of(data, nodes=nodes)
    found = edges_of(regions, ("B", "C"), ("B", "D"), ("A", "B"), ("C", "D"))
    assert found["B--C", "pearson"].qc == "no signal in C"
    assert found["B--D", "partial"].qc == "no column for D"
    assert found["A--B", "pearson"].qc == "the nodes of A cancel each other"
    assert found["C--D", "pearson"].qc == "no signal in C; no column for D"
    assert all(np.isnan(item.value) for item in found.values())
    assert regions.coverage["D"] == regions.coverage["C"] == 0


def test_regions_without_signal_leave_other_edges_alone() -> None:
    data = values()
    whole = edges_of(means_of(data), ("A", "B"))
    data[:, 6] = np.nan
    found = edges_of(means_of(data), ("A", "B"))
    assert found["A--B", "pearson"].value == pytest.approx(whole["A--B", "pearson"].value, abs=1e-12)
    assert np.isfinite(found["A--B", "partial"].value)


def test_an_estimate_that_does_not_exist_is_missing_with_a_reason() -> None:
    data = np.column_stack([np.tile([1.0, -1.0], 20)] * 2)
    regions = means_of(data, {"A": ("a",), "B": ("b",)}, nodes=("a", "b"))
    found = edges_of(regions, ("A", "B"))
    assert found["A--B", "pearson"].qc == "ok"
    assert np.isnan(found["A--B", "partial"].value)
    assert found["A--B", "partial"].qc == "not defined: the covariance has no inverse"
