"""Means of maps in regions: published figures of 21 pain studies, and maps with a known answer."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest

from corticolimbic.circuit import LabelImage, Node, atlas, cube_weights, region_weights
from corticolimbic.dataset import read_map
from corticolimbic.foundation import InputError, SettingsError
from corticolimbic.measure import map_region_means

PEAKS = {
    "right anterior insula": ((36, 20, 2), 4.63, 20),
    "dorsal ACC": ((2, 12, 38), 4.41, 21),
    "right posterior insula": ((38, -16, 14), 3.31, 21),
    "PAG": ((0, -30, -10), 2.62, 20),
    "right NAc": ((10, 12, -8), 1.24, 16),
    "mPFC": ((2, 52, -2), -1.34, 6),
}
"""Centre in mm; mean over studies of z in a cube of 3 x 3 x 3 voxels; studies in which it is positive."""
SHAPE = (9, 8, 7)
AFFINE = np.array([[-2.0, 0, 0, 8], [0, 2, 0, -6], [0, 0, 2, -4], [0, 0, 0, 1]])


def node(name: str, x: float, y: float, z: float) -> Node:
    return Node(name, "B", x=float(x), y=float(y), z=float(z))


def test_cubes_in_21_pain_studies_have_the_figures_of_the_readme(shared_data: Path) -> None:
    folder = shared_data / "pain21"
    if not folder.is_dir():
        pytest.skip("no maps of the 21 pain studies")
    nodes = [node(name, *centre) for name, (centre, _, _) in PEAKS.items()]
    rows = []
    for study in range(1, 22):
        contrast = read_map(folder / f"contrast_pain_{study:02d}.nii.gz")
        variance = read_map(folder / f"var_pain_{study:02d}.nii.gz")
        np.testing.assert_array_equal(contrast.affine, variance.affine)
        with np.errstate(all="ignore"):
            z = contrast.values / np.sqrt(variance.values)
        found = map_region_means(z, cube_weights(nodes, 3, z.shape, contrast.affine))
        assert (found.coverage == 1).all()
        rows.append(found.values)
    values = np.array(rows)
    for column, (name, (_, mean, positive)) in enumerate(PEAKS.items()):
        assert abs(values[:, column].mean() - mean) <= 0.01, name
        assert (values[:, column] > 0).sum() == positive, name


def test_a_map_is_read_as_nibabel_reads_it(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(0, 3, SHAPE)
    for kind in ("int16", "float32", "float64"):
        image = nibabel.Nifti1Image(values[..., None], AFFINE)
        image.header.set_data_dtype(kind)
        path = tmp_path / f"{kind}.nii.gz"
        path.write_bytes(gzip.compress(image.to_bytes(), 1))
        found = read_map(path)
        np.testing.assert_array_equal(found.values, nibabel.load(path).get_fdata()[..., 0])
        np.testing.assert_array_equal(found.affine, AFFINE)


def test_several_volumes_are_no_map(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((*SHAPE, 2), dtype="f4"), AFFINE), tmp_path / "two.nii")
    with pytest.raises(InputError, match="CL219"):
        read_map(tmp_path / "two.nii")


def test_cut_and_lengthened_maps_are_refused(tmp_path: Path) -> None:
    data = nibabel.Nifti1Image(np.ones(SHAPE, dtype="f4"), AFFINE).to_bytes()
    for name, content in (("short.nii", data[:-1]), ("long.nii.gz", gzip.compress(data + b"\0"))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="CL220"):
            read_map(tmp_path / name)


class TestCubes:
    @pytest.mark.parametrize("turned", ["as written", "flipped", "axes swapped"])
    def test_a_cube_is_the_voxels_around_the_centre_in_any_orientation(self, turned: str) -> None:
        place = {
            "as written": AFFINE,
            "flipped": np.array([[2.0, 0, 0, -8], [0, 2, 0, -6], [0, 0, -2, 8], [0, 0, 0, 1]]),
            "axes swapped": np.array([[0.0, 0, 2, -6], [2, 0, 0, -8], [0, 2, 0, -6], [0, 0, 0, 1]]),
        }[turned]
        values = np.random.default_rng(1).normal(size=SHAPE)
        i, j, k = np.rint((np.linalg.inv(place) @ [0, 2, 2, 1])[:3]).astype(int)
        found = map_region_means(values, cube_weights([node("a", 0.4, 2.4, 1.6)], 3, SHAPE, place))
        by_hand = values[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2]
        assert by_hand.size == 27
        np.testing.assert_allclose(found.values[0], by_hand.mean(), rtol=1e-13)
        assert found.n_voxels[0] == 27

    def test_a_cube_at_the_edge_says_how_much_of_it_is_there(self) -> None:
        weights = cube_weights([node("corner", 8, -6, -4), node("away", 90, 0, 0)], 3, SHAPE, AFFINE)
        found = map_region_means(np.ones(SHAPE), weights)
        assert found.n_voxels.tolist() == [8, 0]
        np.testing.assert_allclose(found.coverage, [8 / 27, 0])
        np.testing.assert_array_equal(found.values, [1.0, np.nan])

    @pytest.mark.parametrize("width", [0, 2, -1])
    def test_a_cube_has_a_middle(self, width: int) -> None:
        with pytest.raises(SettingsError, match="no middle voxel"):
            cube_weights([node("a", 0, 0, 0)], width, SHAPE, AFFINE)

    def test_a_node_without_a_centre_is_named(self) -> None:
        with pytest.raises(SettingsError, match="NAc has no centre"):
            cube_weights([Node("NAc", "L")], 3, SHAPE, AFFINE)


class TestUnknownVoxels:
    def test_they_neither_count_nor_are_hidden(self) -> None:
        data = np.zeros(SHAPE, dtype=np.int32)
        data[:4], data[4:6], data[6] = 5, 2, 9
        labels = LabelImage(data, AFFINE, "s", {9: "c", 5: "a", 2: "b"})
        values = np.random.default_rng(3).normal(size=SHAPE)
        values[0], values[1, 0, 0], values[6] = np.nan, np.inf, -np.inf
        found = map_region_means(values, region_weights(labels, SHAPE, AFFINE, "s"))
        known = np.where(np.isfinite(values), values, np.nan)
        assert found.names == ("c", "a", "b")
        np.testing.assert_allclose(found.values[1:], [np.nanmean(known[:4]), known[4:6].mean()], rtol=1e-13)
        assert np.isnan(found.values[0])
        assert found.n_voxels.tolist() == [0, 3 * 56 - 1, 2 * 56]
        np.testing.assert_allclose(found.coverage, [0, (3 * 56 - 1) / (4 * 56), 1])

    def test_a_mask_takes_voxels_out(self) -> None:
        values, mask = np.arange(504.0).reshape(SHAPE), np.zeros(SHAPE, dtype=bool)
        mask[4, 4, 3] = True
        weights = cube_weights([node("a", 0, 2, 2)], 3, SHAPE, AFFINE)
        found = map_region_means(values, weights, mask=mask)
        np.testing.assert_allclose(found.values[0], values[4, 4, 3], rtol=1e-13)
        assert found.n_voxels[0] == 1


def test_spheres_may_be_taken_from_maps() -> None:
    shape, place = (91, 109, 91), np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    x = place[0, 0] * np.arange(91) + place[0, 3]
    values = np.broadcast_to(x[:, None, None], shape).copy()
    spheres = atlas("baliki2012")
    found = map_region_means(values, region_weights(spheres, shape, place, "MNI152NLin6Asym"))
    np.testing.assert_allclose(found.values, [item.x for item in spheres.nodes], atol=1e-9)


def test_another_grid_is_refused() -> None:
    weights = cube_weights([node("a", 0, 0, 0)], 3, SHAPE, AFFINE)
    with pytest.raises(SettingsError, match="a map of"):
        map_region_means(np.zeros((3, 3, 3)), weights)
    with pytest.raises(SettingsError, match="a mask of"):
        map_region_means(np.zeros(SHAPE), weights, mask=np.ones((8, 9, 7), dtype=bool))
