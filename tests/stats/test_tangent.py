"""Tangent space: nilearn's numbers, affine invariance, and what happens to people without a matrix."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corticolimbic.stats import ModelError, StoredEstimator, TangentSpace, tangent_vectors


def series(rng: np.random.Generator, people: int = 12, volumes: int = 80, nodes: int = 5) -> np.ndarray:
    mixing = rng.normal(size=(people, nodes, nodes)) * 0.15 + np.eye(nodes)
    return rng.normal(size=(people, volumes, nodes)) @ mixing


def covariances(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return np.einsum("pti,ptj->pij", centred, centred) / rows.shape[1]


def names(n: int) -> list[str]:
    return [f"sub-{at:02d}" for at in range(n)]


def test_the_same_covariances_give_nilearns_numbers() -> None:
    from nilearn.connectome import ConnectivityMeasure
    from sklearn.covariance import EmpiricalCovariance

    rows = series(np.random.default_rng(1))
    peer = ConnectivityMeasure(EmpiricalCovariance(), kind="tangent", standardize=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nilearn stops after 30 steps, converged or not
        peer.fit(list(rows[:8]))
    fitted = TangentSpace().fit(covariances(rows[:8]), names(8))
    np.testing.assert_allclose(fitted.mean_, peer.mean_, atol=1e-6)
    mine, reasons = fitted.transform(covariances(rows), names(12))
    assert reasons == {}
    np.testing.assert_allclose(mine, peer.transform(list(rows)), atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_linear_mixing_moves_the_mean_with_it_and_changes_no_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = covariances(series(rng, 6, nodes=4))
    mixing = np.linalg.qr(rng.normal(size=(4, 4)))[0] * rng.uniform(0.3, 3.0, 4)
    after = mixing @ before @ mixing.T
    first, second = TangentSpace().fit(before, names(6)), TangentSpace().fit(after, names(6))
    np.testing.assert_allclose(second.mean_, mixing @ first.mean_ @ mixing.T, rtol=1e-7, atol=1e-9)
    norms = [
        np.linalg.norm(tangent_vectors(fitted.transform(matrices, names(6))[0]), axis=1)
        for fitted, matrices in ((first, before), (second, after))
    ]
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-7)


def test_commuting_covariances_have_the_mean_of_their_logarithms_either_way() -> None:
    rng = np.random.default_rng(2)
    values = rng.uniform(0.5, 4, size=(7, 3))
    matrices = np.einsum("pi,ij->pij", values, np.eye(3))
    expected = np.log(values) - np.log(values).mean(axis=0)
    for mean in ("riemannian", "log_euclidean"):
        fitted = TangentSpace(mean=mean).fit(matrices, names(7))
        np.testing.assert_allclose(np.diag(fitted.mean_), np.exp(np.log(values).mean(axis=0)), rtol=1e-9)
        tangents = fitted.transform(matrices, names(7))[0]
        np.testing.assert_allclose(np.diagonal(tangents, axis1=1, axis2=2), expected, atol=1e-9)


def test_order_of_people_changes_nothing_but_other_people_do() -> None:
    matrices = covariances(series(np.random.default_rng(3)))
    order = np.random.default_rng(4).permutation(12)
    first = TangentSpace().fit(matrices, names(12))
    second = TangentSpace().fit(matrices[order], np.array(names(12))[order].tolist())
    np.testing.assert_allclose(first.mean_, second.mean_, atol=1e-10)
    assert first.reference_id_ == second.reference_id_
    third = TangentSpace().fit(matrices[:11], names(11))
    assert third.reference_id_ != first.reference_id_
    kept = third.mean_.copy()
    third.transform(matrices * 50, names(12))
    np.testing.assert_array_equal(third.mean_, kept)


def test_people_without_a_usable_matrix_are_named_and_the_others_unmoved() -> None:
    rng = np.random.default_rng(5)
    matrices = covariances(series(rng))
    clean = TangentSpace().fit(matrices[3:], names(12)[3:])
    matrices[0, 2, :] = matrices[0, :, 2] = np.nan
    matrices[1, 0, 0] = np.inf
    matrices[2] = np.ones((5, 5))
    fitted = TangentSpace().fit(matrices, names(12))
    assert set(fitted.left_out_) == {"sub-00", "sub-01", "sub-02"}
    assert "positive definite" in fitted.left_out_["sub-02"]
    np.testing.assert_allclose(fitted.mean_, clean.mean_, atol=1e-12)
    tangents, reasons = fitted.transform(matrices, names(12))
    assert np.isnan(tangents[:3]).all()
    assert np.isfinite(tangents[3:]).all()
    assert set(reasons) == set(fitted.left_out_)


def test_a_node_that_nobody_has_is_set_aside() -> None:
    matrices = covariances(series(np.random.default_rng(6)))
    small = TangentSpace().fit(np.delete(np.delete(matrices, 1, 1), 1, 2), names(12))
    matrices[:, 1, :] = matrices[:, :, 1] = np.nan
    fitted = TangentSpace().fit(matrices, names(12))
    assert fitted.nodes_.tolist() == [True, False, True, True, True]
    np.testing.assert_allclose(fitted.mean_, small.mean_, atol=1e-12)


def test_fewer_volumes_than_nodes_need_shrinkage() -> None:
    matrices = covariances(series(np.random.default_rng(7), volumes=4))
    with pytest.raises(ModelError, match="shrinkage"):
        TangentSpace().fit(matrices, names(12))
    fitted = TangentSpace(shrinkage=0.1).fit(matrices, names(12))
    expected = 0.9 * matrices + 0.1 * np.trace(matrices, axis1=1, axis2=2)[:, None, None] / 5 * np.eye(5)
    np.testing.assert_allclose(fitted.mean_, TangentSpace().fit(expected, names(12)).mean_, atol=1e-10)


def test_one_person_is_their_own_mean_and_nobody_is_refused() -> None:
    matrices = covariances(series(np.random.default_rng(8), 1))
    fitted = TangentSpace().fit(matrices, ["大脑"])
    np.testing.assert_allclose(fitted.mean_, matrices[0], atol=1e-10)
    with pytest.raises(ModelError, match="nobody"):
        TangentSpace().fit(matrices[:0], [])
    with pytest.raises(ModelError, match="more than once"):
        TangentSpace().fit(np.concatenate([matrices, matrices]), ["a", "a"])
    with pytest.raises(ModelError, match="share"):
        TangentSpace(shrinkage=2.0).fit(matrices, ["a"])
    with pytest.raises(ModelError, match="nodes"):
        fitted.transform(matrices[:, :4, :4], ["a"])


@pytest.mark.parametrize("mean", ["riemannian", "log_euclidean"])
def test_what_is_written_down_projects_alike(mean: str) -> None:
    matrices = covariances(series(np.random.default_rng(9)))
    fitted = TangentSpace(mean=mean, shrinkage=0.05).fit(matrices[:6], names(6))
    plain = fitted.to_plain()
    again = TangentSpace.from_plain(StoredEstimator(json.loads(json.dumps(plain.model)), plain.arrays))
    np.testing.assert_array_equal(
        again.transform(matrices, names(12))[0], fitted.transform(matrices, names(12))[0]
    )
    assert again.reference_id_ == fitted.reference_id_
    with pytest.raises(ModelError, match="version"):
        TangentSpace.from_plain(StoredEstimator({**plain.model, "schema_version": 99}, plain.arrays))
