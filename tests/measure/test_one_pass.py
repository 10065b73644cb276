"""One pass over volumes: moments of voxels by hand, and voxels for maps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dataset.synthetic_bold import ellipsoid
from measure.bold_phantom import ENCODINGS, MATRICES, SPACE, affine, write_bold
from measure.test_bold_region_means import CENTRE, SHAPE, noise, slabs

from corticolimbic.circuit import region_weights
from corticolimbic.dataset import iter_stored, read_bold_header, read_mask
from corticolimbic.measure import region_series
from corticolimbic.measure._one_pass import Rows, one_pass


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_stored_volumes_scaled_are_nibabels(tmp_path: Path, encoding: str) -> None:
    run = write_bold(tmp_path, noise(4), affine(MATRICES["oblique"], CENTRE, SHAPE), encoding=encoding)
    header = read_bold_header(tmp_path, run)
    theirs = nibabel.load(tmp_path / run.bold).get_fdata()
    volumes = [volume.copy() for volume in iter_stored(tmp_path, run)]
    for at, volume in enumerate(volumes):
        ours = header.slope * volume.astype(np.float64) + header.inter
        np.testing.assert_allclose(ours, theirs[..., at].ravel(order="F"), rtol=1e-12)
    assert {volume.dtype.name for volume in volumes} <= {"int16", "float32", "float64"}


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8", ">i2", ">f4"])
def test_every_type_keeps_its_values(tmp_path: Path, dtype: str) -> None:
    kind = np.dtype(dtype)
    info = np.iinfo(kind) if kind.kind in "iu" else None
    top = 2**40 if info is None else min(int(info.max), 2**52)
    low = -top if info is None else max(int(info.min), -(2**52))
    values = np.random.default_rng(5).integers(low, top, (3, 4, 5, 2), endpoint=True).astype(kind)
    run = write_bold(tmp_path, noise(2, (3, 4, 5)), np.diag([2.0, 2.0, 2.0, 1.0]))
    header = nibabel.Nifti1Header(endianness=">" if dtype.startswith(">") else "<")
    header.set_data_dtype(kind)
    image = nibabel.Nifti1Image(values, np.diag([2.0, 2.0, 2.0, 1.0]), header, dtype=kind)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_zooms((2.0, 2.0, 2.0, 2.0))
    nibabel.save(image, tmp_path / run.bold)
    for at, volume in enumerate(iter_stored(tmp_path, run)):
        np.testing.assert_array_equal(
            volume.astype(np.float64), values[..., at].ravel(order="F").astype(np.float64)
        )


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("weighted", [None, np.float32, np.float64])
def test_sums_and_moments_by_hand(dtype: type, weighted: type | None) -> None:
    rng = np.random.default_rng(20261125)
    n, size = 71, 3000  # three blocks of volumes, three tiles of voxels
    volumes = (5000 + 300 * rng.standard_normal((n, size))).astype(dtype)
    volumes[:, 7] = 12
    places = np.sort(rng.choice(size, 2500, replace=False)).astype(np.int32)
    ends = np.array([0, 0, 3, 900, 2500, 2501])
    indices = rng.integers(0, 2500, 2501)
    counted = rng.random(n) < 0.7
    weights = None if weighted is None else rng.random(2501).astype(weighted)
    rows = Rows(ends, indices, weights)
    found = one_pass(iter(volumes), n, places, rows, counted=counted, keep_voxels=True)
    inside = volumes[:, places].astype(np.float64)
    for row, (first, last) in enumerate(pairwise(ends)):
        members = inside[:, indices[first:last]]
        if weights is None:
            wanted = members.mean(axis=1) if last > first else np.full(n, np.nan)
        else:
            wanted = members @ weights[first:last]
        tolerance = 1e-12 if weights is None or weighted is np.float64 else 1e-6
        np.testing.assert_allclose(found.values[:, row], wanted, rtol=tolerance)
    np.testing.assert_allclose(found.mean, inside.mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(found.centre, inside[counted].mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(found.spread, inside[counted].std(axis=0, ddof=1), rtol=1e-4)
    np.testing.assert_array_equal(found.varies, inside.std(axis=0) > 0)
    np.testing.assert_array_equal(found.voxels, volumes[:, places])


def test_signal_to_noise_of_a_phantom(tmp_path: Path) -> None:
    """Regions whose voxels have a known mean and a known spread in time."""
    place = affine(MATRICES["upright"], CENTRE, SHAPE)
    labels = slabs(place)
    wave = np.tile([1.0, -1.0], 20)
    values = np.full((*SHAPE, 40), 500.0)
    for value in labels.labels:
        values[labels.data == value] = 1000.0 + (10.0 + value / 100) * wave
    run = write_bold(tmp_path, values, place, encoding="float64", mask=np.ones(SHAPE, dtype=bool))
    header = read_bold_header(tmp_path, run)
    weights = [region_weights(labels, header.shape, header.affine, SPACE)]
    mask = read_mask(tmp_path, run, header)
    counted = np.ones(40, dtype=bool)
    values[..., :2] *= 3  # before the steady state
    run = write_bold(tmp_path, values, place, encoding="float64", mask=np.ones(SHAPE, dtype=bool))
    counted[:2] = False
    found = region_series(
        tmp_path, run, header, weights, mask=mask, usable_signal=0.3, counted=counted
    ).regions[0]
    for name, ratio in zip(found.names, found.tsnr, strict=True):
        amplitude = 10.0 + int(name.removeprefix("region")) / 100
        assert ratio == pytest.approx(1000.0 / (amplitude * np.sqrt(38 / 37)), rel=1e-6)


def test_voxels_are_those_inside_the_mask_in_the_files_order(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], CENTRE, SHAPE)
    mask = ellipsoid(SHAPE)
    for fwhm in (None, 5.0):
        run = write_bold(tmp_path, noise(5), place, encoding="scaled int16", mask=mask)
        header = read_bold_header(tmp_path, run)
        weights = [region_weights(slabs(place), header.shape, header.affine, SPACE)]
        held = read_mask(tmp_path, run, header)
        voxels = region_series(
            tmp_path, run, header, weights, mask=held, usable_signal=0.3, fwhm=fwhm, keep_voxels=True
        ).voxels
        theirs = nibabel.load(tmp_path / run.bold).get_fdata()
        wanted = theirs.reshape(-1, 5, order="F")[mask.ravel(order="F")].T
        np.testing.assert_allclose(voxels.slope * voxels.stored + voxels.inter, wanted, rtol=1e-12)
        np.testing.assert_array_equal(voxels.places, np.flatnonzero(mask.ravel(order="F")))
