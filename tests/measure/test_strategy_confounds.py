"""Confounds by nilearn's named strategies: its columns, its volumes, its residuals."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic_bold import confounds, write_confounds
from hypothesis import given, settings
from hypothesis import strategies as st
from nilearn.interfaces.fmriprep import load_confounds_strategy
from nilearn.signal import clean

from corticolimbic.foundation import InputError
from corticolimbic.measure import Nuisance, regress_out, strategy_confounds

REAL = "confounds-fmriprep/test-v21_desc-confounds_timeseries.tsv"
NAMED = ("simple", "scrubbing", "compcor", "ica_aroma")


def moved(volumes: int = 80, seed: int = 7) -> pd.DataFrame:
    """Return confounds of a head that jerks now and then, with two volumes before the steady state."""
    rng = np.random.default_rng(seed)
    table = confounds(volumes, rng, head_motion=0.02, aroma=True)
    for volume in (9, 12, 40, 41, 60):
        table.loc[volume, "framewise_displacement"] = 0.9
    table.loc[[33, 70], "std_dvars"] = 2.5
    for place in range(2):
        table[f"non_steady_state_outlier{place:02d}"] = (np.arange(volumes) == place).astype(float)
    return table


def theirs(folder: Path, table: Path, strategy: str) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Ask nilearn itself, about a copy beside an image that is only a name."""
    shutil.copy(table, folder / "sub-01_task-rest_desc-confounds_timeseries.tsv")
    shutil.copy(table.with_suffix(".json"), folder / "sub-01_task-rest_desc-confounds_timeseries.json")
    kind = "smoothAROMAnonaggr" if strategy == "ica_aroma" else "preproc"
    image = folder / f"sub-01_task-rest_space-MNI152NLin6Asym_desc-{kind}_bold.nii.gz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # all volumes of the real table are scrubbed
        return load_confounds_strategy(str(image), denoise_strategy=strategy)


def ours(table: Path, strategy: str) -> Nuisance:
    described = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    frame = pd.read_csv(table, sep="\t")
    return strategy_confounds(frame, strategy, file="x", described=described)


def check(found: Nuisance, wanted: tuple[pd.DataFrame, np.ndarray | None]) -> None:
    frame, sample = wanted
    assert list(found.columns) == list(frame.columns)
    np.testing.assert_allclose(found.values, frame.to_numpy(), rtol=1e-12, atol=1e-12)
    kept = np.arange(len(frame)) if sample is None else sample
    np.testing.assert_array_equal(np.flatnonzero(found.keep), kept)


@pytest.mark.parametrize("strategy", ["simple", "scrubbing", "compcor", "ica_aroma"])
def test_real_confounds_give_nilearns_columns_and_volumes(
    shared_data: Path, tmp_path: Path, strategy: str
) -> None:
    found = ours(shared_data / REAL, strategy)
    assert found.columns
    check(found, theirs(tmp_path, shared_data / REAL, strategy))
    assert not found.keep[:3].any(), "three volumes are flagged as non-steady state"


@pytest.mark.parametrize("strategy", NAMED)
def test_made_confounds_give_nilearns_columns_and_volumes(tmp_path: Path, strategy: str) -> None:
    path = tmp_path / "made.tsv"
    write_confounds(path, moved())
    found = ours(path, strategy)
    check(found, theirs(tmp_path, path, strategy))
    assert {"simple": 29, "scrubbing": 35, "compcor": 33, "ica_aroma": 5}[strategy] == len(found.columns)
    dropped = set(np.flatnonzero(~found.keep).tolist())
    if strategy == "scrubbing":
        assert dropped >= {0, 1, 9, 10, 11, 12, 33, 40, 41, 60, 70}
    else:
        assert dropped == {0, 1}


def test_no_strategy_removes_nothing_but_unsteady_volumes() -> None:
    found = strategy_confounds(moved(), "none", file="x")
    assert found.columns == ()
    assert found.values.shape == (80, 0)
    assert np.flatnonzero(~found.keep).tolist() == [0, 1]
    assert strategy_confounds(confounds(9, np.random.default_rng(0)), "none", file="x").keep.all()


def test_a_derivative_that_is_missing_in_the_first_volume_takes_the_value_of_the_second() -> None:
    table = confounds(30, np.random.default_rng(1))
    found = strategy_confounds(table, "simple", file="x")
    column = found.values[:, found.columns.index("trans_x_derivative1")]
    assert column[0] == column[1]
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize(
    ("strategy", "lacking", "words"),
    [
        ("simple", "trans_", "trans_x"),
        ("simple", "csf", "needs ['csf']"),
        ("scrubbing", "csf_power2", "csf_power2"),
        ("scrubbing", "std_dvars", "needs std_dvars"),
        ("scrubbing", "framewise_displacement", "framewise_displacement"),
        ("compcor", "a_comp_cor", "compcor"),
        ("ica_aroma", "white_matter", "needs ['white_matter']"),
    ],
)
def test_a_table_that_lacks_what_the_strategy_needs_is_refused(
    strategy: str, lacking: str, words: str
) -> None:
    table = moved()
    described = {
        name: {"Mask": "combined", "Retained": True}
        for name in table.columns
        if name.startswith("a_comp_cor")
    }
    strategy_confounds(table, strategy, file="conf.tsv", described=described)
    short = table.drop(columns=[name for name in table.columns if name.startswith(lacking)])
    with pytest.raises(InputError, match="CL236") as caught:
        strategy_confounds(short, strategy, file="conf.tsv", described=described)
    assert words in caught.value.problem.found
    assert caught.value.problem.file == "conf.tsv"
    assert "measure.strategy" in caught.value.problem.remedy


@pytest.mark.parametrize("table", [confounds(1, np.random.default_rng(0)), pd.DataFrame(index=range(30))])
def test_a_table_that_nilearn_stumbles_over_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="CL236"):
        strategy_confounds(table, "scrubbing", file="x")


def test_all_volumes_scrubbed_leaves_none() -> None:
    table = moved()
    table["framewise_displacement"] = 3.0
    assert not strategy_confounds(table, "scrubbing", file="x").keep.any()


def test_compcor_without_a_description_is_refused() -> None:
    with pytest.raises(InputError, match="CL236"):
        strategy_confounds(moved(), "compcor", file="x", described={"a_comp_cor_00": {}})


def test_a_confound_that_is_missing_counts_only_where_the_volume_is_kept() -> None:
    found = strategy_confounds(moved(), "simple", file="x")
    values = found.values.copy()
    values[20, 3] = np.nan
    broken = Nuisance(found.columns, values, found.keep)
    keep = found.keep.copy()
    with pytest.raises(InputError, match="CL236") as caught:
        broken.kept(keep, "conf.tsv")
    assert (caught.value.problem.row, caught.value.problem.file) == ("22", "conf.tsv")
    assert found.columns[3] in caught.value.problem.found
    keep[20] = False
    assert np.isfinite(broken.kept(keep, "conf.tsv")).all()


@pytest.mark.parametrize("strategy", NAMED)
@pytest.mark.parametrize("extra", [0, 6])
def test_residuals_equal_nilearns(strategy: str, extra: int) -> None:
    """With ``extra`` volumes dropped beyond the strategy's own."""
    table = moved()
    described = {f"a_comp_cor_{place:02d}": {"Mask": "combined"} for place in range(6)}
    found = strategy_confounds(table, strategy, file="x", described=described)
    rng = np.random.default_rng(4)
    series = 1000 + np.cumsum(rng.standard_normal((80, 12)), axis=0) * rng.uniform(0.1, 50, 12)
    keep = found.keep.copy()
    keep[rng.choice(np.flatnonzero(keep), extra, replace=False)] = False
    ours, rank = regress_out(series[keep], found.kept(keep, "x"))
    expected = clean(
        series,
        detrend=False,
        standardize=None,
        confounds=found.values,
        sample_mask=np.flatnonzero(keep),
    )
    np.testing.assert_allclose(ours, expected, atol=1e-8, rtol=1e-8)
    assert rank == 1 + len(found.columns)


def test_residuals_are_orthogonal_and_the_mean_stays() -> None:
    rng = np.random.default_rng(6)
    series, nuisance = 500 + rng.standard_normal((60, 4)), rng.standard_normal((60, 5))
    nuisance *= 10.0 ** np.arange(-4, 1)
    found, rank = regress_out(series, nuisance)
    assert rank == 6
    np.testing.assert_allclose(found.mean(axis=0), series.mean(axis=0))
    centred = nuisance - nuisance.mean(axis=0)
    shares = centred.T @ (found - found.mean(axis=0)) / np.linalg.norm(centred, axis=0)[:, None]
    np.testing.assert_allclose(shares, 0, atol=1e-9)
    design = np.column_stack([np.ones(60), nuisance])
    by_lstsq = series - design @ np.linalg.lstsq(design, series, rcond=None)[0] + series.mean(axis=0)
    np.testing.assert_allclose(found, by_lstsq, atol=1e-9)


def test_constant_and_repeated_confounds_take_no_degree_of_freedom() -> None:
    rng = np.random.default_rng(8)
    series, own = rng.standard_normal((50, 3)), rng.standard_normal((50, 4))
    useless = [np.full(50, 0.1), np.zeros(50), own[:, 0], -3 * own[:, 1] + 1e3, own[:, 2] + own[:, 3]]
    plain, rank = regress_out(series, own)
    found, same = regress_out(series, np.column_stack([own, *useless]))
    assert rank == same == 5
    np.testing.assert_allclose(found, plain, atol=1e-9)
    alone, least = regress_out(series, np.column_stack(useless[:2]))
    assert least == 1
    np.testing.assert_allclose(alone, series)


@given(st.integers(1, 12), st.integers(0, 15), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_never_more_regressors_than_volumes(volumes: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, rank = regress_out(rng.standard_normal((volumes, 3)), rng.standard_normal((volumes, columns)))
    assert rank == min(volumes, columns + 1)
    if rank == volumes:
        np.testing.assert_array_equal(found, np.broadcast_to(found[0], found.shape))


def test_a_series_that_the_confounds_explain_is_its_mean_and_a_missing_one_stays_missing() -> None:
    rng = np.random.default_rng(9)
    nuisance = rng.standard_normal((40, 3))
    series = np.column_stack([7 + nuisance @ [1.0, 2.0, 3.0], rng.standard_normal(40), np.full(40, np.nan)])
    found, _ = regress_out(series, nuisance)
    np.testing.assert_array_equal(found[:, 0], found[0, 0])
    assert found[0, 0] == pytest.approx(series[:, 0].mean())
    assert found[:, 1].std() > 0.5
    assert np.isnan(found[:, 2]).all()
    nothing, rank = regress_out(series[:0], nuisance[:0])
    assert (nothing.shape, rank) == ((0, 3), 0)
