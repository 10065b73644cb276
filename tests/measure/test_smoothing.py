"""Smoothing in the weights of regions: equal to smoothing the image, as nilearn does it."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from dataset.synthetic_bold import ellipsoid
from measure.bold_phantom import ENCODINGS, MATRICES, SPACE, affine, write_bold
from measure.test_bold_region_means import CENTRE, SHAPE, noise, slabs
from nilearn.maskers import NiftiLabelsMasker
from scipy.ndimage import gaussian_filter

from corticolimbic.circuit import LabelImage, region_weights
from corticolimbic.dataset import BoldRun, read_bold_header, read_mask
from corticolimbic.measure import RunSignals, region_series
from corticolimbic.measure._smoothing import smooth_weights


def smoothed(root: Path, run: BoldRun, labels: LabelImage, fwhm: float | None) -> RunSignals:
    header = read_bold_header(root, run)
    weights = [region_weights(labels, header.shape, header.affine, SPACE)]
    mask = read_mask(root, run, header) if run.mask else None
    return region_series(root, run, header, weights, mask=mask, usable_signal=0.3, fwhm=fwhm)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("turned", "masked"), [("upright", True), ("flipped", False), ("axes swapped", True), ("oblique", True)]
)
def test_means_equal_those_of_the_smoothed_image(
    tmp_path: Path, turned: str, encoding: str, masked: bool
) -> None:
    place = affine(MATRICES[turned], CENTRE, SHAPE)
    mask = ellipsoid(SHAPE) if masked else None
    run = write_bold(tmp_path, noise(35), place, encoding=encoding, mask=mask)  # more than one block
    labels = slabs(read_bold_header(tmp_path, run).affine)
    (found,) = smoothed(tmp_path, run, labels, 6.0).regions
    masker = NiftiLabelsMasker(
        nibabel.Nifti1Image(labels.data, labels.affine),
        mask_img=tmp_path / run.mask if run.mask else None,
        standardize=None,
        resampling_target="data",
        keep_masked_labels=False,
        smoothing_fwhm=6.0,
    )
    theirs = masker.fit_transform(tmp_path / run.bold)
    ours = np.column_stack(
        [found.values[:, found.names.index(f"region{value}")] for value in masker.labels_[1:]]
    )
    np.testing.assert_allclose(ours, theirs, rtol=2e-5)
    # The part that varies is right too, not only the mean around which it does.
    assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(ours.T, theirs.T, strict=True)) > 0.9999


def test_the_filter_is_the_transpose_of_smoothing_also_at_the_edge_of_the_grid() -> None:
    shape, sigma = (9, 11, 8), np.array([1.3, 0.8, 1.0])
    size = np.diag([2.0, 3.0, 2.5])
    place = np.eye(4)
    place[:3, :3] = size
    fwhm = 5.0
    rng = np.random.default_rng(3)
    voxels = rng.choice(np.prod(shape), 40, replace=False)
    weights = rng.random(40)
    weights /= weights.sum()
    rows = np.zeros(40, dtype=np.int64)
    _, where, values = smooth_weights(rows, voxels, weights, shape, place, fwhm)
    image = rng.normal(100, 10, shape)
    sigma = fwhm / (np.sqrt(8 * np.log(2)) * np.diag(size))
    wanted = gaussian_filter(image, sigma).ravel(order="F")[voxels] @ weights
    assert image.ravel(order="F")[where] @ values == pytest.approx(wanted, rel=2e-6)
    assert values.sum() == pytest.approx(1.0, abs=2e-6)


def test_a_value_that_is_not_finite_reaches_no_neighbour(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], CENTRE, SHAPE)
    values = noise(6)
    holed = values.copy()
    holed[12, 15, 12, 3] = np.nan
    plain = values.copy()
    plain[12, 15, 12, 3] = 0.0
    labels = slabs(place)
    labels.data[12, 15, 12] = 0  # no member: only neighbours could see it
    names = []
    for at, data in enumerate((holed, plain)):
        folder = tmp_path / str(at)
        run = write_bold(folder, data, place, encoding="float32")
        names.append(smoothed(folder, run, labels, 6.0).regions[0].values)
    assert np.isfinite(names[0]).all()
    np.testing.assert_allclose(names[0], names[1], rtol=1e-9)


def test_coverage_voxels_and_signal_to_noise_do_not_depend_on_smoothing(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], CENTRE, SHAPE)
    run = write_bold(tmp_path, noise(9), place, mask=ellipsoid(SHAPE))
    labels = slabs(place)
    plain, smooth = (smoothed(tmp_path, run, labels, fwhm) for fwhm in (None, 6.0))
    for name in ("n_voxels", "coverage", "tsnr"):
        np.testing.assert_array_equal(getattr(plain.regions[0], name), getattr(smooth.regions[0], name))
    assert plain.brain_tsnr == smooth.brain_tsnr
