import re
from dataclasses import replace

import numpy as np
import pytest

from corticolimbic.circuit import atlas, split_side
from corticolimbic.evidence import findings
from corticolimbic.foundation import SettingsError
from corticolimbic.theory import (
    UnstableNetworkError,
    bold_correlation,
    changed,
    circuit_couplings,
    circuit_network,
    circuit_nodes,
)


def mirrored(name):
    base, side = split_side(name)
    return base + {"L": "_R", "R": "_L", "": ""}[side]


def test_the_nodes_are_the_spheres_that_the_circuit_is_measured_with():
    assert {node.name for node in circuit_nodes()} == {node.name for node in atlas("coordinates").nodes}


def test_left_and_right_halves_of_the_base_network_are_alike():
    network = circuit_network()
    flip = [network.index(mirrored(name)) for name in network.names]
    assert np.abs(network.weights - network.weights[np.ix_(flip, flip)]).max() < 1e-12


def test_every_coupling_says_where_it_comes_from():
    for coupling in circuit_couplings():
        assert coupling.kind in {"connectome", "assumption"}
        assert re.search("assumed|tuned" if coupling.kind == "assumption" else "connectome", coupling.source)
        assert np.isfinite([coupling.function_z, coupling.structure]).all() == (coupling.kind == "connectome")


def test_couplings_are_directed_only_where_a_finding_states_it():
    known = {finding.id for finding in findings()}
    directed = [coupling for coupling in circuit_couplings() if coupling.direction == "directed"]
    assert {(c.start[:3], c.end[:3]) for c in directed} >= {("VTA", "NAc"), ("mPF", "PAG"), ("PAG", "RVM")}
    for coupling in directed:
        cited = re.findall(r"F\d{3}", coupling.source)
        assert cited and set(cited) <= known


def test_directed_couplings_go_one_way():
    weights, index = circuit_network().weights, circuit_network().index
    assert weights[index("RVM"), index("PAG")] > 0
    assert weights[index("PAG"), index("RVM")] == 0


def test_the_circuit_looks_like_a_brain_at_rest():
    network = circuit_network()
    r = bold_correlation(network)
    edges = np.triu_indices(len(network.names), 1)
    pairs = [(network.index(n), network.index(mirrored(n))) for n in network.names if n.endswith("_L")]
    homotopic = np.array([r[pair] for pair in pairs])
    assert 0.1 < r[edges].mean() < 0.5
    assert homotopic.mean() > np.quantile(r[edges], 0.95)
    assert sum(r[i, j] == np.sort(r[i])[-2] for i, j in pairs) > len(pairs) / 2
    for node in ("NAc_L", "NAc_R"):
        assert 0.2 < r[network.index(node), network.index("mPFC")] < 0.4


def test_a_changed_coupling_changes_its_edge_most():
    base = circuit_network()
    stronger = changed(base, {("NAc_R", "mPFC"): 0.12})
    i, j = base.index("NAc_R"), base.index("mPFC")
    assert stronger.weights[i, j] == pytest.approx(0.12)
    assert stronger.weights[j, i] == pytest.approx(0.12)
    moved = np.abs(
        np.arctanh(bold_correlation(stronger) - np.eye(44)) - np.arctanh(bold_correlation(base) - np.eye(44))
    )
    assert np.unravel_index(moved.argmax(), moved.shape) in {(i, j), (j, i)}
    assert moved[i, j] > 0.05
    assert (
        changed(stronger, {("NAc_R", "mPFC"): float(base.weights[i, j])}).coupling - base.coupling
    ).max() < 1e-12


def test_one_direction_can_be_changed_alone():
    base = circuit_network()
    i, j = base.index("PAG"), base.index("mPFC")
    one_way = changed(base, {("mPFC", "PAG"): 0.2}, direction="directed")
    assert one_way.weights[i, j] == pytest.approx(0.2)
    assert one_way.weights[j, i] == base.weights[j, i]


def test_too_strong_a_coupling_is_refused_with_the_eigenvalue():
    with pytest.raises(UnstableNetworkError, match=r"eigenvalue \+.*(mPFC|NAc_R)"):
        changed(circuit_network(), {("NAc_R", "mPFC"): 3.0})


def test_unknown_nodes_are_refused():
    with pytest.raises(SettingsError, match="Kidney"):
        changed(circuit_network(), {("Kidney", "mPFC"): 0.1})
    with pytest.raises(SettingsError, match="time constant"):
        changed(circuit_network(), {("mPFC", "mPFC"): 0.1})
    with pytest.raises(SettingsError, match="Kidney"):
        circuit_network([replace(circuit_couplings()[0], end="Kidney")])


def test_the_tables_rows_follow_from_the_connectome(shared_data):
    from tools.couplings import connectome_rows

    made = {
        (row["from"], row["to"]): float(row["value"])
        for row in connectome_rows(shared_data / "connectome-enigma")
    }
    shipped = {(c.start, c.end): c.value for c in circuit_couplings() if "tools/couplings.py" in c.source}
    for pair in made.keys() | shipped.keys():
        assert made.get(pair, 0.0) == pytest.approx(shipped.get(pair, 0.0), abs=2e-4), pair
