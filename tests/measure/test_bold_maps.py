"""Maps and smoothing through `measure_session`, beside nilearn's maskers."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from measure.test_bold_session import FEW, HEAD, SHAPE, measured, write
from nilearn.maskers import NiftiMasker

from corticolimbic.circuit import atlas, region_weights
from corticolimbic.features import VoxelMap
from corticolimbic.measure import MeasuredSession, MeasureSettings

BANDED = {"strategy": "simple", "band_hz": (0.01, 0.1)}


def of(found: MeasuredSession, *words: str) -> VoxelMap:
    (one,) = [item for item in found.maps if all(word in item.name for word in words)]
    return one


def asked(**more: object) -> MeasureSettings:
    return FEW.model_copy(update=MeasureSettings.model_validate({**FEW.plain(), **more}).__dict__)


@pytest.mark.parametrize("band", [None, pytest.param((0.01, 0.1), marks=pytest.mark.slow)])
def test_seed_maps_equal_nilearn(tmp_path: Path, band: tuple | None) -> None:
    run = write(tmp_path, 90)
    found = measured(
        tmp_path,
        run,
        settings=asked(
            strategy="24P", band_hz=band, seed_maps=("NAc_R", "mPFC"), fd_threshold=None, allow_low_dof=True
        ),
    )
    from nilearn.interfaces.fmriprep import load_confounds

    columns, _ = load_confounds(
        str(tmp_path / run.bold),
        strategy=("motion",) if band else ("high_pass", "motion"),
        motion="full",
        demean=False,
    )
    masker = NiftiMasker(
        tmp_path / run.mask,
        detrend=band is not None,
        standardize=None,
        high_pass=band[0] if band else None,
        low_pass=band[1] if band else None,
        t_r=2.0,
    )
    voxels = masker.fit_transform(str(tmp_path / run.bold), confounds=columns)
    image = nibabel.load(tmp_path / run.bold)
    parcels = atlas("baliki2012")
    weights = region_weights(parcels, SHAPE, image.affine, run.space)
    for region, node in (("NAc_R", "NAcR"), ("mPFC", "mPFC")):
        row = weights.matrix[[weights.names.index(region)]].toarray().reshape(SHAPE)
        # Cleaning is linear: the mean of the cleaned voxels is the cleaned mean.
        seed = voxels[:, np.flatnonzero(row[HEAD])].mean(axis=1)
        centred, around = voxels - voxels.mean(axis=0), seed - seed.mean()
        wanted = around @ centred / np.linalg.norm(around) / np.linalg.norm(centred, axis=0)
        ours = of(found, f"desc-{node}_", "seg-baliki2012").volume()[HEAD]
        np.testing.assert_allclose(ours, wanted, atol=1e-5)


def test_a_map_of_fluctuations_agrees_with_the_region(tmp_path: Path) -> None:
    """A region of one voxel fluctuates as its voxel does."""
    run = write(tmp_path, 150)
    found = measured(
        tmp_path, run, settings=asked(fluctuation_maps=("alff", "falff", "slow5"), radius_mm=0.1, **BANDED)
    )
    rows = {(row["measure"], row["target"]): row for row in found.features}
    image = nibabel.load(tmp_path / run.bold)
    weights = region_weights(atlas("baliki2012"), SHAPE, image.affine, run.space, radius=0.1)
    for measure in ("alff", "falff", "slow5"):
        volume = of(found, f"stat-{measure}_").volume().ravel()
        for region, node in (("NAc_R", "NAc_R"), ("mPFC", "mPFC")):
            (place,) = weights.matrix[[weights.names.index(node)]].indices
            assert volume[place] == pytest.approx(rows[measure, region]["value"], rel=2e-5)


def test_maps_lie_on_the_images_grid_and_say_what_they_are(tmp_path: Path) -> None:
    run = write(tmp_path, 150)
    found = measured(
        tmp_path, run, settings=asked(fluctuation_maps=("alff",), seed_maps=("NAc_R", "mPFC"), **BANDED)
    )
    image = nibabel.load(tmp_path / run.bold)
    assert len(found.maps) == 3
    for item in found.maps:
        np.testing.assert_allclose(item.affine, image.affine)
        assert item.shape == SHAPE
        assert item.about["Definition"] in found.definitions
        assert item.about["Sources"] == [run.bold]
        inside = item.volume()[HEAD]
        assert np.isfinite(inside).all()
        assert np.isnan(item.volume()[~HEAD]).all()
    alff = found.definitions[of(found, "stat-alff").about["Definition"]]
    assert alff["settings"]["band_hz"] == [0.01, 0.1]
    assert of(found, "stat-alff").about["Units"] == "%/sqrt(Hz)"


def test_a_seed_that_is_lost_is_named_and_the_run_goes_on(tmp_path: Path) -> None:
    run = write(tmp_path, 150, mask=HEAD & (np.arange(SHAPE[1])[None, :, None] < 12))
    found = measured(tmp_path, run, settings=asked(seed_maps=("mPFC", "S1M1_L"), **BANDED))
    assert [item.code for item in found.problems].count("CL255") == 1
    assert any("mPFC" in item.found for item in found.problems if item.code == "CL255")
    assert any(row["measure"] == "fc" for row in found.features)


def test_a_seed_that_no_atlas_has_is_named(tmp_path: Path) -> None:
    found = measured(tmp_path, write(tmp_path, 90), settings=asked(seed_maps=("Atlantis",), **BANDED))
    assert [item.found for item in found.problems if item.code == "CL255"] == ["no atlas here has Atlantis"]
    assert not found.maps


def test_a_run_that_is_refused_leaves_no_map(tmp_path: Path) -> None:
    run = write(tmp_path, 40)
    found = measured(tmp_path, run, settings=asked(fluctuation_maps=("alff",), seed_maps=("mPFC",), **BANDED))
    assert "CL211" in {item.code for item in found.problems}
    assert not found.maps


def test_smoothing_changes_series_and_their_definition_but_no_map(tmp_path: Path) -> None:
    run = write(tmp_path, 150)
    more = {"fluctuation_maps": ("alff",), **BANDED}
    plain, smooth = (
        measured(tmp_path, run, settings=asked(smoothing_fwhm=fwhm, **more)) for fwhm in (None, 8.0)
    )
    kept = {row["definition"] for row in plain.features if row["measure"] == "fc"}
    changed = {row["definition"] for row in smooth.features if row["measure"] == "fc"}
    assert not kept & changed
    np.testing.assert_array_equal(plain.maps[0].values, smooth.maps[0].values)
    assert not np.allclose(plain.series[0]["values"], smooth.series[0]["values"])
