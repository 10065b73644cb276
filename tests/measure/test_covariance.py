"""Covariances as stored: against numpy, nilearn and scikit-learn, and back from the tables."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from dataset.synthetic import table_text
from measure.bold_phantom import affine, write_bold
from measure.bold_phantom import session as bold_session
from measure.phantom import session, write_run
from nilearn.connectome import ConnectivityMeasure
from sklearn.covariance import EmpiricalCovariance, LedoitWolf

from corticolimbic.features import read_table, schema, write_table
from corticolimbic.measure import (
    LabelImageSettings,
    MeasuredSession,
    MeasureSettings,
    covariance,
    measure_session,
    standardise,
)

PLAIN = MeasureSettings(fd_threshold=None, statistics=("pearson",), fluctuations=False)


def rebuilt(row: dict) -> np.ndarray:
    """Return the matrix from its upper triangle and diagonal."""
    n = row["n_nodes"]
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, k=1)] = row["upper"]
    return matrix + matrix.T + np.diag(row["diagonal"])


def stored(found: MeasuredSession) -> dict:
    (row,) = (row for row in found.matrices if row["statistic"] == "covariance")
    return row


def noise(volumes: int = 80, nodes: int = 6) -> np.ndarray:
    rng = np.random.default_rng(12)
    mixed = rng.standard_normal((volumes, nodes)) @ rng.standard_normal((nodes, nodes))
    return mixed * np.geomspace(0.01, 100, nodes) + 50


def from_table(root: Path, values: np.ndarray) -> MeasuredSession:
    names = [f"n{at}" for at in range(values.shape[1])]
    run = write_run(root, table_text(names, values), atlas="mine")
    return measure_session(root, session(run), PLAIN, atlases={"mine": None})


def test_the_stored_covariance_is_numpys_and_nilearns_and_comes_back_from_disk(tmp_path: Path) -> None:
    values = noise()
    found = from_table(tmp_path, values)
    path = tmp_path / "function.parquet"
    write_table(schema("matrices").table(found.matrices), "matrices", path)
    table = read_table("matrices", path)
    (row,) = table[table["statistic"] == "covariance"].to_dict("records")
    written = np.loadtxt(
        tmp_path / "sub-01/func/sub-01_task-rest_seg-mine_stat-mean_timeseries.tsv", skiprows=1
    )
    np.testing.assert_allclose(rebuilt(row), np.cov(written.T, bias=True), rtol=1e-5)
    theirs = ConnectivityMeasure(EmpiricalCovariance(), kind="covariance").fit_transform([written])[0]
    np.testing.assert_allclose(rebuilt(row), theirs, rtol=1e-5)
    assert row["unit"] == "series unit^2"
    (r,) = table[table["statistic"] == "pearson"].to_dict("records")
    assert (r["unit"], len(r["diagonal"])) == ("r", 0)
    scale = np.sqrt(np.diag(rebuilt(row)))
    upper = np.triu_indices(6, k=1)
    np.testing.assert_allclose((rebuilt(row) / np.outer(scale, scale))[upper], r["upper"], atol=1e-6)


def test_shrinkage_can_be_fitted_again_from_what_is_stored(tmp_path: Path) -> None:
    """The series give what a covariance does not tell: how uncertain its entries are."""
    found = from_table(tmp_path, noise())
    row = stored(found)
    series = np.column_stack([item["values"] for item in found.series]) * np.sqrt(row["diagonal"])
    written = np.loadtxt(
        tmp_path / "sub-01/func/sub-01_task-rest_seg-mine_stat-mean_timeseries.tsv", skiprows=1
    )
    wanted = LedoitWolf().fit(written)
    again = LedoitWolf().fit(series)
    assert again.shrinkage_ == pytest.approx(wanted.shrinkage_, rel=1e-4)
    np.testing.assert_allclose(again.covariance_, wanted.covariance_, rtol=1e-4)


def test_images_are_in_percent_of_each_nodes_mean(tmp_path: Path) -> None:
    """Two nodes that swing by 2 % and 5 % around 400 and 1000, in one phase and in opposite phase."""
    time = np.arange(100)
    wave = np.sqrt(2) * np.sin(2 * np.pi * 5 * time / 100)
    data = np.zeros((6, 6, 6, 100))
    data[...] = 700 * (1 + 0.001 * np.cos(2 * np.pi * 20 * time / 100))
    data[:3] = 400 * (1 + 0.02 * wave)
    data[3:5] = 1000 * (1 - 0.05 * wave)
    place = affine(np.diag([4.0, 4.0, 4.0]), (0.0, 0.0, 0.0), (6, 6, 6))
    run = write_bold(tmp_path, data, place)

    labels = np.zeros((6, 6, 6), dtype=np.int16)
    labels[:3], labels[3:5] = 1, 2
    nibabel.save(nibabel.Nifti1Image(labels, place), tmp_path / "labels.nii.gz")
    (tmp_path / "labels.tsv").write_text("index\tname\n1\ta\n2\tb\n", encoding="utf-8")
    settings = PLAIN.model_copy(
        update={
            "strategy": "none",
            "atlases": (),
            "label_images": (
                LabelImageSettings(
                    path=tmp_path / "labels.nii.gz", table=tmp_path / "labels.tsv", space=run.space
                ),
            ),
        }
    )
    row = stored(measure_session(tmp_path, bold_session(run), settings))
    assert row["unit"] == "%^2"
    np.testing.assert_allclose(rebuilt(row), [[4, -10], [-10, 25]], rtol=1e-4)


def test_nodes_without_a_series_a_percentage_or_room_in_32_bits_are_nan() -> None:
    values = noise()
    values[:, 2] = 7.0
    series, usable = standardise(values)
    spread = values.std(axis=0)
    spread[0], spread[1], spread[3] = np.nan, 1e30, 1e-25
    matrix = covariance(series, usable, spread)
    lost = [0, 1, 2, 3]
    assert np.isnan(matrix[lost]).all()
    assert np.isnan(matrix[:, lost]).all()
    np.testing.assert_allclose(matrix[4:, 4:], np.cov(values[:, 4:].T, bias=True), rtol=1e-12)
    assert np.isfinite(matrix.astype(np.float32)[4:, 4:]).all()


def test_the_switch_leaves_correlations_alone(tmp_path: Path) -> None:
    run = write_run(tmp_path, table_text(["a", "b"], noise(nodes=2)), atlas="mine")
    settings = PLAIN.model_copy(update={"covariances": False})
    found = measure_session(tmp_path, session(run), settings, atlases={"mine": None})
    assert [row["statistic"] for row in found.matrices] == ["pearson"]
