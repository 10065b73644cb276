"""Strategies that nilearn has no name for: their columns one by one, and what is dropped with them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from dataset.synthetic_bold import MOTION, confounds, write_confounds
from measure.test_strategy_confounds import REAL, moved
from nilearn.interfaces.fmriprep import load_confounds, load_confounds_strategy

from corticolimbic.foundation import InputError
from corticolimbic.measure import Nuisance, Strategy, strategy_confounds
from corticolimbic.measure._confounds import strategy_parameters

EXPANSIONS = ("", "_derivative1", "_power2", "_derivative1_power2")
MOTION_24 = {name + more for name in MOTION for more in EXPANSIONS}
TISSUES_12 = {name + more for name in ("csf", "white_matter", "global_signal") for more in EXPANSIONS}
NEW = {
    "24P": dict(strategy=("high_pass", "motion"), motion="full"),
    "36P": dict(
        strategy=("high_pass", "motion", "wm_csf", "global_signal"),
        motion="full",
        wm_csf="full",
        global_signal="full",
    ),
    "temporal_compcor": dict(
        strategy=("high_pass", "motion", "compcor"), motion="full", compcor="temporal", n_compcor="all"
    ),
    "ica_aroma_aggressive": dict(
        strategy=("high_pass", "wm_csf", "ica_aroma"), wm_csf="basic", ica_aroma="basic"
    ),
}
WITH_GLOBAL_SIGNAL = ("simple", "scrubbing", "compcor", "ica_aroma")


def ours(table: pd.DataFrame, strategy: str, described: dict | None = None, **more: int) -> Nuisance:
    return strategy_confounds(table, strategy, file="x", described=described, **more)


def written(folder: Path, table: pd.DataFrame, kind: str = "preproc") -> tuple[str, dict]:
    """Write a table as fMRIPrep does; return the image that it belongs to, and its description."""
    path = folder / "sub-01_task-rest_desc-confounds_timeseries.tsv"
    write_confounds(path, table)
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return str(folder / f"sub-01_task-rest_space-MNI152NLin6Asym_desc-{kind}_bold.nii.gz"), described


def check(found: Nuisance, frame: pd.DataFrame, sample: np.ndarray | None) -> None:
    assert list(found.columns) == list(frame.columns)
    np.testing.assert_allclose(found.values, frame.to_numpy(), rtol=1e-12, atol=1e-12)
    kept = np.arange(len(frame)) if sample is None else sample
    np.testing.assert_array_equal(np.flatnonzero(found.keep), kept)


@pytest.mark.parametrize("strategy", NEW)
def test_components_are_nilearns(tmp_path: Path, strategy: str) -> None:
    image, described = written(tmp_path, moved())
    check(ours(moved(), strategy, described), *load_confounds(image, **NEW[strategy]))


@pytest.mark.parametrize("strategy", WITH_GLOBAL_SIGNAL)
def test_the_global_signal_is_one_column_more(tmp_path: Path, strategy: str) -> None:
    kind = "smoothAROMAnonaggr" if strategy == "ica_aroma" else "preproc"
    image, described = written(tmp_path, moved(), kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = load_confounds_strategy(image, denoise_strategy=strategy, global_signal="basic")
    found = ours(moved(), f"{strategy}_gsr", described)
    check(found, *wanted)
    plain = ours(moved(), strategy, described)
    assert set(found.columns) - set(plain.columns) == {"global_signal"}


def test_24_and_36_parameters_are_those_of_the_papers_and_the_slow_cosines() -> None:
    for strategy, wanted in (("24P", MOTION_24), ("36P", MOTION_24 | TISSUES_12)):
        found = ours(moved(), strategy)
        slow = {name for name in found.columns if name.startswith("cosine")}
        assert slow == {"cosine00", "cosine01", "cosine02"}
        assert set(found.columns) - slow == wanted
        assert set(found.without_drifts().columns) == wanted
        assert len(wanted) == int(strategy.removesuffix("P"))
        assert found.without_drifts().values.shape == (80, len(wanted))


@pytest.mark.parametrize("strategy", ["24P", "36P", "simple_gsr", "temporal_compcor"])
def test_real_confounds_have_what_is_needed(shared_data: Path, strategy: str) -> None:
    path = shared_data / REAL
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    table = pd.read_csv(path, sep="\t")
    found = ours(table, strategy, described)
    for column, name in enumerate(found.columns):
        values = table[name].to_numpy()[4:]
        centred = found.values[4:, column]
        np.testing.assert_allclose(values - values[0], centred - centred[0], rtol=1e-9, atol=1e-9)
    if strategy == "36P":
        assert set(found.without_drifts().columns) == MOTION_24 | TISSUES_12
    if strategy == "temporal_compcor":
        kept = {name for name, about in described.items() if about.get("Retained")}
        components = {name for name in found.columns if "comp_cor" in name}
        assert components
        assert components <= kept
        assert all(name.startswith("t_comp_cor") for name in components)


@pytest.mark.parametrize(
    ("strategy", "lacking", "words"),
    [
        ("24P", "rot_z", "rot_z"),
        ("36P", "global_signal_power2", "global_signal_power2"),
        ("simple_gsr", "global_signal", "global_signal"),
        ("temporal_compcor", "t_comp_cor", "compcor"),
        ("ica_aroma_aggressive", "aroma_motion", "ica_aroma"),
    ],
)
def test_a_table_that_lacks_what_the_strategy_needs_is_refused(
    tmp_path: Path, strategy: str, lacking: str, words: str
) -> None:
    _, described = written(tmp_path, moved())
    ours(moved(), strategy, described)
    short = moved().drop(columns=[name for name in moved().columns if name.startswith(lacking)])
    with pytest.raises(InputError, match="CL236") as caught:
        ours(short, strategy, described)
    assert words in caught.value.problem.found


@pytest.mark.parametrize("strategy", ["none", "simple", "scrubbing", "36P"])
def test_dummy_scans_stand_in_for_what_is_flagged(strategy: str) -> None:
    flagged, none, five = (
        ours(moved(), strategy, **more).keep for more in ({}, {"dummy_scans": 0}, {"dummy_scans": 5})
    )
    assert not flagged[:2].any()
    assert none[:2].all()
    assert not five[:5].any()
    np.testing.assert_array_equal(flagged[9:], none[9:])
    np.testing.assert_array_equal(flagged[9:], five[9:])
    assert ours(moved(), strategy, dummy_scans=999).keep.sum() == 0


def test_every_strategy_has_its_own_parameters_in_definitions() -> None:
    found = [json.dumps(strategy_parameters(name), sort_keys=True) for name in get_args(Strategy)]
    assert len(found) == 13
    assert len(set(found)) == len(found)


def test_columns_of_made_tables_stay_in_step_with_the_names() -> None:
    assert set(confounds(9, np.random.default_rng(0)).columns) >= MOTION_24 | TISSUES_12
