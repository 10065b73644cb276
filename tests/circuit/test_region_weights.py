"""Weights of spheres and labels on any grid, against nilearn and against phantoms with a known answer."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nilearn.maskers import NiftiLabelsMasker, NiftiSpheresMasker

from corticolimbic.circuit import Atlas, LabelImage, Node, atlas, region_weights
from corticolimbic.foundation import InputError, SettingsError, SpaceMismatchError

SPACE = "MNI152NLin6Asym"
SHAPE = (31, 37, 29)
UPRIGHT = nib.affines.from_matvec(np.diag([4.0, 4.0, 4.0]), [-60.0, -82.0, -60.0])
FLIPPED = nib.affines.from_matvec(np.diag([-4.0, 4.0, 4.0]), [60.0, -82.0, -60.0])
_TURN = nib.eulerangles.euler2mat(0.2, -0.15, 0.1)
_SKEW = _TURN @ np.diag([-3.9, 4.1, 4.05])
OBLIQUE = nib.affines.from_matvec(_SKEW, np.array([0.3, -9.7, 1.1]) - _SKEW @ [15, 18, 14])
AFFINES = {"upright": UPRIGHT, "flipped": FLIPPED, "oblique": OBLIQUE}


def noise(shape=SHAPE, volumes=4, seed=20210402):
    return np.random.default_rng(seed).standard_normal((*shape, volumes))


def blocks(values, shape=(12, 12, 12)):
    """A label image of slabs along the second axis, one for each value."""
    data = np.zeros(shape, dtype=np.int32)
    edges = np.linspace(0, shape[1], len(values) + 1).astype(int)
    for value, low, high in zip(values, edges[:-1], edges[1:], strict=True):
        data[2:-2, low:high, 2:-2] = value
    return data


def labelled(values, affine=UPRIGHT, names=None):
    names = names or [f"region{value}" for value in values]
    return LabelImage(blocks(values), affine, SPACE, dict(zip(values, names, strict=True)), file="made")


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("radius", [None, 3.0, 9.5])
def test_sphere_means_equal_nilearn(name, radius):
    chosen, affine = atlas("coordinates"), AFFINES[name]
    data = noise()
    found = region_weights(chosen, SHAPE, affine, SPACE, radius=radius)
    ours = found.means(data.reshape(-1, 4))
    image = nib.Nifti1Image(data.astype(np.float32), affine)
    there = [row for row in range(len(chosen.nodes)) if found.coverage[row] > 0.5]
    assert len(there) >= 40
    for size in {radius or chosen.nodes[row].radius for row in there}:
        rows = [row for row in there if (radius or chosen.nodes[row].radius) == size]
        seeds = [(node.x, node.y, node.z) for node in (chosen.nodes[row] for row in rows)]
        masker = NiftiSpheresMasker(seeds, radius=size, standardize=None, allow_overlap=True)
        np.testing.assert_allclose(ours[rows], masker.fit_transform(image).T, atol=1e-6)


@pytest.mark.parametrize("name", AFFINES)
def test_label_means_equal_nilearn_on_the_labels_own_grid(name):
    affine = AFFINES[name]
    values = (3, 4, 17, 250)
    labels = labelled(values, affine)
    data = noise(labels.data.shape)
    ours = region_weights(labels, labels.data.shape, affine, SPACE).means(data.reshape(-1, 4))
    masker = NiftiLabelsMasker(nib.Nifti1Image(labels.data, affine), standardize=None)
    theirs = masker.fit_transform(nib.Nifti1Image(data, affine))
    np.testing.assert_allclose(ours, theirs.T, atol=1e-10)


@pytest.mark.parametrize("name", AFFINES)
def test_label_means_equal_nilearn_on_another_grid(name):
    # a border of background: nilearn drops the outer half of the label image's outermost voxels
    labels = LabelImage(
        np.pad(blocks((5, 9, 2)), 1), UPRIGHT, SPACE, {9: "region9", 2: "region2", 5: "region5"}
    )
    centre = nib.affines.apply_affine(UPRIGHT, [6.5, 6.5, 6.5])
    turned = AFFINES[name][:3, :3] * 0.71
    affine = nib.affines.from_matvec(turned, centre - turned @ [8.3, 8.2, 8.1])
    data = noise((17, 17, 17))
    found = region_weights(labels, (17, 17, 17), affine, SPACE)
    assert found.n_voxels.min() > 50
    image = nib.Nifti1Image(labels.data, UPRIGHT)
    masker = NiftiLabelsMasker(image, standardize=None, resampling_target="data", keep_masked_labels=False)
    theirs = masker.fit_transform(nib.Nifti1Image(data, affine))
    ours = dict(zip(found.names, found.means(data.reshape(-1, 4)), strict=True))
    for place, label in enumerate(["region2", "region5", "region9"]):
        np.testing.assert_allclose(ours[label], theirs[:, place], atol=1e-10)


@given(st.permutations([1, 4, 7, 300, 9]), st.sampled_from(sorted(AFFINES)))
@settings(max_examples=15, deadline=None)
def test_a_phantom_arrives_under_its_own_names_whatever_the_order_of_the_table(values, name):
    image = blocks((1, 4, 7, 300, 9))
    labels = LabelImage(image, AFFINES[name], SPACE, {value: f"region{value}" for value in values})
    found = region_weights(labels, image.shape, AFFINES[name], SPACE)
    means = found.means(image.reshape(-1, 1).astype(float))[:, 0]
    arrived = dict(zip(found.names, means, strict=True))
    assert arrived == pytest.approx({f"region{value}": value for value in values}, abs=1e-10)
    assert (found.coverage == 1).all()
    np.testing.assert_allclose(found.matrix.sum(axis=1), 1)


def test_a_phantom_of_spheres_arrives_under_its_own_names():
    chosen = atlas("baliki2012")
    shape, affine = (91, 109, 91), nib.affines.from_matvec(np.diag([-2.0, 2.0, 2.0]), [90.0, -126.0, -72.0])
    coordinates = nib.affines.apply_affine(affine, np.stack(np.indices(shape), axis=-1))
    image = np.zeros(shape)
    for value, node in enumerate(chosen.nodes, start=1):
        near = np.linalg.norm(coordinates - [node.x, node.y, node.z], axis=-1) <= node.radius
        image[near] = value
    found = region_weights(chosen, shape, affine, SPACE)
    assert found.names == ("mPFC", "NAc_R", "Ins_R", "S1M1_L")
    np.testing.assert_allclose(found.means(image.reshape(-1, 1))[:, 0], [1, 2, 3, 4])
    assert (found.n_voxels == 81).all()  # points of a 2 mm grid within 5 mm of a grid point
    assert (found.coverage == 1).all()
    assert "MNI152" in found.notes[0]


def test_a_label_outside_the_field_of_view_keeps_its_name_with_coverage_0():
    labels = labelled((1, 2, 3))
    cut = (12, 4, 12)  # only the first slab
    found = region_weights(labels, cut, UPRIGHT, SPACE)
    assert found.names == ("region1", "region2", "region3")
    np.testing.assert_array_equal(found.coverage, [1, 0, 0])
    np.testing.assert_array_equal(found.n_voxels, [256, 0, 0])
    means = found.means(np.ones((12 * 4 * 12, 2)))
    np.testing.assert_array_equal(np.isnan(means), [[False] * 2, [True] * 2, [True] * 2])
    half = region_weights(labels, (12, 6, 12), UPRIGHT, SPACE)
    np.testing.assert_allclose(half.coverage, [1, 0.5, 0])


def test_a_label_lost_by_resampling_is_kept_by_name_with_coverage_0():
    data = np.zeros((10, 10, 10), dtype=np.int32)
    data[0:5] = 1
    data[7, 7, 7] = 2  # one voxel of 4 mm between the centres of a 16 mm grid
    labels = LabelImage(data, UPRIGHT, SPACE, {1: "large", 2: "small", 3: "never drawn"})
    coarse = UPRIGHT @ np.diag([4.0, 4.0, 4.0, 1.0])
    found = region_weights(labels, (3, 3, 3), coarse, SPACE)
    assert found.names == ("large", "small", "never drawn")
    assert found.n_voxels[0] > 0
    np.testing.assert_array_equal(found.n_voxels[1:], 0)
    np.testing.assert_array_equal(found.coverage[1:], 0)
    assert found.matrix.shape == (3, 27)


def test_a_mask_takes_weight_and_coverage_away():
    labels = labelled((1, 2))
    mask = np.ones((12, 12, 12), dtype=bool)
    mask[:, 6:] = False
    mask[:6, :6] = False
    found = region_weights(labels, mask.shape, UPRIGHT, SPACE, mask=mask)
    np.testing.assert_allclose(found.coverage, [0.5, 0])
    used = np.unique(found.matrix.tocoo().col)
    assert mask.ravel()[used].all()
    with pytest.raises(SettingsError, match="mask of shape"):
        region_weights(labels, (12, 12, 13), UPRIGHT, SPACE, mask=mask)


def test_a_sphere_over_the_border_has_the_coverage_of_what_is_inside():
    one = Atlas("one", "spheres", "MNI152", (), (Node("here", "B", None, 0.0, 0.0, 0.0, 4.0),), ())
    affine = np.eye(4)
    whole = nib.affines.from_matvec(np.eye(3), [-10, -10, -10])
    full = region_weights(one, (21, 21, 21), whole, SPACE)
    assert full.coverage[0] == 1 and full.n_voxels[0] == 257  # lattice points within radius 4
    cut = region_weights(one, (21, 21, 21), affine, SPACE)  # one octant with its faces
    octant = sum(x * x + y * y + z * z <= 16 for x in range(5) for y in range(5) for z in range(5))
    assert cut.n_voxels[0] == octant
    np.testing.assert_allclose(cut.coverage, octant / 257)
    away = region_weights(one, (5, 5, 5), nib.affines.from_matvec(np.eye(3), [50, 0, 0]), SPACE)
    assert away.coverage[0] == 0 and away.n_voxels[0] == 0
    assert np.isnan(away.means(np.ones((125, 1)))).all()


def test_a_sphere_smaller_than_a_voxel_is_the_voxel_that_holds_its_centre():
    one = Atlas("one", "spheres", "MNI152", (), (Node("here", "B", None, 1.4, -1.2, 0.9, 0.5),), ())
    found = region_weights(one, SHAPE, UPRIGHT, SPACE)
    centre = np.round(nib.affines.apply_affine(np.linalg.inv(UPRIGHT), [1.4, -1.2, 0.9])).astype(int)
    assert found.matrix.tocoo().col.tolist() == [np.ravel_multi_index(centre, SHAPE)]


@given(st.floats(2, 12), st.sampled_from(sorted(AFFINES)))
@settings(max_examples=20, deadline=None)
def test_rows_sum_to_one_or_are_empty_and_coverage_is_a_share(radius, name):
    found = region_weights(atlas("coordinates"), (9, 12, 9), AFFINES[name], SPACE, radius=radius)
    sums = found.matrix.sum(axis=1)
    np.testing.assert_allclose(sums, (found.n_voxels > 0).astype(float))
    assert ((found.coverage >= 0) & (found.coverage <= 1)).all()
    np.testing.assert_array_equal(found.coverage > 0, found.n_voxels > 0)
    assert (np.diff(found.matrix.indptr) == found.n_voxels).all()


def test_labels_in_another_space_are_refused_unless_allowed_by_name():
    labels = labelled((1, 2))
    with pytest.raises(SpaceMismatchError, match=r"CL402.*MNI152NLin6Asym.*MNI152NLin2009cAsym"):
        region_weights(labels, (12, 12, 12), UPRIGHT, "MNI152NLin2009cAsym")
    with pytest.raises(SpaceMismatchError):
        region_weights(labels, (12, 12, 12), UPRIGHT, "MNI152NLin2009cAsym", allow_space_mismatch=("T1w",))
    found = region_weights(
        labels, (12, 12, 12), UPRIGHT, "MNI152NLin2009cAsym", allow_space_mismatch=(SPACE,)
    )
    assert "as allowed" in found.notes[0]
    unnamed = LabelImage(labels.data, UPRIGHT, "", labels.labels)
    with pytest.raises(SpaceMismatchError, match="unnamed"):
        region_weights(unnamed, (12, 12, 12), UPRIGHT, "")
    assert region_weights(atlas("baliki2012"), SHAPE, UPRIGHT, "anything").notes


def test_labels_without_image_bad_radii_and_bad_affines_are_refused():
    with pytest.raises(SettingsError, match="label_image"):
        region_weights(atlas("TianS2"), SHAPE, UPRIGHT, SPACE)
    for radius in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(SettingsError, match="no radius"):
            region_weights(atlas("baliki2012"), SHAPE, UPRIGHT, SPACE, radius=radius)
    with pytest.raises(SettingsError, match="belongs to spheres"):
        region_weights(labelled((1,)), (12, 12, 12), UPRIGHT, SPACE, radius=3.0)
    with pytest.raises(InputError, match="CL403"):
        region_weights(atlas("baliki2012"), SHAPE, np.diag([1.0, 0.0, 1.0, 1.0]), SPACE)


def test_repeated_names_and_a_named_background_are_refused():
    with pytest.raises(InputError, match="'same' twice"):
        labelled((1, 2), names=["same", "same"])
    with pytest.raises(InputError, match="background"):
        LabelImage(blocks((1,)), UPRIGHT, SPACE, {0: "nothing", 1: "one"})
