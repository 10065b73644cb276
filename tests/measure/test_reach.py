"""Degree and extent: on correlations that are known, and against other programs."""

from __future__ import annotations

import numpy as np
import pytest
from nilearn.connectome import sym_matrix_to_vec

from corticolimbic.circuit import atlas, atlas_names, cortex_nodes
from corticolimbic.circuit._cortex import _patterns
from corticolimbic.measure import degree, density_threshold, extent, strength

R = np.array([-0.35, -0.25, -0.1, 0.0, 0.05, 0.15, 0.25, 0.45, np.nan])


def test_shares_and_means_by_hand() -> None:
    assert degree(R, 0.2) == pytest.approx(2 / 8)
    assert degree(R, 0.25) == pytest.approx(1 / 8), "a node on the threshold does not count"
    assert [extent(R, level) for level in (0.1, 0.2, 0.3)] == pytest.approx([5 / 8, 4 / 8, 2 / 8])
    known = np.arctanh(R[:-1])
    assert strength(R) == pytest.approx(known.mean())
    assert strength(R, absolute=True) == pytest.approx(np.abs(known).mean())


def test_nothing_known_and_the_very_same_series_are_nan() -> None:
    nothing = np.full(3, np.nan)
    assert np.isnan([degree(nothing, 0.1), extent(nothing, 0.1), strength(nothing)]).all()
    assert np.isnan(strength(np.array([1.0, 0.2])))


@pytest.mark.parametrize("density", [0.01, 0.1, 0.5])
def test_the_threshold_keeps_the_strongest_share_of_all_pairs(density: float) -> None:
    rng = np.random.default_rng(3)
    matrix = np.corrcoef(rng.standard_normal((60, 200)) + rng.standard_normal(200))
    threshold = density_threshold(matrix, density)
    values = sym_matrix_to_vec(matrix, discard_diagonal=True)
    assert (values > threshold).sum() == round(density * values.size)
    assert threshold == pytest.approx(np.quantile(values, 1 - density), abs=0.01)


def test_the_threshold_is_never_negative_and_knows_lost_nodes() -> None:
    matrix = np.full((5, 5), -0.2)
    np.fill_diagonal(matrix, 1.0)
    assert density_threshold(matrix, 0.5) == 0
    matrix[0, 1] = matrix[1, 0] = 0.6
    assert density_threshold(matrix, 0.9) == 0, "only positive pairs are connected"
    matrix[2], matrix[:, 2] = np.nan, np.nan
    assert density_threshold(matrix, 1 / 6) == 0
    assert np.isnan(density_threshold(np.full((4, 4), np.nan), 0.1))
    assert np.isnan(density_threshold(np.ones((1, 1)), 0.1))
    two = np.array([[1.0, 0.3], [0.3, 1.0]])
    assert 0.29 < density_threshold(two, 0.1) < 0.3, "one pair is kept at least"


def test_a_rule_says_of_every_node_whether_it_is_cortex() -> None:
    assert set(_patterns()) <= set(atlas_names())
    for name, (cortex, other) in _patterns().items():
        for node in atlas(name).nodes:
            assert bool(cortex.fullmatch(node.name)) != bool(other.fullmatch(node.name)), (name, node.name)


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("Schaefer100TianS2", 100),
        ("Schaefer400TianS2", 400),
        ("HarvardOxford", 96),
        ("TianS2", 0),
        ("coordinates", 0),
    ],
)
def test_published_numbers_of_cortical_parcels(name: str, n: int) -> None:
    assert len(cortex_nodes(atlas(name))) == n


def test_no_region_below_the_cortex_is_made_of_cortex() -> None:
    deep = {"NAc", "Amy", "Hip", "Thal", "Caudate", "Putamen", "aHip", "pHip", "GlobalSignal", "BrainStem"}
    deep |= {"AmyAntHip", "CaudHeadNAc"}
    superficial = {"mPFC", "dlPFC", "OFC", "PCC", "AG", "PPC", "Ins", "S1", "S1M1", "ParaHip"}
    seen = 0
    for name in _patterns():
        cortex = set(cortex_nodes(atlas(name)))
        members = atlas(name).members()
        for region in deep & set(members):
            assert not set(members[region]) & cortex, (name, region)
            seen += 1
        for region in superficial & set(members):
            assert set(members[region]) <= cortex, (name, region)
            seen += 1
    assert seen > 40
