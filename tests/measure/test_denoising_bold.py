"""Images with a band, neighbours and named strategies, up to nilearn's own cleaning; and what cannot be."""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd
import pytest
from dataset.synthetic_bold import confounds, write_fmriprep
from measure.bold_phantom import SPACE, affine, session, write_bold
from nilearn.interfaces.fmriprep import load_confounds
from nilearn.maskers import NiftiLabelsMasker
from nilearn.signal import clean

from corticolimbic.dataset import BoldRun, scan
from corticolimbic.measure import BANDS, LabelImageSettings, MeasuredSession, MeasureSettings, measure_session

SHAPE = (12, 10, 8)
PLACE = affine(np.diag([4.0, 4.0, 4.0]), (0.0, 0.0, 0.0), SHAPE)
INSIDE = np.pad(np.ones([length - 2 for length in SHAPE], dtype=bool), 1)
VOLUMES = 200
FLUCTUATIONS = {band.measure for band in BANDS}


@cache
def noise(volumes: int = VOLUMES, seed: int = 31) -> np.ndarray:
    return 1000 + 40 * np.random.default_rng(seed).standard_normal((*SHAPE, volumes))


def table(volumes: int = VOLUMES, bad: tuple[int, ...] = ()) -> pd.DataFrame:
    found = confounds(volumes, np.random.default_rng(32), head_motion=0.005, aroma=True)
    found.loc[list(bad), "framewise_displacement"] = 1.0
    return found


def labels(folder: Path) -> LabelImageSettings:
    values = np.zeros(SHAPE, dtype=np.int16)
    values[2:5, 2:8, 2:6], values[5:8, 2:8, 2:6], values[8:10, 2:5, 2:4] = 7, 2, 40
    nibabel.save(nibabel.Nifti1Image(values, PLACE), folder / "labels.nii.gz")
    (folder / "labels.tsv").write_text("index\tname\n40\tc\n7\ta\n2\tb\n", encoding="utf-8")
    return LabelImageSettings(path=folder / "labels.nii.gz", table=folder / "labels.tsv", space=SPACE)


def settings_of(folder: Path, **more: Any) -> MeasureSettings:
    return MeasureSettings(
        **{"atlases": (), "label_images": (labels(folder),), "statistics": ("pearson",), **more}
    )


def write(root: Path, values: np.ndarray | None = None, **more: Any) -> BoldRun:
    more = {"mask": INSIDE, "table": table(), **more}
    return write_bold(root, noise() if values is None else values, PLACE, **more)


def measured(root: Path, run: BoldRun, **settings: Any) -> MeasuredSession:
    return measure_session(root, session(run), settings_of(root, **settings))


BAD = (60, 61, 90, 150)


@pytest.mark.parametrize("strategy", ["24P", "36P", "temporal_compcor", "ica_aroma_aggressive"])
def test_the_whole_way_with_a_band_equals_nilearns(tmp_path: Path, strategy: str) -> None:
    """Labels masker, confounds and cleaning, all by nilearn; without cosines: the band begins above them."""
    asked = {
        "24P": dict(strategy=("motion",), motion="full"),
        "36P": dict(
            strategy=("motion", "wm_csf", "global_signal"), motion="full", wm_csf="full", global_signal="full"
        ),
        "temporal_compcor": dict(
            strategy=("high_pass", "motion", "compcor"), motion="full", compcor="temporal", n_compcor="all"
        ),
        "ica_aroma_aggressive": dict(strategy=("wm_csf", "ica_aroma"), wm_csf="basic", ica_aroma="basic"),
    }[strategy]
    run = write(tmp_path, table=table(bad=BAD))
    found = measured(tmp_path, run, strategy=strategy, band_hz=(0.01, 0.15), fd_threshold=0.5, censor_after=1)
    assert [item for item in found.problems if item.severity == "failed"] == []
    regressors, _ = load_confounds(str(tmp_path / run.bold), **asked)
    regressors = regressors[[name for name in regressors if not name.startswith("cosine")]]
    image = tmp_path / "labels.nii.gz"
    masker = NiftiLabelsMasker(
        image, mask_img=tmp_path / run.mask, standardize=None, keep_masked_labels=False
    )
    kept = np.setdiff1d(np.arange(VOLUMES), [60, 61, 62, 90, 91, 150, 151])
    assert not set(VOLUMES - 1 - np.setdiff1d(np.arange(VOLUMES), kept)) - set(kept)
    theirs = clean(
        masker.fit_transform(tmp_path / run.bold).astype(float),
        confounds=regressors,
        sample_mask=kept,
        standardize=None,
        high_pass=0.01,
        low_pass=0.15,
        t_r=2.0,
        extrapolate=False,
    )
    theirs = (theirs - theirs.mean(axis=0)) / theirs.std(axis=0)
    ours = {row["region"]: row["values"] for row in found.series}
    for column, name in enumerate("bac"):
        np.testing.assert_allclose(ours[name], theirs[:, column], atol=2e-5)
    (row,) = [item for item in found.matrices if item["statistic"] == "pearson"]
    settings = found.definitions[row["definition"]]["settings"]
    assert settings["filter"]["drift_cosines"].startswith("left out")
    assert settings["strategy"] == strategy
    assert row["strategy"] == f"{strategy}, FD <= 0.5 mm, neighbours -0 +1, 0.01-0.15 Hz"
    waves = sum(0.01 <= wave / (VOLUMES * 2) <= 0.15 for wave in range(101))
    assert found.features[0]["dof"] == pytest.approx(193 * 2 * waves / 200 - regressors.shape[1])


def test_cosines_stay_where_the_band_begins_below_them(tmp_path: Path) -> None:
    run = write(tmp_path)
    dof = {}
    for low in (0.005, 0.01):
        found = measured(tmp_path, run, band_hz=(low, 0.2))
        waves = sum(low <= wave / (VOLUMES * 2) <= 0.2 for wave in range(101))
        dof[low] = 2 * waves - found.features[0]["dof"]
    assert dof == {0.005: 29, 0.01: 26}


def test_36_regressors_in_300_volumes_of_800_ms_are_refused_with_the_arithmetic(tmp_path: Path) -> None:
    run = write(tmp_path, noise(300), table=table(300), repetition_time=0.8)
    found = measured(tmp_path, run, strategy="36P", band_hz=(0.01, 0.1))
    (item,) = found.problems
    assert (item.code, item.severity, item.participant_id) == ("CL211", "excluded", "sub-01")
    assert item.found.startswith("300 volumes - 0 censored = 300; 14.7% of them for 0.01-0.1 Hz")
    assert item.found.endswith("= 44; 44 - 36 regressors = 8 degrees of freedom")
    assert not found.matrices
    assert {row["dof"] for row in found.features} == {8}
    allowed = measured(tmp_path, run, strategy="36P", band_hz=(0.01, 0.1), allow_low_dof=True)
    assert [item.code for item in allowed.problems if item.code != "CL210"] == ["CL212"]
    assert allowed.matrices


def test_more_regressors_than_the_band_holds_leave_nothing(tmp_path: Path) -> None:
    run = write(tmp_path)
    for low in (False, True):
        found = measured(tmp_path, run, strategy="36P", band_hz=(0.01, 0.04), allow_low_dof=low)
        (item,) = found.problems
        assert item.code == "CL211"
        assert item.found.endswith("= 26; 26 - 36 regressors leave nothing")
        assert {row["dof"] for row in found.features} == {0}
        assert not found.matrices


def test_fluctuations_are_those_without_the_band(tmp_path: Path) -> None:
    run = write(tmp_path, table=table(bad=BAD))
    rows = []
    for band in (None, (0.01, 0.08)):
        settings = settings_of(tmp_path, band_hz=band, atlases=("baliki2012",), usable_signal=0.0)
        found = measure_session(tmp_path, session(run), settings)
        rows.append(
            [
                (row["measure"], row["target"], row["value"], row["definition"], row["dof"], row["qc"])
                for row in found.features
                if row["measure"] in FLUCTUATIONS
            ]
        )
    assert len(rows[0]) > 10
    np.testing.assert_equal(rows[0], rows[1])


def test_nan_voxels_are_left_out_under_a_band_too(tmp_path: Path) -> None:
    values = noise().copy()
    values[3, 3, 3, 50] = np.nan
    values[6, 2:8, 2:6] = np.nan
    found = measured(tmp_path, write(tmp_path, values), band_hz=(0.01, 0.2))
    assert [item for item in found.problems if item.severity == "failed"] == []
    series = {row["region"]: row for row in found.series}
    assert series["a"]["coverage"] == pytest.approx(71 / 72)
    assert series["b"]["coverage"] == pytest.approx(2 / 3)
    assert np.isfinite(np.stack([row["values"] for row in series.values()])).all()
    gone = noise().copy()
    gone[8:10, 2:5, 2:4] = np.nan
    found = measured(tmp_path, write(tmp_path, gone), band_hz=(0.01, 0.2))
    assert "CL203" in {item.code for item in found.problems}
    assert np.isnan(found.matrices[0]["upper"]).sum() == 2


@pytest.mark.parametrize("band", [None, (0.01, 0.2)])
def test_constant_and_duplicate_confounds_take_no_degree_of_freedom(
    tmp_path: Path, band: tuple[float, float] | None
) -> None:
    plain = table()
    double = plain.copy()
    double["trans_y"] = 5.0
    double["rot_x"] = double["trans_x"]
    found, spoiled = (
        measured(tmp_path, write(tmp_path, table=item), strategy="24P", band_hz=band)
        for item in (plain, double)
    )
    assert spoiled.features[0]["dof"] == found.features[0]["dof"] + 2
    assert np.isfinite(spoiled.matrices[0]["upper"]).all()


def test_all_volumes_censored_and_one_left_under_a_band(tmp_path: Path) -> None:
    for left in (0, 1):
        moved = table(bad=tuple(range(left, VOLUMES)))
        found = measured(tmp_path, write(tmp_path, table=moved), band_hz=(0.01, 0.1))
        (item,) = found.problems
        assert item.code == "CL211"
        assert item.found.startswith(f"200 volumes - {VOLUMES - left} censored = {left}; ")
        assert item.found.endswith("= 0 degrees of freedom")
        assert item.remedy
        assert found.features[0]["n_volumes"] == left
        assert not found.matrices


def cut_short(root: Path, run: BoldRun) -> BoldRun:
    """Return the run without its last slices."""
    data = gzip.decompress((root / run.bold).read_bytes())
    (root / run.bold).write_bytes(gzip.compress(data[: -5 * 12 * 10 * 4], 1))
    return run


def milliseconds(root: Path, run: BoldRun) -> BoldRun:
    data = bytearray(gzip.decompress((root / run.bold).read_bytes()))
    data[92:96] = np.float32(2000).tobytes()
    (root / run.bold).write_bytes(gzip.compress(bytes(data), 1))
    return run


def no_dvars(root: Path, run: BoldRun) -> BoldRun:
    path = root / run.confounds
    pd.read_csv(path, sep="\t").drop(columns="std_dvars").to_csv(path, sep="\t", na_rep="n/a", index=False)
    return run


def as_it_is(root: Path, run: BoldRun) -> BoldRun:
    return run


def no_confounds(root: Path, run: BoldRun) -> BoldRun:
    return replace(run, confounds=None)


BARE = {"strategy": "none", "fd_threshold": None}


@pytest.mark.parametrize(
    ("spoil", "settings", "code", "words"),
    [
        (cut_short, {}, "CL220", "the header says 200"),
        (milliseconds, {}, "CL225", "2000 in the header (milliseconds?)"),
        (as_it_is, {"band_hz": (0.01, 0.25)}, "CL242", "frequencies below 0.25 Hz"),
        (as_it_is, {"band_hz": (0.3, None)}, "CL242", "a bound at 0.3 Hz"),
        (no_dvars, {"dvars_threshold": 1.5}, "CL239", "std_dvars"),
        (no_confounds, {"dvars_threshold": 1.5, **BARE}, "CL239", "no confounds"),
        (as_it_is, {"strategy": "ica_aroma_gsr"}, "CL236", "strategy ica_aroma_gsr"),
        (as_it_is, {"dummy_scans": 190}, "CL211", "190 censored"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(
    tmp_path: Path, spoil: Any, settings: dict[str, Any], code: str, words: str
) -> None:
    found = measured(tmp_path, spoil(tmp_path, write(tmp_path)), **{"band_hz": (0.01, 0.1), **settings})
    (item,) = found.problems
    assert item.code == code
    assert words in item.found
    assert item.remedy
    assert (item.participant_id, item.session_id) == ("sub-01", "ses-none")
    assert not found.matrices


def test_dummy_scans_neighbours_and_segments_are_counted(tmp_path: Path) -> None:
    moved = table(bad=(20, 24, 100))
    moved.loc[140, "std_dvars"] = 2.2
    run = write(tmp_path, table=moved)
    for more, dropped in (
        ({}, 3),
        ({"dummy_scans": 4}, 7),
        ({"dvars_threshold": 1.5}, 4),
        ({"censor_before": 1, "censor_after": 2}, 4 + 4 + 4),
        ({"min_segment": 4}, 6),
        ({"fd_threshold": None}, 0),
    ):
        found = measured(tmp_path, run, **more)
        (row,) = (row for row in found.features if row["measure"] == "censored_share")
        assert row["value"] == pytest.approx(dropped / VOLUMES)
        definition = found.definitions[row["definition"]]["settings"]
        assert ("dummy_scans" in definition) == ("dummy_scans" in more)
    bare = measured(tmp_path, replace(run, confounds=None), **BARE, dummy_scans=6)
    assert bare.features[0]["n_volumes"] == VOLUMES - 6


def test_a_long_gap_under_a_band_is_told(tmp_path: Path) -> None:
    run = write(tmp_path, table=table(bad=tuple(range(100, 110))))
    (item,) = measured(tmp_path, run, band_hz=(0.01, 0.2), circuit_edges=False).problems
    assert (item.code, item.severity, item.file) == ("CL243", "info", run.bold)
    assert measured(tmp_path, run, circuit_edges=False).problems == []


def test_the_band_serves_a_whole_tree(tmp_path: Path) -> None:
    root = write_fmriprep(
        tmp_path, 1, SHAPE, PLACE, 120, np.random.default_rng(3), spaces=(SPACE,), aroma=True
    )
    (files,) = scan(root).sessions
    for strategy in ("ica_aroma_gsr", "compcor_gsr", "simple_gsr", "scrubbing_gsr"):
        settings = settings_of(tmp_path, strategy=strategy, band_hz=(0.01, 0.2), usable_signal=0.0)
        found = measure_session(root, files, settings)
        assert [item.code for item in found.problems if item.severity != "info"] == []
        assert found.matrices[0]["strategy"] == f"{strategy}, FD <= 0.5 mm, 0.01-0.2 Hz"
