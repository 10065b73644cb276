"""Region means of images: equal to nilearn's maskers, and by hand where those are wrong."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from dataset.synthetic_bold import ellipsoid
from measure.bold_phantom import ENCODINGS, MATRICES, SPACE, affine, session, still, write_bold
from nilearn.maskers import NiftiLabelsMasker, NiftiSpheresMasker

from corticolimbic.circuit import Atlas, LabelImage, Node, atlas, region_weights
from corticolimbic.dataset import BoldRun, read_bold_header, read_mask
from corticolimbic.foundation import InputError
from corticolimbic.measure import (
    MeasureSettings,
    RegionSignals,
    measure_session,
    region_series,
    usable_voxels,
)

SHAPE = (26, 31, 24)
CENTRE = (0.0, -15.0, 10.0)
VALUES = (3, 4, 17, 250, 1000)


def noise(volumes: int = 7, shape: tuple[int, int, int] = SHAPE, seed: int = 11) -> np.ndarray:
    return 1000 + 40 * np.random.default_rng(seed).standard_normal((*shape, volumes))


def slabs(place: np.ndarray, shape: tuple[int, int, int] = SHAPE) -> LabelImage:
    data = np.zeros(shape, dtype=np.int32)
    edges = np.linspace(0, shape[1], len(VALUES) + 1).astype(int)
    for value, low, high in zip(VALUES, edges[:-1], edges[1:], strict=True):
        data[2:-2, low:high, 3:-3] = value
    return LabelImage(data, place, SPACE, {value: f"region{value}" for value in reversed(VALUES)})


def measured(root: Path, run: BoldRun, *parcels: Atlas | LabelImage) -> tuple[RegionSignals, ...]:
    header = read_bold_header(root, run)
    weights = [region_weights(item, header.shape, header.affine, SPACE) for item in parcels]
    mask = read_mask(root, run, header) if run.mask else None
    return region_series(root, run, header, weights, mask=mask, usable_signal=0.3).regions


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("turned", "masked"),
    [("upright", True), ("flipped", False), ("axes swapped", True), ("oblique", True)],
)
def test_label_means_equal_nilearn(tmp_path: Path, turned: str, encoding: str, masked: bool) -> None:
    place = affine(MATRICES[turned], CENTRE, SHAPE)
    mask = ellipsoid(SHAPE) if masked else None
    run = write_bold(tmp_path, noise(), place, encoding=encoding, mask=mask)
    labels = slabs(read_bold_header(tmp_path, run).affine)
    (found,) = measured(tmp_path, run, labels)
    masker = NiftiLabelsMasker(
        nibabel.Nifti1Image(labels.data, labels.affine),
        mask_img=tmp_path / run.mask if run.mask else None,
        standardize=None,
        resampling_target="data",
        keep_masked_labels=False,
    )
    theirs = masker.fit_transform(tmp_path / run.bold)
    ours = dict(zip(found.names, found.values.T, strict=True))
    # nilearn rounds the means of float32 images to float32
    tolerance = 1e-6 if "float32" in encoding else 1e-10
    for column, value in enumerate(VALUES):
        np.testing.assert_allclose(ours[f"region{value}"], theirs[:, column], rtol=tolerance)
    assert found.values.dtype == np.float64


@pytest.mark.parametrize("turned", MATRICES)
def test_sphere_means_equal_nilearn_on_float32(tmp_path: Path, turned: str) -> None:
    place = affine(MATRICES[turned], CENTRE, SHAPE)
    run = write_bold(tmp_path, noise(), place, mask=np.ones(SHAPE, dtype=bool))
    chosen = atlas("coordinates")
    (found,) = measured(tmp_path, run, chosen)
    there = [at for at in range(len(found.names)) if found.coverage[at] > 0.8]
    assert len(there) > 15
    for radius in {chosen.nodes[at].radius for at in there}:
        rows = [at for at in there if chosen.nodes[at].radius == radius]
        seeds = [(chosen.nodes[at].x, chosen.nodes[at].y, chosen.nodes[at].z) for at in rows]
        masker = NiftiSpheresMasker(seeds, radius=radius, standardize=None, allow_overlap=True)
        theirs = masker.fit_transform(tmp_path / run.bold)
        np.testing.assert_allclose(found.values[:, rows], theirs, rtol=1e-6)


@pytest.mark.parametrize("encoding", ["scaled int16", "big-endian int16", "float64"])
@pytest.mark.parametrize("turned", MATRICES)
def test_sphere_means_by_hand(tmp_path: Path, turned: str, encoding: str) -> None:
    """nilearn's spheres truncate integer images to integers."""
    place = affine(MATRICES[turned], CENTRE, SHAPE)
    mask = ellipsoid(SHAPE)
    run = write_bold(tmp_path, noise(), place, encoding=encoding, mask=mask)
    chosen = atlas("coordinates")
    (found,) = measured(tmp_path, run, chosen)
    image = nibabel.load(tmp_path / run.bold)
    values = image.get_fdata()
    where = nibabel.affines.apply_affine(image.affine, np.stack(np.indices(SHAPE), axis=-1))
    checked = 0
    for column, node in enumerate(chosen.nodes):
        inside = (np.linalg.norm(where - [node.x, node.y, node.z], axis=-1) <= node.radius) & mask
        if inside.any() and found.coverage[column] > 0:
            assert found.n_voxels[column] == inside.sum()
            np.testing.assert_allclose(found.values[:, column], values[inside].mean(axis=0), rtol=1e-10)
            checked += 1
    assert checked > 15


def test_all_atlases_in_one_pass_equal_each_alone(tmp_path: Path) -> None:
    place = affine(MATRICES["oblique"], CENTRE, SHAPE)
    run = write_bold(tmp_path, noise(), place, mask=ellipsoid(SHAPE))
    parcels = slabs(place), atlas("baliki2012"), atlas("coordinates")
    together = measured(tmp_path, run, *parcels)
    for item, found in zip(parcels, together, strict=True):
        (alone,) = measured(tmp_path, run, item)
        assert found.names == alone.names
        np.testing.assert_array_equal(found.values, alone.values)
        np.testing.assert_array_equal(found.coverage, alone.coverage)
        np.testing.assert_array_equal(found.n_voxels, alone.n_voxels)


@pytest.mark.parametrize(("volume", "reads"), [(0, 1), (4, 2)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_not_finite_in_any_volume_is_left_out_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volume: int, reads: int, bad: float
) -> None:
    from corticolimbic.measure import _region_series

    opened = []
    read = _region_series.iter_stored
    monkeypatch.setattr(_region_series, "iter_stored", lambda *given: opened.append(1) or read(*given))
    place = affine(MATRICES["upright"], CENTRE, SHAPE)
    values = noise()
    labels = slabs(place)
    lost = np.zeros(SHAPE, dtype=bool)
    lost[5:12, 2:4, 6:9] = True
    values[lost, volume] = bad
    run = write_bold(tmp_path, values, place, encoding="float64")
    (found,) = measured(tmp_path, run, labels)
    assert len(opened) == reads
    for column, name in enumerate(found.names):
        member = labels.data == int(name.removeprefix("region"))
        np.testing.assert_allclose(found.values[:, column], values[member & ~lost].mean(axis=0), rtol=1e-12)
        assert found.n_voxels[column] == (member & ~lost).sum()
        assert found.coverage[column] == pytest.approx((member & ~lost).sum() / member.sum())
    assert (found.coverage < 1).sum() == 1


def test_a_voxel_that_is_not_finite_outside_every_region_costs_no_second_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corticolimbic.measure import _region_series

    opened = []
    read = _region_series.iter_stored
    monkeypatch.setattr(_region_series, "iter_stored", lambda *given: opened.append(1) or read(*given))
    place = affine(MATRICES["upright"], CENTRE, SHAPE)
    values = noise()
    values[0, 0, 0, 5] = np.nan
    (found,) = measured(tmp_path, write_bold(tmp_path, values, place), slabs(place))
    assert len(opened) == 1
    assert np.isfinite(found.values).all()


def test_coverage_counts_grid_mask_signal_and_variation(tmp_path: Path) -> None:
    """One label of 10 x 10 x 10 voxels of 3 mm, a tenth of which is lost for each of five reasons."""
    shape = (10, 10, 9)  # the tenth slice along z lies outside the field of view
    place = affine(np.diag([3.0, 3.0, 3.0]), (0.0, 0.0, 0.0), (10, 10, 10))
    whole = LabelImage(np.full((10, 10, 10), 7, dtype=np.int32), place, SPACE, {7: "block"})
    values = noise(volumes=6, shape=shape)
    mask = np.ones(shape, dtype=bool)
    mask[0] = False
    values[1] *= 0.2  # dropout
    values[2] = values[2][..., :1]  # constant
    values[3, ..., 2] = np.nan
    run = write_bold(tmp_path, values, place, encoding="float64", mask=mask)
    (found,) = measured(tmp_path, run, whole)
    assert found.n_voxels.tolist() == [6 * 10 * 9]
    assert found.coverage[0] == pytest.approx(0.9 * 0.6)
    entering = mask.copy()
    entering[3] = False  # voxels of weak signal enter the mean, as in any program with this mask
    np.testing.assert_allclose(found.values[:, 0], values[entering].mean(axis=0), rtol=1e-12)


def test_coverage_of_a_sphere_at_the_edge_of_the_grid(tmp_path: Path) -> None:
    shape = (20, 20, 20)
    place = affine(np.diag([2.0, 2.0, 2.0]), (0.0, 0.0, 0.0), (21, 21, 21))
    spheres = Atlas(
        "edge", "spheres", "MNI152", (), (Node("at_the_edge", "B", x=20.0, y=0.0, z=0.0, radius=6.0),), ()
    )
    (found,) = measured(tmp_path, write_bold(tmp_path, noise(shape=shape), place), spheres)
    offsets = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = offsets[np.linalg.norm(2.0 * offsets, axis=1) <= 6.0]
    inside = ball[ball[:, 0] < 0]
    assert found.n_voxels.tolist() == [len(inside)]
    assert found.coverage[0] == pytest.approx(len(inside) / len(ball))


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_without_a_mask_the_median_is_that_of_the_bright_voxels(share: float) -> None:
    rng = np.random.default_rng(2)
    head = rng.uniform(800, 1200, 3000)
    weak = rng.uniform(400, 500, 300)
    mean = np.concatenate([head, weak, rng.uniform(0, 20, 20000)])
    found = usable_voxels(mean, np.ones(len(mean), dtype=bool), share, masked=False, file="x")
    assert found[:3000].all()
    assert found[3000:3300].all() == (share == 0.3)
    assert not found[3300:].any()


@pytest.mark.parametrize(
    ("mean", "varies", "share", "found"),
    [
        ([0.0, 0.0], [False, False], 0.3, "of the mask is 0"),
        ([5.0, 5.0], [False, False], 0.3, "constant or not finite"),
        ([np.nan, 5.0], [True, False], 0.0, "constant or not finite"),
        ([-1e-3, 1e-4, -1e-4], [True, True, True], 0.3, "a median of -0.0001"),
    ],
)
def test_an_image_without_usable_signal_is_refused(
    mean: list[float], varies: list[bool], share: float, found: str
) -> None:
    with pytest.raises(InputError, match="CL237") as caught:
        usable_voxels(np.array(mean), np.array(varies), share, masked=True, file="x")
    assert found in caught.value.problem.found


def test_an_image_whose_mean_was_removed_is_measured_where_the_share_is_0(tmp_path: Path) -> None:
    place = affine(MATRICES["upright"], (0.0, 10.0, 8.0), SHAPE)
    values = noise(volumes=60)
    values -= values.mean(axis=3, keepdims=True) + 1e-6
    run = write_bold(tmp_path, values, place, table=still(60))
    for share, codes in ((0.3, ["CL237"]), (0.0, [])):
        settings = MeasureSettings(atlases=("baliki2012",), usable_signal=share)
        found = measure_session(tmp_path, session(run), settings)
        assert [item.code for item in found.problems if item.severity == "failed"] == codes
        assert bool(found.matrices) == (not codes)
